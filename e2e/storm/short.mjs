// The storm's short form, for the tests: `make storm` is the long one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { storm } from "./storm.mjs";

/** A storm, after which QuickBooks has the intended invoices. Each run has a new seed, which it prints; `SEED` repeats one.
 * @param {string} name
 * @param {Omit<Parameters<typeof storm>[0], "seed"> & { intents: number }} options
 * @param {() => Promise<object>} prepare
 * @param {string | boolean} skip */
export function short(name, options, prepare = async () => ({}), skip = false) {
  test(name, { timeout: 400_000, skip }, async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    console.log(`seed ${seed}`);
    const { wrong, states, met, strength, seconds, healed } = await storm({ atOnce: 6, seed, ...options, ...(await prepare()) });
    console.log(
      `seed ${seed}: ${JSON.stringify(states)}, ${met} faults met, ${strength.toFixed(1)} for each intent, ${Math.round(seconds)} s, all right ${healed} ms after the last`,
    );
    // As a text: a difference of two lists ends in what was expected, and the violations are cut off in long logs.
    if (wrong.length) assert.fail(`seed ${seed}: ${wrong.length} violations\n${wrong.join("\n")}`);
    assert.equal(states.issued, options.intents);
  });
}
