// Debian's Chromium, driven by Playwright, and helpers that many tests use.
import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const pictures = process.env.PICTURES ?? join(import.meta.dirname ?? ".", "..", "target", "pictures");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @import { BrowserContext, Locator, Request, Response } from "playwright-core" */

/** @typedef {import("playwright-core").Page} Page
 * @typedef {Awaited<ReturnType<typeof openBrowser>>} Browser */

/** A browser of its own for one person. `own` is Fatura's address: what its pages ask for and keep is then watched.
 * @param {string} language
 * @param {string} [own] */
export async function openBrowser(language, own) {
  const profile = mkdtempSync(join(tmpdir(), "fatura-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...FLAGS, `--lang=${language}`],
    locale: language,
    viewport: { width: 1360, height: 960 },
  });
  context.setDefaultTimeout(15_000);
  /** @type {string[]} */
  const complaints = [];
  context.on("console", (message) => {
    // A form that is not complete is answered with 422, an act that no longer applies with 409; Chromium mentions both.
    // axe leaves an empty style attribute on elements that it has checked, and htmx copies it: the hash is that of an empty style.
    const isOurs = !/status of (409|422)|sha256-47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=/.test(message.text());
    if (message.type() === "error" && isOurs) complaints.push(`${message.text()} ${message.location().url}`);
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const watched = watch(context, own);
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    complaints,
    ...watched,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Whether an address is of this origin.
 * @param {string} url
 * @param {string | undefined} origin */
const isOf = (url, origin) => URL.canParse(url) && new URL(url).origin === origin;

/**
 * Watches Fatura's pages, framed or not: `asked` has each address that they request, `leaks` requests to other hosts, cookies that were set in a frame,
 * and data that is stored in the browser now.
 * @param {BrowserContext} context
 * @param {string | undefined} own
 */
function watch(context, own) {
  const origin = own ? new URL(own).origin : undefined;
  /** @type {string[]} */
  const asked = [];
  /** @type {string[]} */
  const foreign = [];
  /** The page that makes a request; for a frame's first request the page around it. A navigation to another page does not count.
   * @param {Request} request */
  const askedBy = (request) => {
    try {
      return request.isNavigationRequest() ? request.frame().parentFrame()?.url() : request.frame().url();
    } catch {
      return undefined; // its page is gone
    }
  };
  // The browser shows a PDF with an extension of its own.
  context.on("request", (request) => {
    if (!origin || !isOf(askedBy(request) ?? "", origin) || /^(data|blob|chrome-extension):/.test(request.url())) return;
    asked.push(request.url());
    if (!isOf(request.url(), origin)) foreign.push(`asked of another host: ${request.url()}`);
  });
  /** @type {Promise<void>[]} */
  const answered = [];
  const noteCookie = async (/** @type {Response} */ response) => {
    try {
      // Only `allHeaders` includes this header.
      if (response.frame().parentFrame() && (await response.allHeaders())["set-cookie"] !== undefined) foreign.push(`a cookie in a frame: ${response.url()}`);
    } catch {
      /* its page is gone */
    }
  };
  context.on("response", (response) => {
    if (origin && isOf(response.url(), origin)) answered.push(noteCookie(response));
  });
  /** Data that pages of Fatura have stored in this browser. The cookie of a connect flow is hidden from scripts. */
  const kept = async () => {
    const frames = context
      .pages()
      .flatMap((page) => page.frames())
      .filter((frame) => isOf(frame.url(), origin));
    const names = async () => {
      try {
        return [...Object.keys(localStorage), ...Object.keys(sessionStorage), document.cookie, ...(await indexedDB.databases()).map(({ name }) => name)];
      } catch {
        return []; // a frame that Pipedrive's sandbox attribute denies all storage
      }
    };
    const found = frames.map((frame) => frame.evaluate(names).catch(() => /** @type {string[]} */ ([])));
    return (await Promise.all(found))
      .flat()
      .filter(Boolean)
      .map((name) => `kept in the browser: ${name}`);
  };
  const leaks = async () => {
    await Promise.race([Promise.all(answered), new Promise((go) => setTimeout(go, 2000).unref())]);
    return [...new Set([...foreign, ...(origin ? await kept() : [])])];
  };
  return { asked, leaks };
}

/** No violation of WCAG 2.2 AA, in the host page and in our frames.
 * @param {Page} page
 * @param {string} [what] */
export async function assertAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id} (${help}) at ${node.target.join(" ")}: ${node.failureSummary}`));
  assert.deepEqual(found, [], what);
}

/** @param {Page | Locator} target
 * @param {string} name */
export async function picture(target, name) {
  mkdirSync(pictures, { recursive: true });
  await target.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });
}

/** Non-breaking spaces as plain ones.
 * @param {string | null | undefined} text */
export const plain = (text) => (text ?? "").replace(/[\u00a0\u202f]/g, " ");
