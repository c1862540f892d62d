// Attacks and losses, over plain HTTP: forged tokens, foreign connect flows, lost answers, refusals, outdated requests.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, start } from "../scripts/stack.mjs";
import {
  bill,
  billedOnce,
  browser,
  claims,
  connectUntilConfirmation,
  control,
  create,
  decide,
  fieldsOf,
  installed,
  liveCallback,
  openForm,
  required,
  roomyDeal,
  session,
  settled,
  signed,
} from "./http.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

const BR = { company: 7710001, user: 910001, sub: "9130000000000002", realm: "9341452200000002" };
const US = { company: 7720002, user: 920001, sub: "9130000000000001", realm: "9341452200000001" };

// On PostgreSQL if there is one, else on SQLite. The browser tests run on SQLite.
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
/** @type {string | undefined} */
let database;
/** @type {string} */
let figures;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-trust-"));
  if (process.env.TEST_POSTGRES_URL) database = (await createDatabase()).url;
  const port = await freePort(0);
  figures = `http://127.0.0.1:${port}/metrics`;
  stack = await start({ dir, settings: { FATURA_METRICS_LISTEN: `127.0.0.1:${port}` }, ...(database ? { database } : {}) });
  env = stack.env;
  await installed(env, BR);
  await installed(env, US);
});
after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const invoices = async (realm) => (await (await quickbooks(env, realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];
const cascade = { customer: "3", customer_name: "Cascade Robotics, Inc.", customer_currency: "USD" };

test("only a current token of the same surface opens a session", async () => {
  const secret = env.PIPEDRIVE_JWT_SECRET_PANEL;
  const good = claims(US.company, US.user);
  const post = async (token, surface = "panel") =>
    (await fetch(`${env.FATURA_URL}/session/${surface}`, { method: "POST", headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await post(signed(secret, good)), 200);
  assert.equal(await post(signed(secret, good), "form"), 401);
  assert.equal(await post(signed(env.PIPEDRIVE_CLIENT_SECRET, good)), 401);
  assert.equal(await post(signed(secret, { ...good, exp: good.iat - 120 })), 401);
  assert.equal(await post(signed(secret, good, { alg: "none" })), 401);
  assert.equal(await post(signed(secret, { ...good, companyId: "7720002" })), 401);
  assert.equal(await post(signed(secret, { ...good, userId: 999 })), 403, "not installed by this user");
  const { bearer } = await session(env, "panel", US.company, US.user);
  const settings = await fetch(`${env.FATURA_URL}/settings/page`, { headers: { authorization: `Bearer ${bearer}` } });
  assert.equal(settings.status, 401, "a panel's bearer on the settings");
  assert.equal((await fetch(`${env.FATURA_URL}/panel/deal/1`)).status, 401);
});

test("the entry page drops the token from its address, and only Pipedrive may frame it", async () => {
  const entry = await fetch(`${env.FATURA_URL}/panel?id=abc&selectedIds=1&companyId=7710001&token=secret`, { redirect: "manual" });
  assert.equal(entry.status, 303);
  assert.equal(entry.headers.get("location"), "/app/panel?id=abc&resource=deal&record=1&theme=light");
  const shell = await fetch(`${env.FATURA_URL}${entry.headers.get("location")}`);
  assert.match(shell.headers.get("content-security-policy") ?? "", new RegExp(`frame-ancestors ${env.PIPEDRIVE_WEB_URL}$`));
  const plain = await fetch(`${env.FATURA_URL}/`);
  assert.match(plain.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  for (const page of [shell, plain]) {
    assert.equal(page.headers.get("cache-control"), "no-cache, no-store");
    assert.equal(page.headers.get("referrer-policy"), "no-referrer");
    assert.equal(page.headers.getSetCookie().length, 0);
  }
});

test("a connect flow can be finished once, and only in the browser that started it", async () => {
  const begun = await connectUntilConfirmation(env, US);
  assert.match(begun.page.text, /Oak Street Catering.*US, USD.*Oak Street Catering/s, "both companies are named");
  const stranger = browser();
  assert.match((await decide(env, stranger, begun.pending)).url, /quickbooks-expired$/);
  assert.match((await stranger.go(begun.url)).url, /quickbooks-expired$/, "a ticket is used once");
  const dead = ["/pipedrive/callback?code=x&state=forged", `/pipedrive/callback?code=x&state=${begun.state}`, "/quickbooks/connect?ticket=forged"];
  for (const url of [...dead, "/quickbooks/callback?code=x&state=forged&realmId=1", `/quickbooks/callback?code=x&state=${begun.state}&realmId=1`]) {
    assert.match((await stranger.go(env.FATURA_URL + url)).url, /-expired$/, url);
  }
  // A live code and state of one browser, opened in another.
  const live = await liveCallback(env, US);
  assert.match(live, /code=.*state=/);
  assert.match((await stranger.go(live)).url, /pipedrive-expired$/);
  // A code without a state is not used: the installation starts again, with a state.
  const restarted = await stranger.once(`${env.FATURA_URL}/pipedrive/callback?code=x`);
  assert.equal(restarted.headers.get("location"), "/install");
  // Declining keeps the existing connection.
  assert.match((await decide(env, begun.person, begun.pending, "cancel")).url, /quickbooks-declined\?cancelled=/);
  const { call } = await session(env, "form", US.company, US.user);
  assert.equal((await call("/deals/4/form")).status, 200);
});

test("a QuickBooks company that another tenant has connected cannot be taken over", async () => {
  const name = `<b onclick="x">Aurora & Filhos's</b>`;
  await control(env, "/quickbooks/rows", { realm_id: BR.realm, entity: "CompanyInfo", id: "1", members: { CompanyName: name } });
  const { person, pending } = await connectUntilConfirmation(env, { ...US, realm: BR.realm });
  const refusals = async () => {
    const counted = Number(/fatura_security_events_total\{event="company_refused"\} (\d+)/.exec(await (await fetch(figures)).text())?.[1] ?? 0);
    const sql = `select count(*) from audit join tenant on tenant.id = audit.tenant_id where audit.action = 'connecting refused' and tenant.company_id = ${US.company} and audit.user_id = ${US.user}`;
    const noted = database ? Number(execFileSync("psql", [database, "-Atqc", sql], { encoding: "utf8" })) : counted;
    return [noted, counted];
  };
  const [noted, counted] = await refusals();
  const { url } = await decide(env, person, pending);
  assert.match(url, /quickbooks-connected-elsewhere\?cancelled=/);
  assert.deepEqual(await refusals(), [noted + 1, counted + 1], "it is noted for whom it was refused, and counted");
  assert.equal((await (await session(env, "form", BR.company, BR.user)).call("/deals/9/form")).status, 200, "the connection that stands");
  // The page names the chosen QuickBooks company, as text, and not the Pipedrive company that has connected it.
  const page = async (asking, language) => (await asking.once(url, { headers: { "accept-language": language } })).text();
  for (const language of ["en", "pt-BR", "es"]) {
    const shown = await page(person, language);
    assert.match(shown, /&#60;b onclick=&#34;x&#34;&#62;Aurora &#38; Filhos&#39;s&#60;\/b&#62;/, language);
    assert.match(shown, /href="\/quickbooks\/again\?cancelled=/, "another one can be chosen");
    assert.doesNotMatch(shown, /<b onclick|Aurora Soluções|Ana Souza|7710001|9341452200000002/, language);
    assert.doesNotMatch(await page(browser(), language), /Aurora|again/, "another browser is told no name");
  }
});

test("an invoice whose answer is lost is not made a second time", async () => {
  const before = (await invoices(US.realm)).length;
  const { call, fields } = await openForm(env, US, 4, cascade);
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  const answer = await settled(call, await call("/deals/4/invoices", fields));
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /data-issued/);
  const found = await invoices(US.realm);
  assert.equal(found.length, before + 1);
  const again = await call("/deals/4/invoices", fields);
  assert.match(again.text, new RegExp(`data-message=["']Invoice ${found.at(-1).DocNumber} `), "the same form again is the same invoice");
  const changed = await call("/deals/4/invoices", { ...fields, message: "changed" });
  assert.equal(changed.status, 409);
  assert.equal((await invoices(US.realm)).length, before + 1);
});

test("twenty simultaneous Creates make one invoice", async () => {
  const before = (await invoices(US.realm)).length;
  const { call, fields } = await openForm(env, US, 12, cascade);
  const answers = await Promise.all(Array.from({ length: 20 }, async () => settled(call, await call("/deals/12/invoices", fields))));
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
  assert.equal((await invoices(US.realm)).length, before + 1);
});

test("of two windows of one form with different prices, the second one says that its input was not sent", { timeout: 60_000 }, async () => {
  const before = (await invoices(US.realm)).length;
  const deal = await roomyDeal(env, US, 3);
  const LINE = { ...cascade, "lines[0][item]": "12", "lines[0][unit_price]": "1000", "lines[0][tax_code]": "NON" };
  const { call, fields } = await openForm(env, US, deal, LINE);
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { delay: 6000 } });
  const first = call(`/deals/${deal}/invoices`, fields);
  await new Promise((go) => setTimeout(go, 1500));
  let second = await call(`/deals/${deal}/invoices`, { ...fields, "lines[0][unit_price]": "7777" });
  assert.match(second.text, /not sent/);
  const progress = () => /hx-get="(\/invoices\/[^"]*\/progress[^"]*)"/.exec(second.text)?.[1];
  const end = Date.now() + 30_000;
  for (let path; (path = progress()) && Date.now() < end; await new Promise((go) => setTimeout(go, 300))) second = await call(path);
  assert.doesNotMatch(second.text, /data-issued/, "it is not announced as created");
  assert.match(second.text, /were not sent|was not sent/);
  assert.match(second.text, /data-new-invoice/, "what is typed can become an invoice of its own");
  assert.match((await settled(call, await first)).text, /data-issued/);
  const made = await invoices(US.realm);
  assert.equal(made.length, before + 1);
  assert.equal(
    Math.max(...made.map(({ Id }) => Number(Id))) && made.find(({ Id }) => Number(Id) === Math.max(...made.map((each) => Number(each.Id)))).TotalAmt,
    1000,
  );
});

test("the keys of a form can bill only its own deal", async () => {
  const LINE = { ...cascade, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
  const opened = async () => {
    const deal = await roomyDeal(env, US, 3);
    return { deal, ...(await openForm(env, US, deal, LINE)) };
  };
  const [own, other] = [await opened(), await opened()];
  const before = (await invoices(US.realm)).length;
  const count = async () => (await invoices(US.realm)).length - before;
  const numberOf = (text) => /data-number="([^"]*)"/.exec(text)?.[1];
  const refused = async (fields, why) => {
    const answer = await settled(other.call, await other.call(`/deals/${other.deal}/invoices`, fields));
    assert.equal(answer.status, 404, `${why}: ${answer.text}`);
    assert.equal(numberOf(answer.text), undefined, why);
  };

  // The key with which the browser posts a form without script.
  const post = ({ deal }, fields) => fetch(`${env.FATURA_URL}/posted/deals/${deal}/invoices`, { method: "POST", body: new URLSearchParams(fields) });
  assert.equal((await post(other, { ...other.fields, posted: own.fields.posted })).status, 401);
  assert.equal((await post(other, { ...other.fields, posted: own.fields.posted, intent: own.fields.intent })).status, 401);
  assert.equal(await count(), 0);

  // The intent key: of a form that is open, of one that QuickBooks refused, and of one that has made its invoice.
  const borrowed = { ...other.fields, intent: own.fields.intent };
  await refused(borrowed, "open");
  await refused({ ...borrowed, window: "" }, "open, without a window");
  assert.equal((await other.call(`/deals/${other.deal}/form/preview`, { ...borrowed, window: "" })).status, 404);
  assert.equal(await count(), 0);
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6000" } });
  assert.equal((await settled(own.call, await own.call(`/deals/${own.deal}/invoices`, own.fields))).status, 422);
  await refused(borrowed, "refused by QuickBooks");
  assert.equal(await count(), 0);
  const number = numberOf((await create(own.call, own.deal, own.fields)).text);
  assert.ok(number);
  await refused(borrowed, "billed");
  await refused({ ...borrowed, "lines[0][unit_price]": "20" }, "billed, with another price");
  assert.equal(await count(), 1);

  // The other deal is billed with its own key, once.
  const billed = await create(other.call, other.deal, other.fields);
  assert.ok(numberOf(billed.text) && numberOf(billed.text) !== number, billed.text);
  assert.equal(await count(), 2);
  const panel = async ({ deal }) =>
    [...(await (await session(env, "panel", US.company, US.user)).call(`/panel/deal/${deal}`)).text.matchAll(/class="number">([^<]*)</g)].map(
      ([, shown]) => shown,
    );
  assert.deepEqual([await panel(own), await panel(other)], [[number], [numberOf(billed.text)]]);
});

test("an outage delays the invoice and does not lose it", async () => {
  const before = (await invoices(US.realm)).length;
  const { call, fields } = await openForm(env, US, 8, { customer: "2", customer_name: "Harbor & Pine Hotels", customer_currency: "USD" });
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", times: 2, effect: { status: 503 } });
  const answer = await settled(call, await call("/deals/8/invoices", fields));
  assert.match(answer.text, /data-issued/);
  assert.equal((await invoices(US.realm)).length, before + 1);
});

test("an expired access token is refreshed automatically", async () => {
  await control(env, "/quickbooks/expire", { realm_id: US.realm });
  await control(env, "/pipedrive/expire", { user_id: US.user });
  const { call, fields } = await openForm(env, US, 9, { ...cascade });
  const answer = await settled(call, await call("/deals/9/invoices", fields));
  assert.match(answer.text, /data-issued/, answer.text);
});

test("a refusal by QuickBooks appears at its field, and the same form can be corrected", async () => {
  const before = (await invoices(BR.realm)).length;
  const closed = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const books = (date) => control(env, "/quickbooks/preferences", { realm_id: BR.realm, preferences: { AccountingInfoPrefs: { BookCloseDate: date } } });
  const { call, fields } = await openForm(env, BR, 9, { customer: "new", customer_name: "Cliente Novo: Ltda", "lines[0][tax_code]": "2" });
  await books(closed);
  const refused = await settled(call, await call("/deals/9/invoices", fields));
  assert.equal(refused.status, 422);
  assert.match(refused.text, /href="#issued"/);
  assert.equal((await invoices(BR.realm)).length, before);
  await books("2000-01-01");
  const mended = await settled(call, await call("/deals/9/invoices", fields));
  assert.match(mended.text, /data-issued/, mended.text);
  const query = await quickbooks(env, BR.realm);
  assert.equal((await query("select * from Customer where DisplayName like 'Cliente Novo%'")).Customer.length, 1, "one customer, however often it was tried");
  assert.equal((await invoices(BR.realm)).length, before + 1);
});

test("one company sees no data of another", async () => {
  await billedOnce(env, US, 4, cascade);
  assert.match((await (await session(env, "panel", US.company, US.user)).call("/panel/deal/4")).text, /Cascade/, "its own company sees it");
  const { call } = await session(env, "panel", BR.company, BR.user);
  // Deal 4 has an invoice in the American company, and is another deal in the Brazilian one.
  const panel = await call("/panel/deal/4");
  assert.equal(panel.status, 200);
  assert.doesNotMatch(panel.text, /Cascade|10\d\d/);
});

test("the event stream of an open page reports changes of its own company only", { timeout: 60_000 }, async () => {
  const ended = new AbortController();
  const listening = async ({ company, user }) => {
    const { bearer } = await session(env, "panel", company, user);
    const answer = await fetch(`${env.FATURA_URL}/live`, { headers: { authorization: `Bearer ${bearer}` }, signal: ended.signal });
    assert.equal(answer.status, 200);
    const heard = { changes: 0 };
    (async () => {
      for await (const part of required(answer.body)) heard.changes += Buffer.from(part).toString().split("event: changed").length - 1;
    })().catch(() => undefined);
    return heard;
  };
  const [own, other] = [await listening(US), await listening(BR)];
  await new Promise((go) => setTimeout(go, 1500));
  const quiet = other.changes;
  await bill(env, US, 3, { ...cascade, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  for (const end = Date.now() + 10_000; own.changes === 0 && Date.now() < end; ) await new Promise((go) => setTimeout(go, 50));
  assert.ok(own.changes > 0, "its own");
  await new Promise((go) => setTimeout(go, 1000));
  assert.equal(other.changes, quiet);
  ended.abort();
});

test("a deal that a colleague may not see, or that was deleted, is neither shown nor billed", async () => {
  const MIGUEL = { ...US, user: 920002 };
  await installed(env, MIGUEL);
  const change = (id, changes) => control(env, "/pipedrive/change", { company_id: US.company, entity: "deal", id, changes });
  const { call, fields } = await openForm(env, MIGUEL, 11, cascade);
  const panel = (await session(env, "panel", MIGUEL.company, MIGUEL.user)).call;
  assert.equal((await panel("/panel/deal/11")).status, 200);
  const before = (await invoices(US.realm)).length;
  assert.equal((await change(11, { visible_to: 1 })).status, 200);
  assert.equal((await panel("/panel/deal/11")).status, 404);
  assert.equal((await call("/deals/11/form")).status, 404);
  assert.equal((await call("/deals/11/invoices", fields)).status, 404, "a form that was open already");
  assert.equal((await change(11, { visible_to: 3 })).status, 200);
  assert.equal((await control(env, "/pipedrive/delete", { company_id: US.company, entity: "deal", id: 11 })).status, 200);
  assert.equal((await panel("/panel/deal/11")).status, 404);
  assert.equal((await call("/deals/11/invoices", fields)).status, 404);
  assert.equal((await invoices(US.realm)).length, before);
});

test("only administrators can change settings", async () => {
  const person = await installed(env, { ...BR, user: 910002 });
  assert.ok(person);
  const { call } = await session(env, "settings", BR.company, 910002);
  assert.equal((await call("/settings/page")).status, 200);
  assert.equal((await call("/settings/save", { days: "30" })).status, 403);
  assert.equal((await call("/settings/disconnect", {})).status, 403);
});

test("saving the settings while QuickBooks is unavailable loses no setting", async () => {
  const { call } = await session(env, "settings", BR.company, BR.user);
  const page = fieldsOf((await call("/settings/page")).text);
  assert.equal((await call("/settings/save", { ...page, term: "4", income_account: "2" })).status, 200);
  await control(env, "/quickbooks/disconnect", { realm_id: BR.realm });
  // A restarted service has no cached lists.
  await stack.killFatura();
  await stack.startFatura();
  const away = fieldsOf((await call("/settings/page")).text);
  assert.deepEqual([away.term, away.income_account], ["4", "2"]);
  const saved = fieldsOf((await call("/settings/save", away)).text);
  assert.deepEqual([saved.term, saved.income_account], ["4", "2"]);
});

test("access tokens that are refused and can still be renewed do not end the connection", async () => {
  await bill(env, US, 4, { ...cascade, intent: crypto.randomUUID() });
  const { call } = await session(env, "panel", US.company, US.user);
  await control(env, "/faults", { provider: "quickbooks", path: "/v3/company", times: 2, effect: { status: 401 } });
  await call("/panel/deal/4/refresh", {});
  assert.doesNotMatch((await call("/panel/deal/4")).text, /must be reconnected/);
  await control(env, "/faults", { provider: "pipedrive", path: "/api/", times: 2, effect: { status: 401 } });
  assert.notEqual((await call("/panel/deal/4")).status, 403, "nobody has uninstalled");
  assert.equal((await call("/panel/deal/4")).status, 200);
});

test("if QuickBooks has ended the access, the page asks to reconnect", async () => {
  await control(env, "/quickbooks/disconnect", { realm_id: US.realm });
  const { call } = await session(env, "panel", US.company, US.user);
  await call("/panel/deal/4/refresh", {});
  const panel = await call("/panel/deal/4");
  assert.match(panel.text, /QuickBooks must be reconnected/);
  assert.match(panel.text, /class="invoice"/, "the history stays");
});

test("only a signed uninstall call is accepted, and it ends the session at once", async () => {
  const told = { client_id: env.PIPEDRIVE_CLIENT_ID, company_id: US.company, user_id: US.user, timestamp: new Date().toISOString() };
  const tell = (secret, more = {}) =>
    fetch(`${env.FATURA_URL}/pipedrive/callback`, {
      method: "DELETE",
      body: JSON.stringify({ ...told, ...more }),
      headers: { "content-type": "application/json", authorization: `Basic ${Buffer.from(`${env.PIPEDRIVE_CLIENT_ID}:${secret}`).toString("base64")}` },
    });
  const { call } = await session(env, "panel", US.company, US.user);
  assert.equal((await tell("wrong")).status, 401);
  assert.equal((await tell(env.PIPEDRIVE_CLIENT_SECRET, { client_id: "another-app" })).status, 401, "of another app");
  assert.equal((await call("/panel/deal/4")).status, 200);
  assert.equal((await tell(env.PIPEDRIVE_CLIENT_SECRET)).status, 200);
  assert.equal((await call("/panel/deal/4")).status, 403);
  assert.equal((await tell(env.PIPEDRIVE_CLIENT_SECRET)).status, 200, "told twice");
  assert.equal((await call("/panel/deal/4")).status, 403);
});
