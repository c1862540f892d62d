// Every boundary between two steps of every write, one after the other: the provider holds the answer back, before it has
// acted or after, and at that moment the service is killed, told to end, or stopped past its lease and woken up again.
// `node e2e/storm/points.mjs` runs all of them (DATABASE=postgres, TIMES=…); a short form is in the tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "../../scripts/stack.mjs";
import { control, installed } from "../http.mjs";
import { BR, US } from "../people.mjs";
import { audit, ledger } from "./books.mjs";
import { chance } from "./chance.mjs";
import { createDatabase } from "./database.mjs";
import { carry } from "./deeds.mjs";
import { desks as openDesks, intend } from "./people.mjs";

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** What is written, and the calls that it takes, in their order. `act` is done to an invoice that stands. */
export const WRITES = [
  { name: "create", calls: [["quickbooks", "POST", "/batch"], ["quickbooks", "POST", "/customer"], ["quickbooks", "GET", "/query"], ["quickbooks", "POST", "/item"], ["quickbooks", "POST", "/invoice"], ["pipedrive", "POST", "/notes"]] },
  { name: "update the customer", calls: [["quickbooks", "GET", "/customer"], ["quickbooks", "POST", "/customer"], ["quickbooks", "POST", "/invoice"]] },
  { name: "void", act: "void", calls: [["quickbooks", "POST", "/invoice"], ["pipedrive", "POST", "/notes"]] },
  { name: "delete", act: "delete", calls: [["quickbooks", "POST", "/invoice"]] },
  { name: "send", act: "send", calls: [["quickbooks", "POST", "/send"]] },
  { name: "refresh", expire: true, calls: [["quickbooks", "POST", "/tokens"]] },
];
export const SIGNALS = ["SIGKILL", "SIGTERM", "SIGSTOP"];
/** Longer than a lease, and than a call is held. */
const ASLEEP = 12_500;

/** All points of these writes. */
export const points = (writes = WRITES, signals = SIGNALS, moments = ["delay", "delay_after"]) =>
  signals.flatMap((signal) => writes.flatMap((write) => write.calls.flatMap(([provider, method, path]) => moments.map((moment) => ({ write, provider, method, path, moment, signal })))));

const named = ({ write, provider, method, path, moment, signal }) => `${signal}, ${write.name}, ${provider} ${method} ${path} ${moment === "delay" ? "not begun" : "done"}`;

/** Strikes at each point; the violations, and how many points were met. */
export async function strike({ all, database, replicas = 1, tell = () => undefined }) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-points-"));
  const stack = await start({ dir, replicas, settings: { FATURA_QUICKBOOKS_POLL_SECONDS: "5" }, ...(database ? { database: database.url } : {}) });
  const { env } = stack;
  try {
    await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    for (const who of [US, BR]) await installed(env, who);
    for (const { realm } of [US, BR]) await control(env, "/quickbooks/quirks", { realm_id: realm, emails_a_day: 1_000_000 });
    const desks = await openDesks(env);
    const before = new Set();
    for (const { realm } of [US, BR]) for (const { Id } of await ledger(env, realm)) before.add(`${realm} ${Id}`);
    const dice = chance(1);
    const waits = async () => (await (await control(env, "/faults", undefined, "GET")).json()).length;
    const intents = [];
    let [met, at] = [0, 0];
    for (const point of all) {
      const desk = desks[at % desks.length];
      const wants = {
        create: { customer: "new", customer_name: `Point customer ${at}`, "lines[0][item]": "new", "lines[0][item_name]": `Point item ${at}` },
        "update the customer": { update_customer: "on", "agreed[0]": "email", email: `point-${at}@customer.example` },
      }[point.write.name] ?? {};
      const intent = { at, key: crypto.randomUUID(), desk, price: (100 + (at + 1) / 100).toFixed(2), wants, seen: [], once: true };
      intents.push(intent);
      at++;
      const end = Date.now() + 90_000;
      const begun = Date.now();
      const press = () => intend(env, desk, intent, stack.replicas, dice, () => end);
      if (point.write.act) await press();
      if (point.write.expire) await control(env, "/quickbooks/expire", { realm_id: desk.who.realm });
      // The lists are read anew for each: what they hold was kept for long.
      await control(env, "/faults", { provider: point.provider, method: point.method, path: point.path, effect: { [point.moment]: 8000 } });
      const under = point.write.act ? carry(env, intent, point.write.act, stack.replicas, dice, () => end) : press();
      for (const until = Date.now() + 6000; Date.now() < until && (await waits()) > 0;) await pause(20);
      if ((await waits()) === 0) {
        met++;
        await pause(60);
        await Promise.all(stack.replicas.filter((each) => each.isUp()).slice(0, Math.max(1, replicas - 1)).map(async (each) => {
          if (point.signal === "SIGSTOP") {
            each.signal("SIGSTOP");
            await pause(ASLEEP);
            each.signal("SIGCONT");
          } else {
            await each.end(point.signal, 3000);
            await each.start();
          }
        }));
      } else {
        await control(env, "/faults", undefined, "DELETE");
        tell(`not met: ${named(point)}`);
      }
      await under;
      tell(`${at} of ${all.length}: ${named(point)}: ${intent.state} after ${Date.now() - begun} ms`);
    }
    let wrong = [];
    for (const until = Date.now() + 60_000; Date.now() < until; await pause(1000)) {
      wrong = await audit({ env, intents, desks, before, replicas: stack.replicas, dice, dir });
      if (wrong.length === 0) break;
    }
    return { wrong, met, struck: all.length };
  } finally {
    await stack.stop();
    if (!process.env.KEEP) rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const database = process.env.DATABASE === "postgres" ? await createDatabase() : undefined;
  const all = Array.from({ length: Number(process.env.TIMES ?? 1) }, () => points()).flat();
  const { wrong, met, struck } = await strike({ all, database, replicas: Number(process.env.REPLICAS ?? (database ? 2 : 1)), tell: console.log });
  console.log(wrong.join("\n"));
  console.log(`${met} of ${struck} points met, ${wrong.length} violations`);
  process.exit(wrong.length ? 1 : 0);
}
