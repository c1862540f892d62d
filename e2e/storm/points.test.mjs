// The short form of points.mjs: killed at each step of creating, and where a void, a deletion or an e-mail may have been
// carried out; stopped until the lease has expired where the invoice may have been sent.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDatabase } from "./database.mjs";
import { calls, commits, strike, WRITES } from "./points.mjs";

const write = (name) => WRITES.filter((each) => each.name === name);
const sent = WRITES.map((each) => ({ ...each, calls: each.calls.filter(([provider, method]) => provider === "quickbooks" && method === "POST").slice(-1) }));

// Each test has a stack of its own, and mostly waits.
describe("boundaries between steps", { concurrency: 3 }, () => {
  test("each write is made once if the service is killed, ended or stopped between two steps", { timeout: 300_000 }, async () => {
    const all = [
      ...calls(write("create"), ["SIGKILL"], ["after"]),
      ...calls(sent.slice(1), ["SIGKILL"], ["after"]),
      ...calls(sent.slice(0, 1), ["SIGSTOP", "SIGTERM"], ["after"]),
    ];
    const { wrong, met, struck } = await strike({ points: async () => all });
    console.log(`${met} of ${struck} points met`);
    assert.deepEqual(wrong, []);
    assert.equal(met, struck, "points that were met");
  });

  const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
  test("one invoice is made if the connection to the database is cut or hangs at a commit", { timeout: 300_000, skip }, async () => {
    const points = async (seen) => {
      const [[create, transactions]] = await seen(write("create"), 0);
      const own = new Map([[create, transactions.filter((each) => /insert invoice|invoice\.(lease_owner|customer_id|state)/.test(each))]]);
      return [...commits(own, ["cut"], ["after"]), ...commits(own, ["hung"], ["before"]).slice(-1)];
    };
    const { wrong, met, struck } = await strike({ points, database: await createDatabase(), replicas: 2 });
    console.log(`${met} of ${struck} points met`);
    assert.deepEqual(wrong, []);
    assert.equal(met, struck, "points that were met");
  });

  test("a hanging connection to the database blocks no background loop, and a lost lease is reclaimed", { timeout: 300_000, skip }, async () => {
    // The search for unfinished work hangs; then the commit that stores an invoice, and takes the lease on it, is not answered.
    const points = async (seen) => {
      const [[create, transactions]] = await seen(write("create"), 0);
      const lost = new Map([[create, ["update invoice.next_attempt_at", ...transactions.filter((each) => /insert invoice\b.*lease_owner/.test(each))]]]);
      return commits(lost, ["hung"], ["after"]);
    };
    const { wrong, met, states } = await strike({ points, database: await createDatabase() });
    assert.deepEqual(wrong, []);
    assert.equal(met, 2);
    // The first invoice showed the names of the transactions.
    assert.deepEqual(states, ["issued", "issued", "issued"]);
  });
});
