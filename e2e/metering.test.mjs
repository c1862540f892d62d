// Intuit meters an app's reads in a month: how they are counted, how rarely companies are read, and what happens when the quota is used up.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { freePort, start } from "../scripts/stack.mjs";
import { plain } from "./browser.mjs";
import { bill, capture, control, installed, openForm, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Variables } from "../scripts/stack.mjs" */

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const NO_LIMITS = { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 };

/** A stack of its own for a test, with its figures.
 * @param {import("node:test").TestContext} t
 * @param {Variables} settings
 * @param {Omit<Parameters<typeof start>[0], "dir">} options */
async function running(t, settings = {}, options = {}) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-metering-"));
  const port = await freePort(0);
  const stack = await start({
    dir,
    ...options,
    settings: { ...((options.replicas ?? 1) > 1 ? {} : { FATURA_METRICS_LISTEN: `127.0.0.1:${port}` }), ...settings },
  });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { env } = stack;
  const done = async (path, body) => {
    const answer = await control(env, path, body);
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : {};
  };
  await done("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await done("/quickbooks/limits", NO_LIMITS);
  const ledger = async () => (await (await control(env, "/calls", undefined, "GET")).json()).filter(({ path }) => path.startsWith("/v3/company/"));
  const figures = async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Object.fromEntries([...text.matchAll(/^(fatura_quickbooks_\w+) (\d+)/gm)].map(([, name, value]) => [name, Number(value)]));
  };
  const log = () => readFileSync(join(dir, `${stack.replicas[0].child().title}.log`), "utf8").replace(/\x1b\[[0-9;]*m/g, "");
  const panel = async (deal) => (await (await session(env, "panel", US.company, US.user)).call(`/panel/deal/${deal}`)).text;
  /** The accountant receives a part of an invoice. */
  const pay = (id) => done("/quickbooks/payment", { realm_id: US.realm, invoice_id: id, amount: 0.1 });
  await installed(env, US);
  return { stack, env, done, ledger, figures, log, panel, pay };
}

const sum = (calls, member) => calls.reduce((total, call) => total + call[member], 0);
const readings = (calls) => calls.filter(({ path }) => path.endsWith("/cdc"));
/** A monthly limit of which so many reads a day are left for background work after the first bill, which uses about 32 reads. The 30 % that
 * are reserved for users become fewer with each day.
 * @param {number} daily */
const limitForToday = (daily) => {
  const now = new Date();
  const [begin, end] = [0, 1].map((months) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1));
  const left = end - now.getTime();
  return Math.ceil((32 + daily * Math.max(1, left / 86_400_000)) / (1 - (0.3 * left) / (end - begin)));
};
/** QuickBooks' id of the newest invoice: the seeds may be of the same second. */
const newest = async (env) =>
  String(Math.max(...(await (await quickbooks(env, US.realm))("select * from Invoice maxresults 1000")).Invoice.map(({ Id }) => Number(Id))));

// Each test has a stack of its own, and mostly waits.
describe("reads of QuickBooks", { concurrency: 3 }, () => {
  test("the counted calls equal the sandbox's own count, also for failed calls and after a restart", { timeout: 150_000 }, async (t) => {
    const { stack, env, done, ledger, figures, panel, pay } = await running(t);
    await bill(env, US, 3, LINE);
    const id = await newest(env);
    const own = 1;
    await done("/faults", { provider: "quickbooks", method: "GET", path: "/cdc", times: 2, effect: { status: 500 } });
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
    await bill(env, US, 4, LINE);
    await pay(id);
    await (await session(env, "panel", US.company, US.user)).call("/panel/deal/3/refresh", {});
    await panel(3);
    const agrees = async (name) => {
      let counted;
      let there;
      for (const end = Date.now() + 30_000; Date.now() < end; await pause(500)) {
        const calls = await ledger();
        there = [sum(calls, "reads") - own, sum(calls, "writes")];
        const { fatura_quickbooks_reads: reads, fatura_quickbooks_writes: writes } = await figures();
        counted = [reads, writes];
        if (counted[0] === there[0] && counted[1] === there[1]) return there;
      }
      assert.deepEqual(counted, there, name);
    };
    const [reads, writes] = await agrees("after some calls");
    assert.ok(reads > 20 && writes >= 2, `${reads} reads, ${writes} writes`);
    assert.ok(
      (await ledger()).some(({ path, reads }) => path.endsWith("/batch") && reads === 8),
      "each query of a batch is a read",
    );
    await bill(env, US, 5, LINE);
    await stack.replicas[0].end("SIGTERM");
    await stack.startFatura();
    await agrees("an orderly end loses nothing");
    assert.equal((await figures()).fatura_quickbooks_reads_limit, 500_000);
  });

  test("replicas add to one shared count", { skip: process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set", timeout: 150_000 }, async (t) => {
    const database = (await createDatabase()).url;
    const ports = [await freePort(0), await freePort(0)];
    const { stack, env, ledger } = await running(t, {}, { database, replicas: 2 });
    for (const deal of [3, 4, 5, 3]) await bill(env, US, deal, LINE);
    // Each replica's metrics show the sum of both.
    for (const [at, port] of ports.entries()) {
      await stack.replicas[at].end("SIGTERM");
      stack.with({ FATURA_METRICS_LISTEN: `127.0.0.1:${port}` });
      await stack.replicas[at].start();
      await pause(5000);
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      assert.equal(Number(capture(/^fatura_quickbooks_reads (\d+)/m, text)), sum(await ledger(), "reads"), `replica ${at + 1}`);
    }
  });

  test("sweeps become rarer once webhooks arrive, and more frequent after one is lost", { timeout: 400_000 }, async (t) => {
    const { env, done, ledger, panel, pay } = await running(t, { FATURA_QUICKBOOKS_POLL_SECONDS: "5" });
    const webhooks = { url: `${env.FATURA_URL}/quickbooks/webhook` };
    /** Sweeps within 47 seconds. Frequent ones come every 15 seconds, hourly ones every minute here. */
    const sweeps = async () => {
      const before = readings(await ledger()).length;
      await pause(47_000);
      return readings(await ledger()).length - before;
    };
    await control(env, "/quickbooks/webhooks", undefined, "DELETE");
    await bill(env, US, 3, LINE);
    const id = await newest(env);
    const unproven = await sweeps();
    assert.ok(unproven >= 2, `${unproven} sweeps without a webhook`);

    await done("/quickbooks/webhooks", webhooks);
    await pay(id);
    for (const end = Date.now() + 20_000; !/Partially paid/.test(plain(await panel(3))) && Date.now() < end; await pause(500));
    assert.match(plain(await panel(3)), /Partially paid/);
    await pause(3000);
    const proven = await sweeps();
    assert.ok(proven <= 1, `${proven} sweeps with proven webhooks`);

    await done("/quickbooks/webhooks/mishaps", { effect: "lost" });
    const before = await panel(3);
    await pay(id);
    // The hour is a minute here, and a round of sweeps takes fifteen seconds.
    const begun = Date.now();
    for (
      ;
      (await panel(3)).match(/Not yet due.*?<dd>(.*?)<\/dd>/s)?.[1] === before.match(/Not yet due.*?<dd>(.*?)<\/dd>/s)?.[1] && Date.now() < begun + 90_000;
      await pause(1000)
    );
    assert.ok(Date.now() - begun < 85_000, "a sweep finds what no webhook told of");
    const lost = await sweeps();
    assert.ok(lost >= 2, `${lost} sweeps after a webhook was lost`);
  });

  test("background reads stay within the monthly budget, and users can go on working", { timeout: 240_000 }, async (t) => {
    const LIMIT = limitForToday(8);
    const { env, ledger, figures, log, panel, pay } = await running(t, { FATURA_QUICKBOOKS_POLL_SECONDS: "1", FATURA_QUICKBOOKS_READS_A_MONTH: String(LIMIT) });
    await bill(env, US, 3, LINE);
    const id = await newest(env);
    const own = 1;
    // More changes than the budget has reads: each is a webhook of its own.
    for (let at = 0; at < 40; at++) {
      await pay(id);
      await pause(1200);
    }
    const background = readings(await ledger());
    assert.ok(background.length > 0, "some were read");
    assert.ok(sum(await ledger(), "reads") - own <= LIMIT, `${sum(await ledger(), "reads") - own} reads`);
    assert.ok((await figures()).fatura_quickbooks_held_back_total > 0);
    // Users' reads are not limited, even beyond the budget.
    for (const deal of [4, 5, 3, 4]) await bill(env, US, deal, LINE);
    const { call } = await session(env, "panel", US.company, US.user);
    assert.equal((await call("/panel/deal/3/refresh", {})).status, 200);
    assert.match(plain(await panel(3)), /Partially paid/);
    for (let at = 0; at < LIMIT && sum(await ledger(), "reads") - own <= LIMIT; at += 8) {
      const refreshed = await Promise.all(Array.from({ length: 8 }, () => call("/panel/deal/3/refresh", {})));
      for (const { status } of refreshed) assert.equal(status, 200);
    }
    assert.ok(sum(await ledger(), "reads") - own > LIMIT, "they have exceeded it");
    const after = readings(await ledger()).length;
    await pause(17_000);
    assert.equal(readings(await ledger()).length, after, "nothing is read that nobody waits for");
    const warned = [...log().matchAll(/reads of the month are used up.*?percent=(\d+)/g)].map(([, percent]) => Number(percent));
    assert.deepEqual([...new Set(warned)], warned, "once for each threshold");
    assert.equal(warned.at(-1), 95);
  });

  for (const how of ["throttle", "forbidden"]) {
    test(`while QuickBooks refuses reads (${how}), users are informed and writes continue, and everything is read when the month turns`, {
      timeout: 240_000,
    }, async (t) => {
      const { env, done, ledger, panel, pay } = await running(t, { FATURA_QUICKBOOKS_POLL_SECONDS: "2" });
      await bill(env, US, 3, LINE);
      const id = await newest(env);
      const deal = await roomyDeal(env, US, 4);
      const open = await openForm(env, US, deal, LINE);
      await pause(3000);
      await done("/quickbooks/limits", { ...NO_LIMITS, reads_per_month: 1, read_refusal: how });
      await (await quickbooks(env, US.realm))("select * from Term");
      const begun = (await ledger()).length;
      const refused = async () => (await ledger()).slice(begun).filter(({ reads, status }) => reads > 0 && status !== 200);

      const { call } = await session(env, "panel", US.company, US.user);
      const refreshed = await call("/panel/deal/3/refresh", {});
      assert.equal(refreshed.status, 200);
      assert.match(plain(refreshed.text), /the monthly limit may have been reached/);
      assert.match(refreshed.text, /id="read-at"/, "with the age of what is shown");
      const searched = await open.call("/customers/search", { customer_name: "Casc" });
      assert.ok(searched.status === 503 || searched.status === 200, searched.text);

      // This needs no read.
      const pressed = await settled(open.call, await open.call(`/deals/${deal}/invoices`, unseen(open.fields)));
      assert.match(pressed.text, /data-issued/, plain(pressed.text));
      // A form that opens now uses the cached lists.
      const second = await openForm(env, US, await roomyDeal(env, US, 5), LINE);
      const another = await settled(second.call, await second.call(`/deals/${capture(/\/deals\/(\d+)\//, second.text)}/invoices`, unseen(second.fields)));
      assert.match(another.text, /data-issued/, plain(another.text));

      await pay(id);
      for (const end = Date.now() + 20_000; !/the monthly limit may have been reached/.test(plain(await panel(3))) && Date.now() < end; await pause(500));
      assert.match(plain(await panel(3)), /the monthly limit may have been reached/);
      assert.match(plain(await panel(3)), /Open/, "the last known state");
      const before = (await refused()).length;
      await pause(20_000);
      const storm = (await refused()).length - before;
      assert.ok(storm <= 1, `${storm} reads were refused while nobody asked`);
      assert.ok((await refused()).length <= 8, JSON.stringify(await refused()));

      const now = new Date((await (await control(env, "/clock", undefined, "GET")).json()).now);
      await done("/clock", { set: new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1, 0, 0, 5)).toISOString() });
      await done("/quickbooks/limits", { ...NO_LIMITS, reads_per_month: 1000, read_refusal: how });
      for (const end = Date.now() + 60_000; !/Partially paid/.test(plain(await panel(3))) && Date.now() < end; await pause(500));
      const shown = plain(await panel(3));
      assert.match(shown, /Partially paid/);
      assert.doesNotMatch(shown, /limit may have been reached/);
    });
  }
});
