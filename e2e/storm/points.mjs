// Every boundary between two steps of every write, one after the other. A provider holds a call, before or after it has acted; or the
// database a COMMIT, before or after it. At that moment the service is killed, terminated, stopped until its lease has expired and
// continued, or cut off from its database.
// `node e2e/storm/points.mjs` runs all of them (DATABASE=postgres, TIMES=…, AT=calls or commits); a short form is in the tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "../../scripts/stack.mjs";
import { control, installed } from "../http.mjs";
import { BR, US } from "../people.mjs";
import { audit, isInBooks, ledger } from "./books.mjs";
import { chance } from "./chance.mjs";
import { createDatabase } from "./database.mjs";
import { carry } from "./deeds.mjs";
import { gate } from "./gate.mjs";
import { desks as openDesks, intend } from "./people.mjs";

/** @import { Who } from "../people.mjs" */

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** The writes, and their calls in order. `act` is an action on an issued invoice. */
export const WRITES = [
  {
    name: "create",
    calls: [
      ["quickbooks", "GET", "/query"],
      ["quickbooks", "POST", "/customer"],
      ["quickbooks", "POST", "/item"],
      ["quickbooks", "POST", "/invoice"],
      ["pipedrive", "POST", "/notes"],
    ],
  },
  {
    name: "update the customer",
    calls: [
      ["quickbooks", "GET", "/customer"],
      ["quickbooks", "POST", "/customer"],
      ["quickbooks", "POST", "/invoice"],
    ],
  },
  {
    name: "void",
    act: "void",
    calls: [
      ["quickbooks", "POST", "/invoice"],
      ["pipedrive", "POST", "/notes"],
    ],
  },
  { name: "delete", act: "delete", calls: [["quickbooks", "POST", "/invoice"]] },
  { name: "send", act: "send", calls: [["quickbooks", "POST", "/send"]] },
  { name: "refresh", expire: true, calls: [["quickbooks", "POST", "/tokens"]] },
];
/** The last two need PostgreSQL, as SQLite is in the process: `cut` ends its connections, `hung` leaves them open, and the held one
 * answers nothing more. */
export const SIGNALS = ["SIGKILL", "SIGTERM", "SIGSTOP", "cut", "hung"];
/** Longer than a lease, and than a call is held. */
const ASLEEP = 12_500;

/** The boundaries around the calls of these writes. */
export const calls = (writes = WRITES, signals = SIGNALS, moments = ["before", "after"]) =>
  signals.flatMap((signal) =>
    writes.flatMap((write) =>
      write.calls.flatMap(([provider, method, path]) => moments.map((moment) => ({ write, signal, moment, call: { provider, method, path } }))),
    ),
  );

/** The boundaries around the transactions that were seen in each of these writes. */
export const commits = (seen, signals = SIGNALS, moments = ["before", "after"]) =>
  signals.flatMap((signal) =>
    [...seen].flatMap(([write, transactions]) => transactions.flatMap((transaction) => moments.map((moment) => ({ write, signal, moment, transaction })))),
  );

const named = ({ write, signal, moment, call, transaction }) =>
  `${signal}, ${write.name}, ${call ? Object.values(call).join(" ") : `commit of ${transaction}`} ${moment === "before" ? "not begun" : "done"}`;

/** The service with its users, and each replica's proxy before the database. */
async function open({ database, replicas }) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-points-"));
  const gates = database ? await Promise.all(Array.from({ length: replicas }, () => gate(database.url))) : [];
  const stack = await start({
    dir,
    replicas,
    settings: { FATURA_QUICKBOOKS_POLL_SECONDS: "1" },
    ...(database ? { database: gates.map(({ url }) => url) } : {}),
  });
  const { env } = stack;
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  for (const who of [US, BR]) await installed(env, who);
  for (const { realm } of [US, BR]) await control(env, "/quickbooks/quirks", { realm_id: realm, emails_a_day: 1_000_000 });
  // The term of the due date exists: only the first invoice would create it, and take longer than those that are struck.
  for (const [{ realm }, name] of /** @type {[Who, string][]} */ ([
    [US, "Net 7"],
    [BR, "7 dias"],
  ]))
    await control(env, "/quickbooks/edit", { realm_id: realm, entity: "Term", changes: { Name: name, DueDays: 7 } });
  const desks = await openDesks(env);
  const before = new Set();
  for (const { realm } of [US, BR]) for (const { Id } of await ledger(env, realm)) before.add(`${realm} ${Id}`);
  const close = async () => {
    await stack.stop();
    for (const each of gates) each.close();
    if (!process.env.KEEP) rmSync(dir, { recursive: true, force: true });
  };
  return { dir, stack, env, gates, desks, before, dice: chance(1), intents: [], close };
}

/** Carries out a write, after `ready` was called right before it. */
async function perform(place, write, ready) {
  const { env, stack, desks, dice, intents } = place;
  const at = intents.length;
  const desk = desks[at % desks.length];
  const wants =
    {
      create: { customer: "new", customer_name: `Point customer ${at}`, "lines[0][item]": "new", "lines[0][item_name]": `Point item ${at}` },
      "update the customer": { update_customer: "on", "agreed[0]": "email", email: `point-${at}@customer.example` },
    }[write.name] ?? {};
  const intent = { at, key: crypto.randomUUID(), desk, price: (100 + (at + 1) / 100).toFixed(2), wants, seen: [], once: true };
  intents.push(intent);
  const end = Date.now() + 90_000;
  const press = () =>
    intend(
      env,
      desk,
      intent,
      stack.replicas,
      dice,
      () => end,
      (each) => isInBooks(env, each),
    );
  if (write.act) await press();
  if (write.expire) await control(env, "/quickbooks/expire", { realm_id: desk.who.realm });
  await ready();
  await (write.act ? carry(env, intent, write.act, stack.replicas, dice, () => end) : press());
  return intent;
}

/** The transactions of each write, by name, including those of workers and follow-up work. Periodic transactions are struck once, at
 * the first. */
async function observe(place, writes, idly = 20_000) {
  const during = async (work) => {
    const transactions = new Set();
    let ends = [];
    await work(() => (ends = place.gates.map((each) => each.watch((transaction) => transactions.add(transaction)))));
    for (const end of ends) end();
    return transactions;
  };
  const idle = await during(async (watch) => {
    watch();
    await pause(idly);
  });
  const seen = new Map();
  for (const write of writes) {
    const own = await during(async (watch) => {
      await perform(place, write, watch);
      await pause(3000);
    });
    seen.set(
      write,
      [...(seen.size ? own : new Set([...idle, ...own]))].filter((transaction) => !seen.size || !idle.has(transaction)),
    );
  }
  return seen;
}

/** Holds the next call or transaction of this kind. Returns functions that say what was held, and that end this. */
async function arm({ env, gates, stack }, { moment, call, transaction }) {
  if (call) {
    await control(env, "/faults", { ...call, effect: { [moment === "before" ? "delay" : "delay_after"]: 8000 } });
    const most = Math.max(1, stack.replicas.length - 1);
    const waits = async () => (await (await control(env, "/faults", undefined, "GET")).json()).length;
    return {
      struck: async () =>
        (await waits()) === 0
          ? stack.replicas
              .map((replica, at) => ({ replica, gate: gates[at], release: () => undefined }))
              .filter(({ replica }) => replica.isUp())
              .slice(0, most)
          : [],
      disarm: () => control(env, "/faults", undefined, "DELETE"),
    };
  }
  const met = [];
  gates.forEach((each, at) => each.hold(transaction, moment).then(({ release }) => met.push({ replica: stack.replicas[at], gate: each, release })));
  return {
    struck: async () => met,
    disarm: () => gates.forEach((each) => each.forget()),
  };
}

/** Strikes a replica that is held at a boundary. */
async function hit({ replica, gate, release }, signal) {
  if (signal === "cut") gate.cut();
  // `hung` needs nothing more.
  if (signal === "SIGSTOP") {
    replica.signal("SIGSTOP");
    await pause(ASLEEP);
    release();
    replica.signal("SIGCONT");
  }
  if (signal === "SIGTERM" || signal === "SIGKILL") {
    if (signal === "SIGTERM") setTimeout(release, 500);
    await replica.end(signal, 3000);
    await replica.start();
  }
}

/** Strikes at each point that `points` derives from the observed transactions; the violations, and the number of points that were met.
 * @param {{
 *   points: (seen: (writes: any[], idly?: number) => Promise<any>) => Promise<any[]>,
 *   database?: { url: string },
 *   replicas?: number,
 *   tell?: (text: string) => unknown,
 * }} options */
export async function strike({ points, database, replicas = 1, tell = () => undefined }) {
  const place = await open({ database, replicas });
  try {
    const all = await points((writes, idly) => observe(place, writes, idly));
    let met = 0;
    for (const [at, point] of all.entries()) {
      const begun = Date.now();
      let striking;
      const strikes = async (armed) => {
        let struck = [];
        for (const until = Date.now() + 6000; Date.now() < until && struck.length === 0; await pause(20)) struck = await armed.struck();
        await armed.disarm();
        if (struck.length) met++;
        else tell(`not met: ${named(point)}`);
        await pause(60);
        await Promise.all(struck.map((each) => hit(each, point.signal)));
      };
      const intent = await perform(place, point.write, async () => {
        striking = strikes(await arm(place, point));
      });
      await striking;
      tell(`${at + 1} of ${all.length}: ${named(point)}: ${intent.state} after ${Date.now() - begun} ms`);
    }
    const { env, intents, desks, before, stack, dice, dir } = place;
    let wrong = [];
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(1000)) {
      wrong = await audit({ env, intents, desks, before, replicas: stack.replicas, dice, dir });
      if (wrong.length === 0) break;
    }
    return { wrong, met, struck: all.length, states: intents.map(({ state }) => state) };
  } finally {
    await place.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const database = process.env.DATABASE === "postgres" ? await createDatabase() : undefined;
  const signals = process.env.SIGNALS?.split(",") ?? SIGNALS.slice(0, database ? undefined : 3);
  const at = process.env.AT;
  const points = async (seen) => {
    const once = [
      ...(at === "commits"
        ? []
        : calls(
            WRITES,
            signals.filter((signal) => signal !== "hung"),
          )),
      ...(at === "calls" || !database ? [] : commits(await seen(WRITES), signals)),
    ];
    return Array.from({ length: Number(process.env.TIMES ?? 1) }, () => once).flat();
  };
  const { wrong, met, struck } = await strike({ points, database, replicas: Number(process.env.REPLICAS ?? (database ? 2 : 1)), tell: console.log });
  console.log(wrong.join("\n"));
  console.log(`${met} of ${struck} points met, ${wrong.length} violations`);
  process.exit(wrong.length ? 1 : 0);
}
