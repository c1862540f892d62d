// The audit after a storm: compares QuickBooks with the answers that users got and with their panels.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { plain } from "../browser.mjs";
import { control } from "../http.mjs";
import { quickbooks } from "../story.mjs";
import { person, rows } from "./people.mjs";

/** @import { Intent } from "./people.mjs" */
/** @import { Env } from "../../scripts/stack.mjs" */

const PAGE = 1000;

/** All invoices of a company in QuickBooks. */
export async function ledger(env, realm) {
  const read = await quickbooks(env, realm);
  const all = [];
  for (let start = 1; ; start += PAGE) {
    const { Invoice: page = [] } = await read(`select * from Invoice startposition ${start} maxresults ${PAGE}`);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** The price of its first line: each intent has one of its own. */
export const price = (/** @type {any} */ invoice) => invoice.Line.find((line) => line.DetailType === "SalesItemLineDetail")?.SalesItemLineDetail.UnitPrice;

/** Whether the books have the invoice of an intent, which its price tells apart.
 * @param {Env} env
 * @param {Intent} intent
 * @returns {Promise<boolean>} */
export const isInBooks = async (env, intent) => (await ledger(env, intent.desk.who.realm)).some((invoice) => price(invoice) === Number(intent.price));

/** The badge that a panel should show for an invoice. */
function badge(invoice, today) {
  if (/Voided/.test(invoice.PrivateNote ?? "")) return "voided";
  if (invoice.Balance === 0) return invoice.TotalAmt > 0 ? "paid" : "voided";
  if (invoice.DueDate < today) return "overdue";
  return invoice.Balance < invoice.TotalAmt ? "partially-paid" : "open";
}

/** Compares; each sentence is a violation. */
export async function audit({ env, intents, desks, before, replicas, dice, dir }) {
  const wrong = [];
  const books = new Map();
  for (const realm of new Set(desks.map(({ who }) => who.realm))) books.set(realm, await ledger(env, realm));
  const known = new Set(intents.map(({ desk, price }) => `${desk.who.realm} ${Number(price)}`));
  for (const [realm, invoices] of books) {
    for (const invoice of invoices) {
      if (!before.has(`${realm} ${invoice.Id}`) && !known.has(`${realm} ${price(invoice)}`))
        wrong.push(`invoice ${invoice.DocNumber} of ${realm} comes from no intent`);
    }
  }
  for (const intent of intents) {
    const {
      desk: { who, deal },
    } = intent;
    const made = books.get(who.realm).filter((invoice) => price(invoice) === Number(intent.price));
    const about = `intent ${intent.at} (${intent.kind}, ${who.name}, deal ${deal}, told ${intent.seen.join(" ")})`;
    const expected = intent.state === "issued" && !intent.removed ? 1 : 0;
    if (made.length !== expected) wrong.push(`${about}: ${made.length} in QuickBooks, ${expected} expected; ${intent.words ?? ""}`);
    if (intent.state !== "issued" && intent.state !== "refused") wrong.push(`${about}: never settled; ${intent.words ?? ""}`);
    if (intent.state === "issued" && made.length === 1 && made[0].DocNumber !== intent.number)
      wrong.push(`${about}: told ${intent.number}, and it is ${made[0].DocNumber}`);
    const [invoice] = made;
    if (invoice && intent.wants.customer_name && invoice.CustomerRef.name !== intent.wants.customer_name)
      wrong.push(`${about}: for ${invoice.CustomerRef.name}, and it was to be ${intent.wants.customer_name}`);
    const item = invoice?.Line.find((line) => line.DetailType === "SalesItemLineDetail")?.SalesItemLineDetail.ItemRef.name;
    if (invoice && intent.wants["lines[0][item_name]"] && item !== intent.wants["lines[0][item_name]"])
      wrong.push(`${about}: sells ${item}, and it was to be ${intent.wants["lines[0][item_name]"]}`);
    if (new Set(intent.seen.filter((seen) => /^\d/.test(seen))).size > 1) wrong.push(`${about}: told two numbers`);
  }
  wrong.push(...(await mails(env, intents)), ...(await histories(env, intents, desks)));
  wrong.push(...(await staleRows({ env, intents, desks, books, replicas, dice })));
  wrong.push(...leaks(dir, env));
  return wrong;
}

/** E-mails: one if the user was told so, and never two. */
async function mails(env, intents) {
  const wrong = [];
  for (const realm of new Set(intents.map(({ desk }) => desk.who.realm))) {
    const sent = JSON.stringify(await (await control(env, "/quickbooks/outbox", { realm_id: realm })).json());
    for (const intent of intents.filter((one) => one.desk.who.realm === realm && one.recipient && one.deed.startsWith("send"))) {
      const times = sent.split(`"${intent.recipient}"`).length - 1;
      if (times > 1 || (intent.sent && times === 0)) wrong.push(`invoice ${intent.number} was sent ${times} times to ${intent.recipient}`);
    }
  }
  return wrong;
}

/** Deal history: one entry for the creation of each invoice. */
async function histories(env, intents, desks) {
  const wrong = [];
  for (const { who, deal } of desks) {
    const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
    const notes = [];
    for (let start = 0, more = true; more; start += 500) {
      const answer = await (
        await fetch(`${env.PIPEDRIVE_API_URL}/api/v1/notes?deal_id=${deal}&start=${start}&limit=500`, { headers: { authorization: `Bearer ${token}` } })
      ).json();
      notes.push(...(answer.data ?? []).map((note) => plain(note.content.replace(/<[^>]+>/g, ""))));
      more = answer.additional_data?.pagination?.more_items_in_collection ?? false;
    }
    for (const { number } of intents.filter((one) => one.desk.who === who && one.desk.deal === deal && one.state === "issued")) {
      const times = notes.filter((note) => new RegExp(`(Invoice|Fatura) ${number} (created|criada)`).test(note)).length;
      if (times !== 1) wrong.push(`the history of deal ${deal} of ${who.name} tells ${times} times that invoice ${number} was created`);
    }
  }
  return wrong;
}

/** Rows of panels that differ from QuickBooks. */
async function staleRows({ env, intents, desks, books, replicas, dice }) {
  const wrong = [];
  for (const { who, deal } of desks) {
    const call = person(env, who, replicas, dice);
    const shown = await rows(call, deal);
    const ours = intents.filter((intent) => intent.desk.who === who && intent.desk.deal === deal && intent.state === "issued");
    const today = new Date().toISOString().slice(0, 10);
    for (const intent of ours) {
      const row = shown.filter((each) => each.number === intent.number);
      if (row.length !== 1) {
        wrong.push(`deal ${deal} of ${who.name} shows invoice ${intent.number} ${row.length} times`);
        continue;
      }
      const invoice = books.get(who.realm).find((each) => each.DocNumber === intent.number);
      const right = invoice ? badge(invoice, today) : "deleted";
      if (row[0].status !== right) wrong.push(`deal ${deal} of ${who.name} shows invoice ${intent.number} as ${row[0].status}; QuickBooks says ${right}`);
      const amount = plain(row[0].total).replace(/\D/g, "");
      if (invoice && amount !== invoice.TotalAmt.toFixed(2).replace(".", ""))
        wrong.push(`invoice ${intent.number} shows ${row[0].total}; QuickBooks says ${invoice.TotalAmt}`);
    }
    const strange = shown.filter((row) => !["issued"].includes(row.status) && ["checking", "refused"].includes(row.status));
    const unsettled = strange.filter((row) => row.status === "checking");
    if (unsettled.length) wrong.push(`deal ${deal} of ${who.name}: ${unsettled.length} rows are still being checked`);
  }
  return wrong;
}

/** Secrets and unexpected errors in the service's logs. */
function leaks(dir, env) {
  const wrong = [];
  const secrets = Object.entries(env)
    .filter(([name]) => /SECRET|VERIFIER/.test(name))
    .map(([, value]) => value);
  for (const file of readdirSync(dir).filter((name) => /^fatura.*\.log$/.test(name))) {
    const text = readFileSync(join(dir, file), "utf8");
    for (const secret of secrets) if (text.includes(secret)) wrong.push(`${file} holds a secret`);
    // Every token and code of the sandbox ends in so many digits; Pipedrive's signed ones are in three parts.
    const token = /[0-9a-f]{64}|eyJ[\w-]+\.[\w-]+\.[\w-]+|Bearer \S+/.exec(text);
    if (token) wrong.push(`${file} holds a token, after: ${text.slice(Math.max(0, token.index - 120), token.index)}`);
    const panics = text.split("\n").filter((line) => /panicked/.test(line));
    if (panics.length) wrong.push(`${file}: ${panics[0]}`);
  }
  return wrong;
}
