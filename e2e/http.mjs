// A person without a browser: installs, connects and bills over plain HTTP, with a cookie jar of their own.
import { createHmac } from "node:crypto";
import { request } from "node:http";

/** @import { Env } from "../scripts/stack.mjs" */
/** @import { Account } from "./people.mjs" */

/**
 * A request's method, body and headers.
 * @typedef {{ method?: string, body?: URLSearchParams | string, headers?: Record<string, string> }} Options
 *
 * The fields of a form. Numbers and booleans are sent as texts, and absent ones as "undefined".
 * @typedef {Record<string, string | number | boolean | undefined> | string[][] | URLSearchParams} Fields
 *
 * Fields of a form that are changed before it is posted.
 * @typedef {Record<string, string>} Changes
 *
 * @typedef {{ status: number, text: string, headers: Headers }} Answer
 *
 * A request with the session's bearer: a POST if there are fields.
 * @typedef {(path: string, fields?: Fields) => Promise<Answer>} Call
 *
 * @typedef {ReturnType<typeof browser>} Browser
 * @typedef {Awaited<ReturnType<Browser["go"]>>} Page
 */

/** The first group of a pattern in a text. Throws if the text does not match.
 * @param {RegExp} pattern
 * @param {string | null | undefined} text
 * @returns {string} */
export function capture(pattern, text) {
  const found = pattern.exec(text ?? "")?.[1];
  if (found === undefined) throw new Error(`nothing matches ${pattern} in: ${text?.slice(0, 2000)}`);
  return found;
}

/** A value that must be there. Throws if it is not.
 * @template T
 * @param {T | null | undefined} value
 * @returns {T} */
export function required(value, what = "the value") {
  if (value === null || value === undefined) throw new Error(`${what} is not there`);
  return value;
}

/** The port that a server listens on.
 * @param {import("node:net").Server} server */
export const portOf = (server) => /** @type {import("node:net").AddressInfo} */ (server.address()).port;

/** A promise, and what settles it.
 * @template [T=void]
 * @returns {{ promise: Promise<T>, resolve: (value: T) => void }} */
export function deferred() {
  /** @type {(value: T) => void} */
  let resolve = () => undefined;
  const promise = new Promise((/** @type {(value: T) => void} */ go) => (resolve = go));
  return { promise, resolve };
}

/** Where an answer redirects to. Throws if it does not.
 * @param {Response | Answer} answer
 * @returns {string} */
export function redirectOf(answer) {
  const to = answer.headers.get("location");
  if (to === null) throw new Error(`no redirect, but status ${answer.status}`);
  return to;
}

/** A form's body.
 * @param {Fields} fields */
export const encoded = (fields) => new URLSearchParams(/** @type {Record<string, string>} */ (fields));

/** Follows redirects by hand and keeps each host's cookies, as a browser does. */
export function browser() {
  /** @type {Map<string, Map<string, string>>} */
  const jar = new Map();
  /** @param {string | URL} url */
  const cookies = (url) => [...(jar.get(new URL(url).hostname) ?? new Map())].map(([name, value]) => `${name}=${value}`).join("; ");
  /** One request, whose redirect is not followed.
   * @param {string | URL} url
   * @param {Options} options */
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
    /** Follows redirects; the last answer and its address.
     * @param {string} url
     * @param {Options} [options] */
    async go(url, options) {
      let response = await once(url, options);
      while (response.status >= 300 && response.status < 400) {
        url = new URL(redirectOf(response), url).href;
        response = await once(url);
      }
      return { url, response, text: await response.text() };
    },
  };
}

/** A request as it is written, with methods and headers that `fetch` does not send; it follows nothing.
 * @param {string | URL} url
 * @param {{ method?: string, headers?: import("node:http").OutgoingHttpHeaders, body?: string }} options
 * @returns {Promise<{ status: number, headers: import("node:http").IncomingHttpHeaders, names: string[], text: string }>} */
export const raw = (url, { method = "GET", headers = {}, body = "" } = {}) =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers, ...(body ? { "content-length": Buffer.byteLength(body) } : {}) } }, (answer) => {
      const end = (/** @type {string} */ text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, names: answer.rawHeaders, text });
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

/** @param {Fields} fields */
const formOf = (fields) => ({ method: "POST", body: encoded(fields) });

/** The callback's address with a live code and state, as an attacker would hand it to somebody else.
 * @param {Env} env
 * @param {{ user: number }} who */
export async function liveCallback(env, { user }, person = browser()) {
  await person.once(`${env.PIPEDRIVE_WEB_URL}/sign-in`, formOf({ user_id: String(user) }));
  const consent = await person.go(`${env.FATURA_URL}/install`);
  const asked = Object.fromEntries(new URL(consent.url).searchParams);
  return redirectOf(await person.once(env.PIPEDRIVE_AUTHORIZE_URL, formOf({ ...asked, decision: "allow" })));
}

/** Signs in, installs, and continues to Intuit; or to the settings, if a company is connected already.
 * @param {Env} env
 * @param {{ user: number }} who
 * @param {Browser} person */
export async function installUntilIntuit(env, { user }, person) {
  await person.once(`${env.PIPEDRIVE_WEB_URL}/sign-in`, formOf({ user_id: String(user) }));
  const consent = await person.go(`${env.FATURA_URL}/install`);
  const asked = Object.fromEntries(new URL(consent.url).searchParams);
  return person.go(env.PIPEDRIVE_AUTHORIZE_URL, formOf({ ...asked, decision: "allow" }));
}

/** Allows access at Intuit: the callback's address with the code, which is not followed.
 * @param {Env} env
 * @param {{ sub: string, realm: string }} who
 * @param {Browser} person
 * @param {{ url: string }} intuit */
export async function callbackOfIntuit(env, { sub, realm }, person, intuit) {
  const asked = Object.fromEntries(new URL(intuit.url).searchParams);
  return redirectOf(await person.once(env.QUICKBOOKS_AUTHORIZE_URL, formOf({ ...asked, user: sub, realm_id: realm, decision: "allow" })));
}

/** From Intuit's sign-in to the page that names both companies.
 * @param {Env} env
 * @param {{ sub: string, realm: string }} who
 * @param {Browser} person
 * @param {{ url: string }} intuit */
export async function consentAtIntuit(env, who, person, intuit) {
  const page = await person.go(await callbackOfIntuit(env, who, person, intuit));
  return { page, pending: new URL(page.url).searchParams.get("pending") ?? "", state: new URL(intuit.url).searchParams.get("state") ?? "" };
}

/** Answers the page that names both companies.
 * @param {Env} env
 * @param {Browser} person
 * @param {string} pending */
export const decide = (env, person, pending, decision = "connect") => person.go(`${env.FATURA_URL}/quickbooks/confirm`, formOf({ pending, decision }));

/** From the signed settings page, in a new tab, to the page that names both companies.
 * @param {Env} env
 * @param {Account} who */
export async function connectUntilConfirmation(env, who, person = browser()) {
  const { call } = await session(env, "settings", who.company, who.user);
  const { url } = JSON.parse((await call("/settings/connect", {})).text);
  return { person, url, ...(await consentAtIntuit(env, who, person, await person.go(url))) };
}

/** Installs and connects, unless a company is connected already.
 * @param {Env} env
 * @param {Account} who */
export async function installed(env, who) {
  const person = browser();
  const intuit = await installUntilIntuit(env, who, person);
  if (intuit.url.startsWith(env.PIPEDRIVE_WEB_URL)) return person;
  const { pending } = await consentAtIntuit(env, who, person, intuit);
  await decide(env, person, pending);
  return person;
}

const base64 = (/** @type {string} */ value) => Buffer.from(value).toString("base64url");

/** A token as Pipedrive signs it.
 * @param {string} secret
 * @param {object} claims
 * @param {{ alg: string, typ?: string }} header */
export function signed(secret, claims, header = { alg: "HS256", typ: "JWT" }) {
  const body = `${base64(JSON.stringify(header))}.${base64(JSON.stringify(claims))}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** @param {number} companyId
 * @param {number} userId */
export const claims = (companyId, userId) => ({ companyId, userId, iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300 });

/** Requests with a bearer for one surface. Without a session there is no bearer, and each call gets the refusal.
 * @param {Env} env
 * @param {string} surface
 * @param {number} companyId
 * @param {number} userId
 * @returns {Promise<{ status: number, bearer: string, call: Call }>} */
export async function session(env, surface, companyId, userId) {
  const secret = env[/** @type {"PIPEDRIVE_JWT_SECRET_PANEL"} */ (`PIPEDRIVE_JWT_SECRET_${surface.toUpperCase()}`)];
  const answer = await fetch(`${env.FATURA_URL}/session/${surface}`, {
    method: "POST",
    headers: { authorization: `Bearer ${signed(secret, claims(companyId, userId))}` },
  });
  if (!answer.ok) {
    const refusal = { status: answer.status, text: await answer.text(), headers: answer.headers };
    return { status: answer.status, bearer: "", call: async () => refusal };
  }
  const { bearer } = await answer.json();
  /** @type {Call} */
  const call = async (path, fields) => {
    const options = fields ? formOf(fields) : {};
    const response = await fetch(`${env.FATURA_URL}${path}`, { ...options, headers: { authorization: `Bearer ${bearer}` } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { status: 200, bearer, call };
}

/** The fields of an open form, as a browser would post them.
 * @param {string} html */
export function fieldsOf(html) {
  const live = html.replace(/<template>.*?<\/template>/s, "");
  const decode = (/** @type {string} */ text) =>
    text
      .replaceAll("&#34;", '"')
      .replaceAll("&#38;", "&")
      .replaceAll("&#39;", "'")
      .replaceAll("&#60;", "<")
      .replaceAll("&#62;", ">")
      .replaceAll("&amp;", "&")
      .replaceAll("&quot;", '"');
  /** @type {Record<string, string>} */
  const fields = {};
  for (const [tag, name] of live.matchAll(/<input[^>]*? name="([^"]+)"[^>]*>/g))
    if (!/type="checkbox"/.test(tag) || / checked/.test(tag)) fields[name] = decode(/ value="([^"]*)"/.exec(tag)?.[1] ?? "");
  for (const [, name, content] of live.matchAll(/<textarea[^>]*? name="([^"]+)"[^>]*>(.*?)<\/textarea>/gs)) fields[name] = decode(content);
  for (const [, name, options] of live.matchAll(/<select[^>]*? name="([^"]+)"[^>]*>(.*?)<\/select>/gs)) {
    fields[name] = /<option value="([^"]*)" selected/.exec(options)?.[1] ?? /<option value="([^"]*)"/.exec(options)?.[1] ?? "";
  }
  return fields;
}

/** Calls to Pipedrive's API with a user's own API token, which takes no access token's place. A call returns the answer's data.
 * @param {Env} env
 * @param {{ company: number, user: number }} who */
export async function pipedriveApi(env, who) {
  const { api_token: token } = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
  return async (/** @type {string} */ method, /** @type {string} */ path, /** @type {object | undefined} */ body = undefined) => {
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

/** Saves the settings as they are, with some changed.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {Record<string, string | number | boolean>} changes */
export async function saveSettings(env, who, changes) {
  const { call } = await session(env, "settings", who.company, who.user);
  const answer = await call("/settings/save", { ...fieldsOf((await call("/settings/page")).text), ...changes });
  if (answer.status !== 200) throw new Error(`the settings were not saved: ${answer.status} ${answer.text}`);
  return answer;
}

/** A request to the sandbox's control port.
 * @param {Pick<Env, "CONTROL_URL">} env
 * @param {string} path
 * @param {unknown} [body] */
export const control = (env, path, body, method = "POST") =>
  fetch(`${env.CONTROL_URL}${path}`, { method, headers: { "content-type": "application/json" }, ...(body ? { body: JSON.stringify(body) } : {}) });

/** Follows an answer that says "we are checking" to its end.
 * @param {Call} call
 * @param {Answer} answer */
export async function settled(call, answer) {
  for (let at = 0; at < 60; at++) {
    const progress = /hx-get="(\/invoices\/[^"]+\/progress)"/.exec(answer.text);
    if (!progress) return answer;
    await new Promise((go) => setTimeout(go, 500));
    answer = await call(progress[1]);
  }
  return answer;
}

/** Prices are given in the chosen currency.
 * @param {Changes} changes */
const pricesIn = (changes) => ({ ...(changes.currency ? { priced_in: changes.currency } : {}), ...changes });

/** The form of a deal, as this user gets it, with some fields changed.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {number | string} deal
 * @param {Changes} changes
 * @returns {Promise<{ call: Call, text: string, fields: Record<string, string> }>} */
export async function openForm(env, who, deal, changes = {}) {
  const { call } = await session(env, "form", who.company, who.user);
  const form = await call(`/deals/${deal}/form`);
  if (form.status !== 200) throw new Error(`the form of deal ${deal} answered ${form.status}: ${form.text}`);
  return { call, text: form.text, fields: { ...fieldsOf(form.text), ...pricesIn(changes) } };
}

/** A new deal of the same organization and person as another one, worth so much that it can be billed many times; its number.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {number} like
 * @param {object} changes
 * @returns {Promise<number>} */
export async function roomyDeal(env, who, like, changes = {}) {
  const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
  const api = async (/** @type {string} */ path, /** @type {RequestInit} */ options = {}) => {
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

/** Bills the deal unless it has an invoice: the state that a test starts from, whichever ran before it.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {number} deal
 * @param {Changes} [changes] */
export async function billedOnce(env, who, deal, changes) {
  const { call } = await session(env, "panel", who.company, who.user);
  if (!/class="invoice"/.test((await call(`/panel/deal/${deal}`)).text)) await bill(env, who, deal, changes);
}

/** A form that does not name the invoices that its user saw: for many invoices of one form, each with an intent key of its own.
 * @param {Record<string, string>} fields
 * @returns {Record<string, string>} */
export const unseen = (fields) => ({ ...fields, seen: "" });

/** The answer to the question before *Create*, if one is asked.
 * @param {string} html */
export const questionOf = (html) => /name="confirmed" value="([^"]*)"/.exec(html)?.[1]?.replaceAll("&#32;", " ");

/** Posts a form, and confirms what is asked: that more than the deal is billed.
 * @param {Call} call
 * @param {number | string} deal
 * @param {Record<string, string | number>} fields */
export async function create(call, deal, fields) {
  let answer = await call(`/deals/${deal}/invoices`, fields);
  // If others bill the deal between the question and its answer, the question comes again.
  for (let asked = 0; asked < 50 && answer.status === 409; asked++) {
    const confirmed = questionOf(answer.text);
    if (confirmed === undefined) break;
    answer = await call(`/deals/${deal}/invoices`, { ...fields, confirmed });
  }
  return settled(call, answer);
}

/** The form for the whole of a deal, whatever was billed of it before.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {number | string} deal
 * @param {Changes} changes
 * @returns {Promise<{ call: Call, text: string, fields: Record<string, string> }>} */
export async function openWhole(env, who, deal, changes = {}) {
  const { call, text, fields } = await openForm(env, who, deal);
  const isBegun = /data-part="remaining"/.test(text) || !/<tbody><tr>/.test(text);
  if (isBegun) {
    const whole = await call(`/deals/${deal}/form/change?part=all`, fields);
    return { call, text: whole.text, fields: { ...fieldsOf(whole.text), ...pricesIn(changes) } };
  }
  return { call, text, fields: { ...fields, ...pricesIn(changes) } };
}

/** Creates an invoice for the whole of a deal, whatever was billed of it before; its number.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {number | string} deal
 * @param {Changes} [changes] */
export async function bill(env, who, deal, changes) {
  const { call, fields } = await openWhole(env, who, deal, changes);
  const answer = await create(call, deal, fields);
  const number = /data-number="([^"]*)"/.exec(answer.text)?.[1];
  if (answer.status !== 200 || number === undefined) throw new Error(`deal ${deal} was not billed: ${answer.status} ${answer.text}`);
  return number;
}
