// Open panels without the event stream or without QuickBooks' webhooks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bill, installed } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openDeal, panel, quickbooks } from "./story.mjs";

const POLL_SECONDS = 1;
/** Where webhooks are proven, a sweep comes after twelve polling intervals. */
const HOUR_SECONDS = 12 * POLL_SECONDS;
const { env, done, as } = scene(
  "fresh",
  (env) => installed(env, US),
  () => ({ FATURA_QUICKBOOKS_POLL_SECONDS: String(POLL_SECONDS) }),
);

const pay = async (number) => {
  const {
    Invoice: [{ Id }],
  } = await (await quickbooks(env, US.realm))(`select * from Invoice where DocNumber = '${number}'`);
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: Id, amount: 1 });
};

/** On a deal with a new invoice that is open. */
const on = (deal, story) =>
  as(US, async (page, browser) => {
    const number = await bill(env, US, deal, CASCADE);
    await openDeal(page, env, deal);
    await panel(page).locator(".badge", { hasText: "Open" }).waitFor();
    await story(page, number, browser);
  });

test("the sweep finds a change whose webhook was lost", { timeout: 120_000 }, () =>
  on(4, async (page, number) => {
    await done("/quickbooks/webhooks/mishaps", { effect: "lost" });
    const begun = Date.now();
    await pay(number);
    await panel(page).locator(".badge", { hasText: "Partially paid" }).waitFor({ timeout: 40_000 });
    assert.ok(Date.now() - begun < (15 + HOUR_SECONDS + 5) * 1000, `${Date.now() - begun} ms`);
  }),
);

test("an open panel without its event stream reloads once a minute", { timeout: 150_000 }, () =>
  on(9, async (page, number, browser) => {
    await browser.context.route("**/live", (route) => route.abort());
    await page.reload();
    await panel(page).locator(".badge", { hasText: "Open" }).waitFor();
    const begun = Date.now();
    await pay(number);
    await page.waitForTimeout(10_000);
    assert.equal(await panel(page).locator(".badge", { hasText: "Partially paid" }).count(), 0, "nothing has told the panel");
    await panel(page).locator(".badge", { hasText: "Partially paid" }).waitFor({ timeout: 60_000 });
    assert.ok(Date.now() - begun < 65_000);
    browser.complaints.length = 0; // the streams that were cut
  }),
);
