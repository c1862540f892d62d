// Links into QuickBooks, and the setting that they follow from, over plain HTTP.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { bill, browser, control, installed, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };

// On PostgreSQL where there is one, else on SQLite.
const server = process.env.TEST_POSTGRES_URL;
let [stack, env, dir, database] = [];
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-access-"));
  if (server) database = (await createDatabase()).url;
  stack = await start({ dir, ...(database ? { database } : {}) });
  env = stack.env;
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await installed(env, US);
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const invoices = async () => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];
const open = async (surface) => (await session(env, surface, US.company, US.user)).call;

test("links lead to the invoice and the customer, in QuickBooks' own form", async () => {
  const number = await bill(env, US, 3, LINE);
  const { Id: id } = (await invoices()).find(({ DocNumber }) => DocNumber === number);
  const text = (await (await open("panel"))("/panel/deal/3")).text.replaceAll("&#38;", "&");
  for (const link of [`pagereq=invoice%3FtxnId%3D${id}`, `pagereq=customerdetail%3FnameId%3D${CASCADE.customer}`]) {
    const url = `${env.QUICKBOOKS_WEB_URL}/app/login?${link}&deeplinkcompanyid=${US.realm}`;
    assert.ok(text.includes(`href="${url}"`), `${url}\n${text}`);
    const page = await browser().go(url);
    assert.equal(page.response.status, 200, url);
    assert.ok(page.text.includes(number), page.url);
    // As QuickBooks writes them, and in the older form.
    for (const other of [url.replace("%3F", "?").replace("%3D", "="), `${env.QUICKBOOKS_WEB_URL}/login?deeplinkcompanyid=${US.realm}&${link}`]) {
      assert.equal((await browser().go(other)).url, page.url, other);
    }
  }
  assert.equal((await browser().go(`${env.QUICKBOOKS_WEB_URL}/app/login?pagereq=invoice%3FtxnId%3D${id}&deeplinkcompanyid=1`)).response.status, 404);
});

test("fatura check names a wrong environment of QuickBooks with the allowed ones", async () => {
  const check = async (settings) => {
    const before = await stack.with(settings).fatura("check").then(() => "", ({ stderr }) => stderr);
    stack.with({ FATURA_QUICKBOOKS_ENVIRONMENT: "sandbox" });
    return before;
  };
  assert.equal(await check({ FATURA_QUICKBOOKS_ENVIRONMENT: "sandbox" }), "");
  assert.equal(await check({ FATURA_QUICKBOOKS_ENVIRONMENT: "production" }), "");
  assert.match(await check({ FATURA_QUICKBOOKS_ENVIRONMENT: "live" }), /quickbooks_environment is live: it has to be sandbox or production/);
});
