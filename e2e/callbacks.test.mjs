// OAuth callbacks that are opened again, late, or in two tabs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, callbackOfIntuit, control, installUntilIntuit, liveCallback, redirectOf } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { clock } from "./storm/time.mjs";

const hands = {};
const { env, done } = scene("callbacks", undefined, (dir) => Object.assign(hands, clock(dir)).settings ?? {});

/** Counts the calls of Pipedrive's token endpoint while a function runs. */
async function exchangesIn(happens) {
  await done("/faults", { provider: "pipedrive", path: "/oauth/token", times: 1000, effect: { delay: 1 } });
  const count = async () => (await (await control(env, "/faults/count", undefined, "GET")).json()).struck;
  const before = await count();
  await happens();
  const exchanges = (await count()) - before;
  await control(env, "/faults", undefined, "DELETE");
  return exchanges;
}

const installedAt = async ({ company, user }) =>
  (await (await control(env, "/pipedrive/companies", undefined, "GET")).json()).companies.find(({ id }) => id === company).users.find(({ id }) => id === user)
    .installed;

const INSTALLED = /\/outcome\/pipedrive-installed\?installed=/;

test("opening an installation's callback again says that Fatura is installed, and grants nothing", { timeout: 60_000 }, async () => {
  const person = browser();
  const callback = await liveCallback(env, US, person);
  const exchanges = await exchangesIn(async () => {
    assert.match(redirectOf(await person.once(callback)), new RegExp(`^${env.QUICKBOOKS_AUTHORIZE_URL}`));
    for (const language of ["en", "pt-BR", "es"]) {
      const { url, response, text } = await person.go(callback, { headers: { "accept-language": language } });
      assert.match(url, INSTALLED, language);
      assert.equal(response.status, 200);
      const page = await (await person.once(url, { headers: { "accept-language": language } })).text();
      assert.match(page, /<h1>(Fatura is installed|O Fatura está instalado|Fatura está instalada)<\/h1>/, language);
      assert.match(page, /Oak Street Catering/, language);
      assert.match(page, new RegExp(`href="${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/`), language);
      assert.doesNotMatch(text, /\/quickbooks\/again|\/install"/, "no step of connecting begins here");
    }
    // The value in the page's address grants nothing.
    const { searchParams } = new URL((await person.go(callback)).url);
    const value = encodeURIComponent(searchParams.get("installed") ?? "");
    assert.match((await person.go(`${env.FATURA_URL}/quickbooks/again?cancelled=${value}`)).url, /quickbooks-expired$/);
    assert.match((await person.go(`${env.FATURA_URL}/quickbooks/connect?ticket=${value}`)).url, /quickbooks-expired$/);
    // Another browser gets no data, neither by the callback nor by the page's address.
    const stranger = browser();
    assert.match((await stranger.go(callback)).url, /pipedrive-expired$/);
    const page = await stranger.go(`${env.FATURA_URL}/outcome/pipedrive-installed?installed=${value}`);
    assert.doesNotMatch(page.text, /Oak Street|app-settings/);
  });
  assert.equal(exchanges, 1, "the code is used once");
});

test("allowing again on the consent page works, and the app is installed once", { timeout: 60_000 }, async () => {
  const person = browser();
  const callback = await liveCallback(env, US, person);
  await person.once(callback);
  const state = new URL(callback).searchParams.get("state") ?? "";
  const asked = { client_id: env.PIPEDRIVE_CLIENT_ID, redirect_uri: `${env.FATURA_URL}/pipedrive/callback`, state, decision: "allow" };
  const again = redirectOf(await person.once(env.PIPEDRIVE_AUTHORIZE_URL, { method: "POST", body: new URLSearchParams(asked) }));
  assert.notEqual(new URL(again).searchParams.get("code"), new URL(callback).searchParams.get("code"));
  assert.match((await person.go(again)).url, INSTALLED);
  assert.equal(await installedAt(US), true);
});

test("of three simultaneous requests with one callback, one continues to QuickBooks, and the others say that Fatura is installed", {
  timeout: 60_000,
}, async () => {
  const person = browser();
  const callback = await liveCallback(env, US, person);
  const answers = await Promise.all([1, 2, 3].map(async () => redirectOf(await person.once(callback))));
  assert.equal(answers.filter((to) => to.startsWith(env.QUICKBOOKS_AUTHORIZE_URL)).length, 1, answers.join("\n"));
  assert.equal(answers.filter((to) => INSTALLED.test(to)).length, 2, answers.join("\n"));
});

test("an installation that was started in two tabs can be finished in both", { timeout: 60_000 }, async () => {
  const person = browser();
  const first = await liveCallback(env, US, person);
  const second = await liveCallback(env, US, person);
  assert.notEqual(first, second);
  for (const callback of [first, second]) assert.match(redirectOf(await person.once(callback)), new RegExp(`^${env.QUICKBOOKS_AUTHORIZE_URL}`));
  // Intuit's callback in the older tab is accepted as well.
  const [older, newer] = [await installUntilIntuit(env, US, person), await installUntilIntuit(env, US, person)];
  for (const tab of [newer, older]) assert.match((await person.go(await callbackOfIntuit(env, US, person, tab))).url, /\/quickbooks\/confirm\?pending=/);
});

test("after an uninstallation the old callback counts as expired", { timeout: 60_000 }, async () => {
  const person = browser();
  const callback = await liveCallback(env, BR, person);
  await person.once(callback);
  assert.match((await person.go(callback)).url, INSTALLED);
  await done("/pipedrive/uninstall", { company_id: BR.company });
  assert.match((await person.go(callback)).url, /pipedrive-expired$/);
});

test("an installation's state expires after ten minutes; a used one says for a day that Fatura is installed", { timeout: 60_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  const [person, slow] = [browser(), browser()];
  const [callback, late, inTime] = [await liveCallback(env, US, person), await liveCallback(env, US, slow), await liveCallback(env, US, slow)];
  await person.once(callback);
  /** Moves the clock, and waits until Fatura uses it. */
  const at = async (seconds) => {
    hands.move(seconds);
    await new Promise((go) => setTimeout(go, 6000));
  };
  try {
    await at(9 * 60);
    assert.match(redirectOf(await slow.once(inTime)), new RegExp(`^${env.QUICKBOOKS_AUTHORIZE_URL}`));
    await at(11 * 60);
    assert.equal(await exchangesIn(async () => assert.match((await slow.go(late)).url, /pipedrive-expired$/)), 0, "its code is not used");
    assert.match((await person.go(callback)).url, INSTALLED);
  } finally {
    await at(0);
  }
});
