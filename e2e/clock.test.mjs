// The service's clock is wrong for a while, and an answer is lost in that time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bill, capture, control, installed, openForm, required, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";
import { clock } from "./storm/time.mjs";
import { notesOf, quickbooks } from "./story.mjs";

const hands = {};
const { env, done } = scene(
  "clock",
  (env) => installed(env, US),
  (dir) => Object.assign(hands, clock(dir)).settings ?? {},
);
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

test("an invoice and a history entry that were written while the clock was ahead are found, and not written again", { timeout: 120_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  const invoices = async () => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice.length;
  const before = await invoices();
  await done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: true });
  const deal = await roomyDeal(env, US, 5);
  const { call, fields } = await openForm(env, US, deal, LINE);
  // It is sent, and the clock jumps ahead while QuickBooks delays its answer.
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: { delay_after: 6000 } });
  await done("/faults", { provider: "pipedrive", method: "POST", path: "/notes", effect: "drop_after" });
  const answer = call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() });
  await pause(500);
  hands.move(3600);
  assert.equal((await notesOf(env, US, deal, 1)).length, 1, "written, and the answer is lost");
  hands.move(0);
  await answer;
  // The second attempt has looked it up by then.
  await pause(15_000);
  assert.equal((await notesOf(env, US, deal, 1)).length, 1);
  assert.equal((await invoices()) - before, 1);
});

test("a call that was lost while the clock was ahead is repeated without an extra delay", { timeout: 120_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  await done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: false });
  const deal = await roomyDeal(env, US, 8);
  const { call, fields } = await openForm(env, US, deal, LINE);
  hands.move(600);
  await pause(6000);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_before" });
  const answer = await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() });
  hands.move(0);
  const begun = Date.now();
  assert.match((await settled(call, answer)).text, /data-issued/);
  assert.ok(Date.now() - begun < 40_000, `it took ${Date.now() - begun} ms`);
  // The service notices within five seconds that the clock is right again. Before that, new sessions count as expired.
  await pause(6000);
});

test("a history entry that is in flight when the clock jumps is written once", { timeout: 120_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  // Pipedrive delays its answer; the lease of the waiting worker seems to have expired.
  await done("/faults", { provider: "pipedrive", method: "POST", path: "/notes", effect: { delay: 9000 } });
  await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() });
  await pause(1000);
  hands.move(3600);
  await pause(20_000);
  hands.move(0);
  await pause(10_000);
  assert.equal((await notesOf(env, US, deal, 1)).length, 1);
});

test("an e-mail that is in flight when the clock jumps is sent once, although QuickBooks ignores request ids", { timeout: 120_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  await done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: true });
  const number = await bill(env, US, 4, LINE);
  const { call } = await session(env, "panel", US.company, US.user);
  const row = required((await rows((_, path) => call(path), 4)).find((each) => each.number === number));
  const path = `/panel/deal/4/invoices/${row.id}`;
  const key = capture(/name="key" value="([^"]+)"/, (await call(`${path}/recipient`)).text);
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/send", effect: { delay: 9000 } });
  const answer = call(`${path}/send`, { recipient: "once@customer.example", key });
  await pause(1000);
  hands.move(3600);
  await answer;
  await pause(20_000);
  hands.move(0);
  await pause(10_000);
  assert.equal(JSON.stringify(await done("/quickbooks/outbox", { realm_id: US.realm })).split('"once@customer.example"').length - 1, 1);
});

test("an e-mail that fails while the clock is ahead is sent when the clock is right and QuickBooks answers", {
  timeout: 180_000,
}, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  await done("/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: false });
  const number = await bill(env, US, 4, LINE);
  const { call } = await session(env, "panel", US.company, US.user);
  const row = required((await rows((_, path) => call(path), 4)).find((each) => each.number === number));
  const path = `/panel/deal/4/invoices/${row.id}`;
  const key = capture(/name="key" value="([^"]+)"/, (await call(`${path}/recipient`)).text);
  const attempts = async () =>
    (await (await fetch(`${env.CONTROL_URL}/calls`)).json()).filter((each) => each.method === "POST" && each.path.endsWith("/send")).length;
  const attempted = async (times) => {
    while ((await attempts()) < times) await pause(200);
  };
  const before = await attempts();
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/send", times: 1000, effect: { status: 500 } });
  const recipient = "late@customer.example";
  assert.equal((await call(`${path}/send`, { recipient, key })).status, 200, "it is under way");
  await attempted(before + 5);
  hands.move(93_600);
  // By the wrong clock, it has been tried for more than a day.
  await attempted(before + 6);
  await pause(2000);
  hands.move(0);
  await control(env, "/faults", undefined, "DELETE");
  const sent = async () => JSON.stringify(await done("/quickbooks/outbox", { realm_id: US.realm })).split(`"${recipient}"`).length - 1;
  for (const end = Date.now() + 40_000; (await sent()) === 0 && Date.now() < end; await pause(500));
  assert.equal(await sent(), 1);
});

test("a session ends after 15 minutes, even if it is in use", { timeout: 60_000 }, async (t) => {
  if (!hands.move) return t.skip("libfaketime is not installed");
  const { call } = await session(env, "panel", US.company, US.user);
  const settings = (await session(env, "settings", US.company, US.user)).call;
  const statuses = async () =>
    Promise.all([call("/panel/deal/4"), call("/deals/4/form"), settings("/settings/page")].map(async (answer) => (await answer).status));
  assert.deepEqual(await statuses(), [200, 200, 200]);
  hands.move(14 * 60);
  await pause(3000);
  assert.deepEqual(await statuses(), [200, 200, 200], "after 14 minutes");
  hands.move(15 * 60 + 10);
  for (const end = Date.now() + 10_000; (await call("/panel/deal/4")).status === 200 && Date.now() < end; ) await pause(200);
  assert.deepEqual(await statuses(), [401, 401, 401], "after a quarter of an hour");
  const before = (await (await quickbooks(env, US.realm))("select count(*) from Invoice")).totalCount;
  assert.equal((await call("/deals/4/invoices", { intent: crypto.randomUUID() })).status, 401);
  assert.equal((await (await quickbooks(env, US.realm))("select count(*) from Invoice")).totalCount, before);
  hands.move(0);
  await pause(2000);
});
