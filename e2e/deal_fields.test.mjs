// Deal fields follow the invoices, also by the clock, without adding up amounts of different currencies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bill, installed, pipedriveApi, saveSettings } from "./http.mjs";
import { BR, CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { clock } from "./storm/time.mjs";
import { plain } from "./browser.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Who } from "./people.mjs" */

const hands = {};
const fields = {};
const apis = {};
const { env, done } = scene(
  "deal-fields",
  async (env) => {
    for (const [who, kinds] of /** @type {[Who, string[]][]} */ ([
      [BR, ["monetary", "varchar"]],
      [US, ["double", "text"]],
    ])) {
      await installed(env, who);
      const pipedrive = (apis[who.company] = await pipedriveApi(env, who));
      const make = async (name, type) => (await pipedrive("POST", "v2/dealFields", { field_name: name, field_type: type })).field_code;
      const codes = {
        invoiced: await make("Invoiced", kinds[0]),
        balance: await make("Left to pay", kinds[1]),
        status: await make("Invoice status", "varchar"),
        number: await make("Invoice number", "text"),
      };
      fields[who.company] = codes;
      await saveSettings(env, who, Object.fromEntries(Object.entries(codes).map(([name, code]) => [`write_back[${name}]`, code])));
    }
  },
  (dir) => Object.assign(hands, clock(dir)).settings ?? {},
);

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const idOf = async (who, number) => (await (await quickbooks(env, who.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0].Id;

/** The values of a deal's fields. */
async function written(who, deal) {
  const { custom_fields: own } = await apis[who.company]("GET", `v2/deals/${deal}`);
  const codes = fields[who.company];
  const amount = own[codes.invoiced];
  return {
    invoiced: amount?.currency ? `${amount.value} ${amount.currency}` : amount,
    balance: plain(own[codes.balance]),
    status: own[codes.status],
    number: own[codes.number],
  };
}

/** Waits until the fields have these values. */
async function says(who, deal, wanted, patience = 100) {
  for (let at = 0; ; at++) {
    const now = await written(who, deal);
    const is = Object.fromEntries(Object.keys(wanted).map((name) => [name, now[name]]));
    if (JSON.stringify(is) === JSON.stringify(wanted) || at > patience) return assert.deepEqual(is, wanted);
    await pause(100);
  }
}

const line = (price) => ({ "lines[0][item]": "10", "lines[0][unit_price]": price, "lines[0][quantity]": "1", tax_mode: "none" });
const DOLLARS = { customer: "3", customer_name: "Meridian Shipping LLC", customer_currency: "USD", currency: "USD" };
const REAIS = { customer: "4", customer_name: "Instituto Jequitibá", customer_currency: "BRL", currency: "BRL" };

test("amounts of different currencies are not added up: number fields hold the deal's currency, text fields name each currency", {
  timeout: 120_000,
}, async () => {
  const pipedrive = apis[BR.company];
  const deal = (await pipedrive("POST", "v2/deals", { title: "Duas moedas", value: 2000, currency: "BRL" })).id;
  const first = await bill(env, BR, deal, { ...DOLLARS, ...line("500") });
  await says(BR, deal, { invoiced: "0 BRL", balance: "US$ 500,00", status: "Em aberto", number: first });
  const second = await bill(env, BR, deal, { ...REAIS, ...line("1000") });
  await says(BR, deal, { invoiced: "1000 BRL", balance: "R$ 1.000,00 + US$ 500,00", status: "Em aberto", number: second });

  // Payments reduce the balance.
  await done("/quickbooks/payment", { realm_id: BR.realm, invoice_id: await idOf(BR, second), amount: 1000 });
  await says(BR, deal, { invoiced: "1000 BRL", balance: "US$ 500,00", status: "Pago", number: second });

  // The deal is in dollars from now on, and so are its number fields.
  await pipedrive("PATCH", `v2/deals/${deal}`, { currency: "USD", value: 700 });
  await done("/quickbooks/payment", { realm_id: BR.realm, invoice_id: await idOf(BR, first), amount: 100 });
  await says(BR, deal, { invoiced: "500 USD", balance: "US$ 400,00", status: "Pago", number: second });
});

test("after a void or a deletion the deal fields show the newest invoice that is left", { timeout: 120_000 }, async () => {
  const pipedrive = apis[BR.company];
  const deal = (await pipedrive("POST", "v2/deals", { title: "Anulada por último", value: 2000, currency: "BRL" })).id;
  const first = await bill(env, BR, deal, { ...REAIS, ...line("300") });
  const second = await bill(env, BR, deal, { ...REAIS, ...line("200") });
  await says(BR, deal, { invoiced: "500 BRL", balance: "R$ 500,00", status: "Em aberto", number: second });
  await done("/quickbooks/void", { realm_id: BR.realm, entity: "Invoice", id: await idOf(BR, second) });
  await says(BR, deal, { invoiced: "300 BRL", balance: "R$ 300,00", status: "Em aberto", number: first });
  // Without an invoice that is left, the fields show the newest one.
  await done("/quickbooks/delete", { realm_id: BR.realm, entity: "Invoice", id: await idOf(BR, first) });
  await says(BR, deal, { invoiced: "0 BRL", balance: "R$ 0,00", status: "Anulado", number: second });
});

test("the status becomes overdue at midnight in the QuickBooks company's time zone, without any other event", { timeout: 180_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  // The company is in Los Angeles: due today, overdue when the next day begins there.
  const now = new Date();
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: "America/Los_Angeles" }).format(now);
  const [year, month, day] = today.split("-").map(Number);
  const number = await bill(env, US, 10, {
    ...CASCADE,
    issued: today,
    due: today,
    "lines[0][item]": "12",
    "lines[0][tax_code]": "NON",
    "lines[0][unit_price]": "800",
  });
  await says(US, 10, { invoiced: 800, balance: "$800.00", status: "Open", number });
  // 06:50 in UTC on the next day: it is still today in Los Angeles, and in Europe it is not.
  const ahead = (hour, minute) => Math.round((Date.UTC(year, month - 1, day + 1, hour, minute) - now.getTime()) / 1000);
  hands.move(ahead(6, 50));
  await pause(20_000);
  await says(US, 10, { status: "Open" }, 0);
  hands.move(ahead(8, 10));
  await says(US, 10, { invoiced: 800, balance: "$800.00", status: "Overdue", number }, 300);
});
