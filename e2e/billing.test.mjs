// Bills deals as people do: parts, double clicks, two windows, colleagues, currencies, items. In a real browser, with each outcome
// asserted in the books.
import assert from "node:assert/strict";
import { test } from "node:test";
import { picture, plain } from "./browser.mjs";
import { bill, capture, fieldsOf, installed, openForm, roomyDeal, session } from "./http.mjs";
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
} = scene("billing", async (env) => {
  await Promise.all([installed(env, BR), installed(env, US)]);
  await installed(env, MIGUEL);
});

/** A customer that the American company bills in dollars. */
const FREEMAN = "Freeman Sporting Goods";

const open = async (/** @type {Page} */ page, /** @type {number} */ deal) => {
  await openDeal(page, env, deal);
  await panel(page).locator("button.go").click();
  await form(page).locator("#create").waitFor();
  return form(page);
};
/** On a deal, with the form open.
 * @param {Who} who
 * @param {number} deal
 * @param {(invoice: FrameLocator, page: Page, browser: Browser) => Promise<unknown>} story */
const as = (who, deal, story) => signedIn(who, async (page, browser) => story(await open(page, deal), page, browser));
const choose = async (/** @type {FrameLocator} */ invoice, /** @type {string} */ name) => {
  await invoice.locator("#customer_name").fill(name.slice(0, 7));
  await invoice.getByRole("option", { name }).click();
};
const numberOf = async (/** @type {Page} */ page) => {
  const note = page.locator(".snackbar");
  await note.waitFor();
  return capture(/(?:Invoice|Fatura|Factura) (\S+)/, await note.textContent());
};
const created = async (/** @type {FrameLocator} */ invoice, /** @type {Page} */ page) => {
  await invoice.locator("#create").click();
  return numberOf(page);
};
const inBooks = async (who, number) => {
  const { Invoice } = await (await quickbooks(env, who.realm))(`select * from Invoice where DocNumber = '${number}'`);
  assert.equal(Invoice?.length, 1, `one invoice ${number}`);
  return Invoice[0];
};
const count = async (who) => Number((await (await quickbooks(env, who.realm))("select count(*) from Invoice")).totalCount);
const lines = (invoice) => invoice.Line.filter((line) => line.DetailType === "SalesItemLineDetail");
const net = (invoice) => Math.round((invoice.TotalAmt - (invoice.TxnTaxDetail?.TotalTax ?? 0)) * 100) / 100;
const total = async (invoice, text) => invoice.locator("#total", { hasText: text }).waitFor();
const value = (invoice, field) => invoice.locator(field).inputValue();
const rows = (invoice) => invoice.locator("invoice-lines tbody tr").count();

test("Create bills a part that was just typed; Enter creates nothing", { timeout: 180_000 }, async () => {
  let before = await count(US);
  await as(US, 1, async (invoice, page) => {
    await choose(invoice, FREEMAN);
    await invoice.locator("#part").fill("25");
    await invoice.locator("#part").press("Enter");
    await invoice.locator("#lines-0-description").and(invoice.locator("[value^='25% deposit']")).waitFor();
    for (const field of ["#to", "#email", "#memo", "#lines-0-quantity", "#discount", "#issued"]) await invoice.locator(field).press("Enter");
    await page.waitForTimeout(500);
    assert.equal(await count(US), before, "Enter creates nothing");
    await picture(page, "form-part-en");
    // And once more, without waiting for the lines.
    await invoice.locator("#part").fill("30");
    const made = await inBooks(US, await created(invoice, page));
    assert.equal(net(made), 2108.25, "30 % of 7,027.50");
    assert.deepEqual(
      lines(made).map((line) => line.SalesItemLineDetail.Qty),
      lines(made).map(() => 1),
    );
    assert.match(lines(made)[0].Description, /^30% deposit: /);
  });
  before += 1;
  assert.equal(await count(US), before);
  await as(US, 1, async (invoice, page) => {
    assert.match(plain(await invoice.locator("header").textContent()), /\$2,108\.25 of \$7,027\.50 billed \(1 invoice, before tax\)/);
    for (const [typed, text] of /** @type {[string, RegExp][]} */ ([
      ["abc", /not a number/],
      ["-25", /negative or zero/],
      ["0", /negative or zero/],
      ["101", /between 0 and 100/],
    ])) {
      await invoice.locator("#part").fill(typed);
      await invoice.locator("#part-error").getByText(text).waitFor();
      assert.equal(await invoice.locator("#create").getAttribute("aria-disabled"), "true", typed);
    }
    await invoice.locator("#part").fill("");
    await invoice.locator("#part-error").waitFor({ state: "detached" });
    assert.equal(net(await inBooks(US, await created(invoice, page))), 4919.25, "what remains, to the cent");
  });
  await as(US, 1, async (invoice, page) => {
    await invoice.getByText(/This deal is fully billed/).waitFor();
    assert.equal(await rows(invoice), 0, "nothing to bill");
    assert.equal(await invoice.locator("#create").getAttribute("aria-disabled"), "true");
    await picture(page, "form-fully-billed-en");
    // Billing more than the deal's value asks first.
    await invoice.locator("[data-part=all]").click();
    await invoice.locator("#excess").getByText("exceeds the deal value by $7,027.50").waitFor();
    await invoice.locator("#create").click();
    await invoice.getByText("This invoice exceeds the deal value by $7,027.50, before tax.").waitFor();
    await picture(page, "form-ask-excess-en");
    assert.equal(await count(US), before + 1, "nothing was created before the answer");
    await invoice.locator("[data-confirm-create]").click();
    assert.equal(net(await inBooks(US, await numberOf(page))), 7027.5);
  });
});

test("Create refuses a part that was not applied to the lines", async () => {
  const before = await count(US);
  const { call, fields } = await openForm(env, US, 2, { ...CASCADE, part: "25", part_kind: "percent" });
  const answer = await call("/deals/2/invoices", fields);
  assert.equal(answer.status, 422, answer.text);
  assert.match(answer.text, /href="#part"/);
  assert.equal(await count(US), before);
});

test("after a deposit by amount on a deal with products, the remaining amount of each tax code is right", { timeout: 180_000 }, async () => {
  const worth = async () => {
    const { text } = await openForm(env, BR, 1);
    return Number(fieldsOf(text).deal_value.split(" ")[0]);
  };
  const value = await worth();
  await as(BR, 1, async (invoice, page) => {
    await invoice.locator("#part").fill("1.000,50");
    await invoice.locator("#part_kind").selectOption("amount");
    await invoice.locator("#lines-0-description").and(invoice.locator("[value^='Entrada: ']")).waitFor();
    await invoice.locator("#customer_name").click();
    await invoice.getByRole("option").first().click();
    const made = await inBooks(BR, await created(invoice, page));
    assert.equal(net(made), 1000.5);
    assert.ok(lines(made).every((line) => line.SalesItemLineDetail.Qty === 1));
    assert.ok(
      lines(made).every((line) => line.SalesItemLineDetail.TaxCodeRef.value),
      "taxed like the deal's lines",
    );
  });
  await as(BR, 1, async (invoice, page) => {
    await picture(page, "form-remaining-pt");
    const made = await inBooks(BR, await created(invoice, page));
    assert.equal(net(made), Math.round((value - 1000.5) * 100) / 100);
  });
  await as(BR, 1, async (invoice) => {
    await invoice.getByText("Este negócio já foi totalmente faturado").waitFor();
    assert.equal(await rows(invoice), 0);
  });
});

test("an invoice that was edited in QuickBooks counts with its edited amount", async () => {
  const number = await bill(env, US, 9, CASCADE);
  const made = await inBooks(US, number);
  const half = Math.round((net(made) / 2) * 100) / 100;
  const [line] = lines(made);
  await done("/quickbooks/edit", {
    realm_id: US.realm,
    entity: "Invoice",
    id: made.Id,
    changes: { Line: [{ ...line, Amount: half, SalesItemLineDetail: { ...line.SalesItemLineDetail, Qty: 1, UnitPrice: half } }] },
  });
  const { call } = await session(env, "panel", US.company, US.user);
  const edited = net(await inBooks(US, number));
  for (let at = 0; ; at++) {
    await call("/panel/deal/9/refresh", {});
    const { fields } = await openForm(env, US, 9);
    const left = Number(fields["lines[0][unit_price]"] ?? 0) * Number(fields["lines[0][quantity]"] ?? 0);
    if (Math.abs(left + edited - net(made)) < 0.005) break;
    assert.ok(at < 30, `${left} remain of ${net(made)}, of which ${edited} are billed`);
    await new Promise((go) => setTimeout(go, 300));
  }
});

test("a double click opens one form, and two windows of that form make one invoice", { timeout: 180_000 }, async () => {
  const before = await count(US);
  await signedIn(US, async (page, browser) => {
    await openDeal(page, env, 5);
    await panel(page).locator("button.go").dblclick();
    await form(page).first().locator("#create").waitFor();
    await page.waitForTimeout(800);
    assert.equal(await page.locator("dialog.modal").count(), 1);
    const invoice = form(page);
    await choose(invoice, FREEMAN);
    await invoice.locator("#memo").fill("from the first window");
    await page.waitForTimeout(500);
    const other = await browser.context.newPage();
    const second = await open(other, 5);
    assert.equal(await value(second, "[name=intent]"), await value(invoice, "[name=intent]"), "the same form");
    assert.equal(await value(second, "#memo"), "from the first window", "with what was typed");
    // The first window is outdated now, and says so.
    await invoice.locator("#memo").fill("typed in the first window later");
    await invoice.locator("#stale").getByText("open in another window").waitFor();
    // It still says so after a change that the server answers with a whole form.
    await Promise.all([page.waitForResponse(/form\/change/), invoice.locator("[data-part=all]").click()]);
    await page.waitForTimeout(300);
    assert.match((await invoice.locator("#stale").textContent()) ?? "", /open in another window/);
    assert.ok(await created(second, other));
    await invoice.locator("#create").click();
    await invoice.getByText("has already created the invoice", { exact: false }).waitFor();
    assert.equal(await count(US), before + 1);
  });
});

test("Create asks first if the deal was billed since the form was opened, and the form names a colleague's draft", { timeout: 180_000 }, async () => {
  await as(US, 6, async (invoice, page) => {
    await invoice.locator("#memo").fill("mine");
    await page.waitForTimeout(500);
    const theirs = await openForm(env, MIGUEL, 6, CASCADE);
    assert.match(theirs.text, /Dana Whitfield tiene un borrador/);
    const { fields } = theirs;
    const answer = await theirs.call("/deals/6/invoices", { ...fields, part: "", currency: "USD" });
    assert.ok([200, 422].includes(answer.status));
  });
  const before = await count(BR);
  await as(BR, 2, async (invoice, page) => {
    await invoice.locator("#customer_name").click();
    await invoice.getByRole("option").first().click();
    const colleague = { ...BR, user: 910002 };
    await installed(env, colleague);
    await bill(env, colleague, 2, {
      customer: await value(invoice, "[name=customer]"),
      customer_name: await value(invoice, "#customer_name"),
      customer_currency: "BRL",
    });
    await invoice.locator("#create").click();
    await invoice.getByText("As faturas deste negócio mudaram desde que você abriu este formulário").waitFor();
    // The colleague billed R$ 9.072,00, of which R$ 432,00 are tax.
    await invoice.getByText("agora R$ 8.640,00 estão faturados em 1 fatura, sem imposto.").waitFor();
    await invoice.getByText("Não há mais nada a faturar.").waitFor();
    assert.equal(await invoice.locator("[hx-post*='part=remaining']").count(), 0, "nothing remains");
    await picture(page, "form-ask-changed-pt");
    assert.equal(await count(BR), before + 1, "nothing was created");
    await invoice.locator("[data-confirm-create]").click();
    await numberOf(page);
    assert.equal(await count(BR), before + 2);
  });
});

test("the item search matches names and SKUs, ignores accents, and finds new items", { timeout: 180_000 }, () =>
  as(US, 7, async (invoice, page) => {
    const options = async () => (await invoice.locator("#items-0 [role=option]:not([hidden])").allTextContents()).map(plain);
    await invoice.locator("#lines-0-item").fill("staff");
    await invoice.locator("#items-0 [role=option]").filter({ hasText: "Event staff" }).waitFor();
    await page.waitForTimeout(600);
    for (const option of await options()) assert.match(option, /staff/i);
    // The list is not cut off by the table around it.
    const isVisible = await invoice
      .locator("#items-0 [role=option]")
      .last()
      .evaluate((option) => {
        const { left, top, width, height } = option.getBoundingClientRect();
        return option.contains(document.elementFromPoint(left + width / 2, top + height / 2));
      });
    assert.ok(isVisible, "the last option can be clicked");
    await picture(page, "form-items-en");
    await done("/quickbooks/edit", {
      realm_id: US.realm,
      entity: "Item",
      changes: { Name: "Décoration Noël", Sku: "DEC-77", Type: "Service", IncomeAccountRef: { value: "79" } },
    });
    for (const typed of ["decoration", "DEC-77", "Noel Decoration"]) {
      await invoice.locator("#lines-0-item").fill(typed);
      await invoice.locator("#items-0 [role=option]").filter({ hasText: "Décoration Noël" }).waitFor();
    }
    await invoice.locator("#items-0 [role=option]").filter({ hasText: "Décoration Noël" }).click();
    assert.match(await value(invoice, "input[name='lines[0][item]']"), /^\d+$/);
    await invoice.locator("#lines-0-item-error").waitFor({ state: "detached" });
  }),
);

test("negative lines are allowed while the total is not negative", { timeout: 180_000 }, () =>
  as(US, 10, async (invoice, page) => {
    await choose(invoice, FREEMAN);
    // The differences in QuickBooks are shown now, and have moved the page below them.
    await invoice.locator(".changes li").first().waitFor();
    await invoice.locator("#lines-0-item").fill("Serv");
    await invoice.getByRole("option", { name: "Services" }).first().click();
    const price = Number((await value(invoice, "#lines-0-unit_price")).replaceAll(",", ""));
    await invoice.getByRole("button", { name: "Add a line" }).click();
    await invoice.locator("#lines-1-item").fill("Serv");
    await invoice.locator("#items-1").getByRole("option", { name: "Services" }).first().click();
    await invoice.locator("#lines-1-description").fill("Less deposit");
    await invoice.locator("#lines-1-unit_price").fill(String(-price - 1));
    await invoice.getByText("The lines add up to less than zero", { exact: false }).first().waitFor();
    await invoice.locator("#lines-1-unit_price").fill("-100");
    await invoice.locator("#missing a").waitFor({ state: "detached" });
    const made = await inBooks(US, await created(invoice, page));
    assert.deepEqual(
      lines(made).map((line) => line.Amount),
      [price, -100],
    );
  }),
);

test("choosing another currency converts the prices by the company's rate or empties them", { timeout: 180_000 }, () =>
  as(BR, 9, async (invoice, page) => {
    const before = await value(invoice, "#lines-0-unit_price");
    await invoice.locator("#currency").selectOption("USD");
    await invoice.locator("#priced-in").getByText("Os preços estão em BRL").waitFor();
    assert.equal(await invoice.locator("#create").getAttribute("aria-disabled"), "true");
    const [question, lines] = await Promise.all(["#priced-in", "#lines"].map((id) => invoice.locator(id).boundingBox()));
    assert.ok(question && lines && question.width > lines.width - 2, `the question is ${question?.width} px wide, the lines ${lines?.width}`);
    await picture(page, "form-currency-pt");
    await invoice.locator("[data-convert]").click();
    await invoice.locator("#priced-in p").waitFor({ state: "detached" });
    const { ExchangeRate } = await (await quickbooks(env, BR.realm))("select * from ExchangeRate where SourceCurrencyCode = 'USD'");
    const number = (text) => Number(text.replaceAll(".", "").replace(",", "."));
    const converted = number(await value(invoice, "#lines-0-unit_price"));
    assert.ok(Math.abs(converted - number(before) / ExchangeRate[0].Rate) < 0.006, `${before} → ${converted} at ${ExchangeRate[0].Rate}`);
    await invoice.locator("#currency").selectOption("BRL");
    await invoice.locator("[data-empty-prices]").click();
    await invoice.locator("#lines-0-unit_price").and(invoice.locator("[value='']")).waitFor();
  }),
);

test("line discounts become one discount line, prices stay unchanged, and the form says what is printed", { timeout: 180_000 }, () =>
  as(US, 4, async (invoice, page) => {
    await choose(invoice, FREEMAN);
    const price = Number((await value(invoice, "#lines-0-unit_price")).replaceAll(",", ""));
    const quantity = Number(await value(invoice, "#lines-0-quantity"));
    await invoice.locator("#lines-0-discount").fill("10");
    await invoice.locator("#discount-note").getByText("one discount line").waitFor();
    const shown = plain(await invoice.locator("#total").textContent());
    const made = await inBooks(US, await created(invoice, page));
    const [line] = lines(made);
    assert.deepEqual([line.SalesItemLineDetail.UnitPrice, line.SalesItemLineDetail.Qty], [price, quantity]);
    const discount = made.Line.find((row) => row.DetailType === "DiscountLineDetail");
    const off = price * quantity * 0.1;
    assert.ok(Math.abs(discount.Amount - off) <= 0.0051, `${discount.Amount} of ${off}: to the cent, whichever way a half is rounded`);
    assert.equal(shown, `$${made.TotalAmt.toLocaleString("en-US", { minimumFractionDigits: 2 })}`);
  }),
);

test("the printed term matches the due date", async () => {
  for (const days of [13, 7]) {
    const due = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const issued = new Date().toISOString().slice(0, 10);
    const number = await bill(env, US, 3, { ...CASCADE, issued, due, due_follows: "", memo: "see you", "lines[0][item]": "new" });
    const made = await inBooks(US, number);
    const { Term } = await (await quickbooks(env, US.realm))(`select * from Term where Id = '${made.SalesTermRef.value}'`);
    assert.deepEqual([Term[0].DueDays, Term[0].Name], [days, `Net ${days}`], `${made.SalesTermRef.name} beside ${days} days`);
    assert.match(made.PrivateNote, /^see you\nRef\. F\d+-3-\d+-[0-9a-z]{26}$/);
  }
});

test("reopening a form restores a due date that follows the term", { timeout: 120_000 }, () =>
  as(US, 8, async (invoice, page) => {
    await invoice.locator("#issued").fill("2026-12-20");
    await invoice.locator("#long-due", { hasText: "December 27, 2026" }).waitFor();
    assert.equal(await value(invoice, "#due"), "2026-12-27");
    await page.waitForTimeout(400);
    const { call, fields } = await openForm(env, US, 8);
    assert.deepEqual([fields.issued, fields.due], ["2026-12-20", "2026-12-27"]);
    await call("/deals/8/form/discard", {});
  }),
);

test("of two saves 20 ms apart the one with the newer version is kept", async () => {
  const { call, fields } = await openForm(env, US, 11);
  const older = { ...fields, version: "1", memo: "autosaved" };
  const newer = { ...fields, version: "2", memo: "autosaved", part: "50", part_kind: "percent" };
  const [applied] = await Promise.all([
    call("/deals/11/form/preview", newer),
    new Promise((go) => setTimeout(go, 20)).then(() => call("/deals/11/form/preview", older)),
  ]);
  assert.equal(applied.status, 200, applied.text);
  await call("/deals/11/form/preview", older);
  const again = fieldsOf((await call("/deals/11/form")).text);
  assert.equal(again.part, "50");
  assert.match(again["lines[0][description]"], /^50% deposit/);
  await call("/deals/11/form/discard", {});
});

const FR = { company: 7730003, user: 930001, name: "Camille Laurent", language: "en-US", sub: "9130000000000004", realm: "9341452200000010" };
const quirks = (realm_id, on) => done("/quickbooks/quirks", { realm_id, ...on });

test("prices that include tax are billed to the cent, whether QuickBooks reads an Amount as gross or net", async () => {
  for (const tax_inclusive_amount of ["gross", "net"]) {
    await quirks(BR.realm, { tax_inclusive_amount });
    const number = await bill(env, BR, 9, {
      customer: "new",
      customer_name: `Bruto ${tax_inclusive_amount}`,
      to: "Bruto",
      customer_currency: "",
      tax_mode: "included",
      "lines[0][unit_price]": "450",
      "lines[0][quantity]": "3",
      "lines[0][tax_code]": "3",
    });
    const made = await inBooks(BR, number);
    const [line] = lines(made);
    assert.equal(made.TotalAmt, 1350, tax_inclusive_amount);
    assert.equal(line.SalesItemLineDetail.TaxInclusiveAmt, 1350);
    assert.equal(line.Amount, Math.round((1350 - made.TxnTaxDetail.TotalTax) * 100) / 100);
    assert.equal(line.SalesItemLineDetail.UnitPrice, Number((line.Amount / 3).toFixed(7)));
  }
  await quirks(BR.realm, {});
});

test("a percentage discount on the total is billed, whether QuickBooks uses the percentage or the amount", async () => {
  for (const percent_discount of ["computed", "amount"]) {
    await quirks(US.realm, { percent_discount });
    const number = await bill(env, US, 3, {
      ...CASCADE,
      discount: "10",
      discount_kind: "percent",
      "lines[0][quantity]": "1",
      "lines[0][unit_price]": "100",
      "lines[0][discount]": "",
      "lines[0][item]": "new",
    });
    assert.equal(net(await inBooks(US, number)), 90, percent_discount);
  }
  await quirks(US.realm, {});
});

test("a French invoice has no discount line: the form says so, and each line's price is reduced", { timeout: 180_000 }, async () => {
  await installed(env, FR);
  await as(FR, 1, async (invoice, page) => {
    await invoice.locator("#discount-note").getByText("does not use discount lines").waitFor();
    await invoice.locator("#customer_name").click();
    await invoice.getByRole("option").first().click();
    for (const select of await invoice.locator("[name$='[tax_code]']").all()) if ((await select.inputValue()) === "") await select.selectOption({ index: 1 });
    await page.waitForTimeout(400);
    const shown = Number(plain(await invoice.locator("#total").textContent()).replace(/[^\d.]/g, ""));
    await picture(page, "form-france-en");
    const made = await inBooks(FR, await created(invoice, page));
    assert.equal(made.TotalAmt, shown);
    assert.ok(made.Line.every((line) => line.DetailType !== "DiscountLineDetail"));
  });
});

test("if QuickBooks computes another total, the form says so and corrects it in one click", { timeout: 180_000 }, async () => {
  // A QuickBooks that rounds the tax once for each rate, where the form rounds it on each line: 0.46 and 0.45.
  await quirks(BR.realm, { tax_rounding: "rate" });
  await as(BR, 11, async (invoice, page) => {
    await invoice.locator("#customer_name").fill("Diferença Ltda");
    await invoice.getByRole("option", { name: "Criar “Diferença Ltda”" }).click();
    for (const at of [0, 1]) {
      if (at === 1) await invoice.getByRole("button", { name: "Adicionar" }).click();
      await invoice.locator(`#lines-${at}-item`).fill("Consultoria");
      await invoice.locator(`#items-${at} [role=option]`).filter({ hasText: "Consultoria" }).first().click();
      await invoice.locator(`#lines-${at}-tax_code`).selectOption({ label: "ICMS 18%" });
      await invoice.locator(`#lines-${at}-quantity`).fill("1");
      await invoice.locator(`#lines-${at}-unit_price`).fill("1,25");
    }
    await total(invoice, "2,96");
    await invoice.locator("#create").click();
    await invoice.locator("[data-correct]").waitFor();
    assert.match(plain(await invoice.locator("#outcome").textContent()), /O total no QuickBooks é R\$ 2,95; o formulário mostrava R\$ 2,96\./);
    await picture(page, "form-differs-pt");
    const number = await invoice.locator("#outcome [data-number]").getAttribute("data-number");
    const sent = [];
    page.on("request", (request) => /\/correct$/.test(request.url()) && sent.push(request.url()));
    await invoice.locator("[data-correct]").dblclick();
    await numberOf(page);
    assert.equal(sent.length, 1, "a double click asks once");
    const made = await inBooks(BR, number);
    assert.deepEqual([made.TotalAmt, made.TxnTaxDetail.TotalTax], [2.96, 0.46]);
  });
  await quirks(BR.realm, {});
});

test("the settings can keep discounts in the prices and choose the item for deposits", { timeout: 120_000 }, async () => {
  const { call } = await session(env, "settings", US.company, US.user);
  const saved = { "mapping[to]": "organization.name", "mapping[address]": "organization.address", "mapping[email]": "person.email", term: "days", days: "7" };
  const { Item } = await (await quickbooks(env, US.realm))("select * from Item where Name = 'Services'");
  const changed = await call("/settings/save", { ...saved, deposit_item: Item[0].Id, discounts_in_prices: "on" });
  assert.equal(changed.status, 200, changed.text);
  const deal = await roomyDeal(env, US, 4, { value: 1000 });
  const discounted = await inBooks(
    US,
    await bill(env, US, deal, { ...CASCADE, "lines[0][item]": "new", "lines[0][unit_price]": "617.25", "lines[0][discount]": "10", "lines[0][quantity]": "1" }),
  );
  assert.deepEqual(
    [lines(discounted)[0].SalesItemLineDetail.UnitPrice, discounted.Line.some((line) => line.DetailType === "DiscountLineDetail")],
    [555.525, false],
  );
  const other = await roomyDeal(env, US, 4, { value: 2000 });
  const opened = await openForm(env, US, other, CASCADE);
  const part = await opened.call(`/deals/${other}/form/preview`, { ...opened.fields, part: "30", part_kind: "percent" });
  const lined = fieldsOf(part.text);
  assert.deepEqual([lined["lines[0][item]"], lined["lines[0][unit_price]"], lined["lines[0][quantity]"]], [Item[0].Id, "600", "1"]);
  await call("/settings/save", saved);
});
