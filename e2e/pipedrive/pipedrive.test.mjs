// Pipedrive's own client, unmodified: only its base path is set. Its answers are held against Pipedrive's OpenAPI documents.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startSandbox } from "../../scripts/stack.mjs";
import { mistakes, present } from "./openapi.mjs";

const require = createRequire(import.meta.url);
const v1 = require("pipedrive/v1");
const v2 = require("pipedrive/v2");
const COMPANY = 7710001;
const ANA = 910001;
let sandbox;
let dir;
let api;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pipedrive-"));
  sandbox = await startSandbox({ dir, args: ["--first-port", "0"] });
  api = await connect();
});
after(async () => {
  await sandbox.stop();
  rmSync(dir, { recursive: true, force: true });
});

const grant = async (more = {}) => {
  const answer = await fetch(`${sandbox.env.CONTROL_URL}/pipedrive/grants`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ company_id: COMPANY, user_id: ANA, ...more }) });
  return answer.json();
};

/** Has a client's answers held against the documents, and a refusal's status put beside its body, which is all that the client rejects with. */
function checked(api, version) {
  const send = require("axios").getAdapter("http");
  const look = (answer, config) => {
    const path = new URL(config.url).pathname.replace(/^\/(api\/)?v[12]/, "");
    const body = JSON.parse(answer.data);
    if (present) assert.deepEqual(mistakes(version, config.method.toUpperCase(), path, answer.status, body), []);
    if (answer.status >= 400) answer.data = JSON.stringify({ ...body, status: answer.status });
  };
  api.axios.defaults.adapter = async (config) => {
    try {
      const answer = await send(config);
      look(answer, config);
      return answer;
    } catch (error) {
      if (error.response) look(error.response, config);
      throw error;
    }
  };
  return api;
}

async function connect(more) {
  const { access_token: token } = await grant(more);
  const of = (kind, name, base, version) => checked(new kind[name](new kind.Configuration({ accessToken: token, basePath: base })), version);
  const two = (name) => of(v2, name, `${sandbox.env.PIPEDRIVE_API_URL}/api/v2`, "v2");
  const one = (name) => of(v1, name, `${sandbox.env.PIPEDRIVE_API_URL}/v1`, "v1");
  return {
    deals: two("DealsApi"), dealProducts: two("DealProductsApi"), installments: two("DealInstallmentsApi"), persons: two("PersonsApi"), organizations: two("OrganizationsApi"), products: two("ProductsApi"), activities: two("ActivitiesApi"),
    pipelines: two("PipelinesApi"), stages: two("StagesApi"), search: two("ItemSearchApi"), dealFields: two("DealFieldsApi"), personFields: two("PersonFieldsApi"),
    organizationFields: two("OrganizationFieldsApi"), productFields: two("ProductFieldsApi"), users: one("UsersApi"), notes: one("NotesApi"), webhooks: one("WebhooksApi"), currencies: one("CurrenciesApi"),
  };
}

/** Asserts that a call is refused with this status, and words. The client itself throws the body away with the status. */
const refused = (promise, status, words) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.status, status, JSON.stringify(error));
    assert.equal(error.success, false);
    assert.ok(error.error_info);
    if (words) assert.match(error.error, words);
    return true;
  });

test("a deal: created, read, changed, won, deleted", async () => {
  const { data: made } = await api.deals.addDeal({ AddDealRequest: { title: "Ten sensors", value: 1500.5, org_id: 101 } });
  assert.equal(made.currency, "BRL");
  assert.equal(made.status, "open");
  assert.equal(made.owner_id, ANA);
  assert.equal(made.stage_id, 1);
  const { data: read } = await api.deals.getDeal({ id: made.id });
  assert.equal(read.title, "Ten sensors");
  const { data: won } = await api.deals.updateDeal({ id: made.id, UpdateDealRequest: { status: "won", stage_id: 2 } });
  assert.ok(won.won_time && won.close_time);
  assert.equal(won.lost_time, null);
  const { data: again } = await api.deals.updateDeal({ id: made.id, UpdateDealRequest: { status: "open" } });
  assert.equal(again.won_time, null);
  assert.deepEqual((await api.deals.deleteDeal({ id: made.id })).data, { id: made.id });
  await refused(api.deals.getDeal({ id: made.id }), 404, /Deal not found/);
});

test("what a body may not hold is refused", async () => {
  await refused(api.deals.addDeal({ AddDealRequest: { value: 1 } }), 400, /title is required/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", colour: "red" } }), 400, /colour is not allowed/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", value: "1" } }), 400, /value must be a number/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", org_id: 999999 } }), 400, /Organization not found/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", custom_fields: { nothing: "x" } } }), 400, /custom_fields.nothing is not allowed/);
  await refused(api.deals.updateDeal({ id: 424242, UpdateDealRequest: { title: "A" } }), 404);
});

test("persons, organizations and products", async () => {
  const { data: organization } = await api.organizations.addOrganization({ AddOrganizationRequest: { name: "Bosque Ltda", address: { value: "Rua Um, 1" } } });
  const { data: person } = await api.persons.addPerson({ AddPersonRequest: { name: "Íris Prado", org_id: organization.id, emails: [{ value: "iris@bosque.example", primary: true, label: "work" }] } });
  assert.equal(person.first_name, "Íris");
  assert.equal(person.last_name, "Prado");
  const { data: of } = await api.persons.getPersons({ org_id: organization.id });
  assert.deepEqual(of.map((row) => row.id), [person.id]);
  const { data: changed } = await api.organizations.updateOrganization({ id: organization.id, UpdateOrganizationRequest: { name: "Bosque S.A." } });
  assert.equal(changed.name, "Bosque S.A.");
  const { data: product } = await api.products.addProduct({ AddProductRequest: { name: "Muda", code: "MUD", prices: [{ price: 12.5, currency: "BRL" }] } });
  assert.equal(product.prices[0].price, 12.5);
  assert.equal((await api.products.updateProduct({ id: product.id, UpdateProductRequest: { tax: 5 } })).data.tax, 5);
  await api.products.deleteProduct({ id: product.id });
  await api.persons.deletePerson({ id: person.id });
  await api.organizations.deleteOrganization({ id: organization.id });
  assert.deepEqual((await api.persons.getPersons({ org_id: organization.id })).data, []);
});

test("products on a deal make its value; discounts and installments", async () => {
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "With products" } });
  const { data: product } = await api.products.addProduct({ AddProductRequest: { name: "Vaso" } });
  const { data: row } = await api.dealProducts.addDealProduct({ id: deal.id, AddDealProductRequest: { product_id: product.id, item_price: 100, quantity: 3, discount: 10, tax: 5 } });
  assert.equal(row.sum, 283.5); // 300 less 10 %, and 5 % tax
  assert.equal(row.currency, "BRL");
  assert.equal(row.order_nr, 1);
  const value = async () => (await api.deals.getDeal({ id: deal.id })).data.value;
  assert.equal(await value(), 283.5);
  const { data: changed } = await api.dealProducts.updateDealProduct({ id: deal.id, product_attachment_id: row.id, UpdateDealProductRequest: { quantity: 1, discount: 20, discount_type: "amount", tax_method: "inclusive" } });
  assert.equal(changed.sum, 80);
  assert.equal(await value(), 80);
  const { data: discount } = await api.deals.postAdditionalDiscount({ id: deal.id, AddAdditionalDiscountRequestBody: { description: "Friend", amount: 25, type: "percentage" } });
  assert.equal(await value(), 60);
  assert.equal((await api.deals.getAdditionalDiscounts({ id: deal.id })).data.length, 1);
  await api.deals.deleteAdditionalDiscount({ id: deal.id, discount_id: discount.id });
  assert.equal(await value(), 80);
  const { data: installment } = await api.installments.postInstallment({ id: deal.id, AddInstallmentRequestBody: { description: "First", amount: 40, billing_date: "2026-12-01" } });
  assert.deepEqual((await api.installments.getInstallments({ deal_ids: [deal.id] })).data.map((part) => part.id), [installment.id]);
  const { data: many } = await api.dealProducts.addManyDealProducts({ id: deal.id, CreateManyDealProductRequest: { data: [{ product_id: product.id, item_price: 1, quantity: 1 }, { product_id: product.id, item_price: 2, quantity: 1 }] } });
  assert.equal(many.length, 2);
  await refused(api.dealProducts.addDealProduct({ id: deal.id, AddDealProductRequest: { product_id: 999999, item_price: 1, quantity: 1 } }), 400, /Product not found/);
  await refused(api.dealProducts.getDealProducts({ id: 999999 }), 404, /Deal not found/);
  await api.dealProducts.deleteDealProduct({ id: deal.id, product_attachment_id: row.id });
  assert.equal(await value(), 3);
});

test("activities, pipelines and stages", async () => {
  const { data: activity } = await api.activities.addActivity({ AddActivityRequest: { subject: "Ligar", deal_id: 1, due_date: "2026-12-24" } });
  const { data: done } = await api.activities.updateActivity({ id: activity.id, AddActivityRequest: { done: true } });
  assert.ok(done.marked_as_done_time);
  assert.equal((await api.activities.getActivities({ deal_id: 1, done: true })).data.length, 1);
  const { data: pipeline } = await api.pipelines.addPipeline({ AddPipelineRequest: { name: "Parceiros" } });
  const { data: stage } = await api.stages.addStage({ AddStageRequest: { name: "Primeiro", pipeline_id: pipeline.id } });
  assert.equal((await api.deals.addDeal({ AddDealRequest: { title: "Lá", stage_id: stage.id } })).data.pipeline_id, pipeline.id);
  await refused(api.stages.addStage({ AddStageRequest: { name: "Sem pipeline" } }), 400, /pipeline_id is required/);
});

test("lists: cursors, filters, order", async () => {
  for (let at = 0; at < 7; at++) await api.persons.addPerson({ AddPersonRequest: { name: `Página ${at}` } });
  const seen = [];
  let cursor;
  do {
    const page = await api.persons.getPersons({ limit: 3, cursor });
    assert.ok(page.data.length <= 3);
    seen.push(...page.data.map((row) => row.id));
    cursor = page.additional_data.next_cursor;
  } while (cursor);
  assert.equal(new Set(seen).size, seen.length);
  const { data: down } = await api.persons.getPersons({ sort_by: "id", sort_direction: "desc", limit: 500 });
  assert.deepEqual(down.map((row) => row.id), [...seen].sort((a, b) => b - a));
  const { data: two } = await api.persons.getPersons({ ids: `${seen[0]},${seen[1]}` });
  assert.equal(two.length, 2);
  assert.deepEqual((await api.persons.getPersons({ updated_since: "2999-01-01T00:00:00Z" })).data, []);
  await refused(api.persons.getPersons({ updated_since: "2026-01-01T00:00:00.123Z" }), 400, /not a valid datetime/);
  await refused(api.persons.getPersons({ limit: 501 }), 400, /limit/);
  await refused(api.persons.getPersons({ cursor: "?" }), 400, /cursor/);
});

test("search finds by name, e-mail and custom field", async () => {
  const { data } = await api.organizations.searchOrganization({ term: "oceano" });
  assert.equal(data.items[0].item.name, "Oceano Azul Importadora Ltda.");
  const byField = await api.search.searchItem({ term: "12.345.678", item_types: "organization" });
  assert.equal(byField.data.items.length, 1);
  assert.equal((await api.persons.searchPersons({ term: "nobody at all" })).data.items.length, 0);
  await refused(api.deals.searchDeals({ term: "a" }), 400, /2 characters/);
});

test("fields, users, currencies", async () => {
  for (const [from, name] of [["dealFields", "getDealFields"], ["personFields", "getPersonFields"], ["organizationFields", "getOrganizationFields"], ["productFields", "getProductFields"]]) {
    assert.ok((await api[from][name]({})).data.length > 4, name);
  }
  const { data: me } = await api.users.getCurrentUser();
  assert.equal(me.company_domain, "aurora");
  assert.equal((await api.users.getUsers()).data.length, 3);
  assert.ok((await api.currencies.getCurrencies()).data.some((currency) => currency.code === "BRL"));
});

test("a token without the scope is told so, one that is none too", async () => {
  const reader = await connect({ scopes: ["base", "deals:read"] });
  assert.equal((await reader.deals.getDeal({ id: 1 })).data.id, 1);
  await refused(reader.deals.updateDeal({ id: 1, UpdateDealRequest: { title: "x" } }), 403, /Scope and URL mismatch/);
  await refused(reader.persons.getPersons(), 403);
  const nobody = new v2.DealsApi(new v2.Configuration({ accessToken: "none", basePath: `${sandbox.env.PIPEDRIVE_API_URL}/api/v2` }));
  await assert.rejects(nobody.getDeals(), (error) => error.errorCode === 401 && error.error === "unauthorized access");
});

test("notes: on a deal, pinned, changed, paged, deleted", async () => {
  const { data: note } = await api.notes.addNote({ AddNoteRequest: { content: "<b>Fatura</b> 2001", deal_id: 1, pinned_to_deal_flag: 1 } });
  assert.equal(note.pinned_to_deal_flag, true);
  assert.match(note.add_time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.equal((await api.notes.updateNote({ id: note.id, NoteRequest: { content: "Paga" } })).data.content, "Paga");
  await api.notes.addNote({ AddNoteRequest: { content: "Outra", deal_id: 1 } });
  const page = await api.notes.getNotes({ deal_id: 1, limit: 1 });
  assert.equal(page.data.length, 1);
  assert.deepEqual(page.additional_data.pagination, { start: 0, limit: 1, more_items_in_collection: true, next_start: 1 });
  assert.equal((await api.notes.deleteNote({ id: note.id })).data, true);
  await refused(api.notes.getNote({ id: note.id }), 404);
  await refused(api.notes.addNote({ AddNoteRequest: { content: "Sem dono" } }), 400);
});

/** An endpoint for webhooks: what came in, and the status that it answers with. */
async function endpoint() {
  const inbox = { received: [], status: 200, authorization: undefined };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      inbox.authorization = request.headers.authorization;
      inbox.received.push(JSON.parse(text));
      response.writeHead(inbox.status).end();
    });
  });
  await new Promise((go) => server.listen(0, "127.0.0.1", go));
  inbox.url = `http://127.0.0.1:${server.address().port}/hook`;
  inbox.close = () => server.close();
  inbox.wait = async (count) => {
    for (const until = Date.now() + 3000; inbox.received.length < count && Date.now() < until;) await new Promise((go) => setTimeout(go, 20));
    await new Promise((go) => setTimeout(go, 150));
    assert.equal(inbox.received.length, count, JSON.stringify(inbox.received));
    return inbox.received;
  };
  return inbox;
}

const control = (path, body) => fetch(`${sandbox.env.CONTROL_URL}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

test("webhooks: what changed and what it was, with the subscriber's password; repeated when refused", async () => {
  const inbox = await endpoint();
  const { data: hook } = await api.webhooks.addWebhook({ AddWebhookRequest: { subscription_url: inbox.url, event_action: "*", event_object: "deal", name: "deals", version: "2.0", http_auth_user: "fatura", http_auth_password: "s3cret" } });
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "Seen" } });
  await api.deals.updateDeal({ id: deal.id, UpdateDealRequest: { title: "Seen again" } });
  await api.persons.addPerson({ AddPersonRequest: { name: "Not asked for" } });
  await api.deals.deleteDeal({ id: deal.id });
  const [made, changed, gone] = await inbox.wait(3);
  assert.equal(made.meta.action, "create");
  assert.equal(made.previous, null);
  assert.equal(changed.meta.action, "change");
  assert.equal(changed.previous.title, "Seen");
  assert.equal(changed.data.title, "Seen again");
  assert.equal(changed.previous.id, undefined, "only what changed");
  assert.equal(gone.data, null);
  assert.equal(gone.meta.entity_id, String(deal.id));
  assert.equal(inbox.authorization, `Basic ${btoa("fatura:s3cret")}`);

  inbox.status = 500;
  await control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "By another user" } });
  await inbox.wait(4);
  inbox.status = 200;
  await control("/clock", { advance_seconds: 4 });
  const again = (await inbox.wait(5)).at(-1);
  assert.equal(again.meta.attempt, 2);
  assert.equal(again.data.title, "By another user");

  await control("/pipedrive/webhooks/mishaps", { effect: "lost" });
  await control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "Lost" } });
  await control("/pipedrive/webhooks/mishaps", { effect: "duplicated" });
  await control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "Twice" } });
  assert.deepEqual((await inbox.wait(7)).slice(-2).map((event) => event.data.title), ["Twice", "Twice"]);

  assert.equal((await api.webhooks.getWebhooks()).data.length, 1);
  await api.webhooks.deleteWebhook({ id: hook.id });
  await control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "Unheard" } });
  await inbox.wait(7);
  inbox.close();
  await assert.rejects(api.webhooks.addWebhook({ AddWebhookRequest: { subscription_url: "nowhere", event_action: "*", event_object: "deal", name: "x" } }), (error) => error.errors.subscription_url.length === 1);
});

test("OAuth: the code of a person's consent, a refresh, a revocation", async () => {
  const { env } = sandbox;
  const cookie = (await fetch(`${env.PIPEDRIVE_WEB_URL}/sign-in`, { method: "POST", redirect: "manual", body: new URLSearchParams({ user_id: String(ANA) }) })).headers.getSetCookie()[0].split(";")[0];
  const oauth = new v2.OAuth2Configuration({ clientId: env.PIPEDRIVE_CLIENT_ID, clientSecret: env.PIPEDRIVE_CLIENT_SECRET, redirectUri: `${env.FATURA_URL}/pipedrive/callback`, host: new URL(env.PIPEDRIVE_TOKEN_URL).origin });
  const asked = Object.fromEntries(new URL(oauth.authorizationUrl).searchParams);
  const consent = await (await fetch(`${oauth.authorizationUrl}&state=x`, { headers: { cookie } })).text();
  assert.match(consent, /deals:read/);
  const back = await fetch(env.PIPEDRIVE_AUTHORIZE_URL, { method: "POST", redirect: "manual", headers: { cookie }, body: new URLSearchParams({ ...asked, state: "x", decision: "allow" }) });
  const location = new URL(back.headers.get("location"));
  assert.equal(location.searchParams.get("state"), "x");
  const token = await oauth.authorize(location.searchParams.get("code"));
  assert.equal(token.api_domain, env.PIPEDRIVE_API_URL);
  const deals = checked(new v2.DealsApi(new v2.Configuration({ accessToken: oauth.getAccessToken, basePath: oauth.basePath })), "v2");
  assert.equal((await deals.getDeal({ id: 1 })).data.id, 1);
  await refused(deals.updateDeal({ id: 1, UpdateDealRequest: { title: "x" } }), 403);
  const fresh = await oauth.tokenRefresh();
  assert.notEqual(fresh.access_token, token.access_token);
  assert.equal(fresh.scope, token.scope);
  await oauth.revokeToken("refresh_token");
  await assert.rejects(oauth.tokenRefresh());
});

test("limits: requests in two seconds, tokens a day, and what is left", async () => {
  const { access_token: token } = await grant();
  const read = () => fetch(`${sandbox.env.PIPEDRIVE_API_URL}/api/v2/deals/1`, { headers: { authorization: `Bearer ${token}` } });
  await control("/pipedrive/limits", { burst: 5, daily_for_each_seat: 30_000 });
  await control("/clock", { set: "2027-01-04T10:00:00Z" });
  const fresh = (await grant()).access_token;
  const call = () => fetch(`${sandbox.env.PIPEDRIVE_API_URL}/api/v2/deals/1`, { headers: { authorization: `Bearer ${fresh}` } });
  const answers = await Promise.all(Array.from({ length: 6 }, call));
  const statuses = answers.map((answer) => answer.status).sort();
  // The six may stand on both sides of a window's end.
  assert.ok(statuses.filter((status) => status === 200).length >= 5, statuses.join());
  const first = answers[0].headers;
  assert.equal(first.get("x-ratelimit-limit"), "5");
  assert.ok(Number(first.get("x-ratelimit-remaining")) <= 4);
  assert.ok(Number(first.get("x-ratelimit-reset")) <= 2);
  await control("/pipedrive/limits", { burst: 0, daily_for_each_seat: 1 });
  const spent = [];
  for (let at = 0; at < 4; at++) spent.push(await call());
  assert.deepEqual(spent.map((answer) => answer.status), [200, 200, 200, 429], "three seats, one token each");
  assert.equal(spent[3].headers.get("x-daily-requests-left"), "0");
  assert.ok(spent[3].headers.get("retry-after"));
  assert.equal((await spent[3].json()).success, false);
  await control("/clock", { advance_seconds: 86_400 });
  const tomorrow = (await grant()).access_token;
  assert.equal((await fetch(`${sandbox.env.PIPEDRIVE_API_URL}/api/v2/deals/1`, { headers: { authorization: `Bearer ${tomorrow}` } })).status, 200);
  await control("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  assert.equal((await read()).status, 401, "the first token has died meanwhile");
});
