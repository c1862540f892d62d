// The documents keep their word: each test that they name exists, each link and picture leads somewhere.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { openBrowser } from "./browser.mjs";

const root = join(import.meta.dirname, "..");
const files = (folder, end) => readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith(end) && !name.includes("node_modules")).map((name) => join(root, folder, name));

for (const [page, column, least] of [["walked.md", 2, 40], ["faults.md", 3, 60], ["review.md", 4, 100]]) test(`each row of ${page} names tests that exist`, () => {
  const sources = [...files("e2e", ".test.mjs"), ...files("crates", ".rs")].map((file) => readFileSync(file, "utf8")).join("\n");
  const rows = readFileSync(join(root, "docs", page), "utf8").split("\n").filter((line) => line.startsWith("| "));
  const named = rows.flatMap((line) => [...line.split("|")[column].matchAll(/`([^`]+)`/g)].map(([, title]) => title));
  assert.ok(named.length > least, `${named.length}`);
  const unknown = named.filter((title) => !sources.includes(title.replace("40 invoices in …", "${INVOICES} invoices in").replace("500 invoices", "${COUNT} invoices")));
  assert.deepEqual(unknown, []);
});

test("each file that the security review names is there", () => {
  const rows = readFileSync(join(root, "docs/review.md"), "utf8").split("\n").filter((line) => /^\| [A-Z]+\d+ \|/.test(line));
  assert.equal(rows.length, 91);
  const named = rows.flatMap((row) => [...row.split("|")[3].matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  assert.ok(named.length > 100, `${named.length}`);
  assert.deepEqual(named.filter((name) => !existsSync(join(root, name))), []);
});

test("QuickBooks is written as Intuit writes it, in each language", () => {
  const texts = files("crates/fatura/i18n", ".ftl");
  assert.equal(texts.length, 3);
  for (const file of texts) {
    const lines = readFileSync(file, "utf8").split("\n").filter((line) => !line.startsWith("#"));
    assert.ok(lines.filter((line) => /\bQuickBooks\b/.test(line)).length > 20, file);
    // The names of texts and of their values are in lower case.
    const wrong = lines.map((line) => line.replace(/^[a-z0-9-]+ =/, "").replace(/\{[^}]*\}/g, "")).filter((text) => /\bQB\b|QBO|[Qq]uickbook|quickBook|QuickBook\b|Quick Book/.test(text));
    assert.deepEqual(wrong, [], file);
  }
});

test("links and pictures in the documents lead somewhere", () => {
  const pages = [...files("docs", ".md"), ...["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map((name) => join(root, name))];
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, link]) => link)
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  );
  assert.deepEqual(broken, []);
});

test("a browser shows each picture of the documents", async () => {
  const browser = await openBrowser("en");
  try {
    for (const name of readdirSync(join(root, "docs/pictures"))) {
      await browser.page.goto(pathToFileURL(join(root, "docs/pictures", name)).href);
      assert.equal(await browser.page.locator("parsererror").count(), 0, name);
    }
  } finally {
    await browser.close();
  }
});
