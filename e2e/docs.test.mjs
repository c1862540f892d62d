// The documents keep their word: each test that docs/walked.md names exists, each link and picture leads somewhere.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const files = (folder, end) => readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith(end) && !name.includes("node_modules")).map((name) => join(root, folder, name));

test("each promise names tests that exist", () => {
  const sources = [...files("e2e", ".test.mjs"), ...files("crates", ".rs")].map((file) => readFileSync(file, "utf8")).join("\n");
  const walked = readFileSync(join(root, "docs", "walked.md"), "utf8");
  const named = walked.split("\n").filter((line) => line.startsWith("| ")).flatMap((line) => [...line.split("|")[2].matchAll(/`([^`]+)`/g)].map(([, title]) => title));
  assert.ok(named.length > 40);
  const unknown = named.filter((title) => !sources.includes(title.replace("40 invoices in …", "${INVOICES} invoices in").replace("500 invoices", "${COUNT} invoices")));
  assert.deepEqual(unknown, []);
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
