// Many companies in use: each installs Fatura, connects a QuickBooks company of its own and bills a deal; then all have an open invoice,
// and one process reads their changes as often as it can.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, start } from "../../scripts/stack.mjs";
import { bill, control, installed } from "../http.mjs";
import { CASCADE, US } from "../people.mjs";
import { createDatabase } from "../storm/database.mjs";

const SEEDS = join(import.meta.dirname, "../../crates/sandbox/seeds");
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
/** Companies that are added at a time, and that install at a time. */
const TOGETHER = 200;
const AT_ONCE = 8;
/** How long sweeps are watched. */
const WATCHED_S = 45;
const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const seed = (name) => JSON.parse(readFileSync(join(SEEDS, name), "utf8"));

/** A copy of the American company, with users, a domain and a QuickBooks company of its own. */
function company(at) {
  const who = { company: 7_800_000 + at, user: 50_000_000 + 10 * at, sub: `92${String(at).padStart(14, "0")}`, realm: `93415${String(at).padStart(11, "0")}` };
  const pipedrive = JSON.stringify(seed("pipedrive.json").companies.find(({ id }) => id === US.company));
  const domain = JSON.parse(pipedrive).domain;
  const users = pipedrive.replaceAll(String(US.company), String(who.company)).replace(/\b92000(\d)\b/g, (_, user) => String(who.user + Number(user) - 1));
  const books = seed("quickbooks/companies.json").companies.find(({ realm_id }) => realm_id === US.realm);
  return {
    who,
    pipedrive: { ...JSON.parse(users), domain: `${domain}${at}` },
    books: { ...books, realm_id: who.realm, history: undefined },
    user: { sub: who.sub, name: "Dana Whitfield", email: `dana${at}@oakstreet.example`, realms: [who.realm] },
  };
}

/** Does the work for each, some at once. */
async function each(all, work) {
  const left = [...all];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
    }),
  );
}

async function said(answer) {
  const { status } = answer;
  if (status >= 300) throw new Error(`${status}: ${await answer.text()}`);
}

/** Measures with so many companies; prints a table. */
export async function many(kind, count, { used, row, round }) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-many-"));
  const database = kind === "PostgreSQL" ? (await createDatabase()).url : `sqlite:${join(dir, "fatura.db")}`;
  const port = await freePort(0);
  const settings = {
    FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000",
    FATURA_QUICKBOOKS_READS_A_MONTH: "0",
    FATURA_QUICKBOOKS_POLL_SECONDS: "86400",
    FATURA_METRICS_LISTEN: `127.0.0.1:${port}`,
  };
  const stack = await start({ dir, database, settings });
  const { env } = stack;
  try {
    await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
    const [replica] = stack.replicas;
    const memory = () => used(replica.child().pid).memory;
    const idle = memory();
    const people = [];
    for (let from = 0; from < count; from += TOGETHER) {
      const some = Array.from({ length: Math.min(TOGETHER, count - from) }, (_, at) => company(from + at + 1));
      await said(await control(env, "/pipedrive/seed", { companies: some.map(({ pipedrive }) => pipedrive) }));
      await said(await control(env, "/quickbooks/seed", { users: some.map(({ user }) => user), companies: some.map(({ books }) => books) }));
      people.push(...some.map(({ who }) => who));
    }
    const [before, began] = [used(replica.child().pid).cpu, performance.now()];
    await each(people, (who) => installed(env, who));
    const [met, middle] = [used(replica.child().pid).cpu, performance.now()];
    await each(people, (who) => bill(env, who, 3, LINE));
    const [billed, end] = [used(replica.child().pid).cpu, performance.now()];
    const busy = memory();
    console.log(`\n### ${count.toLocaleString("en-US")} companies in use (${kind})\n`);
    row("what", "a second", "CPU s for 1,000");
    row("---", "---:", "---:");
    const shown = (what, done, seconds, cpu) => row(what, round(done / seconds), round((cpu / done) * 1000, 2));
    shown("installed and connected", count, (middle - began) / 1000, met - before);
    shown("first form of a company, and its invoice", count, (end - middle) / 1000, billed - met);

    await replica.end("SIGTERM");
    // Makes each company due for its next sweep at once.
    const swept = stack.with({ FATURA_QUICKBOOKS_POLL_SECONDS: "1" });
    await swept.startFatura();
    const read = async () => {
      const figures = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return [...figures.matchAll(/^fatura_job_calls_count\{([^}]*)\} (\d+)/gm)]
        .filter(([, labels]) => /kind="read_changes"/.test(labels))
        .reduce((sum, [, , n]) => sum + Number(n), 0);
    };
    await pause(20_000);
    const { pid } = swept.replicas[0].child();
    const [from, cpu] = [await read(), used(pid).cpu];
    await pause(WATCHED_S * 1000);
    shown("asked for changes, in sweeps", (await read()) - from, WATCHED_S, used(pid).cpu - cpu);
    console.log(`\nMemory: ${round(idle)} MB idle, ${round(busy)} MB with all of them in use, ${round(used(pid).memory)} MB while it sweeps.`);
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
