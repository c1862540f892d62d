// From installing to a paid invoice in a real browser: for a Brazilian company in Portuguese, and for an American one in English.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { assertAccessible, openBrowser, picture, plain } from "./browser.mjs";
import { installed } from "./http.mjs";
import { US } from "./people.mjs";
import { form, install, menu, openDeal, panel, quickbooks, settings, signIn } from "./story.mjs";

/** @type {import("../scripts/stack.mjs").Stack} */
let stack;
/** @type {string} */
let dir;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-e2e-"));
  stack = await start({ dir });
});
after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function inBrowser(language, story) {
  const browser = await openBrowser(language, stack.env.FATURA_URL);
  try {
    await story(browser.page, browser);
    assert.deepEqual(browser.complaints, [], "the browser's console");
    assert.deepEqual(await browser.leaks(), [], "what pages asked of others, or kept in the browser");
  } catch (error) {
    await picture(browser.page, `failed-${language}`).catch(() => undefined);
    throw error;
  } finally {
    await browser.close();
  }
}

const iso = (date) => date.toISOString().slice(0, 10);
const plusDays = (day, days) => iso(new Date(Date.parse(day) + days * 86_400_000));

/** Compares the invoice in QuickBooks with the expected one, field by field. */
function assertInvoice(invoice, expected) {
  const lines = invoice.Line.filter((line) => line.DetailType === "SalesItemLineDetail").map((line) => ({
    item: line.SalesItemLineDetail.ItemRef.name,
    quantity: line.SalesItemLineDetail.Qty,
    price: line.SalesItemLineDetail.UnitPrice,
    amount: line.Amount,
    tax: line.SalesItemLineDetail.TaxCodeRef.value,
  }));
  assert.deepEqual(
    {
      customer: invoice.CustomerRef.name,
      currency: invoice.CurrencyRef.value,
      lines,
      tax: invoice.TxnTaxDetail.TotalTax,
      total: invoice.TotalAmt,
      balance: invoice.Balance,
      due: invoice.DueDate,
      email: invoice.BillEmail.Address,
    },
    { ...expected, balance: expected.total },
  );
}

test("a Brazilian company, in Portuguese", { timeout: 180_000 }, () =>
  inBrowser("pt-BR", async (page) => {
    const { env } = stack;
    await signIn(page, env, "Ana Souza");
    await install(page, env, { quickbooksUser: "Renata Prado", quickbooksCompany: "Aurora Soluções", words: { install: "Instalar", connect: "Conectar" } });

    // Settings: the defaults, and a custom field for the tax ID.
    const preferences = settings(page);
    await preferences.getByText("Conectado a Aurora Soluções (BR, BRL)").waitFor();
    assert.equal(await preferences.locator("#to").inputValue(), "Organização – Nome");
    assert.equal(await preferences.locator("#address").inputValue(), "Organização – Endereço");
    assert.equal(await preferences.locator("#email").inputValue(), "Pessoa – E-mail");
    assert.equal(await preferences.locator("#tax_id").inputValue(), "");
    await preferences.locator("#tax_id").fill("org cnpj");
    await preferences.getByRole("option", { name: "Organização – CNPJ" }).click();
    await preferences.getByRole("button", { name: "Salvar" }).click();
    await page.getByText("Configurações salvas").waitFor();
    await page.reload();
    await preferences.locator("form").waitFor();
    assert.equal(await preferences.locator("#tax_id").inputValue(), "Organização – CNPJ");
    await assertAccessible(page, "settings");
    await picture(page, "settings-pt");

    // The form is filled in from the deal.
    await openDeal(page, env, 1);
    await panel(page).getByText("Nenhuma fatura neste negócio.").waitFor();
    await panel(page).getByRole("button", { name: "+ Fatura" }).click();
    const invoice = form(page);
    await invoice.locator("#create").waitFor();
    const value = (id) => invoice.locator(`#${id}`).inputValue();
    assert.deepEqual(await Promise.all(["to", "email", "tax_id", "street", "city", "state", "postal_code"].map(value)), [
      "Oceano Azul Importadora Ltda.",
      "marina@oceanoazul.example",
      "12.345.678/0001-95",
      "Rua do Comércio, 55",
      "Santos",
      "SP",
      "11010-141",
    ]);
    const issued = await value("issued");
    assert.equal(await value("due"), plusDays(issued, 7));
    await assertAccessible(page, "form");
    await picture(page, "form-pt");

    // Create with missing values names each at its field, and the input stays.
    assert.equal(await invoice.locator("#create").getAttribute("aria-disabled"), "true");
    await invoice.getByRole("button", { name: "Criar fatura" }).click({ force: true });
    await invoice.getByRole("alert").getByText("Escolha um cliente no QuickBooks").waitFor();
    assert.equal(await invoice.locator("#customer_name").getAttribute("aria-invalid"), "true");

    // Totals follow the input; everything is done by keyboard.
    assert.equal(plain(await invoice.locator("#total").textContent()), "R$ 12.339,23");
    await invoice.locator("#lines-2-quantity").fill("6");
    await invoice.locator("#total", { hasText: "12.507,23" }).waitFor();
    await invoice.locator("#lines-2-quantity").fill("5,5");
    await invoice.locator("#total", { hasText: "12.339,23" }).waitFor();

    // Create the customer, by keyboard, and the invoice; a double click makes one invoice.
    await invoice.locator("#customer_name").fill("Oceano Azul Importadora Ltda.");
    await invoice.getByRole("option", { name: "Criar “Oceano Azul Importadora Ltda.”" }).waitFor();
    await invoice.locator("#customer_name").press("ArrowDown");
    await invoice.locator("#customer_name").press("Enter");
    assert.equal(await invoice.locator("input[name=customer]").inputValue(), "new");
    await invoice.getByRole("button", { name: "Criar fatura" }).dblclick();
    await page.locator(".snackbar", { hasText: "Fatura 2001 criada" }).waitFor();

    // It is on the deal, with the badge Open.
    const row = panel(page).locator(".invoice");
    await row.getByText("Em aberto").waitFor();
    assert.equal(await row.count(), 1);
    assert.match(plain(await row.textContent()), /2001.*Em aberto.*R\$ 12\.339,23.*Oceano Azul/s);
    await assertAccessible(page, "panel");
    await page.locator(".snackbar").waitFor({ state: "detached" });
    await picture(page, "deal-pt");

    // In QuickBooks it has the confirmed values, to the cent and the day.
    const query = await quickbooks(env, "9341452200000002");
    const { Invoice: found } = await query("select * from Invoice");
    assert.equal(found.length, 1);
    assertInvoice(found[0], {
      customer: "Oceano Azul Importadora Ltda.",
      currency: "BRL",
      email: "marina@oceanoazul.example",
      lines: [
        { item: "Sensor de vazão", quantity: 12, price: 555.525, amount: 6666.3, tax: "3" },
        { item: "Instalação em campo", quantity: 2, price: 1250, amount: 2500, tax: "2" },
        { item: "Consultoria fiscal", quantity: 5.5, price: 320, amount: 1760, tax: "2" },
      ],
      tax: 1412.93,
      total: 12339.23,
      due: plusDays(issued, 7),
    });
    const {
      Customer: [customer],
    } = await query("select * from Customer where DisplayName = 'Oceano Azul Importadora Ltda.'");
    assert.equal(customer.BillAddr.City, "Santos");
    assert.match(customer.PrimaryTaxIdentifier, /^X+01-95$/);

    // Open in QuickBooks opens this invoice; a payment there appears on the panel without a reload.
    const [tab] = await Promise.all([
      page.context().waitForEvent("page"),
      (await menu(page, "2001")).getByRole("link", { name: "Abrir no QuickBooks" }).click(),
    ]);
    await tab.getByRole("heading", { name: "Invoice 2001" }).waitFor();
    await tab.getByLabel("Receive payment").fill("2339.23");
    await tab.getByRole("button", { name: "Save" }).click();
    await tab.getByText("10000.00").waitFor();
    await tab.close();
    await row.getByText("Parcialmente paga").waitFor();
    assert.match(plain(await row.textContent()), /saldo de R\$ 10\.000,00/);

    // The next form has the linked customer, and what remains of the deal.
    await panel(page).getByRole("button", { name: "+ Fatura" }).click();
    await invoice.getByText("Este negócio já foi totalmente faturado: R$ 10.926,30 de R$ 10.926,30 (1 fatura, sem imposto).").waitFor();
    assert.equal(await invoice.locator("#customer_name").inputValue(), "Oceano Azul Importadora Ltda.");
  }),
);

test("an American company, in English", { timeout: 180_000 }, () =>
  inBrowser("en-US", async (page) => {
    const { env } = stack;
    await signIn(page, env, "Dana Whitfield");
    await install(page, env, { quickbooksUser: "Dana Whitfield", quickbooksCompany: "Oak Street Catering", words: { install: "Install", connect: "Connect" } });
    await settings(page).getByText("Connected to Oak Street Catering (US, USD)").waitFor();
    await settings(page).getByRole("button", { name: "Save" }).click();
    await page.getByText("Settings saved").waitFor();

    // An existing customer, picked from the list; the switch to dark reaches the open page.
    await openDeal(page, env, 2);
    await page.getByLabel("Theme").selectOption("dark");
    assert.equal(await panel(page).locator("html").getAttribute("data-theme"), "dark");
    await panel(page).getByRole("button", { name: "+ Invoice" }).click();
    const invoice = form(page);
    await invoice.locator("#create").waitFor();
    assert.equal(plain(await invoice.locator("#total").textContent()), "$2,347.92");
    await invoice.locator("#customer_name").fill("cascade");
    await invoice.getByRole("option", { name: /Cascade Robotics, Inc\./ }).click();
    const issued = await invoice.locator("#issued").inputValue();
    await assertAccessible(page, "form, dark");
    await picture(page, "form-en-dark");
    await invoice.getByRole("button", { name: "Create invoice" }).click();
    await page.locator(".snackbar", { hasText: "Invoice 1038 created" }).waitFor();
    await panel(page).locator(".invoice").getByText("Open", { exact: true }).waitFor();
    await page.locator(".snackbar").waitFor({ state: "detached" });
    await assertAccessible(page, "panel, dark");
    await picture(page, "deal-en-dark");

    const query = await quickbooks(env, "9341452200000001");
    const { Invoice: found } = await query("select * from Invoice where DocNumber = '1038'");
    assert.equal(found.length, 1);
    assertInvoice(found[0], {
      customer: "Cascade Robotics, Inc.",
      currency: "USD",
      email: "tom@cascaderobotics.example",
      lines: [
        { item: "Banquet buffet", quantity: 1, price: 1850, amount: 1850, tax: "TAX" },
        { item: "Coffee service", quantity: 48, price: 6.75, amount: 324, tax: "TAX" },
      ],
      tax: 173.92,
      total: 2347.92,
      due: plusDays(issued, 7),
    });
  }),
);

test("a crash right after Create leaves exactly one invoice", { timeout: 180_000 }, () =>
  inBrowser("en-US", async (page, browser) => {
    const { env } = stack;
    await installed(env, US);
    await signIn(page, env, "Dana Whitfield");
    await openDeal(page, env, 7);
    await panel(page).getByRole("button", { name: "+ Invoice" }).click();
    const invoice = form(page);
    await invoice.locator("#create").waitFor();
    await invoice.locator("#customer_name").fill("cascade");
    await invoice.getByRole("option", { name: /Cascade Robotics, Inc\./ }).click();
    const query = await quickbooks(env, "9341452200000001");
    const count = async () => (await query("select count(*) from Invoice")).totalCount;
    const before = await count();
    // QuickBooks makes the invoice and delays its answer; the service is killed in that time.
    const body = JSON.stringify({ provider: "quickbooks", method: "POST", path: "/invoice", effect: { delay_after: 4000 } });
    await fetch(`${env.CONTROL_URL}/faults`, { method: "POST", headers: { "content-type": "application/json" }, body });
    await invoice.getByRole("button", { name: "Create invoice" }).click();
    for (let at = 0; at < 100 && (await count()) === before; at++) await new Promise((go) => setTimeout(go, 50));
    assert.equal(await count(), before + 1);
    await stack.killFatura();
    await stack.startFatura();
    await openDeal(page, env, 7);
    await panel(page).locator(".invoice").waitFor();
    for (let at = 0; at < 30 && !(await panel(page).locator(".invoice").getByText("Open", { exact: true }).count()); at++) {
      await page.waitForTimeout(1000);
      await openDeal(page, env, 7);
      await panel(page).locator(".invoice").waitFor();
    }
    const {
      Invoice: [made],
    } = await query("select * from Invoice orderby Id desc maxresults 1");
    assert.match(plain(await panel(page).locator(".invoice").textContent()), new RegExp(`${made.DocNumber}.*Open`, "s"));
    assert.equal(await panel(page).locator(".invoice").count(), 1);
    assert.equal(await count(), before + 1, "exactly one more invoice in QuickBooks");
    browser.complaints.length = 0; // the killed service's connections
  }),
);
