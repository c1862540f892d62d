// Texts of both providers that contain markup: pages and deal history show them literally, and no element is made of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bill, browser, connectUntilConfirmation, control, create, fieldsOf, installed, openForm, pipedriveApi, session, settled } from "./http.mjs";
import { US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { rows } from "./storm/people.mjs";

const EVIL = `"><i data-evil>`;
const RAW = /<i data-evil/;
const ESCAPED = /(&#34;|&quot;)(&#62;|&gt;)(&#60;|&lt;)i data-evil(&#62;|&gt;)/;

const made = {};

/** Gives the company in Pipedrive and its user names that Pipedrive's pages would refuse. */
async function rename() {
  const state = await (await control(env, "/state", undefined, "GET")).json();
  const company = state.world.pipedrive.companies.find(({ id }) => id === US.company);
  company.name = `${EVIL} company`;
  company.users.find(({ id }) => id === US.user).name = `${EVIL} user`;
  await done("/state", state);
}

const { env, done } = scene("markup", async (env) => {
  await rename();
  const api = await pipedriveApi(env, US);
  await api("POST", "v1/dealFields", { name: `${EVIL} field`, field_type: "varchar" });
  made.organization = (await api("POST", "v2/organizations", { name: `${EVIL} organization`, address: { value: `${EVIL} street` } })).id;
  made.person = (await api("POST", "v2/persons", { name: `${EVIL} person`, org_id: made.organization })).id;
  made.deal = (await api("POST", "v2/deals", { title: `${EVIL} deal`, value: 9000, currency: "USD", org_id: made.organization, person_id: made.person })).id;
  const product = await api("POST", "v2/products", { name: `${EVIL} product`, prices: [{ currency: "USD", price: 100 }] });
  await api("POST", `v2/deals/${made.deal}/products`, { product_id: product.id, item_price: 100, quantity: 1 });
  const edit = (entity, id, changes) => control(env, "/quickbooks/edit", { realm_id: US.realm, entity, id, changes });
  for (const answer of await Promise.all([
    edit("Customer", "3", {
      DisplayName: `${EVIL} customer`,
      CompanyName: `${EVIL} company`,
      PrimaryEmailAddr: { Address: "evil@customer.example" },
      BillAddr: { Line1: `${EVIL} line`, City: `${EVIL} city` },
    }),
    edit("Item", "12", { Name: `${EVIL} item`, Description: `${EVIL} description` }),
    control(env, "/quickbooks/rows", { realm_id: US.realm, entity: "CompanyInfo", id: "1", members: { CompanyName: `${EVIL} books` } }),
  ]))
    assert.ok(answer.ok, await answer.text());
  await installed(env, US);
});

const number = (text) => /data-number="([^"]*)"/.exec(text)?.[1];

test("names that contain markup are shown literally, on every page", { timeout: 120_000 }, async () => {
  const wrong = [];
  const shows = (page, { text }, carries = true) => {
    if (RAW.test(text)) wrong.push(`${page} has an element of a provider: ${text.slice(Math.max(0, text.search(RAW) - 200)).slice(0, 300)}`);
    if (carries && !ESCAPED.test(text)) wrong.push(`${page} does not show the name: ${text.slice(0, 2000)}`);
    return text;
  };
  const { deal, organization, person } = made;
  const chosen = {
    customer: "3",
    customer_name: `${EVIL} customer`,
    customer_currency: "USD",
    "lines[0][item]": "12",
    "lines[0][item_name]": `${EVIL} item`,
    "lines[0][unit_price]": "10",
    "lines[0][tax_code]": "NON",
  };

  // The form and its results.
  const opened = await openForm(env, US, deal);
  const { call } = opened;
  const shownForm = shows("the form", opened);
  for (const part of ["deal", "organization", "product", "books"]) assert.match(shownForm, new RegExp(`${ESCAPED.source} ${part}`), part);
  assert.equal(fieldsOf(shownForm).to, `${EVIL} organization`);
  const fields = { ...opened.fields, ...chosen };
  shows("the preview", await call(`/deals/${deal}/form/preview`, { ...fields, version: "1", update_customer: "on" }));
  shows("the form with all of the deal", await call(`/deals/${deal}/form/change?part=all`, fields));
  shows("the customers", await call("/customers/search", { customer_name: "customer", email: "", tax_id: "" }));
  shows("a customer to create", await call("/customers/search", { customer_name: `${EVIL} other`, email: "", tax_id: "" }));
  shows("the items", await call(`/items?${new URLSearchParams({ "lines[0][item_name]": "item" })}`));
  shows("an item to create", await call(`/items?${new URLSearchParams({ "lines[0][item_name]": `${EVIL} other` })}`));
  const posted = await browser().go(`${env.FATURA_URL}/posted/deals/${deal}/invoices`, {
    method: "POST",
    body: new URLSearchParams({ ...fields, due: "2020-01-01" }),
  });
  assert.equal(posted.response.status, 422, posted.text);
  shows("the form without the page's script", posted);

  // A refusal in QuickBooks' own words.
  const refusal = { fault: { errors: [{ code: "6000", Message: `${EVIL} message`, Detail: `${EVIL} detail` }] } };
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: refusal });
  const refused = await settled(call, await call(`/deals/${deal}/invoices`, fields));
  assert.equal(refused.status, 422, refused.text);
  shows("a refused invoice", refused);
  const issued = await create(call, deal, fields);
  assert.ok(number(issued.text), issued.text);
  shows("an issued invoice", issued, false);

  // The panels, and actions on an invoice.
  const panel = (await session(env, "panel", US.company, US.user)).call;
  for (const record of [`deal/${deal}`, `organization/${organization}`, `person/${person}`]) {
    const text = shows(`the panel of ${record}`, await panel(`/panel/${record}`));
    const places = [/<div class="muted">([^<]*)</];
    // The organization is billed, not the person.
    if (!record.startsWith("person")) places.push(/<p class="customer">.*?<a\s[^>]*>([^<]*)</s);
    for (const place of places) assert.match(place.exec(text)?.[1] ?? "", ESCAPED, `${record}: ${place}`);
  }
  shows("the deals to bill", await panel(`/panel/organization/${organization}/deals`));
  const [row] = await rows((_, path) => panel(path), deal);
  shows("the recipient", await panel(`/panel/deal/${deal}/invoices/${row.id}/recipient`), false);
  shows("a recipient that is none", await panel(`/panel/deal/${deal}/invoices/${row.id}/send`, { recipient: EVIL, key: crypto.randomUUID() }));
  await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: refusal });
  shows("an act that QuickBooks refuses", await panel(`/panel/deal/${deal}/invoices/${row.id}/void`, { seen: row.seen }));
  shows("the form of a customer that is linked", await openForm(env, US, deal));

  // The settings.
  const settings = (await session(env, "settings", US.company, US.user)).call;
  const page = shows("the settings", await settings("/settings/page"));
  shows("the fields to choose from", await settings(`/settings/fields?${new URLSearchParams({ "mapping_text[to]": "field" })}`));
  shows("what a deal fills in", await settings("/settings/try", { ...fieldsOf(page), deal: String(deal) }));
  const preset = { "presets[0][name]": `${EVIL} preset`, "presets[0][message]": EVIL, "presets[0][cc]": "", "presets[0][days]": "7" };
  shows("the settings with a preset", await settings("/settings/save", { ...fieldsOf(page), ...preset }));
  assert.match(shows("the form with a preset", await openForm(env, US, deal)), new RegExp(`${ESCAPED.source} preset`));
  const question = shows("the question before connecting", (await connectUntilConfirmation(env, US)).page);
  for (const name of ["books", "company", "user"]) assert.match(question, new RegExp(`${ESCAPED.source} ${name}`), name);
  assert.deepEqual(wrong, []);
});

test("names that contain markup are shown literally in deal history", { timeout: 60_000 }, async () => {
  const api = await pipedriveApi(env, US);
  const notes = async () => (await api("GET", `v1/notes?deal_id=${made.deal}&limit=100`)) ?? [];
  const before = (await notes()).length;
  await bill(env, US, made.deal, {
    customer: "3",
    customer_name: `${EVIL} customer`,
    customer_currency: "USD",
    "lines[0][item]": "12",
    "lines[0][unit_price]": "10",
    "lines[0][tax_code]": "NON",
  });
  for (const end = Date.now() + 20_000; (await notes()).length === before && Date.now() < end; ) await new Promise((go) => setTimeout(go, 100));
  const written = (await notes()).map(({ content }) => content);
  assert.ok(written.length > before, "nothing was written");
  for (const content of written) {
    assert.doesNotMatch(content, RAW);
    assert.match(content, /&lt;i data-evil&gt; customer/);
  }
});
