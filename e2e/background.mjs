// Set-up for tests of background work: a service on PostgreSQL whose tables a test can read, without the providers' limits.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { start } from "../scripts/stack.mjs";
import { connectUntilConfirmation, control, decide, installed, required, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { rows } from "./storm/people.mjs";
import { quickbooks } from "./story.mjs";

export const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
export const NO_LIMITS = { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 };
export const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
/** @import { Env, Stack } from "../scripts/stack.mjs" */
/** @import { Who } from "./people.mjs" */

export const pause = (/** @type {number} */ ms) => new Promise((go) => setTimeout(go, ms));

/** Waits until a condition holds; otherwise fails with `what`, a text or a function that returns one.
 * @param {() => unknown} holds
 * @param {string | (() => string | Promise<string>)} what */
export async function until(holds, what, patience = 20_000) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(100)) if (await holds()) return;
  assert.fail(typeof what === "function" ? await what() : what);
}

/** Starts before the tests of a file, with the American company connected, and ends after them. `env` is filled in by then.
 * @param {string} name */
export function background(name) {
  const env = /** @type {Env} */ ({});
  let dir = "";
  let database = "";
  const made = { env, stack: /** @type {Stack} */ (/** @type {unknown} */ (undefined)) };
  /** Posts to the control port; its answer. Throws if it refuses.
   * @param {string} path
   * @param {unknown} [body] */
  const done = async (path, body) => {
    const answer = await control(env, path, body);
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${text}`);
    return text ? JSON.parse(text) : {};
  };
  before(async () => {
    if (skip) return;
    dir = mkdtempSync(join(tmpdir(), `fatura-${name}-`));
    database = (await createDatabase()).url;
    made.stack = await start({ dir, database });
    Object.assign(env, made.stack.env);
    await done("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await done("/quickbooks/limits", NO_LIMITS);
    await installed(env, US);
  });
  after(async () => {
    await made.stack?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });
  const panel = async (who = US) => (await session(env, "panel", who.company, who.user)).call;
  return Object.assign(made, {
    sql: (/** @type {string} */ statement) => execFileSync("psql", [database, "-Atqc", statement], { encoding: "utf8" }).trim(),
    done,
    /** Ends all faults. */
    healed: () => control(env, "/faults", undefined, "DELETE"),
    /** All rows of a kind in the American company's books.
     * @param {string} entity
     * @returns {Promise<any[]>} */
    all: async (entity) => (await (await quickbooks(env, US.realm))(`select * from ${entity} maxresults 1000`))[entity] ?? [],
    panel,
    disconnect: async (/** @type {Who} */ who) =>
      assert.equal((await (await session(env, "settings", who.company, who.user)).call("/settings/disconnect", {})).status, 200),
    /** @param {Who} who */
    async connect(who) {
      const { person, pending } = await connectUntilConfirmation(env, who);
      await decide(env, person, pending);
    },
    /** A deal's row in the panel: the first, or that of this number. Throws if it is not there.
     * @param {number} deal
     * @param {string} [number] */
    async rowOf(deal, number) {
      const call = await panel();
      return required((await rows((_, path) => call(path), deal)).find((each) => number === undefined || each.number === number));
    },
  });
}
