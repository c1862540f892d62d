// The rate limiter keeps many users below QuickBooks' limits for one company.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { bill, control, installed, openForm, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { createDatabase, sharing } from "./storm/database.mjs";

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const { env, done } = scene("limits", async (env) => {
  await installed(env, US);
  await done("/quickbooks/limits", { requests_per_minute: 500, batches_per_minute: 40, requests_per_second: 10, concurrent: 10 });
});

const toQuickBooks = async () => (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.provider === "quickbooks");

test("twenty simultaneous Creates with a customer that is not cached read the customer once", { timeout: 120_000 }, async () => {
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, { ...LINE, customer: "5", customer_name: "" });
  await done("/faults", { provider: "quickbooks", method: "GET", path: "/customer/5", times: 20, effect: { delay: 500 } });
  const before = (await toQuickBooks()).length;
  const pressed = await Promise.all(
    Array.from({ length: 20 }, async () => settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() }))),
  );
  for (const { text } of pressed) assert.match(text, /data-issued/);
  const calls = (await toQuickBooks()).slice(before);
  const [reads, posts] = [
    calls.filter(({ method, path }) => method === "GET" && path.endsWith("/customer/5")),
    calls.filter(({ method, path }) => method === "POST" && path.endsWith("/invoice")),
  ];
  await control(env, "/faults", undefined, "DELETE");
  assert.deepEqual([reads.length, posts.length], [1, 20]);
});

test("with many active users no call exceeds QuickBooks' limits", { timeout: 180_000 }, async () => {
  const people = await Promise.all(Array.from({ length: 8 }, () => openForm(env, US, 3, LINE)));
  await Promise.all(
    people.map(async ({ call }, at) => {
      for (const typed of ["Cas", "Casc", "Casca", "Cascad", "Cascade"]) {
        const found = await call("/customers/search", { customer_name: typed, email: `someone-${at}@cascade.example` });
        assert.equal(found.status, 200, found.text);
        assert.match(found.text, /Cascade Robotics, Inc\./);
      }
    }),
  );
  await Promise.all(Array.from({ length: 6 }, () => bill(env, US, 3, LINE)));
  const calls = await toQuickBooks();
  assert.deepEqual(
    calls.filter(({ status }) => status === 429),
    [],
  );
  assert.ok(calls.length > 60, `only ${calls.length} calls`);
});

test("two replicas together stay below QuickBooks' limit for a second", {
  skip: process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set",
  timeout: 180_000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "fatura-rate-"));
  // Four calls per second: two for each replica, and each may have one in flight. Alone, each would make four.
  const database = (await createDatabase()).url;
  const stack = await start({ dir, replicas: 2, database, settings: { FATURA_QUICKBOOKS_CALLS_A_MINUTE: "240" } });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { env } = stack;
  await sharing(database, 2);
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await installed(env, US);
  await bill(env, US, 8, LINE);
  assert.equal((await control(env, "/quickbooks/limits", { requests_per_second: 7 })).status, 204);
  const calls = async () => (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.provider === "quickbooks");
  const before = (await calls()).length;
  const callers = await Promise.all(stack.replicas.map((each) => session({ ...env, FATURA_URL: each.url }, "panel", US.company, US.user)));
  const answers = await Promise.all(Array.from({ length: 32 }, (_, at) => callers[at % 2].call("/panel/deal/8/refresh", {})));
  const made = (await calls()).slice(before);
  assert.deepEqual(
    made.filter(({ status }) => status === 429),
    [],
    "QuickBooks refused calls",
  );
  for (const { status, text } of answers) assert.equal(status, 200, text);
  assert.ok(made.length >= 32, `${made.length} calls`);
});

test("one user cannot use up the company's calls to Pipedrive: a colleague can go on working", { timeout: 120_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "fatura-shares-"));
  const stack = await start({ dir, settings: { FATURA_PIPEDRIVE_CALLS_A_DAY_FOR_EACH_USER: "240" } });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  await installed(stack.env, US);
  await installed(stack.env, MIGUEL);
  const spent = async () => (await (await control(stack.env, "/calls", undefined, "GET")).json()).filter((call) => call.provider === "pipedrive").length;
  const before = await spent();
  const { call } = await session(stack.env, "form", US.company, US.user);
  const answers = [];
  for (let opened = 0; opened < 120; opened++) answers.push(await call(`/deals/${3 + (opened % 2)}/form`));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 20 && answers[0].status === 200, `${refused.length} of ${answers.length} were refused`);
  assert.match(refused[0].text, /share/);
  assert.ok((await spent()) - before < 140, `${(await spent()) - before} calls`);
  const colleague = await session(stack.env, "form", US.company, MIGUEL.user);
  assert.equal((await colleague.call("/deals/3/form")).status, 200);
});
