// Checks the documents: each test that they name exists, and each link and picture has a target.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { openBrowser } from "./browser.mjs";

const root = join(import.meta.dirname, "..");
const files = (/** @type {string} */ folder, /** @type {string} */ end) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end) && !name.includes("node_modules"))
    .map((name) => join(root, folder, name));

for (const [page, column, least] of /** @type {[string, number, number][]} */ ([
  ["walked.md", 2, 40],
  ["faults.md", 3, 60],
  ["review.md", 4, 100],
]))
  test(`each row of ${page} names tests that exist`, () => {
    const sources = [...files("e2e", ".test.mjs"), ...files("crates", ".rs")].map((file) => readFileSync(file, "utf8")).join("\n");
    const rows = readFileSync(join(root, "docs", page), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| "));
    const named = rows.flatMap((line) => [...line.split("|")[column].matchAll(/`([^`]+)`/g)].map(([, title]) => title));
    assert.ok(named.length > least, `${named.length}`);
    const unknown = named.filter(
      (title) => !sources.includes(title.replace("40 invoices in …", "${INVOICES} invoices in").replace("500 invoices", "${COUNT} invoices")),
    );
    assert.deepEqual(unknown, []);
  });

test("each file that the security review names exists", () => {
  const rows = readFileSync(join(root, "docs/review.md"), "utf8")
    .split("\n")
    .filter((line) => /^\| [A-Z]+\d+ \|/.test(line));
  assert.equal(rows.length, 91);
  const named = rows.flatMap((row) => [...row.split("|")[3].matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  assert.ok(named.length > 100, `${named.length}`);
  assert.deepEqual(
    named.filter((name) => !existsSync(join(root, name))),
    [],
  );
});

test("the name QuickBooks is written as Intuit writes it, in each language", () => {
  const texts = files("crates/fatura/i18n", ".ftl");
  assert.equal(texts.length, 3);
  for (const file of texts) {
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => !line.startsWith("#"));
    assert.ok(lines.filter((line) => /\bQuickBooks\b/.test(line)).length > 20, file);
    // The names of texts and of their values are in lower case.
    const wrong = lines
      .map((line) => line.replace(/^[a-z0-9-]+ =/, "").replace(/\{[^}]*\}/g, ""))
      .filter((text) => /\bQB\b|QBO|[Qq]uickbook|quickBook|QuickBook\b|Quick Book/.test(text));
    assert.deepEqual(wrong, [], file);
  }
});

test("no tracked file holds a secret", () => {
  // Values of the sandbox, and texts that only look like secrets.
  const EXCUSED = /sandbox|demo|canary|example|placeholder|forged|secret[-_ ]?(of|key)|0123456789|AQEBAQEB|process\.env|\$\{|openssl|PRIVATE KEY-----\\n\{\}/i;
  const KEY =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abpr]-[A-Za-z0-9-]{20}|\bey[JK][A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}|\bAB11[0-9A-Za-z]{36,}/;
  // A literal with several kinds of characters that is assigned to something called a secret.
  const GIVEN = /(secret|token|password|passwd|api_?key|private_?key|key_ring|verifier)\w*["']?\s*[:=]+\s*["'`]([A-Za-z0-9+/_=.:-]{20,})["'`]/gi;
  const isRandom = (text) => new Set(text).size >= 12 && /[0-9]/.test(text) && /[a-z]/i.test(text);
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
    .split("\0")
    .filter((name) => name && !/\.(png|woff2|ico)$|package-lock\.json$|Cargo\.lock$/.test(name) && existsSync(join(root, name)));
  assert.ok(tracked.length > 300, `${tracked.length}`);
  const found = (name, text) =>
    text.split("\n").flatMap((line, at) => {
      const given = [...line.matchAll(GIVEN)].filter(([, , value]) => isRandom(value));
      return (KEY.test(line) || given.length > 0) && !EXCUSED.test(line) ? [`${name}:${at + 1}`] : [];
    });
  assert.deepEqual(
    tracked.flatMap((name) => found(name, readFileSync(join(root, name), "utf8"))),
    [],
  );
  // The patterns find real secrets.
  for (const planted of [
    `-----BEGIN EC ${"PRIVATE"} KEY-----`,
    `client_secret = "${"kJ8s2LqP0vXw9ZtR4yBn"}"`,
    `"refresh_token": "${"AB11"}${"7a6b5c4d3e2f1a0b9c8d".repeat(2)}"`,
  ])
    assert.equal(found("planted", planted).length, 1, planted);
});

test("the targets of links and pictures in the documents exist", () => {
  const pages = [
    ...files("docs", ".md"),
    ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map((name) => join(root, name)),
  ];
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
