// The invoice form in a real browser: every part of it, against both sandboxes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, capture, create, installed, openForm, roomyDeal, session, unseen } from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, openDeal, panel, quickbooks } from "./story.mjs";

/** @import { Who } from "./people.mjs" */
/** @import { FrameLocator } from "playwright-core" */
/** @import { Browser, Page } from "./browser.mjs" */

const {
  env,
  done,
  as: signedIn,
} = scene("form", async (env) => {
  await done("/quickbooks/preferences", {
    realm_id: US.realm,
    preferences: {
      SalesFormsPrefs: { CustomTxnNumbers: true, ETransactionPaymentEnabled: true },
      AccountingInfoPrefs: { BookCloseDate: "2026-03-31" },
    },
  });
  await Promise.all([installed(env, BR), installed(env, US)]);
  await installed(env, MIGUEL);
});

/** On a deal, with the form open.
 * @param {Who} who
 * @param {number} deal
 * @param {(invoice: FrameLocator, page: Page, browser: Browser) => Promise<unknown>} story */
const as = (who, deal, story) =>
  signedIn(who, async (page, browser) => {
    await openDeal(page, env, deal);
    await panel(page).locator("button.go").click();
    await form(page).locator("#create").waitFor();
    await story(form(page), page, browser);
  });

const created = async (/** @type {FrameLocator} */ invoice, /** @type {Page} */ page) => {
  await invoice.locator("#create").click();
  const note = page.locator(".snackbar");
  await note.waitFor();
  return capture(/(?:Invoice|Fatura|Factura) (\S+)/, await note.textContent());
};
/** Fills in the whole deal, whatever was billed of it. */
const whole = async (/** @type {FrameLocator} */ invoice) => {
  await invoice.locator("[data-part=all]").click();
  await invoice.locator("#lines-0-item").waitFor();
};
/** Bills more than the deal's value: the question is confirmed. */
const confirmed = async (invoice, page) => {
  await invoice.locator("#create").click();
  await invoice.locator("[data-confirm-create]").click();
  const note = page.locator(".snackbar");
  await note.waitFor();
  return capture(/(?:Invoice|Fatura|Factura) (\S+)/, await note.textContent());
};
const inBooks = async (who, number) => {
  const { Invoice } = await (await quickbooks(env, who.realm))(`select * from Invoice where DocNumber = '${number}'`);
  assert.equal(Invoice?.length, 1, `one invoice ${number}`);
  return Invoice[0];
};
const choose = async (invoice, name) => {
  await invoice.locator("#customer_name").fill(name.slice(0, 7));
  await invoice.getByRole("option", { name }).click();
};
const total = async (invoice, text) => invoice.locator("#total", { hasText: text }).waitFor();

test("customers are suggested with a reason, a colon is replaced, and a taken name is refused at its field", { timeout: 120_000 }, async () => {
  await as(BR, 2, async (invoice, page) => {
    // Same tax ID, name and e-mail: the best reason is shown.
    await invoice.locator("#customer_name").click();
    const best = invoice.getByRole("option").first();
    await best.waitFor();
    assert.match((await best.textContent()) ?? "", /Café do Porto Torrefação Ltda\..*(mesmo nome|mesma identificação fiscal)/s);
    await picture(page, "form-customers-pt");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("dialog.modal").count(), 1, "Escape closes the list, not the form");
  });
  await as(BR, 6, async (invoice, page) => {
    await invoice.locator("#customer_name").fill("Vinícola Serra: Filial Sul");
    await invoice.getByRole("option", { name: "Criar “Vinícola Serra - Filial Sul”" }).click();
    await invoice.locator("#lines-1-tax_code").selectOption({ label: "Isento" });
    const made = await inBooks(BR, await created(invoice, page));
    assert.equal(made.CustomerRef.name, "Vinícola Serra - Filial Sul");
  });
  await as(BR, 5, async (invoice) => {
    // A supplier has the name: QuickBooks refuses it at its field, and the input stays.
    await invoice.locator("#memo").fill("fica aqui");
    await invoice.locator("#customer_name").fill("Papelaria Central");
    await invoice.getByRole("option", { name: "Criar “Papelaria Central”" }).click();
    await invoice.locator("#create").click();
    await invoice.locator("#customer_name-error").getByText("já tem um cliente, fornecedor ou funcionário com este nome").waitFor();
    assert.equal(await invoice.locator("#memo").inputValue(), "fica aqui");
    await choose(invoice, "Padaria Três Irmãos");
  });
});

test("Update customer shows the differences, and writes them only when ticked", { timeout: 120_000 }, async () => {
  const customer = async () => {
    const {
      Customer: [{ PrimaryEmailAddr, BillAddr, SyncToken }],
    } = await (await quickbooks(env, US.realm))("select * from Customer where Id = '2'");
    return { PrimaryEmailAddr, BillAddr, SyncToken };
  };
  const before = await customer();
  await as(US, 8, async (invoice, page) => {
    await choose(invoice, "Harbor & Pine Hotels");
    await invoice.locator("#email").fill("payables@harborpine.example");
    await invoice.locator(".changes").getByText("payables@harborpine.example").waitFor();
    assert.match(plain(await invoice.locator(".changes").textContent()), /Email ap@harborpine\.example → payables@harborpine\.example/);
    await picture(page, "form-update-customer-en");
    await created(invoice, page);
  });
  assert.deepEqual(await customer(), before, "not ticked: nothing is sent");
  await as(US, 8, async (invoice, page) => {
    await whole(invoice);
    await invoice.locator("#email").fill("payables@harborpine.example");
    await invoice.locator("#city").fill("Salem");
    await invoice.locator(".changes li").nth(1).waitFor();
    await invoice.locator("#update_customer").check();
    await confirmed(invoice, page);
  });
  const now = await customer();
  assert.equal(now.PrimaryEmailAddr.Address, "payables@harborpine.example");
  assert.equal(now.BillAddr.City, "Salem");
  assert.equal(now.SyncToken, String(Number(before.SyncToken) + 1), "written once");
});

test("filled fields name their source in Pipedrive, and empty ones link to the record", { timeout: 120_000 }, () =>
  as(BR, 3, async (invoice, page) => {
    const source = (id) => invoice.locator(`.field:has(#${id}) [data-source]`);
    assert.equal(await source("to").textContent(), "de Organização – Nome");
    assert.equal(await source("street").textContent(), "de Organização – Endereço");
    assert.equal(await source("email").textContent(), "de Pessoa – E-mail");
    assert.equal(await source("tax_id").count(), 0, "no field is chosen for it");
    await picture(page, "form-sources-pt");
    // A value that is typed over has no source any more; the parts of an address have one source together.
    await invoice.locator("#city").fill("Niterói");
    assert.equal(await source("street").count(), 0);
    await invoice.locator("#email").fill("outra@pessoa.example");
    assert.equal(await source("email").count(), 0);
    assert.equal(await source("to").count(), 1);
  }),
);

test("a form field says that its source in Pipedrive is empty", { timeout: 120_000 }, () =>
  as(BR, 6, async (invoice, page) => {
    const empty = invoice.locator(".field:has(#email) [data-source]");
    assert.equal(await empty.textContent(), "Vazio no Pipedrive: Pessoa – E-mail");
    const opened = page.context().waitForEvent("page");
    await empty.getByRole("link").click();
    assert.match((await opened).url(), /\/person\/206$/);
  }),
);

test("the form links to the linked customer's page in QuickBooks, and can unlink the customer", { timeout: 120_000 }, async () => {
  assert.ok(await bill(env, US, 7, CASCADE));
  await as(US, 7, async (invoice, page) => {
    const linked = invoice.locator("#customer-linked");
    assert.equal(await invoice.locator("#customer_name").inputValue(), "Cascade Robotics, Inc.");
    const opened = page.context().waitForEvent("page");
    await linked.getByRole("link", { name: "Open in QuickBooks" }).click();
    assert.match((await opened).url(), /customerdetail.*3$/);
    await (await opened).close();
    // Another customer is chosen: it has a page, and is not the linked one.
    await choose(invoice, "Harbor & Pine Hotels");
    await linked.locator("#unlink").waitFor({ state: "detached" });
    await linked.getByRole("link").waitFor();
    await choose(invoice, "Cascade Robotics, Inc.");
    await invoice.locator("#memo").fill("stays");
    await linked.locator("#unlink").click();
    const dialogue = page.getByRole("dialog").last();
    await dialogue.getByText("Unlink Cascade Robotics, Inc.?").waitFor();
    await dialogue.getByRole("button", { name: "Unlink", exact: true }).click();
    await linked.getByRole("link").waitFor({ state: "detached" });
    assert.equal(await invoice.locator("#customer_name").inputValue(), "");
    assert.equal(await invoice.locator("#memo").inputValue(), "stays");
    await assertAccessible(page, "form without a customer");
  });
  const { call } = await session(env, "panel", US.company, US.user);
  assert.doesNotMatch((await call("/panel/deal/7")).text, /class="customer"/);
  await (await session(env, "form", US.company, US.user)).call("/deals/7/form/discard", {});
});

test("the term sets the due date, and a date set by hand stays", { timeout: 120_000 }, () =>
  as(US, 3, async (invoice) => {
    const due = invoice.locator("#due");
    await invoice.locator("#issued").fill("2026-12-01");
    await invoice.locator("#long-due", { hasText: "December 8, 2026" }).waitFor();
    assert.equal(await due.inputValue(), "2026-12-08");
    await due.fill("2026-12-31");
    await invoice.getByRole("button", { name: "Edited – use the payment terms" }).waitFor();
    await invoice.locator("#issued").fill("2026-12-02");
    await invoice.locator("#long-issued", { hasText: "December 2, 2026" }).waitFor();
    assert.equal(await due.inputValue(), "2026-12-31");
    await invoice.getByRole("button", { name: "Edited – use the payment terms" }).click();
    await invoice.locator("#long-due", { hasText: "December 9, 2026" }).waitFor();
    assert.equal(await due.inputValue(), "2026-12-09");
    await due.fill("2026-11-30");
    await invoice.locator("#due-error").getByText("before the issue date").waitFor();
  }),
);

test("closed books, a foreign currency and a missing item are reported before sending", { timeout: 120_000 }, () =>
  as(US, 6, async (invoice, page) => {
    await invoice.locator("#issued").fill("2026-03-31");
    await invoice.locator("#issued-error").getByText("The books are closed through March 31, 2026").waitFor();
    await invoice.locator("#issued").fill("2026-11-20");
    await choose(invoice, "Cascade Robotics, Inc.");
    await invoice.locator("#currency-error").getByText("This customer is billed in USD.").waitFor();
    await invoice.locator("#lines-0-item").focus();
    await page.keyboard.press("Tab");
    await invoice.locator("#lines-0-item-error").getByText("choose a QuickBooks item").waitFor();
    assert.match((await invoice.locator("#missing").textContent()) ?? "", /2 things to do/);
    assert.equal(await invoice.locator("#create").getAttribute("aria-disabled"), "true");
    await assertAccessible(page, "form with errors");
    await picture(page, "form-errors-en");
    await invoice
      .locator("#missing")
      .getByRole("link", { name: /choose a QuickBooks item/ })
      .click();
    assert.equal(await invoice.locator("#lines-0-item").evaluate((field) => field === document.activeElement), true);
  }),
);

test("with custom invoice numbers the next one is proposed, and a taken one is refused before sending", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    const proposed = await invoice.locator("#number").inputValue();
    assert.match(proposed, /^\d+$/);
    await choose(invoice, "O'Brien Family Dentistry");
    await invoice.locator("#number").fill("1037");
    const calls = async () =>
      (await (await fetch(`${env.CONTROL_URL}/calls`)).json()).filter((call) => call.method === "POST" && /invoice/.test(call.path)).length;
    const before = await calls();
    await invoice.locator("#create").click();
    await invoice.locator("#number-error").getByText("This invoice number is already in use.").waitFor();
    assert.equal(await calls(), before, "nothing was sent");
    await invoice.locator("#number").fill(proposed);
    assert.equal(await created(invoice, page), proposed);
  }),
);

test("lines are added, moved, duplicated, removed, restored and pasted, also by keyboard", { timeout: 120_000 }, () =>
  as(US, 5, async (invoice, page) => {
    const names = () => invoice.locator("tbody [role=combobox]").evaluateAll((/** @type {HTMLInputElement[]} */ fields) => fields.map((field) => field.value));
    assert.equal((await names()).length, 2);
    await invoice.getByRole("button", { name: "Add a line" }).click();
    await invoice.locator("#lines-2-item").pressSequentially("staff");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal((await names())[2], "Event staff");
    await invoice.locator("#lines-2-quantity").fill("4");
    await invoice.locator("#lines-2-unit_price").fill("42.5");
    await invoice.locator("#amount-2", { hasText: "$170.00" }).waitFor();
    const act = async (at, name) => {
      await invoice.locator(`tbody tr:nth-child(${at + 1}) .dots`).click();
      await invoice
        .locator(`tbody tr:nth-child(${at + 1}) .menu`)
        .getByRole("button", { name })
        .click();
    };
    const [first, second] = await names();
    await act(2, "Move up");
    assert.deepEqual(await names(), [first, "Event staff", second]);
    await act(1, "Duplicate");
    assert.deepEqual(await names(), [first, "Event staff", "Event staff", second]);
    await act(0, "Remove this line");
    assert.deepEqual(await names(), ["Event staff", "Event staff", second]);
    await invoice.getByRole("button", { name: "Undo" }).click();
    assert.deepEqual(await names(), [first, "Event staff", "Event staff", second]);
    // Enter moves down, and adds a row after the last one.
    await invoice.locator("#lines-3-quantity").press("Enter");
    assert.equal((await names()).length, 5);
    assert.equal(await invoice.locator("#lines-4-quantity").evaluate((field) => field === document.activeElement), true);
    // Pasted cells fill cells.
    await invoice.locator("#lines-3-quantity").evaluate((field) => {
      const data = new DataTransfer();
      data.setData("text/plain", "2\t10.5\n3\t20");
      field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    assert.equal(await invoice.locator("#lines-3-unit_price").inputValue(), "10.5");
    assert.equal(await invoice.locator("#lines-4-quantity").inputValue(), "3");
    await picture(page, "form-lines-en");
    await assertAccessible(page, "form with many lines");
  }),
);

test("the sums follow the discount on the total and the tax mode while they are edited", { timeout: 120_000 }, () =>
  as(BR, 9, async (invoice, page) => {
    await choose(invoice, "Instituto Jequitibá");
    await invoice.locator("#lines-0-tax_code").selectOption({ label: "ICMS 18%" });
    await total(invoice, "2.314,92");
    await invoice.locator("#discount").fill("10");
    await total(invoice, "2.083,43");
    await invoice.locator("#tax_mode").selectOption({ label: "Imposto incluso" });
    await total(invoice, "1.765,62");
    await invoice.locator("#tax_mode").selectOption({ label: "Sem imposto" });
    await total(invoice, "1.765,62");
    await invoice.locator("#discount").fill("");
    await invoice.locator("#tax_mode").selectOption({ label: "Imposto incluso" });
    await total(invoice, "1.961,80");
    const made = await inBooks(BR, await created(invoice, page));
    assert.deepEqual([made.GlobalTaxCalculation, made.TotalAmt, made.TxnTaxDetail.TotalTax], ["TaxInclusive", 1961.8, 299.26]);
  }),
);

test("presets, CC addresses, custom fields and online payment reach QuickBooks", { timeout: 120_000 }, async () => {
  const { call } = await session(env, "settings", US.company, US.user);
  const saved = await call("/settings/save", {
    "mapping[to]": "organization.name",
    "mapping[address]": "organization.address",
    "mapping[email]": "person.email",
    term: "days",
    days: "7",
    "presets[0][name]": "Retainer",
    "presets[0][message]": "Thank you for your trust.",
    "presets[0][term]": "days",
    "presets[0][days]": "30",
    "presets[0][cc]": "books@oakstreet.example",
    "presets[0][online_payment]": "on",
    "presets[0][custom][1]": "Crew 7",
  });
  assert.equal(saved.status, 200, saved.text);
  await as(US, 10, async (invoice, page) => {
    await choose(invoice, "Freeman Sporting Goods");
    await invoice.locator("#lines-0-item").fill("Serv");
    await invoice.getByRole("option", { name: "Services" }).click();
    await invoice.locator("#issued").fill("2026-12-01");
    await invoice.locator("#preset").selectOption("Retainer");
    await invoice.locator("#message", { hasText: "Thank you for your trust." }).waitFor();
    assert.equal(await invoice.locator("#due").inputValue(), "2026-12-31");
    assert.equal(await invoice.locator("#cc").inputValue(), "books@oakstreet.example");
    assert.match((await invoice.locator("#preset + small").textContent()) ?? "", /The layout is the one set in QuickBooks/);
    const made = await inBooks(US, await created(invoice, page));
    assert.equal(made.CustomerMemo.value, "Thank you for your trust.");
    assert.equal(made.BillEmailCc.Address, "books@oakstreet.example");
    assert.equal(made.DueDate, "2026-12-31");
    assert.equal(made.AllowOnlineCreditCardPayment, true);
    assert.equal(made.CustomField.find((field) => field.DefinitionId === "1").StringValue, "Crew 7");
  });
});

test("leaving the form asks first, reopening restores the draft, and starting over discards it", { timeout: 120_000 }, () =>
  as(MIGUEL, 9, async (invoice, page) => {
    await invoice.locator("#memo").fill("para después");
    await page.waitForTimeout(500);
    await invoice.getByRole("button", { name: "Cancelar" }).click();
    const dialogue = page.getByRole("dialog").filter({ hasText: "¿Cerrar el formulario?" });
    await dialogue.getByRole("button", { name: "Seguir editando" }).click();
    await invoice.getByRole("button", { name: "Cancelar" }).click();
    await dialogue.getByRole("button", { name: "Cerrar", exact: true }).click();
    await page.locator("dialog.modal").waitFor({ state: "detached" });
    await panel(page).locator("button.go").click();
    await invoice.getByText("Borrador recuperado").waitFor();
    assert.equal(await invoice.locator("#memo").inputValue(), "para después");
    await invoice.getByRole("button", { name: "Empezar de nuevo desde el trato" }).click();
    await invoice.getByText("Borrador recuperado").waitFor({ state: "detached" });
    assert.equal(await invoice.locator("#memo").inputValue(), "");
  }),
);

test("in a narrow window nothing is cut off, and the form can be used by keyboard alone", { timeout: 120_000 }, () =>
  as(MIGUEL, 2, async (invoice, page) => {
    await page.setViewportSize({ width: 420, height: 900 });
    const { scroll, client } = await invoice
      .locator("body")
      .evaluate((body) => ({ scroll: body.ownerDocument.documentElement.scrollWidth, client: body.ownerDocument.documentElement.clientWidth }));
    assert.ok(scroll <= client, `${scroll} > ${client}`);
    await picture(page, "form-narrow-es");
    await page.setViewportSize({ width: 1360, height: 960 });
    // The focus is on the first field to decide on.
    assert.equal(await invoice.locator("#customer_name").evaluate((field) => field === document.activeElement), true);
    await page.keyboard.type("cascade");
    await invoice.locator("#customers [role=option]:visible", { hasText: "Cascade Robotics, Inc." }).waitFor();
    await page.waitForTimeout(400);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await invoice.locator("input[name=customer]").inputValue(), "3");
    const note = page.locator(".snackbar");
    await invoice.locator("#create[aria-disabled=false]").waitFor();
    await page.keyboard.press("Control+Enter");
    await note.waitFor();
    assert.match((await note.textContent()) ?? "", /Factura \S+ creada/);
  }),
);

test("an option that is pressed is chosen, even if a response replaces the list before the mouse button is released", { timeout: 120_000 }, () =>
  as(US, 2, async (invoice, page) => {
    const field = invoice.locator("#customer_name");
    const held = new Promise((reached) => page.context().route("**/customers/search", reached));
    await field.fill("Cascade");
    const option = invoice.locator("#customers [role=option]:visible", { hasText: "Cascade Robotics, Inc." });
    await option.hover();
    const answer = await held;
    const shown = await option.elementHandle();
    await page.mouse.down();
    await answer.continue();
    while (await shown.evaluate((element) => element.isConnected));
    await page.mouse.up();
    assert.equal(await invoice.locator("input[name=customer]").inputValue(), "3");
    assert.equal(await field.inputValue(), "Cascade Robotics, Inc.");
    await option.waitFor({ state: "hidden" });
  }),
);

test("the selected option stays selected if a response replaces the list, and Enter chooses it without posting the form", { timeout: 120_000 }, () =>
  as(US, 2, async (invoice, page) => {
    const field = invoice.locator("#customer_name");
    const held = new Promise((reached) => page.context().route("**/customers/search", reached, { times: 1 }));
    await field.fill("Cascade");
    const option = invoice.locator("#customers [role=option]:visible", { hasText: "Cascade Robotics, Inc." });
    await option.waitFor();
    const answer = await held;
    const shown = await option.elementHandle();
    while ((await shown.getAttribute("aria-selected")) !== "true") await page.keyboard.press("ArrowDown");
    await answer.continue();
    while (await shown.evaluate((element) => element.isConnected));
    await page.keyboard.press("Enter");
    assert.equal(await invoice.locator("input[name=customer]").inputValue(), "3");
    assert.equal(await field.inputValue(), "Cascade Robotics, Inc.");
    // No option matches: Enter does not press *Create*.
    await field.fill("zzz");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(500);
    assert.equal(await invoice.locator("[data-errors]").count(), 0);
  }),
);

test("offline, the page says so, loses nothing, and continues when the network is back", { timeout: 120_000 }, () =>
  as(US, 9, async (invoice, page, browser) => {
    await browser.context.setOffline(true);
    await invoice.locator("#memo").fill("written on a train");
    await invoice.getByText("Could not reach Fatura.").waitFor();
    await invoice.locator("#create").click({ force: true });
    assert.equal(await invoice.locator("#memo").inputValue(), "written on a train");
    await browser.context.setOffline(false);
    await invoice.locator("#memo").fill("written on a train, sent from the station");
    await invoice.getByText("Could not reach Fatura.").waitFor({ state: "hidden" });
    await choose(invoice, "Freeman Sporting Goods");
    await created(invoice, page);
    // The browser logs the cut connections; the page has no error of its own.
    const cut = browser.complaints.splice(0);
    assert.ok(cut.length > 0 && cut.every((complaint) => complaint.startsWith("Failed to load resource: net::")), cut.join("\n"));
  }),
);

test("the form can be posted without the page's script", { timeout: 120_000 }, () =>
  as(US, 12, async (invoice, page) => {
    await choose(invoice, "Cascade Robotics, Inc.");
    await invoice.locator("#due").fill("2026-01-01");
    await page.waitForTimeout(400);
    // The browser's own behaviour when no script handles the press.
    const post = () => invoice.locator("#invoice-form").evaluate((element) => HTMLFormElement.prototype.submit.call(element));
    await post();
    await invoice.getByRole("alert").getByText("The due date is before the issue date.").waitFor();
    assert.equal(await invoice.locator("#customer_name").inputValue(), "Cascade Robotics, Inc.", "what was typed is there");
    await invoice.locator("#due").fill("2027-01-01");
    await invoice.locator("#create").click();
    await invoice
      .getByRole("status")
      .getByText(/Invoice \d+ for \$\d/)
      .waitFor();
  }),
);

test("only administrators can create invoices if the settings say so", async () => {
  const { call } = await session(env, "settings", US.company, US.user);
  const settings = {
    "mapping[to]": "organization.name",
    "mapping[address]": "organization.address",
    "mapping[email]": "person.email",
    term: "days",
    days: "7",
  };
  await call("/settings/save", { ...settings, create: "admins", void: "admins" });
  const other = await session(env, "form", MIGUEL.company, MIGUEL.user);
  assert.equal((await other.call("/deals/7/form")).status, 403);
  assert.equal((await other.call("/deals/7/invoices", { intent: crypto.randomUUID() })).status, 403);
  const number = await bill(env, US, 7, CASCADE);
  const panels = await session(env, "panel", MIGUEL.company, MIGUEL.user);
  const shown = (await panels.call("/panel/deal/7")).text;
  assert.match(shown, /Solo los administradores pueden crear facturas/);
  assert.match(shown, /Solo los administradores pueden anular y eliminar facturas/);
  const id = capture(
    /id="invoice-([0-9a-f-]+)"/,
    shown.split("<li").find((part) => part.includes(`>${number}<`)),
  );
  assert.equal((await panels.call(`/panel/deal/7/invoices/${id}/void`, { seen: "" })).status, 403);
  await call("/settings/save", settings);
});

test("if numbering, tax or currencies change in QuickBooks while a form is open, refusals appear at their field and differences are shown", {
  timeout: 120_000,
}, async () => {
  const query = await quickbooks(env, BR.realm);
  const [item] = (await query("select * from Item where Type = 'Service' maxresults 1")).Item;
  const count = async () => (await query("select count(*) from Invoice")).totalCount;
  const switched = (preferences) => done("/quickbooks/preferences", { realm_id: BR.realm, preferences });
  const opened = async (name, currency, changes) => {
    const deal = await roomyDeal(env, BR, 3, { currency });
    const { call, fields } = await openForm(env, BR, deal, {
      customer: "new",
      customer_name: name,
      customer_currency: "",
      currency,
      tax_mode: "none",
      "lines[0][item]": item.Id,
      "lines[0][item_name]": item.Name,
      "lines[0][quantity]": "1",
      "lines[0][unit_price]": "10",
      ...changes,
    });
    return () => create(call, deal, unseen(fields));
  };
  const last = async () => (await query("select * from Invoice orderby MetaData.CreateTime desc maxresults 1")).Invoice[0];

  const before = await count();
  const numbered = await opened("Cliente Numerado", "BRL");
  await switched({ SalesFormsPrefs: { CustomTxnNumbers: true } });
  const unnumbered = await numbered();
  assert.match(unnumbered.text, /data-number=""\s+data-issued/, "QuickBooks takes it, and gives no number now");
  assert.equal(await count(), before + 1);
  assert.equal((await last()).TotalAmt, 10);
  await switched({ SalesFormsPrefs: { CustomTxnNumbers: false } });

  const taxed = await opened("Cliente Tributado", "BRL", { tax_mode: "excluded", "lines[0][tax_code]": "2" });
  await switched({ TaxPrefs: { UsingSalesTax: false } });
  const untaxed = plain((await taxed()).text);
  assert.match(untaxed, /O total no QuickBooks é R\$ 10,00; o formulário mostrava R\$ 10,50\./);
  assert.match(untaxed, /data-correct/, "and how to correct it");
  assert.equal(await count(), before + 2);
  await switched({ TaxPrefs: { UsingSalesTax: true } });

  const foreign = await opened("Foreign Client", "USD");
  await switched({ CurrencyPrefs: { MultiCurrencyEnabled: false } });
  const refused = await foreign();
  assert.equal(refused.status, 422);
  assert.deepEqual(
    [...refused.text.matchAll(/<a href="#([^"]+)">/g)].map(([, field]) => field),
    ["currency"],
    refused.text,
  );
  assert.equal(await count(), before + 2);
  await switched({ CurrencyPrefs: { MultiCurrencyEnabled: true } });
});
