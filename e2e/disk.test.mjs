// The database stores nothing new for a while: its disk is full, or it is read-only.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { createDatabase } from "./storm/database.mjs";
import { installed, openForm, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { quickbooks } from "./story.mjs";

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const PRESSED = 12;

/** A small disk; undefined if it cannot be mounted. */
function disk(dir) {
  const small = join(dir, "small");
  mkdirSync(small);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", small], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return small;
}

/** Fills it to the last byte. */
function fill(file) {
  const open = openSync(file, "w");
  try {
    for (let size = 1 << 20; size >= 1; ) {
      try {
        if (writeSync(open, Buffer.alloc(size)) < size) throw new Error("no room");
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(open);
  }
}

/** Waits for this status of /readyz. Small writes succeed for a while when large ones already fail. */
async function until(env, status, most = 60_000) {
  for (const begun = Date.now(); Date.now() - begun < most; await new Promise((go) => setTimeout(go, 200))) {
    if ((await fetch(`${env.FATURA_URL}/readyz`)).status === status) return;
  }
  assert.fail(`readyz did not become ${status}`);
}

test("on a full disk nothing is sent that is not stored, and work continues when there is space again", { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "fatura-disk-"));
  const small = disk(dir);
  if (!small) return t.skip("no disk may be mounted here");
  const stack = await start({ dir, database: `sqlite:${join(small, "fatura.db")}` });
  t.after(async () => {
    await stack.stop();
    execFileSync("umount", [small]);
    rmSync(dir, { recursive: true, force: true });
  });
  const { env } = stack;
  await installed(env, US);
  const books = async () => (await (await quickbooks(env, US.realm))("select * from Invoice maxresults 1000")).Invoice.map(({ DocNumber }) => DocNumber);
  const before = new Set(await books());
  const deal = await roomyDeal(env, US, 4);
  const { call, fields } = await openForm(env, US, deal, LINE);
  const panel = await session(env, "panel", US.company, US.user);
  fill(join(small, "full"));
  const intents = Array.from({ length: PRESSED }, () => crypto.randomUUID());
  const press = async (intent) => settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent }));
  const answers = [];
  for (const intent of intents) answers.push(await press(intent));
  const refused = answers.filter(({ status }) => status >= 500);
  assert.ok(refused.length > 0, "the disk was not full");
  assert.equal((await panel.call(`/panel/deal/${deal}`)).status, 200, "what is known is shown");
  assert.equal((await session(env, "panel", US.company, US.user)).status, 200, "to whoever comes");
  assert.equal((await fetch(`${env.FATURA_URL}/healthz`)).status, 200);
  await until(env, 503);

  rmSync(join(small, "full"));
  await until(env, 200);
  for (const intent of intents) assert.match((await press(intent)).text, /data-issued/);
  const made = (await books()).filter((number) => !before.has(number));
  assert.equal(made.length, PRESSED, "each intent is one invoice");
  const shown = (await panel.call(`/panel/deal/${deal}`)).text;
  assert.equal([...shown.matchAll(/<b class="number">/g)].length, Math.min(10, PRESSED));
});

const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
test("/readyz fails while PostgreSQL is read-only, and succeeds within three seconds afterwards", { skip, timeout: 60_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "fatura-readonly-"));
  const { url } = await createDatabase();
  const stack = await start({ dir, database: url });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const name = new URL(url).pathname.slice(1);
  const sql = (statement) => execFileSync("psql", [`${process.env.TEST_POSTGRES_URL}/postgres`, "-qc", statement]);
  // A standby looks like this.
  const only = (reading) => {
    sql(`alter database ${name} set default_transaction_read_only = ${reading ? "on" : "off"}`);
    sql(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  };
  only(true);
  await until(stack.env, 503, 10_000);
  await new Promise((go) => setTimeout(go, 6000));
  assert.equal((await fetch(`${stack.env.FATURA_URL}/readyz`)).status, 503);
  assert.equal((await fetch(`${stack.env.FATURA_URL}/healthz`)).status, 200);
  only(false);
  await until(stack.env, 200, 3000);
});
