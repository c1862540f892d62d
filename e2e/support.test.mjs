// Details for support: the ids of a failed call, and nothing else, copied by one button.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, capture, installed, openForm, required, roomyDeal, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";
import { openDeal, panel } from "./story.mjs";

const { env, as, done } = scene("support", (env) => installed(env, US));
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };

const DETAILS = /<pre class="details"[^>]*>([^<]*)<\/pre>/;
const books = (date) => done("/quickbooks/preferences", { realm_id: US.realm, preferences: { AccountingInfoPrefs: { BookCloseDate: date } } });
const UTC = /^time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/m;

function assertNothingElse(details) {
  assert.match(details, /^Fatura \d+\.\d+\.\d+$/m);
  assert.match(details, UTC);
  assert.ok(Math.abs(Date.parse(capture(/^time: (.*)$/m, details)) - Date.now()) < 60_000, details);
  // A line for each of these, and no other.
  assert.deepEqual(
    details
      .split("\n")
      .slice(1)
      .filter((line) => !/^(reference|time|code|intuit_tid): [\w.:, -]+$/.test(line)),
    [],
  );
  assert.doesNotMatch(details, new RegExp(`Cascade|Oak Street|Dana|${US.realm}|Bearer|10\\.00`));
}

test("a refused invoice or action shows details for support, without customer data", { timeout: 60_000 }, async () => {
  const { call, deal, fields } = await (async () => {
    const deal = await roomyDeal(env, US, 3);
    return { deal, ...(await openForm(env, US, deal, LINE)) };
  })();
  await books(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10));
  const refused = await settled(call, await call(`/deals/${deal}/invoices`, fields));
  await books("2000-01-01");
  assert.equal(refused.status, 422);
  const [, path, id] = /hx-get="(\/invoices\/([0-9a-f-]+)\/support)"/.exec(refused.text) ?? assert.fail(refused.text);
  const details = capture(DETAILS, (await call(path)).text);
  assertNothingElse(details);
  assert.match(details, new RegExp(`^reference: ${id}$`, "m"));
  assert.match(details, /^code: 6\d{3}$/m);
  assert.match(details, /^intuit_tid: 1-[0-9a-f]{32}$/m);
  // An action on an issued invoice.
  const other = await roomyDeal(env, US, 3);
  const number = await bill(env, US, other, LINE);
  const own = await session(env, "panel", US.company, US.user);
  const row = required((await rows((_, at) => own.call(at), other)).find((each) => each.number === number));
  assert.doesNotMatch((await own.call(`/invoices/${row.id}/support`)).text, DETAILS, "nothing was refused yet");
  await books(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10));
  const answer = await own.call(`/panel/deal/${other}/invoices/${row.id}/delete`, { seen: row.seen });
  await books("2000-01-01");
  assert.equal(answer.status, 409, answer.text);
  assert.match(answer.text, new RegExp(`hx-get="/invoices/${row.id}/support"`));
  const ofAct = capture(DETAILS, (await own.call(`/invoices/${row.id}/support`)).text);
  assertNothingElse(ofAct);
  assert.match(ofAct, /^code: 6\d{3}$/m);
  assert.match(ofAct, /^intuit_tid: 1-/m);
});

test("an error with a reference has details for support, in each language", { timeout: 60_000 }, async () => {
  const { call } = await session(env, "form", US.company, US.user);
  await done("/faults", { provider: "pipedrive", method: "GET", path: "/deals/1", times: 20, effect: { page: 403 } });
  const { status, text } = await call("/deals/1/form");
  await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
  assert.equal(status, 503);
  const details = capture(DETAILS, text);
  assertNothingElse(details);
  assert.match(details, /^reference: [0-9a-f]{32}$/m);
  assert.match(details, /^code: 403$/m);
  for (const [language, words] of [
    ["en", "Copy for support"],
    ["pt-BR", "Copiar para o suporte"],
    ["es", "Copiar para soporte"],
  ]) {
    const page = await (
      await fetch(`${env.FATURA_URL}/quickbooks/confirm`, {
        method: "POST",
        body: "x",
        headers: { "content-type": "application/json", "accept-language": language },
      })
    ).text();
    assert.ok(page.includes(words), page);
    assertNothingElse(capture(DETAILS, page));
  }
});

test("a button copies the details, or selects them if the frame may not use the clipboard", { timeout: 90_000 }, () =>
  as(US, async (page, browser) => {
    const deal = await roomyDeal(env, US, 3);
    const number = await bill(env, US, deal, LINE);
    const own = await session(env, "panel", US.company, US.user);
    const row = required((await rows((_, at) => own.call(at), deal)).find((each) => each.number === number));
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6450" } });
    assert.equal((await own.call(`/panel/deal/${deal}/invoices/${row.id}/delete`, { seen: row.seen })).status, 409);
    await openDeal(page, env, deal);
    const frame = panel(page);
    const details = await frame.locator(".details").textContent();
    assertNothingElse(details);
    await frame.getByRole("button", { name: "Copy for support" }).click();
    const said = frame.locator(".support [role=status]");
    await said.filter({ hasText: /Copied|Selected/ }).waitFor();
    await assertAccessible(page, "details for support");
    await picture(page, "support-en");
    if (/Copied/.test((await said.textContent()) ?? "")) {
      await page.goto("about:blank");
      await page.setContent("<textarea></textarea>");
      await page.locator("textarea").click();
      await page.keyboard.press("Control+V");
      assert.equal(plain(await page.locator("textarea").inputValue()), plain(details));
      await openDeal(page, env, deal);
    }
    // If the clipboard cannot be used at all, the text is selected.
    await frame.locator(".details").evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
      document.execCommand = () => false;
    });
    await frame.getByRole("button", { name: "Copy for support" }).click();
    await said.filter({ hasText: "Selected" }).waitFor();
    assert.equal(await frame.locator(".details").evaluate(() => `${getSelection()}`), details);
    // And on a plain page, outside of any frame.
    const answer = await page.goto(`${env.FATURA_URL}/outcome/%ff`);
    assert.equal(answer?.status(), 400);
    await page.getByRole("button", { name: "Copy for support" }).click();
    await page.getByText(/Copied|Selected/).waitFor();
    browser.complaints.splice(
      0,
      browser.complaints.length,
      ...browser.complaints.filter((line) => !/status of 400|Blocked call|permissions policy|clipboard/i.test(line)),
    );
  }),
);
