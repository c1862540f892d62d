// `make screenshots`: every state of every page, in three languages and both themes, into target/screenshots. The best
// of them, written there as well, stand in README and docs (`make screenshots DOCS=1` puts them there).
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { start } from "../scripts/stack.mjs";
import { assertAccessible, openBrowser } from "./browser.mjs";
import { bill, control, installed, session } from "./http.mjs";
import { BR, CASCADE, US } from "./people.mjs";
import { form, openDeal, openRecord, panel, quickbooks, settings, signIn } from "./story.mjs";

const root = join(import.meta.dirname, "..");
const out = join(root, "target", "screenshots");
const LANGUAGES = [
  {
    language: "pt-BR",
    locale: "pt_BR",
    who: BR,
    deal: 3,
    other: 1,
    organization: 103,
    billed: { customer: "4", customer_name: "Instituto Jequitibá", customer_currency: "BRL", "lines[0][item]": "10", "lines[0][tax_code]": "2" },
    find: "Café",
  },
  { language: "en", locale: "en_US", who: US, deal: 3, other: 1, organization: 401, billed: { ...CASCADE, "lines[0][item]": "12" }, find: "Harbor" },
  { language: "es", locale: "es_ES", who: US, deal: 3, other: 1, organization: 401, billed: null, find: "Harbor" },
];
const inaccessible = [];
const THEMES = ["light", "dark"];

const post = async (env, path, body) => {
  const answer = await control(env, path, body);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
};

/** Six invoices on one deal, one for each badge. */
async function badges(env, { who, deal, billed }) {
  const books = await quickbooks(env, who.realm);
  const made = {};
  for (const [badge, dates] of /** @type {[string, Record<string, string>][]} */ ([
    ["deleted", {}],
    ["voided", {}],
    ["paid", {}],
    ["overdue", { issued: "2026-09-01", due: "2026-10-01" }],
    ["partly", {}],
    ["open", {}],
  ])) {
    const number = await bill(env, who, deal, { ...billed, ...dates, "lines[0][quantity]": "1", "lines[0][unit_price]": "1250" });
    made[badge] = (await books(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0];
  }
  const of = (badge) => ({ realm_id: who.realm, invoice_id: made[badge].Id });
  await post(env, "/quickbooks/payment", { ...of("partly"), amount: 300 });
  await post(env, "/quickbooks/payment", { ...of("overdue"), amount: 50 });
  await post(env, "/quickbooks/payment", of("paid"));
  for (const [act, badge] of [
    ["void", "voided"],
    ["delete", "deleted"],
  ])
    await post(env, `/quickbooks/${act}`, { realm_id: who.realm, entity: "Invoice", id: made[badge].Id });
  const { call } = await session(env, "panel", who.company, who.user);
  for (let at = 0; at < 100; at++) {
    if (/data-status="deleted"/.test((await call(`/panel/deal/${deal}`)).text)) return;
    await new Promise((go) => setTimeout(go, 100));
  }
}

/** A picture of a part of the page; accessibility violations are printed at the end. */
async function shoot(target, folder, name) {
  await target.scrollIntoViewIfNeeded?.();
  const page = target.page?.() ?? target;
  await assertAccessible(page, `${folder}/${name}`).catch((error) => inaccessible.push(error.message));
  await target.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

const card = (page) => page.locator(".panel").first();
const settingsPage = (env) => `${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`;

async function unconnected(env, page, folder, { deal }) {
  await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/${deal}`);
  await panel(page).locator("#main .notice").waitFor();
  await shoot(card(page), folder, "panel-not-connected");
  await page.goto(settingsPage(env));
  await settings(page).locator("#settings-form").waitFor();
  await shoot(page.locator(".settings").first(), folder, "settings-not-connected");
  for (const name of ["pipedrive-refused", "quickbooks-expired", "quickbooks-connected-elsewhere", "quickbooks-failed"]) {
    await page.goto(`${env.FATURA_URL}/outcome/${name}`);
    await shoot(page, folder, `plain-${name}`);
  }
}

async function connected(env, page, folder, { who, deal, other, organization, find }) {
  // As at the first time: without the draft of an earlier walk.
  await (await session(env, "form", who.company, who.user)).call(`/deals/${other}/form/discard`, {});
  await openDeal(page, env, other);
  await shoot(card(page), folder, "panel-empty");
  await panel(page).locator("button.go").click();
  await form(page).locator("#create").waitFor();
  await shoot(page, folder, "form");
  await form(page).locator("#customer_name").fill(find);
  const best = form(page).locator("#customers [role=option]:visible", { hasText: find }).first();
  await best.waitFor();
  await page.waitForTimeout(500);
  await shoot(page, folder, "form-customers");
  await best.click();
  await form(page).locator("#email").fill("new@customer.example");
  await form(page).locator(".changes").waitFor();
  await shoot(page, folder, "form-update-customer");
  await form(page).locator("#due").fill("2020-01-01");
  await form(page).locator("#due-error").waitFor();
  await form(page).locator("#lines-0-quantity").fill("x");
  await form(page).locator("#create").click({ force: true });
  await form(page).locator("[data-errors]").waitFor();
  await shoot(page, folder, "form-errors");
  await form(page).locator("#total").scrollIntoViewIfNeeded();
  await shoot(page, folder, "form-lines");
  await page.reload();
  await openDeal(page, env, deal);
  await panel(page).locator(".invoice").first().waitFor();
  await shoot(card(page), folder, "panel-badges");
  await shoot(page, folder, "deal");
  await panel(page).locator(".invoice .dots").first().click();
  await shoot(page, folder, "panel-menu");
  await panel(page).locator(".menu:popover-open button").first().click();
  await panel(page).locator(".recipient").waitFor();
  await shoot(card(page), folder, "panel-send");
  await panel(page).locator(".recipient button").last().click();
  await panel(page).locator(".invoice .dots").first().click();
  await panel(page).locator(".menu:popover-open [data-act=confirm]").first().click();
  await page.getByRole("dialog").waitFor();
  await shoot(page, folder, "panel-void-question");
  await page.getByRole("dialog").getByRole("button").first().click();
  await openRecord(page, env, "organization", organization);
  await shoot(card(page), folder, "panel-organization");
  await page.goto(settingsPage(env));
  await settings(page).locator("#settings-form").waitFor();
  await settings(page).locator("#deal").selectOption({ index: 1 });
  await settings(page).locator(".tried").waitFor();
  await shoot(page.locator(".settings").first(), folder, "settings");
  await settings(page).locator("#write-number").scrollIntoViewIfNeeded();
  await shoot(page.locator(".settings").first(), folder, "settings-rights");
}

async function away(env, page, folder, { deal }) {
  await openDeal(page, env, deal);
  await panel(page).locator(".invoice").first().waitFor();
  await post(env, "/faults", { provider: "quickbooks", times: 20, effect: { status: 503 } });
  await panel(page).locator("#refresh").click();
  await panel(page).getByRole("alert").waitFor();
  await shoot(card(page), folder, "panel-away");
  await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
}

/** How long Fatura caches a user's language. */
const PROFILE_LIFE = 21_000;
const spoken = new Map();

async function speak(env, { who, locale }, theme) {
  await post(env, "/pipedrive/users", { user_id: who.user, locale, theme });
  const before = spoken.get(who.user);
  spoken.set(who.user, locale);
  if (before !== locale) await new Promise((go) => setTimeout(go, PROFILE_LIFE));
}

async function walk(env, part) {
  for (const each of LANGUAGES) {
    for (const theme of THEMES) {
      const folder = join(out, each.language, theme);
      mkdirSync(folder, { recursive: true });
      await speak(env, each, theme);
      await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
      const browser = await openBrowser(each.language);
      try {
        await signIn(browser.page, env, each.who.name);
        await part(env, browser.page, folder, each);
      } finally {
        await browser.close();
      }
    }
  }
}

rmSync(out, { recursive: true, force: true });
const dir = join(root, "target", "screenshots-stack");
const stack = await start({ dir, reset: true });
try {
  const { env } = stack;
  // Installed, but not connected: the access is revoked.
  for (const who of [BR, US]) await installed(env, who);
  for (const who of [BR, US]) await (await session(env, "settings", who.company, who.user)).call("/settings/disconnect", {});
  await walk(env, unconnected);
  for (const who of [BR, US]) await installed(env, who);
  for (const each of LANGUAGES.filter(({ billed }) => billed)) await badges(env, each);
  await walk(env, connected);
  await walk(env, away);
} finally {
  await stack.stop();
}

const BEST = {
  "deal-pt": "pt-BR/light/deal",
  "deal-en": "en/light/deal",
  "deal-es": "es/light/deal",
  "form-pt": "pt-BR/light/form",
  "form-en": "en/light/form",
  "form-es": "es/light/form",
  "settings-pt": "pt-BR/light/settings",
  "settings-en": "en/light/settings",
  "settings-es": "es/light/settings",
};
if (process.env.DOCS === "1") for (const [name, from] of Object.entries(BEST)) cpSync(join(out, `${from}.png`), join(root, "docs", "pictures", `${name}.png`));
console.log(`screenshots in ${out}; ${inaccessible.length} of them with something that is not accessible`);
if (inaccessible.length) {
  console.error(inaccessible.join("\n"));
  process.exitCode = 1;
}
