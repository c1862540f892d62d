// The faults of a storm: failing providers, lost and repeated webhooks, expired tokens, signals to replicas.
import { control } from "../http.mjs";

const pause = (ms) => new Promise((go) => setTimeout(go, ms));

/** Faults that wait for a call at a time: with more, only the oldest would strike. */
const MAX_WAITING = 40;

/**
 * Faults strike, of those in `only` or of all, so that for each intent that `started()` counts `perIntent` are met: a call was hit, or a
 * replica, the database, tokens or the clock were. Faults of calls that nobody makes do not count.
 */
export function weather(env, { replicas, realms, users, dice, database, clock, perIntent, started, only, quirks = {}, hasOddAnswers = false }) {
  const post = (path, body) => control(env, path, body).catch(() => undefined);
  const fault = (effect, more = {}) => post("/faults", { provider: "quickbooks", times: 1 + dice.below(3), effect, ...more });
  const strikeAtOnce = async (path, body) => (await post(path, body)) !== undefined;
  /** Half of the faults strike any next call: faults of rare calls would fill the queue. */
  const on = (list) => (dice.percent(50) ? { path: dice.of(list) } : {});
  const WRITES = ["/invoice", "/invoice", "/customer", "/item"];
  const CALLS = [...WRITES, "/query", "/cdc", "/send"];
  const down = new Set();
  /** With several replicas, at least one is not struck. */
  const strike = async (act) => {
    const can = replicas.filter((each) => each.isUp() && !down.has(each));
    if (can.length === 0 || (replicas.length > 1 && can.length < 2)) return false;
    const struck = dice.of(can);
    down.add(struck);
    try {
      await act(struck);
      return true;
    } finally {
      down.delete(struck);
    }
  };
  /** The quirks of each company, for behaviour that no recording settles; one call sets all quirks of a company. */
  const ways = new Map(
    realms.map((realm) => [
      realm,
      hasOddAnswers ? { moments: dice.of(["any", "whole_seconds"]), old_refresh_token: dice.of(["lives", "dies"]), ...quirks } : quirks,
    ]),
  );
  const setQuirks = (realm, more = {}) => post("/quickbooks/quirks", { realm_id: realm, emails_a_day: 1_000_000, ...ways.get(realm), ...more });
  /** QuickBooks refuses lists that contain some of a company's newest invoices, for a while. */
  const stumble = async () => {
    const realm = dice.of(realms);
    const { companies } = await (await fetch(`${env.CONTROL_URL}/quickbooks/companies`)).json();
    const count = companies.find(({ realm_id }) => realm_id === realm)?.rows.Invoice ?? 0;
    const invoices = Array.from({ length: 1 + dice.below(3) }, () => String(130 + dice.below(count + 30)));
    await setQuirks(realm, { invalid_addresses: { invoices, status: dice.of([400, 500]), by_id: dice.percent(50) } });
    await pause(2000 + dice.below(6000));
    await setQuirks(realm);
  };
  let stumbling;
  /** One at a time: the clock is wrong for a while, by up to 26 hours. */
  let moving;
  const wrong = async (clock) => {
    clock.move(dice.of([-93_600, -240, -30, 30, 240, 93_600]));
    await pause(3000 + dice.below(6000));
    clock.move(0);
    await pause(10_000);
    return true;
  };
  const kinds = {
    "answer lost": () => fault("drop_after", { method: "POST", ...on(WRITES) }),
    "call lost": () => fault("drop_before", on(CALLS)),
    "500, 502, 503, 504": () => fault({ status: dice.of([500, 502, 503, 504]) }, on(CALLS)),
    throttled: () => fault("throttle", { times: 1, ...on(CALLS) }),
    "slow before": () => fault({ delay: 200 + dice.below(3000) }, on(CALLS)),
    "slow after": () => fault({ delay_after: 200 + dice.below(3000) }, { method: "POST", ...on(WRITES) }),
    truncated: () => fault("truncate", on(CALLS)),
    malformed: () => fault("malformed", on(CALLS)),
    "tokens expired": () => strikeAtOnce("/quickbooks/expire", { realm_id: dice.of(realms) }),
    "refresh fails": () => fault(dice.of(["drop_before", { status: 503 }]), { path: "/tokens" }),
    "webhooks lost": () => post("/quickbooks/webhooks/mishaps", { effect: "lost", times: 1 + dice.below(10) }),
    "webhooks doubled": () => post("/quickbooks/webhooks/mishaps", { effect: "duplicated", times: 5 }),
    "webhooks late": () => post("/quickbooks/webhooks/mishaps", { effect: { late: 1000 + dice.below(4000) }, times: 5 }),
    "webhooks out of order": () => post("/quickbooks/webhooks/mishaps", { effect: "reordered", times: 5 }),
    "Pipedrive fails": () => post("/faults", { provider: "pipedrive", times: 2, effect: dice.of(["drop_after", "drop_before", { status: 503 }]) }),
    "Pipedrive tokens expired": () => strikeAtOnce("/pipedrive/expire", { user_id: dice.of(users) }),
    killed: () =>
      strike(async (each) => {
        await each.end("SIGKILL");
        await pause(dice.below(1500));
        await each.start();
      }),
    "ended and started": () =>
      strike(async (each) => {
        await each.end("SIGTERM");
        await each.start();
      }),
    "stopped past its lease": () =>
      strike(async (each) => {
        each.signal("SIGSTOP");
        await pause(11_000 + dice.below(4000));
        each.signal("SIGCONT");
        await pause(500);
      }),
    ...(hasOddAnswers
      ? {
          "another shape": () => fault({ mutate: 1 + dice.below(3) }, { times: 1 + dice.below(6), ...on([...CALLS, "/query", "/cdc"]) }),
          "another shape at Pipedrive": () =>
            post("/faults", {
              provider: "pipedrive",
              times: 1 + dice.below(4),
              path: dice.of(["/deals", "/notes", "/users/me", "/organizations", "/persons"]),
              effect: { mutate: 1 + dice.below(2) },
            }),
          "a list refused over one row": () => (stumbling ??= stumble().finally(() => (stumbling = undefined))),
          "a page in front": () => fault({ [dice.of(["page", "page_after"])]: dice.of([403, 404, 502]) }, on(CALLS)),
          "a page in front of Pipedrive": () => post("/faults", { provider: "pipedrive", times: 1 + dice.below(2), effect: { page: 403 } }),
          "refused in XML": () => fault({ xml: "authentication" }, { times: 1, ...on(CALLS) }),
        }
      : {}),
    ...(clock ? { "clock moved": () => (moving ??= wrong(clock).finally(() => (moving = undefined))) } : {}),
    ...(database?.restart ? { "database restarted": async () => (await database.restart(), true) } : {}),
  };
  // A throttle pauses a company's calls for a minute: with more of them no work would be done.
  const rare = new Map([
    ["stopped past its lease", 20],
    ["killed", 96],
    ["ended and started", 36],
    ["database restarted", 24],
    ["throttled", 1],
  ]);
  const names = Object.keys(kinds)
    .filter((name) => only?.includes(name) ?? true)
    .flatMap((name) => Array(rare.get(name) ?? 120).fill(name));
  const counts = {};
  const under = new Set();
  /** Faults that strike without waiting for a call. */
  let strokes = 0;
  const calls = async () => {
    const answer = await fetch(`${env.CONTROL_URL}/faults/count`).catch(() => undefined);
    return answer ? answer.json() : { struck: 0, waiting: MAX_WAITING };
  };
  const strikeOne = () => {
    const name = dice.of(names);
    counts[name] = (counts[name] ?? 0) + 1;
    const struck = kinds[name]()
      .then(
        (is) => (strokes += is === true ? 1 : 0),
        (error) => console.error(`${name}: ${error.message}`),
      )
      .finally(() => under.delete(struck));
    under.add(struck);
  };
  let met = 0;
  return {
    counts,
    setQuirks,
    /** The number of faults that have struck so far. */
    met: () => met,
    /** Strikes while `is` returns true; slow faults run in parallel. */
    async blow(is) {
      while (is()) {
        const { struck, waiting } = await calls();
        met = struck + strokes;
        const missing = perIntent * started() - met - under.size;
        // Faults that wait for calls that do not come are removed.
        if (missing > 0 && waiting >= MAX_WAITING) await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" }).catch(() => undefined);
        for (let more = Math.min(missing, MAX_WAITING); more > 0; more--) strikeOne();
        await pause(50);
      }
      await Promise.all(under);
      met = (await calls()).struck + strokes;
    },
    /** Ends all faults and starts every replica. */
    async heal() {
      await Promise.all(under);
      await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
      // Otherwise webhooks were lost after the last fault.
      await fetch(`${env.CONTROL_URL}/quickbooks/webhooks/mishaps`, { method: "DELETE" });
      await post("/quickbooks/webhooks/enable", {});
      clock?.move(0);
      for (const realm of realms) await setQuirks(realm);
      for (const each of replicas) if (!each.isUp()) await each.start();
    },
  };
}
