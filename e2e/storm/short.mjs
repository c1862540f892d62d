// The storm's short form, for the tests: `make storm` is the long one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { storm } from "./storm.mjs";

/** A storm of so many intents, after which the books are as people wanted them. */
export function short(name, options, prepare = async () => ({}), skip = false) {
  test(name, { timeout: 400_000, skip }, async () => {
    const { wrong, states, faults, seconds, settled } = await storm({ atOnce: 6, every: 600, ...options, ...(await prepare()) });
    const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
    console.log(`seed ${options.seed}: ${JSON.stringify(states)}, ${struck} faults, ${Math.round(seconds)} s, all settled ${settled} ms after the last`);
    assert.deepEqual(wrong, [], `seed ${options.seed}`);
    assert.equal(states.issued, options.intents);
  });
}
