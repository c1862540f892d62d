// The main steps of a user: install, connect, open records. And what is read back from the providers.
import { plain } from "./browser.mjs";
import { control } from "./http.mjs";

/** @import { Env } from "../scripts/stack.mjs" */
/** @import { Page } from "playwright-core" */

export const panel = (/** @type {Page} */ page) => page.frameLocator(".panel iframe");
export const form = (/** @type {Page} */ page) => page.frameLocator("dialog.modal iframe");
export const settings = (/** @type {Page} */ page) => page.frameLocator(".settings iframe");

/** @param {Page} page
 * @param {Env} env
 * @param {string} user */
export async function signIn(page, env, user) {
  await page.goto(env.PIPEDRIVE_WEB_URL);
  await page.getByRole("button", { name: user }).click();
  await page.waitForURL("**/deals");
}

/** From the Marketplace to the settings page within Pipedrive.
 * @param {Page} page
 * @param {Env} env
 * @param {{ quickbooksUser: string, quickbooksCompany: string, words: { install: string, connect: string } }} choices */
export async function install(page, env, { quickbooksUser, quickbooksCompany, words }) {
  await page.goto(`${env.PIPEDRIVE_WEB_URL}/marketplace`);
  await page.getByRole("link", { name: words.install, exact: true }).click();
  await page.getByRole("button", { name: "Allow and install" }).click();
  await page.getByText(quickbooksUser).click();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(quickbooksCompany).first().click();
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("button", { name: words.connect, exact: true }).click();
  await page.waitForURL("**/app-settings");
}

/** @param {Page} page
 * @param {Env} env
 * @param {number} id */
export const openDeal = (page, env, id) => openRecord(page, env, "deal", id);

/** Opens the page of a deal, person or organization, and waits for the panel.
 * @param {Page} page
 * @param {Env} env
 * @param {string} entity
 * @param {number} id */
export async function openRecord(page, env, entity, id) {
  await page.goto(`${env.PIPEDRIVE_WEB_URL}/${entity}/${id}`);
  await panel(page).locator("#more").waitFor();
}

/** Opens the menu of an invoice.
 * @param {Page} page
 * @param {string} number */
export async function menu(page, number) {
  const row = panel(page).locator(".invoice", { hasText: number });
  await row.locator(".dots").click();
  return row.locator(".menu");
}

/** Queries of a company's books, with an access token from the control port, to read back what was written.
 * @param {Env} env
 * @param {string} realm
 * @returns {Promise<(statement: string) => Promise<Record<string, any>>>} */
export async function quickbooks(env, realm) {
  const granted = await fetch(`${env.CONTROL_URL}/quickbooks/grants`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ realm_id: realm }),
  });
  const { access_token: token } = await granted.json();
  return async (statement) => {
    const url = new URL(`${env.QUICKBOOKS_API_URL}/v3/company/${realm}/query`);
    url.searchParams.set("query", statement);
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}`, accept: "application/json" } });
    return (await answer.json()).QueryResponse;
  };
}

/** The notes of a deal as texts, the oldest first, as soon as there are so many; what there is after some seconds.
 * @param {Env} env
 * @param {{ company: number, user: number }} who
 * @param {number} deal
 * @param {number} count
 * @returns {Promise<string[]>} */
export async function notesOf(env, who, deal, count, patience = 150) {
  const granted = await (await control(env, "/pipedrive/grants", { company_id: who.company, user_id: who.user })).json();
  for (let at = 0; ; at++) {
    const answer = await fetch(`${env.PIPEDRIVE_API_URL}/api/v1/notes?deal_id=${deal}&limit=500&sort=add_time ASC`, {
      headers: { authorization: `Bearer ${granted.access_token}` },
    });
    const found = ((await answer.json()).data ?? []).map((/** @type {{ content: string }} */ note) => plain(note.content.replace(/<[^>]+>/g, "")));
    if (found.length >= count || at > patience) return found;
    await new Promise((go) => setTimeout(go, 100));
  }
}
