// The tasks of an operator: restarting replicas one after the other, backup and restore, the move to PostgreSQL.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { plain } from "./browser.mjs";
import { bill, capture, control, installed, openForm, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { clock } from "./storm/time.mjs";
import { notesOf, quickbooks } from "./story.mjs";

/** @import { Variables } from "../scripts/stack.mjs" */

const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };

/** A stack of its own for a test.
 * @param {import("node:test").TestContext} t
 * @param {{ settings?: (dir: string) => Variables, database?: string | string[], replicas?: number }} options */
async function running(t, { settings = () => ({}), ...options }) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-operate-"));
  const stack = await start({ dir, ...options, settings: settings(dir) });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  await installed(stack.env, US);
  return { dir, stack, env: stack.env };
}

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const invoices = async (env) => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];
const shown = async (env, deal) => plain((await (await session(env, "panel", US.company, US.user)).call(`/panel/deal/${deal}`)).text);
/** The numbers of the invoices on a deal's panel. */
const numbers = async (env, deal) => [...(await shown(env, deal)).matchAll(/<b class="number">([^<]*)</g)].map(([, number]) => number);

test("connections that send nothing are closed, and a webhook of eight megabytes is accepted", { timeout: 90_000 }, async (t) => {
  const { stack, env } = await running(t, {});
  const quiet = ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n"].map(
    (said) =>
      new Promise((closed, failed) => {
        const socket = connect(stack.replicas[0].port, "127.0.0.1");
        socket.write(said);
        socket.on("error", failed).on("close", closed);
      }),
  );
  const entities = Array.from({ length: 400 }, (_, id) => ({
    name: "Invoice",
    id: String(id),
    operation: "Update",
    lastUpdated: "2026-03-13T10:00:00.000Z",
    more: "x".repeat(300),
  }));
  const realms = [US.realm, ...Array.from({ length: 49 }, (_, at) => `77${at}`)];
  const body = JSON.stringify({ eventNotifications: realms.map((realmId) => ({ realmId, dataChangeEvent: { entities } })) });
  const signature = createHmac("sha256", env.QUICKBOOKS_VERIFIER_TOKEN).update(body).digest("base64");
  const begun = Date.now();
  const answer = await fetch(`${env.FATURA_URL}/quickbooks/webhook`, { method: "POST", body, headers: { "intuit-signature": signature } });
  assert.equal(answer.status, 200, `${body.length} bytes`);
  assert.ok(Date.now() - begun < 3000, "Intuit waits for three seconds");
  await Promise.all(quiet);
});

test("pages are served although the reader of the log has stopped reading", { timeout: 60_000 }, async (t) => {
  const { dir, stack, env } = await running(t, {});
  const [replica] = stack.replicas;
  await replica.end("SIGTERM");
  const log = join(dir, "fatura.log");
  rmSync(log);
  execFileSync("mkfifo", [log]);
  const reader = spawn("bash", ["-c", `exec sleep 600 < '${log}'`]);
  t.after(() => reader.kill());
  stack.with({ RUST_LOG: "trace" });
  await replica.start();
  const { call } = await session(env, "panel", US.company, US.user);
  for (let looked = 0; looked < 30; looked++) assert.equal((await call("/panel/deal/3")).status, 200);
});

test("a second process on the same SQLite file ends with an error", { timeout: 60_000 }, async (t) => {
  const { stack, env } = await running(t, {});
  await assert.rejects(stack.fatura("serve"), /another process serves from .*fatura\.db already/);
  await stack.killFatura();
  await stack.startFatura();
  assert.deepEqual(await numbers(env, 3), []);
});

test("restarting replicas one after the other causes no error", { skip, timeout: 120_000 }, async (t) => {
  const { stack, env } = await running(t, {
    replicas: 2,
    database: (await createDatabase()).url,
    settings: () => ({ FATURA_SHUTDOWN_DELAY_SECONDS: "1", FATURA_PIPEDRIVE_CALLS_A_DAY_FOR_EACH_USER: "1000000" }),
  });
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  const before = (await invoices(env)).length;
  let goesOn = true;
  let [looked, billed] = [0, 0];
  const looking = async () => {
    const { call } = await session(env, "panel", US.company, US.user);
    for (; goesOn; looked++) assert.equal((await call("/panel/deal/3")).status, 200);
  };
  const billing = async () => {
    const deal = await roomyDeal(env, US, 3);
    const { call, fields } = await openForm(env, US, deal, LINE);
    for (; goesOn; billed++) {
      const answer = await settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() }));
      assert.equal(answer.status, 200, answer.text);
    }
  };
  const people = Promise.all([looking(), looking(), billing(), billing()]);
  for (const each of [...stack.replicas, ...stack.replicas]) {
    await new Promise((go) => setTimeout(go, 500));
    await each.end("SIGTERM");
    await each.start();
  }
  goesOn = false;
  await people;
  console.log(`${looked} looks and ${billed} invoices during four restarts, none refused`);
  assert.equal((await invoices(env)).length, before + billed);
});

for (const kind of ["SQLite", "PostgreSQL"]) {
  test(`after a backup of ${kind} is restored, newer invoices are not billed again and appear on their deals`, {
    skip: kind === "PostgreSQL" && skip,
    timeout: 180_000,
  }, async (t) => {
    const database = kind === "PostgreSQL" ? (await createDatabase()).url : undefined;
    const settings = () => ({ FATURA_QUICKBOOKS_POLL_SECONDS: "3" });
    const { dir, stack, env } = await running(t, database ? { database, settings } : { settings });
    const first = await bill(env, US, 3, LINE);
    const { call, fields } = await openForm(env, US, 4, LINE);
    await call("/deals/4/form/preview", fields);
    const file = join(dir, "backup");
    if (database) {
      // A quiet company whose webhooks are proven is swept once a week: here, once in hours.
      execFileSync("psql", ["--quiet", "--command", "UPDATE quickbooks_connection SET sweep_steps = 2016", database]);
      execFileSync("pg_dump", ["--format=custom", "--file", file, database]);
    } else assert.match(await stack.fatura("backup", file), /^backup written to /);

    const lost = await bill(env, US, 5, LINE);
    // Another Pipedrive company was connected with the same books before: its deals have numbers of their own.
    const line = { Amount: 10, DetailType: "SalesItemLineDetail", SalesItemLineDetail: { ItemRef: { value: "12" } } };
    const note = `Fatura ${crypto.randomUUID()} (Pipedrive ${US.company + 1}, deal 5, user ${US.user})`;
    const foreign = await control(env, "/quickbooks/edit", {
      realm_id: US.realm,
      entity: "Invoice",
      changes: { CustomerRef: { value: "3" }, Line: [line], PrivateNote: note },
    });
    assert.equal(foreign.status, 200, await foreign.text());
    const pressed = await settled(call, await call("/deals/4/invoices", fields));
    const number = capture(/data-number="([^"]*)"/, pressed.text);
    const before = (await invoices(env)).length;

    await stack.killFatura();
    if (database) execFileSync("pg_restore", ["--clean", "--if-exists", "--dbname", database, file]);
    else {
      for (const end of ["", "-wal", "-shm"]) rmSync(join(dir, `fatura.db${end}`), { force: true });
      renameSync(file, join(dir, "fatura.db"));
    }
    await stack.startFatura();
    assert.deepEqual(await numbers(env, 3), [first], "what was there is there");
    const again = await openForm(env, US, 4);
    assert.equal(again.fields.intent, fields.intent, "the draft is the same form");
    const answer = await settled(again.call, await again.call("/deals/4/invoices", again.fields));
    assert.equal(/data-number="([^"]*)"/.exec(answer.text)?.[1], number, answer.text);
    assert.equal((await invoices(env)).length, before, "no second one was made");

    // What no form knows any more is read with what has changed, and told no second time. Whoever was reading when the backup was made
    // has the right to it for a minute.
    for (const end = Date.now() + 90_000; (await numbers(env, 5)).length === 0 && Date.now() < end; await pause(500));
    assert.deepEqual(await numbers(env, 5), [lost]);
    assert.match((await openForm(env, US, 5)).text, /billed \(1 invoice, before tax\)|fully billed/);
    await pause(2000);
    assert.deepEqual(await numbers(env, 5), [lost]);
    assert.equal((await notesOf(env, US, 5, 1)).filter((note) => note.includes(lost)).length, 1);
  });
}

test("a void that was queued at a crash is not carried out on an invoice that has changed since", { timeout: 120_000 }, async (t) => {
  const { stack, env } = await running(t, { settings: () => ({ FATURA_QUICKBOOKS_POLL_SECONDS: "1" }) });
  const made = [];
  for (let at = 0; at < 13; at++) made.push(await bill(env, US, 8, LINE));
  const { call } = await session(env, "panel", US.company, US.user);
  const rows = (await call("/panel/deal/8?rows=100")).text.replaceAll("&#34;", '"').split("<li");
  const of = (number) => {
    const row = rows.find((part) => part.includes(`>${number}<`));
    return { path: `/panel/deal/8/invoices/${capture(/id="invoice-([0-9a-f-]+)"/, row)}`, seen: capture(/"seen": "([^"]+)"/, row) };
  };
  const [last, ...others] = made.reverse();
  const books = async () => (await invoices(env)).find((invoice) => invoice.DocNumber === last);
  // E-mails use up the admission of the company: the void waits.
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/send", times: 12, effect: { delay: 60_000 } });
  const sent = others.map(async (number) => {
    const key = capture(/name="key" value="([^"]+)"/, (await call(`${of(number).path}/recipient`)).text);
    return call(`${of(number).path}/send`, { recipient: "queue@customer.example", key }).catch(() => undefined);
  });
  await pause(2500);
  const pressed = call(`${of(last).path}/void`, { seen: of(last).seen }).catch(() => undefined);
  await pause(1000);
  await stack.killFatura();
  await Promise.all([pressed, ...sent]);
  await control(env, "/faults", undefined, "DELETE");
  await control(env, "/quickbooks/payment", { realm_id: US.realm, invoice_id: (await books()).Id, amount: 4 });
  await stack.startFatura();
  const again = await session(env, "panel", US.company, US.user);
  let row;
  for (const end = Date.now() + 60_000; Date.now() < end && !/Partially paid/.test(row ?? ""); await pause(200))
    row = (await again.call("/panel/deal/8?rows=100")).text.split("<li").find((part) => part.includes(`>${last}<`));
  assert.match(row, /Partially paid/, "the payment is known here");
  // The void is admitted when the e-mails have been looked up, ten seconds later.
  for (const end = Date.now() + 25_000; Date.now() < end && (await books()).TotalAmt !== 0; ) await pause(500);
  assert.notEqual((await books()).TotalAmt, 0, "nothing was voided");
});

test("after a backup that is a month old is restored, invoices that were queued in it are looked up before sending, and unknown ones appear on their deals", {
  timeout: 120_000,
}, async (t) => {
  const hands = {};
  const { dir, stack, env } = await running(t, { settings: (dir) => Object.assign(hands, clock(dir)).settings ?? {} });
  if (!hands.move) return t.skip("libfaketime is not installed");
  await control(env, "/quickbooks/quirks", { realm_id: US.realm, ignores_request_ids: true });
  const { call, fields } = await openForm(env, US, 4, LINE);
  // Without an access token nothing is sent: the invoice waits.
  await control(env, "/quickbooks/expire", { realm_id: US.realm });
  await control(env, "/faults", { provider: "quickbooks", path: "/tokens/bearer", times: 1000, effect: { status: 503 } });
  const checking = await call("/deals/4/invoices", fields);
  const file = join(dir, "backup");
  await stack.fatura("backup", file);
  await control(env, "/faults", undefined, "DELETE");
  assert.match((await settled(call, checking)).text, /data-issued/);
  const lost = await bill(env, US, 5, LINE);
  const before = (await invoices(env)).length;

  await stack.killFatura();
  for (const end of ["", "-wal", "-shm"]) rmSync(join(dir, `fatura.db${end}`), { force: true });
  renameSync(file, join(dir, "fatura.db"));
  hands.move(31 * 24 * 3600);
  await stack.startFatura();
  await pause(20_000);
  await stack.killFatura();
  hands.move(0);
  await stack.startFatura();
  for (const end = Date.now() + 40_000; (await numbers(env, 4)).length === 0 && Date.now() < end; await pause(500));
  assert.equal((await numbers(env, 4)).length, 1);
  assert.deepEqual(await numbers(env, 5), [lost]);
  assert.equal((await invoices(env)).length, before, "no second one was made");
});

test("one command moves all data from SQLite to PostgreSQL, and work continues there", { skip, timeout: 120_000 }, async (t) => {
  const { dir, stack, env } = await running(t, {});
  const first = await bill(env, US, 3, LINE);
  // An operation is in flight when the service stops.
  const { call, fields } = await openForm(env, US, 4, LINE);
  await control(env, "/faults", { provider: "quickbooks", path: "/invoice", method: "POST", effect: "drop_after" });
  const pressed = call("/deals/4/invoices", fields).catch(() => undefined);
  await new Promise((go) => setTimeout(go, 700));
  await stack.killFatura();
  await pressed;
  const { url } = await createDatabase();
  const from = `sqlite:${join(dir, "fatura.db")}`;
  assert.match(await stack.fatura("copy", "--from", from).catch(({ stderr }) => stderr), /from sqlite: to postgres:/, "not into itself");
  const moved = { FATURA_DATABASE_URL: url };
  assert.match(await stack.with(moved).fatura("copy", "--from", from), /^\d+ rows copied$/);
  assert.match(
    await stack
      .with(moved)
      .fatura("copy", "--from", from)
      .catch(({ stderr }) => stderr),
    /not empty/,
  );
  await stack.with(moved).startFatura();
  assert.deepEqual(await numbers(env, 3), [first]);
  const answer = await settled(call, await call("/deals/4/invoices", fields));
  assert.match(answer.text, /data-issued/);
  assert.equal((await numbers(env, 4)).length, 1);
  await bill(env, US, 3, LINE);
});
