// Intuit's own OAuth client, unmodified: only its addresses are set.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { begin, US } from "./sandbox.mjs";
import { redirectOf } from "../http.mjs";

const OAuthClient = createRequire(import.meta.url)("intuit-oauth");
const DANA = "9130000000000001";
const redirectUri = "http://localhost:8000/callback";
/** @type {import("./sandbox.mjs").Sandbox} */
let sandbox;

before(async () => {
  sandbox = await begin("--redirect-uri", redirectUri);
  const { env } = sandbox;
  OAuthClient.authorizeEndpoint = env.QUICKBOOKS_AUTHORIZE_URL;
  OAuthClient.tokenEndpoint = env.QUICKBOOKS_TOKEN_URL;
  OAuthClient.revokeEndpoint = env.QUICKBOOKS_REVOKE_URL;
  OAuthClient.userinfo_endpoint_sandbox = env.QUICKBOOKS_USERINFO_URL;
  OAuthClient.jwks_uri = env.QUICKBOOKS_JWKS_URL;
  OAuthClient.environment.sandbox = `${env.QUICKBOOKS_API_URL}/`;
});
after(() => sandbox.end());

const client = (options = {}) =>
  new OAuthClient({
    clientId: sandbox.env.QUICKBOOKS_CLIENT_ID,
    clientSecret: sandbox.env.QUICKBOOKS_CLIENT_SECRET,
    environment: "sandbox",
    redirectUri,
    ...options,
  });

/** What a person does on Intuit's pages: the address that the browser is sent back to. */
async function consent(uri, { decision = "allow", realm = US } = {}) {
  const asked = Object.fromEntries(new URL(uri).searchParams);
  const page = await fetch(`${uri}&user=${DANA}`);
  assert.match(await page.text(), /Oak Street Catering/);
  const answer = await fetch(sandbox.env.QUICKBOOKS_AUTHORIZE_URL, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ ...asked, user: DANA, realm_id: realm, decision }),
  });
  return redirectOf(answer);
}

const scope = [OAuthClient.scopes.Accounting, OAuthClient.scopes.OpenId, OAuthClient.scopes.Profile, OAuthClient.scopes.Email];

async function connected(options) {
  const oauth = client(options);
  const back = await consent(oauth.authorizeUri({ scope, state: "a b&c" }));
  await oauth.createToken(back);
  return { oauth, back };
}

test("a person signs in, chooses a company and consents; the code becomes tokens", async () => {
  const { oauth, back } = await connected();
  const query = new URL(back).searchParams;
  assert.equal(query.get("state"), "a b&c");
  assert.equal(query.get("realmId"), US);
  const token = oauth.getToken();
  assert.equal(token.token_type, "bearer");
  assert.equal(token.expires_in, 3600);
  assert.equal(token.x_refresh_token_expires_in, 8_640_000);
  assert.equal(token.realmId, US);
  assert.ok(oauth.isAccessTokenValid());
});

test("a code works once", async () => {
  const { back } = await connected();
  await assert.rejects(client().createToken(back), (/** @type {any} */ error) => {
    assert.equal(error.error, "invalid_grant");
    return true;
  });
});

test("cancelling sends back access_denied with the state", async () => {
  const back = new URL(await consent(client().authorizeUri({ scope, state: "s1" }), { decision: "cancel" }));
  assert.equal(back.searchParams.get("error"), "access_denied");
  assert.equal(back.searchParams.get("state"), "s1");
});

test("an unknown scope is refused; a foreign redirect is shown as a page and never followed", async () => {
  const uri = client().authorizeUri({ scope: ["com.intuit.everything"], state: "s" });
  const refused = await fetch(uri, { redirect: "manual" });
  assert.equal(new URL(redirectOf(refused)).searchParams.get("error"), "invalid_scope");
  const foreign = await fetch(client({ redirectUri: "http://evil.example/callback" }).authorizeUri({ scope, state: "s" }), { redirect: "manual" });
  assert.equal(foreign.status, 400);
  assert.match(await foreign.text(), /redirect_uri/);
});

test("the id token is signed by the published key and names user and company", async () => {
  const { oauth } = await connected();
  assert.equal(await oauth.validateIdToken(), true);
  const claims = JSON.parse(Buffer.from(oauth.getToken().id_token.split(".")[1], "base64url").toString());
  assert.equal(claims.sub, DANA);
  assert.equal(claims.realmid, US);
});

test("user info holds what the scopes allow", async () => {
  const { oauth } = await connected();
  const info = (await oauth.getUserInfo()).json;
  assert.deepEqual(info, { sub: DANA, email: "dana@oakstreet.example", emailVerified: true, givenName: "Dana", familyName: "Whitfield" });
});

test("a call to the API carries intuit_tid and the company", async () => {
  const { oauth } = await connected();
  const answer = await oauth.makeApiCall({ url: `${sandbox.env.QUICKBOOKS_API_URL}/v3/company/${US}/companyinfo/${US}` });
  assert.equal(answer.json.CompanyInfo.CompanyName, "Oak Street Catering");
  assert.ok(answer.intuit_tid ?? answer.headers?.intuit_tid);
});

test("a refresh within a day returns the same refresh token, later a new one, and the old one works for another day", async () => {
  const { oauth } = await connected();
  const first = oauth.getToken().refresh_token;
  await oauth.refresh();
  assert.equal(oauth.getToken().refresh_token, first);
  await sandbox.control("/clock", { advance_seconds: 86_401 });
  await oauth.refresh();
  const second = oauth.getToken().refresh_token;
  assert.notEqual(second, first);
  assert.ok((await oauth.refreshUsingToken(first)).json.access_token, "the superseded one is in its day of grace");
  await sandbox.control("/clock", { advance_seconds: 86_401 });
  await assert.rejects(oauth.refreshUsingToken(first), (/** @type {any} */ error) => error.error === "invalid_grant");
  assert.ok((await oauth.refreshUsingToken(second)).json.access_token);
});

test("where old refresh tokens die, one is refused as soon as a new one was returned, and other grants are not affected", async () => {
  const { oauth } = await connected();
  await sandbox.control("/quickbooks/quirks", { realm_id: US, old_refresh_token: "dies" });
  const first = oauth.getToken().refresh_token;
  await oauth.refresh();
  assert.equal(oauth.getToken().refresh_token, first, "within a day it is the same one");
  await sandbox.control("/clock", { advance_seconds: 86_401 });
  await oauth.refresh();
  assert.notEqual(oauth.getToken().refresh_token, first);
  await assert.rejects(client().refreshUsingToken(first), (/** @type {any} */ error) => error.error === "invalid_grant");
  assert.ok((await oauth.refresh()).json.access_token, "the chain goes on");
  await sandbox.control("/quickbooks/quirks", { realm_id: US });
});

test("a refused refresh answers invalid_grant, and names an access token that was sent in its place", async () => {
  const { oauth } = await connected();
  const refresh = (token) =>
    fetch(sandbox.env.QUICKBOOKS_TOKEN_URL, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${sandbox.env.QUICKBOOKS_CLIENT_ID}:${sandbox.env.QUICKBOOKS_CLIENT_SECRET}`)}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: token }),
    });
  const unknown = await refresh("unknown");
  assert.deepEqual([unknown.status, await unknown.json()], [400, { error: "invalid_grant" }]);
  const wrong = await refresh(oauth.getToken().access_token);
  assert.deepEqual([wrong.status, await wrong.json()], [400, { error: "invalid_grant", error_description: "Incorrect Token type or clientID" }]);
});

test("an access token expires after an hour, a refresh token after a hundred days", async () => {
  const { oauth } = await connected();
  const { access_token: access, refresh_token: refresh } = oauth.getToken();
  const read = () => fetch(`${sandbox.env.QUICKBOOKS_API_URL}/v3/company/${US}/companyinfo/${US}`, { headers: { authorization: `Bearer ${access}` } });
  assert.equal((await read()).status, 200);
  await sandbox.control("/clock", { advance_seconds: 3601 });
  const expired = await read();
  assert.equal(expired.status, 401);
  assert.match(expired.headers.get("www-authenticate") ?? "", /Bearer realm="Intuit", error="invalid_token"/);
  const { fault } = await expired.json();
  assert.equal(fault.error[0].code, "3200");
  assert.equal(fault.type, "AUTHENTICATION");
  await sandbox.control("/clock", { advance_seconds: 8_640_000 });
  await assert.rejects(oauth.refreshUsingToken(refresh), (/** @type {any} */ error) => error.error === "invalid_grant");
});

test("the hard expiry of refresh tokens is returned on request", async () => {
  const { oauth } = await connected({ includeRefreshTokenHardExpiresIn: true });
  const { json } = await oauth.refresh();
  assert.ok(json.x_refresh_token_hard_expires_in > 157_000_000 && json.x_refresh_token_hard_expires_in <= 157_680_000);
});

test("revoking either token ends the connection", async () => {
  const { oauth } = await connected();
  const { access_token: access, refresh_token: refresh } = oauth.getToken();
  await oauth.revoke({ access_token: access });
  await assert.rejects(client().refreshUsingToken(refresh), (/** @type {any} */ error) => error.error === "invalid_grant");
  await assert.rejects(oauth.revoke({ token: "unknown" }));
});

test("disconnecting in QuickBooks ends the connection", async () => {
  const { oauth } = await connected();
  const page = await (await fetch(`${sandbox.env.QUICKBOOKS_WEB_URL}/app/${US}/apps`)).text();
  assert.match(page, /An app has access/);
  await fetch(`${sandbox.env.QUICKBOOKS_WEB_URL}/app/${US}/disconnect`, { method: "POST" });
  await assert.rejects(oauth.refreshUsingToken(oauth.getToken().refresh_token), (/** @type {any} */ error) => error.error === "invalid_grant");
});

test("wrong credentials answer invalid_client", async () => {
  const answer = await fetch(sandbox.env.QUICKBOOKS_TOKEN_URL, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("who:knows")}` },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "x" }),
  });
  assert.equal(answer.status, 401);
  assert.equal((await answer.json()).error, "invalid_client");
});
