// A storm: users bill deals while everything fails that can fail; afterwards QuickBooks is compared with their intents.
// `make storm SEED=1 INTENTS=10000 REPLICAS=3 DATABASE=postgres` prints its seed, and repeats its faults with it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../scripts/stack.mjs";
import { control, installed } from "../http.mjs";
import { BR, US } from "../people.mjs";
import { chance } from "./chance.mjs";
import { audit, isInBooks, ledger } from "./books.mjs";
import { deeds } from "./deeds.mjs";
import { clock as clockIn } from "./time.mjs";
import { desks as openDesks, intend } from "./people.mjs";
import { weather } from "./weather.mjs";

/** @import { Intent } from "./people.mjs" */
/** @import { Variables } from "../../scripts/stack.mjs" */

/** The time until everything is right after the last fault. */
const HEAL_LIMIT_MS = 30_000;
/** The time that is waited beyond that, to say how long it took. */
const GIVE_UP_MS = 150_000;
/** The strength of a storm: faults that strike, for each intent. */
export const FAULTS_PER_INTENT = 5;
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/**
 * `quirks`: the sandbox's quirks; `hasOddAnswers`: answers of other shapes, lists refused over one row, pages in front. Answers what was
 * counted, and each violation as a sentence.
 * @param {{
 *   seed: number,
 *   intents: number,
 *   atOnce?: number,
 *   perIntent?: number,
 *   only?: string[],
 *   replicas?: number,
 *   database?: { url: string, restart?: () => Promise<unknown> },
 *   quirks?: { query_lag_ms?: number, ignores_request_ids?: boolean },
 *   hasOddAnswers?: boolean,
 *   settings?: Variables,
 *   tell?: (text: string) => unknown,
 * }} options
 */
export async function storm({
  seed,
  intents: count,
  atOnce = 12,
  perIntent = FAULTS_PER_INTENT,
  only,
  replicas = 1,
  database,
  quirks,
  hasOddAnswers,
  settings = {},
  tell = () => undefined,
}) {
  const dice = chance(seed);
  const dir = mkdtempSync(join(tmpdir(), "fatura-storm-"));
  const clock = clockIn(dir);
  const stack = await start({
    dir,
    replicas,
    settings: { ...clock?.settings, FATURA_QUICKBOOKS_POLL_SECONDS: "1", FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000", ...settings },
    ...(database ? { database: database.url } : {}),
  });
  const { env } = stack;
  const begun = { at: Date.now(), intents: 0 };
  try {
    await control(env, "/faults/seed", { seed });
    await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
    await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await installed(env, US);
    await installed(env, BR);
    const desks = await openDesks(env, count);
    // Invoices of the seeds are found after the lag.
    await pause(quirks?.query_lag_ms ?? 0);
    const sky = weather(env, {
      replicas: stack.replicas,
      realms: [US.realm, BR.realm],
      users: [US.user, BR.user],
      dice: dice.branch(),
      database,
      clock,
      perIntent,
      started: () => begun.intents,
      only,
      quirks,
      hasOddAnswers,
    });
    for (const { realm } of [US, BR]) await sky.setQuirks(realm);
    const before = new Set();
    for (const { realm } of [US, BR]) for (const { Id } of await ledger(env, realm)) before.add(`${realm} ${Id}`);
    /** @type {Intent[]} */
    const intents = Array.from({ length: count }, (_, at) => ({
      at,
      key: uuid(dice),
      desk: dice.of(desks),
      price: (100 + (at + 1) / 100).toFixed(2),
      wants: {},
      seen: [],
    }));
    for (const intent of intents) {
      if (dice.percent(20)) Object.assign(intent.wants, { customer: "new", customer_name: `Storm customer ${intent.at}` });
      if (dice.percent(10)) Object.assign(intent.wants, { "lines[0][item]": "new", "lines[0][item_name]": `Storm item ${intent.at}` });
    }
    /** Whether QuickBooks has the invoice, after its lag. */
    const isThere = async (/** @type {Intent} */ intent) => {
      for (;;) {
        await pause((quirks?.query_lag_ms ?? 0) + 1000);
        // Faults strike this call, too.
        const found = await isInBooks(env, intent).catch(() => undefined);
        if (found !== undefined) return found;
      }
    };
    let storming = true;
    let end = Infinity;
    const blowing = sky.blow(() => storming);
    const queue = [...intents];
    const done = () => intents.filter((intent) => intent.done).length;
    const workers = Array.from({ length: atOnce }, async () => {
      const own = dice.branch();
      for (let intent; (intent = queue.shift()); ) {
        // Users wait for the faults: a fast machine gets as many of them.
        while (begun.intents > done() && sky.met() < perIntent * (begun.intents - 2 * atOnce)) await pause(20);
        begun.intents++;
        await intend(env, intent.desk, intent, stack.replicas, own, () => end, isThere);
        if (intent.state === "issued") await deeds(env, intent, stack.replicas, own, () => end);
        intent.done = Date.now();
      }
    });
    const watch = setInterval(() => tell(`${Math.round((Date.now() - begun.at) / 1000)} s: ${done()} of ${count}, ${sky.met()} faults met`), 10_000);
    while (queue.length) await pause(100);
    storming = false;
    await blowing;
    await sky.heal();
    const healed = Date.now();
    end = healed + GIVE_UP_MS;
    await Promise.all(workers);
    const settled = Date.now() - healed;
    clearInterval(watch);
    let wrong = [];
    let healedAfter;
    // Violations of the audit before the last one: they say what took longest.
    let earlier = late(intents, healed);
    // With a lag, lookups find new objects later, and are repeated.
    const limit = HEAL_LIMIT_MS + 6 * (quirks?.query_lag_ms ?? 0);
    do {
      await pause(1000);
      if (wrong.length) earlier = [`${healedAfter} ms after the last fault:`, ...wrong, ...late(intents, healed)];
      healedAfter = Date.now() - healed;
      wrong = await audit({ env, intents, desks, before, replicas: stack.replicas, dice, dir });
    } while (wrong.length && Date.now() < end);
    if (!wrong.length && healedAfter > limit) wrong.push(`all was right only ${healedAfter} ms after the last fault, and may take ${limit}`, ...earlier);
    const strength = sky.met() / count;
    if (strength < perIntent * 0.9) wrong.push(`the storm was too weak: ${strength.toFixed(2)} faults were met for each intent, and ${perIntent} are wanted`);
    const tally = (/** @type {"state" | "kind" | "deed"} */ key) =>
      intents.reduce((sum, intent) => ({ ...sum, [`${intent[key]}`]: (sum[`${intent[key]}`] ?? 0) + 1 }), /** @type {Record<string, number>} */ ({}));
    return {
      wrong,
      seconds: (Date.now() - begun.at) / 1000,
      settled,
      healed: healedAfter,
      met: sky.met(),
      strength,
      states: tally("state"),
      kinds: tally("kind"),
      deeds: tally("deed"),
      asked: intents.filter((intent) => intent.asked).length,
      faults: sky.counts,
      dir,
    };
  } finally {
    await stack.stop();
    if (!process.env.KEEP) rmSync(dir, { recursive: true, force: true });
  }
}

/** The intents that ended last, with what their users were told. */
const late = (/** @type {Intent[]} */ intents, /** @type {number} */ healed) =>
  intents
    .filter(({ done = 0 }) => done > healed)
    .sort((a, b) => (b.done ?? 0) - (a.done ?? 0))
    .slice(0, 3)
    .map(({ at, kind, seen, deed, done = 0 }) => `intent ${at} (${kind}, told ${seen.join(" ")}, ${deed}) ended ${done - healed} ms after the last fault`);

/** A UUID of version 4, from the seed. */
function uuid(dice) {
  const hex = Array.from({ length: 32 }, () => dice.below(16).toString(16));
  hex[12] = "4";
  hex[16] = "89ab"[dice.below(4)];
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
