// `make monkey`: see monkey.mjs. Ends with 1 when something was violated, and prints the seed that repeats its choices.
import { monkey, sentence } from "./monkey.mjs";

/** Violations of one kind that are printed as they are found; all are counted. */
const SHOWN = 6;
const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const seed = number("SEED", Date.now() % 2 ** 31);
const wishes = number("WISHES", 200);
const people = number("PEOPLE", 2);
const only = process.env.PRESETS?.split(",");
console.log(`monkey: seed ${seed}, ${wishes} wishes, ${people} people${only ? `, ${only.join(", ")}` : ""}`);
const { violations, passed, failed, seconds, invoices, counted, pace, pressedAgain } = await monkey({
  seed,
  wishes,
  people,
  only,
  by: process.env.BY,
  tell: (violation) => violation.times <= SHOWN && console.log(sentence(seed, violation)),
});
console.log(JSON.stringify(counted, null, 2));
const kinds = new Map();
for (const { rule, key } of violations) kinds.set(`rule ${rule}: ${key}`, (kinds.get(`rule ${rule}: ${key}`) ?? 0) + 1);
for (const [kind, times] of [...kinds].sort((one, other) => other[1] - one[1])) console.log(`${String(times).padStart(5)} × ${kind}`);
console.log(
  `${invoices} invoices made; + Invoice pressed again ${pressedAgain} times; ${(wishes / (seconds / 60)).toFixed(1)} wishes a minute in all, ${pace.toFixed(2)} s for each in the browser, ${Math.round(seconds)} s`,
);
console.log(`${passed} passed, ${failed} failed (SEED=${seed} repeats the choices)`);
process.exit(violations.length ? 1 : 0);
