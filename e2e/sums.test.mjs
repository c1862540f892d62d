// The sums and badges of a panel match QuickBooks, whatever happens to the invoices there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "./browser.mjs";
import { bill, control, installed, pipedriveApi, required, session } from "./http.mjs";
import { BR, LUCIA } from "./people.mjs";
import { scene } from "./scene.mjs";
import { quickbooks } from "./story.mjs";

const ZONE = "America/Sao_Paulo";
const DAY = 86_400_000;
const dateIn = (zone, at = Date.now()) => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(at);
const shifted = (days) => dateIn("UTC", Date.parse(dateIn(ZONE)) + days * DAY);
// A user in whose time zone it is another day than in the QuickBooks company's.
const ELSEWHERE = ["Pacific/Kiritimati", "Pacific/Pago_Pago"].find((zone) => dateIn(zone) !== dateIn(ZONE));

/** @type {Record<string, any> & { numbers: string[] }} */
const made = { numbers: [] };
const { env, done } = scene("sums", async (env) => {
  await installed(env, BR);
  assert.ok((await control(env, "/pipedrive/users", { user_id: LUCIA.user, timezone_name: ELSEWHERE })).ok);
  await installed(env, LUCIA);
  const pipedrive = await pipedriveApi(env, BR);
  made.organization = (await pipedrive("POST", "v2/organizations", { name: "Soma e Filhos" })).id;
  made.person = (await pipedrive("POST", "v2/persons", { name: "Nina Soma", org_id: made.organization })).id;
  for (const title of ["Primeiro", "Segundo"]) {
    made[title] = (await pipedrive("POST", "v2/deals", { title, value: 5000, currency: "BRL", org_id: made.organization, person_id: made.person })).id;
  }
});

const REAIS = { customer: "4", customer_name: "Instituto Jequitibá", customer_currency: "BRL", currency: "BRL" };
const DOLLARS = { customer: "3", customer_name: "Meridian Shipping LLC", customer_currency: "USD", currency: "USD" };
const line = (price) => ({ "lines[0][item]": "10", "lines[0][unit_price]": price, "lines[0][quantity]": "1", tax_mode: "none" });
/** @type {Record<string, string>} */
const SIGNS = { R$: "BRL", US$: "USD" };
const cents = (text) => Math.round(Number(text.replaceAll(".", "").replace(",", ".")) * 100);

/** What a panel shows: the sums of each currency in cents, and the badge of each invoice by its number. */
async function shown(who, record) {
  const { status, text } = await (await session(env, "panel", who.company, who.user)).call(`/panel/${record}`);
  assert.equal(status, 200, text);
  /** @type {Record<string, Record<string, number>>} */
  const sums = {};
  for (const [, figures] of text.matchAll(/<dl class="figures">(.*?)<\/dl>/gs)) {
    const amounts = [...figures.matchAll(/<dd>([^<]*)<\/dd>/g)].map(([, amount]) => plain(amount));
    // Portuguese writes the sign first, Spanish last.
    const [outstanding, overdue, paid] = amounts.map((amount) => cents(amount.replace(/[^\d,.]/g, "")));
    const [currency, another] = [...new Set(amounts.map((amount) => SIGNS[amount.replace(/[\d,.\s-]/g, "")]))];
    assert.equal(another, undefined, `one currency: ${amounts}`);
    assert.equal(sums[currency], undefined, "each currency once");
    sums[currency] = { outstanding, overdue, paid };
  }
  const rows = [...text.matchAll(/<li class="invoice" id="[^"]+" data-status="([^"]+)".*?class="number">([^<]*)<.*?<div class="muted">([^<]*)</gs)];
  const badges = Object.fromEntries(rows.map(([, badge, number, customer]) => [number, `${badge} ${customer}`]));
  return { sums, badges };
}

/** The sums and badges by the invoices in QuickBooks, where deleted ones do not exist. */
async function inBooks(gone = /** @type {string[][]} */ ([])) {
  const today = dateIn(ZONE);
  const { Invoice: found = [] } = await (await quickbooks(env, BR.realm))(
    `select * from Invoice where DocNumber in (${made.numbers.map((number) => `'${number}'`).join(", ")})`,
  );
  /** @type {Record<string, { outstanding: number, overdue: number, paid: number }>} */
  const sums = {};
  /** @type {Record<string, string>} */
  const badges = Object.fromEntries(gone.map(([number, customer]) => [number, `deleted ${customer}`]));
  for (const {
    DocNumber: number,
    TotalAmt: total,
    Balance: balance,
    DueDate: due,
    CurrencyRef: { value: currency },
    PrivateNote: note = "",
    CustomerRef: customer,
  } of found) {
    const isVoided = total === 0 && note.startsWith("Voided");
    const badge = isVoided ? "voided" : balance === 0 ? "paid" : due < today ? "overdue" : balance < total ? "partially-paid" : "open";
    badges[number] = `${badge} ${customer.name}`;
    if (isVoided) continue;
    const sum = (sums[currency] ??= { outstanding: 0, overdue: 0, paid: 0 });
    sum[badge === "overdue" ? "overdue" : "outstanding"] += Math.round(balance * 100);
    sum.paid += Math.round((total - balance) * 100);
  }
  return { sums, badges };
}

/** Waits until the panels of the organization and of the person match QuickBooks. */
async function agrees(what, gone) {
  for (const record of [`organization/${made.organization}`, `person/${made.person}`]) {
    for (let at = 0; ; at++) {
      const [panel, books] = [await shown(BR, record), await inBooks(gone)];
      if (
        JSON.stringify(panel.sums) === JSON.stringify(books.sums) &&
        JSON.stringify(Object.entries(panel.badges).sort()) === JSON.stringify(Object.entries(books.badges).sort())
      )
        break;
      if (at > 60) return assert.deepEqual(panel, books, `${record}: ${what}`);
      await new Promise((go) => setTimeout(go, 150));
    }
  }
}

const invoiceOf = async (number) => (await (await quickbooks(env, BR.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0];
const inQuickBooks = async (act, number, more) =>
  done(`/quickbooks/${act}`, {
    realm_id: BR.realm,
    ...(["payment", "credit"].includes(act) ? { invoice_id: (await invoiceOf(number)).Id } : { entity: "Invoice", id: (await invoiceOf(number)).Id }),
    ...more,
  });

test("sums and badges match QuickBooks after every kind of change there", { timeout: 240_000 }, async () => {
  const create = async (deal, fields) => {
    made.numbers.push(await bill(env, BR, deal, fields));
    return required(made.numbers.at(-1));
  };
  const open = await create(made.Primeiro, { ...REAIS, ...line("1000") });
  const late = await create(made.Primeiro, { ...REAIS, ...line("500"), issued: shifted(-20), due: shifted(-1) });
  const today = await create(made.Segundo, { ...REAIS, ...line("70.35"), issued: shifted(-20), due: shifted(0) });
  const dollars = await create(made.Segundo, { ...DOLLARS, ...line("300"), issued: shifted(-20), due: shifted(-10) });
  await agrees("created");
  await inQuickBooks("payment", open, { amount: 400.1 });
  await inQuickBooks("payment", dollars, { amount: 50 });
  await agrees("partly paid");
  await inQuickBooks("payment", late);
  await agrees("paid");
  await inQuickBooks("credit", today, { amount: 20.3 });
  await agrees("credited");
  const { Line: lines } = await invoiceOf(open);
  const priced = (amount) =>
    lines
      .filter((each) => each.DetailType === "SalesItemLineDetail")
      .map((each) => ({ ...each, Amount: amount, SalesItemLineDetail: { ...each.SalesItemLineDetail, UnitPrice: amount, Qty: 1 } }));
  await inQuickBooks("edit", open, { changes: { Line: priced(1234.56) } });
  await agrees("another amount");
  await inQuickBooks("edit", open, { changes: { DueDate: shifted(-3) } });
  await agrees("another due date");
  const other = await create(made.Primeiro, { ...REAIS, ...line("90") });
  await inQuickBooks("edit", other, { changes: { CustomerRef: { value: "1" } } });
  await agrees("another customer");
  await inQuickBooks("void", dollars);
  await agrees("voided");
  // An accountant enters amounts into the voided invoice: it is open again.
  await inQuickBooks("edit", dollars, { changes: { Line: priced(80), PrivateNote: "Voided by mistake" } });
  await agrees("no longer voided");
  await inQuickBooks("void", dollars);
  await agrees("voided again");
  await inQuickBooks("edit", dollars, { changes: { PrivateNote: "What the note says does not matter" } });
  // QuickBooks no longer says that it was voided: it has no amount, and another note. It stays voided.
  await new Promise((go) => setTimeout(go, 2000));
  const { sums, badges } = await shown(BR, `organization/${made.organization}`);
  assert.deepEqual(sums, { BRL: (await inBooks()).sums.BRL });
  assert.equal(badges[dollars], "voided Meridian Shipping LLC");
  const { CustomerRef: customer } = await invoiceOf(other);
  await inQuickBooks("delete", dollars);
  made.numbers = made.numbers.filter((number) => number !== dollars);
  await inQuickBooks("delete", other);
  made.numbers = made.numbers.filter((number) => number !== other);
  await agrees("deleted", [
    [other, customer.name],
    [dollars, "Meridian Shipping LLC"],
  ]);
});

test("overdue is computed in the QuickBooks company's time zone, also when it is disconnected and the user is in another zone", {
  timeout: 120_000,
}, async () => {
  const before = await shown(BR, `organization/${made.organization}`);
  assert.deepEqual(await shown(LUCIA, `organization/${made.organization}`), before, "connected");
  const { call } = await session(env, "settings", BR.company, BR.user);
  assert.equal((await call("/settings/disconnect", {})).status, 200);
  assert.deepEqual(await shown(LUCIA, `organization/${made.organization}`), before, `in ${ELSEWHERE}`);
});
