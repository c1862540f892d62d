// What QuickBooks and Pipedrive refuse, and what stands in front of them: each is said at its field or on the page, in the person's
// language, with what to do next; and nothing is made twice, whatever the answer looked like.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { assertAccessible } from "./browser.mjs";
import { bill, capture, control, installed, openForm, required, roomyDeal, session, settled, unseen } from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";
import { form, openDeal, panel, quickbooks } from "./story.mjs";

/** @type {string} */
let dir;
const { env, as, done } = scene(
  "faults",
  async (env) => {
    for (const who of [US, MIGUEL, BR]) await installed(env, who);
  },
  (own) => {
    dir = own;
    return {};
  },
);

const PEOPLE = { en: US, es: MIGUEL, pt: BR };
const plain = (html) => html.replaceAll("&#39;", "'").replaceAll("&#34;", '"').replaceAll("&quot;", '"');
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

/** Presses *Create* while the call with the invoice is answered so; the answer. */
async function press({ call, deal, fields }, effect, times = 1) {
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", times, effect });
  return settled(call, await call(`/deals/${deal}/invoices`, fields));
}

const written = (errors, more = {}) => ({ fault: { errors, ...more } });
const INACTIVE =
  "Invalid Reference Id : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.";

/** Each fault of the invoice, and what is said at which field in each language. */
const SAID = /** @type {[string, (ids: { customer: string, item: string }) => object, Record<string, Record<string, string>>][]} */ ([
  [
    "an inactive reference that is not named",
    () => written([{ code: "2500", Message: "Invalid Reference Id", Detail: INACTIVE, element: "" }]),
    {
      "invoice-form": {
        en: "Something that this invoice uses was made inactive or deleted",
        es: "Algo que usa esta factura se desactivó o eliminó",
        pt: "Algo que esta fatura usa foi desativado ou excluído",
      },
    },
  ],
  [
    "the customer, by its id",
    ({ customer }) => written([{ code: "2500", Message: "Invalid Reference Id", Detail: `Invalid Reference Id : Names element id ${customer} not found` }]),
    {
      customer_name: {
        en: "This customer was made inactive or deleted in QuickBooks.",
        es: "Este cliente se desactivó o eliminó en QuickBooks.",
        pt: "Este cliente foi desativado ou excluído no QuickBooks.",
      },
    },
  ],
  [
    "a name that is not the customer's",
    () => written([{ code: "2500", Message: "Invalid Reference Id", Detail: "Invalid Reference Id : Names element id 99583 not found" }]),
    {
      "invoice-form": {
        en: "QuickBooks says: Invalid Reference Id : Names element id 99583 not found",
        es: "QuickBooks dice: Invalid Reference Id",
        pt: "O QuickBooks diz: Invalid Reference Id",
      },
    },
  ],
  [
    "the item of the line, by its id",
    ({ item }) => written([{ code: "2500", Message: "Invalid Reference Id", Detail: `Invalid Reference Id : Items element id ${item} not found` }]),
    {
      "lines-0-item": {
        en: "An item was made inactive or deleted in QuickBooks.",
        es: "Un concepto se desactivó o eliminó en QuickBooks.",
        pt: "Um item foi desativado ou excluído no QuickBooks.",
      },
    },
  ],
  [
    "closed books, with a code that is a number",
    () => written([{ code: 6210, Message: "Account Period Closed", Detail: "You have closed the books through 2026-03-31.", element: "" }]),
    {
      issued: {
        en: "The books are closed for this date in QuickBooks.",
        es: "La contabilidad está cerrada en esta fecha en QuickBooks.",
        pt: "A contabilidade está fechada nesta data no QuickBooks.",
      },
    },
  ],
  [
    "a subscription that has ended: one error that is no array, with status 200",
    () => written([{ code: "6190", Message: "Invalid Company Status", Detail: "subscription period has ended" }], { status: 200, object: true }),
    {
      "invoice-form": {
        en: "The subscription of this QuickBooks company has ended",
        es: "La suscripción de esta empresa de QuickBooks terminó",
        pt: "A assinatura desta empresa do QuickBooks terminou",
      },
    },
  ],
  [
    "an address of another invoice",
    () => written([{ code: "4002", Message: "Invalid query", Detail: "To email address entered is invalid" }]),
    {
      "invoice-form": {
        en: "An invoice that is already in QuickBooks has an invalid email address",
        es: "Una factura que ya está en QuickBooks tiene una dirección de correo no válida",
        pt: "Uma fatura que já está no QuickBooks tem um endereço de e-mail inválido",
      },
    },
  ],
  [
    "a member that the class does not have",
    () =>
      written([
        {
          code: "2010",
          Message: "Request has invalid or unsupported property",
          Detail:
            'Property Name:Unrecognized field "Foo" (class com.intuit.schema.finance.v3.Invoice), not marked as ignorable (2 known properties: "DocNumber", "CustomerRef")',
        },
      ]),
    {
      "invoice-form": {
        en: "The problem is not what you typed. Send this text to support",
        es: "El problema no está en lo que escribiste. Envía este texto a soporte",
        pt: "O problema não está no que você digitou. Envie este texto ao suporte",
      },
    },
  ],
  [
    "two errors at once",
    () =>
      written([
        {
          code: "2050",
          Message: "m",
          Detail: "String length specified does not match the supported length. Min:0 Max:1000 supported. Supplied length:1200",
          element: "CustomerMemo",
        },
        { code: 2210, Message: "m", Detail: "Email Address does not conform to the RFC 822 standard.", element: "BillEmail.Address" },
      ]),
    {
      message: { en: "may have 1000 characters at most.", es: "1000 caracteres como máximo.", pt: "no máximo 1000 caracteres." },
      email: { en: "This is not a valid email address.", es: "Esta dirección de correo no es válida.", pt: "Este endereço de e-mail não é válido." },
    },
  ],
  [
    "a code that nobody knows",
    () => written([{ code: "9999", Message: "New", Detail: "Business Validation Error: Nobody has seen this." }]),
    {
      "invoice-form": {
        en: "QuickBooks refused the invoice, and nothing was created. Correct what it names, then create the invoice again. QuickBooks says: Nobody has seen this.",
        es: "QuickBooks rechazó la factura y no se creó nada. Corrige lo que indica y crea la factura de nuevo. QuickBooks dice: Nobody has seen this.",
        pt: "O QuickBooks recusou a fatura, e nada foi criado. Corrija o que ele indica e crie a fatura de novo. O QuickBooks diz: Nobody has seen this.",
      },
    },
  ],
  [
    "a company that the app may not open",
    () => "not_authorized",
    {
      "invoice-form": {
        en: "Ask an administrator to reconnect QuickBooks",
        es: "Pide a un administrador que vuelva a conectar QuickBooks",
        pt: "Peça a um administrador que reconecte o QuickBooks",
      },
    },
  ],
  [
    "a scope that is missing",
    () => "scope_missing",
    {
      "invoice-form": { en: "grant every permission it asks for", es: "conceda todos los permisos solicitados", pt: "conceda todas as permissões solicitadas" },
    },
  ],
  [
    "keys of another environment",
    () => ({ xml: "wrong_cluster" }),
    {
      "invoice-form": {
        en: "a test company with production keys, or the reverse",
        es: "una empresa de prueba con claves de producción, o al revés",
        pt: "uma empresa de teste com chaves de produção, ou o contrário",
      },
    },
  ],
]);

test("what QuickBooks refuses is said at the field that it names, or of the whole form, in each language; nothing is made", { timeout: 180_000 }, async () => {
  for (const [language, who] of Object.entries(PEOPLE)) {
    const before = (await all(who)).length;
    const opened = await ready(who);
    for (const [name, effect, fields] of SAID) {
      const answer = await press(opened, effect(opened));
      const text = plain(answer.text);
      assert.equal(answer.status, 422, `${language}, ${name}: ${text}`);
      const said = Object.fromEntries([...text.matchAll(/<a href="#([^"]+)">(.*?)<\/a>/gs)].map(([, field, words]) => [field, words]));
      assert.deepEqual(Object.keys(said).sort(), Object.keys(fields).sort(), `${language}, ${name}: ${JSON.stringify(said)}`);
      for (const [field, words] of Object.entries(fields)) assert.ok(said[field].includes(words[language]), `${language}, ${name}: ${said[field]}`);
      assert.equal((await all(who)).length, before, `${language}, ${name}`);
    }
    // The same form makes the invoice as soon as nothing stands in its way.
    assert.match((await settled(opened.call, await opened.call(`/deals/${opened.deal}/invoices`, opened.fields))).text, /data-issued/);
    assert.equal((await all(who)).length, before + 1);
  }
});

test("an item that was made inactive in QuickBooks meanwhile blames neither the customer nor another field", { timeout: 60_000 }, async () => {
  const opened = await ready(US);
  const before = (await all()).length;
  await done("/quickbooks/edit", { realm_id: US.realm, entity: "Item", id: opened.item, changes: { Active: false } });
  const refused = await opened.call(`/deals/${opened.deal}/invoices`, opened.fields);
  assert.equal(refused.status, 422, refused.text);
  assert.deepEqual(
    [...refused.text.matchAll(/<a href="#([^"]+)">/g)].map(([, field]) => field),
    ["invoice-form"],
    refused.text,
  );
  await done("/quickbooks/edit", { realm_id: US.realm, entity: "Item", id: opened.item, changes: { Active: true } });
  assert.equal((await all()).length, before);
});

test("the page lists all that QuickBooks refuses at once, and leads to each field", { timeout: 120_000 }, async () => {
  const { call, fields, deal } = await ready(US);
  assert.equal((await call(`/deals/${deal}/form/preview`, { ...fields, version: "1000" })).status, 200);
  await as(US, async (page, browser) => {
    await openDeal(page, env, deal);
    await panel(page).locator("button.go").click();
    const opened = form(page);
    await opened.locator("#email").waitFor();
    const [, effect] = required(SAID.find(([name]) => name === "two errors at once"));
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: effect({ customer: "", item: "" }) });
    await opened.getByRole("button", { name: "Create invoice" }).click();
    await opened.locator('a[href="#message"]', { hasText: "1000 characters at most" }).waitFor();
    await assertAccessible(page, "form with two refusals");
    await opened.locator('a[href="#email"]', { hasText: "This is not a valid email address." }).click();
    await opened.locator("#email:focus").waitFor();
    browser.complaints.length = 0;
  });
});

test("a page in front of QuickBooks in place of its answer: whether or not the call arrived, there is one invoice", { timeout: 180_000 }, async () => {
  for (const effect of [
    { page_after: 403 },
    { page: 403 },
    { page_after: 502 },
    { page_after: 404 },
    { page_after: 400 },
    { page_after: 503 },
    { page: 503 },
  ]) {
    const opened = await ready(US);
    const before = (await all()).length;
    const answer = await press(opened, effect);
    assert.match(answer.text, /data-issued/, `${JSON.stringify(effect)}: ${answer.text}`);
    assert.equal((await all()).length, before + 1, JSON.stringify(effect));
  }
});

test("a breakdown that QuickBooks reports with status 200 or 400 may have made the invoice: it is looked for, and no second one is made", {
  timeout: 60_000,
}, async () => {
  for (const status of [200, 400]) {
    const opened = await ready(US);
    const before = (await all()).length;
    const answer = await press(
      opened,
      written([{ code: "10000", Message: "An application error has occurred while processing your request" }], { status, type: "SystemFault" }),
    );
    assert.match(answer.text, /data-issued/, answer.text);
    assert.equal((await all()).length, before + 1);
  }
});

test("an access token that is refused in XML is renewed, and the invoice is made once", { timeout: 60_000 }, async () => {
  for (const xml of ["authentication", "forbidden"]) {
    const opened = await ready(US);
    const before = (await all()).length;
    const tokens = async () => (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.path.includes("/tokens")).length;
    const renewed = await tokens();
    assert.match((await press(opened, { xml })).text, /data-issued/, xml);
    assert.equal((await all()).length, before + 1, xml);
    assert.equal(await tokens(), renewed + 1, `${xml}: renewed once`);
  }
});

test("a query that QuickBooks refuses while an invoice is in doubt does not end the doubt", { timeout: 120_000 }, async () => {
  const opened = await ready(US);
  const before = (await all()).length;
  await done("/faults", {
    provider: "quickbooks",
    method: "GET",
    path: "/query",
    times: 1000,
    effect: written([{ code: "4002", Message: "Invalid query", Detail: "To email address entered is invalid" }]),
  });
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  let answer = await opened.call(`/deals/${opened.deal}/invoices`, opened.fields);
  for (const end = Date.now() + 12_000; Date.now() < end; await pause(500)) {
    assert.equal(answer.status, 200, `it was sent, and is not refused: ${answer.text}`);
    const progress = /hx-get="(\/invoices\/[^"]+\/progress)"/.exec(answer.text);
    assert.ok(progress, answer.text);
    answer = await opened.call(progress[1]);
  }
  await clear();
  assert.match((await settled(opened.call, answer)).text, /data-issued/);
  assert.equal((await all()).length, before + 1);
});

test("a page with status 404 in front of QuickBooks makes no invoice a deleted one", { timeout: 60_000 }, async () => {
  const opened = await ready(US);
  await done("/quickbooks/quirks", { realm_id: US.realm, query_lag_ms: 600_000 });
  const number = capture(/data-number="([^"]*)"/, (await settled(opened.call, await opened.call(`/deals/${opened.deal}/invoices`, opened.fields))).text);
  const { call } = await session(env, "panel", US.company, US.user);
  await done("/faults", { provider: "quickbooks", method: "GET", path: "/invoice/", times: 100, effect: { page: 404 } });
  await call(`/panel/deal/${opened.deal}/refresh`, {});
  const row = required((await rows((_, path) => call(path), opened.deal)).find((each) => each.number === number));
  assert.equal(row.status, "open");
});

test("an act that QuickBooks refuses says why, and what to do", { timeout: 60_000 }, async () => {
  const number = await bill(env, US, 3, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  const found = (await all()).find((invoice) => invoice.DocNumber === number);
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: found.Id, amount: 1 });
  const said = {
    6450: "settled electronically",
    6190: "The subscription of this QuickBooks company has ended",
    6210: "The books in QuickBooks are closed",
    9999: "The invoice was not deleted. QuickBooks does not delete an invoice that has payments.",
  };
  const { call } = await session(env, "panel", US.company, US.user);
  await call("/panel/deal/3/refresh", {});
  const row = required((await rows((_, path) => call(path), 3)).find((each) => each.number === number));
  for (const [code, words] of Object.entries(said)) {
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: code } });
    const answer = await call(`/panel/deal/3/invoices/${row.id}/delete`, { seen: row.seen });
    assert.equal(answer.status, 409, answer.text);
    assert.ok(plain(answer.text).includes(words), `${code}: ${plain(answer.text)}`);
  }
  assert.ok(
    (await all()).some((invoice) => invoice.DocNumber === number),
    "it stands",
  );
});

test("a page in front of Pipedrive is no deal that is missing", { timeout: 60_000 }, async () => {
  const said = { en: "Pipedrive is blocking requests", es: "Pipedrive está bloqueando solicitudes", pt: "O Pipedrive está bloqueando solicitações" };
  for (const [language, who] of Object.entries(PEOPLE)) {
    const { call } = await session(env, "form", who.company, who.user);
    await done("/faults", { provider: "pipedrive", method: "GET", path: "/deals/1", times: 20, effect: { page: 403 } });
    const blocked = await call("/deals/1/form");
    await clear();
    assert.equal(blocked.status, 503, blocked.text);
    assert.ok(plain(blocked.text).includes(said[language]), blocked.text);
    assert.equal((await call("/deals/1/form")).status, 200, "it passes by itself");
  }
});

test("a company that the app may not open, or of another environment, says whose turn it is", { timeout: 60_000 }, async () => {
  const { call } = await session(env, "form", US.company, US.user);
  for (const [effect, words] of [
    ["not_authorized", "Ask an administrator to reconnect QuickBooks"],
    [{ xml: "wrong_cluster" }, "Contact its operator"],
    [{ page: 403 }, "QuickBooks is blocking requests"],
  ]) {
    await done("/faults", { provider: "quickbooks", method: "GET", path: "/v3/company", times: 50, effect });
    const answer = await call("/items?q=something-that-nobody-has");
    const customers = await call("/customers/search", { customer_name: "Somebody" });
    await clear();
    assert.ok(
      [answer, customers].some((each) => plain(each.text).includes(words)),
      `${JSON.stringify(effect)}: ${answer.status} ${answer.text} ${customers.status} ${customers.text}`,
    );
  }
});

// The last one: after it, QuickBooks is left alone for a minute.
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
      .filter((line) => line.includes("has not carried a call out"));
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

// Last: QuickBooks is left alone for a minute after it.
test("a throttle that comes as XML with status 403 is waited out, and refuses nothing", { timeout: 60_000 }, async () => {
  const opened = await ready(US);
  const before = (await all()).length;
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { xml: "throttle" } });
  const answer = await opened.call(`/deals/${opened.deal}/invoices`, opened.fields);
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /\/progress/, "it is under way");
  assert.equal((await all()).length, before);
});
