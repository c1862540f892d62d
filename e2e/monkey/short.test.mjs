// The monkey's short form, with one seed so that a failure is a change of the code: `make monkey` draws a new one, and is longer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { monkey, sentence } from "./monkey.mjs";

const WISHES = 25;
const seed = Number(process.env.SEED ?? 20261129);

test(`after ${WISHES} random user actions QuickBooks holds what the users saw`, { timeout: 240_000 }, async () => {
  console.log(`monkey: seed ${seed}`);
  const { violations, invoices, passed, failed, seconds, pace } = await monkey({
    seed,
    wishes: WISHES,
    people: 2,
    rounds: 2,
    tell: (violation) => console.log(sentence(seed, violation)),
  });
  console.log(
    `seed ${seed}: ${invoices} invoices made, ${passed} passed, ${failed} failed, ${Math.round(seconds)} s, ${pace.toFixed(2)} s for each wish in the browser`,
  );
  assert.deepEqual(
    violations.map(({ rule, text, wish }) => `rule ${rule}, wish ${wish}: ${text}`),
    [],
    `SEED=${seed} repeats the choices`,
  );
  assert.ok(invoices >= WISHES / 3, `only ${invoices} invoices were made`);
});
