// `make storm`: see storm.mjs. Ends with 1 when something was violated, and prints the seed that repeats it.
import { createDatabase } from "./database.mjs";
import { FAULTS_PER_INTENT, storm } from "./storm.mjs";

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const seed = number("SEED", Date.now() % 2 ** 31);
const intents = number("INTENTS", 1000);
const kind = process.env.DATABASE ?? "sqlite";
const replicas = number("REPLICAS", kind === "postgres" ? 3 : 1);
const quirks = { ignores_request_ids: process.env.REQUESTID === "ignored", query_lag_ms: number("LAG_MS", 0) };
console.log(
  `storm: seed ${seed}, ${intents} intents, ${kind}, ${replicas} replica(s), requestid ${quirks.ignores_request_ids ? "ignored" : "honoured"}, queries ${quirks.query_lag_ms} ms behind${process.env.ANSWERS === "odd" ? ", odd answers" : ""}`,
);
const hasOddAnswers = process.env.ANSWERS === "odd";
const database = kind === "postgres" ? await createDatabase() : undefined;
const settings = process.env.TRUST === "no" ? { FATURA_QUICKBOOKS_TRUST_REQUESTID: "false" } : {};
const result = await storm({
  settings,
  seed,
  intents,
  replicas,
  database,
  quirks,
  hasOddAnswers,
  atOnce: number("AT_ONCE", 12),
  perIntent: number("FAULTS_PER_INTENT", FAULTS_PER_INTENT),
  tell: console.log,
});
const { wrong, ...counted } = result;
console.log(JSON.stringify(counted, null, 2));
console.log(wrong.slice(0, 40).join("\n"));
console.log(wrong.length ? `${wrong.length} violations; SEED=${seed} repeats the faults` : `no violations (seed ${seed})`);
process.exit(wrong.length ? 1 : 0);
