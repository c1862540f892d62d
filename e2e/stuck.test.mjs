// Work that goes no further without a person: what it looks like, and how it goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, installed, openForm, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openDeal, panel, quickbooks, settings } from "./story.mjs";

const scenery = scene("stuck", (env) => installed(env, US), () => ({ FATURA_QUICKBOOKS_TRUST_REQUESTID: "false", FATURA_GIVE_UP_MINUTES: "0" }));
const { env, done, as } = scenery;
const invoices = async () => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];

/** Waits until something is so. */
async function until(what, is, patience = 60_000) {
  for (const end = Date.now() + patience; Date.now() < end; await new Promise((go) => setTimeout(go, 500))) if (await is()) return;
  assert.fail(`not within ${patience} ms: ${what}`);
}

test("where a requestid is not trusted, what is sent without an answer and not found is sent again by a person's word only", { timeout: 180_000 }, async () => {
  const before = (await invoices()).length;
  const { call, fields } = await openForm(env, US, 4, CASCADE);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_before" });
  const id = /\/invoices\/([^/]+)\/progress/.exec((await call("/deals/4/invoices", fields)).text)[1];
  let shown;
  await until("a person is asked", async () => /Somebody has to look/.test((shown = await call(`/invoices/${id}/progress`)).text));
  assert.match(shown.text, /send it again/);
  assert.match((await call("/deals/4/invoices", fields)).text, /Somebody has to look/, "the same form says the same");
  assert.match((await call(`/invoices/${id}/again`, {})).text, /Somebody has to look/, "it was looked for, and is not there");
  assert.equal((await invoices()).length, before, "nothing was sent");
  assert.match(await scenery.stack.fatura("stuck"), new RegExp(`^invoice ${id} .*deal 4, .*not found there`));
  await as(US, async (page) => {
    await openDeal(page, env, 4);
    await panel(page).getByText("Needs a look").waitFor();
    await assertAccessible(page, "a stuck invoice in the panel");
    await picture(page, "panel-stuck-en");
  });
  const sent = await settled(call, await call(`/invoices/${id}/again`, { resend: "on" }));
  assert.match(sent.text, /data-issued/);
  assert.equal((await invoices()).length, before + 1);
  assert.equal(await scenery.stack.fatura("stuck"), "nothing is stuck");
});

test("where QuickBooks has it, it is found without asking anybody", { timeout: 60_000 }, async () => {
  const before = (await invoices()).length;
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  await bill(env, US, 5, CASCADE);
  assert.equal((await invoices()).length, before + 1);
});

test("what keeps failing is left for a person, and goes on when it is tried again", { timeout: 180_000 }, async () => {
  const number = await bill(env, US, 3, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  const shown = async () => plain((await (await session(env, "panel", US.company, US.user)).call("/panel/deal/3")).text);
  const [, id, seen] = /invoices\/([0-9a-f-]{36})\/void[^]*?"seen": "([^"]*)"/.exec(await shown());
  await done("/faults", { provider: "quickbooks", path: "/invoice", times: 100, effect: { status: 500 } });
  const { call } = await session(env, "panel", US.company, US.user);
  await call(`/panel/deal/3/invoices/${id}/void`, { seen, key: crypto.randomUUID() });
  await until("it is given up", async () => /Needs a look/.test(await shown()));
  assert.match(await scenery.stack.fatura("stuck"), /^act .*deal 3, .*no usable answer/);
  await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
  await as(US, async (page) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    const work = settings(page).getByRole("region", { name: "Work that is stuck" });
    await work.getByText("Void, delete or send · deal 3").waitFor();
    await assertAccessible(page, "stuck work in the settings");
    await picture(page, "settings-stuck-en");
    await work.getByRole("button", { name: "Try again" }).click();
    await work.waitFor({ state: "detached" });
  });
  await until("it is voided", async () => new RegExp(`${number}.*Voided`, "s").test(await shown()));
  assert.match(await scenery.stack.fatura("retry", "--all"), /^0 taken up/);
});
