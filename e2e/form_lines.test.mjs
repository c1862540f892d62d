// The table of lines and its errors. Apart from form.test.mjs because of its length.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture } from "./browser.mjs";
import { installed } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, openDeal, panel } from "./story.mjs";

/** @import { FrameLocator } from "playwright-core" */
/** @import { Browser, Page } from "./browser.mjs" */
/** @import { Who } from "./people.mjs" */

const { env, as: signedIn } = scene("lines", async (env) => {
  await installed(env, BR);
  await installed(env, US);
});

/** On a deal, with the form open.
 * @param {Who} who
 * @param {number} deal
 * @param {(invoice: FrameLocator, page: Page, browser: Browser) => Promise<unknown>} story */
const as = (who, deal, story, size = { width: 1360, height: 960 }) =>
  signedIn(who, async (page, browser) => {
    await page.setViewportSize(size);
    await openDeal(page, env, deal);
    await panel(page).locator("button.go").click();
    await form(page).locator("#create").waitFor();
    await story(form(page), page, browser);
  });

const paste = (/** @type {FrameLocator} */ invoice, /** @type {string} */ id, /** @type {string} */ text) =>
  invoice.locator(id).evaluate((field, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);

test("with many errors the form stays visible, and each error links to its field", { timeout: 180_000 }, async () => {
  for (const [who, deal, size] of /** @type {[Who, number, { width: number, height: number }][]} */ ([
    [BR, 1, { width: 1366, height: 650 }],
    [US, 4, { width: 1366, height: 650 }],
    [BR, 1, { width: 420, height: 800 }],
  ])) {
    await as(
      who,
      deal,
      async (invoice, page) => {
        await paste(invoice, "#lines-0-quantity", Array.from({ length: 30 }, () => "1\t10").join("\n"));
        await invoice.locator("#lines-29-quantity").waitFor();
        await invoice.locator("#create").click({ force: true });
        await invoice.locator("[data-errors]").waitFor();
        const { foot, inner } = await invoice.locator(".foot").evaluate((element) => ({ foot: element.getBoundingClientRect().height, inner: innerHeight }));
        await picture(page, `form-many-errors-${who.language}-${size.width}`);
        assert.ok(foot < inner / 2, `the footer takes ${foot} of ${inner} pixels`);
        assert.ok((await invoice.locator("[data-errors] li:visible").count()) <= 11, "the first ten, and how many more");
        assert.ok((await invoice.locator("tbody .field-error").count()) > 20, "each field says what is wrong with it");
        const links = invoice.locator("[data-errors] a:visible");
        for (const at of [0, 1, (await links.count()) - 1]) {
          await links.nth(at).click();
          const seen = await invoice.locator("body").evaluate(() => {
            const field = document.activeElement ?? document.body;
            const { left, top, width, height } = field.getBoundingClientRect();
            return [field.id, document.elementFromPoint(left + width / 2, top + height / 2)?.id];
          });
          assert.equal(seen[1], seen[0], "the focused field is in sight");
        }
        await assertAccessible(page, "many errors");
      },
      size,
    );
  }
});

/** The values of each line: item, its text, description, quantity, price, discount, tax code. */
const lines = (/** @type {FrameLocator} */ invoice) =>
  invoice
    .locator("tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) =>
        ["item", "item_name", "description", "quantity", "unit_price", "discount", "tax_code"].map(
          (name) => /** @type {HTMLInputElement | null} */ (row.querySelector(`[name$="[${name}]"]`))?.value,
        ),
      ),
    );

test("rows pasted from a spreadsheet replace all values of a line", { timeout: 180_000 }, () =>
  as(BR, 1, async (invoice, page) => {
    const before = await lines(invoice);
    // Item, quantity, price; one by name, one by SKU, one that QuickBooks does not have.
    await paste(invoice, "#lines-0-item", "Item\tQtd\tPreço\r\nconsultoria  FISCAL\t2\tR$ 1.234,56\r\nCONS-FISC\t3\t10,00\r\nSuporte novo\t1\t1.000\r\n");
    await invoice
      .locator("#lines-1-item")
      .evaluate(
        (/** @type {HTMLInputElement} */ field) =>
          /** @type {Promise<void>} */ (
            new Promise((resolve) =>
              field.value === "Consultoria fiscal" ? resolve() : field.closest("pick-list")?.addEventListener("fatura:picked", () => resolve()),
            )
          ),
      );
    const now = await lines(invoice);
    assert.deepEqual(now.slice(0, 3), [
      ["10", "Consultoria fiscal", "", "2", "R$ 1.234,56", "", "2"],
      ["10", "Consultoria fiscal", "", "3", "10,00", "", "2"],
      ["", "Suporte novo", "", "1", "1.000", "", ""],
    ]);
    assert.deepEqual(now.slice(3), before.slice(3), "the lines after them");
    await invoice.locator(".undo").scrollIntoViewIfNeeded();
    await picture(page, "form-pasted");
    assert.match((await invoice.locator(".undo:visible").textContent()) ?? "", /Item.*Quantidade.*Preço/);
    await invoice.locator("#create").click({ force: true });
    await invoice.locator("#lines-2-item-error").waitFor();
    await invoice.locator(".undo button").click();
    assert.deepEqual(await lines(invoice), before);
  }),
);

test("pasted columns are recognised by their content", { timeout: 180_000 }, () =>
  as(BR, 1, async (invoice) => {
    for (const [text, wanted] of /** @type {[string, string[]][]} */ ([
      ["Consultoria fiscal\tMarço\t2\t10", ["Consultoria fiscal", "Março", "2", "10", ""]],
      ["Consultoria fiscal\t99,90", ["Consultoria fiscal", "", "1", "99,90", ""]],
      ["Consultoria fiscal\t\t2\t10\t5%", ["Consultoria fiscal", "", "2", "10", "5%"]],
      // The last column is the total: Fatura computes it.
      ["Consultoria fiscal\tMarço\t2\t10\t20", ["Consultoria fiscal", "Março", "2", "10", ""]],
      ['Consultoria fiscal\t"Março\ne abril"\t2\t10', ["Consultoria fiscal", "Março e abril", "2", "10", ""]],
      // With headings, in any order.
      ["Valor unitário\tQtde.\tProduto\n10\t2\tConsultoria fiscal", ["Consultoria fiscal", "", "2", "10", ""]],
    ])) {
      await paste(invoice, "#lines-0-item", text);
      await invoice.locator("pick-list[data-chosen] #lines-0-item").waitFor();
      const [[, ...now]] = await lines(invoice);
      assert.deepEqual(now.slice(0, 5), wanted, text);
    }
  }),
);

test("in a narrow window a line fits the page and shows its labels", { timeout: 120_000 }, async () => {
  for (const [who, deal] of /** @type {[Who, number][]} */ ([
    [BR, 1],
    [US, 4],
  ])) {
    await as(who, deal, async (invoice, page) => {
      const table = invoice.locator("invoice-lines .scroll");
      for (const width of [320, 600, 735]) {
        await page.locator("dialog.modal iframe").evaluate((frame, width) => Object.assign(frame.style, { width: `${width}px`, minWidth: "0" }), width);
        await table.scrollIntoViewIfNeeded();
        await picture(page, `form-lines-${width}-${who.language}`);
        const [room, needed] = await table.evaluate((element) => [element.clientWidth, element.scrollWidth]);
        assert.ok(needed <= room, `${needed} pixels of lines in ${room} at ${width}`);
        assert.ok(await invoice.locator("label[for=lines-0-quantity]").evaluate((label) => label.getBoundingClientRect().width > 10), "the quantity is named");
      }
    });
  }
});

test("another item sets its own tax code, and a pasted one keeps no price of the line before", { timeout: 120_000 }, () =>
  as(BR, 1, async (invoice) => {
    await invoice.locator("[data-add]").click();
    const at = (await lines(invoice)).length - 1;
    for (const [typed, tax] of [
      ["Consultoria fiscal", "2"],
      ["Sensor de vazão", "3"],
    ]) {
      await invoice.locator(`#lines-${at}-item`).fill(typed);
      await invoice.locator(`#items-${at} [role=option]`).filter({ hasText: typed }).first().click();
      assert.equal((await lines(invoice))[at][6], tax, typed);
    }
    // A tax code that was chosen by hand stays.
    await invoice.locator(`#lines-${at}-tax_code`).selectOption("2");
    await invoice.locator(`#lines-${at}-item`).fill("Sensor");
    await invoice.locator(`#items-${at} [role=option]`).filter({ hasText: "Sensor de vazão" }).first().click();
    assert.equal((await lines(invoice))[at][6], "2", "chosen by hand");
    await paste(invoice, "#lines-0-item", "Consultoria fiscal\nConsultoria fiscal");
    await invoice.locator("pick-list[data-chosen] #lines-1-item").waitFor();
    assert.deepEqual((await lines(invoice))[0].slice(2, 6), ["", "1", "", ""]);
  }),
);

test("an item whose name or SKU is typed in full is chosen without a click", { timeout: 120_000 }, () =>
  as(BR, 1, async (invoice, page) => {
    for (const [typed, key, chosen] of [
      ["consultoria fiscal", "Tab", "10"],
      ["Consultoria fisc", "Tab", ""],
      ["CONS-FISC", "Tab", "10"],
      ["Consultoria fisc", "Enter", "10"],
    ]) {
      await invoice.locator("#lines-0-item").fill("");
      await invoice.locator("#lines-0-item").pressSequentially(typed);
      if (key === "Enter")
        await invoice.locator("#items-0 [data-typed]").evaluate(
          (_mark, typed) =>
            /** @type {Promise<void>} */ (
              new Promise((resolve) => {
                const look = () =>
                  /** @type {HTMLElement | null} */ (document.querySelector("#items-0 [data-typed]"))?.dataset.typed === typed
                    ? resolve()
                    : requestAnimationFrame(look);
                look();
              })
            ),
          typed,
        );
      await page.keyboard.press(key);
      const id = () => invoice.locator("[name='lines[0][item]']").inputValue();
      if (chosen) for (let at = 0; at < 50 && (await id()) !== chosen; at++) await page.waitForTimeout(100);
      else await page.waitForTimeout(1000);
      assert.equal(await id(), chosen, `${typed} ${key}`);
    }
  }),
);

test("a removed line can be restored until another line is removed", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    for (let at = 0; at < 3; at++) await invoice.locator("[data-add]").click();
    const lines = invoice.locator("tbody tr");
    const count = await lines.count();
    const remove = async () => {
      await lines.last().locator(".dots").click();
      await lines.last().locator("[data-line=remove]").click();
    };
    await remove();
    await page.waitForTimeout(4000);
    await remove();
    await page.waitForTimeout(1500);
    assert.equal(await invoice.locator(".undo:visible").count(), 1, "the first removal's time does not end the second's");
    await page.waitForTimeout(4500);
    await invoice.locator(".undo button").click();
    assert.equal(await lines.count(), count - 1);
    await invoice.locator(".undo").waitFor({ state: "hidden" });
  }),
);

test("the errors of a line move with the line", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    const count = await invoice.locator("tbody tr").count();
    await invoice.locator("[data-add]").click();
    const wrong = (at) => invoice.locator(`#lines-${at}-unit_price`);
    await wrong(count).fill("abc");
    await page.keyboard.press("Tab");
    await invoice.locator(`#lines-${count}-unit_price-error`).waitFor();
    await invoice.locator("tbody tr").nth(count).locator(".dots").click();
    await invoice.locator("tbody tr").nth(count).locator("[data-line=up]").click();
    const described = await wrong(count - 1).getAttribute("aria-describedby");
    assert.equal(described, `lines-${count - 1}-unit_price-error`);
    assert.equal(await invoice.locator(`#${described}`).count(), 1);
    // The other line was not touched: its missing values are not reported.
    await page.waitForTimeout(1500);
    assert.equal(await invoice.locator("tbody tr").nth(count).locator(".field-error").count(), 0);
  }),
);

test("the arrow keys open a list of choices, and the live region of the sums is updated in place", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    const customer = invoice.locator("#customer_name");
    for (const key of ["ArrowDown", "Alt+ArrowDown"]) {
      await customer.focus();
      await page.keyboard.press("Escape");
      await invoice.locator("#customers").waitFor({ state: "hidden" });
      await page.keyboard.press(key);
      await invoice.locator("#customers").waitFor();
    }
    await page.keyboard.press("Escape");
    // A live region that is itself replaced is often not announced.
    await invoice.locator("#sums").evaluate((sums) => Object.assign(sums, { mark: "same" }));
    const version = () => invoice.locator("#sums").getAttribute("data-version");
    const before = await version();
    await invoice.locator("#lines-0-unit_price").fill("4321");
    for (let at = 0; at < 100 && (await version()) === before; at++) await page.waitForTimeout(100);
    assert.notEqual(await version(), before);
    assert.equal(await invoice.locator("#sums").evaluate((/** @type {any} */ sums) => sums.mark), "same");
  }),
);

test("removing a line with an open list removes the list's listeners from the window", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    await invoice.locator("body").evaluate(() => {
      window.watching = new Set();
      const { addEventListener: add, removeEventListener: remove } = window;
      window.addEventListener = (type, listener, options) => (
        ["scroll", "resize"].includes(type) && window.watching.add(listener), add.call(window, type, listener, options)
      );
      window.removeEventListener = (type, listener, options) => (window.watching.delete(listener), remove.call(window, type, listener, options));
    });
    const watching = () => invoice.locator("body").evaluate(() => window.watching.size);
    await invoice.locator("[data-add]").click();
    await page.keyboard.press("ArrowDown");
    await page.waitForTimeout(300);
    assert.equal(await watching(), 1, "a list that is open follows its field");
    await page.keyboard.press("Escape");
    assert.equal(await watching(), 0, "a closed one does not");
    await page.keyboard.press("ArrowDown");
    await invoice
      .locator("tbody tr")
      .last()
      .evaluate((row) => row.remove());
    assert.equal(await watching(), 0, "nor one that is gone");
  }),
);

test("in a line that was moved, a choice triggers one event", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    await invoice.locator("[data-add]").click();
    const last = (await invoice.locator("tbody tr").count()) - 1;
    await invoice.locator("tbody tr").nth(last).locator(".dots").click();
    await invoice.locator("tbody tr").nth(last).locator("[data-line=up]").click();
    const row = invoice.locator("tbody tr").nth(last - 1);
    await row.evaluate((/** @type {any} */ line) => line.addEventListener("fatura:picked", () => (line.picked = (line.picked ?? 0) + 1)));
    await row.locator("[role=combobox]").focus();
    await row.locator("[role=option]").nth(1).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await row.evaluate((/** @type {any} */ line) => line.picked), 1);
  }),
);
