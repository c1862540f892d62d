// Open pages while something fails or is slow: the input stays, the failure is shown once, and the page continues.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture } from "./browser.mjs";
import { bill, connectUntilConfirmation, decide, deferred, fieldsOf, installed, openForm, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, menu, openDeal, panel, quickbooks, settings } from "./story.mjs";

/** @import { Browser, Page } from "./browser.mjs" */

const scenery = scene("trouble", (env) => installed(env, US));
const { env, done } = scenery;
const STAFF = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const PROXY = { status: 502, contentType: "text/html", body: "<html><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>" };

const pause = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));
/** Calls of a provider fail until `works` is called.
 * @param {string} provider
 * @param {string} path
 * @param {object} more */
const fails = (provider, path, more = { method: "GET" }) => done("/faults", { provider, path, times: 1000, effect: { status: 503 }, ...more });
const works = () => fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
const draftOf = async (deal) => (await openForm(env, US, deal)).fields;
const invoices = async () => ((await (await quickbooks(env, US.realm))("select * from Invoice maxresults 1000")).Invoice ?? []).length;

async function until(what, is, milliseconds = 15_000) {
  for (const end = Date.now() + milliseconds; Date.now() < end; await pause(100)) if (await is()) return;
  assert.fail(`not within ${milliseconds} ms: ${what}`);
}

/** A user in a browser. Its console logs the failures that the test causes; any other error fails the test.
 * @param {(page: Page, browser: Browser) => Promise<unknown>} story */
const as = (story) =>
  scenery.as(US, async (page, browser) => {
    try {
      await story(page, browser);
    } finally {
      await works();
      await browser.context.unrouteAll({ behavior: "ignoreErrors" });
      const other = browser.complaints
        .splice(0)
        .filter((complaint) => !/Failed to load resource: (net::|the server responded with a status of (401|403|409|429|5\d\d))/.test(complaint));
      browser.complaints.push(...other);
    }
  });

/** @param {Page} page
 * @param {number} deal */
async function openFormOf(page, deal) {
  await openDeal(page, env, deal);
  await panel(page).locator("button.go").click();
  await form(page).locator("#create").waitFor();
  return form(page);
}
/** @param {Page} page */
async function openSettings(page) {
  await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
  await settings(page).locator("#settings-form").waitFor();
  return settings(page);
}
const reload = (frame, selector) => frame.locator(selector).evaluate((element) => element.dispatchEvent(new CustomEvent("fatura:reload")));
const trouble = (frame) => frame.locator("#trouble [role=alert]");

test("a panel whose reload fails stays visible, says why, and updates again later", { timeout: 120_000 }, () =>
  as(async (page) => {
    const number = await bill(env, US, 3, STAFF);
    await openDeal(page, env, 3);
    await fails("pipedrive", "/deals/3");
    await reload(panel(page), "#panel");
    await trouble(panel(page)).waitFor();
    await assertAccessible(page, "a panel that says what failed");
    await picture(page, "panel-trouble-en");
    assert.equal(await panel(page).locator(".invoice", { hasText: number }).count(), 1, "the invoices are still there");
    assert.equal(await panel(page).locator("[data-live]").count(), 1);
    await works();
    const next = await bill(env, US, 3, STAFF);
    await panel(page).locator(".invoice", { hasText: next }).waitFor();
    assert.equal(await trouble(panel(page)).count(), 0, "it is over");
  }),
);

test("a failed action leaves the panel visible, and can be tried again", { timeout: 120_000 }, () =>
  as(async (page) => {
    const number = await bill(env, US, 3, STAFF);
    await openDeal(page, env, 3);
    await fails("pipedrive", "/deals/3");
    await (await menu(page, number)).getByRole("button", { name: "Send by email" }).click();
    await trouble(panel(page)).waitFor();
    await works();
    await trouble(panel(page)).getByRole("button", { name: "Try again" }).click();
    await trouble(panel(page)).waitFor({ state: "detached" });
    await panel(page).getByLabel(`Send invoice ${number} to`).waitFor();
  }),
);

test("if the first request is lost or fails, the page offers to try again, which works", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    await context.route("**/panel/deal/12*", (route) => route.abort("connectionreset"), { times: 1 });
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/12`);
    await panel(page).locator("#offline").getByRole("button", { name: "Try again" }).click();
    await panel(page).locator("#more").waitFor();
    await context.route("**/panel/deal/12*", (route) => route.fulfill(PROXY), { times: 1 });
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/12`);
    await panel(page).locator("#offline").getByRole("button", { name: "Try again" }).click();
    await panel(page).locator("#more").waitFor();
    await fails("pipedrive", "/deals/12");
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/12`);
    const again = panel(page).locator("main [role=alert]").getByRole("button", { name: "Try again" });
    await again.waitFor();
    await works();
    await again.click();
    await panel(page).locator("#more").waitFor();
  }),
);

test("a failed reload of the settings keeps the connection card", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const preferences = await openSettings(page);
    await context.route("**/settings/connection", (route) => route.fulfill(PROXY), { times: 1 });
    await reload(preferences, "#connection");
    await preferences.locator("#offline").waitFor();
    assert.equal(await preferences.locator("#connection[data-live]").count(), 1);
    await preferences.locator("#offline").getByRole("button", { name: "Try again" }).click();
    await preferences.locator("#offline").waitFor({ state: "hidden" });
    // The card reloads often, and alone.
    const calls = async () =>
      (await (await fetch(`${env.CONTROL_URL}/calls`)).json()).filter(({ provider, path }) => provider === "pipedrive" && /Fields/.test(path)).length;
    const before = await calls();
    let status;
    page.on("response", (response) => response.url().endsWith("/settings/connection") && (status = response.status()));
    // The card may just be replaced.
    await until("the card is read anew", async () => {
      await reload(preferences, "#connection");
      await pause(300);
      return status === 200;
    });
    assert.equal(await calls(), before);
  }),
);

test("saved settings are reported as saved, even if the page cannot be reloaded", { timeout: 120_000 }, () =>
  as(async (page) => {
    const preferences = await openSettings(page);
    await preferences.locator("#days").fill("33");
    await fails("pipedrive", "/deals");
    await preferences.locator("button.go").last().click();
    await page.locator(".snackbar").waitFor();
    assert.equal(await preferences.locator("#days").inputValue(), "33");
    assert.equal(await preferences.locator(".unsaved:visible").count(), 0);
    await works();
    // The page has the saved version: it can be saved again.
    await preferences.locator("#days").fill("7");
    await preferences.locator("button.go").last().click();
    await preferences.locator(".saved", { hasText: "Changed" }).waitFor();
    assert.equal(fieldsOf((await (await session(env, "settings", US.company, US.user)).call("/settings/page")).text).days, "7");
  }),
);

test("settings that could not be saved stay in the page", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const preferences = await openSettings(page);
    for (const answer of [PROXY, { status: 429, contentType: "text/html", body: "<p>busy</p>" }]) {
      await context.route("**/settings/save", (route) => route.fulfill(answer), { times: 1 });
      await preferences.locator("#days").fill("41");
      await preferences.locator("button.go").last().click();
      await preferences.locator("#offline").waitFor();
      // A reload of the page does not remove the message.
      const read = page.waitForResponse((response) => response.url().endsWith("/settings/connection"));
      await reload(preferences, "#connection");
      await read;
      await pause(300);
      assert.equal(await preferences.locator("#offline:visible").count(), 1);
      assert.equal(await preferences.locator("#days").inputValue(), "41");
      await preferences.getByText("There are unsaved changes.").waitFor();
    }
    await page.evaluate(() => (window.onbeforeunload = null));
  }),
);

test("input stays if reading another part of the deal fails", { timeout: 120_000 }, () =>
  as(async (page) => {
    const invoice = await openFormOf(page, 4);
    await invoice.locator("#memo").fill("typed before a click on The whole deal");
    await until("it is kept", async () => (await invoice.locator("#sums").getAttribute("data-version")) !== "");
    await fails("pipedrive", "/deals/4");
    await invoice.locator("[data-part=all]").click();
    await trouble(invoice).waitFor();
    await assertAccessible(page, "a form that says what failed");
    await picture(page, "form-trouble-en");
    assert.equal(await invoice.locator("#memo").inputValue(), "typed before a click on The whole deal");
    await works();
    await invoice.locator("[data-part=all]").click();
    await trouble(invoice).waitFor({ state: "detached" });
  }),
);

test("an open form stays if its session cannot be renewed", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const invoice = await openFormOf(page, 7);
    let refused = 0;
    await context.route("**/form/preview*", (route) => (refused++ ? route.continue() : route.fulfill({ status: 401 })));
    await context.route("**/session/form", (route) => route.fulfill(PROXY), { times: 1 });
    await invoice.locator("#memo").fill("two hours of typing");
    await invoice.locator("#offline").waitFor();
    assert.equal(await invoice.locator("#memo").inputValue(), "two hours of typing");
    await invoice.locator("#memo").fill("two hours of typing, and more");
    await invoice.locator("#offline").waitFor({ state: "hidden" });
    await until("it is kept", async () => (await draftOf(7)).memo === "two hours of typing, and more");
  }),
);

test("input that is typed while QuickBooks is disconnected is stored, and Create says why it creates nothing", { timeout: 120_000 }, async () => {
  const before = await invoices();
  const connect = async () => {
    const { person, pending } = await connectUntilConfirmation(env, US);
    await decide(env, person, pending);
  };
  await as(async (page) => {
    const invoice = await openFormOf(page, 8);
    await (await session(env, "settings", US.company, US.user)).call("/settings/disconnect", {});
    await invoice.locator("#memo").fill("typed while QuickBooks is disconnected");
    await trouble(invoice).getByText("QuickBooks is not connected").waitFor();
    await invoice.locator("#create").click({ force: true });
    await until("Create waits no longer", async () => (await invoice.locator("#create").getAttribute("aria-busy")) === null);
    await invoice.locator("#part").fill("30");
    await pause(500);
    await invoice.locator("[data-act=leave]").click();
    const dialog = page.getByRole("dialog").last();
    await dialog.getByText("saved as a draft").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.locator("dialog.modal").waitFor({ state: "detached" });
  }).finally(connect);
  assert.equal(await invoices(), before);
  const kept = await draftOf(8);
  assert.deepEqual([kept.memo, kept.part], ["typed while QuickBooks is disconnected", "30"]);
});

test("a panel initializes Pipedrive's SDK at once, although Pipedrive's API and QuickBooks answer late", { timeout: 120_000 }, () =>
  as(async (page) => {
    for (const [provider, path] of [
      ["pipedrive", "/api"],
      ["quickbooks", "/v3"],
    ])
      await done("/faults", { provider, path, times: 1000, effect: { delay: 6000 } });
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/4`);
    const begun = Date.now();
    // The first size that the panel asks for comes with its report.
    await page.locator(".panel iframe").evaluate(
      (frame) =>
        /** @type {Promise<void>} */ (
          new Promise((resolve) => {
            const look = () => (frame.clientHeight === 240 || frame.style.height === "240px" ? resolve() : setTimeout(look, 20));
            look();
          })
        ),
    );
    assert.ok(Date.now() - begun < 3000, `after ${Date.now() - begun} ms`);
    await panel(page).locator(".skeleton").waitFor({ timeout: 1000 });
    await panel(page).locator("button.go").waitFor({ timeout: 40_000 });
    assert.ok(Date.now() - begun > 5000, "Pipedrive was late");
  }),
);

test("input that is typed while QuickBooks is unavailable and its lists are not cached is stored", { timeout: 120_000 }, () =>
  as(async (page) => {
    const invoice = await openFormOf(page, 12);
    await scenery.stack.killFatura();
    await scenery.stack.startFatura();
    await fails("quickbooks", "/", {});
    await invoice.locator("#memo").fill("typed while QuickBooks is away");
    await trouble(invoice).waitFor();
    await invoice.locator("#create").click({ force: true });
    await until("Create waits no longer", async () => (await invoice.locator("#create").getAttribute("aria-busy")) === null);
    await works();
    // The second request is answered.
    await until(
      "the sums are there",
      async () => {
        await invoice.locator("#memo").press("End");
        await invoice.locator("#memo").pressSequentially("!");
        return (await trouble(invoice).count()) === 0;
      },
      60_000,
    );
    await until("it is kept", async () => /^typed while QuickBooks is away!+$/.test((await draftOf(12)).memo));
  }),
);

test("leaving the form says so if the input cannot be saved", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const invoice = await openFormOf(page, 9);
    await context.route("**/form/preview*", (route) => route.fulfill(PROXY));
    await invoice.locator("#memo").fill("typed into the void");
    await invoice.locator("#offline").waitFor();
    await invoice.locator("[data-act=leave]").click();
    const dialog = page.getByRole("dialog").last();
    await dialog.getByText("not saved").waitFor();
    assert.doesNotMatch((await dialog.textContent()) ?? "", /saved as a draft/);
    await dialog.getByRole("button", { name: "Keep editing" }).click();
    assert.equal(await invoice.locator("#memo").inputValue(), "typed into the void");
  }),
);

test("Create waits for the sums of the last input, also after a click into the customer field", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    await bill(env, US, 9, STAFF);
    const { call, fields } = await openForm(env, US, 9, STAFF);
    await call("/deals/9/form/preview", { ...fields, version: "1000" });
    const invoice = await openFormOf(page, 9);
    /** @type {string[]} */
    const events = [];
    const { promise: held, resolve: answer } = deferred();
    await context.route("**/form/preview", async (route) => {
      await held;
      events.push("preview");
      await route.continue();
    });
    page.on("request", (request) => request.method() === "POST" && /\/deals\/9\/invoices$/.test(request.url()) && events.push("create"));
    await invoice.locator("#lines-0-unit_price").fill("777");
    await invoice.locator("#customer_name").click();
    await page.keyboard.press("Escape");
    await invoice.locator("#create").click({ force: true });
    await pause(1000);
    assert.equal(events.length, 0, "nothing is created before the sums of what was typed are there");
    assert.equal(await invoice.locator("#create").getAttribute("aria-busy"), "true", "it waits");
    answer();
    await until("it is created", () => events.includes("create"));
    assert.equal(events[0], "preview");
  }),
);

test("input that is typed while the lines are reloaded stays", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const invoice = await openFormOf(page, 4);
    let count = 0;
    const { promise: held, resolve: answer } = deferred();
    await context.route("**/form/change?part=all", async (route) => {
      const response = await route.fetch();
      if (count++ === 0) await held;
      await route.fulfill({ response });
    });
    await invoice.locator("[data-part=all]").click();
    await invoice.locator("#message").fill("typed while the lines were on their way");
    answer();
    await until("the lines are asked for again, with what was typed", () => count === 2);
    await pause(1000);
    assert.equal(await invoice.locator("#message").inputValue(), "typed while the lines were on their way");
    await until("it is kept", async () => (await draftOf(4)).message === "typed while the lines were on their way");
  }),
);

test("settings that are typed while the page is loaded or saved stay", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const preferences = await openSettings(page);
    for (const [address, ask] of /** @type {[string, () => Promise<unknown>][]} */ ([
      ["**/settings/page", () => preferences.locator("body").evaluate(() => document.dispatchEvent(new Event("visibilitychange")))],
      [
        "**/settings/save",
        async () => {
          await preferences.locator("#days").fill("8");
          await preferences.locator("button.go").last().click();
        },
      ],
    ])) {
      const { promise: held, resolve: answer } = deferred();
      const { promise: begun, resolve: asked } = deferred();
      await context.route(address, async (route) => {
        const response = await route.fetch();
        asked();
        await held;
        await route.fulfill({ response });
      });
      await ask();
      await begun;
      await preferences.locator("#days").fill("45");
      const answered = page.waitForResponse((response) => response.url().includes(address.slice(2)));
      answer();
      await answered;
      await pause(1000);
      assert.equal(await preferences.locator("#days").inputValue(), "45", address);
      await preferences.getByText("There are unsaved changes.").waitFor();
      await context.unrouteAll({ behavior: "wait" });
    }
    await preferences.locator("button.go").last().click();
    await preferences.locator(".saved", { hasText: "Changed" }).waitFor();
  }),
);

test("a lost request for the progress of an invoice is repeated", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const { call, fields } = await openForm(env, US, 5, STAFF);
    await call("/deals/5/form/preview", { ...fields, version: "1000" });
    const invoice = await openFormOf(page, 5);
    let asked = 0;
    await context.route("**/progress", (route) => (asked++ === 0 ? route.abort("connectionreset") : route.continue()));
    await done("/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_before" });
    await invoice.locator("#create").click({ force: true });
    await page.locator(".snackbar").waitFor({ timeout: 60_000 });
    assert.ok(asked > 1, `asked ${asked} times`);
  }),
);

test("a PDF that cannot be fetched leaves no empty tab, and the page says so", { timeout: 120_000 }, () =>
  as(async (page, { context }) => {
    const number = await bill(env, US, 3, STAFF);
    await openDeal(page, env, 3);
    const tabs = context.pages().length;
    const ask = async () => (await menu(page, number)).getByRole("button", { name: "Download PDF" }).click();
    await context.route("**/invoices/*/pdf", (route) => route.abort("connectionreset"), { times: 1 });
    await ask();
    await panel(page).locator("#offline").waitFor();
    await until("the tab is closed", () => context.pages().length === tabs);
    await context.route("**/invoices/*/pdf", (route) => route.fulfill(PROXY), { times: 1 });
    await ask();
    await panel(page).locator("#offline").waitFor();
    await until("the tab is closed", () => context.pages().length === tabs);
    assert.doesNotMatch(await panel(page).locator("body").innerText(), /nginx/);
    // A refused bearer is renewed, as for any request.
    await context.route("**/invoices/*/pdf", (route) => route.fulfill({ status: 401 }), { times: 1 });
    const tab = context.waitForEvent("page");
    await ask();
    await (await tab).waitForURL(/\/pdf\//);
  }),
);

// The last test of the file: for some seconds the former administrator has the page of a regular user.
test("a refused Disconnect is reported above the settings page", { timeout: 120_000 }, () =>
  as(async (page) => {
    const preferences = await openSettings(page);
    await done("/pipedrive/users", { user_id: US.user, is_admin: false });
    try {
      await preferences.locator("#disconnect").click();
      await page.getByRole("dialog").last().getByRole("button", { name: "Disconnect" }).click();
      await trouble(preferences).getByText("Administrators only").waitFor();
      assert.equal(await preferences.locator("#settings-wrong").textContent(), "");
      assert.equal(await preferences.locator("#settings-form").count(), 1);
    } finally {
      await done("/pipedrive/users", { user_id: US.user, is_admin: true });
    }
  }),
);
