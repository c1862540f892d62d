// What the tests of background work begin with: a service on PostgreSQL whose tables a test may look into, without the providers' limits.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { start } from "../scripts/stack.mjs";
import { connectUntilConfirmation, control, decide, installed, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { rows } from "./storm/people.mjs";
import { quickbooks } from "./story.mjs";

export const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
export const NO_LIMITS = { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 };
export const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
export const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** Waits until something is so; fails with `what`, a text or what says one. */
export async function until(holds, what, patience = 20_000) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(100)) if (await holds()) return;
  assert.fail(typeof what === "function" ? await what() : what);
}

/** Starts before the tests of a file, with the American company connected, and ends after them. `env` is filled in by then. */
export function background(name) {
  const env = {};
  let [dir, database] = [];
  const made = { env, stack: undefined };
  before(async () => {
    if (skip) return;
    dir = mkdtempSync(join(tmpdir(), `fatura-${name}-`));
    database = (await createDatabase()).url;
    made.stack = await start({ dir, database });
    Object.assign(env, made.stack.env);
    await made.done("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await made.done("/quickbooks/limits", NO_LIMITS);
    await installed(env, US);
  });
  after(async () => {
    await made.stack?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });
  const panel = async (who = US) => (await session(env, "panel", who.company, who.user)).call;
  return Object.assign(made, {
    sql: (statement) => execFileSync("psql", [database, "-Atqc", statement], { encoding: "utf8" }).trim(),
    async done(path, body) {
      const answer = await control(env, path, body);
      const text = await answer.text();
      assert.ok(answer.ok, `${path}: ${text}`);
      return text ? JSON.parse(text) : {};
    },
    /** Ends all faults. */
    healed: () => control(env, "/faults", undefined, "DELETE"),
    /** All rows of a kind in the American company's books. */
    all: async (entity) => (await (await quickbooks(env, US.realm))(`select * from ${entity} maxresults 1000`))[entity] ?? [],
    panel,
    disconnect: async (who) => assert.equal((await (await session(env, "settings", who.company, who.user)).call("/settings/disconnect", {})).status, 200),
    async connect(who) {
      const { person, pending } = await connectUntilConfirmation(env, who);
      await decide(env, person, pending);
    },
    async rowOf(deal, number) {
      const call = await panel();
      return (await rows((_, path) => call(path), deal)).find((each) => number === undefined || each.number === number);
    },
  });
}
