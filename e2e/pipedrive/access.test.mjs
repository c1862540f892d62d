// Access to the API: OAuth with the official client, scopes, API tokens, permissions, visibility, rate limits, installing and uninstalling.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ANA, BRUNO, COMPANY, RAFAEL, begin, checked, endpoint, refused, v2 } from "./support.mjs";
import { redirectOf } from "../http.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
before(async () => {
  box = await begin();
  await box.connect();
});
after(() => box.end());

test("a token without the scope and an invalid token are refused", async () => {
  const reader = await box.connect({ scopes: ["base", "deals:read"] });
  assert.equal((await reader.deals.getDeal({ id: 1 })).data.id, 1);
  await refused(reader.deals.updateDeal({ id: 1, UpdateDealRequest: { title: "x" } }), 403, /Scope and URL mismatch/);
  await refused(reader.persons.getPersons(), 403);
  const nobody = new v2.DealsApi(new v2.Configuration({ accessToken: "none", basePath: `${box.env.PIPEDRIVE_API_URL}/api/v2` }));
  await assert.rejects(nobody.getDeals(), (/** @type {any} */ error) => error.errorCode === 401 && error.error === "unauthorized access");
});

test("OAuth: code exchange, refresh, revocation", async () => {
  const { env } = box;
  const cookie = await box.signIn(ANA);
  const oauth = new v2.OAuth2Configuration({
    clientId: env.PIPEDRIVE_CLIENT_ID,
    clientSecret: env.PIPEDRIVE_CLIENT_SECRET,
    redirectUri: `${env.FATURA_URL}/pipedrive/callback`,
    host: new URL(env.PIPEDRIVE_TOKEN_URL).origin,
  });
  const asked = Object.fromEntries(new URL(oauth.authorizationUrl).searchParams);
  const consent = await (await fetch(`${oauth.authorizationUrl}&state=x`, { headers: { cookie } })).text();
  assert.match(consent, /deals:full/);
  const back = await fetch(env.PIPEDRIVE_AUTHORIZE_URL, {
    method: "POST",
    redirect: "manual",
    headers: { cookie },
    body: new URLSearchParams({ ...asked, state: "x", decision: "allow" }),
  });
  const location = new URL(redirectOf(back));
  assert.equal(location.searchParams.get("state"), "x");
  const token = await oauth.authorize(location.searchParams.get("code"));
  assert.equal(token.api_domain, env.PIPEDRIVE_API_URL);
  const deals = checked(new v2.DealsApi(new v2.Configuration({ accessToken: oauth.getAccessToken, basePath: oauth.basePath })), "v2");
  assert.equal((await deals.getDeal({ id: 1 })).data.id, 1);
  const persons = checked(new v2.PersonsApi(new v2.Configuration({ accessToken: oauth.getAccessToken, basePath: oauth.basePath })), "v2");
  await refused(persons.updatePerson({ id: 201, UpdatePersonRequest: { name: "x" } }), 403);
  const fresh = await oauth.tokenRefresh();
  assert.notEqual(fresh.access_token, token.access_token);
  assert.equal(fresh.scope, token.scope);
  await oauth.revokeToken("refresh_token");
  await assert.rejects(oauth.tokenRefresh());
});

test("OAuth: an empty scope in the authorize URL is refused, before and after the sign-in", async () => {
  const { env } = box;
  const asked = { client_id: env.PIPEDRIVE_CLIENT_ID, redirect_uri: `${env.FATURA_URL}/pipedrive/callback`, state: "x" };
  const cookie = await box.signIn(ANA);
  for (const headers of /** @type {Record<string, string>[]} */ ([{}, { cookie }])) {
    const consent = (more) => fetch(`${env.PIPEDRIVE_AUTHORIZE_URL}?${new URLSearchParams({ ...asked, ...more })}`, { headers });
    for (const scope of ["", " "]) assert.equal((await consent({ scope })).status, 400, `"${scope}"`);
    assert.equal((await consent({})).status, 200);
    assert.equal((await consent({ scope: "base deals:full" })).status, 200);
  }
  const answer = await fetch(env.PIPEDRIVE_AUTHORIZE_URL, {
    method: "POST",
    redirect: "manual",
    headers: { cookie },
    body: new URLSearchParams({ ...asked, scope: "", decision: "allow" }),
  });
  assert.equal(answer.status, 400);
});

test("rate limits: requests in two seconds, tokens a day, and headers with what remains", async () => {
  const { access_token: token } = await box.grant();
  const read = () => fetch(`${box.env.PIPEDRIVE_API_URL}/api/v2/deals/1`, { headers: { authorization: `Bearer ${token}` } });
  await box.control("/pipedrive/limits", { burst: 5, daily_for_each_seat: 30_000 });
  await box.control("/clock", { set: "2027-01-04T10:00:00Z" });
  const fresh = (await box.grant()).access_token;
  const call = () => fetch(`${box.env.PIPEDRIVE_API_URL}/api/v2/deals/1`, { headers: { authorization: `Bearer ${fresh}` } });
  const answers = await Promise.all(Array.from({ length: 6 }, call));
  const statuses = answers.map((answer) => answer.status).sort();
  // The six calls may be in two windows of the limit.
  assert.ok(statuses.filter((status) => status === 200).length >= 5, statuses.join());
  const first = answers[0].headers;
  assert.equal(first.get("x-ratelimit-limit"), "5");
  assert.ok(Number(first.get("x-ratelimit-remaining")) <= 4);
  assert.ok(Number(first.get("x-ratelimit-reset")) <= 2);
  await box.control("/pipedrive/limits", { burst: 0, daily_for_each_seat: 1 });
  const spent = [];
  for (let at = 0; at < 5; at++) spent.push(await call());
  assert.deepEqual(
    spent.map((answer) => answer.status),
    [200, 200, 200, 200, 429],
    "four seats, one token each",
  );
  assert.equal(spent[4].headers.get("x-daily-requests-left"), "0");
  assert.ok(spent[4].headers.get("retry-after"));
  assert.equal((await spent[4].json()).success, false);
  await box.control("/clock", { advance_seconds: 86_400 });
  const tomorrow = (await box.grant()).access_token;
  assert.equal((await fetch(`${box.env.PIPEDRIVE_API_URL}/api/v2/deals/1`, { headers: { authorization: `Bearer ${tomorrow}` } })).status, 200);
  await box.control("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  assert.equal((await read()).status, 401, "the first token has died meanwhile");
});

test("a user's API token works in the header and in the address", async () => {
  const { companies } = await box.control("/pipedrive/companies");
  const user = companies[0].users.find((each) => each.id === BRUNO);
  const header = await fetch(`${box.env.PIPEDRIVE_API_URL}/v1/users/me`, { headers: { "x-api-token": user.api_token } });
  assert.equal((await header.json()).data.id, BRUNO);
  const address = await fetch(`${box.env.PIPEDRIVE_API_URL}/v1/users/me?api_token=${user.api_token}`);
  assert.equal((await address.json()).data.id, BRUNO);
  const wrong = await fetch(`${box.env.PIPEDRIVE_API_URL}/v1/users/me?api_token=${"0".repeat(40)}`);
  assert.equal(wrong.status, 401);
  const hook = { subscription_url: "http://127.0.0.1:9/x", event_action: "*", event_object: "deal", name: "by hand" };
  const made = await fetch(`${box.env.PIPEDRIVE_API_URL}/v1/webhooks?api_token=${user.api_token}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(hook),
  });
  assert.equal((await made.json()).data.type, "general");
  assert.equal((await (await box.connect()).webhooks.getWebhooks()).data.length, 0, "an app sees its own subscriptions only");
});

test("permissions: a user without rights cannot edit fields, merge, edit others' deals or change owners", async () => {
  const rafael = await box.connect({ user_id: RAFAEL });
  await refused(rafael.dealFields.addDealField({ AddDealFieldRequest: { field_name: "x", field_type: "varchar" } }), 403, /permission/);
  await refused(rafael.one.deals.mergeDeals({ id: 1, MergeDealsRequest: { merge_with_id: 2 } }), 403);
  await refused(rafael.deals.updateDeal({ id: 1, UpdateDealRequest: { title: "x" } }), 403);
  await refused(rafael.dealProducts.addDealProduct({ id: 1, AddDealProductRequest: { product_id: 301, item_price: 1, quantity: 1 } }), 403);
  await refused(rafael.pipelines.addPipeline({ AddPipelineRequest: { name: "x" } }), 403);
  const { data: own } = await rafael.deals.addDeal({ AddDealRequest: { title: "Do Rafael" } });
  assert.equal((await rafael.deals.updateDeal({ id: own.id, UpdateDealRequest: { title: "Dele" } })).data.title, "Dele");
  await refused(rafael.deals.deleteDeal({ id: own.id }), 403);
  await box.control("/pipedrive/users", { user_id: BRUNO, permissions: { can_modify_owner_for_deals: false, can_edit_other_users_deals: true } });
  const bruno = await box.connect({ user_id: BRUNO });
  await refused(bruno.deals.updateDeal({ id: 1, UpdateDealRequest: { owner_id: BRUNO } }), 403, /change the owner/);
  await box.control("/pipedrive/users", { user_id: BRUNO, active: false });
  await assert.rejects(bruno.deals.getDeals(), (/** @type {any} */ error) => error.errorCode === 401);
  await box.control("/pipedrive/users", { user_id: BRUNO, active: true });
});

test("a refused merge moves nothing, and merging does not require the right to delete", async () => {
  const ana = await box.connect();
  const rafael = await box.connect({ user_id: RAFAEL });
  await box.control("/pipedrive/users", { user_id: RAFAEL, permissions: { can_merge_deals: true } });
  const { data: one } = await ana.deals.addDeal({ AddDealRequest: { title: "Uma" } });
  const { data: other } = await ana.deals.addDeal({ AddDealRequest: { title: "Outra" } });
  await ana.notes.addNote({ AddNoteRequest: { content: "fica", deal_id: one.id } });
  await ana.dealProducts.addDealProduct({ id: one.id, AddDealProductRequest: { product_id: 302, item_price: 320, quantity: 2 } });
  await refused(rafael.one.deals.mergeDeals({ id: one.id, MergeDealsRequest: { merge_with_id: other.id } }), 403);
  assert.equal((await ana.notes.getNotes({ deal_id: one.id })).data.length, 1);
  await box.control("/pipedrive/users", { user_id: RAFAEL, permissions: { can_edit_other_users_deals: true } });
  assert.equal((await rafael.one.deals.mergeDeals({ id: one.id, MergeDealsRequest: { merge_with_id: other.id } })).data.id, other.id);
  assert.equal((await ana.notes.getNotes({ deal_id: other.id })).data.length, 1);
  assert.equal((await ana.deals.getDeal({ id: one.id })).data.is_deleted, true);
  assert.equal((await ana.deals.getDeal({ id: other.id })).data.value, 640, "products come along with their value");
  await box.control("/pipedrive/users", { user_id: RAFAEL, permissions: { can_merge_deals: false, can_edit_other_users_deals: false } });
});

test("a deal that only its owner and followers may see is hidden from others everywhere", async () => {
  const ana = await box.connect();
  const { data: secret } = await ana.deals.addDeal({ AddDealRequest: { title: "Segredo da Ana", visible_to: 1 } });
  const bruno = await box.connect({ user_id: BRUNO });
  await refused(bruno.deals.getDeal({ id: secret.id }), 403);
  assert.ok(!(await bruno.deals.getDeals({ limit: 500 })).data.some((deal) => deal.id === secret.id));
  assert.equal((await bruno.deals.searchDeals({ term: "Segredo" })).data.items.length, 0);
  await refused(bruno.dealProducts.getDealProducts({ id: secret.id }), 403);
  await refused(bruno.one.deals.getDealUpdates({ id: secret.id }), 403);
  await refused(bruno.notes.addNote({ AddNoteRequest: { content: "x", deal_id: secret.id } }), 403);
  assert.deepEqual((await ana.one.deals.getDealUsers({ id: secret.id })).data, [ANA]);
  await ana.deals.addDealFollower({ id: secret.id, AddDealFollowerRequest: { user_id: BRUNO } });
  assert.equal((await bruno.deals.getDeal({ id: secret.id })).data.title, "Segredo da Ana");
  await refused(ana.deals.addDeal({ AddDealRequest: { title: "x", visible_to: 2 } }), 400, /visible_to/);
});

test("another company's records are not found", async () => {
  const other = await box.connect({ company_id: 7720002, user_id: 920001 });
  const { data: made } = await other.deals.addDeal({ AddDealRequest: { title: "Only in Oak Street" } });
  const ana = await box.connect();
  const found = (await ana.deals.getDeals({ limit: 500 })).data.filter((deal) => deal.title === made.title);
  assert.deepEqual(found, []);
});

test("uninstalling ends tokens and webhook subscriptions and notifies the app, for one user and for all", async () => {
  const app = await endpoint();
  const own = await begin({ args: ["--app-url", `http://127.0.0.1:${app.port}`] });
  const tokens = await own.grant();
  await own.grant({ user_id: BRUNO });
  const api_ = await own.connect();
  await api_.webhooks.addWebhook({ AddWebhookRequest: { subscription_url: app.url, event_action: "*", event_object: "deal", name: "x", version: "2.0" } });
  await own.control("/pipedrive/uninstall", { company_id: COMPANY, user_id: ANA });
  const [told] = await app.wait(1);
  assert.equal(app.method, "DELETE");
  assert.deepEqual([told.client_id, told.company_id, told.user_id], [own.env.PIPEDRIVE_CLIENT_ID, COMPANY, ANA]);
  assert.equal(app.authorization, `Basic ${btoa(`${own.env.PIPEDRIVE_CLIENT_ID}:${own.env.PIPEDRIVE_CLIENT_SECRET}`)}`);
  assert.equal((await own.raw(tokens.access_token, "GET", "/v1/users/me")).status, 401);
  assert.deepEqual((await own.control("/pipedrive/webhooks")).subscriptions, []);
  const again = await fetch(own.env.PIPEDRIVE_TOKEN_URL, {
    method: "POST",
    headers: { authorization: app.authorization },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: tokens.refresh_token }),
  });
  assert.equal((await again.json()).error, "invalid_grant");
  await own.grant();
  await own.control("/pipedrive/uninstall", { company_id: COMPANY });
  const all = await app.wait(3);
  assert.deepEqual(
    all
      .slice(1)
      .map((body) => body.user_id)
      .sort(),
    [ANA, BRUNO],
  );
  app.close();
  await own.end();
});

test("the consent page refuses a user who may not install apps", async () => {
  const cookie = await box.signIn(RAFAEL);
  const address = `${box.env.PIPEDRIVE_AUTHORIZE_URL}?client_id=${box.env.PIPEDRIVE_CLIENT_ID}&state=x`;
  const page = await (await fetch(address, { headers: { cookie } })).text();
  assert.match(page, /may not install apps/);
  assert.doesNotMatch(page, /Allow and install/);
  const forced = await fetch(box.env.PIPEDRIVE_AUTHORIZE_URL, {
    method: "POST",
    redirect: "manual",
    headers: { cookie },
    body: new URLSearchParams({ client_id: box.env.PIPEDRIVE_CLIENT_ID, decision: "allow", state: "x" }),
  });
  assert.equal(forced.status, 403);
  const refused_ = await fetch(box.env.PIPEDRIVE_AUTHORIZE_URL, {
    method: "POST",
    redirect: "manual",
    headers: { cookie },
    body: new URLSearchParams({ client_id: box.env.PIPEDRIVE_CLIENT_ID, decision: "cancel", state: "x" }),
  });
  assert.match(redirectOf(refused_), /error=user_denied/);
});
