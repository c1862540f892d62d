// Rights, over plain HTTP: only administrators connect QuickBooks, and a right that is removed in Pipedrive ends at once.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import {
  bill,
  browser,
  callbackOfIntuit,
  capture,
  connectUntilConfirmation,
  consentAtIntuit,
  control,
  decide,
  fieldsOf,
  installUntilIntuit,
  liveCallback,
  openForm,
  saveSettings,
  session,
} from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

// On PostgreSQL where there is one, else on SQLite.
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-rights-"));
  stack = await start({ dir, ...(process.env.TEST_POSTGRES_URL ? { database: (await createDatabase()).url } : {}) });
  env = stack.env;
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const promote = async (isAdmin, user = US.user) => assert.equal((await control(env, "/pipedrive/users", { user_id: user, is_admin: isAdmin })).status, 204);
const calls = async (path) => (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.path.includes(path));
const away = () => control(env, "/faults", { provider: "pipedrive", path: "/users/me", times: 1000, effect: { status: 503 } });
const back = () => control(env, "/faults", undefined, "DELETE");
const settingsPage = async (/** @type {{ company: number, user: number }} */ who = US) =>
  (await session(env, "settings", who.company, who.user)).call("/settings/page");
const isConnected = async () => /Connected to/.test((await settingsPage()).text);
const REFUSED = /\/outcome\/quickbooks-admins-only(\?|$)/;

afterEach(async () => {
  await back();
  await promote(true);
});

/** An administrator who has started to connect, at Intuit's sign-in. */
async function atIntuit() {
  const { call } = await session(env, "settings", US.company, US.user);
  const person = browser();
  const intuit = await person.go(JSON.parse((await call("/settings/connect", {})).text).url);
  assert.ok(intuit.url.startsWith(env.QUICKBOOKS_AUTHORIZE_URL), intuit.url);
  return { person, intuit };
}

test("a regular user who installs is not sent to Intuit, and reads that an administrator has to connect", async () => {
  const person = browser();
  const page = await installUntilIntuit(env, MIGUEL, person);
  assert.match(page.url, REFUSED);
  for (const [language, words] of /** @type {[string, RegExp][]} */ ([
    ["en", /An administrator has to connect QuickBooks/],
    ["pt-BR", /Um administrador precisa conectar o QuickBooks/],
    ["es", /Un administrador tiene que conectar QuickBooks/],
  ])) {
    const { text } = await person.go(page.url, { headers: { "accept-language": language } });
    assert.match(text, words);
    assert.match(text, /Oak Street Catering/);
    assert.doesNotMatch(text, /quickbooks\/again/);
  }
  assert.doesNotMatch(await (await fetch(page.url)).text(), /Oak Street/, "in another browser the address names nobody");
  assert.equal((await settingsPage(MIGUEL)).status, 200, "the app is installed");
  const { call } = await session(env, "settings", MIGUEL.company, MIGUEL.user);
  assert.equal((await call("/settings/connect", {})).status, 403);
  assert.equal((await calls("/connect/oauth2")).length, 0);
});

test("an administrator who was demoted is refused at every step of connecting", async () => {
  const person = browser();
  const intuit = await installUntilIntuit(env, US, person);
  assert.ok(intuit.url.startsWith(env.QUICKBOOKS_AUTHORIZE_URL), "an administrator goes on to Intuit");

  const { call } = await session(env, "settings", US.company, US.user);
  const { url } = JSON.parse((await call("/settings/connect", {})).text);
  await promote(false);
  assert.match((await browser().go(url)).url, REFUSED, "with a ticket");
  assert.equal((await call("/settings/connect", {})).status, 403);

  await promote(true);
  const exchanged = async () => (await calls("/tokens/bearer")).length;
  const there = await atIntuit();
  const before = await exchanged();
  await promote(false);
  assert.match((await consentAtIntuit(env, US, there.person, there.intuit)).page.url, REFUSED, "coming back from Intuit");
  assert.equal(await exchanged(), before, "the code is not used");

  await promote(true);
  const asked = await connectUntilConfirmation(env, US);
  assert.ok(asked.pending, asked.page.url);
  await promote(false);
  const revoked = (await calls("/tokens/revoke")).length;
  assert.match((await asked.person.go(asked.page.url)).url, REFUSED, "at the question");
  assert.match((await decide(env, asked.person, asked.pending)).url, REFUSED, "at the answer");
  assert.equal((await calls("/tokens/revoke")).length, revoked + 1, "the access is handed back");
  await promote(true);
  assert.match((await decide(env, asked.person, asked.pending)).url, /quickbooks-expired/, "and stays so");

  const cancelling = await atIntuit();
  const request = Object.fromEntries(new URL(cancelling.intuit.url).searchParams);
  const cancelled = await cancelling.person.go(env.QUICKBOOKS_AUTHORIZE_URL, { method: "POST", body: new URLSearchParams({ ...request, decision: "cancel" }) });
  assert.match(cancelled.url, /quickbooks-refused\?cancelled=/);
  await promote(false);
  const again = capture(/href="(\/quickbooks\/again[^"]*)"/, cancelled.text).replaceAll("&#38;", "&");
  assert.match((await cancelling.person.go(env.FATURA_URL + again)).url, REFUSED, "trying again");
  assert.equal(await isConnected(), false);
});

test("a realm in Intuit's callback that the token gives no access to is not connected", async () => {
  const person = browser();
  const intuit = await installUntilIntuit(env, US, person);
  const asked = new URL(intuit.url).searchParams;
  assert.equal(asked.get("scope"), "com.intuit.quickbooks.accounting", "nothing more is asked for");
  assert.ok((asked.get("state") ?? "").length > 30, `${asked.get("state")}`);
  const callback = new URL(await callbackOfIntuit(env, US, person, intuit));
  assert.equal(callback.searchParams.get("realmId"), US.realm);
  callback.searchParams.set("realmId", BR.realm);
  const exchanged = (await calls("/tokens/bearer")).length;
  const end = await person.go(callback.href);
  assert.match(end.url, /\/outcome\/quickbooks-failed$/);
  assert.equal((await calls("/tokens/bearer")).length, exchanged + 1, "the code is good");
  assert.equal(await isConnected(), false);
  callback.searchParams.set("realmId", US.realm);
  assert.match((await person.go(callback.href)).url, /quickbooks-expired$/, "the state is used up");
  assert.equal(await isConnected(), false);
});

test("while Pipedrive does not answer whether a user is an administrator, nothing is connected and nothing is lost", async () => {
  const { call } = await session(env, "settings", US.company, US.user);
  const { url } = JSON.parse((await call("/settings/connect", {})).text);
  await away();
  const person = browser();
  const waiting = await person.go(url);
  assert.match(waiting.url, /quickbooks-unverified\?cancelled=/);
  assert.match(waiting.text, /Pipedrive did not respond/);
  assert.notEqual((await call("/settings/connect", {})).status, 200);
  assert.notEqual((await call("/settings/save", { days: "30" })).status, 200);
  await back();
  const again = capture(/href="(\/quickbooks\/again[^"]*)"/, waiting.text).replaceAll("&#38;", "&");
  const intuit = await person.go(env.FATURA_URL + again);
  assert.ok(intuit.url.startsWith(env.QUICKBOOKS_AUTHORIZE_URL), intuit.url);
  const { pending } = await consentAtIntuit(env, US, person, intuit);
  await away();
  const unanswered = await decide(env, person, pending);
  assert.equal(unanswered.response.status, 503);
  assert.match(unanswered.text, /Pipedrive did not respond/);
  assert.match(unanswered.text, /name="pending"/, "the question stays");
  assert.equal(await isConnected(), false);
  await back();
  assert.ok((await decide(env, person, pending)).url.startsWith(env.PIPEDRIVE_WEB_URL));
  assert.equal(await isConnected(), true);
});

test("a demotion takes effect at once, also in open sessions", async () => {
  const number = await bill(env, US, 4, CASCADE);
  await saveSettings(env, US, { create: "admins", void: "admins" });
  const panel = (await session(env, "panel", US.company, US.user)).call;
  const form = (await session(env, "form", US.company, US.user)).call;
  const { call } = await session(env, "settings", US.company, US.user);
  const [, id, seen] =
    /invoices\/([0-9a-f-]{36})\/void[^]*?"seen": "([^"]*)"/.exec((await panel("/panel/deal/4")).text.replaceAll("&#34;", '"')) ?? assert.fail("no invoice");
  const { fields } = await openForm(env, US, 5, CASCADE);
  const saved = (await call("/settings/page")).text;
  await promote(false);
  assert.equal((await call("/settings/save", { ...fieldsOf(saved), days: "99" })).status, 403);
  assert.equal((await call("/settings/disconnect", {})).status, 403);
  assert.equal((await panel(`/panel/deal/4/invoices/${id}/void`, { seen, key: crypto.randomUUID() })).status, 403);
  assert.equal((await form("/deals/5/invoices", fields)).status, 403);
  await promote(true);
  await away();
  const unknown = await call("/settings/save", { ...fieldsOf(saved), days: "99" });
  assert.equal(unknown.status, 503);
  assert.equal(unknown.headers.get("hx-retarget"), "#settings-wrong", "what was typed stays on the page");
  assert.equal((await call("/settings/disconnect", {})).status, 503);
  assert.equal((await panel(`/panel/deal/4/invoices/${id}/void`, { seen, key: crypto.randomUUID() })).status, 503);
  assert.equal((await form("/deals/5/invoices", { ...fields, message: "Typed in an outage" })).status, 503);
  await back();
  assert.equal(fieldsOf((await call("/settings/page")).text).days, fieldsOf(saved).days);
  assert.match((await form("/deals/5/form")).text, /Typed in an outage/);
  const books = (await (await quickbooks(env, US.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0];
  assert.ok(books.TotalAmt > 0, "nothing was voided");
  assert.equal(await isConnected(), true);
});

test("a confirmation is accepted once, and a connect link works only in the browser that requested it", async () => {
  const { person, pending, page } = await connectUntilConfirmation(env, US);
  assert.match(page.text, /Dana Whitfield/, "the page names who asks");
  assert.ok((await decide(env, person, pending)).url.startsWith(env.PIPEDRIVE_WEB_URL));
  assert.match((await decide(env, person, pending)).url, /quickbooks-expired$/);
  assert.match((await decide(env, person, pending, "cancel")).url, /quickbooks-expired$/);
  const { call } = await session(env, "settings", US.company, US.user);
  const { url } = JSON.parse((await call("/settings/connect", {})).text);
  assert.match((await browser().go(url, { headers: { "user-agent": "Another/1.0" } })).url, /quickbooks-expired$/);
});

test("two users of a company who install at the same moment both have the app", { timeout: 60_000 }, async () => {
  for (let company = 7_795_001; company <= 7_795_005; company++) {
    const users = [1, 2].map((at) => ({
      id: company * 10 + at,
      name: `User ${at}`,
      email: `user${at}@moment.example`,
      is_admin: at === 1,
      locale: "en_US",
      language: { language_code: "en", country_code: "US" },
      timezone_name: "America/New_York",
    }));
    const seed = {
      id: company,
      name: `Company ${company}`,
      domain: `moment${company}`,
      country: "US",
      currency: "USD",
      users,
      fields: [],
      organizations: [],
      persons: [],
      products: [],
      deals: [],
      stages: ["Lead in"],
    };
    assert.ok((await control(env, "/pipedrive/seed", { companies: [seed] })).ok);
    const people = await Promise.all(
      users.map(async ({ id: user }) => {
        const person = browser();
        return { user, person, callback: await liveCallback(env, { user }, person) };
      }),
    );
    const ends = await Promise.all(people.map(({ person, callback }) => person.go(callback)));
    assert.ok(ends[0].url.startsWith(env.QUICKBOOKS_AUTHORIZE_URL), ends[0].url);
    assert.match(ends[1].url, REFUSED, "a regular user");
    for (const { user } of people) assert.equal((await settingsPage({ company, user })).status, 200, `${user}`);
  }
});

test("over HTTPS the cookie of a connect flow has the __Host- prefix and is HttpOnly, SameSite and Secure", { timeout: 60_000 }, async () => {
  const cookie = async () => (await fetch(`${stack.replicas[0].url}/install`, { redirect: "manual" })).headers.getSetCookie();
  const attributes = (/** @type {string[]} */ [line]) => line.split("; ").slice(1).sort();
  const plain = await cookie();
  assert.equal(plain.length, 1);
  assert.match(plain[0], /^fatura-flow=[\w-]{40,};/);
  assert.deepEqual(attributes(plain), ["HttpOnly", "Path=/", "SameSite=Lax"]);
  await stack.killFatura();
  await stack.with({ FATURA_PUBLIC_URL: "https://fatura.example" }).startFatura();
  try {
    const secure = await cookie();
    assert.equal(secure.length, 1);
    assert.match(secure[0], /^__Host-fatura-flow=[\w-]{40,};/);
    assert.deepEqual(attributes(secure), ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
  } finally {
    await stack.killFatura();
    await stack.with({ FATURA_PUBLIC_URL: env.FATURA_URL }).startFatura();
  }
});
