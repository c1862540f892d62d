// The only file of the monkey that depends on the structure of Fatura's pages: a user's browser, and the actions on a deal and in its
// form. A change of the form is made here.
import { install } from "./inpage.mjs";
import { capture } from "../http.mjs";

/** @import { Who } from "../people.mjs" */
/** @import { Env } from "../../scripts/stack.mjs" */
/** @import { BrowserContext } from "playwright-core" */

const PATIENCE_MS = 8000;
/** The pages send input after 120 to 200 ms. */
const STILL_MS = 240;
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

export const WIDE = { width: 1366, height: 900 };
/** The form's frame is 320 px wide then. */
export const NARROW = { width: 400, height: 900 };

/** Messages of Chromium for refusals that the page handles, and for the empty style of a screenshot. */
const IS_HANDLED = /status of (409|422)|sha256-47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=/;

/**
 * One person at their browser. A desk of a person who works over HTTP has no browser.
 * @typedef {{ who: Who, env?: Env, context?: BrowserContext, presses?: any[], complaints?: string[], tabs?: any[], tab?: any, pressedAgain?: number }} Desk
 */

/** A user's browser: its pages record presses, failures, and when they were busy.
 * @param {import("playwright-core").Browser} chromium
 * @param {Env} env
 * @param {Who} who */
export async function openDesk(chromium, env, who) {
  const context = await chromium.newContext({ locale: who.language, viewport: WIDE });
  context.setDefaultTimeout(PATIENCE_MS);
  const desk = {
    env,
    who,
    context,
    presses: /** @type {any[]} */ ([]),
    complaints: /** @type {string[]} */ ([]),
    tabs: /** @type {any[]} */ ([]),
    tab: /** @type {any} */ (undefined),
  };
  await context.addInitScript(install);
  await context.exposeBinding("monkeyPressed", ({ page }, press) => void desk.presses.push({ ...press, page, at: Date.now() }));
  context.on(
    "console",
    (message) =>
      message.type() === "error" &&
      !IS_HANDLED.test(message.text()) &&
      desk.complaints.push(`console: ${message.text()} ${message.location().url.split("?")[0]}`),
  );
  context.on("weberror", (error) => desk.complaints.push(`script: ${error.error()}`));
  context.on(
    "response",
    (response) =>
      response.status() >= 500 &&
      response.url().startsWith(env.FATURA_URL) &&
      desk.complaints.push(`${response.status()} for ${response.request().method()} ${new URL(response.url()).pathname}`),
  );
  desk.tab = await openTab(desk);
  await desk.tab.page.goto(env.PIPEDRIVE_WEB_URL);
  await desk.tab.page.getByRole("button", { name: who.name }).first().click();
  await desk.tab.page.waitForURL("**/deals");
  return desk;
}

/** One more tab of the same person. */
export async function openTab(desk) {
  const page = await desk.context.newPage();
  const tab = { desk, page, busy: new Set(), since: Date.now() };
  const isOurs = (request) => request.url().startsWith(desk.env.FATURA_URL) && !/\/live$/.test(request.url());
  page.on("request", (request) => isOurs(request) && (tab.busy.add(request), (tab.since = Date.now())));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => tab.busy.delete(request) && (tab.since = Date.now()));
  return tab;
}

/**
 * Brings a tab to the front. In a window without a screen, Chromium goes on with the old outline of the frames below it, and clicks near
 * their lower end are lost, until the window changes its size.
 */
export async function bringToFront(page) {
  await page.bringToFront();
  const size = page.viewportSize();
  await page.setViewportSize({ ...size, height: size.height - 1 });
  await page.setViewportSize(size);
}

export const touch = (tab) => void (tab.since = Date.now());

/** Waits until no request is running or pending. */
export async function quiet(tab, still = STILL_MS) {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await pause(25)) {
    if (tab.busy.size === 0 && Date.now() - tab.since >= still) return;
  }
}

async function frameOf(locator) {
  const element = await locator.elementHandle({ timeout: PATIENCE_MS });
  const frame = await element.contentFrame();
  await element.dispose();
  return frame;
}

/** The panel of a deal, ready. */
export async function openDeal(tab, deal) {
  await tab.page.goto(`${tab.desk.env.PIPEDRIVE_WEB_URL}/deal/${deal}`, { waitUntil: "domcontentloaded" });
  return waitForPanel(tab);
}

export async function waitForPanel(tab) {
  tab.panel = await frameOf(tab.page.locator(".panel iframe"));
  await tab.panel.locator("#more").waitFor();
  return tab.panel;
}

/** The number of forms that are open above each other. */
export const openForms = (tab) => tab.page.locator("dialog.modal").count();

/** Whether a form is still open, after the time to close itself. */
export async function formStays(tab) {
  for (let at = 0; at < 40 && (await openForms(tab)) > 0; at++) await pause(50);
  return (await openForms(tab)) > 0;
}

/** Presses *+ Invoice*, and waits for the form or for the page that says why there is none. */
export async function openForm(tab, { times = 1 } = {}) {
  const button = tab.panel.locator("button[data-act=open-form]").first();
  // The host takes a while to lay the modal over the page; in the sandbox it does not, so that both presses are made at once.
  if (times > 1) await button.evaluate((element, count) => Array.from({ length: count }, () => element.click()), times);
  else {
    await button.click();
    // Chromium drops a press in a frame that has just moved, such as a growing panel: press again.
    const opened = await tab.page
      .locator("dialog.modal")
      .first()
      .waitFor({ timeout: 2500 })
      .then(
        () => true,
        () => false,
      );
    if (!opened) {
      tab.desk.pressedAgain = (tab.desk.pressedAgain ?? 0) + 1;
      await button.click();
    }
  }
  return waitForForm(tab);
}

/** The form on top of all. */
export async function waitForForm(tab) {
  tab.form = await frameOf(tab.page.locator("dialog.modal iframe").last());
  await tab.form.locator("#create, main [role=alert]").first().waitFor();
  touch(tab);
  return tab.form;
}

/** The form on the page, or the page in its place. */
export const look = (tab) => tab.form.evaluate(() => window.monkeyLook());

/** Closes the form on top by the host's own button. */
export async function closeForm(tab) {
  const before = await openForms(tab);
  if (before === 0) return;
  await tab.page.locator("dialog.modal").last().locator(".bar button").click();
  for (let at = 0; at < 40 && (await openForms(tab)) >= before; at++) await pause(25);
}

/** Leaves the form by its own *Cancel*; confirms where it asks. True when it is gone. */
export async function leaveForm(tab) {
  const before = await openForms(tab);
  await tab.form.locator("button[data-act=leave], button[data-act=close]").first().click();
  for (let at = 0; at < 60; at++) {
    if ((await openForms(tab)) < before) return true;
    const question = tab.page.locator("dialog.confirm");
    if (await question.count())
      await question
        .locator("button")
        .last()
        .click()
        .catch(() => undefined);
    await pause(25);
  }
  return false;
}

/** Closes everything above the page; false if something cannot be closed. */
export async function leaveAll(tab) {
  for (let at = 0; at < 6; at++) {
    if (await tab.page.locator("dialog.confirm").count())
      await tab.page
        .locator("dialog.confirm button")
        .first()
        .click()
        .catch(() => undefined);
    else if (await openForms(tab)) await closeForm(tab).catch(() => undefined);
    else return true;
    await pause(20);
  }
  return (await tab.page.locator("dialog[open]").count()) === 0;
}

const LINE_FIELDS = { item: "item", description: "description", quantity: "quantity", price: "unit_price", discount: "discount", tax: "tax_code" };
/** The selector of a line's field. */
export const lineField = (at, name) => `#lines-${at}-${LINE_FIELDS[name]}`;

/** Ways to type into a field. */
export async function type(tab, selector, value, how = "fill") {
  const field = tab.form.locator(selector);
  if (how === "paste") {
    await field.focus();
    await field.evaluate((element, text) => {
      element.select?.();
      const data = new DataTransfer();
      data.setData("text/plain", text);
      const isTaken = !element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      if (!isTaken) document.execCommand("insertText", false, text) || (element.value = text);
    }, value);
  } else if (how === "keys" && value.length < 24) {
    await field.focus();
    await tab.page.keyboard.press("Control+A");
    await tab.page.keyboard.press("Delete");
    await tab.page.keyboard.type(value);
  } else {
    await field.fill(value, { timeout: 3000 });
  }
  touch(tab);
}

export async function choose(tab, selector, value) {
  await tab.form.locator(selector).selectOption(value);
  touch(tab);
}

/** The options of a list that are shown now. */
export const shownOptions = (tab, list) =>
  tab.form
    .locator(`${list} [role=option]`)
    .evaluateAll((options) =>
      options
        .filter((option) => option.getClientRects().length > 0)
        .map((option) => ({ id: option.dataset.id, name: option.dataset.name, text: option.textContent.replace(/\s+/g, " ").trim() })),
    );

/** Presses an option: of this name, else the first, else *Create*. */
export async function pickOption(tab, list, wanted) {
  for (let tries = 0; ; tries++) {
    try {
      return await pickOnce(tab, list, wanted);
    } catch (error) {
      // A response has replaced the list.
      if (tries === 2) throw error;
      await quiet(tab);
    }
  }
}

async function pickOnce(tab, list, wanted) {
  const options = await shownOptions(tab, list);
  const at = [options.findIndex(({ name, id }) => name === wanted && id !== "new"), options.findIndex(({ id }) => id === "new"), 0].find((each) => each >= 0);
  if (options.length === 0) return undefined;
  await tab.form.locator(`${list} [role=option]:visible`).nth(at).click({ timeout: 1500 });
  touch(tab);
  return options[at];
}

export const CUSTOMERS = "#customers";
export const itemsOf = (at) => `#items-${at}`;

/** Types a part of the deal. `isApplied` if the page has a button for it, which is pressed. */
export async function typePart(tab, kind, text, { press = true } = {}) {
  await choose(tab, "#part_kind", kind).catch(() => undefined);
  await type(tab, "#part", text);
  const button = tab.form.locator("button[hx-post*='part=typed']");
  if (press && (await button.count())) {
    await button.click();
    touch(tab);
    await quiet(tab);
    return true;
  }
  const isApplied = (await button.count()) === 0;
  await quiet(tab, isApplied ? 400 : STILL_MS);
  return isApplied;
}

/** Presses *Remaining* or *The whole deal*; false if the page has no such button. */
export async function takePart(tab, part) {
  const names = part === "remaining" ? "[data-part=remaining], [data-part=rest], button[hx-post*='part=rest']" : "[data-part=all], button[hx-post*='part=all']";
  const button = tab.form.locator(names).first();
  if (!(await button.count()) || !(await button.isVisible())) return false;
  await button.click();
  touch(tab);
  await quiet(tab);
  return true;
}

export async function addLine(tab) {
  const before = await tab.form.locator("tbody tr").count();
  await tab.form.locator("[data-add]").first().click();
  touch(tab);
  return before;
}

/** Chooses from the menu of a line: `up`, `down`, `copy`, `remove`. */
export async function actOnLine(tab, at, act) {
  await tab.form.locator(`tbody tr:nth-child(${at + 1}) .dots`).click();
  await tab.form.locator(`tbody tr:nth-child(${at + 1}) [data-line=${act}]`).click();
  touch(tab);
}

/** Continues in this tab if the page says that the form is open elsewhere; false if it does not offer that. */
export async function goOnHere(tab) {
  const button = tab.form.locator("#stale [data-here]");
  if (!(await button.count())) return false;
  await button.click();
  touch(tab);
  await quiet(tab);
  return true;
}

/** Answers the question about prices in another currency: `convert` or `empty`; false if there is none. */
export async function answerPrices(tab, how) {
  const button = tab.form.locator(how === "convert" ? "[data-convert]" : "[data-empty-prices]").first();
  if (!(await button.count())) return false;
  await button.click();
  touch(tab);
  await quiet(tab);
  return true;
}

/** Starts over from the deal if a draft was restored. */
export async function discard(tab) {
  const button = tab.form.locator("[hx-post$='/form/discard']");
  if (!(await button.count())) return false;
  await button.click();
  touch(tab);
  await quiet(tab);
  return true;
}

/** Removes the outcome of an earlier press, so that it is not read as that of the next. */
export async function forgetAnswers(tab) {
  await tab.page.evaluate(() => document.querySelectorAll(".snackbar").forEach((note) => note.remove()));
  await tab.form.evaluate(() => window.monkeyForget());
}

/** Ways to press *Create*. */
export async function create(tab, how) {
  const button = tab.form.locator("#create");
  await forgetAnswers(tab);
  touch(tab);
  if (how === "keys") {
    await tab.form.locator("#memo").focus();
    await tab.page.keyboard.press("Control+Enter");
  } else {
    // The second press may come after the page has changed.
    await button.click({ clickCount: { click: 1, double: 2, triple: 3 }[how], delay: 3, force: true, noWaitAfter: true });
  }
  touch(tab);
}

export async function confirmCreate(tab) {
  await forgetAnswers(tab);
  await tab.form.locator("[data-confirm-create]").first().click({ noWaitAfter: true });
  touch(tab);
}

/**
 * The page's outcome of *Create*: `issued` with a number, `errors`, `asked`, `stale`, or `silent` without any. The form closes itself
 * when the invoice is issued, and a snackbar appears.
 */
export async function outcome(tab) {
  for (const until = Date.now() + 15_000; Date.now() < until; await pause(40)) {
    const note = await tab.page
      .locator(".snackbar")
      .textContent({ timeout: 50 })
      .catch(() => undefined);
    if (note) return { state: "issued", note };
    const now = await tab.form.evaluate(() => window.monkeyLook?.()).catch(() => undefined);
    if (!now) continue;
    if (now.number !== undefined) return { state: "issued", note: now.outcome, look: now };
    if (tab.busy.size > 0 || now.isChecking) continue;
    if (now.stale && Date.now() - tab.since > 400) return { state: "stale", note: now.stale, look: now };
    if (now.isAsked) return { state: "asked", question: now.question || now.outcome, look: now };
    if (now.errors.length) return { state: "errors", errors: now.errors, look: now };
    if (now.outcome && Date.now() - tab.since > 600) return { state: "told", note: now.outcome, look: now };
    if (Date.now() - tab.since > 2500) return { state: "silent", look: now };
  }
  return { state: "silent" };
}

/** The rows of the panel over HTTP, as a colleague sees them. */
export async function panelRows(world, who, deal) {
  const answer = await world.call(who, "panel", `/panel/deal/${deal}?rows=1000`);
  if (answer.status !== 200) throw new Error(`the panel of deal ${deal} answered ${answer.status}`);
  const rows = answer.text
    .split('<li class="invoice"')
    .slice(1)
    .map((part) => ({
      id: capture(/id="invoice-([0-9a-f-]+)"/, part),
      status: capture(/data-status="([a-z-]+)"/, part),
      number: /class="number">([^<]*)</.exec(part)?.[1],
      total: /class="total">([^<]*)</.exec(part)?.[1],
      books: /txnId%3D(\w+)/i.exec(part)?.[1],
      isBusy: /aria-busy/.test(part.slice(0, 200)),
    }));
  const figures = [...answer.text.matchAll(/<dl class="figures">(.*?)<\/dl>/gs)].map(([, list]) =>
    [...list.matchAll(/<dd>([^<]*)<\/dd>/g)].map(([, value]) => value),
  );
  return { rows, figures, text: answer.text };
}

/** The sums of a form that was read over HTTP. */
export function readSums(html) {
  const list = /<dl id="sums"[^>]*>(.*?)<\/dl>/s.exec(html)?.[1] ?? "";
  const sums = [...list.matchAll(/<dt(?: class="[^"]*")?>([^<]*)<\/dt>\s*<dd[^>]*>([^<]*)<\/dd>/g)].map(([, label, value]) => ({ label: label.trim(), value }));
  return { sums, total: /id="total">([^<]*)</.exec(list)?.[1] ?? "", isBeforeTax: /class="wide/.test(list) };
}
