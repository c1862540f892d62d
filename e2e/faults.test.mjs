// Refusals of QuickBooks: how the page lists them, and what is logged of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { assertAccessible } from "./browser.mjs";
import { control, installed, openForm, roomyDeal, session, settled, unseen } from "./http.mjs";
import { US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";
import { form, openDeal, panel, quickbooks } from "./story.mjs";

/** @type {string} */
let dir;
const { env, as, done } = scene(
  "faults",
  (env) => installed(env, US),
  (own) => {
    dir = own;
    return {};
  },
);

const all = async (who = US) => (await (await quickbooks(env, who.realm))("select * from Invoice maxresults 1000")).Invoice ?? [];
const clear = () => control(env, "/faults", undefined, "DELETE");
afterEach(async () => {
  await clear();
  await done("/quickbooks/quirks", { realm_id: US.realm });
});
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** A form of a new deal that needs nothing more, for a customer and an item that are there. */
async function ready(who) {
  const query = await quickbooks(env, who.realm);
  const currency = who.realm === US.realm ? "USD" : "BRL";
  const customer = (await query("select * from Customer maxresults 100")).Customer.find((each) => (each.CurrencyRef?.value ?? currency) === currency);
  const [item] = (await query("select * from Item where Type = 'Service' maxresults 10")).Item;
  const deal = await roomyDeal(env, who, 3, { currency });
  const { call, fields } = await openForm(env, who, deal, {
    customer: customer.Id,
    customer_name: customer.DisplayName,
    customer_currency: customer.CurrencyRef?.value ?? "",
    currency,
    tax_mode: "none",
    email: "ap@customer.example",
    "lines[0][item]": item.Id,
    "lines[0][item_name]": item.Name,
    "lines[0][quantity]": "1",
    "lines[0][unit_price]": "10",
  });
  return { call, fields: unseen(fields), deal, customer: customer.Id, item: item.Id };
}

const TWO_ERRORS = {
  fault: {
    errors: [
      {
        code: "2050",
        Message: "m",
        Detail: "String length specified does not match the supported length. Min:0 Max:1000 supported. Supplied length:1200",
        element: "CustomerMemo",
      },
      { code: 2210, Message: "m", Detail: "Email Address does not conform to the RFC 822 standard.", element: "BillEmail.Address" },
    ],
  },
};

test("the page lists all that QuickBooks refuses at once, and leads to each field", { timeout: 120_000 }, async () => {
  const { call, fields, deal } = await ready(US);
  assert.equal((await call(`/deals/${deal}/form/preview`, { ...fields, version: "1000" })).status, 200);
  await as(US, async (page, browser) => {
    await openDeal(page, env, deal);
    await panel(page).locator("button.go").click();
    const opened = form(page);
    await opened.locator("#email").waitFor();
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: TWO_ERRORS });
    await opened.getByRole("button", { name: "Create invoice" }).click();
    await opened.locator('a[href="#message"]', { hasText: "1000 characters at most" }).waitFor();
    await assertAccessible(page, "form with two refusals");
    await opened.locator('a[href="#email"]', { hasText: "This is not a valid email address." }).click();
    await opened.locator("#email:focus").waitFor();
    browser.complaints.length = 0;
  });
});

test("each failed call is logged with QuickBooks' id of it, and without QuickBooks' words", { timeout: 60_000 }, async () => {
  const opened = await ready(US);
  assert.match((await settled(opened.call, await opened.call(`/deals/${opened.deal}/invoices`, opened.fields))).text, /data-issued/);
  const { call } = await session(env, "panel", US.company, US.user);
  const [row] = await rows((_, path) => call(path), opened.deal);
  const path = `/panel/deal/${opened.deal}/invoices/${row.id}`;
  const fresh = await ready(US);
  const log = () => readFileSync(join(dir, "fatura.log"), "utf8").replace(/\x1b\[[0-9;]*m/g, "");
  const lines = () =>
    log()
      .split("\n")
      .filter((line) => line.includes("did not carry out a call"));
  const books = (date) => done("/quickbooks/preferences", { realm_id: US.realm, preferences: { AccountingInfoPrefs: { BookCloseDate: date } } });
  const { Id } = (await all()).at(-1);
  for (const [what, status, act] of /** @type {[string, number, () => Promise<unknown>][]} */ ([
    [
      "an invoice in closed books",
      400,
      async () => {
        await books(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10));
        assert.equal((await settled(fresh.call, await fresh.call(`/deals/${fresh.deal}/invoices`, fresh.fields))).status, 422);
        await books("2000-01-01");
      },
    ],
    [
      "a read with access that has expired",
      401,
      async () => {
        await done("/quickbooks/expire", { realm_id: US.realm });
        await call(`/panel/deal/${opened.deal}/refresh`, {});
      },
    ],
    [
      "a PDF of what is gone",
      400,
      async () => {
        await done("/quickbooks/delete", { realm_id: US.realm, entity: "Invoice", id: Id });
        await fetch(JSON.parse((await call(`/invoices/${row.id}/pdf`, {})).text).url);
      },
    ],
    ["an e-mail of what is gone", 400, () => call(`${path}/send`, { recipient: "ap@customer.example", key: crypto.randomUUID() })],
  ])) {
    const before = lines().length;
    await act();
    const line = () =>
      lines()
        .slice(before)
        .find((each) => each.includes(`status=${status} `));
    for (const end = Date.now() + 10_000; !line() && Date.now() < end; ) await pause(100);
    assert.match(line() ?? "", /provider="quickbooks" status=\d+ code="\d*" intuit_tid="1-[0-9a-f]{32}"/, what);
  }
  assert.doesNotMatch(log(), /closed the books|Object Not Found|books are closed/i);
});
