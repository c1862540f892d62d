// The short form of points.mjs: killed at each step of creating, and where a void, a deletion or an e-mail may have been
// carried out; stopped past its lease where the invoice may have been sent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { calls, strike, WRITES } from "./points.mjs";

const write = (name) => WRITES.filter((each) => each.name === name);
const sent = WRITES.map((each) => ({ ...each, calls: each.calls.filter(([provider, method]) => provider === "quickbooks" && method === "POST").slice(-1) }));

test("killed, ended and stopped at the boundaries between steps: each write is made once", { timeout: 300_000 }, async () => {
  const all = [...calls(write("create"), ["SIGKILL"], ["after"]), ...calls(sent.slice(1), ["SIGKILL"], ["after"]), ...calls(sent.slice(0, 1), ["SIGSTOP", "SIGTERM"], ["after"])];
  const { wrong, met, struck } = await strike({ points: async () => all });
  console.log(`${met} of ${struck} points met`);
  assert.deepEqual(wrong, []);
  assert.equal(met, struck, "points that were met");
});
