// Requests that no page of ours sends: they are answered with our own error pages, and harm nothing.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, start } from "../scripts/stack.mjs";
import { bill, capture, claims, control, create, fieldsOf, installed, openForm, required, roomyDeal, session, signed, unseen } from "./http.mjs";
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
/** @type {string} */
let figures;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-requests-"));
  const server = process.env.TEST_POSTGRES_URL;
  const port = await freePort(0);
  figures = `http://127.0.0.1:${port}/metrics`;
  stack = await start({ dir, settings: { FATURA_METRICS_LISTEN: `127.0.0.1:${port}` }, ...(server ? { database: (await createDatabase()).url } : {}) });
  env = stack.env;
  await installed(env, US);
  await installed(env, MIGUEL);
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const form = { "content-type": "application/x-www-form-urlencoded" };

test("what cannot be read is answered with our error page, in the person's language", async () => {
  const { bearer } = await session(env, "form", US.company, US.user);
  const authorization = `Bearer ${bearer}`;
  for (const [status, path, options] of /** @type {[number, string, { method?: string, body?: string, headers?: Record<string, string> }?][]} */ ([
    [400, "/outcome/%ff"],
    [400, "/outcome/x?cancelled=a&cancelled=b"],
    [400, "/pdf/no-uuid/x"],
    [415, "/quickbooks/confirm", { method: "POST", body: "{}", headers: { "content-type": "application/json" } }],
    [422, "/quickbooks/confirm", { method: "POST", body: "pending=a&pending=b", headers: form }],
    [405, "/install", { method: "POST" }],
    [401, "/posted/deals/4/invoices", { method: "POST", body: "x=1", headers: form }],
    [413, "/posted/deals/4/invoices", { method: "POST", body: "x".repeat(3_000_000), headers: form }],
    [400, "/deals/no-number/form", { headers: { authorization } }],
    [400, "/deals/4/form/preview", { method: "POST", body: "lines[a]=x&lines[0][item]=%ff", headers: { authorization, ...form } }],
    [400, "/deals/4/form/preview", { method: "POST", body: "{}", headers: { authorization, "content-type": "application/json" } }],
  ])) {
    const answer = await fetch(env.FATURA_URL + path, { redirect: "manual", ...options, headers: { "accept-language": "pt-BR", ...options?.headers } });
    const text = await answer.text();
    assert.equal(answer.status, status, `${path}: ${text.slice(0, 200)}`);
    assert.match(answer.headers.get("content-type") ?? "", /text\/html/, path);
    assert.match(text, /Nada foi alterado/, path);
    assert.match(text, /reference: [0-9a-f]{32}/, path);
    assert.equal(/<html lang="pt-BR"/.test(text), !options?.headers?.authorization, path);
    for (const [name, value] of /** @type {[string, RegExp][]} */ ([
      ["content-security-policy", /frame-ancestors/],
      ["x-content-type-options", /nosniff/],
      ["referrer-policy", /no-referrer/],
      ["cache-control", /no-store/],
      ["strict-transport-security", /max-age/],
    ])) {
      assert.match(answer.headers.get(name) ?? "", value, `${path}: ${name}`);
    }
  }
});

test("an address that may hold a code or a ticket is answered with another address, whatever is wrong with it", async () => {
  for (const [path, leadsTo] of [
    ["/quickbooks/callback?state=a&state=b", "quickbooks"],
    ["/quickbooks/callback?code=x", "quickbooks"],
    ["/quickbooks/callback", "quickbooks"],
    ["/quickbooks/callback?code=%ff&state=%00", "quickbooks"],
    ["/quickbooks/connect?ticket=a&ticket=b", "quickbooks"],
    ["/quickbooks/connect?ticket=x", "quickbooks"],
    ["/pipedrive/callback?state=a&state=b", "pipedrive"],
    ["/pipedrive/callback?code=x&state=forged", "pipedrive"],
  ]) {
    const answer = await fetch(env.FATURA_URL + path, { redirect: "manual" });
    assert.equal(answer.status, 303, path);
    assert.equal(answer.headers.get("location"), `/outcome/${leadsTo}-expired`, path);
    assert.equal(await answer.text(), "", path);
    assert.match(answer.headers.get("referrer-policy") ?? "", /no-referrer/, path);
  }
});

test("a NUL is refused at its field, wherever it is typed", { timeout: 120_000 }, async () => {
  const number = await bill(env, US, 4, CASCADE);
  assert.ok(number);
  const { call, fields } = await openForm(env, US, 3, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  const typed = Object.keys(fields).filter((name) =>
    /^(customer_name|to|email|tax_id|street|city|state|postal_code|country|number|message|memo|cc|custom\[.*|lines\[0\]\[(description|quantity|unit_price)\])$/.test(
      name,
    ),
  );
  assert.ok(typed.length > 8, typed.join());
  for (const name of typed) {
    const created = await call("/deals/3/invoices", { ...fields, [name]: "a\0b" });
    assert.equal(created.status, 422, `${name}: ${created.text}`);
    assert.match(created.text, /href="#/, name);
  }
  // What nobody types as well.
  for (const name of Object.keys(fields)) {
    for (const path of ["/deals/3/form/preview", "/deals/3/form/change", "/deals/3/invoices"]) {
      const { status, text } = await call(path, { ...fields, [name]: `${fields[name]}\0` });
      assert.ok(status < 500, `${path}, ${name}: ${status} ${text}`);
    }
  }
  for (const [path, body] of /** @type {[string, Record<string, string>][]} */ ([
    ["/customers/search", { customer_name: "a\0b", email: "\0", tax_id: "\0" }],
  ])) {
    const { status, text } = await call(path, body);
    assert.ok(status < 500, `${path}: ${status} ${text}`);
  }
  assert.ok((await call("/items?item_name=a%00b")).status < 500);
  const panel = (await session(env, "panel", US.company, US.user)).call;
  const id = capture(/invoices\/([0-9a-f-]{36})\//, (await panel("/panel/deal/4")).text);
  assert.equal((await panel(`/panel/deal/4/invoices/${id}/send`, { recipient: "a\0@example.com" })).status, 422);
  const settings = (await session(env, "settings", US.company, US.user)).call;
  const saved = fieldsOf((await settings("/settings/page")).text);
  const preset = { "presets[0][name]": "A", "presets[0][message]": "m", "presets[0][cc]": "", "presets[0][days]": "7" };
  for (const name of [...Object.keys(saved), ...Object.keys(preset)]) {
    const answer = await settings("/settings/save", { ...saved, ...preset, seen: "", [name]: "a\0b" });
    assert.ok(answer.status < 500, `${name}: ${answer.status} ${answer.text}`);
    assert.doesNotMatch(fieldsOf((await settings("/settings/page")).text)[name] ?? "", /\0/, `${name} was saved`);
  }
});

test("members that a form does not have decide nothing", { timeout: 120_000 }, async () => {
  const query = await quickbooks(env, US.realm);
  const other = await quickbooks(env, BR.realm);
  const books = async () => ({
    own: (await query("select * from Invoice orderby Id maxresults 1000")).Invoice,
    other: (await other("select count(*) from Invoice")).totalCount,
  });
  const foreign = {
    company_id: String(BR.company),
    companyId: String(BR.company),
    tenant: crypto.randomUUID(),
    tenant_id: "1",
    realm_id: BR.realm,
    realmId: BR.realm,
    connection_id: crypto.randomUUID(),
    connection: "1",
    id: crypto.randomUUID(),
    invoice: crypto.randomUUID(),
    user: String(BR.user),
    user_id: String(BR.user),
    created_by: String(MIGUEL.user),
    role: "admin",
    is_admin: "true",
    right: "administer",
    status: "paid",
    phase: "done",
    badge: "paid",
    paid: "true",
    balance: "0",
    total: "0.01",
    tax: "0",
    sync_token: "99",
    SyncToken: "99",
    doc_number: "EVIL-1",
    DocNumber: "EVIL-1",
    requestid: "evil",
    generation: "9",
    deal: "5",
    deal_id: "5",
    "lines[0][amount]": "0.01",
    "lines[0][total]": "0.01",
    "lines[0][id]": "9",
  };
  /** What of an invoice does not differ from one to the next. */
  const content = ({ Id, SyncToken, MetaData, DocNumber, PrivateNote, domain, sparse, ...rest }) =>
    JSON.stringify(rest, (key, value) => (key === "Id" ? undefined : value));
  const line = {
    ...CASCADE,
    "lines[0][item]": "12",
    "lines[0][item_name]": "Event staff",
    "lines[0][description]": "Two hours",
    "lines[0][quantity]": "2",
    "lines[0][unit_price]": "10",
    "lines[0][tax_code]": "NON",
  };
  const deal = await roomyDeal(env, US, 3);
  const make = async (more) => {
    const before = await books();
    const { call, fields } = await openForm(env, US, deal, line);
    const posted = { ...unseen(fields), intent: crypto.randomUUID(), ...more };
    assert.equal((await call(`/deals/${deal}/form/preview`, { ...posted, version: "1000" })).status, 200);
    assert.match((await create(call, deal, posted)).text, /data-issued/);
    const after = await books();
    assert.equal(after.own.length, before.own.length + 1);
    assert.equal(after.other, before.other);
    const known = new Set(before.own.map(({ Id }) => Id));
    return after.own.find(({ Id }) => !known.has(Id));
  };
  const [without, made] = [await make({}), await make(foreign)];
  assert.equal(content(made), content(without));
  assert.equal(made.TotalAmt, 20);
  assert.equal(Number(made.DocNumber), Number(without.DocNumber) + 1);
  const panel = (await session(env, "panel", US.company, US.user)).call;
  const shown = (await panel(`/panel/deal/${deal}`)).text;
  for (const { DocNumber } of [without, made]) assert.ok(shown.includes(DocNumber), "both are this deal's");
  const owner = (await session(env, "panel", MIGUEL.company, MIGUEL.user)).call;

  // An act takes its invoice from the address alone.
  const rows = [...shown.matchAll(/id="invoice-([0-9a-f-]{36})"/g)].map(([, id]) => id);
  assert.equal(rows.length, 2);
  const sent = await panel(`/panel/deal/${deal}/invoices/${rows[0]}/send`, {
    ...foreign,
    recipient: "ap@cascade.example",
    key: crypto.randomUUID(),
    invoice: rows[1],
  });
  assert.equal(sent.status, 200, sent.text);
  const emails = await (await control(env, "/quickbooks/outbox", { realm_id: US.realm })).json();
  assert.equal(JSON.stringify(emails).split("ap@cascade.example").length - 1, 1);
  const before = await books();
  assert.equal((await panel(`/panel/deal/${deal}/invoices/${rows[0]}/void`, { ...foreign, seen: "something else", key: crypto.randomUUID() })).status, 409);
  assert.equal((await owner(`/panel/deal/${deal}/invoices/${rows[0]}/remove`, foreign)).status, 403, "nor does it say whose the invoice is");
  assert.deepEqual((await books()).own.map(content), before.own.map(content));

  // The settings keep what the page has, and no right comes with them.
  const settings = (await session(env, "settings", US.company, US.user)).call;
  const page = async () => ({ ...fieldsOf((await settings("/settings/page")).text), seen: "" });
  const kept = await page();
  assert.equal((await settings("/settings/save", { ...kept, ...foreign })).status, 200);
  assert.deepEqual(await page(), kept);
  const regular = (await session(env, "settings", MIGUEL.company, MIGUEL.user)).call;
  assert.equal((await regular("/settings/save", { ...kept, ...foreign, days: "99" })).status, 403);
  assert.equal((await regular("/settings/disconnect", foreign)).status, 403);
  assert.deepEqual(await page(), kept);
});

test("an open page's event stream ends within seconds of its user's uninstallation", { timeout: 30_000 }, async () => {
  const { bearer } = await session(env, "panel", MIGUEL.company, MIGUEL.user);
  const stream = await fetch(`${env.FATURA_URL}/live`, { headers: { authorization: `Bearer ${bearer}` } });
  assert.equal(stream.status, 200);
  const reader = required(stream.body).getReader();
  const end = (async () => {
    while (!(await reader.read()).done);
  })();
  await control(env, "/pipedrive/uninstall", { company_id: MIGUEL.company, user_id: MIGUEL.user });
  await Promise.race([end, new Promise((_, no) => setTimeout(() => no(new Error("the stream goes on")), 8000))]);
});

test("security events are counted, and logged without a flood", { timeout: 60_000 }, async () => {
  const count = async (event) =>
    Number(new RegExp(`fatura_security_events_total\\{event="${event}"\\} (\\d+)`).exec(await (await fetch(figures)).text())?.[1] ?? 0);
  const lines = (event) =>
    readFileSync(join(dir, "fatura.log"), "utf8")
      .replace(/\x1b\[[0-9;]*m/g, "")
      .split("\n")
      .filter((line) => line.includes("security.event") && line.includes(event));
  const { call } = await session(env, "settings", US.company, US.user);
  const page = fieldsOf((await call("/settings/page")).text);
  for (const [event, act] of /** @type {[string, () => Promise<unknown>][]} */ ([
    ["signature_refused", () => fetch(`${env.FATURA_URL}/quickbooks/webhook`, { method: "POST", body: "{}", headers: { "intuit-signature": "x" } })],
    [
      "token_refused",
      () => fetch(`${env.FATURA_URL}/session/panel`, { method: "POST", headers: { authorization: `Bearer ${signed("wrong", claims(US.company, US.user))}` } }),
    ],
    ["state_refused", () => fetch(`${env.FATURA_URL}/quickbooks/callback?code=x&state=forged&realmId=1`, { redirect: "manual" })],
    ["settings_changed", () => call("/settings/save", page)],
    [
      "rights_refused",
      async () => {
        await control(env, "/pipedrive/users", { user_id: US.user, is_admin: false });
        await call("/settings/save", page);
        await control(env, "/pipedrive/users", { user_id: US.user, is_admin: true });
      },
    ],
    [
      "uninstalled",
      async () => {
        await installed(env, MIGUEL);
        await control(env, "/pipedrive/uninstall", { company_id: MIGUEL.company, user_id: MIGUEL.user });
      },
    ],
    ["disconnected", () => call("/settings/disconnect", {})],
  ])) {
    const before = await count(event);
    await act();
    assert.equal(await count(event), before + 1, event);
    assert.ok(lines(event).length > 0, event);
  }
  assert.ok((await count("connected")) > 0);
  const before = await count("state_refused");
  await Promise.all(Array.from({ length: 100 }, () => fetch(`${env.FATURA_URL}/quickbooks/callback?code=x&state=forged&realmId=1`, { redirect: "manual" })));
  assert.equal(await count("state_refused"), before + 100);
  assert.ok(lines("state_refused").length <= 40, `${lines("state_refused").length} lines`);
  assert.doesNotMatch(lines("").join("\n"), /Dana|Oak Street|@/);
});
