// Invoices on the deal, panels and freshness, in a real browser against both sandboxes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, billedOnce, capture, control, installed, openForm, redirectOf, roomyDeal, session } from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { menu, notesOf, openDeal, openRecord, panel, quickbooks } from "./story.mjs";

/** @type {Awaited<ReturnType<typeof quickbooks>>} */
let books;
const { env, done, as } = scene("invoices", async (env) => {
  await Promise.all([installed(env, BR), installed(env, US)]);
  await installed(env, MIGUEL);
  books = await quickbooks(env, US.realm);
});

const invoice = async (number) => (await books(`select * from Invoice where DocNumber = '${number}'`)).Invoice?.[0];
const confirm = async (page, verb) => page.getByRole("dialog").getByRole("button", { name: verb, exact: true }).click();
const notes = (who, deal, count, patience) => notesOf(env, who, deal, count, patience);

test("the badge follows QuickBooks on an open panel, and the history tells each change once", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    const number = await bill(env, US, 4, CASCADE);
    await openDeal(page, env, 4);
    const row = panel(page).locator(".invoice");
    await row.getByText("Open", { exact: true }).waitFor();
    const { Id: id, TotalAmt: total } = await invoice(number);
    const shows = async (badge, act) => {
      const begun = Date.now();
      await act();
      await row.locator(`.badge:text-is("${badge}")`).waitFor({ timeout: 10_000 });
      return Date.now() - begun;
    };
    const pay = (amount) => done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id, amount });
    const seconds = [];
    seconds.push(await shows("Partially paid", () => pay(100)));
    assert.match(plain(await row.textContent()), new RegExp(`\\$${(total - 100).toLocaleString("en-US", { minimumFractionDigits: 2 })} due`));
    seconds.push(await shows("Paid", () => pay(total - 100)));
    assert.ok(Math.max(...seconds) < 5000, `shown after ${seconds} ms`);
    assert.deepEqual(
      (await notes(US, 4, 3)).map((note) => /created|partially|is paid/.exec(note)?.[0]),
      ["created", "partially", "is paid"],
    );
  }),
);

test("voided and deleted in QuickBooks", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    const number = await bill(env, US, 2, CASCADE);
    await openDeal(page, env, 2);
    const row = panel(page).locator(".invoice", { hasText: number });
    await row.getByText("Open", { exact: true }).waitFor();
    const { Id: id } = await invoice(number);
    await done("/quickbooks/void", { realm_id: US.realm, entity: "Invoice", id });
    await row.getByText("Voided", { exact: true }).waitFor();
    const opened = await menu(page, number);
    assert.deepEqual(
      (await opened.locator("button, a").allTextContents()).map((text) => text.trim()),
      ["Download PDF", "Open in QuickBooks", "Delete"],
    );
    await page.keyboard.press("Escape");
    await done("/quickbooks/delete", { realm_id: US.realm, entity: "Invoice", id });
    await row.getByText("Deleted", { exact: true }).waitFor();
    assert.match((await row.textContent()) ?? "", /Cascade/, "what was last known stays readable");
    assert.equal(await row.locator(".dots").count(), 0);
    assert.match((await notes(US, 2, 3)).join("|"), /created.*voided.*deleted/);
  }),
);

test("overdue by the clock, and partly paid says how much", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    const number = await bill(env, US, 8, { ...CASCADE, issued: "2026-01-05", due: "2026-01-12" });
    const { Id: id } = await invoice(number);
    await openDeal(page, env, 8);
    const row = panel(page).locator(".invoice", { hasText: number });
    await row.getByText("Overdue", { exact: true }).waitFor();
    assert.match((await row.textContent()) ?? "", /days overdue/);
    await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id, amount: 50 });
    await row.getByText("$50.00 paid").waitFor();
    await row.getByText("Overdue", { exact: true }).waitFor();
    assert.match(plain(await panel(page).locator(".figures").textContent()), /Overdue\$[\d,.]+Paid\$50\.00/);
    await assertAccessible(page, "panel with an overdue invoice");
    await picture(page, "panel-overdue-en");
  }),
);

test("void from the menu: asks with its consequence, happens once, and cannot be repeated", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    const number = await bill(env, US, 9, CASCADE);
    await openDeal(page, env, 9);
    const row = panel(page).locator(".invoice", { hasText: number });
    await (await menu(page, number)).getByRole("button", { name: "Void" }).click();
    const dialogue = page.getByRole("dialog");
    await dialogue.getByText(`Void invoice ${number}?`).waitFor();
    assert.match(plain(await dialogue.textContent()), /\$[\d,.]+ becomes zero in QuickBooks. This cannot be undone\./);
    await picture(page, "void-dialogue-en");
    await confirm(page, "Cancel");
    assert.notEqual((await invoice(number)).TotalAmt, 0);
    await (await menu(page, number)).getByRole("button", { name: "Void" }).click();
    await confirm(page, "Void invoice");
    await row.getByText("Voided", { exact: true }).waitFor();
    const voided = await invoice(number);
    assert.deepEqual([voided.TotalAmt, voided.Balance], [0, 0]);
    assert.match((await notes(US, 9, 2)).at(-1) ?? "", /voided/);
  }),
);

test("delete from the menu, in Portuguese", { timeout: 120_000 }, () =>
  as(BR, async (page) => {
    const number = await bill(env, BR, 3, {
      customer: "new",
      customer_name: "Instituto Jequitibá de Pesquisa",
      "lines[0][item]": "new",
      "lines[0][tax_code]": "2",
    });
    await openDeal(page, env, 3);
    await (await menu(page, number)).getByRole("button", { name: "Excluir" }).click();
    await page.getByRole("dialog").getByText(`Excluir a fatura ${number}?`).waitFor();
    await confirm(page, "Excluir fatura");
    await panel(page).locator(".invoice").getByText("Excluído", { exact: true }).waitFor();
    assert.equal((await (await quickbooks(env, BR.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice, undefined);
    assert.match((await notes(BR, 3, 2)).join("|"), /criada no QuickBooks: R\$ .*excluída no QuickBooks/);
  }),
);

test("e-mail: shows to whom, lets one change it, and the row says that it was sent", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    const number = await bill(env, US, 7, CASCADE);
    await openDeal(page, env, 7);
    const row = panel(page).locator(".invoice", { hasText: number });
    await row.getByText("not emailed").waitFor();
    await (await menu(page, number)).getByRole("button", { name: "Send by email" }).click();
    const recipient = row.getByLabel(`Send invoice ${number} to`);
    assert.equal(await recipient.inputValue(), "tom@cascaderobotics.example");
    await recipient.fill("nobody");
    await row.getByRole("button", { name: "Send", exact: true }).click();
    await row.getByRole("alert").getByText("Enter the recipient’s email address.").waitFor();
    assert.equal(await recipient.inputValue(), "nobody", "what was typed stays");
    // What changes meanwhile does not take the form away.
    await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: (await invoice(number)).Id, amount: 1 });
    await page.waitForTimeout(1500);
    await recipient.fill("accounts@cascaderobotics.example");
    await assertAccessible(page, "panel, asking for the recipient");
    await picture(page, "send-en");
    await row.getByRole("button", { name: "Send", exact: true }).click();
    await row.getByText("✓ emailed").waitFor();
    const outbox = await (await control(env, "/quickbooks/outbox", { realm_id: US.realm })).json();
    assert.equal(JSON.stringify(outbox).split("accounts@cascaderobotics.example").length - 1 > 0, true, JSON.stringify(outbox));
  }),
);

test("a panel that is just being read anew takes no form away", { timeout: 60_000 }, () =>
  as(US, async (page, browser) => {
    const number = await bill(env, US, 9, CASCADE);
    await openDeal(page, env, 9);
    // The answer is on its way while the person opens the form.
    let asked;
    const begun = new Promise((go) => (asked = go));
    await browser.context.route("**/panel/deal/9?rows=*", async (route) => {
      asked();
      await new Promise((go) => setTimeout(go, 2000));
      await route.continue();
    });
    await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: (await invoice(number)).Id, amount: 1 });
    await begun;
    await (await menu(page, number)).getByRole("button", { name: "Send by email" }).click();
    const recipient = panel(page).getByLabel(`Send invoice ${number} to`);
    await recipient.fill("typed@cascaderobotics.example");
    await page.waitForTimeout(3000);
    assert.equal(await recipient.inputValue({ timeout: 1000 }), "typed@cascaderobotics.example");
  }),
);

test("PDF in a new tab, by a link that works once; open in QuickBooks", { timeout: 120_000 }, () =>
  as(US, async (page, browser) => {
    const number = await bill(env, US, 12, CASCADE);
    await openDeal(page, env, 12);
    const { Id: id } = await invoice(number);
    const answered = browser.context.waitForEvent("response", (response) => response.url().includes("/pdf/") && response.status() === 200);
    await (await menu(page, number)).getByRole("button", { name: "Download PDF" }).click();
    const pdf = await answered;
    assert.equal(pdf.headers()["content-type"], "application/pdf");
    assert.match(pdf.headers()["content-disposition"], new RegExp(`inline; filename="invoice-${number}.pdf"`));
    const again = await fetch(pdf.url(), { redirect: "manual" });
    assert.match(redirectOf(again), /quickbooks-expired$/);
    const opened = page.context().waitForEvent("page");
    await (await menu(page, number)).getByRole("link", { name: "Open in QuickBooks" }).click();
    const tab = await opened;
    await tab.getByRole("heading", { name: `Invoice ${number}` }).waitFor();
    assert.match(tab.url(), new RegExp(`${US.realm}.*${id}$`));
  }),
);

test("a PDF is passed on whole, as it comes", { timeout: 60_000 }, async () => {
  const number = await bill(env, US, 12, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const id = capture(
    /id="invoice-([0-9a-f-]+)"/,
    (await call("/panel/deal/12")).text.split("<li").find((part) => part.includes(`>${number}<`)),
  );
  for (const encoding of ["gzip", "br", "identity"]) {
    const { url } = JSON.parse((await call(`/invoices/${id}/pdf`, {})).text);
    const pdf = await fetch(url, { headers: { "accept-encoding": encoding } });
    assert.equal(pdf.headers.get("content-length"), null, "its length is not known before it has come");
    const bytes = Buffer.from(await pdf.arrayBuffer());
    assert.equal(bytes.subarray(0, 5).toString(), "%PDF-", encoding);
    assert.match(bytes.subarray(-8).toString(), /%%EOF/, encoding);
  }
});

test("a page that QuickBooks answers in place of a PDF is not passed on", { timeout: 60_000 }, async () => {
  await billedOnce(env, US, 12, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const id = capture(/id="invoice-([0-9a-f-]+)"/, (await call("/panel/deal/12")).text);
  const show = async () => fetch(JSON.parse((await call(`/invoices/${id}/pdf`, {})).text).url, { redirect: "manual" });
  await done("/faults", { provider: "quickbooks", method: "GET", path: "/pdf", effect: { page: 200 } });
  const answer = await show();
  assert.deepEqual(await (await control(env, "/faults", undefined, "GET")).json(), [], "QuickBooks has answered so");
  assert.equal(answer.status, 303);
  assert.match(redirectOf(answer), /^\/outcome\/quickbooks-failed$/);
  assert.equal(await answer.text(), "");
  assert.equal((await show()).headers.get("content-type"), "application/pdf", "the next one is a PDF");
});

test("a stale page gets a clear word, not a wrong act", async () => {
  const number = await bill(env, US, 1, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const shown = (await call("/panel/deal/1")).text;
  const id = capture(/id="invoice-([0-9a-f-]+)"/, shown);
  const seen = capture(/"seen": "([^"]+)"/, shown.replaceAll("&#34;", '"'));
  const { Id: quickbooksId } = await invoice(number);
  // Paid in QuickBooks, and nobody has told us: the webhook is lost.
  await done("/quickbooks/webhooks/mishaps", { effect: "lost" });
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: quickbooksId, amount: 10 });
  const answer = await call(`/panel/deal/1/invoices/${id}/void`, { seen });
  assert.equal(answer.status, 409);
  assert.match(answer.text, /has changed in QuickBooks: its status is now “Partially paid”/);
  assert.notEqual((await invoice(number)).TotalAmt, 0, "nothing was voided");
  // And what we know to be gone is guarded before QuickBooks is asked.
  const fresh = capture(/"seen": "([^"]+)"/, (await call("/panel/deal/1")).text.replaceAll("&#34;", '"'));
  assert.notEqual(fresh, seen);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6540" } });
  const paid = await call(`/panel/deal/1/invoices/${id}/delete`, { seen: fresh });
  assert.equal(paid.status, 409);
  assert.match(
    paid.text,
    /The invoice was not deleted\. QuickBooks does not delete an invoice that has payments\. .* QuickBooks says: /,
    "a payment hangs on it",
  );
  assert.equal((await call(`/panel/deal/1/invoices/${id}/void`, { seen: fresh })).status, 200);
  assert.equal((await invoice(number)).TotalAmt, 0);
  const gone = await call(`/panel/deal/1/invoices/${id}/void`, { seen: fresh });
  assert.equal(gone.status, 409);
  assert.match(gone.text, /not possible while the invoice’s status is “Voided”/);
  // Somebody of another company finds no such invoice.
  const other = await session(env, "panel", BR.company, BR.user);
  assert.equal((await other.call(`/panel/deal/1/invoices/${id}/void`, { seen: fresh })).status, 404);
});

test("an act whose answer is lost happens once", async () => {
  const number = await bill(env, US, 4, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const shown = (await call("/panel/deal/4")).text.replaceAll("&#34;", '"');
  const [row] = shown.split("<li").filter((part) => part.includes(`>${number}<`));
  const id = capture(/id="invoice-([0-9a-f-]+)"/, row);
  const seen = capture(/"seen": "([^"]+)"/, row);
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  await call(`/panel/deal/4/invoices/${id}/void`, { seen });
  let text = "";
  for (let at = 0; at < 100 && !text.includes("Voided"); at++) {
    await new Promise((go) => setTimeout(go, 100));
    text = (await call("/panel/deal/4")).text.split("<li").find((part) => part.includes(`>${number}<`)) ?? "";
  }
  assert.match(text, /Voided/);
  assert.equal((await invoice(number)).SyncToken, "1", "voided once");
});

test("an act in doubt is not repeated on an invoice that has changed since", { timeout: 60_000 }, async () => {
  const number = await bill(env, US, 9, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const row = (await call("/panel/deal/9")).text
    .replaceAll("&#34;", '"')
    .split("<li")
    .find((part) => part.includes(`>${number}<`));
  const [id, seen] = [capture(/id="invoice-([0-9a-f-]+)"/, row), capture(/"seen": "([^"]+)"/, row)];
  // QuickBooks fails without having done anything; before the next try the customer pays.
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { status: 503 } });
  const pressed = call(`/panel/deal/9/invoices/${id}/void`, { seen });
  await new Promise((go) => setTimeout(go, 500));
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: (await invoice(number)).Id, amount: 100 });
  const answer = await pressed;
  assert.equal(answer.status, 409, answer.text);
  assert.match(answer.text, /has changed in QuickBooks: its status is now “Partially paid”/);
  assert.notEqual((await invoice(number)).TotalAmt, 0);
});

test("an e-mail whose answer is lost is sent once", { timeout: 60_000 }, async () => {
  const number = await bill(env, US, 12, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const row = (await call("/panel/deal/12")).text.split("<li").find((part) => part.includes(`>${number}<`));
  const id = capture(/id="invoice-([0-9a-f-]+)"/, row);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/send", effect: "drop_after" });
  assert.equal((await call(`/panel/deal/12/invoices/${id}/send`, { recipient: "once@cascaderobotics.example" })).status, 200);
  for (let at = 0; at < 100 && !/✓ emailed/.test((await call("/panel/deal/12")).text.split("<li").find((part) => part.includes(`>${number}<`)) ?? ""); at++)
    await new Promise((go) => setTimeout(go, 100));
  await new Promise((go) => setTimeout(go, 3000));
  const outbox = JSON.stringify(await done("/quickbooks/outbox", { realm_id: US.realm }));
  assert.equal(outbox.split('"once@cascaderobotics.example"').length - 1, 1, outbox);
});

test("a form that is pressed twice sends one e-mail; opened anew it sends another", { timeout: 60_000 }, async () => {
  const number = await bill(env, US, 12, CASCADE);
  const { call } = await session(env, "panel", US.company, US.user);
  const id = capture(
    /id="invoice-([0-9a-f-]+)"/,
    (await call("/panel/deal/12")).text.split("<li").find((part) => part.includes(`>${number}<`)),
  );
  const opened = async () => capture(/name="key" value="([^"]+)"/, (await call(`/panel/deal/12/invoices/${id}/recipient`)).text);
  const send = (key) => call(`/panel/deal/12/invoices/${id}/send`, { recipient: "twice@cascaderobotics.example", key });
  const sent = async () => JSON.stringify(await done("/quickbooks/outbox", { realm_id: US.realm })).split('"twice@cascaderobotics.example"').length - 1;
  const key = await opened();
  const answers = [...(await Promise.all([send(key), send(key)])), await send(key)];
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 200],
  );
  assert.equal(await sent(), 1);
  assert.equal((await send(await opened())).status, 200);
  assert.equal(await sent(), 2);
});

test("a history entry whose answer is lost stands once", { timeout: 60_000 }, async () => {
  await done("/faults", { provider: "pipedrive", method: "POST", path: "/notes", effect: "drop_after" });
  const number = await bill(env, US, 10, { ...CASCADE, "lines[0][item]": "10" });
  const created = async () => (await notes(US, 10, 1)).filter((note) => note.includes(`Invoice ${number} created`)).length;
  const writes = async () => (await (await fetch(`${env.CONTROL_URL}/calls`)).json()).filter((call) => /notes/.test(call.path)).length;
  // The first try was carried out and its answer lost; the next one looks before it writes.
  for (let at = 0; at < 150 && (await writes()) < 2; at++) await new Promise((go) => setTimeout(go, 100));
  await new Promise((go) => setTimeout(go, 1500));
  assert.equal(await created(), 1);
});

test("an entry that says the same as an earlier one is a note of its own, also where it has to be sent again", { timeout: 60_000 }, async () => {
  const deal = await roomyDeal(env, US, 10);
  const number = await bill(env, US, deal, { ...CASCADE, "lines[0][item]": "10", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  const { Id: id } = await invoice(number);
  const pay = () => done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id });
  const { Id: payment } = await pay();
  assert.equal((await notes(US, deal, 2)).length, 2);
  await done("/quickbooks/delete", { realm_id: US.realm, entity: "Payment", id: payment });
  assert.equal((await notes(US, deal, 3)).length, 3);
  // The second one is lost on its way: the first stands for another entry.
  await done("/faults", { provider: "pipedrive", method: "POST", path: "/notes", effect: "drop_before" });
  await pay();
  const written = await notes(US, deal, 4, 300);
  assert.deepEqual(
    written.map((note) => /created|is paid|open/.exec(note)?.[0]),
    ["created", "is paid", "open", "is paid"],
    written.join("\n"),
  );
  assert.equal(written[1], written[3]);
});

test("the panels of an organization and a person", { timeout: 120_000 }, async () => {
  const items = (count) => Object.fromEntries(Array.from({ length: count }, (_, line) => [`lines[${line}][item]`, "10"]));
  for (const [deal, lines] of [
    [1, 3],
    [9, 1],
    [12, 2],
  ])
    await billedOnce(env, US, deal, { ...CASCADE, ...items(lines) });
  await as(US, async (page) => {
    await openRecord(page, env, "organization", 404);
    await panel(page).getByText("Not yet due").waitFor();
    const numbers = await panel(page).locator(".number").allTextContents();
    assert.ok(numbers.length >= 3, `invoices of several deals: ${numbers}`);
    await panel(page).getByRole("link", { name: "Cascade Robotics, Inc." }).waitFor();
    await panel(page).getByRole("button", { name: "+ Invoice" }).click();
    await panel(page)
      .getByRole("button", { name: /Film night/ })
      .waitFor();
    // What changes meanwhile does not take the choice away.
    const number = await panel(page).locator(".invoice", { hasText: "Open" }).first().locator(".number").textContent();
    const again = page.waitForResponse((response) => response.url().includes("/panel/organization/404?"));
    await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: (await invoice(number)).Id, amount: 1 });
    await again;
    await page.waitForTimeout(300);
    await panel(page)
      .getByRole("button", { name: /Film night/ })
      .waitFor({ timeout: 1000 });
    await assertAccessible(page, "panel of an organization");
    await picture(page, "panel-organization-en");
    await panel(page)
      .getByRole("button", { name: /Film night/ })
      .click();
    await page.frameLocator("dialog.modal iframe").getByText("Film night").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).first().click();
    // Unlinking asks first; the invoices stay.
    await panel(page).locator("#more").click();
    await panel(page).getByRole("button", { name: "Unlink customer" }).click();
    await page.getByRole("dialog").getByText("Unlink Cascade Robotics, Inc.?").waitFor();
    await confirm(page, "Unlink");
    await panel(page).getByRole("link", { name: "Cascade Robotics, Inc." }).waitFor({ state: "detached" });
    assert.deepEqual(await panel(page).locator(".number").allTextContents(), numbers);
    await openRecord(page, env, "person", 504);
    assert.deepEqual(await panel(page).locator(".number").allTextContents(), numbers);
    await openRecord(page, env, "person", 505);
    await panel(page).getByText("No invoices for this person yet.").waitFor();
    await assertAccessible(page, "empty panel");
  });
});

test("QuickBooks is away: the last known state, marked as such", { timeout: 120_000 }, () =>
  as(MIGUEL, async (page, browser) => {
    await openDeal(page, env, 2);
    await panel(page).locator(".invoice").first().waitFor();
    await control(env, "/faults", { provider: "quickbooks", times: 50, effect: { status: 503 } });
    await panel(page).getByRole("button", { name: "Actualizar" }).click();
    await panel(page)
      .getByRole("alert")
      .getByText(/No se pudo contactar con QuickBooks|últimos conocidos/)
      .first()
      .waitFor();
    assert.ok((await panel(page).locator(".invoice").count()) > 0);
    await picture(page, "panel-away-es");
    await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
    await panel(page).getByRole("button", { name: "Actualizar" }).click();
    await panel(page).getByRole("alert").waitFor({ state: "detached" });
    await panel(page).locator("#read-at").waitFor();
    browser.complaints.length = 0;
  }),
);

/** Pipedrive's API as somebody of a company uses it. */
async function api(who) {
  const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
  return async (method, path, body) => {
    const answer = await fetch(`${env.PIPEDRIVE_API_URL}/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return (await answer.json()).data;
  };
}
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "400", "lines[0][tax_code]": "NON" };

test("deals are merged: what was billed on the one that is gone shows on the one that is left, and is not billed again", { timeout: 120_000 }, async () => {
  const pipedrive = await api(US);
  const org_id = (await pipedrive("POST", "v2/organizations", { name: "Merging and Sons" })).id;
  const other = (await pipedrive("POST", "v2/organizations", { name: "Merging and Daughters" })).id;
  const deal = async (title, org) => (await pipedrive("POST", "v2/deals", { title, org_id: org, value: 1000, currency: "USD" })).id;
  const [gone, left, elsewhere] = [await deal("Twice", org_id), await deal("Twice, again", org_id), await deal("Another name", other)];
  const number = await bill(env, US, gone, LINE);
  await notes(US, gone, 1);
  const shown = async (id) => plain((await (await session(env, "panel", US.company, US.user)).call(`/panel/deal/${id}`)).text);
  await pipedrive("PUT", `v1/deals/${gone}/merge`, { merge_with_id: left });
  assert.match(await shown(left), new RegExp(number));

  // Another organization's deal: then the form finds it.
  await pipedrive("PUT", `v1/deals/${left}/merge`, { merge_with_id: elsewhere });
  assert.equal((await openForm(env, US, elsewhere)).fields["lines[0][unit_price]"], "600", "what is left of the deal");
  assert.match(await shown(elsewhere), new RegExp(number));
});

for (const [name, kind, plural, member] of [
  ["organizations are merged: invoices and customer go along", "organization", "organizations", "org_id"],
  ["persons are merged: invoices and customer go along", "person", "persons", "person_id"],
]) {
  test(name, { timeout: 120_000 }, async () => {
    const pipedrive = await api(US);
    const made = async (name) => (await pipedrive("POST", `v2/${plural}`, { name })).id;
    const [gone, left] = [await made(`Old ${kind}`), await made(`New ${kind}`)];
    const deal = (await pipedrive("POST", "v2/deals", { title: `Of a merged ${kind}`, [member]: gone, value: 1000, currency: "USD" })).id;
    const number = await bill(env, US, deal, LINE);
    const shown = async (id) => plain((await (await session(env, "panel", US.company, US.user)).call(`/panel/${kind}/${id}`)).text);
    assert.doesNotMatch(await shown(left), new RegExp(number));
    await pipedrive("PUT", `v1/${plural}/${gone}/merge`, { merge_with_id: left });
    assert.match(await shown(left), new RegExp(number));
    assert.equal((await openForm(env, US, deal)).fields.customer, CASCADE.customer);

    // Another deal that is given to them by hand brings its invoices, and not its customer.
    const [stays, third] = [await made(`Third ${kind}`), await made(`Fourth ${kind}`)];
    const moved = (await pipedrive("POST", "v2/deals", { title: `Given away by a ${kind}`, [member]: stays, value: 1000, currency: "USD" })).id;
    const second = await bill(env, US, moved, LINE);
    await pipedrive("PATCH", `v2/deals/${moved}`, { [member]: third });
    assert.match(await shown(third), new RegExp(second));
    assert.doesNotMatch(await shown(stays), new RegExp(second));
    assert.equal((await openForm(env, US, moved)).fields.customer, "");
  });
}
