// The table of lines and what is said about many of them: kept apart from the rest of the form for its length.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture } from "./browser.mjs";
import { installed } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, openDeal, panel } from "./story.mjs";

const { env, as: signedIn } = scene("lines", async (env) => {
  await installed(env, BR);
  await installed(env, US);
});

const as = (who, deal, story, size = { width: 1360, height: 960 }) =>
  signedIn(who, async (page, browser) => {
    await page.setViewportSize(size);
    await openDeal(page, env, deal);
    await panel(page).locator("button.go").click();
    await form(page).locator("#create").waitFor();
    await story(form(page), page, browser);
  });

const paste = (invoice, id, text) =>
  invoice.locator(id).evaluate((field, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);

test("many errors leave the form in sight, and each leads to its field", { timeout: 180_000 }, async () => {
  for (const [who, deal, size] of [[BR, 1, { width: 1366, height: 650 }], [US, 4, { width: 1366, height: 650 }], [BR, 1, { width: 420, height: 800 }]]) {
    await as(who, deal, async (invoice, page) => {
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
          const field = document.activeElement;
          const { left, top, width, height } = field.getBoundingClientRect();
          return [field.id, document.elementFromPoint(left + width / 2, top + height / 2)?.id];
        });
        assert.equal(seen[1], seen[0], "the focused field is in sight");
      }
      await assertAccessible(page, "many errors");
    }, size);
  }
});

test("a removed line is offered back until something else is removed", { timeout: 120_000 }, () =>
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

test("what is wrong with a line goes where the line goes", { timeout: 120_000 }, () =>
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
    // The other line was not touched: nothing is said about what is missing in it.
    await page.waitForTimeout(1500);
    assert.equal(await invoice.locator("tbody tr").nth(count).locator(".field-error").count(), 0);
  }),
);

test("a list of choices opens by the arrow keys, and the sums are told where they are", { timeout: 120_000 }, () =>
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
    await invoice.locator("#sums").evaluate((sums) => (sums.mark = "same"));
    const version = () => invoice.locator("#sums").getAttribute("data-version");
    const before = await version();
    await invoice.locator("#lines-0-unit_price").fill("4321");
    for (let at = 0; at < 100 && (await version()) === before; at++) await page.waitForTimeout(100);
    assert.notEqual(await version(), before);
    assert.equal(await invoice.locator("#sums").evaluate((sums) => sums.mark), "same");
  }),
);

test("a list of a line that is gone watches the window no longer", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    await invoice.locator("body").evaluate(() => {
      window.watching = new Set();
      const { addEventListener: add, removeEventListener: remove } = window;
      window.addEventListener = (type, listener, options) => (["scroll", "resize"].includes(type) && window.watching.add(listener), add.call(window, type, listener, options));
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
    await invoice.locator("tbody tr").last().evaluate((row) => row.remove());
    assert.equal(await watching(), 0, "nor one that is gone");
  }),
);

test("in a line that was moved, a choice is made once", { timeout: 120_000 }, () =>
  as(US, 4, async (invoice, page) => {
    await invoice.locator("[data-add]").click();
    const last = (await invoice.locator("tbody tr").count()) - 1;
    await invoice.locator("tbody tr").nth(last).locator(".dots").click();
    await invoice.locator("tbody tr").nth(last).locator("[data-line=up]").click();
    const row = invoice.locator("tbody tr").nth(last - 1);
    await row.evaluate((line) => line.addEventListener("fatura:picked", () => (line.picked = (line.picked ?? 0) + 1)));
    await row.locator("[role=combobox]").focus();
    await row.locator("[role=option]").nth(1).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await row.evaluate((line) => line.picked), 1);
  }),
);
