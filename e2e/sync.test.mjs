// Changes from QuickBooks: more than one response holds, writes that fail, and statuses that change by the clock.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { bill, connectUntilConfirmation, control, decide, installed, openForm, roomyDeal, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { notesOf, quickbooks } from "./story.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
/** Objects that one response of change data capture holds at most. */
const MOST = 1000;
const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
/** @type {string} */
let database;
before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), "fatura-sync-"));
  database = (await createDatabase()).url;
  stack = await start({ dir, database });
  env = stack.env;
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, concurrent: 0 });
  await installed(env, US);
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const sql = (statement) => execFileSync("psql", [database, "-Atqc", statement], { encoding: "utf8" }).trim();
const done = async (path, body) => {
  const answer = await control(env, path, body);
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${text}`);
  return text ? JSON.parse(text) : {};
};
const calls = async (path) => (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.path.includes(path));
async function until(holds, what, patience = 20_000) {
  for (const end = Date.now() + patience; Date.now() < end; await new Promise((go) => setTimeout(go, 100))) if (await holds()) return;
  assert.fail(what);
}

/** Bills a new deal, and waits for its history entry; the deal, and the invoice in QuickBooks. */
async function billed(changes = {}) {
  const deal = await roomyDeal(env, US, 3);
  const number = await bill(env, US, deal, { ...LINE, ...changes });
  const {
    Invoice: [invoice],
  } = await (await quickbooks(env, US.realm))(`select * from Invoice where DocNumber = '${number}'`);
  await until(async () => (await notesOf(env, US, deal, 1, 0)).length === 1, "it is not in the history");
  return { deal, number, id: invoice.Id };
}
const balance = ({ deal }) => Number(sql(`select balance_minor from invoice where deal_id = ${deal}`));
const pay = ({ id }, amount) => done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id, ...(amount ? { amount } : {}) });

test("changes that exceed one response of QuickBooks are all read", { skip, timeout: 180_000 }, async () => {
  const line = { Amount: 1, DetailType: "SalesItemLineDetail", SalesItemLineDetail: { ItemRef: { value: "12" }, TaxCodeRef: { value: "NON" } } };
  for (let at = 0; at < MOST; at++)
    await done("/quickbooks/edit", { realm_id: US.realm, entity: "Invoice", changes: { CustomerRef: { value: "3" }, Line: [line] } });
  // It is after all of those, beyond the first response.
  const last = await billed();
  const { Invoice: others } = await (await quickbooks(env, US.realm))("select Id, MetaData from Invoice maxresults 1000");
  assert.ok(others.every(({ Id }) => Number(Id) < Number(last.id)));
  await pay(last);
  await until(() => balance(last) === 0, "the payment is not stored");
});

test("changes that could not be stored are read again", { skip, timeout: 120_000 }, async () => {
  const invoice = await billed();
  await until(() => sql("select changes_lease_until from quickbooks_connection where changed_at > changes_until") === "", "a change waits to be read");
  sql(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
       create trigger refuse before update on invoice for each row when (old.balance_minor <> new.balance_minor) execute function refuse()`);
  const [known, reads] = [sql("select changes_until from quickbooks_connection"), (await calls("/cdc")).length];
  await pay(invoice, 4);
  await until(async () => (await calls("/cdc")).length > reads, "the changes are not read");
  await until(() => sql("select silent_since from quickbooks_connection") !== "", "the failure is not recorded");
  assert.equal(sql("select changes_until from quickbooks_connection"), known, "changes that are not stored count as known");
  sql("drop trigger refuse on invoice; drop function refuse");
  await until(() => balance(invoice) === 600, "the payment is not stored", 60_000);
  assert.ok(Number(sql("select changes_until from quickbooks_connection")) > Number(known));
});

test("an invoice that becomes overdue while its company is disconnected gets one entry in deal history", { skip, timeout: 120_000 }, async () => {
  const invoice = await billed({ issued: "2026-01-05", due: "2099-01-12" });
  const settings = await session(env, "settings", US.company, US.user);
  assert.equal((await settings.call("/settings/disconnect", {})).status, 200);
  // As if years had passed: QuickBooks' access has expired.
  sql(`update invoice set due = '2026-01-12' where deal_id = ${invoice.deal}`);
  const overdue = async () => (await notesOf(env, US, invoice.deal, 2, 0)).filter((note) => note.includes(`Invoice ${invoice.number} is overdue`));
  await until(async () => (await overdue()).length > 0, `the history does not say it: ${await notesOf(env, US, invoice.deal, 2, 0)}`, 40_000);
  assert.equal(sql(`select told from invoice where deal_id = ${invoice.deal}`), "overdue");
  assert.equal(sql(`select count(*) from history_entry where deal_id = ${invoice.deal} and told = 'overdue'`), "1");
  const { person, pending } = await connectUntilConfirmation(env, US);
  await decide(env, person, pending);
});

// The last test of the file: after the throttle no call is sent for a minute.
test("an invoice that QuickBooks throttled is not stored as possibly sent", { skip, timeout: 60_000 }, async () => {
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "throttle" });
  const before = (await calls("/invoice")).length;
  const answer = await call(`/deals/${deal}/invoices`, fields);
  assert.match(answer.text, /\/progress/, "it is under way");
  assert.equal((await calls("/invoice")).length, before + 1, "it was sent once");
  assert.equal(sql(`select state, sent_at, attempts from invoice where deal_id = ${deal}`), "queued|0|1");
});
