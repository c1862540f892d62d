// What providers really answer: rows without what others have, an invoice over which QuickBooks stumbles, moments in whole seconds.
// None of it may silence a company or make a deal unbillable.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { bill, capture, control, create, installed, openForm, pipedriveApi, session } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { quickbooks } from "./story.mjs";

const { env } = scene("answers", async (env) => {
  await Promise.all([installed(env, BR), installed(env, US)]);
});

const FREEMAN = { customer: "new", customer_name: "Freeman and Sons" };
/** A new item, whatever the deal has.
 * @type {Record<number, Record<string, string>>} */
const NEW = {
  [US.company]: { customer: "new", "lines[0][item]": "new", "lines[0][item_name]": "Work" },
  [BR.company]: { customer: "new", "lines[0][item]": "new", "lines[0][item_name]": "Trabalho", "lines[0][tax_code]": "2" },
};
const billNew = (who, deal, changes = {}) => bill(env, who, deal, { ...NEW[who.company], customer_name: `Customer ${randomUUID().slice(0, 8)}`, ...changes });
const door = async (path, body) => {
  const answer = await control(env, path, body);
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.status === 204 ? undefined : answer.json();
};
const quirks = (who, quirks = {}) => door("/quickbooks/quirks", { realm_id: who.realm, ...quirks });
const invoiceOf = async (who, number) => (await (await quickbooks(env, who.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0];

/** The panel's row of an invoice. */
async function rowOf(who, deal, number) {
  const { call } = await session(env, "panel", who.company, who.user);
  const { text } = await call(`/panel/deal/${deal}`);
  const row = text
    .split('<li class="invoice"')
    .slice(1)
    .find((part) => part.includes(`>${number}<`));
  assert.ok(row, `invoice ${number} is on the panel`);
  return { status: capture(/data-status="([a-z-]+)"/, row), text: row };
}

async function until(what, look, patience = 20_000) {
  for (const end = Date.now() + patience; ; await new Promise((go) => setTimeout(go, 200))) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, what);
  }
}

test("a deal whose product was purged, without price or name, can be billed", { timeout: 120_000 }, async () => {
  const api = await pipedriveApi(env, US);
  const rows = await api("GET", "v2/deals/1/products");
  assert.ok(rows.length >= 2, "the deal has rows");
  await door("/pipedrive/purge", { company_id: US.company, product_id: rows[0].product_id });
  await door("/pipedrive/rows", {
    company_id: US.company,
    resource: "DealProduct",
    id: rows[0].id,
    members: { name: null, item_price: null, discount: null, tax: null, comments: null, tax_method: null, discount_type: null },
  });
  const { call, text, fields } = await openForm(env, US, 1, FREEMAN);
  assert.equal(text.split('name="lines[').length > 2, true, "its rows stand in the form");
  assert.equal(fields["lines[0][unit_price]"], "", "a price that is not told is left empty");
  assert.equal(fields["lines[0][product]"], "");
  const refused = await create(call, 1, { ...fields, "lines[0][item_name]": "Consulting hours", "lines[0][item]": "new" });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /lines-0-unit_price/, "and asked for at its field");
  const made = await create(call, 1, {
    ...fields,
    "lines[0][item_name]": "Consulting hours",
    "lines[0][item]": "new",
    "lines[0][description]": "Hours",
    "lines[0][unit_price]": "100",
  });
  assert.equal(made.status, 200, made.text);
  const number = capture(/data-number="([^"]*)"/, made.text);
  const invoice = await invoiceOf(US, number);
  assert.equal(invoice.Line.filter(({ DetailType }) => DetailType === "SalesItemLineDetail").length, rows.length);
  assert.equal(invoice.Line[0].SalesItemLineDetail.UnitPrice, 100);
});

test("a row or discount of a deal with another shape is said, and hides no other", { timeout: 120_000 }, async () => {
  const api = await pipedriveApi(env, BR);
  const rows = await api("GET", "v2/deals/1/products");
  const before = (await openForm(env, BR, 1)).text;
  assert.doesNotMatch(before, /Alguns dados deste negócio/);
  await door("/pipedrive/rows", { company_id: BR.company, resource: "DealProduct", id: rows[0].id, members: { item_price: { amount: 5 } } });
  const { text } = await openForm(env, BR, 1);
  assert.match(text, /Alguns dados deste negócio não puderam ser lidos/);
  assert.equal(text.split("<tbody>")[1].split("</tbody>")[0].split("<tr").length - 1, rows.length, "all rows stand in the form");
  await door("/pipedrive/rows", { company_id: BR.company, resource: "DealProduct", id: rows[0].id, members: { item_price: rows[0].item_price } });
});

test("a deal whose currency or title Pipedrive does not tell can be billed: the currency is asked for", { timeout: 120_000 }, async () => {
  await door("/pipedrive/rows", {
    company_id: US.company,
    resource: "Deal",
    id: 11,
    members: { currency: null, title: null, value: null, org_id: null, person_id: null },
  });
  const { call, text, fields } = await openForm(env, US, 11, { ...NEW[US.company], customer_name: "Without currency" });
  assert.match(text, /Some data of this deal could not be read/);
  const refused = await create(call, 11, { ...fields, "lines[0][unit_price]": "50", "lines[0][description]": "Work" });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /#currency/);
  const made = await create(call, 11, { ...fields, currency: "USD", "lines[0][unit_price]": "50", "lines[0][description]": "Work" });
  assert.equal(made.status, 200, made.text);
  assert.equal((await invoiceOf(US, capture(/data-number="([^"]*)"/, made.text))).TotalAmt, 50);
});

for (const [status, by_id] of [
  [400, false],
  [500, true],
]) {
  test(`an invoice that QuickBooks refuses to list (${status}${by_id ? ", also by its id" : ""}) silences no other`, { timeout: 180_000 }, async () => {
    const [badDeal, goodDeal] = by_id ? [7, 8] : [3, 4];
    const [one, other] = [await billNew(US, badDeal), await billNew(US, goodDeal)];
    const [bad, good] = [await invoiceOf(US, one), await invoiceOf(US, other)];
    await quirks(US, { invalid_addresses: { invoices: [bad.Id], status, by_id } });
    // Both are changed, so that both are among what has changed.
    await door("/quickbooks/edit", { realm_id: US.realm, entity: "Invoice", id: bad.Id, changes: { DueDate: "2031-01-01" } });
    await door("/quickbooks/payment", { realm_id: US.realm, invoice_id: good.Id });
    await until("the other invoice is paid on its panel", async () => (await rowOf(US, goodDeal, other)).status === "paid");
    if (by_id) {
      const row = await until("the panel tells of the one that cannot be read", async () => {
        const row = await rowOf(US, badDeal, one);
        return /has returned no readable data/.test(row.text) && row;
      });
      assert.equal(row.status, "open", "it shows what was known");
      const { call } = await session(env, "settings", US.company, US.user);
      assert.match((await call("/settings/page")).text, new RegExp(`Invoices that QuickBooks does not show.*Invoice ${one} · deal ${badDeal}`, "s"));
      // A new invoice is created meanwhile, and one that is deleted goes.
      assert.ok(await billNew(US, 9));
      await quirks(US);
      const panel = await session(env, "panel", US.company, US.user);
      await panel.call(`/panel/deal/${badDeal}/refresh`, {});
      const mended = await rowOf(US, badDeal, one);
      assert.doesNotMatch(mended.text, /has returned no readable data/);
      assert.match(mended.text, /2031/, "and is followed again");
    } else {
      await until("what is read by its id is shown", async () => /2031/.test((await rowOf(US, badDeal, one)).text));
      await quirks(US);
    }
  });
}

test("a row of another shape silences no other; the form's own invoice is not sent twice because of it", { timeout: 120_000 }, async () => {
  const [one, other] = [await billNew(BR, 3), await billNew(BR, 10)];
  const [bad, good] = [await invoiceOf(BR, one), await invoiceOf(BR, other)];
  await door("/quickbooks/rows", { realm_id: BR.realm, entity: "Invoice", id: bad.Id, members: { SyncToken: "newest" } });
  await door("/quickbooks/payment", { realm_id: BR.realm, invoice_id: good.Id });
  await until("the other invoice is paid", async () => (await rowOf(BR, 10, other)).status === "paid");
  const panel = await session(env, "panel", BR.company, BR.user);
  await panel.call("/panel/deal/3/refresh", {});
  const row = await rowOf(BR, 3, one);
  assert.match(row.text, /não retorna dados legíveis/);
  await door("/quickbooks/rows", { realm_id: BR.realm, entity: "Invoice", id: bad.Id, members: { SyncToken: bad.SyncToken } });
  await panel.call("/panel/deal/3/refresh", {});
  assert.doesNotMatch((await rowOf(BR, 3, one)).text, /não retorna dados legíveis/);
});

test("an invoice that names no currency is in the company's own", { timeout: 120_000 }, async () => {
  const number = await billNew(BR, 11);
  const invoice = await invoiceOf(BR, number);
  await door("/quickbooks/rows", { realm_id: BR.realm, entity: "Invoice", id: invoice.Id, members: { CurrencyRef: null, ExchangeRate: null } });
  await door("/quickbooks/payment", { realm_id: BR.realm, invoice_id: invoice.Id });
  const row = await until("it is paid", async () => {
    const row = await rowOf(BR, 11, number);
    return row.status === "paid" && row;
  });
  assert.match(row.text, /R\$/);
});

test("moments are sent in whole seconds with their offset", { timeout: 120_000 }, async () => {
  await quirks(US, { moments: "whole_seconds" });
  const number = await billNew(US, 10);
  await door("/quickbooks/payment", { realm_id: US.realm, invoice_id: (await invoiceOf(US, number)).Id });
  await until("it is paid", async () => (await rowOf(US, 10, number)).status === "paid");
  // A lost answer is looked for by the moment of creation.
  await door("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  assert.ok(await billNew(US, 10, { memo: "lost" }));
  const { Invoice } = await (await quickbooks(env, US.realm))("select * from Invoice");
  assert.equal(Invoice.filter(({ PrivateNote }) => PrivateNote?.startsWith("lost")).length, 1);
  await quirks(US);
});
