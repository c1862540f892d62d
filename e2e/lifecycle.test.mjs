// Uninstalling and disconnecting, with revocations that fail and calls that arrive late or never.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { bill, connectUntilConfirmation, control, create, decide, fieldsOf, installed, openForm, session, settled } from "./http.mjs";
import { CASCADE, MIGUEL, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };

/** A stack of its own for a test.
 * @param {import("node:test").TestContext} t */
async function running(t) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-lifecycle-"));
  const database = (await createDatabase()).url;
  const stack = await start({ dir, database });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { env } = stack;
  await installed(env, US);
  const sql = (text) => execFileSync("psql", ["--quiet", "--tuples-only", "--no-align", "--command", text, database], { encoding: "utf8" }).trim();
  return { stack, env, sql };
}

async function until(holds, what) {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((go) => setTimeout(go, 100))) if (await holds()) return;
  assert.fail(what);
}

const state = async (env) => JSON.parse(await (await control(env, "/state", undefined, "GET")).text());
/** The number of refresh tokens that are valid at the providers. */
async function grantsAt(env) {
  const { pipedrive, quickbooks } = (await state(env)).world;
  const intuit = Object.values(quickbooks.grants.refresh).filter(({ realm_id: realm }) => realm === US.realm).length;
  return { pipedrive: Object.values(pipedrive.grants.refresh).filter(({ company_id: company }) => company === US.company).length, intuit };
}
const status = async (env, who = US) => (await session(env, "panel", who.company, who.user)).status;
const told = (env, body) =>
  fetch(`${env.FATURA_URL}/pipedrive/callback`, {
    method: "DELETE",
    body: JSON.stringify({ client_id: env.PIPEDRIVE_CLIENT_ID, company_id: US.company, user_id: US.user, ...body }),
    headers: { authorization: `Basic ${btoa(`${env.PIPEDRIVE_CLIENT_ID}:${env.PIPEDRIVE_CLIENT_SECRET}`)}`, "content-type": "application/json" },
  });

test("after an uninstallation no token is stored, and neither provider has a grant", { skip, timeout: 60_000 }, async (t) => {
  const { env, sql } = await running(t);
  assert.deepEqual(await grantsAt(env), { pipedrive: 1, intuit: 1 });
  await control(env, "/pipedrive/uninstall", { company_id: US.company });
  assert.deepEqual(await grantsAt(env), { pipedrive: 0, intuit: 0 });
  assert.equal(sql("SELECT (SELECT count(*) FROM pipedrive_grant) || ' ' || (SELECT count(*) FROM revocation)"), "0 0");
  // An empty text is sealed in their place: only nonce and tag.
  assert.equal(
    sql("SELECT length(split_part(access_token, '.', 3)) || ' ' || length(split_part(refresh_token, '.', 3)) || ' ' || state FROM quickbooks_connection"),
    "38 38 disconnected",
  );
});

test("an uninstall call that arrives after a reinstallation changes nothing", { skip, timeout: 60_000 }, async (t) => {
  const { env } = await running(t);
  const earlier = new Date(Date.now() - 60_000).toISOString();
  assert.equal((await told(env, { timestamp: earlier })).status, 200);
  assert.equal(await status(env), 200);
  assert.equal((await openForm(env, US, 3)).call !== undefined, true, "QuickBooks is connected");
  assert.equal((await told(env, { timestamp: new Date().toISOString() })).status, 200);
  assert.equal(await status(env), 403);
});

test("a revocation that Intuit does not answer is repeated, also after a crash, and then its token is deleted", {
  skip,
  timeout: 90_000,
}, async (t) => {
  const { stack, env, sql } = await running(t);
  await control(env, "/faults", { provider: "quickbooks", path: "/tokens/revoke", times: 1000, effect: { status: 503 } });
  const { call } = await session(env, "settings", US.company, US.user);
  assert.equal((await call("/settings/disconnect", {})).status, 200);
  assert.equal(sql("SELECT count(*) FROM revocation WHERE attempts > 0"), "1");
  assert.deepEqual(await grantsAt(env), { pipedrive: 1, intuit: 1 });
  await stack.killFatura();
  await control(env, "/faults", undefined, "DELETE");
  await stack.startFatura();
  await until(async () => (await grantsAt(env)).intuit === 0, "the access is handed back");
  await until(() => sql("SELECT count(*) FROM revocation") === "0", "the token is forgotten");
});

test("access that waits for a confirmation is revoked when the confirmation expires, unless the access is in use", {
  skip,
  timeout: 90_000,
}, async (t) => {
  const { env, sql } = await running(t);
  const waiting = "SELECT count(*) || ' ' || COALESCE(round((max(next_attempt_at) / 1e6 - extract(epoch FROM now())) / 60), 0) FROM revocation";
  const timeIsOver = () => sql("UPDATE revocation SET next_attempt_at = 0; UPDATE oauth_flow SET expires_at = 0");

  // If the company is connected, the revocation would end the connection.
  assert.ok((await connectUntilConfirmation(env, US)).pending);
  assert.equal(sql(waiting), "0 0");
  const { call } = await session(env, "settings", US.company, US.user);
  assert.equal((await call("/settings/disconnect", {})).status, 200);
  await until(() => sql("SELECT count(*) FROM revocation") === "0", "the connection is handed back");

  const unanswered = await connectUntilConfirmation(env, US);
  assert.ok(unanswered.pending, unanswered.page.url);
  assert.equal(sql(waiting), "1 11");
  const { intuit } = await grantsAt(env);
  assert.ok(intuit > 0, "Intuit has given access");
  timeIsOver();
  await until(async () => (await grantsAt(env)).intuit === 0, "the access is handed back");
  assert.match((await decide(env, unanswered.person, unanswered.pending)).url, /quickbooks-expired/);

  const declined = await connectUntilConfirmation(env, US);
  await decide(env, declined.person, declined.pending, "cancel");
  await until(() => sql("SELECT count(*) FROM revocation") === "0", "declined: it is handed back at once");
  assert.equal((await grantsAt(env)).intuit, 0);

  const answered = await connectUntilConfirmation(env, US);
  await decide(env, answered.person, answered.pending);
  assert.equal(sql(waiting), "0 0", "used: it is not handed back");
  await bill(env, US, 3, LINE);
});

test("a form that is open while another QuickBooks company is connected does not bill there with the first company's ids", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const { env } = await running(t);
  const { call: settings } = await session(env, "settings", US.company, US.user);
  const chosen = { ...fieldsOf((await settings("/settings/page")).text), item: "12" };
  assert.equal((await settings("/settings/save", chosen)).status, 200);
  const stored = fieldsOf((await settings("/settings/page")).text);
  assert.equal(stored.item, "12");

  // The form of one deal stays open, another one is refused by the first company, and a third is kept as a draft.
  const { call, fields } = await openForm(env, US, 4, LINE);
  const refused = await openForm(env, US, 5, { ...LINE, customer: "new", customer_name: "Pinhal Foods", to: "Pinhal Foods" });
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { fault: "6000" } });
  assert.equal((await call("/deals/5/invoices", refused.fields)).status, 422);
  const draft = await openForm(env, US, 8, LINE);
  await call("/deals/8/form/preview", draft.fields);

  const other = { ...US, realm: "9341452200000006", sub: "9130000000000003" };
  const { person, pending } = await connectUntilConfirmation(env, other);
  await decide(env, person, pending);
  const books = await quickbooks(env, other.realm);
  const count = async (entity) => (await books(`select count(*) from ${entity}`)).totalCount;
  const before = [await count("Invoice"), await count("Customer")];

  for (const [deal, typed] of /** @type {[number, Record<string, string>][]} */ ([
    [4, fields],
    [5, refused.fields],
  ])) {
    const answer = await call(`/deals/${deal}/invoices`, typed);
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.text, /another QuickBooks company/);
    assert.match((await call(`/deals/${deal}/form/preview`, typed)).text, /another QuickBooks company/);
  }
  const opened = await openForm(env, US, 8);
  for (const name of ["customer", "lines[0][item]", "lines[0][tax_code]", "invoice_code"]) assert.equal(opened.fields[name] ?? "", "", name);
  assert.equal(opened.fields["lines[0][unit_price]"], "10", "what is of the deal is kept");
  assert.equal(fieldsOf((await settings("/settings/page")).text).item ?? "", "", "nor do the settings name an item of the first company");
  assert.deepEqual([await count("Invoice"), await count("Customer")], before);

  // The refused form again: the customer that was created in the first company does not exist here.
  const again = await openForm(env, US, 5);
  const customers = (await books("select * from Customer where Active = true maxresults 1")).Customer;
  const [item] = (await books("select * from Item where Type = 'Service' maxresults 1")).Item;
  const [code] = (await books("select * from TaxCode maxresults 1")).TaxCode;
  const made = {
    ...again.fields,
    customer: "new",
    customer_name: "Pinhal Foods",
    currency: customers[0].CurrencyRef.value,
    priced_in: customers[0].CurrencyRef.value,
    discount: "",
  };
  for (const name of Object.keys(made).filter((name) => /^lines\[\d+\]\[item\]$/.test(name))) {
    Object.assign(made, { [name]: item.Id, [name.replace("item", "unit_price")]: "10", [name.replace("item", "tax_code")]: code.Id });
  }
  const issued = await settled(again.call, await create(again.call, 5, made));
  assert.match(issued.text, /data-issued/, issued.text);
  const invoice = (await books("select * from Invoice orderby Id desc maxresults 1")).Invoice[0];
  assert.equal(invoice.CustomerRef.name, "Pinhal Foods");
  assert.deepEqual([await count("Invoice"), await count("Customer")], [before[0] + 1, before[1] + 1]);
});

test("reconnecting before Intuit has revoked the old access keeps the new connection", { skip, timeout: 90_000 }, async (t) => {
  const { env, sql } = await running(t);
  await control(env, "/faults", { provider: "quickbooks", path: "/tokens/revoke", times: 1000, effect: { status: 503 } });
  await control(env, "/pipedrive/uninstall", { company_id: US.company });
  assert.equal(sql("SELECT count(*) FROM revocation"), "1");
  await installed(env, US);
  assert.equal(sql("SELECT count(*) FROM revocation"), "0");
  await control(env, "/faults", undefined, "DELETE");
  await bill(env, US, 3, LINE);
  assert.equal((await grantsAt(env)).intuit >= 1, true);
});

test("if Pipedrive refuses the last grant, the app counts as uninstalled; reinstalling in time loses nothing, and after the grace period all access is revoked", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const { env, sql } = await running(t);
  await installed(env, MIGUEL);
  const number = await bill(env, US, 3, LINE);
  const { call, fields } = await openForm(env, US, 4, LINE);
  await call("/deals/4/form/preview", fields);
  // The uninstall call is lost: the grants end only at Pipedrive.
  const refused = async (who) => {
    sql(`UPDATE pipedrive_grant SET expires_at = 0, profile_at = 0 WHERE user_id = ${who.user}`);
    await control(env, "/faults", { provider: "pipedrive", path: "/oauth/token", times: 1, effect: { invalid_grant: "refresh token is invalid" } });
    assert.equal(await status(env, who), 403);
  };
  await refused(MIGUEL);
  assert.equal(sql("SELECT uninstalled_at IS NULL FROM tenant"), "t", "another user has the app");
  await refused(US);
  assert.equal(sql("SELECT uninstalled_at IS NULL FROM tenant"), "f");
  await installed(env, US);
  assert.equal(sql("SELECT uninstalled_at IS NULL FROM tenant"), "t");
  assert.match((await (await session(env, "panel", US.company, US.user)).call("/panel/deal/3")).text, new RegExp(number));
  assert.equal((await openForm(env, US, 4)).fields.intent, fields.intent, "the draft is there, and the connection");

  await refused(US);
  sql("UPDATE tenant SET uninstalled_at = uninstalled_at - 31 * 86400000000::bigint");
  await until(() => sql("SELECT count(*) FROM tenant") === "0", "the company is forgotten");
  await until(async () => Object.values(await grantsAt(env)).every((count) => count === 0), "both providers took the access back");
  await until(() => sql("SELECT count(*) FROM revocation") === "0", "no token is kept");
});
