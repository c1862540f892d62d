// Debian's Chromium, driven by Playwright, and what the tests do in it again and again.
import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const pictures = process.env.PICTURES ?? join(import.meta.dirname ?? ".", "..", "target", "pictures");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A browser of its own for one person. */
export async function openBrowser(language) {
  const profile = mkdtempSync(join(tmpdir(), "fatura-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...FLAGS, `--lang=${language}`],
    locale: language,
    viewport: { width: 1360, height: 960 },
  });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  context.on("console", (message) => {
    // A form that is not complete is answered with 422, an act that no longer applies with 409; Chromium mentions both.
    // axe leaves an empty style on what it has looked at, and htmx carries that over: the hash is that of nothing.
    const isOurs = !/status of (409|422)|sha256-47DEQpj8HBSa\+\/TImW\+5JCeuQeRkm5NMpJWZG3hSuFU=/.test(message.text());
    if (message.type() === "error" && isOurs) complaints.push(`${message.text()} ${message.location().url}`);
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    complaints,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** No violation of WCAG 2.2 AA, in the host page and in our frames. */
export async function assertAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  const found = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id} (${help}) at ${node.target.join(" ")}: ${node.failureSummary}`));
  assert.deepEqual(found, [], what);
}

export async function picture(target, name) {
  mkdirSync(pictures, { recursive: true });
  await target.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });
}

/** Non-breaking spaces as plain ones. */
export const plain = (text) => (text ?? "").replace(/[\u00a0\u202f]/g, " ");
