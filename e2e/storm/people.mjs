// The users of a storm: open a form, press *Create*, press again without an answer, and note the answers.
import { CASCADE, BR, US } from "../people.mjs";
import { capture, encoded, openForm, roomyDeal, session, unseen } from "../http.mjs";

/** @import { Env, Replica } from "../../scripts/stack.mjs" */
/** @import { Who } from "../people.mjs" */
/** @import { Fields } from "../http.mjs" */
/** @import { Dice } from "./chance.mjs" */

/** @typedef {{ who: Who, deal: number, fields: Record<string, string> }} Desk
 *
 * An invoice that a person wants to make, and how it has ended.
 * @typedef {{
 *   at: number, key: string, desk: Desk, price: string, wants: Record<string, string>, seen: string[], once?: boolean,
 *   kind?: string, state?: string, number?: string, words?: string, asked?: number, done?: number, deed?: string,
 * }} Intent
 *
 * @typedef {{ state: string, number?: string, progress?: string, stuck?: string, words?: string }} Outcome */

const pause = (/** @type {number} */ ms) => new Promise((go) => setTimeout(go, ms));
const PATIENCE = 12_000;
const plain = (/** @type {string} */ text) =>
  text
    .replace(/<[^>]+>/g, " ")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
    .trim();

/** Deals whose invoices a storm makes, with the lines' item and tax in the company's books. */
const DESKS = [
  { who: US, deals: [3, 4, 8, 9, 10, 12], fields: { ...CASCADE, "lines[0][item]": "12", "lines[0][tax_code]": "NON" } },
  {
    who: BR,
    deals: [2, 3, 8, 9],
    fields: { customer: "4", customer_name: "Instituto Jequitibá", customer_currency: "BRL", "lines[0][item]": "10", "lines[0][tax_code]": "2" },
  },
];

/** About the number of invoices of one deal: real deals do not have thousands. */
const INVOICES = 100;

/** A form with one line for each deal; enough deals for `count` invoices.
 * @param {Env} env */
export async function desks(env, count = 0) {
  /** @type {Desk[]} */
  const all = [];
  const each = Math.ceil(count / INVOICES / DESKS.flatMap(({ deals }) => deals).length);
  for (const { who, deals, fields } of DESKS) {
    const roomy = [];
    for (const deal of deals) for (let at = 0; at < Math.max(each, 1); at++) roomy.push(await roomyDeal(env, who, deal));
    for (const deal of roomy) {
      const opened = await openForm(env, who, deal);
      const kept = Object.entries(opened.fields).filter(([name]) => !/^lines\[[1-9]/.test(name));
      all.push({
        who,
        deal,
        fields: {
          ...unseen(Object.fromEntries(kept)),
          update_customer: "",
          tax_mode: "excluded",
          ...fields,
          "lines[0][quantity]": "1",
          "lines[0][discount]": "",
          discount: "",
        },
      });
    }
  }
  return all;
}

/** Requests as one person, to any replica that is up; the bearer is renewed in time, and where it is refused, as a page does.
 * @param {Env} env
 * @param {Who} who
 * @param {Replica[]} replicas
 * @param {Dice} dice */
export function person(env, who, replicas, dice) {
  const bearers = new Map();
  const bearer = async (/** @type {string} */ surface) => {
    const known = bearers.get(surface);
    if (known && known.until > Date.now()) return known.value;
    const opened = await session(env, surface, who.company, who.user);
    if (!opened.bearer) throw new Error(`no session: ${opened.status}`);
    bearers.set(surface, { value: opened.bearer, until: Date.now() + 600_000 });
    return opened.bearer;
  };
  const up = () => replicas.filter((each) => each.isUp());
  /** @param {string} surface
   * @param {string} path
   * @param {Fields} [fields]
   * @param {AbortSignal} [signal] */
  return async function call(surface, path, fields, signal) {
    const answer = await ask(surface, path, fields, signal);
    // The bearer was issued while the clock was behind.
    if (answer.status !== 401) return answer;
    bearers.delete(surface);
    return ask(surface, path, fields, signal);
  };
  /** @param {string} surface
   * @param {string} path
   * @param {Fields} [fields]
   * @param {AbortSignal} [signal] */
  async function ask(surface, path, fields, signal) {
    const to = dice.of(up().length ? up() : replicas);
    const answer = await fetch(`${to.url}${path}`, {
      ...(fields ? { method: "POST", body: encoded(fields) } : {}),
      headers: { authorization: `Bearer ${await bearer(surface)}` },
      signal: signal ?? AbortSignal.timeout(PATIENCE),
    });
    return { status: answer.status, text: await answer.text() };
  }
}

/** The meaning of an answer to *Create*.
 * @param {{ status: number, text: string }} answer
 * @returns {Outcome} */
function told(answer) {
  const number = /data-number="([^"]*)"/.exec(answer.text)?.[1];
  if (number !== undefined) return { state: "issued", number };
  const progress = /hx-get="(\/invoices\/[^"]+\/progress)"/.exec(answer.text)?.[1];
  if (progress) return { state: "checking", progress };
  const stuck = /hx-post="(\/invoices\/[^"]+\/again)"/.exec(answer.text)?.[1];
  if (stuck) return { state: "stuck", stuck };
  if (answer.status === 422) return { state: "refused", words: plain(answer.text) };
  return { state: "unanswered", words: `${answer.status} ${plain(answer.text).slice(0, 160)}` };
}

/**
 * One intent: pressed once, twice, on two replicas at once, or aborted and pressed again; until an answer says how it ended, or
 * `until` has passed.
 * @param {Env} env
 * @param {Desk} desk
 * @param {Intent} intent
 * @param {Replica[]} replicas
 * @param {Dice} dice
 * @param {() => number} until
 * @param {(intent: Intent) => Promise<boolean>} isThere
 */
export async function intend(env, desk, intent, replicas, dice, until, isThere) {
  const call = person(env, desk.who, replicas, dice);
  const path = `/deals/${desk.deal}/invoices`;
  const fields = { ...desk.fields, ...intent.wants, intent: intent.key, "lines[0][unit_price]": intent.price };
  const press = async (/** @type {AbortSignal | undefined} */ signal = undefined) => {
    try {
      return told(await call("form", path, fields, signal));
    } catch (/** @type {any} */ error) {
      return { state: "unanswered", words: String(error.cause?.code ?? error.name) };
    }
  };
  /** @type {Record<string, number>} */
  const kinds = intent.once ? { once: 100 } : { once: 50, twice: 25, "given up": 15, thrice: 10 };
  let draw = dice.below(100);
  intent.kind = Object.keys(kinds).find((kind) => (draw -= kinds[kind]) < 0) ?? "once";
  const presses = { once: 1, twice: 2, thrice: 3 }[intent.kind] ?? 1;
  if (intent.kind === "given up") await press(AbortSignal.timeout(20 + dice.below(400)));
  const all = await Promise.all(Array.from({ length: presses }, () => press()));
  const rank = ["issued", "refused", "stuck", "checking", "unanswered"];
  /** @type {Outcome} */
  let last = all.sort((a, b) => rank.indexOf(a.state) - rank.indexOf(b.state))[0];
  intent.seen = all.map(({ state, number }) => number ?? state);
  while (last.state !== "issued" && last.state !== "refused") {
    if (Date.now() > until()) break;
    await pause(last.state === "checking" ? 300 : 400 + dice.below(800));
    if (last.state === "stuck") {
      // The user looks in QuickBooks, and answers by what is there.
      const { stuck = "" } = last;
      const resend = (await isThere(intent)) ? {} : { resend: "on" };
      last = await call("form", stuck, resend).then(told, () => ({ state: "stuck", stuck }));
      if (last.state === "unanswered") last = { state: "stuck", stuck };
      intent.seen.push(last.number ?? last.state);
      intent.asked = (intent.asked ?? 0) + 1;
      continue;
    }
    if (last.state === "checking") {
      const { progress = "" } = last;
      try {
        const answer = told(await call("form", progress));
        last = answer.state === "unanswered" ? { state: "checking", progress, words: answer.words } : answer;
      } catch {
        // No answer: asked again.
      }
    } else {
      last = await press();
    }
    intent.seen.push(last.number ?? last.state);
  }
  Object.assign(intent, { state: last.state, number: last.number, words: last.words });
}

/** The rows of a deal's panel, as a person sees them: all, or the newest.
 * @param {(surface: string, path: string) => Promise<{ status: number, text: string }>} call
 * @param {number} deal */
export async function rows(call, deal, most = 1_000_000) {
  const answer = await call("panel", `/panel/deal/${deal}?rows=${most}`);
  if (answer.status !== 200) throw new Error(`the panel of deal ${deal} answered ${answer.status}`);
  return answer.text
    .split('<li class="invoice"')
    .slice(1)
    .map((part) => ({
      id: capture(/id="invoice-([0-9a-f-]+)"/, part),
      status: capture(/data-status="([a-z-]+)"/, part),
      number: /class="number">([^<]*)</.exec(part)?.[1],
      total: /class="total">([^<]*)</.exec(part)?.[1],
      seen: /"seen": "([^"]+)"/.exec(part.replaceAll("&#34;", '"'))?.[1],
    }));
}
