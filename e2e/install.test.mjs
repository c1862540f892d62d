// Installing and connecting, with cancellations and errors, in a real browser.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, billedOnce, control, installed, openForm, required, session } from "./http.mjs";
import { BR, CASCADE, LUCIA, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openDeal, panel, quickbooks, settings } from "./story.mjs";

/** @import { Page } from "playwright-core" */

/** Placeholders for Intuit's pictures, which we may not distribute. */
const drawn = (colour) => `<svg xmlns="http://www.w3.org/2000/svg" width="214" height="40"><rect width="214" height="40" rx="4" fill="${colour}"/></svg>`;
const { env, as } = scene("install", undefined, (dir) => {
  for (const [name, colour] of [
    ["rest", "#2ca01c"],
    ["hover", "#108000"],
  ])
    writeFileSync(join(dir, `${name}.svg`), drawn(colour));
  return { FATURA_QUICKBOOKS_CONNECT_PICTURE: join(dir, "rest.svg"), FATURA_QUICKBOOKS_CONNECT_PICTURE_HOVER: join(dir, "hover.svg") };
});

/** A plain page that says what happened, with a link to the next step.
 * @param {Page} page
 * @param {{ title: string, text: string, next?: string }} expected
 * @param {string} name */
async function outcome(page, { title, text, next }, name) {
  await page.getByRole("heading", { name: title }).waitFor();
  await page.getByText(text).waitFor();
  if (next) await page.getByRole("link", { name: next }).waitFor();
  await assertAccessible(page, name);
  await picture(page, name);
}

/** Whether a user has the app, according to Pipedrive. */
async function installedAt({ company, user }) {
  const { companies } = await (await control(env, "/pipedrive/companies", undefined, "GET")).json();
  return companies.find(({ id }) => id === company).users.find(({ id }) => id === user).installed;
}

const uninstall = (company, user) => control(env, "/pipedrive/uninstall", { company_id: company, ...(user ? { user_id: user } : {}) });

test("installing works after it was cancelled at Pipedrive's consent, at Intuit's consent and at the confirmation", { timeout: 120_000 }, () =>
  as(BR, async (page) => {
    await page.goto(`${env.FATURA_URL}/install`);
    // Only the needed scopes are requested.
    assert.match((await page.locator("main, body").first().textContent()) ?? "", /deal/i);
    await page.getByRole("button", { name: "Cancel" }).click();
    await outcome(page, { title: "Nada foi conectado", text: "Você cancelou na página de autorização.", next: "Instalar de novo" }, "install-cancelled-pt");
    await page.getByRole("link", { name: "Instalar de novo" }).click();
    await page.getByRole("button", { name: "Allow and install" }).click();
    await page.getByText("Renata Prado").click();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    // The app is installed nevertheless: the page says so, and what to do next.
    const cancelled = {
      title: "O QuickBooks não está conectado",
      text: "O Fatura está instalado na conta do Pipedrive de Aurora Soluções Ltda.",
      next: "Tentar de novo",
    };
    await outcome(page, cancelled, "connect-cancelled-pt");
    // In another browser the same address shows no names.
    const elsewhere = await (await fetch(page.url(), { headers: { "accept-language": "pt-BR" } })).text();
    assert.match(elsewhere, /Nada foi conectado/);
    assert.doesNotMatch(elsewhere, /Aurora|again|app-settings/);
    await page.getByRole("link", { name: "Tentar de novo" }).click();
    await page.getByText("Renata Prado").click();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText(cancelled.text).waitFor();
    await page.getByRole("link", { name: "Abrir as configurações do Fatura" }).click();
    await page.waitForURL("**/app-settings");
    await settings(page).getByText("Nenhuma empresa do QuickBooks está conectada.").waitFor();
    assert.equal(await installedAt(BR), true);
    // The app is installed, but not connected: the panel links to the next step.
    await openDeal(page, env, 1);
    await panel(page).getByText("O QuickBooks não está conectado").waitFor();
    await assertAccessible(page, "panel before anything is connected");
    await picture(page, "panel-not-connected-pt");
    await panel(page).getByRole("link", { name: "Abrir as configurações do Fatura" }).click();
    await settings(page).getByText("Nenhuma empresa do QuickBooks está conectada.").waitFor();
    // Intuit's own picture, which changes on hover, with an alternative text.
    const connect = settings(page).getByRole("button", { name: "Conectar ao QuickBooks" });
    const [rest, hover] = await connect.locator("img").all();
    assert.ok(await rest.evaluate((/** @type {HTMLImageElement} */ image) => image.complete && image.naturalWidth === 214), "the picture is there");
    assert.equal(await hover.isVisible(), false);
    await connect.hover();
    assert.equal(await hover.isVisible(), true);
    await assertAccessible(page, "settings before anything is connected");
    await picture(page, "settings-empty-pt");
    const opened = page.context().waitForEvent("page");
    await settings(page).getByRole("button", { name: "Conectar ao QuickBooks" }).click();
    const tab = await opened;
    await tab.getByText("Renata Prado").click();
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByText("Aurora Soluções").first().click();
    await tab.getByRole("button", { name: "Connect", exact: true }).click();
    await tab.getByRole("heading", { name: "Conectar estas duas empresas?" }).waitFor();
    assert.match(plain(await tab.locator("dl").textContent()), /Aurora Soluções.*Aurora Soluções Ltda/s);
    await assertAccessible(tab, "the last question");
    await picture(tab, "connect-question-pt");
    await tab.getByRole("button", { name: "Cancelar" }).click();
    await outcome(
      tab,
      { title: "O QuickBooks não está conectado", text: "O acesso ao QuickBooks foi revogado.", next: "Tentar de novo" },
      "connect-declined-pt",
    );
    assert.equal((await session(env, "form", BR.company, BR.user).then(({ call }) => call("/deals/1/form"))).status, 409, "nothing half-stored");
    // Tried again from there, it is connected.
    await tab.getByRole("link", { name: "Tentar de novo" }).click();
    await tab.getByText("Renata Prado").click();
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByText("Aurora Soluções").first().click();
    await tab.getByRole("button", { name: "Connect", exact: true }).click();
    await tab.getByRole("button", { name: "Conectar", exact: true }).click();
    await tab.waitForURL("**/app-settings");
    assert.equal((await session(env, "form", BR.company, BR.user).then(({ call }) => call("/deals/1/form"))).status, 200);
    // Going to Intuit again and cancelling keeps the connection.
    const { bearer } = await session(env, "settings", BR.company, BR.user);
    const headers = { authorization: `Bearer ${bearer}`, "user-agent": await tab.evaluate(() => navigator.userAgent) };
    await tab.goto((await (await fetch(`${env.FATURA_URL}/settings/connect`, { method: "POST", headers })).json()).url);
    await tab.getByText("Renata Prado").click();
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("button", { name: "Cancel" }).click();
    await outcome(tab, { title: "Nada mudou", text: "Aurora Soluções Ltda continua conectada a Aurora Soluções no QuickBooks." }, "connect-kept-pt");
    await tab.close();
  }),
);

test("cancelling at Intuit's consent leads to a page with the next step, in English and in Spanish", { timeout: 120_000 }, async () => {
  const cancel = (who, name, words) =>
    as(who, async (page) => {
      await page.goto(`${env.FATURA_URL}/install`);
      await page.getByRole("button", { name: "Allow and install" }).click();
      await page.getByText("Dana Whitfield").first().click();
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("button", { name: "Cancel" }).click();
      await outcome(page, words, name);
    });
  await cancel(US, "connect-cancelled-en", {
    title: "QuickBooks is not connected",
    text: "Fatura is installed in the Pipedrive account of Oak Street Catering.",
    next: "Try again",
  });
  await control(env, "/pipedrive/users", { user_id: MIGUEL.user, is_admin: true });
  await cancel(MIGUEL, "connect-cancelled-es", {
    title: "QuickBooks no está conectado",
    text: "Fatura está instalada en la cuenta de Pipedrive de Oak Street Catering.",
    next: "Intentar de nuevo",
  });
  await control(env, "/pipedrive/users", { user_id: MIGUEL.user, is_admin: false });
  await uninstall(US.company);
});

test("an expired link and a missing page are answered in Spanish", { timeout: 60_000 }, () =>
  as(LUCIA, async (page, browser) => {
    await page.goto(`${env.FATURA_URL}/pipedrive/callback?code=x&state=forged`);
    await outcome(page, { title: "Este enlace ha caducado", text: "Empieza de nuevo", next: "Instalar de nuevo" }, "install-expired-es");
    await page.goto(`${env.FATURA_URL}/nothing-here`);
    await page.getByRole("heading", { name: "No encontrado" }).waitFor();
    browser.complaints.length = 0; // the 404 of the address itself
  }),
);

test("a user without the app sees no panel, and a user with the app uses the company's connection", { timeout: 120_000 }, async () => {
  await installed(env, US);
  const number = await bill(env, US, 4, CASCADE);
  await control(env, "/pipedrive/share", { company_id: US.company, shared: true });
  await as(MIGUEL, async (page) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/4`);
    await page
      .getByText(/Fatura/)
      .first()
      .waitFor();
    await picture(page, "panel-not-installed-es");
  });
  await installed(env, MIGUEL);
  await as(MIGUEL, async (page) => {
    await openDeal(page, env, 4);
    await panel(page).locator(".invoice", { hasText: number }).waitFor();
  });
  const made = await bill(env, MIGUEL, 9, CASCADE);
  assert.ok(Number(made) > Number(number));
});

test("one user's uninstallation leaves the app to the others; after the last one, invoices stay in QuickBooks, and reinstalling restores the history", {
  timeout: 120_000,
}, async () => {
  for (const who of [US, MIGUEL]) await installed(env, who);
  await billedOnce(env, US, 4, CASCADE);
  // With a new token each time: uninstalling revokes all tokens of the app.
  const count = async () => (await (await quickbooks(env, US.realm))("select count(*) from Invoice")).totalCount;
  const before = await count();
  await uninstall(US.company, US.user);
  assert.equal((await session(env, "panel", US.company, US.user)).status, 403);
  const { call } = await session(env, "panel", MIGUEL.company, MIGUEL.user);
  assert.equal((await call("/panel/deal/4")).status, 200, "the other goes on");
  assert.ok(await bill(env, MIGUEL, 12, CASCADE));
  await uninstall(US.company);
  assert.equal((await session(env, "panel", MIGUEL.company, MIGUEL.user)).status, 403);
  assert.equal(await count(), before + 1, "invoices are never touched");
  await installed(env, US);
  const again = await session(env, "panel", US.company, US.user);
  const shown = (await again.call("/panel/deal/4")).text;
  assert.match(shown, /class="invoice"/);
  assert.match(shown, /Cascade Robotics, Inc\./, "the link with the customer is back");
  assert.equal((await openForm(env, US, 4)).fields.customer, CASCADE.customer);
});

test("connecting another QuickBooks company replaces the first one, whose invoices stay readable", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    await settings(page).getByText("Connected to Oak Street Catering").waitFor();
    await settings(page).getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect", exact: true }).click();
    const opened = page.context().waitForEvent("page");
    await settings(page).getByRole("button", { name: "Connect to QuickBooks" }).click();
    const tab = await opened;
    await tab.getByText("Sam Okafor").click();
    await tab.getByRole("button", { name: "Sign in" }).click();
    await tab.locator("label", { hasText: "9341452200000006" }).click();
    await tab.getByRole("button", { name: "Connect", exact: true }).click();
    await tab.getByRole("button", { name: "Connect", exact: true }).click();
    await tab.waitForURL("**/app-settings");
    await tab.close();
    await page.bringToFront();
    await settings(page)
      .getByText(/Connected to .*GBP/)
      .waitFor();
    await openDeal(page, env, 4);
    const old = panel(page).locator(".invoice").first();
    await old.waitFor();
    const link = await old.getByRole("link", { name: "Open in QuickBooks", includeHidden: true }).getAttribute("href");
    assert.equal(new URL(required(link)).searchParams.get("deeplinkcompanyid"), US.realm, "it leads to the company that has it");
  }),
);
