// Access to the providers, over plain HTTP: tokens that are refreshed, lost or refused; links into QuickBooks; uninstall calls of any shape.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import {
  bill,
  browser,
  connectUntilConfirmation,
  control,
  decide,
  encoded,
  installed,
  openForm,
  pipedriveApi,
  required,
  roomyDeal,
  session,
  settled,
} from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const RECONNECT = /QuickBooks must be reconnected/;
const MISCONFIGURED = /Fatura is not set up correctly/;
const DAY = 86_401;

// On PostgreSQL where there is one, else on SQLite.
const server = process.env.TEST_POSTGRES_URL;
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
/** @type {string | undefined} */
let database;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-access-"));
  if (server) database = (await createDatabase()).url;
  stack = await start({ dir, ...(database ? { database } : {}) });
  env = stack.env;
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await installed(env, US);
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const invoices = async () => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];
const refreshes = async () =>
  (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.provider === "quickbooks" && call.path.includes("/tokens/bearer"));
const fault = (effect, more = {}) => control(env, "/faults", { provider: "quickbooks", effect, ...more });
const lost = (effect, more) => fault(effect, { path: "/tokens/bearer", ...more });
const open = async (surface) => (await session(env, surface, US.company, US.user)).call;

afterEach(async () => {
  await control(env, "/faults", undefined, "DELETE");
  // A test that ended the access does not affect the next one.
  if (RECONNECT.test((await (await open("panel"))?.("/panel/deal/3"))?.text ?? "")) await reconnect();
});

/** Sets what the sandbox does with an old refresh token, and makes the next refresh return a new one. */
async function reading(old, more = {}) {
  assert.equal((await control(env, "/quickbooks/quirks", { realm_id: US.realm, old_refresh_token: old, ...more })).status, 204);
  await rotate();
}
async function rotate() {
  await control(env, "/clock", { advance_seconds: DAY });
  await control(env, "/quickbooks/expire", { realm_id: US.realm });
}

/** Makes Fatura refresh the tokens. */
async function renew() {
  assert.equal((await (await open("panel"))("/panel/deal/3/refresh", {})).status, 200);
}

/** The administrator's open tasks in Pipedrive that ask to connect QuickBooks again. */
async function tasks() {
  const api = await pipedriveApi(env, US);
  return (await api("GET", "v2/activities?done=false&limit=500")).filter(({ subject }) => /QuickBooks/.test(subject));
}
async function until(holds, what, patience = 20_000) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(100)) if (await holds()) return;
  assert.fail(what);
}

async function reconnect() {
  const { person, pending } = await connectUntilConfirmation(env, US);
  await decide(env, person, pending);
}

test("links open the invoice and the customer in QuickBooks, with QuickBooks' own addresses", async () => {
  const number = await bill(env, US, 3, LINE);
  const { Id: id } = (await invoices()).find(({ DocNumber }) => DocNumber === number);
  const text = (await (await open("panel"))("/panel/deal/3")).text.replaceAll("&#38;", "&");
  for (const link of [`pagereq=invoice%3FtxnId%3D${id}`, `pagereq=customerdetail%3FnameId%3D${CASCADE.customer}`]) {
    const url = `${env.QUICKBOOKS_WEB_URL}/app/login?${link}&deeplinkcompanyid=${US.realm}`;
    assert.ok(text.includes(`href="${url}"`), `${url}\n${text}`);
    const page = await browser().go(url);
    assert.equal(page.response.status, 200, url);
    assert.ok(page.text.includes(number), page.url);
    // In QuickBooks' current form, and in the older one.
    for (const other of [url.replace("%3F", "?").replace("%3D", "="), `${env.QUICKBOOKS_WEB_URL}/login?deeplinkcompanyid=${US.realm}&${link}`]) {
      assert.equal((await browser().go(other)).url, page.url, other);
    }
  }
  assert.equal((await browser().go(`${env.QUICKBOOKS_WEB_URL}/app/login?pagereq=invoice%3FtxnId%3D${id}&deeplinkcompanyid=1`)).response.status, 404);
});

test("fatura check refuses an unknown QuickBooks environment and lists the allowed ones", async () => {
  const check = async (settings) => {
    const before = await stack
      .with(settings)
      .fatura("check")
      .then(
        () => "",
        ({ stderr }) => stderr,
      );
    stack.with({ FATURA_QUICKBOOKS_ENVIRONMENT: "sandbox" });
    return before;
  };
  assert.equal(await check({ FATURA_QUICKBOOKS_ENVIRONMENT: "sandbox" }), "");
  assert.equal(await check({ FATURA_QUICKBOOKS_ENVIRONMENT: "production" }), "");
  assert.match(await check({ FATURA_QUICKBOOKS_ENVIRONMENT: "live" }), /quickbooks_environment is live: it has to be sandbox or production/);
});

for (const old of ["lives", "dies"]) {
  test(`daily token refreshes keep the connection working, where the old refresh token ${old}`, { timeout: 60_000 }, async () => {
    await reading(old);
    for (let day = 0; day < 3; day++) {
      const before = (await refreshes()).length;
      await rotate();
      const callers = await Promise.all(Array.from({ length: 6 }, () => open("panel")));
      for (const { status, text } of await Promise.all(callers.map((call) => call("/panel/deal/3/refresh", {})))) {
        assert.equal(status, 200);
        assert.doesNotMatch(text, RECONNECT);
      }
      assert.equal((await refreshes()).length, before + 1);
    }
    assert.ok(await bill(env, US, 5, LINE));
  });
}

test("daily refreshes of a Pipedrive user's tokens keep working, where each refresh token works once", { timeout: 60_000 }, async () => {
  const toPipedrive = async () =>
    (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.provider === "pipedrive" && call.path.includes("/oauth/token"));
  const quirk = async (old_refresh_token) => assert.equal((await control(env, "/pipedrive/quirks", { old_refresh_token })).status, 204);
  await quirk("dies");
  for (let day = 0; day < 3; day++) {
    await control(env, "/clock", { advance_seconds: DAY });
    await control(env, "/pipedrive/expire", { user_id: US.user });
    const before = (await toPipedrive()).length;
    const callers = await Promise.all(Array.from({ length: 6 }, () => open("panel")));
    for (const { status, text } of await Promise.all(callers.map((call) => call("/panel/deal/3", undefined)))) assert.equal(status, 200, `day ${day}: ${text}`);
    assert.equal((await toPipedrive()).length, before + 1, `day ${day}`);
  }
  assert.ok(await bill(env, US, 5, LINE));
  await quirk("stays");
});

test("a refresh whose answer is lost is repeated where the old refresh token lives, and one invoice is made", { timeout: 90_000 }, async () => {
  const before = (await invoices()).length;
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  await reading("lives");
  for (const effect of ["drop_after", "truncate", "malformed"]) await lost(effect);
  const answer = await settled(call, await call(`/deals/${deal}/invoices`, fields));
  assert.match(answer.text, /data-issued/, answer.text);
  assert.equal((await invoices()).length, before + 1);
  assert.doesNotMatch((await (await open("panel"))(`/panel/deal/${deal}`)).text, RECONNECT);
  assert.deepEqual(await tasks(), []);
});

for (const [when, strike] of /** @type {[string, () => Promise<void>][]} */ ([
  ["before the invoice is sent", async () => undefined],
  [
    "as the invoice is sent",
    async () => {
      // An access token that is good, a refresh token that is due to be replaced: only the call that sends the invoice is refused.
      await renew();
      await control(env, "/clock", { advance_seconds: DAY - 300 });
      await control(env, "/quickbooks/expire", { realm_id: US.realm });
      await renew();
      await control(env, "/clock", { advance_seconds: 600 });
      await fault({ status: 401 }, { method: "POST", path: "/invoice", times: 2 });
    },
  ],
])) {
  test(`if the answer to a refresh is lost ${when} and the old refresh token dies, administrators are asked to reconnect, and then one invoice is made`, {
    timeout: 120_000,
  }, async () => {
    const before = (await invoices()).length;
    const deal = await roomyDeal(env, US, 3);
    const { call, fields } = await openForm(env, US, deal, LINE);
    // QuickBooks ignores request ids as well: an invoice in doubt would be left to a user.
    await reading("dies", { ignores_request_ids: true });
    await strike();
    await lost("drop_after");
    const checking = await call(`/deals/${deal}/invoices`, fields);
    assert.doesNotMatch(checking.text, /data-issued/);
    const panel = await open("panel");
    await until(async () => RECONNECT.test((await panel(`/panel/deal/${deal}`)).text), "the panel does not ask to reconnect");
    await until(async () => (await tasks()).length === 1, "the administrator has no task");
    assert.equal((await invoices()).length, before, "nothing was sent");
    await reconnect();
    const answer = await settled(call, checking);
    assert.match(answer.text, /data-issued/, answer.text);
    assert.equal((await invoices()).length, before + 1);
    await until(async () => (await tasks()).length === 0, "the task is not done");
    await pause(2000);
    assert.equal((await invoices()).length, before + 1);
  });
}

test("new tokens are kept although the database refuses writes for a while", {
  skip: server ? false : "TEST_POSTGRES_URL is not set",
  timeout: 90_000,
}, async () => {
  await reading("dies");
  const name = new URL(required(database)).pathname.slice(1);
  const only = (reading) => {
    const sql = (statement) => execFileSync("psql", [`${server}/postgres`, "-qc", statement]);
    sql(`alter database ${name} set default_transaction_read_only = ${reading ? "on" : "off"}`);
    sql(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
  };
  const panel = await open("panel");
  await lost({ delay_after: 2000 });
  const renewing = panel("/panel/deal/3/refresh", {});
  await until(async () => (await (await control(env, "/faults", undefined, "GET")).json()).length === 0, "no refresh began", 5000);
  only(true);
  await pause(4000);
  only(false);
  await renewing;
  await until(async () => (await panel("/panel/deal/3/refresh", {})).status === 200, "the panel does not come back");
  const { text } = await panel("/panel/deal/3");
  assert.doesNotMatch(text, RECONNECT);
  assert.ok(await bill(env, US, 3, LINE));
});

test("refused client credentials are corrected by the operator: nobody has to reconnect, and the invoice is made", { timeout: 120_000 }, async () => {
  await reading("dies");
  const before = (await invoices()).length;
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  await rotate();
  await lost({ invalid_grant: "Incorrect Token type or clientID" }, { times: 1000 });
  const checking = await call(`/deals/${deal}/invoices`, fields);
  assert.doesNotMatch(checking.text, /data-issued/);
  const panel = await open("panel");
  await until(async () => /rejects the credentials of this Fatura installation/.test((await panel("/panel/deal/3/refresh", {})).text), "it is not said");
  assert.doesNotMatch((await panel(`/panel/deal/${deal}`)).text, RECONNECT);
  assert.deepEqual(await tasks(), []);
  const log = readFileSync(join(dir, "fatura.log"), "utf8").replace(/\x1b\[[0-9;]*m/g, "");
  assert.match(log, /ERROR .*Incorrect Token type or clientID.*quickbooks_client_id, quickbooks_client_secret/);
  await control(env, "/faults", undefined, "DELETE");
  const answer = await settled(call, checking);
  assert.match(answer.text, /data-issued/, answer.text);
  assert.equal((await invoices()).length, before + 1);

  // A wrong secret is reported when a user connects, too.
  await stack.killFatura();
  await stack.with({ FATURA_QUICKBOOKS_CLIENT_SECRET: "wrong-wrong-wrong" }).startFatura();
  const { page } = await connectUntilConfirmation(env, US);
  assert.match(page.url, /quickbooks-misconfigured$/);
  assert.match(page.text, MISCONFIGURED);
  for (const [language, words] of /** @type {[string, RegExp][]} */ ([
    ["pt-BR", /não está configurado corretamente/],
    ["es", /no está configurada correctamente/],
  ])) {
    assert.match(await (await fetch(page.url, { headers: { "accept-language": language } })).text(), words);
  }
  await control(env, "/quickbooks/expire", { realm_id: US.realm });
  await panel("/panel/deal/3/refresh", {});
  assert.doesNotMatch((await panel("/panel/deal/3")).text, RECONNECT);
  await stack.killFatura();
  await stack.with({ FATURA_QUICKBOOKS_CLIENT_SECRET: env.QUICKBOOKS_CLIENT_SECRET }).startFatura();
  assert.equal((await (await open("panel"))("/panel/deal/3/refresh", {})).status, 200);
});

test("an invoice that was sent without an answer is not treated as refused while the client credentials are refused", { timeout: 120_000 }, async () => {
  const before = (await invoices()).length;
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  await fault("drop_after", { method: "POST", path: "/invoice" });
  const pressed = call(`/deals/${deal}/invoices`, fields).catch(() => undefined);
  await until(async () => (await (await control(env, "/faults", undefined, "GET")).json()).length === 0, "nothing was sent");
  await stack.killFatura();
  await pressed;
  await control(env, "/quickbooks/expire", { realm_id: US.realm });
  const tried = (await refreshes()).length;
  await stack.with({ FATURA_QUICKBOOKS_CLIENT_SECRET: "wrong-wrong-wrong" }).startFatura();
  await until(async () => (await refreshes()).length > tried, "it is not looked for", 40_000);
  await pause(1000);
  await stack.killFatura();
  await stack.with({ FATURA_QUICKBOOKS_CLIENT_SECRET: env.QUICKBOOKS_CLIENT_SECRET }).startFatura();
  const answer = await settled(call, await call(`/deals/${deal}/invoices`, fields));
  assert.match(answer.text, /data-issued/, answer.text);
  assert.equal((await invoices()).length, before + 1);
});

test("an uninstall call is accepted with any content type, up to the size limit", { timeout: 60_000 }, async () => {
  const authorization = `Basic ${btoa(`${env.PIPEDRIVE_CLIENT_ID}:${env.PIPEDRIVE_CLIENT_SECRET}`)}`;
  const uninstall = () => ({ client_id: env.PIPEDRIVE_CLIENT_ID, company_id: US.company, user_id: US.user, timestamp: new Date().toISOString() });
  const call = async (body, type, more = {}) => {
    // fetch adds a content type to a text, but not to bytes.
    const answer = await fetch(`${env.FATURA_URL}/pipedrive/callback`, {
      method: "DELETE",
      body: new TextEncoder().encode(body),
      headers: { authorization, ...(type ? { "content-type": type } : {}), ...more },
    });
    return answer.status;
  };
  const json = () => JSON.stringify(uninstall());
  const form = () => encoded(uninstall()).toString();
  assert.equal(await call(json(), "text/plain", { authorization: `Basic ${btoa(`${env.PIPEDRIVE_CLIENT_ID}:wrong`)}` }), 401);
  assert.equal(await call("nothing", "text/plain"), 400);
  assert.equal(await call(JSON.stringify({ ...uninstall(), more: "x".repeat(70_000) }), "application/json"), 413);
  assert.equal((await (await open("panel"))("/panel/deal/3")).status, 200, "still installed");
  for (const [write, type] of /** @type {[() => string, string?][]} */ ([
    [json, undefined],
    [json, "text/plain"],
    [json, "application/x-www-form-urlencoded"],
    [json, "application/json; charset=utf-8"],
    [form, "application/x-www-form-urlencoded"],
    [form, undefined],
  ])) {
    await installed(env, US);
    const panel = await open("panel");
    assert.equal((await panel("/panel/deal/3")).status, 200);
    // A call that is older than the installation would change nothing.
    const body = write();
    assert.equal(await call(body, type), 200, `${type}: ${body}`);
    assert.equal((await panel("/panel/deal/3")).status, 403, `${type}: ${body}`);
  }
});
