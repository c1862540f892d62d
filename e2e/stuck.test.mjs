// Parked operations: how they are shown, and how a user continues them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, capture, installed, openForm, roomyDeal, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, openDeal, panel, quickbooks, settings } from "./story.mjs";

const scenery = scene(
  "stuck",
  (env) => installed(env, US),
  () => ({ FATURA_QUICKBOOKS_TRUST_REQUESTID: "false", FATURA_GIVE_UP_MINUTES: "0" }),
);
const { env, done, as } = scenery;
const invoices = async () => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];

/** Waits until a condition holds. */
async function until(what, is, patience = 60_000) {
  for (const end = Date.now() + patience; Date.now() < end; await new Promise((go) => setTimeout(go, 500))) if (await is()) return;
  assert.fail(`not within ${patience} ms: ${what}`);
}

test("where requestid is not trusted, an invoice in doubt that is not found is resent only by a user", { timeout: 180_000 }, async () => {
  const before = (await invoices()).length;
  const { call, fields } = await openForm(env, US, 4, CASCADE);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_before" });
  const id = capture(/\/invoices\/([^/]+)\/progress/, (await call("/deals/4/invoices", fields)).text);
  let shown;
  await until("a person is asked", async () => /needs attention/.test((shown = await call(`/invoices/${id}/progress`)).text));
  assert.match(shown.text, /send it again/);
  assert.match((await call("/deals/4/invoices", fields)).text, /needs attention/, "the same form says the same");
  assert.match((await call(`/invoices/${id}/again`, {})).text, /needs attention/, "it was looked for, and is not there");
  assert.equal((await invoices()).length, before, "nothing was sent");
  assert.match(await scenery.stack.fatura("parked"), new RegExp(`^invoice ${id} .*deal 4, .*not found there`));
  await as(US, async (page) => {
    await openDeal(page, env, 4);
    await panel(page).getByText("Needs attention").waitFor();
    await assertAccessible(page, "a stuck invoice in the panel");
    await picture(page, "panel-stuck-en");
  });
  const sent = await settled(call, await call(`/invoices/${id}/again`, { resend: "on" }));
  assert.match(sent.text, /data-issued/);
  assert.equal((await invoices()).length, before + 1);
  assert.equal(await scenery.stack.fatura("parked"), "nothing is parked");
});

test("a user can resend an invoice in doubt, from the form and from the panel", { timeout: 240_000 }, async () => {
  const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
  const before = (await invoices()).length;
  const [inForm, inPanel] = [await roomyDeal(env, US, 4), await roomyDeal(env, US, 4)];
  const drop = () => done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_before" });
  await as(US, async (page) => {
    const posts = [];
    page.on(
      "request",
      (request) =>
        request.method() === "POST" &&
        /\/(again|invoices)$/.test(request.url()) &&
        posts.push(`${new URL(request.url()).pathname.split("/").at(-1)} ${request.postData() ?? ""}`),
    );
    const confirm = () => page.getByRole("dialog").last().getByRole("button", { name: "It is not there: send it again" }).click();

    const { call, fields } = await openForm(env, US, inForm, LINE);
    await call(`/deals/${inForm}/form/preview`, { ...fields, version: "1000" });
    await openDeal(page, env, inForm);
    await panel(page).locator("button.go").click();
    const invoice = form(page);
    await invoice.locator("#create").waitFor();
    await drop();
    await invoice.locator("#create").click({ force: true });
    await invoice.locator("#outcome [data-act=confirm]").waitFor({ timeout: 90_000 });
    posts.length = 0;
    await invoice.locator("#outcome [data-act=confirm]").click();
    await confirm();
    await page.locator(".snackbar").waitFor();
    assert.deepEqual(
      posts.map((post) => post.split(" ")[0]),
      ["again"],
      "the form itself was not sent",
    );
    assert.match(posts[0], /resend=on/);
    assert.equal((await invoices()).length, before + 1);

    const other = await openForm(env, US, inPanel, LINE);
    await drop();
    const id = capture(/\/invoices\/([^/]+)\/progress/, (await other.call(`/deals/${inPanel}/invoices`, other.fields)).text);
    await until("a person is asked", async () => /needs attention/.test((await other.call(`/invoices/${id}/progress`)).text));
    await openDeal(page, env, inPanel);
    const row = panel(page).locator(".invoice");
    // It is looked up again, is still not found, and the row still offers both buttons.
    const looked = page.waitForResponse((response) => response.url().endsWith("/again"));
    await row.getByRole("button", { name: "Check again" }).click();
    await looked;
    await row.getByText("Needs attention").waitFor();
    await assertAccessible(page, "a stuck invoice that may be sent again");
    await picture(page, "panel-doubt-en");
    posts.length = 0;
    await row.getByRole("button", { name: "It is not there: send it again" }).click();
    await confirm();
    await row.locator(".number").waitFor();
    assert.match(posts.join(), /^again .*resend=on$/);
    assert.equal((await invoices()).length, before + 2);
  });
});

test("an invoice in doubt that QuickBooks has is found without asking a user", { timeout: 60_000 }, async () => {
  const before = (await invoices()).length;
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  await bill(env, US, 5, CASCADE);
  assert.equal((await invoices()).length, before + 1);
});

test("an operation that keeps failing is parked, and continues when a user tries it again", { timeout: 180_000 }, async () => {
  const number = await bill(env, US, 3, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  const shown = async () => plain((await (await session(env, "panel", US.company, US.user)).call("/panel/deal/3")).text);
  const [, id, seen] = /invoices\/([0-9a-f-]{36})\/void[^]*?"seen": "([^"]*)"/.exec(await shown()) ?? assert.fail("no invoice");
  await done("/faults", { provider: "quickbooks", path: "/invoice", times: 100, effect: { status: 500 } });
  const { call } = await session(env, "panel", US.company, US.user);
  await call(`/panel/deal/3/invoices/${id}/void`, { seen, key: crypto.randomUUID() });
  await until("it is given up", async () => /Needs attention/.test(await shown()));
  assert.match(await scenery.stack.fatura("parked"), /^act .*deal 3, .*no usable answer/);
  await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
  await as(US, async (page) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    const work = settings(page).getByRole("region", { name: "Failed tasks" });
    await work.getByText("Void, delete or send · deal 3").waitFor();
    await assertAccessible(page, "stuck work in the settings");
    await picture(page, "settings-stuck-en");
    await work.getByRole("button", { name: "Try again" }).click();
    await work.waitFor({ state: "detached" });
  });
  await until("it is voided", async () => new RegExp(`${number}.*Voided`, "s").test(await shown()));
  assert.match(await scenery.stack.fatura("retry", "--all"), /^0 retried/);
});
