// The panels of deals, organizations and persons: billing from there, and actions on invoices.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, installed, openForm, pipedriveApi, required, roomyDeal, session, settled, unseen } from "./http.mjs";
import { BR, CASCADE, LUCIA, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { menu, openDeal, openRecord, panel, quickbooks } from "./story.mjs";

/** @import { Who } from "./people.mjs" */

const { env, done, as } = scene(
  "panel",
  async (env) => {
    await Promise.all([installed(env, BR), installed(env, US)]);
    await Promise.all([installed(env, MIGUEL), installed(env, LUCIA)]);
  },
  () => ({ FATURA_SUPPORT_URL: "https://help.example/fatura" }),
);

const STAFF = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "400", "lines[0][tax_code]": "NON" };
const call = async (who, path, fields) => (await session(env, "panel", who.company, who.user)).call(path, fields);

/** The deals that a user can bill from a record's panel, in their order. */
async function listed(who, record) {
  const { status, text } = await call(who, `/panel/${record}/deals`);
  assert.equal(status, 200, text);
  return [...text.matchAll(/data-deal="(\d+)".*?<\/button>/gs)].map(([row, id]) => ({
    id: Number(id),
    words: plain(row.replace(/<[^>]+>/g, " ").replace(/^[^>]*>/, ""))
      .replace(/\s+/g, " ")
      .trim(),
  }));
}

test("the panel of an organization or person offers its deals: won ones without invoices first, then open ones", {
  timeout: 120_000,
}, async () => {
  const pipedrive = await pipedriveApi(env, US);
  const org_id = (await pipedrive("POST", "v2/organizations", { name: "Columbia Gorge Weddings" })).id;
  const person_id = (await pipedrive("POST", "v2/persons", { name: "Nora Lindqvist", org_id })).id;
  const made = {};
  for (const [title, more] of /** @type {[string, object][]} */ ([
    ["Autumn wedding", { status: "won" }],
    ["Open house", {}],
    ["Winter wedding", { status: "won" }],
    ["Lost wedding", { status: "lost" }],
    ["Gone wedding", { status: "won" }],
    ["Secret wedding", { status: "won", visible_to: 1 }],
    ["Voided wedding", { status: "won" }],
  ])) {
    made[title] = (await pipedrive("POST", "v2/deals", { title, org_id, person_id, value: 1000, currency: "USD", ...more })).id;
  }
  await pipedrive("DELETE", `v2/deals/${made["Gone wedding"]}`);
  const number = await bill(env, US, made["Autumn wedding"], STAFF);
  const books = await quickbooks(env, US.realm);
  const voided = (await books(`select * from Invoice where DocNumber = '${await bill(env, US, made["Voided wedding"], STAFF)}'`)).Invoice[0];
  await done("/quickbooks/void", { realm_id: US.realm, entity: "Invoice", id: voided.Id });
  const titles = Object.fromEntries(Object.entries(made).map(([title, id]) => [id, title]));
  const names = (deals) => deals.map(({ id }) => titles[id]);
  for (const record of [`organization/${org_id}`, `person/${person_id}`]) {
    // The webhook of the void may still be on its way.
    let deals = [];
    for (let at = 0; at < 50 && names(deals).indexOf("Voided wedding") !== 0; at++) {
      if (at > 0) await new Promise((go) => setTimeout(go, 200));
      deals = await listed(US, record);
    }
    assert.deepEqual(names(deals), ["Voided wedding", "Secret wedding", "Winter wedding", "Open house", "Autumn wedding"], record);
    assert.deepEqual(
      deals.map(({ words }) => /Won(?: · 1 invoice)?|Open/.exec(words.replace("Open house", ""))?.[0]),
      ["Won", "Won", "Won", "Open", "Won · 1 invoice"],
    );
    assert.deepEqual(names(await listed(MIGUEL, record)), ["Voided wedding", "Winter wedding", "Open house", "Autumn wedding"], "hidden deals stay hidden");
  }

  await as(US, async (page) => {
    await openRecord(page, env, "organization", org_id);
    await panel(page).getByRole("button", { name: "+ Invoice" }).click();
    await panel(page)
      .getByRole("button", { name: /Winter wedding/ })
      .waitFor();
    await assertAccessible(page, "the deals of an organization");
    await picture(page, "panel-deals-en");
    await panel(page)
      .getByRole("button", { name: /Winter wedding/ })
      .click();
    await page.frameLocator("dialog.modal iframe").getByText("Winter wedding").first().waitFor();
  });
  const second = await bill(env, US, made["Winter wedding"], STAFF);
  const { Invoice: invoices } = await books(`select * from Invoice where DocNumber in ('${number}', '${second}')`);
  assert.deepEqual(
    invoices.map((invoice) => invoice.TotalAmt),
    [400, 400],
  );
  assert.equal(names(await listed(US, `organization/${org_id}`)).indexOf("Winter wedding") > 2, true, "billed: after the open ones");
  for (const [who, record, name] of /** @type {[Who, string, string][]} */ ([
    [LUCIA, "organization/101", "panel-deals-es"],
    [BR, "organization/101", "panel-deals-pt"],
  ])) {
    await as(who, async (page) => {
      const [entity, id] = record.split("/");
      await openRecord(page, env, entity, Number(id));
      await panel(page).locator("#choose-deal").click();
      await panel(page).locator("#billable-deals button").first().waitFor();
      await picture(page, name);
    });
  }
});

/** Makes QuickBooks refuse an invoice of a deal; how to press *Create* again, and the row. */
async function refused(who, deal, changes) {
  const opened = await openForm(env, who, deal, changes);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6210" } });
  const press = async (more = {}) => settled(opened.call, await opened.call(`/deals/${deal}/invoices`, { ...unseen(opened.fields), ...more }));
  assert.equal((await press()).status, 422);
  const row = (await rowsOf(who, deal)).find((each) => each.status === "refused");
  return { press, id: required(row).id };
}

/** The invoices of a deal as its panel shows them. */
async function rowsOf(who, deal) {
  const { status, text } = await call(who, `/panel/deal/${deal}`);
  assert.equal(status, 200, text);
  return [...text.matchAll(/<li class="invoice" id="invoice-([^"]+)" data-status="([^"]+)".*?<\/li>/gs)].map(([html, id, status]) => ({
    id,
    status,
    html,
    number: /class="number">([^<]*)</.exec(html)?.[1],
  }));
}

/** The invoices in the books that bear this message. */
const inBooks = async (who, message) =>
  ((await (await quickbooks(env, who.realm))("select * from Invoice orderby Id desc maxresults 1000")).Invoice ?? []).filter(
    (invoice) => invoice.CustomerMemo?.value === message,
  );
const newDeal = async (who, title) => (await (await pipedriveApi(env, who))("POST", "v2/deals", { title, value: 1000, currency: "USD", org_id: 402 })).id;

test("only its creator and administrators can remove a refused invoice", { timeout: 120_000 }, async () => {
  const deal = await newDeal(US, "Refused by the books");
  const remove = (who, { id }) => call(who, `/panel/deal/${deal}/invoices/${id}/remove`, {});
  const mine = await refused(US, deal, STAFF);
  assert.doesNotMatch((await rowsOf(MIGUEL, deal))[0].html, /\/remove/, "no button for others");
  assert.equal((await remove(MIGUEL, mine)).status, 403);
  assert.equal((await call(BR, `/panel/deal/${deal}/invoices/${mine.id}/remove`, {})).status, 404, "of another company");
  assert.equal((await rowsOf(US, deal)).length, 1, "it is still there");
  await as(US, async (page) => {
    await openRecord(page, env, "deal", deal);
    await panel(page).getByRole("button", { name: "Remove", exact: true }).waitFor();
    await assertAccessible(page, "a refused invoice");
    await picture(page, "panel-refused-en");
    await panel(page).getByRole("button", { name: "Remove", exact: true }).click();
    await panel(page).locator(".invoice").waitFor({ state: "detached" });
  });
  assert.deepEqual(await rowsOf(US, deal), []);
  assert.equal((await remove(US, mine)).status, 200, "a second click is no error");
  // A colleague's, by an administrator; and one's own.
  const theirs = await refused(MIGUEL, deal, STAFF);
  assert.equal((await remove(US, theirs)).status, 200);
  const own = await refused(MIGUEL, deal, STAFF);
  await as(MIGUEL, async (page) => {
    await openRecord(page, env, "deal", deal);
    await panel(page).getByRole("button", { name: "Quitar", exact: true }).waitFor();
    await picture(page, "panel-refused-es");
  });
  assert.equal((await remove(MIGUEL, own)).status, 200);
  assert.deepEqual(await rowsOf(US, deal), []);
  // An issued invoice cannot be removed.
  const number = await bill(env, US, deal, STAFF);
  const [standing] = await rowsOf(US, deal);
  assert.equal((await remove(US, standing)).status, 409);
  assert.equal((await rowsOf(US, deal))[0].number, number);
});

test("Create after the removal of a refused invoice makes the invoice that the form shows now", { timeout: 120_000 }, async () => {
  const deal = await roomyDeal(env, US, 3, { title: "Pressed again" });
  const message = `pressed again ${Date.now()}`;
  // The customer was created before QuickBooks refused the invoice.
  const first = await refused(US, deal, { ...STAFF, customer: "new", customer_name: "First Choice LLC", message });
  assert.equal((await call(US, `/panel/deal/${deal}/invoices/${first.id}/remove`, {})).status, 200);
  assert.equal((await first.press({ customer_name: "Second Choice LLC" })).status, 200);
  assert.deepEqual(
    (await inBooks(US, message)).map((invoice) => invoice.CustomerRef.name),
    ["Second Choice LLC"],
  );
  assert.deepEqual(
    (await rowsOf(US, deal)).map(({ id, status }) => ({ id, status })),
    [{ id: first.id, status: "open" }],
    "it is back on the panel",
  );
});

test("after a simultaneous removal and Create the panel and QuickBooks agree", { timeout: 180_000 }, async () => {
  const deal = await roomyDeal(env, US, 3, { title: "Removed and tried again" });
  for (let at = 0; at < 6; at++) {
    const message = `race ${at} ${Date.now()}`;
    const row = await refused(US, deal, { ...STAFF, message });
    const pause = (ms) => new Promise((go) => setTimeout(go, ms));
    const [removed, pressed] = await Promise.all([pause(at * 30).then(() => call(US, `/panel/deal/${deal}/invoices/${row.id}/remove`, {})), row.press()]);
    assert.ok([200, 409].includes(removed.status), `removed: ${removed.status}`);
    assert.equal(pressed.status, 200, pressed.text);
    assert.equal((await inBooks(US, message)).length, 1);
    assert.deepEqual(
      (await rowsOf(US, deal)).map(({ status }) => status),
      Array(at + 1).fill("open"),
    );
  }
});

const invoiceOf = async (who, number) => (await (await quickbooks(env, who.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0];
const pay = (who, invoice, amount) => done("/quickbooks/payment", { realm_id: who.realm, invoice_id: invoice.Id, amount });
/** Waits until a row shows this status. */
async function shows(who, deal, number, status) {
  for (let at = 0; ; at++) {
    const row = (await rowsOf(who, deal)).find((each) => each.number === number);
    if (row?.status === status || at > 100) return assert.equal(row?.status, status);
    await new Promise((go) => setTimeout(go, 100));
  }
}

test("voiding or deleting a paid invoice names its payments and what happens to them", { timeout: 180_000 }, async () => {
  const deal = await newDeal(US, "Paid in parts");
  const number = await bill(env, US, deal, STAFF);
  const other = await bill(env, US, await newDeal(US, "Paid along"), STAFF);
  const [invoice, along] = [await invoiceOf(US, number), await invoiceOf(US, other)];
  const { Id: first } = await pay(US, invoice, 60);
  // One payment for two invoices: the part for this invoice counts.
  const line = (id, amount) => ({ Amount: amount, LinkedTxn: [{ TxnId: id, TxnType: "Invoice" }] });
  const { Id: second } = await done("/quickbooks/edit", {
    realm_id: US.realm,
    entity: "Payment",
    changes: { CustomerRef: { value: CASCADE.customer }, TotalAmt: 150, TxnDate: "2026-11-02", Line: [line(along.Id, 110), line(invoice.Id, 40)] },
  });
  await shows(US, deal, number, "partially-paid");
  const payment = async (id) => (await (await quickbooks(env, US.realm))(`select * from Payment where Id = '${id}'`)).Payment[0];
  const today = new Intl.DateTimeFormat("en-US", { dateStyle: "medium", timeZone: "UTC" }).format(new Date((await payment(first)).TxnDate));
  const named = `$100.00 was paid already, by 2 payments: $40.00 on Nov 2, 2026; $60.00 on ${today}.`;

  await as(US, async (page, browser) => {
    await openRecord(page, env, "deal", deal);
    const row = panel(page).locator(".invoice", { hasText: number });
    const dialogue = page.getByRole("dialog");
    const ask = async (verb) => {
      await (await menu(page, number)).getByRole("button", { name: verb, exact: true }).click();
      await dialogue.waitFor();
      return plain(await dialogue.textContent());
    };
    const answer = (verb) => dialogue.getByRole("button", { name: verb, exact: true }).click();
    let asked = await ask("Delete");
    assert.ok(asked.includes(named), asked);
    assert.match(asked, /The payments stay in QuickBooks as unapplied credit of the customer\./);
    await picture(page, "delete-paid-en");
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6540" } });
    await answer("Delete invoice");
    await row.getByText(/The invoice was not deleted. QuickBooks does not delete an invoice that has payments/).waitFor();
    assert.deepEqual([(await invoiceOf(US, number)).Balance, (await payment(first)).UnappliedAmt], [300, 0], "nothing has changed in the books");
    await picture(page, "delete-refused-en");

    await ask("Void");
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6540" } });
    await answer("Void invoice");
    await row.getByText(/The invoice was not voided. QuickBooks does not void an invoice that has payments/).waitFor();
    assert.equal((await invoiceOf(US, number)).TotalAmt, 400);

    // QuickBooks does not return the payments: the paid amount is known nevertheless.
    await done("/faults", { provider: "quickbooks", method: "GET", path: "/query", times: 20, effect: { status: 503 } });
    asked = await ask("Void");
    assert.match(asked, /\$100\.00 has already been paid\. /);
    assert.doesNotMatch(asked, /by 2 payments/);
    await answer("Cancel");
    await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
    await done("/faults", { provider: "quickbooks", method: "GET", path: "/invoice", times: 1, effect: { delay: 20_000 } });
    const begun = Date.now();
    asked = await ask("Void");
    assert.ok(Date.now() - begun < 8000, `it was waited for ${Date.now() - begun} ms`);
    assert.match(asked, /\$100\.00 has already been paid\. /);
    await answer("Cancel");
    await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });

    asked = await ask("Void");
    assert.ok(asked.includes(named), asked);
    await picture(page, "void-paid-en");
    await answer("Void invoice");
    await row.getByText("Voided", { exact: true }).waitFor();
    browser.complaints.length = 0;
  });
  assert.deepEqual([(await payment(first)).UnappliedAmt, (await payment(second)).UnappliedAmt], [60, 40]);
  assert.equal((await invoiceOf(US, number)).TotalAmt, 0);
});

test("of many payments the first ones are listed, and credits are named as such, in Portuguese and Spanish", { timeout: 180_000 }, async () => {
  const deal = (await (await pipedriveApi(env, BR))("POST", "v2/deals", { title: "Pago aos poucos", value: 1000, currency: "BRL", org_id: 103 })).id;
  const number = await bill(env, BR, deal, {
    customer: "4",
    customer_name: "Instituto Jequitibá",
    customer_currency: "BRL",
    "lines[0][item]": "10",
    "lines[0][unit_price]": "1000",
    tax_mode: "none",
  });
  const invoice = await invoiceOf(BR, number);
  await done("/quickbooks/credit", { realm_id: BR.realm, invoice_id: invoice.Id, amount: 5 });
  for (let at = 1; at <= 6; at++) await pay(BR, invoice, at * 10);
  await shows(BR, deal, number, "partially-paid");
  for (let at = 0; at < 50 && !/787|785/.test((await rowsOf(BR, deal))[0].html); at++) await new Promise((go) => setTimeout(go, 100));
  for (const [who, verb, words, name] of /** @type {[Who, string, RegExp, string][]} */ ([
    [BR, "Anular", /R\$ 215,00 já foram pagos em 7 pagamentos: .*crédito.*; e mais 2\./, "void-paid-pt"],
    [LUCIA, "Anular", /Ya se pagaron 215,00 R\$ en 7 pagos: .*crédito.*; y 2 más\./, "void-paid-es"],
    [BR, "Excluir", /Os pagamentos continuam no QuickBooks/, "delete-paid-pt"],
    [LUCIA, "Eliminar", /Los pagos se quedan en QuickBooks/, "delete-paid-es"],
  ])) {
    await as(who, async (page) => {
      await openRecord(page, env, "deal", deal);
      await (await menu(page, number)).getByRole("button", { name: verb, exact: true }).click();
      await page.getByRole("dialog").waitFor();
      assert.match(plain(await page.getByRole("dialog").textContent()), words);
      await picture(page, name);
    });
  }
});

test("the panel and the settings link to the installation's support page", { timeout: 60_000 }, async () => {
  const links = async (surface, path) => {
    const { text } = await (await session(env, surface, US.company, US.user)).call(path);
    return [...text.matchAll(/<a[^>]* href="(https:\/\/help\.example[^"]*)"[^>]*>([^<]*)<\/a>/g)].map(([, address, words]) => [address, words]);
  };
  assert.deepEqual(await links("panel", "/panel/deal/4"), [["https://help.example/fatura", "Help and support"]]);
  assert.deepEqual(await links("settings", "/settings/page"), [["https://help.example/fatura", "Help and support"]]);
});

test("after an action the focus is on its invoice, and a panel is labelled with its record", { timeout: 120_000 }, async () => {
  const number = await bill(env, US, 3, STAFF);
  const { org_id, person_id } = await (await pipedriveApi(env, US))("GET", "v2/deals/3");
  await as(US, async (page) => {
    await openDeal(page, env, 3);
    const row = panel(page).locator(".invoice", { hasText: number });
    const focused = () =>
      panel(page)
        .locator("body")
        .evaluate(() => document.activeElement?.closest(".invoice")?.textContent ?? document.activeElement?.tagName);
    await (await menu(page, number)).getByRole("button", { name: "Void", exact: true }).click();
    await page.getByRole("button", { name: "Void invoice" }).click();
    await row.locator(".badge", { hasText: "Voided" }).waitFor();
    await page.waitForTimeout(500);
    assert.ok((await focused())?.includes(number), `the focus is at ${await focused()}`);
    for (const [entity, id, name] of [
      ["deal", 3, "Invoices of this deal"],
      ["person", person_id, "Invoices of this person’s deals"],
      ["organization", org_id, "Invoices of this organization’s deals"],
    ]) {
      await openRecord(page, env, entity, id);
      assert.equal(await panel(page).locator("main").getAttribute("aria-label"), name);
      assert.equal(await panel(page).locator("ul.invoices").getAttribute("aria-label"), name);
    }
  });
});
