// `make bench`: what the service costs and where its limits are, in a release build against the sandbox, each figure beside a floor of
// the same run. Prints tables; draws its growth into target/bench.svg. LOAD_S=… seconds for each load, LARGE=1 for a million invoices,
// PARTS=one,grow,many for parts of it.
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { binary, start } from "../scripts/stack.mjs";
import { bill, capture, control, installed, openForm, required, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { plot } from "./bench/plot.mjs";
import { grow } from "./bench/grow.mjs";
import { many } from "./bench/many.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

const SECONDS = process.env.LOAD_S ?? "5";
const LATENCY = 100;
/** Connections on which webhooks arrive at once, after an outage of Intuit's webhooks. */
const BURST = 2000;
const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const run = promisify(execFile);
const round = (value, digits = 1) => (value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(digits));
const part = (all, of) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * of))];

/** A load on one address; count, rate, p50, p99.
 * @param {string} url
 * @param {{ headers?: Record<string, string>, body?: string, atOnce?: number }} options */
async function load(url, { headers = {}, body, atOnce = 16 } = {}) {
  const args = [
    "load",
    url,
    "--seconds",
    SECONDS,
    "--at-once",
    String(atOnce),
    ...Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]),
    ...(body ? ["--body", body] : []),
  ];
  return JSON.parse((await run(binary("examples/bench"), args)).stdout);
}

/** CPU seconds that a process has used, and its memory in MB. */
function used(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  const memory = capture(/VmRSS:\s+(\d+)/, readFileSync(`/proc/${pid}/status`, "utf8"));
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: Number(memory) / 1024 };
}

/** The cost of a load: its figures, and CPU seconds for a thousand requests. */
async function costed(child, work) {
  const before = used(child.pid).cpu;
  const done = await work();
  return { ...done, cpu: ((used(child.pid).cpu - before) / done.count) * 1000 };
}

async function floor(database, secret) {
  const child = spawn(binary("examples/bench"), ["floor", database, secret], { stdio: ["ignore", "pipe", "inherit"] });
  const [address] = await new Promise((go) => child.stdout.once("data", (line) => go(String(line).split("\n"))));
  return { address, child };
}

/** Milliseconds from a payment in QuickBooks until the panel has got the event and shows it. */
async function freshness(env, deal, times) {
  const took = [];
  const read = await quickbooks(env, US.realm);
  for (let at = 0; at < times; at++) {
    const number = await bill(env, US, deal, LINE);
    const {
      Invoice: [invoice],
    } = await read(`select * from Invoice where DocNumber = '${number}'`);
    const { bearer, call } = await session(env, "panel", US.company, US.user);
    await pause(1500);
    const stop = new AbortController();
    const stream = await fetch(`${env.FATURA_URL}/live`, { headers: { authorization: `Bearer ${bearer}` }, signal: stop.signal });
    const heard = required(stream.body).getReader();
    const begun = performance.now();
    await control(env, "/quickbooks/payment", { realm_id: US.realm, invoice_id: invoice.Id });
    for (
      let shown = "";
      !new RegExp(`number">${number}<[^]*?data-status="paid"`).test(shown.slice(0, shown.indexOf("</li>", shown.indexOf(`number">${number}<`))));
    ) {
      await heard.read();
      shown = (await call(`/panel/deal/${deal}`)).text;
    }
    took.push(performance.now() - begun);
    stop.abort();
  }
  return { count: times, p50: part(took, 0.5), p99: part(took, 0.99) };
}

/** Creates invoices, `atOnce` at a time: how long each took, and how many calls to QuickBooks. */
async function creations(env, count, atOnce) {
  const deal = await roomyDeal(env, US, 4);
  const { call, fields } = await openForm(env, US, deal, LINE);
  const calls = async () => (await (await control(env, "/calls", undefined, "GET")).json()).filter(({ provider }) => provider === "quickbooks").length;
  /** @type {number[]} */
  const took = [];
  const [before, begun] = [await calls(), performance.now()];
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const pressed = performance.now();
        const answer = await settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() }));
        if (answer.status !== 200) throw new Error(answer.text);
        took.push(performance.now() - pressed);
      }
    }),
  );
  const spent = performance.now() - begun;
  await pause(500);
  return { count, rate: (count / spent) * 1000, p50: part(took, 0.5), p99: part(took, 0.99), calls: ((await calls()) - before) / count };
}

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const row = (...cells) => console.log(`| ${cells.join(" | ")} |`);

async function measured(kind) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-bench-"));
  const database = kind === "PostgreSQL" ? (await createDatabase()).url : `sqlite:${join(dir, "fatura.db")}`;
  const stack = await start({ dir, database, settings: { FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000" } });
  const { env } = stack;
  try {
    await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
    await installed(env, US);
    const [{ port }] = stack.replicas;
    const at = `http://127.0.0.1:${port}`;
    const child = stack.replicas[0].child();
    const idle = used(child.pid).memory;
    const body = join(dir, "webhook.json");
    const text = JSON.stringify({
      eventNotifications: [
        { realmId: US.realm, dataChangeEvent: { entities: [{ name: "Invoice", id: "1", operation: "Update", lastUpdated: "2026-03-13T10:00:00.000Z" }] } },
      ],
    });
    writeFileSync(body, text);
    const headers = {
      "content-type": "application/json",
      "intuit-signature": createHmac("sha256", env.QUICKBOOKS_VERIFIER_TOKEN).update(text).digest("base64"),
    };
    const other = await floor(kind === "PostgreSQL" ? (await createDatabase()).url : `sqlite:${join(dir, "floor.db")}`, env.QUICKBOOKS_VERIFIER_TOKEN);
    const bare = await costed(other.child, () => load(`${other.address}/webhook`, { headers, body }));
    const nothing = await costed(other.child, () => load(`${other.address}/nothing`));
    other.child.kill();
    console.log(`\n### ${kind}\n`);
    row("what", "a second", "p50 ms", "p99 ms", "CPU s for 1,000", "floor a second", "of the floor");
    row("---", "---:", "---:", "---:", "---:", "---:", "---:");
    const shown = (what, figures, floor) =>
      row(
        what,
        round(figures.rate),
        round(figures.p50),
        round(figures.p99),
        round(figures.cpu, 2),
        round(floor.rate),
        `${((figures.rate / floor.rate) * 100).toFixed(0)} %`,
      );
    const acks = await costed(child, () => load(`${at}/quickbooks/webhook`, { headers, body }));
    shown("webhook acknowledged", acks, bare);
    const burst = await load(`${at}/quickbooks/webhook`, { headers, body, atOnce: BURST });
    const { bearer } = await session(env, "panel", US.company, US.user);
    const panel = (deal) => costed(child, () => load(`${at}/panel/deal/${deal}`, { headers: { authorization: `Bearer ${bearer}` } }));
    shown("panel, no invoice", await panel(12), nothing);
    for (let made = 0; made < 10; made++) await bill(env, US, 3, LINE);
    shown("panel, 10 invoices", await panel(3), nothing);
    await creations(env, 500, 8);
    shown("panel, 500 invoices", await panel(4), nothing);
    const loaded = used(child.pid).memory;
    const fresh = await freshness(env, 9, 20);
    const [warm, many] = [await creations(env, 40, 1), await costed(child, () => creations(env, 200, 8))];
    await control(env, "/faults", { provider: "quickbooks", times: 1_000_000, effect: { delay: LATENCY } });
    const slow = await creations(env, 20, 1);
    await control(env, "/faults", undefined, "DELETE");
    console.log("");
    row("creating an invoice", "p50 ms", "p99 ms", "calls to QuickBooks", "a second", "CPU s for 1,000");
    row("---", "---:", "---:", "---:", "---:", "---:");
    row("one after the other", round(warm.p50), round(warm.p99), warm.calls.toFixed(1), round(warm.rate), "");
    row("eight at once", round(many.p50), round(many.p99), many.calls.toFixed(1), round(many.rate), round(many.cpu, 2));
    row(`QuickBooks takes ${LATENCY} ms for a call`, round(slow.p50), round(slow.p99), slow.calls.toFixed(1), round(slow.rate), "");
    console.log(`\nWebhooks on ${BURST} connections at once: ${round(burst.rate)} a second, ${round(burst.p999)} ms for 999 of 1,000.`);
    console.log(
      `\nA change in QuickBooks is on the open panel after ${round(fresh.p50)} ms (p50), ${round(fresh.p99)} ms (p99), ${fresh.count} times. Memory: ${round(idle)} MB idle, ${round(loaded)} MB after the loads.`,
    );
    await stack.replicas[0].end("SIGTERM");
    const begun = performance.now();
    await stack.replicas[0].start();
    console.log(`Start to ready: ${round(performance.now() - begun)} ms.`);
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

console.log(
  `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GB, ${execFileSync("uname", ["-sr"]).toString().trim()}; client, sandbox and database on the same machine; ${SECONDS} s for each load, 16 connections.`,
);
const PARTS = {
  async one() {
    await measured("SQLite");
    await measured("PostgreSQL");
  },
  async grow() {
    const sizes = process.env.LARGE ? [1, 100, 1000, 10_000] : [1, 100, 1000];
    await grow("SQLite", { load, used, sizes, row, round });
    const growth = await grow("PostgreSQL", { load, used, sizes, row, round });
    writeFileSync(join(import.meta.dirname, "..", "target", "bench.svg"), plot(growth));
  },
  many: () => many("PostgreSQL", process.env.LARGE ? 10_000 : 200, { used, row, round }),
};
for (const part of process.env.PARTS?.split(",") ?? Object.keys(PARTS)) await PARTS[part]();
process.exit(0);
