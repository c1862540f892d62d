// A deal with five hundred invoices: created through the form, shown page by page, and quickly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { installed, openForm, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openDeal, panel } from "./story.mjs";

const COUNT = 500;
const AT_ONCE = 8;
const { env, done, as } = scene("many", async (env) => {
  await installed(env, US);
  await done("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await done("/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
}, () => ({ FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000" }));

test(`${COUNT} invoices on one deal`, { timeout: 390_000 }, async () => {
  const { call, fields } = await openForm(env, US, 3, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  let left = COUNT;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) {
      const answer = await settled(call, await call("/deals/3/invoices", { ...fields, intent: crypto.randomUUID() }));
      assert.equal(answer.status, 200, answer.text);
    }
  }));
  const panels = await session(env, "panel", US.company, US.user);
  const begun = performance.now();
  const shown = await panels.call("/panel/deal/3");
  const took = performance.now() - begun;
  assert.equal(shown.text.match(/<li class="invoice"/g).length, 10);
  assert.match(plain(shown.text), /\$5,000\.00/);
  assert.ok(took < 2000, `the panel took ${took} ms`);
  console.log(`panel with ${COUNT} invoices: ${took.toFixed(0)} ms`);
  await as(US, async (page) => {
    await openDeal(page, env, 3);
    const rows = panel(page).locator(".invoice");
    assert.equal(await rows.count(), 10);
    await panel(page).getByRole("button", { name: "Show more (490)" }).click();
    await panel(page).getByRole("button", { name: "Show more (440)" }).waitFor();
    assert.equal(await rows.count(), 60);
    await assertAccessible(page, "panel with many invoices");
    await picture(page, "panel-many-en");
  });
});
