// A person without a browser: installs, connects and bills over plain HTTP, with a cookie jar of their own.
import { createHmac } from "node:crypto";
import { request } from "node:http";

/** Follows redirects by hand and keeps each host's cookies, as a browser does. */
export function browser() {
  const jar = new Map();
  const cookies = (url) => [...(jar.get(new URL(url).hostname) ?? new Map())].map(([name, value]) => `${name}=${value}`).join("; ");
  async function once(url, options = {}) {
    const response = await fetch(url, { ...options, redirect: "manual", headers: { ...options.headers, cookie: cookies(url) } });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const host = new URL(url).hostname;
      jar.set(host, (jar.get(host) ?? new Map()).set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)));
    }
    return response;
  }
  return {
    once,
    /** The `Cookie` header for an address. */
    cookies,
    /** Goes where the answer leads; the last answer and its address. */
    async go(url, options) {
      let response = await once(url, options);
      while (response.status >= 300 && response.status < 400) {
        url = new URL(response.headers.get("location"), url).href;
        response = await once(url);
      }
      return { url, response, text: await response.text() };
    },
  };
}

/** A request as it is written, with methods and headers that `fetch` does not send; it follows nothing. */
export const raw = (url, { method = "GET", headers = {}, body = "" } = {}) =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, ...(body ? { "content-length": Buffer.byteLength(body) } : {}) } }, (answer) => {
      const end = (text) => resolve({ status: answer.statusCode, headers: answer.headers, names: answer.rawHeaders, text });
      if (/event-stream/.test(answer.headers["content-type"] ?? "")) {
        end("");
        return answer.destroy();
      }
      let text = "";
      answer
        .setEncoding("utf8")
        .on("data", (part) => (text += part))
        .on("end", () => end(text))
        .on("error", reject);
    });
    sent.on("error", reject).end(body);
  });

const formOf = (pairs) => ({ method: "POST", body: new URLSearchParams(pairs) });

/** The callback's address with a live code and state, as an attacker would hand it to somebody else. */
export async function liveCallback(env, { user }, person = browser()) {
  await person.once(`${env.PIPEDRIVE_WEB_URL}/sign-in`, formOf({ user_id: String(user) }));
  const consent = await person.go(`${env.FATURA_URL}/install`);
  const asked = Object.fromEntries(new URL(consent.url).searchParams);
  return (await person.once(env.PIPEDRIVE_AUTHORIZE_URL, formOf({ ...asked, decision: "allow" }))).headers.get("location");
}

/** Signs in, installs, and gets as far as Intuit; or to the settings, where a company is connected already. */
export async function installUntilIntuit(env, { user }, person) {
  await person.once(`${env.PIPEDRIVE_WEB_URL}/sign-in`, formOf({ user_id: String(user) }));
  const consent = await person.go(`${env.FATURA_URL}/install`);
  const asked = Object.fromEntries(new URL(consent.url).searchParams);
  return person.go(env.PIPEDRIVE_AUTHORIZE_URL, formOf({ ...asked, decision: "allow" }));
}

/** Allows access at Intuit: the callback's address with the code, which is not followed. */
export async function callbackOfIntuit(env, { sub, realm }, person, intuit) {
  const asked = Object.fromEntries(new URL(intuit.url).searchParams);
  return (await person.once(env.QUICKBOOKS_AUTHORIZE_URL, formOf({ ...asked, user: sub, realm_id: realm, decision: "allow" }))).headers.get("location");
}

/** From Intuit's sign-in to the page that names both companies. */
export async function consentAtIntuit(env, who, person, intuit) {
  const page = await person.go(await callbackOfIntuit(env, who, person, intuit));
  return { page, pending: new URL(page.url).searchParams.get("pending"), state: new URL(intuit.url).searchParams.get("state") };
}

/** Answers the page that names both companies. */
export const decide = (env, person, pending, decision = "connect") => person.go(`${env.FATURA_URL}/quickbooks/confirm`, formOf({ pending, decision }));

/** From the signed settings page, in a new tab, to the page that names both companies. */
export async function connectUntilConfirmation(env, who, person = browser()) {
  const { call } = await session(env, "settings", who.company, who.user);
  const { url } = JSON.parse((await call("/settings/connect", {})).text);
  return { person, url, ...(await consentAtIntuit(env, who, person, await person.go(url))) };
}

export async function installed(env, who) {
  const person = browser();
  const intuit = await installUntilIntuit(env, who, person);
  if (intuit.url.startsWith(env.PIPEDRIVE_WEB_URL)) return person;
  const { pending } = await consentAtIntuit(env, who, person, intuit);
  await decide(env, person, pending);
  return person;
}

const base64 = (value) => Buffer.from(value).toString("base64url");

/** A token as Pipedrive signs it. */
export function signed(secret, claims, header = { alg: "HS256", typ: "JWT" }) {
  const body = `${base64(JSON.stringify(header))}.${base64(JSON.stringify(claims))}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

export const claims = (companyId, userId) => ({ companyId, userId, iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300 });

/** Requests with a bearer for one surface. */
export async function session(env, surface, companyId, userId) {
  const secret = env[`PIPEDRIVE_JWT_SECRET_${surface.toUpperCase()}`];
  const answer = await fetch(`${env.FATURA_URL}/session/${surface}`, {
    method: "POST",
    headers: { authorization: `Bearer ${signed(secret, claims(companyId, userId))}` },
  });
  if (!answer.ok) return { status: answer.status };
  const { bearer } = await answer.json();
  const call = async (path, fields) => {
    const options = fields ? { method: "POST", body: new URLSearchParams(fields) } : {};
    const response = await fetch(`${env.FATURA_URL}${path}`, { ...options, headers: { authorization: `Bearer ${bearer}` } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { status: 200, bearer, call };
}

/** The fields of an open form, as a browser would post them. */
export function fieldsOf(html) {
  const live = html.replace(/<template>.*?<\/template>/s, "");
  const decode = (text) =>
    text
      .replaceAll("&#34;", '"')
      .replaceAll("&#38;", "&")
      .replaceAll("&#39;", "'")
      .replaceAll("&#60;", "<")
      .replaceAll("&#62;", ">")
      .replaceAll("&amp;", "&")
      .replaceAll("&quot;", '"');
  const fields = {};
  for (const [tag, name] of live.matchAll(/<input[^>]*? name="([^"]+)"[^>]*>/g))
    if (!/type="checkbox"/.test(tag) || / checked/.test(tag)) fields[name] = decode(/ value="([^"]*)"/.exec(tag)?.[1] ?? "");
  for (const [, name, content] of live.matchAll(/<textarea[^>]*? name="([^"]+)"[^>]*>(.*?)<\/textarea>/gs)) fields[name] = decode(content);
  for (const [, name, options] of live.matchAll(/<select[^>]*? name="([^"]+)"[^>]*>(.*?)<\/select>/gs)) {
    fields[name] = /<option value="([^"]*)" selected/.exec(options)?.[1] ?? /<option value="([^"]*)"/.exec(options)?.[1] ?? "";
  }
  return fields;
}

/** Pipedrive's API as somebody of a company uses it, by their own API token: it takes no access token's place. What a call answers. */
export async function pipedriveApi(env, who) {
  const { api_token: token } = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
  return async (method, path, body) => {
    const answer = await fetch(`${env.PIPEDRIVE_API_URL}/api/${path}`, {
      method,
      headers: { "x-api-token": token, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text).data;
  };
}

/** Saves the settings as they are, with some changed. */
export async function saveSettings(env, who, changes) {
  const { call } = await session(env, "settings", who.company, who.user);
  const answer = await call("/settings/save", { ...fieldsOf((await call("/settings/page")).text), ...changes });
  if (answer.status !== 200) throw new Error(`the settings were not saved: ${answer.status} ${answer.text}`);
  return answer;
}

export const control = (env, path, body, method = "POST") =>
  fetch(`${env.CONTROL_URL}${path}`, { method, headers: { "content-type": "application/json" }, ...(body ? { body: JSON.stringify(body) } : {}) });

/** Follows an answer that says "we are checking" to its end. */
export async function settled(call, answer) {
  for (let at = 0; at < 60; at++) {
    const progress = /hx-get="(\/invoices\/[^"]+\/progress)"/.exec(answer.text);
    if (!progress) return answer;
    await new Promise((go) => setTimeout(go, 500));
    answer = await call(progress[1]);
  }
  return answer;
}

/** Who chooses a currency here gives the prices in it. */
const pricesIn = (changes) => ({ ...(changes.currency ? { priced_in: changes.currency } : {}), ...changes });

/** The form of a deal, as this user gets it, with some fields changed. */
export async function openForm(env, who, deal, changes = {}) {
  const { call } = await session(env, "form", who.company, who.user);
  const form = await call(`/deals/${deal}/form`);
  if (form.status !== 200) throw new Error(`the form of deal ${deal} answered ${form.status}: ${form.text}`);
  return { call, text: form.text, fields: { ...fieldsOf(form.text), ...pricesIn(changes) } };
}

/** A new deal of the same organization and person as another one, worth so much that it can be billed many times; its number. */
export async function roomyDeal(env, who, like, changes = {}) {
  const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
  const api = async (path, options) => {
    const answer = await fetch(`${env.PIPEDRIVE_API_URL}/api/v2/deals${path}`, {
      ...options,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    if (!answer.ok) throw new Error(`Pipedrive answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()).data;
  };
  const { title, org_id, person_id, currency } = await api(`/${like}`);
  return (await api("", { method: "POST", body: JSON.stringify({ title, org_id, person_id, currency, value: 900_000_000, ...changes }) })).id;
}

/** Bills the deal unless it has an invoice: what a test starts from, whichever ran before it. */
export async function billedOnce(env, who, deal, changes) {
  const { call } = await session(env, "panel", who.company, who.user);
  if (!/class="invoice"/.test((await call(`/panel/deal/${deal}`)).text)) await bill(env, who, deal, changes);
}

/** A form whose person looks at nothing that others bill meanwhile: for many invoices of one form, each with a key of its own. */
export const unseen = (fields) => ({ ...fields, seen: "" });

/** The answer to the question before *Create*, if one is asked. */
export const questionOf = (html) => /name="confirmed" value="([^"]*)"/.exec(html)?.[1]?.replaceAll("&#32;", " ");

/** Posts a form, and confirms what is asked: that more than the deal is billed. */
export async function create(call, deal, fields) {
  let answer = await call(`/deals/${deal}/invoices`, fields);
  // Others may bill the deal between the question and its answer: then it is asked again.
  for (let asked = 0; asked < 50 && answer.status === 409; asked++) {
    const confirmed = questionOf(answer.text);
    if (confirmed === undefined) break;
    answer = await call(`/deals/${deal}/invoices`, { ...fields, confirmed });
  }
  return settled(call, answer);
}

/** The whole of a deal, whatever was billed of it before. */
export async function openWhole(env, who, deal, changes = {}) {
  const { call, text, fields } = await openForm(env, who, deal);
  const isBegun = /data-part="remaining"/.test(text) || !/<tbody><tr>/.test(text);
  if (isBegun) {
    const whole = await call(`/deals/${deal}/form/change?part=all`, fields);
    return { call, text: whole.text, fields: { ...fieldsOf(whole.text), ...pricesIn(changes) } };
  }
  return { call, text, fields: { ...fields, ...pricesIn(changes) } };
}

/** Creates an invoice for the whole of a deal, whatever was billed of it before; its number. */
export async function bill(env, who, deal, changes) {
  const { call, fields } = await openWhole(env, who, deal, changes);
  const answer = await create(call, deal, fields);
  const number = /data-number="([^"]*)"/.exec(answer.text)?.[1];
  if (answer.status !== 200 || number === undefined) throw new Error(`deal ${deal} was not billed: ${answer.status} ${answer.text}`);
  return number;
}
