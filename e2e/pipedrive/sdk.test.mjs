// Pipedrive's real App Extensions SDK, from a small page of an app, against the sandbox's host page in Chromium.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertAccessible, openBrowser, picture } from "../browser.mjs";
import { ANA, COMPANY, begin } from "./support.mjs";
import { portOf, required } from "../http.mjs";

const SECRETS = { panel: "secret-of-the-panel", modal: "secret-of-the-modal" };
/** @type {import("node:http").Server} */
let server;
/** @type {string} */
let dir;
/** @type {import("./support.mjs").Sandbox} */
let box;
/** @type {import("../browser.mjs").Browser} */
let browser;
/** @type {import("../browser.mjs").Page} */
let page;

/** The app: one page for each of its extensions, and the SDK as it comes from its package. */
async function serveApp() {
  const files = {
    "/sdk.js": ["text/javascript", new URL("../node_modules/@pipedrive/app-extensions-sdk/dist/index.umd.js", import.meta.url)],
    "/page": ["text/html", new URL("sdk-page.html", import.meta.url)],
  };
  server = createServer((request, response) => {
    const [type, file] = files[new URL(request.url ?? "/", "http://x").pathname] ?? [];
    response.writeHead(file ? 200 : 404, { "content-type": type ?? "text/plain" }).end(file ? readFileSync(file) : "");
  });
  await new Promise((go) => server.listen(0, "127.0.0.1", () => go(undefined)));
  const app = `http://localhost:${portOf(server)}`;
  dir = mkdtempSync(join(tmpdir(), "sdk-"));
  const on = ["deal", "person", "organization"];
  const registration = {
    name: "Probe",
    client_id: "probe",
    client_secret: "secret-of-the-client",
    callback_url: `${app}/callback`,
    scopes: ["base"],
    extensions: [
      { id: "panel", type: "panel", name: "Probe panel", url: `${app}/page`, jwt_secret: SECRETS.panel, on },
      { id: "ask", type: "modal", name: "Ask something", url: `${app}/page`, jwt_secret: SECRETS.modal, on },
      { id: "window", type: "floating_window", name: "Probe window", url: `${app}/page` },
      { id: "settings", type: "settings", name: "Probe settings", url: `${app}/page` },
      { id: "map", type: "link", name: "Show on a map", url: `${app}/page`, on: ["organization"] },
    ],
  };
  const file = join(dir, "app.json");
  writeFileSync(file, JSON.stringify(registration));
  return file;
}

before(async () => {
  box = await begin({ args: ["--pipedrive-app", await serveApp()] });
  await box.grant();
  browser = await openBrowser("en-US");
  page = browser.page;
  await page.goto(box.env.PIPEDRIVE_WEB_URL);
  await page.getByRole("button", { name: "Ana Souza" }).click();
  await page.waitForURL("**/deals");
  await page.getByLabel("Idioma").selectOption("en_US");
  await page.getByRole("heading", { name: "Deals" }).waitFor();
});
after(async () => {
  await browser.close();
  await box.end();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The app's page in an element, its SDK initialized. */
async function frameIn(/** @type {string} */ selector) {
  const frame = required(await (await page.waitForSelector(`${selector} iframe`)).contentFrame());
  await frame.waitForFunction(() => window.began);
  await frame.evaluate(() => window.began);
  return frame;
}

const ask = (frame, command, args) => frame.evaluate(([command, args]) => window.ask(command, args), [command, args]);
const open = async (path) => {
  await page.goto(`${box.env.PIPEDRIVE_WEB_URL}${path}`);
  return frameIn(".panel");
};
const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
async function signedWith(token, secret) {
  const { createHmac } = await import("node:crypto");
  const [head, body, signature] = token.split(".");
  return createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url") === signature;
}

test("the panel is loaded with Pipedrive's parameters, on a deal, a person and an organization", async () => {
  for (const [path, resource, id] of [
    ["/deal/1", "deal", "1"],
    ["/person/201", "person", "201"],
    ["/organization/101", "organization", "101"],
  ]) {
    const frame = await open(path);
    const query = new URL(frame.url()).searchParams;
    assert.deepEqual(
      ["resource", "view", "selectedIds", "userId", "companyId", "isShared", "theme"].map((name) => query.get(name)),
      [resource, "details", id, String(ANA), String(COMPANY), "false", "light"],
    );
    const { exp, iat, userId, companyId } = claims(query.get("token"));
    assert.deepEqual([exp - iat, userId, companyId], [300, ANA, COMPANY]);
    assert.ok(await signedWith(query.get("token"), SECRETS.panel));
  }
});

test("get_signed_token, get_metadata, and an unknown command", async () => {
  const frame = await open("/deal/1");
  const {
    data: { token },
  } = await ask(frame, "get_signed_token");
  assert.equal(claims(token).userId, ANA);
  assert.deepEqual((await ask(frame, "get_metadata")).data, { windowHeight: 960, windowWidth: 1360 });
  assert.ok((await ask(frame, "make_coffee")).error);
});

test("resize: a panel's height is between 100 and 750, and other values are ignored", async () => {
  const frame = await open("/deal/1");
  const size = () => page.locator(".panel iframe").evaluate((/** @type {HTMLElement} */ element) => [element.offsetWidth, element.offsetHeight]);
  const [width] = await size();
  for (const [asked, got] of [
    [{ height: 500 }, 500],
    [{ height: 99 }, 500],
    [{ height: 751 }, 500],
    [{ height: 100, width: 900 }, 100],
    [{ height: 750 }, 750],
  ]) {
    assert.equal((await ask(frame, "resize", asked)).error, undefined);
    assert.deepEqual(await size(), [width, got], JSON.stringify(asked));
  }
  assert.match((await ask(frame, "resize", { height: "tall" })).error, /height must be a number/);
});

test("snackbars with a link; confirmations with their texts and colour", async () => {
  const frame = await open("/deal/1");
  await ask(frame, "show_snackbar", { message: "Invoice 2001 created", link: { url: "https://example.com/", label: "View" } });
  const bar = page.getByRole("status").filter({ hasText: "Invoice 2001 created" });
  assert.equal(await bar.getByRole("link", { name: "View" }).getAttribute("href"), "https://example.com/");
  assert.match((await ask(frame, "show_snackbar", {})).error, /message is required/);
  assert.match((await ask(frame, "show_snackbar", { message: "x", link: { url: "https://example.com" } })).error, /link.label/);
  const asked = ask(frame, "show_confirmation", { title: "Void invoice 2001?", description: "This cannot be undone.", okText: "Void", cancelText: "Keep" });
  const dialog = page.getByRole("dialog");
  await dialog.getByText("This cannot be undone.").waitFor();
  await assertAccessible(page, "confirmation");
  assert.equal(await dialog.getByRole("button", { name: "Void" }).getAttribute("class"), "negative", "red unless the app says otherwise");
  await dialog.getByRole("button", { name: "Void" }).click();
  assert.deepEqual((await asked).data, { confirmed: true });
  const again = ask(frame, "show_confirmation", { title: "Sure?", okColor: "primary" });
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual((await again).data, { confirmed: false });
  assert.match((await ask(frame, "show_confirmation", {})).error, /title is required/);
  assert.match((await ask(frame, "show_confirmation", { title: "x", okColor: "blue" })).error, /okColor/);
});

test("a custom modal is opened with data by id or name, sized, and closed by itself, and its opener gets the event", async () => {
  const panel = await open("/deal/1");
  const opened = ask(panel, "open_modal", { type: "custom_modal", action_id: "ask", data: { item: "xyz" } });
  const modal = await frameIn("dialog.modal");
  const query = new URL(modal.url()).searchParams;
  assert.deepEqual(JSON.parse(query.get("data") ?? ""), { item: "xyz" });
  assert.equal(query.get("selectedIds"), "1");
  assert.ok(await signedWith(query.get("token"), SECRETS.modal));
  const size = () => page.locator("dialog.modal iframe").evaluate((/** @type {HTMLElement} */ element) => [element.offsetWidth, element.offsetHeight]);
  await ask(modal, "resize", { width: 900, height: 640 });
  assert.deepEqual(await size(), [900, 640]);
  await ask(modal, "resize", { width: 319, height: 119 });
  assert.deepEqual(await size(), [900, 640]);
  await modal.evaluate(() => {
    ask("close_modal");
  });
  assert.deepEqual((await opened).data, { status: "closed" });
  await panel.waitForFunction(() => events.some(({ event }) => event === "close_custom_modal"));
  const named = ask(panel, "open_modal", { type: "custom_modal", action_id: "Ask something" });
  await frameIn("dialog.modal");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  assert.deepEqual((await named).data, { status: "closed" });
  assert.match((await ask(panel, "open_modal", { type: "custom_modal", action_id: "nothing" })).error, /nothing/);
  assert.match((await ask(panel, "open_modal", { type: "custom_modal" })).error, /action_id is required/);
  assert.match((await ask(panel, "open_modal", { type: "poem" })).error, /type/);
  assert.match((await ask(panel, "open_modal", { type: "json_modal", action_id: "x" })).error, /JSON modal/);
  assert.match((await ask(panel, "close_modal")).error, /custom modal/);
});

test("the page's own menus open the modal, in a list and on a record", async () => {
  await page.goto(`${box.env.PIPEDRIVE_WEB_URL}/deals`);
  await page.getByRole("button", { name: /^Ask something: Projeto sem itens/ }).click();
  const modal = await frameIn("dialog.modal");
  const query = new URL(modal.url()).searchParams;
  assert.deepEqual([query.get("view"), query.get("selectedIds")], ["list", "3"]);
  await open("/organization/101");
  const link = page.getByRole("link", { name: "Show on a map" });
  assert.match((await link.getAttribute("href")) ?? "", /resource=organization&view=details&selectedIds=101/);
});

test("Pipedrive's own modals create a prefilled deal, person, organization and activity, and report a cancellation", async () => {
  const api = await box.connect();
  const panel = await open("/deal/1");
  const deal = ask(panel, "open_modal", { type: "deal", prefill: { title: "Out of the app", organization: "Instituto Jequitibá", person: "New Person" } });
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  const { status, id } = (await deal).data;
  assert.equal(status, "submitted");
  const { data: made } = await api.deals.getDeal({ id });
  assert.deepEqual([made.title, made.org_id], ["Out of the app", 103]);
  assert.equal((await api.persons.getPerson({ id: made.person_id })).data.name, "New Person");
  for (const [type, prefill, api_, read] of /** @type {[string, object, string, string][]} */ ([
    ["person", { name: "Ada" }, "persons", "getPerson"],
    ["organization", { name: "Ada Ltd" }, "organizations", "getOrganization"],
    ["activity", { subject: "Call Ada", dueDate: "2026-12-18", deal: 1 }, "activities", "getActivity"],
  ])) {
    const asked = ask(panel, "open_modal", { type, prefill });
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    const answer = (await asked).data;
    assert.equal(answer.status, "submitted", type);
    assert.equal((await api[api_][read]({ id: answer.id })).data.id, answer.id);
  }
  const not = ask(panel, "open_modal", { type: "person", prefill: {} });
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.deepEqual((await not).data, { status: "closed" });
});

test("the floating window opens from the dock and by commands, has sizes, a badge and a focus mode, and survives a change of page", async () => {
  const panel = await open("/deal/1");
  assert.match((await ask(panel, "set_focus_mode", true)).error, /not visible/);
  await ask(panel, "show_floating_window", { context: { person_id: 42 } });
  const window_ = await frameIn(".floating");
  await ask(window_, "resize", { height: 300, width: 400 });
  await ask(window_, "resize", { height: 69, width: 801 });
  assert.deepEqual(
    await page.locator(".floating iframe").evaluate((/** @type {HTMLElement} */ element) => [element.offsetWidth, element.offsetHeight]),
    [400, 300],
  );
  await ask(panel, "set_notification", { number: 3 });
  assert.equal(await page.locator(".dock .badge").textContent(), "3");
  await ask(panel, "set_notification", {});
  assert.ok(await page.locator(".dock .badge").isHidden());
  await ask(window_, "set_focus_mode", true);
  assert.ok(await page.locator(".floating .x").isHidden());
  await ask(window_, "set_focus_mode", false);
  assert.match((await ask(window_, "set_focus_mode", "yes")).error, /true or false/);
  await ask(panel, "hide_floating_window", { context: { done: true } });
  await page.locator(".dock").click();
  await page.locator(".floating .x").click();
  const heard = await window_.evaluate(() => events.filter(({ event }) => event === "visibility").map(({ data }) => [data.is_visible, data.context.invoker]));
  assert.deepEqual(heard.slice(-3), [
    [false, "command"],
    [true, "user"],
    [false, "user"],
  ]);
  await page.locator(".dock").click();
  await page.goto(`${box.env.PIPEDRIVE_WEB_URL}/persons`);
  await frameIn(".floating");
  await picture(page, "sandbox-floating-window");
  await page.locator(".floating .x").click();
});

test("events: the theme changes, the page is hidden and shown, the app has the focus", async () => {
  const frame = await open("/deal/1");
  assert.equal(await frame.evaluate(() => document.body.dataset.theme), "light");
  await page.getByLabel("Theme").selectOption("dark");
  await frame.waitForFunction(() => events.some(({ event, data }) => event === "user_settings_change" && data.theme === "dark"));
  await page.getByLabel("Theme").selectOption("light");
  await frame.getByRole("button", { name: "A button" }).click();
  await page.waitForSelector(".panel iframe[data-focused='1']");
  // The SDK raises this event by itself, from the frame's document.
  const heard = await frame.evaluate(
    () =>
      new Promise((resolve) => {
        sdk.listen("page_visibility_state", ({ data }) => resolve(data.state));
        Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }),
  );
  assert.equal(heard, "hidden");
});

test("redirect_to opens lists, records, and the app's settings with data", async () => {
  for (const [args, path] of [
    [{ view: "deals", id: 3 }, "/deal/3"],
    [{ view: "contacts" }, "/persons"],
    [{ view: "organizations", id: 101 }, "/organization/101"],
    [{ view: "leads" }, "/leads"],
  ]) {
    const frame = await open("/deal/1");
    frame.evaluate((args) => {
      ask("redirect_to", args);
    }, args);
    await page.waitForURL(`**${path}`);
  }
  await page.getByText("There is nothing here.").waitFor();
  const frame = await open("/deal/1");
  assert.match((await ask(frame, "redirect_to", { view: "constructor" })).error, /view must be one of/);
  assert.match((await ask(frame, "redirect_to", { view: "moon" })).error, /view must be one of/);
  frame.evaluate(() => {
    ask("redirect_to", { view: "settings", context: { tab: "taxes" } });
  });
  await page.waitForURL("**/app/probe/app-settings?tab=taxes");
  const settings = await frameIn(".settings");
  assert.deepEqual(JSON.parse(new URL(settings.url()).searchParams.get("data") ?? ""), { tab: "taxes" });
});

test("a user who has not installed an added app sees an invitation, and gets no frame and no token", async () => {
  await box.control("/pipedrive/share", { company_id: COMPANY, shared: true });
  const other = await openBrowser("pt-BR");
  await other.page.goto(box.env.PIPEDRIVE_WEB_URL);
  await other.page.getByRole("button", { name: "Bruno Lima" }).click();
  await other.page.goto(`${box.env.PIPEDRIVE_WEB_URL}/deal/1`);
  await other.page.getByText("Um administrador adicionou este aplicativo para você.").waitFor();
  const statuses = await other.page.evaluate(async () => [(await fetch("/extensions/panel/frame")).status, (await fetch("/extensions/panel/token")).status]);
  assert.deepEqual(statuses, [404, 404]);
  assert.equal(await other.page.locator("iframe").count(), 0);
  await other.close();
  // The simulation has no page of leads: Chromium logs the 404.
  assert.deepEqual(
    browser.complaints.filter((text) => !text.includes("404 (Not Found)")),
    [],
  );
});
