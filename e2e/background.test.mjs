// Background work: a company or an operation that fails does not delay others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { background, LINE, pause, skip, until } from "./background.mjs";
import { bill, capture, installed, openForm, required, roomyDeal, saveSettings, session, unseen } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { notesOf } from "./story.mjs";

const scene = background("background");
const { env, sql, done, healed, all, panel, disconnect, connect, rowOf } = scene;

test("twenty companies without a connection do not delay the drafts for another company's won deals", { skip, timeout: 120_000 }, async (t) => {
  t.after(() => sql("delete from pipedrive_grant where user_name = 'Nobody'; delete from tenant where company_name like 'Company %'"));
  sql(`insert into tenant (id, company_id, company_name, company_domain, created_at, won_until)
       select gen_random_uuid(), 900000 + n, 'Company ' || n, 'c' || n, 0, n from generate_series(1, 20) as n;
       insert into pipedrive_grant (tenant_id, user_id, user_name, locale, time_zone, is_admin, profile_at, api_domain, state, access_token, refresh_token, expires_at, lease_until)
       select t.id, 1, 'Nobody', 'en_US', 'UTC', true, 0, g.api_domain, g.state, g.access_token, g.refresh_token, g.expires_at, 0
       from tenant as t cross join (select * from pipedrive_grant limit 1) as g where t.company_id > 900000 and t.company_name like 'Company %'`);
  await saveSettings(env, US, { draft_on_won: "on" });
  await done("/pipedrive/deal", { company_id: US.company, id: 12, changes: { status: "won" } });
  const call = await panel();
  await until(async () => /Draft saved/.test((await call("/panel/deal/12")).text), "there is no draft", 60_000);
  assert.equal(sql("select count(*) from tenant where won_failures > 0"), "20");
  assert.equal(
    sql("select count(*) from tenant where company_name like 'Company %' and won_until <> company_id - 900000"),
    "0",
    "what was won there is read when they are connected",
  );
});

test("the service shuts down in time while Pipedrive delays the reading of won deals", { skip, timeout: 120_000 }, async (t) => {
  t.after(healed);
  await saveSettings(env, US, { draft_on_won: "on" });
  await done("/faults", { provider: "pipedrive", path: "/deals", times: 1000, effect: { delay: 25_000 } });
  await until(
    () => sql("select count(*) from tenant where won_lease_until > (extract(epoch from now()) * 1000000)::bigint + 1000000") === "1",
    "nobody looks",
    40_000,
  );
  await pause(500);
  const [begun, child] = [Date.now(), scene.stack.replicas[0].child()];
  await scene.stack.replicas[0].end("SIGTERM", 40_000);
  assert.ok(Date.now() - begun < 20_000, `it took ${Date.now() - begun} ms`);
  assert.equal(child.exitCode, 0);
  await healed();
  sql("update tenant set won_lease_until = 0");
  await scene.stack.startFatura();
});

test("a queued invoice of a company that was disconnected is parked, and a user may remove it", { skip, timeout: 240_000 }, async () => {
  const count = (await all("Invoice")).length;
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", times: 1000, effect: { status: 429 } });
  const pressed = await call(`/deals/${deal}/invoices`, unseen(fields));
  assert.match(pressed.text, /\/progress/);
  const id = capture(/\/invoices\/([^/]+)\/progress/, pressed.text);
  await until(() => sql(`select state from invoice where id = '${id}'`) === "queued", "it is not queued");
  await disconnect(US);
  await healed();
  const trouble = () => sql(`select coalesce(trouble, '') from invoice where id = '${id}'`);
  await pause(1000);
  assert.equal(trouble(), "", "connected again within an hour, it goes on");
  // As if an hour had passed.
  sql(`update invoice set attempts = 100, created_at = created_at - 7200000000 where id = '${id}'`);
  await until(
    () => trouble() === "disconnected",
    () => `it goes on: ${sql(`select state, attempts, trouble from invoice where id = '${id}'`)}`,
    60_000,
  );
  const shown = (await (await panel())(`/panel/deal/${deal}`)).text;
  assert.match(shown, new RegExp(`/invoices/${id}/remove`));
  assert.match(shown, new RegExp(`/invoices/${id}/again`));
  await connect(US);
  await pause(20_000);
  assert.equal((await all("Invoice")).length, count, "nothing is sent unasked");
  assert.equal((await (await panel())(`/panel/deal/${deal}/invoices/${id}/remove`, {})).status, 200);
  assert.equal(sql(`select state || coalesce(trouble, '') from invoice where id = '${id}'`), "removed");
  await assert.rejects(rowOf(deal), /the value is not there/, "no invoice is left on the deal");
  assert.equal((await all("Invoice")).length, count);
});

test("a reconnected company keeps its access while the revocation of its old token is pending", { skip, timeout: 120_000 }, async () => {
  await installed(env, BR);
  await done("/faults", { provider: "quickbooks", path: "/tokens/revoke", times: 1000, effect: { status: 503 } });
  await disconnect(BR);
  await disconnect(US);
  assert.equal(sql("select count(*) from revocation"), "2");
  await healed();
  await done("/faults", { provider: "quickbooks", path: "/tokens/revoke", times: 1, effect: { delay: 8000 } });
  const struck = async () => (await (await fetch(`${env.CONTROL_URL}/faults`)).json()).length === 0;
  sql(
    "with two as (select id, row_number() over (order by id) as n from revocation) update revocation set next_attempt_at = n from two where two.id = revocation.id",
  );
  await until(struck, "no token is revoked");
  await connect(US);
  await until(() => sql("select count(*) from revocation") === "0", "not all are revoked", 30_000);
  assert.match(await bill(env, US, await roomyDeal(env, US, 3), LINE), /\d/);
  assert.equal(sql("select count(*) from quickbooks_connection where state = 'active'"), "1");
});

test("the audit log holds no e-mail address of a preset, also when another company's ids are removed from the settings", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const saved = () => sql("select detail from audit where action = 'settings saved' order by at desc limit 1");
  await saveSettings(env, US, {
    "presets[0][name]": "Retainer",
    "presets[0][term]": "days",
    "presets[0][days]": "30",
    "presets[0][cc]": "books@oakstreet.example",
    item: "12",
  });
  const [chosen, entries] = [saved(), sql("select count(*) from audit where action = 'settings saved'")];
  assert.match(chosen, /Retainer/);
  assert.match(chosen, /"12"/);
  t.after(async () => {
    await scene.disconnect(US);
    await scene.connect(US);
  });
  await scene.disconnect(US);
  await scene.connect({ ...US, realm: BR.realm });
  assert.equal(sql("select count(*) from audit where action = 'settings saved'"), String(Number(entries) + 1));
  assert.doesNotMatch(saved(), /"12"/, "the ids have left");
  assert.equal(sql("select count(*) from audit where detail::text like '%@%'"), "0");
});

test("an invoice that is due today in its company's time zone reloads no panel, and is overdue in the deal history the next day", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const deal = await roomyDeal(env, US, 3);
  await bill(env, US, deal, LINE);
  await until(async () => (await notesOf(env, US, deal, 1, 0)).length === 1, "it is not in the history");
  // The time zone in which a day begins last.
  sql("update quickbooks_connection set time_zone = 'Pacific/Pago_Pago'");
  const due = (offset) =>
    sql(`update invoice set due = to_char((now() at time zone 'Pacific/Pago_Pago')::date + ${offset}, 'YYYY-MM-DD') where deal_id = ${deal}`);
  due(0);
  await pause(3000);
  const ended = new AbortController();
  t.after(() => ended.abort());
  const { bearer } = await session(env, "panel", US.company, US.user);
  const stream = await fetch(`${env.FATURA_URL}/live`, { headers: { authorization: `Bearer ${bearer}` }, signal: ended.signal });
  let changes = 0;
  (async () => {
    for await (const part of required(stream.body)) changes += Buffer.from(part).toString().split("event: changed").length - 1;
  })().catch(() => undefined);
  // Longer than the interval between two sweeps.
  await pause(17_000);
  assert.equal(changes, 0);
  due(-1);
  await until(() => changes > 0, "nobody is told", 30_000);
  assert.equal(sql(`select told from invoice where deal_id = ${deal}`), "overdue");
  sql("update quickbooks_connection set time_zone = 'America/New_York'");
});
