// Logs and metrics hold neither customer data nor secrets. Each stored, typed or refused text has a marker word, a canary, that is searched for.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { bill, control, create, installed, openForm, pipedriveApi, portOf, required, saveSettings, session } from "./http.mjs";
import { BR, CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";
import { quickbooks } from "./story.mjs";

const port = await new Promise((go) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const port = portOf(server);
    server.close(() => go(port));
  });
});
/** Responses of Fatura, headers and bodies. */
/** @type {string[]} */
const answers = [];
const fetched = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const answer = await fetched(url, options);
  if (env.FATURA_URL && String(url).startsWith(env.FATURA_URL)) answers.push([...answer.headers, await answer.clone().text()].join("\n"));
  return answer;
};

/** @type {string} */
let dir;
const { env, done } = scene(
  "canaries",
  async (env) => {
    for (const who of [US, BR]) await installed(env, who);
  },
  (own) => {
    dir = own;
    return { RUST_LOG: "info,fatura=trace,store=trace,providers=trace,domain=trace", FATURA_METRICS_LISTEN: `127.0.0.1:${port}` };
  },
);

/** A word that occurs nowhere else, with characters that JSON, addresses and forms escape. */
/** @type {string[]} */
const placed = [];
const canary = (name, more = ' "é&') => {
  const word = `Canary${name}${Math.random().toString(36).slice(2, 8)}`;
  placed.push(word);
  return `${word}${more}`;
};
const plain = (name) => canary(name, "");
const mail = (name) => `${plain(name).toLowerCase()}@canary.example`;

/** How a text may be written in a log, at whatever offset it begins. */
const forms = (text) => {
  const shifted = [0, 1, 2].map((offset) =>
    Buffer.from(`${"x".repeat(offset)}${text}`)
      .toString("base64")
      .slice(offset === 0 ? 0 : 4)
      .replace(/=+$/, "")
      .slice(0, -2),
  );
  return [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    ...shifted,
    ...shifted.map((each) => each.replaceAll("+", "-").replaceAll("/", "_")),
  ].map((each) => each.toLowerCase());
};

/** All tokens that the providers have issued so far; the sandbox forgets used ones. */
const tokens = new Set();
async function noteTokens() {
  const state = await (await fetch(`${env.CONTROL_URL}/state`)).text();
  for (const [token] of state.matchAll(/(eyJ|AB11|v1u:\d+:\d+:|\d+:\d+:)[0-9a-f]{64}/g)) tokens.add(token);
}

const EFFECTS = [{ mutate: 5 }, "malformed", "truncate", { xml: "authentication" }, { page: 503 }, { status: 500 }, "drop_before", "drop_after", "throttle"];

/** Retries until it succeeds: after a throttle, calls of a company pause for a while. */
async function eventually(what) {
  for (let at = 0; ; at++) {
    try {
      return await what();
    } catch (error) {
      if (at === 60) throw error;
      await new Promise((go) => setTimeout(go, 1000));
    }
  }
}

test("line breaks and escapes in names cannot forge a log line", { timeout: 60_000 }, async () => {
  const forged = "2026-01-01T00:00:00.000000Z ERROR forged: a line that nobody has logged";
  const evil = (what) => `${what}\r\n${forged}\n\u001b[2K\u001b[35;7mpainted\u0007`;
  const api = await pipedriveApi(env, US);
  const organization = await api("POST", "v2/organizations", { name: evil("Organization") });
  const deal = await api("POST", "v2/deals", { title: evil("Deal"), org_id: organization.id, currency: "USD", value: 500 });
  const { call, fields } = await openForm(env, US, deal.id, CASCADE);
  const typed = { ...fields, to: evil("To"), memo: evil("Memo"), message: evil("Message"), "lines[0][description]": evil("Line") };
  await call(`/deals/${deal.id}/form/preview`, { ...typed, version: "9" });
  await call(`/deals/${deal.id}/invoices`, typed);
  await call(`/items?${new URLSearchParams({ item_name: evil("Item") })}`);
  await call("/customers/search", { customer_name: evil("Customer"), email: evil("Mail") });
  const refusal = { code: "9999", Message: evil("Message"), Detail: evil("Detail"), element: evil("Element") };
  const line = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
  await bill(env, US, 4, line);
  const { call: panel } = await session(env, "panel", US.company, US.user);
  const ready = await openForm(env, US, 5, line);
  const refuse = (method, path) => done("/faults", { provider: "quickbooks", method, path, times: 5, effect: { fault: { errors: [refusal] } } });
  await refuse("POST", "/invoice");
  assert.equal((await create(ready.call, 5, { ...ready.fields, seen: "" })).status, 422);
  await refuse("GET", "/v3/company");
  await panel("/panel/deal/4/refresh", {});
  await ready.call(`/items?${new URLSearchParams({ item_name: "Nothing like it" })}`);
  const { call: settings } = await session(env, "settings", US.company, US.user);
  await settings("/settings/page");
  await control(env, "/faults", undefined, "DELETE");
  const strange = encodeURIComponent(evil("Address"));
  for (const path of [
    `/outcome/${strange}`,
    `/panel?id=${strange}&theme=${strange}`,
    `/pipedrive/callback?code=${strange}&state=${strange}`,
    `/quickbooks/callback?error=${strange}&state=${strange}`,
    `/${strange}`,
  ]) {
    await fetch(env.FATURA_URL + path, { redirect: "manual" });
  }
  const log = readdirSync(dir)
    .filter((file) => /^fatura.*\.log$/.test(file))
    .map((file) => readFileSync(join(dir, file), "utf8"))
    .join("");
  assert.ok(log.length > 1000);
  assert.ok(!log.includes("\u001b[35;7m") && !log.includes("\u001b[2K") && !log.includes("\u0007"), "an escape of somebody else");
  const records = log
    .replace(/\u001b\[[0-9;]*m/g, "")
    .split("\n")
    .filter(Boolean);
  assert.deepEqual(
    records.filter((line) => line.includes("nobody has logged")),
    [],
  );
  assert.deepEqual(
    records.filter((line) => !/^\d{4}-\d\d-\d\dT[\d:.]+Z +(TRACE|DEBUG|INFO|WARN|ERROR) /.test(line)),
    [],
    "one line for each record",
  );
});

test("logs and metrics hold no customer data and no secret, whatever fails", { timeout: 240_000 }, async () => {
  const api = await pipedriveApi(env, US);
  const query = await quickbooks(env, US.realm);
  // Data in both providers.
  const organization = await api("POST", "v2/organizations", { name: canary("Organization"), address: { value: canary("Street") } });
  const person = await api("POST", "v2/persons", {
    name: canary("Person"),
    org_id: organization.id,
    emails: [{ value: mail("Email"), primary: true }],
    phones: [{ value: plain("Phone"), primary: true }],
  });
  const deal = await api("POST", "v2/deals", { title: canary("Deal"), org_id: organization.id, person_id: person.id, currency: "USD", value: 9_000_000 });
  const door = (entity, id, members) => done("/quickbooks/rows", { realm_id: US.realm, entity, id, members });
  const { Item: items } = await query("select * from Item where Type = 'Service' maxresults 3");
  await door("Item", items[0].Id, { Name: plain("Item"), Description: canary("ItemText") });
  const { Customer: customers } = await query("select * from Customer maxresults 20");
  await door("Customer", customers.at(-1).Id, {
    DisplayName: plain("Customer"),
    Notes: canary("CustomerNotes"),
    PrimaryEmailAddr: { Address: mail("CustomerEmail") },
  });

  const typed = () => ({
    ...CASCADE,
    to: canary("To"),
    email: mail("Bill"),
    tax_id: plain("Tax").slice(0, 16),
    street: canary("BillStreet"),
    city: canary("City"),
    state: plain("State"),
    postal_code: plain("Post"),
    country: plain("Country"),
    message: canary("Message"),
    memo: canary("Memo"),
    number: plain("No").slice(0, 20),
    cc: mail("Cc"),
    tax_mode: "none",
    "lines[0][item]": items[1].Id,
    "lines[0][item_name]": items[1].Name,
    "lines[0][description]": canary("Line"),
    "lines[0][unit_price]": "10",
  });
  const { call: page } = await session(env, "panel", US.company, US.user);
  await bill(env, US, deal.id, typed());

  // A refusal that quotes the sent text.
  await done("/faults", {
    provider: "quickbooks",
    method: "POST",
    path: "/invoice",
    times: 1,
    effect: { fault: { errors: [{ code: "9999", Message: canary("Refusal"), Detail: canary("Detail"), element: "" }] } },
  });
  const again = await openForm(env, US, deal.id);
  const refused = await create(again.call, deal.id, { ...again.fields, ...typed() });
  assert.match(refused.text, /CanaryDetail/, `${refused.status}: the person sees why`);

  // An open event stream, and the scripts that every page loads.
  const { bearer } = await session(env, "panel", US.company, US.user);
  const listening = new AbortController();
  /** @type {string[]} */
  const heard = [];
  const stream = await fetched(`${env.FATURA_URL}/live`, { headers: { authorization: `Bearer ${bearer}` }, signal: listening.signal });
  assert.equal(stream.status, 200);
  const heeding = (async () => {
    for await (const chunk of required(stream.body)) heard.push(Buffer.from(chunk).toString());
  })().catch(() => undefined);
  const manifest = JSON.parse(readFileSync(new URL("../assets/dist/manifest.json", import.meta.url), "utf8"));
  for (const path of Object.values(manifest)) assert.equal((await fetch(env.FATURA_URL + path)).status, 200, path);

  /** @type {number[]} */
  const statuses = [];
  const asks = async (call, ...args) => {
    const answer = await call(...args);
    statuses.push(answer.status);
    return answer;
  };
  for (const effect of EFFECTS) {
    const { call, fields } = await eventually(() => openForm(env, US, deal.id));
    const form = { ...fields, ...typed() };
    await noteTokens();
    await done("/quickbooks/expire", { realm_id: US.realm });
    await done("/pipedrive/expire", { user_id: US.user });
    for (const provider of ["quickbooks", "pipedrive"]) await done("/faults", { provider, times: 12, percent: 60, effect });
    await asks(page, `/panel/deal/${deal.id}`);
    await asks(page, `/panel/deal/${deal.id}/refresh`, {});
    await asks(call, `/deals/${deal.id}/form`);
    await asks(call, `/deals/${deal.id}/form/preview`, { ...form, "lines[0][quantity]": plain("Quantity"), version: "9" });
    await asks(call, `/deals/${deal.id}/invoices`, { ...form, "lines[0][quantity]": plain("Quantity") });
    await asks(call, "/customers/search", { ...form, customer_name: plain("Search") });
    await asks(call, `/items?${new URLSearchParams({ "lines[0][item_name]": plain("Look") })}`);
    await asks(call, `/deals/${deal.id}/invoices`, form);
    const { call: settings } = await session(env, "settings", US.company, US.user);
    await settings?.("/settings/page");
    await control(env, "/faults", undefined, "DELETE");
    await asks(call, `/deals/${deal.id}/form/discard`, {});
  }
  // Settings with typed text.
  await saveSettings(env, US, { message: canary("Preset") }).catch(() => undefined);
  const shown = (await eventually(() => rows((_, path) => page(path), deal.id))).filter(({ seen }) => seen);
  for (const [act, more] of /** @type {[string, Record<string, string>][]} */ ([
    ["send", { recipient: mail("Recipient") }],
    ["void", {}],
  ]))
    await asks(page, `/panel/deal/${deal.id}/invoices/${shown[0].id}/${act}`, { seen: shown[0].seen, ...more });
  // Its access token has expired as well.
  const { Invoice: invoices = [] } = await (await quickbooks(env, US.realm))("select * from Invoice orderby MetaData.CreateTime desc maxresults 3");
  await done("/quickbooks/edit", {
    realm_id: US.realm,
    entity: "Invoice",
    id: invoices[0].Id,
    changes: { PrivateNote: `${canary("Note")}\n${invoices[0].PrivateNote}` },
  });
  await door("Invoice", invoices[0].Id, { SyncToken: plain("Version"), CustomerRef: plain("Ref") });
  await asks(page, `/panel/deal/${deal.id}`);
  await asks(page, `/panel/deal/${deal.id}/refresh`, {});
  await fetch(`${env.FATURA_URL}/pipedrive/callback?${new URLSearchParams({ code: plain("Code"), state: plain("State") })}`, { redirect: "manual" });

  await asks(page, `/invoices/${shown[0].id}/pdf`, {});
  await noteTokens();
  for (const begin of ["eyJ", "AB11", "v1u:", `${US.company}:`])
    assert.ok([...tokens].filter((token) => token.startsWith(begin)).length > 1, `tokens that begin with ${begin}`);
  const secrets = Object.entries({ ...env, ...Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("FATURA_"))) })
    .filter(([name, value]) => /SECRET|TOKEN|KEY|PASSWORD|VERIFIER/.test(name) && !/URL/.test(name) && value.length >= 8)
    .map(([, value]) => value);
  assert.ok(secrets.length >= 4, "the secrets of this run are known");
  const figures = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(figures, /fatura_provider_call_seconds/);
  const logs = readdirSync(dir)
    .filter((file) => /^fatura.*\.log$/.test(file))
    .map((file) => readFileSync(join(dir, file), "utf8"));
  const all = [...logs, figures].join("\n").toLowerCase();
  assert.ok(
    statuses.filter((status) => status >= 500).length > 5 && statuses.filter((status) => status === 200).length > 30,
    `much went wrong and much went well: ${statuses}`,
  );
  assert.ok(placed.length > 100, `${placed.length} canaries`);
  const foundIn = (where, words) => words.flatMap((word) => forms(word).filter((form) => form.length > 7 && where.includes(form)));
  const found = foundIn(all, [...placed, ...secrets, ...tokens]);
  const lines = all
    .split("\n")
    .filter((line) => found.some((form) => line.includes(form)))
    .slice(0, 5);
  assert.deepEqual(found, [], lines.join("\n"));
  // Responses may hold typed text, but neither a token nor a secret.
  assert.ok(answers.length > 100, `${answers.length} answers`);
  assert.deepEqual(foundIn(answers.join("\n").toLowerCase(), [...secrets, ...tokens]), []);
  listening.abort();
  await heeding;
  assert.match(heard.join(""), /event: changed/, "the page heard of changes");
  assert.deepEqual(foundIn(heard.join("").toLowerCase(), [...placed, ...secrets, ...tokens]), [], "the event stream");
});
