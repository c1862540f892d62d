// Invoices on the deal, panels and freshness, in a real browser against both sandboxes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, billedOnce, control, installed, redirectOf } from "./http.mjs";
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
    assert.match(plain(await panel(page).locator(".figures").textContent()), /Overdue\s*\$[\d,.]+\s*Paid\s*\$50\.00/);
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
