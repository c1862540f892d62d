// A monkey test with an oracle: several users of one company act at random, in the browser and in QuickBooks; after each *Create* and
// at the end, the pages are compared with QuickBooks. All choices follow from the seed. A wish is one task of a user: an invoice.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { start } from "../../scripts/stack.mjs";
import { pictures } from "../browser.mjs";
import { control, fieldsOf } from "../http.mjs";
import { chance } from "../storm/chance.mjs";
import { httpWish } from "./http.mjs";
import { amountOf, same } from "./numbers.mjs";
import { fieldDifferences, panelDifferences } from "./oracle.mjs";
import { openDesk, readSums } from "./page.mjs";
import { typeNumber } from "./values.mjs";
import { browserWish, weigh } from "./wish.mjs";
import { makeDeal, seededCompanies, settle } from "./world.mjs";

/** @import { Desk } from "./page.mjs" */

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Deals that are billed at the same time in a company. */
const SLOTS = 6;
/** Wishes of one deal, at most. */
const WISHES_OF_A_DEAL = 7;
/** Wishes in one company before the users go on to the next. */
const ROUND = 20;
const QUIET_MS = 12_000;
const WISH_MS = 60_000;

/** Runs the wishes, in `rounds` companies or in all; returns the counts and each violation. `tell` gets each violation when it is found.
 * @param {{ seed: number, wishes: number, people?: number, only?: string[], by?: string, rounds?: number, tell?: (violation: any) => unknown }} options */
export async function monkey({ seed, wishes: count, people = 2, only, by, rounds, tell = () => undefined }) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-monkey-"));
  const stack = await start({ dir, settings: { FATURA_QUICKBOOKS_POLL_SECONDS: "1", FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000" } });
  const { env } = stack;
  await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  const begun = Date.now();
  const run = { seed, violations: [], wishes: [], keys: new Map(), pressedAgain: 0, short: rounds !== undefined };
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  try {
    const dice = chance(seed);
    const companies = shuffled(
      dice,
      seededCompanies().filter(({ preset }) => !only || only.includes(preset)),
    ).slice(0, rounds);
    const plans = Array.from({ length: count }, (_, at) => plan(chance((seed + 7919 * (at + 1)) >>> 0), at, by));
    const size = Math.max(people, Math.min(ROUND, Math.ceil(count / companies.length)));
    const worlds = new Map();
    const ready = (round) => {
      const company = companies[round % companies.length];
      if (!worlds.has(company)) worlds.set(company, settle(env, company, { isNumbered: (seed + company.at) % 4 === 0 }));
      return worlds.get(company);
    };
    for (let at = 0, round = 0; at < count; at += size, round++) {
      const world = await ready(round);
      // The next company installs while this one is in use.
      if (at + size < count) ready(round + 1).catch(() => undefined);
      await play(run, browser, world, plans.slice(at, at + size), people, tell, round);
    }
    await scanLogs(run, dir, tell);
  } finally {
    await browser.close().catch(() => undefined);
    await stack.stop();
    if (process.env.KEEP) console.log(`kept in ${dir}`);
    else rmSync(dir, { recursive: true, force: true });
  }
  const seconds = (Date.now() - begun) / 1000;
  const tally = (key) => run.wishes.reduce((sum, wish) => ({ ...sum, [key(wish)]: (sum[key(wish)] ?? 0) + 1 }), {});
  const inBrowser = run.wishes.filter(({ by: way }) => way === "browser");
  return {
    violations: run.violations,
    failed:
      new Set(run.violations.filter(({ wish }) => wish !== undefined).map(({ wish }) => wish)).size +
      run.violations.filter(({ wish }) => wish === undefined).length,
    passed: run.wishes.length - new Set(run.violations.map(({ wish }) => wish).filter((wish) => wish !== undefined)).size,
    seconds,
    people,
    pressedAgain: run.pressedAgain,
    invoices: run.wishes.reduce((sum, { made = 0 }) => sum + made, 0),
    counted: {
      by: tally(({ by: way }) => way),
      answers: tally(({ answer }) => answer?.state ?? "none"),
      presets: tally(({ world }) => world.preset),
      ways: tally(({ way }) => way),
      refusals: run.wishes.flatMap(({ refusals = [] }) => refusals).reduce((sum, field) => ({ ...sum, [field]: (sum[field] ?? 0) + 1 }), {}),
    },
    pace: inBrowser.reduce((sum, { took }) => sum + took, 0) / 1000 / Math.max(1, inBrowser.length),
  };
}

function shuffled(dice, list) {
  const left = [...list];
  return Array.from(list, () => left.splice(dice.below(left.length), 1)[0]);
}

/** The choices that are made before a wish begins. */
function plan(dice, at, only) {
  const plain = dice.percent(55);
  const by = only ?? (dice.percent(30) ? "http" : "browser");
  return {
    at,
    dice,
    plain,
    by,
    odd: !plain && dice.percent(60),
    slot: dice.below(SLOTS),
    way: weigh(dice, { asIs: 36, percent: 16, amount: 14, all: 7, rest: 7, edited: 20 }),
    double: dice.percent(plain ? 5 : 12),
    two: dice.percent(plain ? 5 : 10),
    narrow: dice.percent(8),
  };
}

/** Users of one company carry out some wishes; then everything is compared when no work is left. */
async function play(run, browser, world, plans, people, tell, round) {
  const { env } = world;
  world.zone ??= (await world.ask("select * from CompanyInfo")).CompanyInfo?.[0]?.DefaultTimeZone;
  const slots = Array.from({ length: SLOTS }, () => ({ generation: 50 * round, deal: undefined }));
  // Wishes of one deal are carried out in the order of their numbers, so that a seed repeats them.
  const last = new Map();
  for (const wish of plans) {
    wish.turn = last.get(wish.slot);
    last.set(wish.slot, new Promise((go) => (wish.release = go)));
  }
  const deals = [];
  const who = Array.from({ length: people }, (_, at) => world.people[(at + (run.seed % 3)) % world.people.length]);
  const away = !run.short && round % 3 === 0 ? traveller(run, world, who, tell) : undefined;
  /** @type {Desk[]} */
  const desks = plans.some(({ by }) => by === "browser")
    ? await Promise.all(who.map((person) => openDesk(browser, env, person)))
    : who.map((person) => ({ who: person }));
  try {
    await Promise.all(
      desks.map(async (desk, place) => {
        for (const wish of plans.filter((_, at) => at % people === place)) await grant(run, wish, { desk, world, slots, deals, tell });
      }),
    );
    await away;
    const desk = desks[0];
    const end = { at: undefined, world, gestures: ["at the end, once quiet"], desk };
    const violate = reporter(run, end, tell);
    await Promise.all(
      deals.map(async (deal) => {
        for (const wrong of await panelDifferences(world, desk.who, deal, QUIET_MS))
          await violate(6, wrong, { key: `end ${wrong.replace(/\d[\d.,]*/g, "n").slice(0, 40)}` });
        for (const wrong of await fieldDifferences(world, deal, QUIET_MS)) await violate(6, wrong, { key: `end field ${wrong.slice(0, 18)}` });
      }),
    );
    deals.forEach(({ numbers }) => [...numbers.keys()].forEach((id) => world.before.add(id)));
    for (const invoice of await world.ledger())
      if (!world.before.has(invoice.Id))
        await violate(2, `invoice ${invoice.DocNumber} over ${invoice.TotalAmt} stands in the books and on no deal's panel`, { key: "stray invoice" });
  } finally {
    run.pressedAgain += desks.reduce((sum, { pressedAgain = 0 }) => sum + pressedAgain, 0);
    await Promise.all(desks.map(({ context }) => context?.close().catch(() => undefined)));
  }
}

async function grant(run, wish, { desk, world, slots, deals, tell }) {
  const slot = slots[wish.slot];
  await wish.turn;
  const gestures = [];
  Object.assign(wish, { desk, world, who: desk.who, gestures, say: (text) => void gestures.push(text) });
  wish.violate = reporter(run, wish, tell);
  const since = Date.now();
  try {
    if (!slot.deal || slot.deal.retired || slot.deal.wishes >= WISHES_OF_A_DEAL) {
      slot.deal = await makeDeal(world, chance((run.seed + 31 * wish.slot + 101 * slot.generation++ + 1009 * world.at) >>> 0), { plain: wish.plain });
      deals.push(slot.deal);
    }
    wish.deal = slot.deal;
    wish.deal.wishes += 1;
    const work = wish.by === "http" ? httpWish(wish) : browserWish(wish);
    await Promise.race([work, new Promise((_, no) => setTimeout(() => no(new Error(`not done within ${WISH_MS} ms`)), WISH_MS).unref())]);
  } catch (/** @type {any} */ error) {
    wish.answer ??= { state: "broken" };
    if (wish.deal) wish.deal.retired = true;
    await wish.violate(5, `the wish could not go on: ${error.message.split("\n").slice(0, 3).join(" ")}`, {
      key: `broken ${error.message.slice(0, 50)}`,
      stack: error.stack,
    });
  } finally {
    wish.took = Date.now() - since;
    if (process.env.TRACE)
      console.log(
        `wish ${wish.at} ${wish.by} ${wish.took} ms ${wish.answer?.state} ${wish.made ?? 0}/${wish.meant ?? 0}: ${JSON.stringify(wish.marks ?? {})} ${gestures.join(" · ").slice(0, 600)}`,
      );
    run.wishes.push(wish);
    wish.release();
  }
}

/** Fatura reads a user's profile again after this time. */
const PROFILE_MS = 21_000;

/** A user fills in a form, changes their language, and opens it again: the amounts are the typed ones. */
async function traveller(run, world, present, tell) {
  const who = world.people.find((person) => !present.includes(person));
  const locales = { "en-US": "pt_BR", "pt-BR": "en_US", es: "en_US" };
  if (!who) return;
  const gestures = [];
  const violate = reporter(run, { at: undefined, world, who, gestures }, tell);
  try {
    const dice = chance((run.seed + 13 * world.at) >>> 0);
    const deal = await makeDeal(world, dice, { plain: true });
    const call = (path, fields) => world.call(who, "form", path, fields);
    const typed = fieldsOf((await call(`/deals/${deal.id}/form`)).text);
    Object.assign(typed, {
      "lines[0][quantity]": typeNumber(dice, who.language, 1.125, 3),
      "lines[0][unit_price]": typeNumber(dice, who.language, dice.of([0.375, 1234.5, 12.345]), 3),
    });
    const before = amountOf(readSums((await call(`/deals/${deal.id}/form/preview`, typed)).text).total, who.language);
    gestures.push(
      `opens deal ${deal.id}, types ${typed["lines[0][quantity]"]} × ${typed["lines[0][unit_price]"]}, changes their language to ${locales[who.language]} and opens it again`,
    );
    await control(world.env, "/pipedrive/users", {
      user_id: who.user,
      locale: locales[who.language],
      language: { language_code: locales[who.language].slice(0, 2), country_code: locales[who.language].slice(3) },
    });
    await new Promise((go) => setTimeout(go, PROFILE_MS));
    world.call.forget(who);
    const again = await call(`/deals/${deal.id}/form`);
    const shown = readSums((await call(`/deals/${deal.id}/form/preview`, fieldsOf(again.text))).text).total;
    const after = amountOf(shown, locales[who.language].replace("_", "-"));
    if (!same(before, after))
      await violate(4, `a draft over ${before} is over ${shown} once the person's language has changed`, { key: "draft in another language" });
  } catch (/** @type {any} */ error) {
    await violate(5, `the draft of somebody who changes their language: ${error.message}`, { key: "traveller" });
  }
}

/** Stores and reports a violation; the first ones of a kind have a picture of the page. */
function reporter(run, wish, tell) {
  return async (/** @type {number} */ rule, /** @type {string} */ text, /** @type {{ key?: string, stack?: string }} */ { key = text, stack } = {}) => {
    const times = (run.keys.get(key) ?? 0) + 1;
    run.keys.set(key, times);
    let picture;
    const page = wish.tab?.page ?? wish.desk?.tab?.page;
    if (times <= 3 && page && wish.by !== "http") {
      picture = join(pictures, `monkey-${run.seed}-${wish.at ?? "end"}-${run.violations.length}.png`);
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: picture, timeout: 3000 }).catch(() => (picture = undefined));
    }
    const violation = {
      rule,
      text,
      key,
      wish: wish.at,
      preset: wish.world?.preset,
      who: wish.who?.name ?? "",
      language: wish.who?.language,
      gestures: [...wish.gestures],
      picture,
      times,
    };
    run.violations.push(violation);
    tell(violation);
    if (stack && process.env.DEBUG) console.log(stack);
  };
}

/** Panics and errors in the service's log. */
async function scanLogs(run, dir, tell) {
  const violate = reporter(run, { at: undefined, gestures: ["the service's log"] }, tell);
  for (const file of readdirSync(dir).filter((name) => /^fatura.*\.log$/.test(name))) {
    const wrong = readFileSync(join(dir, file), "utf8")
      .split("\n")
      .filter((line) => /panicked|\bERROR\b/.test(line));
    for (const line of wrong.slice(0, 10)) await violate(5, `${file}: ${line.slice(0, 300)}`, { key: `log ${line.replace(/\S*\d\S*/g, "").slice(0, 60)}` });
  }
}

/** A violation as it is printed. */
export const sentence = (seed, { rule, text, wish, preset, who, language, gestures, picture, times }) =>
  times > 3
    ? `rule ${rule}, seed ${seed}, wish ${wish ?? "–"}: ${text} (time ${times})`
    : [
        `VIOLATION of rule ${rule}, seed ${seed}, wish ${wish ?? "–"}, ${preset ?? ""} ${who} ${language ?? ""}: ${text}`,
        `  gestures: ${gestures.slice(-16).join(" · ")}`,
        picture ? `  picture: ${picture}` : undefined,
      ]
        .filter(Boolean)
        .join("\n");
