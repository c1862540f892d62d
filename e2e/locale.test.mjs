// Numbers and dates follow the user's locale, texts only the user's language.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openBrowser, plain } from "./browser.mjs";
import { bill, installed, openForm } from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { notesOf, openDeal, panel, signIn } from "./story.mjs";

/** @import { Who } from "./people.mjs" */

const { env, done } = scene("locale", async (env) => {
  // The first user who installs sets the company's locale.
  for (const [who, locale] of /** @type {[Who, string][]} */ ([
    [US, "en_GB"],
    [MIGUEL, "es_MX"],
    [BR, "pt_PT"],
  ])) {
    await done("/pipedrive/users", { user_id: who.user, locale });
    await installed(env, who);
  }
});

/** The computed parts of a form, as the page shows them. */
async function preview(who, deal, changes) {
  const { call, fields } = await openForm(env, who, deal, changes);
  const { text } = await call(`/deals/${deal}/form/preview`, { ...fields, ...changes });
  const shown = (pattern) => plain(pattern.exec(text)?.[1] ?? "").trim();
  return { text, issued: shown(/id="long-issued"[^>]*>([^<]*)</), amount: shown(/id="amount-0"[^>]*>([^<]*)</) };
}

const typed = (unit_price) => ({ issued: "2026-12-01", "lines[0][quantity]": "2", "lines[0][unit_price]": unit_price, "lines[0][discount]": "" });

test("each user reads and types numbers in the format of their locale", async () => {
  const british = await preview(US, 9, typed("1,234.50"));
  assert.deepEqual([british.issued, british.amount], ["1 December 2026", "US$2,469.00"]);
  const mexican = await preview(MIGUEL, 9, typed("1,234.50"));
  assert.deepEqual([mexican.issued, mexican.amount], ["1 de diciembre de 2026", "US$2,469.00"]);
  const portuguese = await preview(BR, 3, typed("1 234,50"));
  assert.deepEqual([portuguese.issued, portuguese.amount], ["1 de dezembro de 2026", "2469,00 R$"]);
});

test("pasted amounts are parsed, and one in another currency is refused at its field", async () => {
  assert.equal((await preview(US, 9, typed("$1,234.50"))).amount, "US$2,469.00");
  assert.equal((await preview(US, 9, typed("1.234,50 USD"))).amount, "US$2,469.00");
  const other = await preview(US, 9, typed("R$ 1.234,50"));
  assert.equal(other.amount, "–");
  assert.match(other.text, /<a\s+href="#lines-0-unit_price"\s+data-now\s*>Unit price: this amount is in another currency\. The invoice is in USD\.<\/a>/);
});

test("deal history is written in the company's locale, whichever user bills", async () => {
  await bill(env, MIGUEL, 9, { ...CASCADE, ...typed("1,234.50"), issued: "2026-12-01", due: "2026-12-15", due_follows: "" });
  const [note] = await notesOf(env, US, 9, 1);
  assert.match(note, /US\$2,\d{3}\.\d\d for Cascade Robotics, Inc\., due 15 Dec 2026\./);
});

test("a number that is too large for QuickBooks is refused at its field, without an internal error", async () => {
  for (const price of ["10000000000", "9".repeat(27), "9".repeat(60)]) {
    const { text, amount } = await preview(US, 9, typed(price));
    assert.equal(amount, "–");
    assert.match(
      text,
      /<a\s+href="#lines-0-unit_price"\s+data-now\s*>Unit price (is too large\. Quantity, price, amount and total must each be below 10,000,000,000|is not a number)\.<\/a>/,
    );
  }
});

test("a page is in one language, even if the browser's differs from the user's in Pipedrive", { timeout: 60_000 }, async () => {
  const { page, context, close } = await openBrowser("es", env.FATURA_URL);
  try {
    await signIn(page, env, US.name);
    await openDeal(page, env, 9);
    assert.equal(await panel(page).locator("html").getAttribute("lang"), "en-US");
    assert.equal(await panel(page).locator("main").getAttribute("aria-label"), "Invoices of this deal");
    await context.setOffline(true);
    await panel(page)
      .locator("#panel")
      .evaluate((element) => element.dispatchEvent(new CustomEvent("fatura:reload")));
    await panel(page).locator("#offline").getByText("Could not reach Fatura.").waitFor();
    await panel(page).locator("#offline").getByRole("button", { name: "Try again" }).waitFor();
  } finally {
    await close();
  }
});
