import { short } from "./short.mjs";

short("a storm where QuickBooks ignores requestid and its queries find new objects seconds later", {
  intents: 24,
  only: ["answer lost", "500, 502, 503, 504", "truncated", "slow after", "killed"],
  quirks: { ignores_request_ids: true, query_lag_ms: 3000 },
});
