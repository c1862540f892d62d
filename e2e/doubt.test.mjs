// What was sent to QuickBooks without an answer: sent again where that makes no second invoice, and left for a person otherwise.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bill, capture, installed, openForm, required, roomyDeal, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";
import { quickbooks } from "./story.mjs";

const { env, done } = scene("doubt", (env) => installed(env, US));
const all = async (entity) => (await (await quickbooks(env, US.realm))(`select * from ${entity} maxresults 1000`))[entity] ?? [];
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** Presses *Create* while the call with the invoice is lost, before or after QuickBooks has acted; what comes back. */
async function press(deal, effect, prepare = async () => undefined, typed = CASCADE) {
  const { call, fields } = await openForm(env, US, deal, typed);
  await prepare();
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect });
  return { call, fields, answer: await call(`/deals/${deal}/invoices`, fields) };
}

test("a call that was lost on its way is made again as soon as QuickBooks has shown that it recognises it", { timeout: 60_000 }, async () => {
  const before = (await all("Invoice")).length;
  const notes = await all("Attachable");
  const begun = Date.now();
  const { call, answer } = await press(4, "drop_before");
  assert.match((await settled(call, answer)).text, /data-issued/);
  assert.ok(Date.now() - begun < 25_000, `it took ${Date.now() - begun} ms`);
  assert.equal((await all("Invoice")).length, before + 1);
  assert.deepEqual(await all("Attachable"), notes, "what it was asked with is gone");
});

test("an answer is lost, and QuickBooks finds the invoice 40 s late: the repeated request is recognised, and it is issued, once", {
  timeout: 60_000,
}, async () => {
  const before = (await all("Invoice")).length;
  const lag = (query_lag_ms) => done("/quickbooks/quirks", { realm_id: US.realm, query_lag_ms });
  const begun = Date.now();
  const { call, answer } = await press(8, "drop_after", () => lag(40_000));
  assert.match((await settled(call, answer)).text, /data-issued/);
  assert.ok(Date.now() - begun < 35_000, `by the request id, not by looking: ${Date.now() - begun} ms`);
  await lag(0);
  assert.equal((await all("Invoice")).length, before + 1);
});

test("where QuickBooks recognises nothing and finds it late, a person is asked, and no second invoice is made", { timeout: 120_000 }, async () => {
  const before = (await all("Invoice")).length;
  const notes = await all("Attachable");
  const lag = (query_lag_ms) => done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: true, query_lag_ms });
  await pause(1000);
  const { call, answer } = await press(5, "drop_after", () => lag(600_000));
  let shown = answer.text;
  const id = capture(/\/invoices\/([^/]+)\/progress/, shown);
  for (const end = Date.now() + 60_000; Date.now() < end && /\/progress/.test(shown); await pause(500)) shown = (await call(`/invoices/${id}/progress`)).text;
  assert.match(shown, /needs attention/);
  await lag(0);
  assert.equal((await all("Invoice")).length, before + 1, "the one that was sent");
  assert.deepEqual(await all("Attachable"), notes, "what it was asked with is gone, both");
  assert.match((await settled(call, await call(`/invoices/${id}/again`, {}))).text, /data-issued/, "it is found");
  assert.equal((await all("Invoice")).length, before + 1);
});

test("a gateway answers 503 after QuickBooks has acted: a person is asked where no request is recognised, and there is one invoice", {
  timeout: 120_000,
}, async () => {
  const before = (await all("Invoice")).length;
  const lag = (query_lag_ms) => done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: true, query_lag_ms });
  const { call, answer } = await press(await roomyDeal(env, US, 4), { page_after: 503 }, () => lag(600_000), LINE);
  const id = capture(/\/invoices\/([^/]+)\/progress/, answer.text);
  let shown = answer.text;
  for (const end = Date.now() + 60_000; Date.now() < end && /\/progress/.test(shown); await pause(500)) shown = (await call(`/invoices/${id}/progress`)).text;
  assert.match(shown, /needs attention/);
  await lag(0);
  assert.equal((await all("Invoice")).length, before + 1);
  assert.match((await settled(call, await call(`/invoices/${id}/again`, {}))).text, /data-issued/, "it is found");
  assert.equal((await all("Invoice")).length, before + 1);
  await done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: false, query_lag_ms: 0 });
});

test("an invoice that is e-mailed once more is not e-mailed twice, though the answer is lost and QuickBooks recognises nothing", {
  timeout: 60_000,
}, async () => {
  const number = await bill(env, US, 3, LINE);
  const { call } = await session(env, "panel", US.company, US.user);
  const row = required((await rows((_, path) => call(path), 3)).find((each) => each.number === number));
  const path = `/panel/deal/3/invoices/${row.id}`;
  const send = async () => {
    const key = capture(/name="key" value="([^"]+)"/, (await call(`${path}/recipient`)).text);
    return call(`${path}/send`, { recipient: "again@customer.example", key });
  };
  const sent = async () => JSON.stringify(await done("/quickbooks/outbox", { realm_id: US.realm })).split('"again@customer.example"').length - 1;
  assert.equal((await send()).status, 200);
  const once = await sent();
  await pause(1100);
  await done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: true, query_lag_ms: 0 });
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/send", effect: "drop_after" });
  assert.equal((await send()).status, 200);
  assert.equal(await sent(), once * 2);
});

test("an invoice that QuickBooks' queries do not find yet was not deleted", { timeout: 60_000 }, async () => {
  await done("/quickbooks/quirks", { realm_id: US.realm, query_lag_ms: 0 });
  const { call, fields } = await openForm(env, US, 3, LINE);
  await done("/quickbooks/quirks", { realm_id: US.realm, query_lag_ms: 600_000 });
  const number = capture(/data-number="([^"]*)"/, (await settled(call, await call("/deals/3/invoices", fields))).text);
  const panel = await session(env, "panel", US.company, US.user);
  const shown = async () => required((await rows((_, path) => panel.call(path), 3)).find((each) => each.number === number));
  assert.equal((await panel.call("/panel/deal/3/refresh", {})).status, 200);
  assert.equal((await shown()).status, "open");
  const row = await shown();
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_before" });
  await panel.call(`/panel/deal/3/invoices/${row.id}/void`, { seen: row.seen });
  for (const end = Date.now() + 20_000; (await shown()).status !== "voided" && Date.now() < end; ) await pause(200);
  assert.equal((await shown()).status, "voided", "what was lost on its way is made up for");
  await done("/quickbooks/quirks", { realm_id: US.realm, query_lag_ms: 0 });
});
