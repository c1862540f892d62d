// Floods of requests from strangers take no memory, rows or connections from users.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { capture, control, installed, openForm, roomyDeal, settled, unseen } from "./http.mjs";
import { BR, CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const MIB = 1024 * 1024;
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** A stack of its own for a test.
 * @param {import("node:test").TestContext} t
 * @param {Omit<Parameters<typeof start>[0], "dir">} options */
async function running(t, options = {}) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-floods-"));
  const stack = await start({ dir, ...options });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const [replica] = stack.replicas;
  /** The memory that the process has, in MiB. */
  const memory = () => Number(capture(/^VmRSS:\s*(\d+)/m, readFileSync(`/proc/${replica.child().pid}/status`, "utf8"))) / 1024;
  return { env: stack.env, replica, memory };
}

/** A connection that sends `text`; what it has received so far, and whether it is closed. */
function saying(port, text) {
  const socket = connect(port, "127.0.0.1");
  const heard = { socket, text: "", isClosed: false };
  socket
    .on("error", () => undefined)
    .on("data", (part) => (heard.text += part))
    .on("close", () => (heard.isClosed = true));
  if (text) socket.write(text);
  heard.answered = async (within = 5000) => {
    for (const end = Date.now() + within; !heard.text && !heard.isClosed && Date.now() < end; ) await pause(10);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(heard.text)?.[1]);
  };
  return heard;
}
const get = (path, more = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const webhook = (signature, length) =>
  `POST /quickbooks/webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${signature === undefined ? "" : `intuit-signature: ${signature}\r\n`}\r\n`;
const FORGED = Buffer.alloc(32, 7).toString("base64");

test("a webhook without a signature is refused before its body is read", { timeout: 60_000 }, async (t) => {
  const { replica } = await running(t);
  for (const signature of [undefined, "", "not base64!", Buffer.alloc(31).toString("base64"), Buffer.alloc(64).toString("base64"), `${FORGED}, ${FORGED}`]) {
    const heard = saying(replica.port, webhook(signature, 30 * MIB));
    assert.equal(await heard.answered(2000), 401, `signature ${signature}`);
    heard.socket.destroy();
  }
});

test("request bodies share a memory budget: 320 MiB of forged webhooks use a part of it, and genuine webhooks are accepted afterwards", {
  timeout: 120_000,
}, async (t) => {
  const { env, replica, memory } = await running(t);
  const before = memory();
  const part = Buffer.alloc(8 * MIB - 1, "x");
  const held = Array.from({ length: 40 }, () => {
    const heard = saying(replica.port, webhook(FORGED, 8 * MIB));
    heard.socket.write(part);
    return heard;
  });
  let most = 0;
  for (let looked = 0; looked < 40; looked++) {
    most = Math.max(most, memory());
    await pause(100);
  }
  console.log(`${Math.round(before)} MiB before, ${Math.round(most)} MiB with 320 MiB of forged webhooks`);
  assert.ok(most - before < 110, `${before} MiB before, ${most} MiB at most`);
  assert.ok(
    held.some(({ text }) => /^HTTP\/1\.1 429/.test(text)),
    "who does not fit is told so",
  );
  const body = JSON.stringify({ eventNotifications: [{ realmId: US.realm, dataChangeEvent: { entities: [] } }] });
  const signature = createHmac("sha256", env.QUICKBOOKS_VERIFIER_TOKEN).update(body).digest("base64");
  let status;
  // Connections that send nothing more are closed.
  for (const end = Date.now() + 15_000; status !== 200 && Date.now() < end; await pause(200)) {
    status = (await fetch(`${env.FATURA_URL}/quickbooks/webhook`, { method: "POST", body, headers: { "intuit-signature": signature } })).status;
  }
  assert.equal(status, 200);
  for (const { socket } of held) socket.destroy();
});

test("when all connections are in use, health checks are answered and other requests get 503", { timeout: 60_000 }, async (t) => {
  const { replica } = await running(t, { settings: { FATURA_MAX_CONNECTIONS: "40" } });
  await pause(1000);
  const idle = Array.from({ length: 44 }, () => saying(replica.port, ""));
  await pause(500);
  const asked = [get("/healthz"), get("/readyz"), get("/")].map((text) => saying(replica.port, text));
  assert.deepEqual(await Promise.all(asked.map((heard) => heard.answered())), [200, 200, 503]);
  // The reserve is used up as well: further connections are closed at once.
  const more = Array.from({ length: 30 }, () => saying(replica.port, ""));
  await pause(500);
  assert.ok(more.filter(({ isClosed }) => isClosed).length > 10, "beyond the reserve");
  for (const { socket } of [...idle, ...more, ...asked]) socket.destroy();
  await pause(500);
  assert.equal(await saying(replica.port, get("/")).answered(), 200);
});

test("starting an installation and forged callbacks store no row", { skip, timeout: 60_000 }, async (t) => {
  const { url } = await createDatabase();
  const { env } = await running(t, { database: url });
  const rows = () =>
    execFileSync("psql", [
      "--quiet",
      "--tuples-only",
      "--no-align",
      "--command",
      "SELECT (SELECT COUNT(*) FROM oauth_flow), (SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname = 'oauth_flow')",
      url,
    ])
      .toString()
      .trim();
  const before = rows();
  const paths = [
    "/install",
    "/pipedrive/callback?code=a&state=b",
    "/pipedrive/callback?error=denied&state=b",
    "/quickbooks/connect?ticket=a",
    "/quickbooks/callback?code=a&state=b&realmId=1",
    "/quickbooks/callback?error=denied&state=b",
    "/quickbooks/again?cancelled=a",
    "/quickbooks/confirm?pending=a",
    "/pdf/01a22a93-9e6e-70e1-9921-aacc5a2cb434/a",
  ];
  for (let times = 0; times < 5; times++) for (const path of paths) await fetch(`${env.FATURA_URL}${path}`, { redirect: "manual" });
  // The database updates its statistics a second later.
  await pause(2500);
  assert.equal(rows(), before);
});

test("a client address with too many requests is limited, and others are not", { timeout: 60_000 }, async (t) => {
  const { replica } = await running(t);
  const from = (address) => get("/install", `X-Forwarded-For: 203.0.113.1, ${address}\r\n`);
  const begun = Date.now();
  const first = Array.from({ length: 60 }, () => saying(replica.port, from("198.51.100.1")));
  assert.ok(
    (await Promise.all(first.map((heard) => heard.answered()))).every((status) => status === 303),
    "a burst is answered",
  );
  const over = Array.from({ length: 40 }, () => saying(replica.port, from("198.51.100.1")));
  await pause(300);
  const other = Date.now();
  assert.equal(await saying(replica.port, from("198.51.100.2")).answered(), 303);
  assert.ok(Date.now() - other < 1000, "another address");
  const statuses = await Promise.all(over.map((heard) => heard.answered(15_000)));
  const count = (status) => statuses.filter((each) => each === status).length;
  assert.equal(count(303) + count(429), 40);
  assert.ok(count(429) > 20, `${count(429)} were refused`);
  assert.ok(Date.now() - begun > 4500, "who is refused has waited");
});

/** Fatura's time to create an invoice: the median of some, in milliseconds. */
async function creating(env, times = 9, who = US, line = /** @type {Record<string, string>} */ (LINE)) {
  const deal = await roomyDeal(env, who, 3);
  const { call, fields } = await openForm(env, who, deal, line);
  const took = [];
  for (let at = 0; at < times; at++) {
    const begun = performance.now();
    const answer = await settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() }));
    took.push(performance.now() - begun);
    assert.match(answer.text, /data-issued/);
  }
  return took.sort((a, b) => a - b)[Math.floor(times / 2)];
}

test("users create invoices while strangers flood /install", { timeout: 120_000 }, async (t) => {
  const connections = Number(process.env.CONNECTIONS ?? 1000);
  const { env, replica, memory } = await running(t);
  await installed(env, US);
  await creating(env, 3);
  const [quiet, small] = [await creating(env), memory()];
  let [goesOn, answered] = [true, 0];
  const text = get("/install");
  const flood = Array.from(
    { length: connections },
    () =>
      new Promise((ended) => {
        const socket = connect(replica.port, "127.0.0.1", () => socket.write(text));
        socket
          .on("error", ended)
          .on("close", ended)
          .on("data", () => {
            answered++;
            if (goesOn) socket.write(text);
            else socket.destroy();
          });
        t.after(() => socket.destroy());
      }),
  );
  await pause(2000);
  const [flooded, large] = [await creating(env), memory()];
  goesOn = false;
  console.log(
    `${connections} connections: Create took ${Math.round(flooded)} ms, ${Math.round(quiet)} ms without; ${answered} answers to strangers; ${Math.round(small)} to ${Math.round(large)} MiB`,
  );
  assert.ok(flooded < 2 * quiet, `${flooded} ms, ${quiet} ms without`);
  assert.ok(large - small < 150, `${small} to ${large} MiB`);
  void flood;
});

test("one company's continuous creation of invoices does not slow down another company's invoice", { timeout: 120_000 }, async (t) => {
  const { env } = await running(t);
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
  await installed(env, US);
  await installed(env, BR);
  const books = await quickbooks(env, BR.realm);
  const customer = (await books("select * from Customer maxresults 100")).Customer.find(({ CurrencyRef }) => (CurrencyRef?.value ?? "BRL") === "BRL");
  const [item] = (await books("select * from Item where Type = 'Service' maxresults 1")).Item;
  /** @type {Record<string, string>} */
  const line = {
    customer: customer.Id,
    customer_name: customer.DisplayName,
    customer_currency: "BRL",
    currency: "BRL",
    tax_mode: "none",
    "lines[0][item]": item.Id,
    "lines[0][item_name]": item.Name,
    "lines[0][quantity]": "1",
    "lines[0][unit_price]": "10",
  };
  await creating(env, 3, BR, line);
  const quiet = await creating(env, 9, BR, line);
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, LINE);
  let [goesOn, made, pressed] = [true, 0, 0];
  const flood = Array.from({ length: 80 }, async () => {
    for (; goesOn; pressed++) {
      const { text } = await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() });
      if (/data-issued/.test(text)) made++;
    }
  });
  await pause(2000);
  const flooded = await creating(env, 9, BR, line);
  goesOn = false;
  await Promise.all(flood);
  console.log(`Create took ${Math.round(flooded)} ms, ${Math.round(quiet)} ms without; ${pressed} pressed by the other, ${made} made at once`);
  assert.ok(pressed >= 80, `${pressed}`);
  assert.ok(flooded < 2 * quiet + 200, `${flooded} ms, ${quiet} ms without`);
});
