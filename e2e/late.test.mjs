// Changes that QuickBooks shows late, dates by another clock or refuses to return, and edits by other users.
import assert from "node:assert/strict";
import { test } from "node:test";
import { background, LINE, NO_LIMITS, pause, skip, until } from "./background.mjs";
import { bill, capture, create, installed, openWhole, roomyDeal, unseen } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { quickbooks } from "./story.mjs";

const scene = background("late");
const { env, sql, done, all, panel, rowOf } = scene;
const CONNECTIONS = "select changes_until, changed_at, changes_lease_until, swept_until, silent_since, reads_refused_until from quickbooks_connection";
const IS_READ = "select count(*) from quickbooks_connection where changes_until > 0 and changed_at <= changes_until";
/** The state of the companies, for a failure message. */
const state = (what) => () => `${what}: ${sql(CONNECTIONS)}`;

test("a change that becomes visible some seconds after its webhook is found", { skip, timeout: 120_000 }, async (t) => {
  t.after(() => done("/quickbooks/quirks", { realm_id: US.realm }));
  const deal = await roomyDeal(env, US, 3);
  const number = await bill(env, US, deal, LINE);
  const { Id: id } = (await all("Invoice")).find((each) => each.DocNumber === number);
  await until(() => sql(IS_READ) !== "0", state("the company is not read"), 40_000);
  // Earlier changes are not reported again.
  const old = "2026-01-05T00:00:00-08:00";
  for (const entity of ["Invoice", "Customer"]) {
    for (const row of await all(entity))
      await done("/quickbooks/rows", { realm_id: US.realm, entity, id: row.Id, members: { MetaData: { CreateTime: old, LastUpdatedTime: old } } });
  }
  await done("/quickbooks/quirks", { realm_id: US.realm, changes_lag_ms: 6000 });
  const begun = Date.now();
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id });
  // The order in the queue may differ.
  const waiting = "kind = 'read_changes' and state in ('scheduled', 'available') and scheduled_at > now()";
  await until(
    () =>
      sql(
        `with early as (update river_job set state = 'available', scheduled_at = now() - interval '1 second' where ${waiting} returning 1) select count(*) from early`,
      ) !== "0",
    "it is not read again",
    10_000,
  );
  await until(() => sql(`select balance_minor from invoice where deal_id = ${deal}`) === "0", state("the payment is not found"), 20_000);
  assert.ok(Date.now() - begun > 5000, "not before QuickBooks showed it");
});

test("a correction does not undo an edit in QuickBooks that left the total unchanged", { skip, timeout: 120_000 }, async (t) => {
  t.after(() => done("/quickbooks/quirks", { realm_id: BR.realm }));
  await installed(env, BR);
  await done("/quickbooks/quirks", { realm_id: BR.realm, tax_rounding: "rate" });
  const deal = await roomyDeal(env, BR, 3);
  const line = (at) => ({
    [`lines[${at}][item]`]: "10",
    [`lines[${at}][description]`]: "Consultoria",
    [`lines[${at}][quantity]`]: "1",
    [`lines[${at}][unit_price]`]: "1,25",
    [`lines[${at}][tax_code]`]: "2",
    [`lines[${at}][discount]`]: "",
  });
  const { call, fields } = await openWhole(env, BR, deal, {
    customer: "4",
    customer_name: "Instituto Jequitibá",
    customer_currency: "BRL",
    tax_mode: "excluded",
    ...line(0),
    ...line(1),
  });
  const issued = await create(call, deal, unseen(fields));
  const [, invoice] = /\/invoices\/([0-9a-f-]{36})\/correct/.exec(issued.text) ?? assert.fail(issued.text);
  const seen = capture(/"seen": "([^"]*)"/, issued.text.replaceAll("&#34;", '"').replaceAll("&quot;", '"'));
  const number = capture(/data-number="([^"]*)"/, issued.text);
  const books = async () => (await (await quickbooks(env, BR.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0];
  const made = await books();
  const lines = made.Line.map((each, at) => (at === 0 ? { ...each, Description: "Consultoria de março" } : each)).filter(
    (each) => each.DetailType !== "SubTotalLineDetail",
  );
  await done("/quickbooks/edit", { realm_id: BR.realm, entity: "Invoice", id: made.Id, changes: { Line: lines } });
  const edited = await books();
  assert.deepEqual([edited.TotalAmt, edited.Line[0].Description], [made.TotalAmt, "Consultoria de março"]);
  await call(`/invoices/${invoice}/correct`, { seen, key: crypto.randomUUID() });
  await until(() => sql(`select state from act where kind = 'correct' and invoice_id = '${invoice}'`) !== "queued", "nothing comes of it");
  await pause(1000);
  const after = await books();
  assert.deepEqual([after.TotalAmt, after.Line[0].Description], [made.TotalAmt, "Consultoria de março"]);
});

test("a change is found although QuickBooks' clock is ten minutes behind", { skip, timeout: 120_000 }, async (t) => {
  const deal = await roomyDeal(env, US, 3);
  const number = await bill(env, US, deal, LINE);
  const { Id: id } = (await all("Invoice")).find((each) => each.DocNumber === number);
  await until(() => sql(IS_READ) !== "0", state("the company is not read"), 40_000);
  await done("/clock", { advance_seconds: -600 });
  t.after(() => done("/clock", { advance_seconds: 600 }));
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id });
  // Its webhook waits behind earlier ones: a sweep reads the company.
  sql("update quickbooks_connection set changed_at = changes_until + 1");
  await until(() => sql(`select balance_minor from invoice where deal_id = ${deal}`) === "0", state("the payment is not found"), 60_000);
});

// The last test of the file: refused reads pause background reads for a while.
test("an invoice is voided while QuickBooks refuses reads, also after a restart", { skip, timeout: 120_000 }, async (t) => {
  t.after(() => done("/quickbooks/limits", NO_LIMITS));
  const deal = await roomyDeal(env, US, 3);
  const number = await bill(env, US, deal, LINE);
  const row = await rowOf(deal, number);
  await scene.stack.replicas[0].end("SIGTERM");
  await scene.stack.startFatura();
  await done("/quickbooks/limits", { ...NO_LIMITS, reads_per_month: 1 });
  await (await quickbooks(env, US.realm))("select * from Term");
  await (await panel())(`/panel/deal/${deal}/invoices/${row.id}/void`, { seen: row.seen, key: crypto.randomUUID() });
  await until(
    async () => (await rowOf(deal, number)).status === "voided",
    async () => `it is ${(await rowOf(deal, number)).status}`,
    15_000,
  );
});
