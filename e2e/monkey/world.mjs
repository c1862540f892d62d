// The monkey's environment: both sandboxes, Fatura, and one Pipedrive company for each QuickBooks company of the seeds; actions
// outside of the browser, and reads of QuickBooks.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { control, installed, session } from "../http.mjs";
import { quickbooks } from "../story.mjs";
import { decimals } from "./numbers.mjs";

const SEEDS = join(import.meta.dirname, "../../crates/sandbox/seeds");
const seed = (name) => JSON.parse(readFileSync(join(SEEDS, name), "utf8"));
const PAGE = 1000;
const BEARER_LIFE_MS = 600_000;
const USERS = [
  { language: "en-US", locale: "en_US", code: { language_code: "en", country_code: "US" }, name: "Erin Vale" },
  { language: "pt-BR", locale: "pt_BR", code: { language_code: "pt", country_code: "BR" }, name: "Paula Reis" },
  { language: "es", locale: "es_ES", code: { language_code: "es", country_code: "ES" }, name: "Sergio Luna" },
];

/** Every QuickBooks company of the seeds, with a user who may connect it. */
export function seededCompanies() {
  const { users, companies } = seed("quickbooks/companies.json");
  return companies.map((books, at) => {
    const owner = users.find((user) => user.realms.includes(books.realm_id)) ?? users[0];
    return { at, preset: books.preset, realm: books.realm_id, sub: owner.sub, books };
  });
}

async function door(env, path, body, method) {
  const answer = await control(env, path, body, method);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : {};
}

/** A Pipedrive company whose organizations and products are partly those of QuickBooks. */
function pipedriveCompany({ at, preset, books }, currency) {
  const id = 7_900_000 + at;
  const named = (books.Customer ?? []).filter((customer) => (customer.CurrencyRef?.value ?? currency) === currency);
  const organization = (name, index) => ({ id: 800 + index, name, address: null, custom_fields: {} });
  const organizations = [...named.slice(0, 2).map(({ DisplayName }) => DisplayName), "Silva & Filhos", "Nordwind GmbH"].map(organization);
  const items = (books.Item ?? []).filter((item) => !["Group", "Category"].includes(item.Type)).slice(0, 2);
  const product = (name, index, price, code = "") => ({
    id: 900 + index,
    name,
    code,
    description: index % 2 ? `${name}, as agreed` : "",
    price,
    currency,
    tax: 0,
  });
  const products = [
    ...items.map((item, index) => product(item.Name, index, item.UnitPrice, item.Sku ?? "")),
    product("Site visit", 2, 135.5),
    product('Spare part 7/8"', 3, 19.99, "SP-78"),
  ];
  return {
    id,
    name: `Monkey ${preset}`,
    domain: `monkey-${preset}-${at}`,
    country: books.CompanyInfo?.Country ?? "US",
    currency,
    fields: [],
    users: USERS.map(({ name, locale, code }, index) => ({
      id: 60_000_000 + 10 * at + index,
      name: `${name} (${preset} ${at})`,
      email: `${name.split(" ")[0].toLowerCase()}${at}@monkey.example`,
      is_admin: index === 0,
      locale,
      language: code,
      timezone_name: "America/Los_Angeles",
    })),
    organizations,
    persons: organizations.map((each, index) => ({
      id: 850 + index,
      name: `Contact ${index}`,
      org_id: each.id,
      emails: [{ value: `contact${index}@customer.example`, primary: true, label: "work" }],
      phones: [],
      custom_fields: {},
    })),
    products,
    deals: [],
    stages: ["Lead in", "Proposal", "Won"],
  };
}

/** Installs Fatura for all users of a company, and connects QuickBooks. With `isNumbered`, users enter the invoice numbers. */
export async function settle(env, company, { isNumbered = false } = {}) {
  const read = await quickbooks(env, company.realm);
  if (isNumbered) await door(env, "/quickbooks/preferences", { realm_id: company.realm, preferences: { SalesFormsPrefs: { CustomTxnNumbers: true } } });
  const preferences = (await read("select * from Preferences")).Preferences[0];
  const home = preferences.CurrencyPrefs?.HomeCurrency?.value ?? "USD";
  const own = pipedriveCompany(company, home);
  await door(env, "/pipedrive/seed", { companies: [own] });
  const people = own.users.map(({ id, name }, index) => ({
    company: own.id,
    user: id,
    name,
    language: USERS[index].language,
    sub: company.sub,
    realm: company.realm,
  }));
  await installed(env, people[0]);
  for (const person of people.slice(1)) await installed(env, person);
  const { CompanyCurrency = [] } = await read("select * from CompanyCurrency").catch(() => /** @type {Record<string, any>} */ ({}));
  const settled = {
    ...company,
    id: own.id,
    home,
    currencies: [home, ...CompanyCurrency.map(({ Code }) => Code)],
    own,
    people,
    customers: (company.books.Customer ?? []).map((customer) => ({ name: customer.DisplayName, currency: customer.CurrencyRef?.value ?? home })),
  };
  const world = { ...settled, env, ...bookReader(env, company.realm, read), ...pipedriveOf(env, own.id, people[0].user), call: sessions(env) };
  world.items = ((await read("select * from Item maxresults 200")).Item ?? [])
    .filter((item) => item.Active !== false && !["Group", "Category"].includes(item.Type))
    .map(({ Name }) => Name);
  world.terms = (await read("select * from Term maxresults 100").catch(() => /** @type {Record<string, any>} */ ({}))).Term ?? [];
  world.fields = await writeBack(world);
  world.before = new Set((await world.ledger()).map(({ Id }) => Id));
  return world;
}

/** Fields of the deal that follow its invoices. */
async function writeBack(world) {
  const make = async (name, type) => (await world.pipedrive("/dealFields", "POST", { field_name: name, field_type: type })).field_code;
  const codes = { invoiced: await make("Invoiced", "double"), balance: await make("Open balance", "double"), status: await make("Invoice status", "varchar") };
  const chosen = { "mapping[to]": "organization.name", "mapping[address]": "organization.address", "mapping[email]": "person.email", term: "days", days: "7" };
  for (const [name, code] of Object.entries(codes)) chosen[`write_back[${name}]`] = code;
  const saved = await world.call(world.people[0], "settings", "/settings/save", chosen);
  if (saved.status !== 200) throw new Error(`the settings of ${world.preset} were not saved: ${saved.status}`);
  return codes;
}

function bookReader(env, realm, first) {
  let read = first;
  let since = Date.now();
  const ask = async (statement) => {
    if (Date.now() - since > 1_800_000) [read, since] = [await quickbooks(env, realm), Date.now()];
    return read(statement);
  };
  const accountant = (path, body) => door(env, `/quickbooks/${path}`, { realm_id: realm, ...body });
  return {
    ask,
    accountant,
    invoice: async (id) => (await ask(`select * from Invoice where Id = '${id}'`)).Invoice?.[0],
    async ledger() {
      const all = [];
      for (let start = 1; ; start += PAGE) {
        const { Invoice: page = [] } = await ask(`select * from Invoice startposition ${start} maxresults ${PAGE}`);
        all.push(...page);
        if (page.length < PAGE) return all;
      }
    },
  };
}

function pipedriveOf(env, company, user) {
  let token;
  const pipedrive = async (path, method = "GET", body) => {
    token ??= (await door(env, "/pipedrive/grants", { company_id: company, user_id: user })).access_token;
    const answer = await fetch(`${env.PIPEDRIVE_API_URL}/api/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (answer.status === 401) {
      token = undefined;
      return pipedrive(path, method, body);
    }
    if (!answer.ok) throw new Error(`Pipedrive answered ${answer.status} to ${method} ${path}: ${text}`);
    return text ? JSON.parse(text).data : undefined;
  };
  return { pipedrive };
}

/** Requests as a user of a company, by surface, with cached bearers. */
function sessions(env) {
  const kept = new Map();
  const call = async (who, surface, path, fields) => {
    const key = `${who.user} ${surface}`;
    let known = kept.get(key);
    if (!known || known.until < Date.now()) {
      const opened = await session(env, surface, who.company, who.user);
      if (!opened.call) throw new Error(`no session for ${who.name}: ${opened.status}`);
      kept.set(key, (known = { call: opened.call, until: Date.now() + BEARER_LIFE_MS }));
    }
    return known.call(path, fields);
  };
  /** Forgets a user's bearers, as if they had reopened the pages. */
  call.forget = (who) => [...kept.keys()].filter((key) => key.startsWith(`${who.user} `)).forEach((key) => kept.delete(key));
  return call;
}

/** A new random deal; its value follows from Pipedrive alone. */
export async function makeDeal(world, dice, { plain }) {
  const currency = !plain && dice.percent(20) ? dice.of(world.currencies) : world.home;
  const org = dice.of(world.own.organizations);
  const person = world.own.persons.find((each) => each.org_id === org.id);
  const hasProducts = dice.percent(60);
  const factor = 10 ** decimals(currency);
  const price = (most) => (1 + dice.below(most * factor)) / factor;
  const { id } = await world.pipedrive("/deals", "POST", {
    title: `${dice.of(["Website redesign", "Ação de inverno", "Fase 2 – planta", "Año nuevo", "Fit-out 4th floor"])} ${dice.below(1000)}`,
    org_id: org.id,
    person_id: person.id,
    currency,
    ...(hasProducts ? {} : { value: price(20_000) }),
  });
  let isInclusive = false;
  if (hasProducts) {
    for (let left = 1 + dice.below(3); left > 0; left--) {
      const isOff = dice.percent(25);
      const method = !plain && dice.percent(6) ? "inclusive" : "exclusive";
      isInclusive ||= method === "inclusive";
      await world.pipedrive(`/deals/${id}/products`, "POST", {
        product_id: dice.of(world.own.products).id,
        item_price: price(1500),
        quantity: dice.percent(75) ? 1 + dice.below(12) : (1 + dice.below(400)) / 8,
        discount: isOff ? 5 * (1 + dice.below(5)) : 0,
        discount_type: "percentage",
        tax: 0,
        tax_method: method,
      });
    }
    if (dice.percent(plain ? 10 : 25))
      await world.pipedrive(
        `/deals/${id}/discounts`,
        "POST",
        dice.percent(60) ? { description: "Campaign", amount: 10, type: "percentage" } : { description: "Goodwill", amount: 1, type: "amount" },
      );
  }
  return { id, company: world.id, numbers: new Map(), wishes: 0, retired: false, isInclusive };
}

/** A deal's value before tax by Pipedrive's data, without Fatura's code. */
export async function worth(world, id) {
  const [deal, products, discounts] = await Promise.all([
    world.pipedrive(`/deals/${id}`),
    world.pipedrive(`/deals/${id}/products`),
    world.pipedrive(`/deals/${id}/discounts`),
  ]);
  const net = (row) => {
    const full = row.quantity * row.item_price;
    const off = row.discount_type === "amount" ? full - row.discount : (full * (100 - row.discount)) / 100;
    return row.tax_method === "inclusive" ? (off * 100) / (100 + row.tax) : off;
  };
  const subtotal = products.reduce((sum, row) => sum + net(row), 0);
  const off = (discounts ?? []).reduce((sum, { type, amount }) => sum + (type === "percentage" ? (subtotal * amount) / 100 : amount), 0);
  return {
    value: products.length ? subtotal - off : deal.value,
    currency: deal.currency,
    lines: products.length || 1,
    hasProducts: products.length > 0,
    title: deal.title,
  };
}
