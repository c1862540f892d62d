// Each route in every role, by the table of docs/routes.md, from which the router is built. A refused request changes neither the database nor QuickBooks.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { binary, start } from "../scripts/stack.mjs";
import {
  bill,
  browser,
  capture,
  connectUntilConfirmation,
  control,
  installed,
  openForm,
  pipedriveApi,
  raw,
  redirectOf,
  required,
  roomyDeal,
  saveSettings,
  session,
} from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { rows as invoiceRows } from "./storm/people.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Who } from "./people.mjs" */
/** @import { Env, Stack } from "../scripts/stack.mjs" */

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const page = readFileSync(new URL("../docs/routes.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| ([A-Z]+) \| `([^`]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(([, method, path, caller, right, sees]) => ({
  name: `${method} ${path}`,
  method,
  path,
  caller: caller.trim(),
  right: right.trim(),
  sees: sees.trim(),
  surfaces: /^session: (.*)$/.exec(caller.trim())?.[1].split(", ") ?? [],
}));

// On PostgreSQL if there is one, else on SQLite, whose rows are not compared.
const server = process.env.TEST_POSTGRES_URL;
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
/** @type {string | undefined} */
let database;
/** @type {{ deal: number, invoice: string }} */
let visible;
/** @type {{ deal: number, invoice: string }} */
let hidden;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-routes-"));
  if (server) database = (await createDatabase()).url;
  // Each row in each role: more calls in a minute than a user makes.
  stack = await start({
    dir,
    ...(database ? { database } : {}),
    settings: { FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000", FATURA_PIPEDRIVE_CALLS_A_DAY_FOR_EACH_USER: "100000000" },
  });
  env = stack.env;
  await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  for (const who of [US, MIGUEL, BR]) await installed(env, who);
  const billed = async (changes) => {
    const deal = await roomyDeal(env, US, 3, changes);
    await bill(env, US, deal, LINE);
    const { call } = await session(env, "panel", US.company, US.user);
    return { deal, invoice: capture(/invoices\/([0-9a-f-]{36})\//, (await call(`/panel/deal/${deal}`)).text) };
  };
  visible = await billed({});
  hidden = await billed({ visible_to: 1 });
  await settledRows();
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

/** All that a user can change, in the database and in QuickBooks. */
async function state() {
  const tables = ["draft", "act", "settings", "customer_link", "item_link", "audit", "oauth_flow"].map(
    (name) => `select '${name}', md5(coalesce(string_agg(t::text, ',' order by t::text), '')) from ${name} t`,
  );
  const sql = [
    ...tables,
    "select 'invoice', md5(string_agg(id::text || deal_id, ',' order by id)) from invoice",
    "select 'connection', string_agg(id::text || state, ',' order by id) from quickbooks_connection",
  ].join(" union all ");
  const kept = database ? execFileSync("psql", [database, "-Atqc", sql], { encoding: "utf8" }) : "";
  const invoices = await Promise.all([US, BR].map(async ({ realm }) => (await quickbooks(env, realm))("select * from Invoice orderby Id maxresults 1000")));
  return `${kept}${JSON.stringify(invoices.map(({ Invoice }) => (Invoice ?? []).map(({ Id, SyncToken }) => [Id, SyncToken])))}`;
}

/** Waits until the background work after an invoice has ended. */
async function settledRows() {
  for (let [last, at] = ["", 0]; at < 60; at++) {
    const now = await state();
    if (now === last) return;
    last = now;
    await new Promise((go) => setTimeout(go, 1000));
  }
  assert.fail("the database does not come to rest");
}

const VALUES = { entity: "deal", action: "void", surface: "panel", outcome: "quickbooks-expired", name: "rest", ticket: "forged" };
const address = ({ path }, { deal, ...more }) => path.replace(/\{(\w+)\}/g, (_, name) => ({ ...VALUES, deal, id: deal, ...more })[name]);

/** The fields that a page would post, without effects on the next rows.
 * @returns {Record<string, string>} */
function fieldsOf({ path }) {
  if (path === "/settings/save") return { term: "days", days: "7" };
  if (path === "/settings/again") return { kind: "invoice", id: crypto.randomUUID() };
  if (path === "/settings/try") return { deal: String(hidden.deal) };
  if (path.endsWith("/correct") || path.endsWith("/{action}")) return { seen: "something else", key: crypto.randomUUID() };
  if (path.endsWith("/remove") || path.endsWith("/refresh") || path.endsWith("/again")) return {};
  return { customer_name: "Nobody", version: "1", intent: crypto.randomUUID(), decision: "connect", pending: "forged" };
}

async function ask(row, at, bearer) {
  const given = new AbortController();
  const answer = await fetch(env.FATURA_URL + address(row, at), {
    method: row.method,
    redirect: "manual",
    signal: given.signal,
    headers: { "accept-language": "en", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
    ...(row.method === "POST" ? { body: new URLSearchParams(fieldsOf(row)) } : {}),
  });
  const text = row.path === "/live" ? "" : await answer.text();
  given.abort();
  return { status: answer.status, text, headers: answer.headers, location: answer.headers.get("location") ?? "" };
}

const bearerOf = async (surface, { company, user }) => (await session(env, surface, company, user)).bearer;

/** The call is refused, and nothing has changed. */
async function refused(row, at, bearer, statuses, why) {
  const before = await state();
  const answer = await ask(row, at, bearer);
  assert.ok(statuses.includes(answer.status), `${row.name}, ${why}: ${answer.status} ${answer.text}`);
  assert.equal(await state(), before, `${row.name}, ${why}: something has changed`);
  return answer;
}

const sessions = rows.filter(({ surfaces }) => surfaces.length > 0);
const others = rows.filter(({ surfaces }) => surfaces.length === 0);

test("docs/routes.md has rows for all kinds of callers", () => {
  assert.ok(sessions.length > 25 && others.length > 20, `${sessions.length} and ${others.length}`);
});

test("without a session, routes without data answer and all others refuse", { timeout: 240_000 }, async () => {
  const bearer = await bearerOf("panel", US);
  for (const row of others) {
    for (const given of [undefined, bearer]) {
      const before = await state();
      const answer = await ask(row, hidden, given);
      assert.ok(answer.status < 500, `${row.name}: ${answer.status}`);
      assert.doesNotMatch(answer.text, /Oak Street|Cascade/, row.name);
      // Starting an installation stores a flow.
      if (row.path !== "/install") assert.equal(await state(), before, `${row.name}: something has changed`);
      if (/^anybody/.test(row.caller)) assert.ok(![401, 403].includes(answer.status), `${row.name}: ${answer.status}`);
      else if (/flow/.test(row.caller)) {
        assert.equal(answer.status, 303, row.name);
        assert.match(answer.location, /^\/(outcome\/quickbooks-expired|install$)/, row.name);
      } else assert.equal(answer.status, 401, row.name);
    }
  }
  for (const row of sessions) {
    await refused(row, visible, undefined, [401], "anonymous");
    await refused(row, visible, "forged", [401], "with a forged bearer");
    const other = ["panel", "settings"].find((surface) => !row.surfaces.includes(surface));
    if (other) await refused(row, visible, await bearerOf(other, US), [401], `with a session of ${other}`);
  }
});

test("a HEAD request does not use up a one-time link", async () => {
  for (const row of others.filter(({ caller, method }) => /flow/.test(caller) && method === "GET")) {
    assert.equal((await fetch(env.FATURA_URL + address(row, visible), { method: "HEAD", redirect: "manual" })).status, 405, row.name);
  }
  const { call } = await session(env, "panel", US.company, US.user);
  const { url } = JSON.parse((await call(`/invoices/${visible.invoice}/pdf`, {})).text);
  await fetch(url, { method: "HEAD" });
  assert.equal((await fetch(url)).headers.get("content-type"), "application/pdf");
});

test("a user who may not see a deal gets the same answer as for a missing deal", { timeout: 240_000 }, async () => {
  const missing = { deal: 987_654_321, invoice: crypto.randomUUID() };
  for (const row of sessions.filter(({ sees }) => sees)) {
    const bearer = await bearerOf(row.surfaces[0], MIGUEL);
    const answer = await refused(row, hidden, bearer, [404], "hidden from this user");
    const unknown = await refused(row, missing, bearer, [404], "there is none");
    assert.equal(answer.text, unknown.text, row.name);
  }
  const { id } = await (await pipedriveApi(env, US))("POST", "v2/persons", { name: "Hidden", visible_to: 1 });
  for (const row of sessions.filter(({ sees }) => sees === "record")) {
    await refused(row, { entity: "person", id }, await bearerOf("panel", MIGUEL), [404], "a person hidden from this user");
  }
  const tried = sessions.find(({ path }) => path === "/settings/try");
  await refused(tried, hidden, await bearerOf("settings", MIGUEL), [404], "hidden from this user");
});

test("the panels of an organization and a person leave out invoices of deals that are hidden from the user", { timeout: 60_000 }, async () => {
  const { org_id: organization, person_id: person } = await (await pipedriveApi(env, US))("GET", `v2/deals/${hidden.deal}`);
  const shown = async ({ company, user }, record) => {
    const { call } = await session(env, "panel", company, user);
    const refreshed = await call(`/panel/${record}/refresh?rows=1000`, {});
    const ids = ({ status, text }) => (
      assert.equal(status, 200, text), [...text.matchAll(/<li class="invoice" id="invoice-([0-9a-f-]+)"/g)].map(([, id]) => id)
    );
    const found = ids(await call(`/panel/${record}?rows=1000`));
    assert.deepEqual(ids(refreshed), found);
    return [visible, hidden].map(({ invoice }) => found.includes(invoice));
  };
  for (const record of [`organization/${organization}`, `person/${person}`]) {
    assert.deepEqual(await shown(US, record), [true, true], record);
    assert.deepEqual(await shown(MIGUEL, record), [true, false], record);
  }
});

test("a user cannot void, delete, send or correct an invoice of a deal that is hidden from them", { timeout: 60_000 }, async () => {
  const asked = await session(env, "panel", US.company, US.user);
  const { seen } = required((await invoiceRows((_, path) => asked.call(path), hidden.deal)).find(({ id }) => id === hidden.invoice));
  const outbox = async () => (await control(env, "/quickbooks/outbox", { realm_id: US.realm })).text();
  const { call } = await session(env, "panel", MIGUEL.company, MIGUEL.user);
  const before = [await state(), await outbox()];
  const paths = ["void", "delete", "send"].flatMap((act) => [hidden, visible].map(({ deal }) => `/panel/deal/${deal}/invoices/${hidden.invoice}/${act}`));
  for (const path of [...paths, `/invoices/${hidden.invoice}/correct`]) {
    const answer = await call(path, { seen, recipient: "nobody@customer.example", key: crypto.randomUUID() });
    assert.equal(answer.status, 404, `${path}: ${answer.text}`);
    assert.deepEqual([await state(), await outbox()], before, `${path}: something has changed`);
  }
});

test("a PDF link stops working once its user may not see the deal", { timeout: 60_000 }, async () => {
  const seenBy = (visible_to) => control(env, "/pipedrive/change", { company_id: US.company, entity: "deal", id: visible.deal, changes: { visible_to } });
  const { call } = await session(env, "panel", MIGUEL.company, MIGUEL.user);
  const link = async () => JSON.parse((await call(`/invoices/${visible.invoice}/pdf`, {})).text).url;
  const [before, after] = [await link(), await link()];
  const prints = async () => (await (await control(env, "/calls", undefined, "GET")).json()).filter(({ path }) => path.endsWith("/pdf")).length;
  const begun = await prints();
  assert.equal((await fetch(before)).headers.get("content-type"), "application/pdf");
  assert.equal(await prints(), begun + 1);
  assert.equal((await seenBy(1)).status, 200);
  const answer = await fetch(after, { redirect: "manual" });
  assert.equal(answer.status, 303);
  assert.match(redirectOf(answer), /^\/outcome\//);
  assert.equal(await prints(), begun + 1, "QuickBooks was asked for it");
  assert.equal((await seenBy(3)).status, 200);
});

test("a user of another company sees and changes nothing", { timeout: 240_000 }, async () => {
  for (const row of sessions.filter(({ sees }) => sees)) {
    const bearer = await bearerOf(row.surfaces[0], BR);
    await refused(row, visible, bearer, [404], "of another company");
  }
});

test("a regular user cannot create or void where the settings leave that to administrators", { timeout: 240_000 }, async () => {
  await saveSettings(env, US, { create: "admins", void: "admins" });
  for (const row of sessions.filter(({ right }) => right)) {
    await refused(row, visible, await bearerOf(row.surfaces[0], MIGUEL), [403], "as a regular user");
  }
  const key = required(sessions.find(({ path }) => path.endsWith("/{action}")));
  const mail = { ...key, path: key.path.replace("{action}", "send") };
  await refused(mail, visible, await bearerOf("panel", MIGUEL), [409, 422], "everyone may send");
  await saveSettings(env, US, { create: "everyone", void: "everyone" });
});

test("unsupported methods are refused, and nothing is echoed or changed", { timeout: 240_000 }, async () => {
  const bearer = { panel: await bearerOf("panel", US), settings: await bearerOf("settings", US) };
  for (const path of new Set(rows.map((row) => row.path))) {
    const own = rows.filter((row) => row.path === path);
    const before = await state();
    for (const method of ["TRACE", "TRACK", "PUT", "PATCH", "OPTIONS", "PROPFIND", "FOO", "DELETE"].filter(
      (method) => !own.some((row) => row.method === method),
    )) {
      const headers = {
        authorization: `Bearer ${bearer[own[0].surfaces.includes("panel") ? "panel" : "settings"]}`,
        "x-echo": "EchoedHeader",
        "content-type": "application/x-www-form-urlencoded",
      };
      const answer = await raw(env.FATURA_URL + address(own[0], visible), {
        method,
        headers,
        body: `note=EchoedBody&${new URLSearchParams(fieldsOf(own[0]))}`,
      });
      // Some servers do not read requests with unknown methods.
      assert.ok([405, 501].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
      assert.doesNotMatch(answer.text + answer.names.join(), /Echoed/, `${method} ${path}`);
    }
    assert.equal(await state(), before, `${path}: something has changed`);
  }
});

test("requests that another site makes a browser send change nothing", { timeout: 240_000 }, async () => {
  const person = browser();
  const { pending } = await connectUntilConfirmation(env, US, person);
  const cookie = person.cookies(env.FATURA_URL);
  assert.match(cookie, /fatura-flow=/);
  const { fields } = await openForm(env, US, visible.deal, LINE);
  const foreign = { cookie, origin: "https://evil.example", referer: "https://evil.example/", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
  await settledRows();
  for (const row of rows.filter(({ method }) => method === "POST")) {
    const known =
      row.path === "/quickbooks/confirm" ? { pending, decision: "connect" } : row.path.endsWith("/invoices") ? { ...fields, posted: "forged" } : fieldsOf(row);
    // A request that needs no CORS preflight, and a form without the key that the user's own page has.
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const before = await state();
      const answer = await raw(env.FATURA_URL + address(row, visible), {
        method: "POST",
        headers: { ...foreign, "content-type": type },
        body: new URLSearchParams(known).toString(),
      });
      assert.equal(answer.status, 403, `${row.name} as ${type}: ${answer.text}`);
      if (!row.path.startsWith("/quickbooks/webhook")) assert.match(answer.text, /nothing was changed/i, row.name);
      assert.equal(answer.headers["access-control-allow-origin"], undefined, row.name);
      assert.equal(await state(), before, `${row.name} as ${type}: something has changed`);
    }
  }
  // The confirmation is still open for the user.
  assert.equal((await raw(`${env.FATURA_URL}/quickbooks/confirm?pending=${encodeURIComponent(pending)}`, { headers: { cookie } })).status, 200);
});

/** Parameters of addresses, of Pipedrive, Intuit and our own pages. */
const PARAMETERS = [
  "id",
  "resource",
  "theme",
  "selectedIds",
  "record",
  "data",
  "cancelled",
  "pending",
  "ticket",
  "code",
  "state",
  "error",
  "realmId",
  "companyId",
  "token",
];

test("no query parameter decides the target of a redirect", { timeout: 240_000 }, async () => {
  const names = [...PARAMETERS, "next", "redirect_uri"];
  const hostile = [
    "//evil.example",
    "https:evil.example",
    "https://evil.example/",
    "\\evil.example",
    "/\\evil.example",
    "@evil.example",
    ".evil.example",
    "x\r\nLocation: //evil.example\r\nX-Evil: 1",
    "javascript:alert(1)",
    JSON.stringify({ deal: "//evil.example" }),
  ];
  const redirects = new Set();
  for (const { path, name } of others.filter(({ method }) => method === "GET")) {
    for (const value of hostile) {
      for (const query of [...names.map((each) => [each]), names]) {
        const written = query.map((each) => `${each}=${encodeURIComponent(value)}`).join("&");
        const at = path.replace(/\{\w+\}/g, encodeURIComponent(value));
        const { status, headers, names: sent } = await raw(`${env.FATURA_URL}${at}?${written}`);
        assert.doesNotMatch(sent.join("\n"), /^x-evil$/im, `${name} ${written}`);
        if (status < 300 || status >= 400) continue;
        redirects.add(path);
        const to = headers.location ?? "";
        const consent = to.startsWith(`${env.PIPEDRIVE_AUTHORIZE_URL}?`) && path === "/install";
        assert.ok(consent || /^\/(app|outcome)\/[a-z]|^\/install$/.test(to), `${name} ${written}: ${to}`);
        if (consent) assert.doesNotMatch(decodeURIComponent(to), /evil/, name);
        assert.equal(new URL(to, env.FATURA_URL).origin, new URL(consent ? env.PIPEDRIVE_AUTHORIZE_URL : env.FATURA_URL).origin, `${name} ${written}`);
      }
    }
  }
  for (const path of [
    "/panel",
    "/form",
    "/settings",
    "/install",
    "/pipedrive/callback",
    "/quickbooks/connect",
    "/quickbooks/callback",
    "/quickbooks/again",
    "/quickbooks/confirm",
  ])
    assert.ok(redirects.has(path), path);
});

test("the service has no control port: the program does not contain its words, and its routes do not exist", async () => {
  const words = ["drop_after", "/quickbooks/quirks", "/faults/seed", "advance_seconds", "tokio-console", "pprof"];
  const [service, sandbox] = ["fatura", "sandbox"].map((name) => readFileSync(binary(name)));
  for (const word of words) assert.equal(service.includes(word), false, word);
  assert.ok(
    words.slice(0, 4).every((word) => sandbox.includes(word)),
    "the sandbox has them",
  );
  for (const path of [
    "/metrics",
    "/debug",
    "/debug/pprof",
    "/faults",
    "/clock",
    "/calls",
    "/state",
    "/quickbooks/limits",
    "/actuator",
    "/.env",
    "/console",
    "/server-status",
  ]) {
    for (const method of ["GET", "POST", "TRACE"]) assert.equal((await raw(env.FATURA_URL + path, { method })).status, 404, `${method} ${path}`);
  }
});

/** Characters that end a text, a pattern, a statement or an element somewhere. */
const INJECTIONS = [
  "'",
  '"',
  "' OR '1'='1",
  "x' OR Id > '0",
  "'; DROP TABLE invoice; --",
  "--",
  "%",
  "_%",
  "\\",
  "\\'",
  "${x}",
  "<x>&y;",
  "]]>",
  '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>&y;',
  "&#39;",
  "%00",
  "\u0000",
  "\u2028",
  "0x27",
  "-1",
  "99999999999999999999",
];

test("quotes, patterns, comments and entities in any parameter cause no error", { timeout: 400_000 }, async () => {
  const settings = await session(env, "settings", US.company, US.user);
  const named = (html) => [...html.matchAll(/ name="([^"]+)"/g)].map(([, name]) => name);
  const { fields } = await openForm(env, US, visible.deal, LINE);
  const typed = [...new Set([...Object.keys(fields), "version", "window", "part", "line", "confirmed"])].filter((name) => name !== "intent");
  const ofSettings = [...new Set(named((await settings.call("/settings/page")).text))];
  const asked = [...PARAMETERS, "installed", "q", "rows", "page", "field", "example"];
  const books = async () => JSON.parse((await state()).split("\n").at(-1) ?? "");
  const kept = () =>
    database
      ? execFileSync(
          "psql",
          [
            database,
            "-Atqc",
            "select (select count(*) from invoice), (select count(*) from tenant), (select string_agg(id::text || state, ',' order by id) from quickbooks_connection)",
          ],
          { encoding: "utf8" },
        )
      : "";
  const before = [await books(), kept()];
  const broken = [];
  for (const row of rows.filter(({ path }) => !["/settings/disconnect", "/live"].includes(path))) {
    const bearer = row.surfaces.length > 0 ? await bearerOf(row.surfaces[0], US) : undefined;
    const names =
      row.method === "GET"
        ? asked
        : row.path.startsWith("/settings")
          ? ofSettings
          : [...typed, "recipient", "seen", "key", "customer_name", "q", "pending", "decision", "resend", "kind", "id"];
    for (const value of INJECTIONS) {
      const places = (row.path.match(/\{\w+\}/g) ?? []).map((place) => [
        row.path.replace(place, encodeURIComponent(value)),
        new URLSearchParams(fieldsOf(row)),
      ]);
      // All parameters at once: if one causes an error, all do.
      places.push(
        [row.path, new URLSearchParams(names.map((name) => [name, value]))],
        [
          row.path,
          new URLSearchParams([
            [value, value],
            [`lines[0][${value}]`, value],
          ]),
        ],
      );
      for (const [path, parameters] of places) {
        const url = env.FATURA_URL + address({ path }, visible) + (row.method === "GET" ? `?${parameters}` : "");
        const headers = {
          ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
          ...(row.method === "GET" ? {} : { "content-type": "application/x-www-form-urlencoded" }),
        };
        const { status, text } = await raw(url, { method: row.method, headers, body: row.method === "GET" ? "" : parameters.toString() });
        if (status >= 500) broken.push(`${row.name} ${JSON.stringify(value)}: ${status}`);
        assert.doesNotMatch(text, /syntax error|sqlite|postgres|root:x:0|QueryParserError/i, `${row.name} ${value}`);
      }
    }
  }
  assert.deepEqual(broken, []);
  assert.deepEqual([await books(), kept()], before, "the books and the invoices");
  // A search with a quote in it finds what has that quote, and nothing else.
  const { call } = await session(env, "form", US.company, US.user);
  assert.match((await call("/customers/search", { customer_name: "O'Brien" })).text, /O&#39;Brien/);
  assert.doesNotMatch((await call("/customers/search", { customer_name: "O'Brien' OR Id > '0" })).text, /Cascade/);
});

/** The headers of every answer; `ancestors` says who may frame it. */
function assertProtected(headers, what, ancestors = "'none'") {
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self' ${env.PIPEDRIVE_WEB_URL}; base-uri 'none'; object-src 'none'; frame-ancestors ${ancestors}`;
  assert.equal(headers.get("content-security-policy"), policy, what);
  assert.equal(headers.get("x-content-type-options"), "nosniff", what);
  assert.equal(headers.get("referrer-policy"), "no-referrer", what);
  assert.match(headers.get("strict-transport-security") ?? "", /^max-age=31536000;/, what);
}

test("every response has the security headers, and responses that may hold data are not cached", { timeout: 240_000 }, async () => {
  const isFramed = ({ caller }) => /in Pipedrive's frame|key of an open form/.test(caller);
  const { call } = await session(env, "panel", US.company, US.user);
  const pdf = await fetch(JSON.parse((await call(`/invoices/${visible.invoice}/pdf`, {})).text).url);
  assert.equal(pdf.headers.get("content-type"), "application/pdf");
  const seen = new Set();
  for (const row of rows) {
    const surface = row.surfaces[0] ?? "panel";
    const roles = [
      ["nobody", undefined, visible],
      ["forged", "forged", visible],
      ["a regular user", await bearerOf(surface, MIGUEL), hidden],
      ["an administrator", await bearerOf(surface, US), visible],
    ];
    // The next tests need the connection to QuickBooks.
    for (const [role, bearer, at] of row.path === "/settings/disconnect" ? roles.slice(0, 3) : roles) {
      const { status, headers } = await ask(row, at, bearer);
      seen.add(status);
      assertProtected(headers, `${row.name}, ${role}: ${status}`, isFramed(row) ? env.PIPEDRIVE_WEB_URL : undefined);
      // The event stream holds no data.
      const isStream = row.path === "/live" && status === 200;
      assert.equal(headers.get("cache-control"), isStream ? "no-cache" : "no-cache, no-store", `${row.name}, ${role}: ${status}`);
    }
  }
  for (const status of [200, 303, 401, 404]) assert.ok(seen.has(status), `${[...seen]}`);
  const missing = await fetch(`${env.FATURA_URL}/nothing-here`);
  assert.equal(missing.status, 404);
  for (const answer of [pdf, missing]) {
    assertProtected(answer.headers, answer.url);
    assert.equal(answer.headers.get("cache-control"), "no-cache, no-store");
  }
  // The files hold no data, and their names change with their content.
  const shell = await (await fetch(`${env.FATURA_URL}/app/panel?record=1`)).text();
  const files = [...new Set([...shell.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path))];
  assert.ok(files.some((path) => path.endsWith(".js")) && files.some((path) => path.endsWith(".css")), files.join());
  for (const path of files) {
    const file = await fetch(env.FATURA_URL + path);
    assert.equal(file.status, 200, path);
    assertProtected(file.headers, path);
    assert.match(file.headers.get("content-type") ?? "", path.endsWith(".js") ? /javascript/ : /./, path);
  }
  const unknown = await fetch(`${env.FATURA_URL}/assets/nothing.js`);
  assert.equal(unknown.status, 404);
  assertProtected(unknown.headers, unknown.url);
});

for (const [name, who, at, may] of /** @type {[string, Who, () => { deal: number, invoice: string }, (row: { right: string }) => boolean][]} */ ([
  ["a regular user", MIGUEL, () => visible, ({ right }) => ["", "create", "void"].includes(right)],
  ["an administrator", US, () => hidden, () => true],
])) {
  test(`${name} has access where the table says so`, { timeout: 240_000 }, async () => {
    for (const row of sessions) {
      const bearer = await bearerOf(row.surfaces[0], who);
      if (!may(row)) {
        await refused(row, at(), bearer, [403], name);
        continue;
      }
      const { status, text } = await ask(row.path === "/settings/try" ? { ...row } : row, at(), bearer);
      const isMissing = status === 404 && (row.path === "/settings/again" || (row.path === "/settings/try" && who === MIGUEL));
      assert.ok(isMissing || (![401, 403, 404].includes(status) && status < 500), `${row.name}: ${status} ${text}`);
    }
  });
}
