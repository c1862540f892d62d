// QuickBooks' own pages, as an accountant uses them, in a browser; and the control port from a shell.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { binary } from "../../scripts/stack.mjs";
import { assertAccessible, openBrowser, picture } from "../browser.mjs";
import { begin, US } from "./sandbox.mjs";

/** @type {import("./sandbox.mjs").Sandbox} */
let sandbox;
before(async () => {
  sandbox = await begin();
});
after(() => sandbox.end());

async function read(id) {
  const { access_token: token } = await sandbox.grant(US);
  const answer = await fetch(`${sandbox.env.QUICKBOOKS_API_URL}/v3/company/${US}/invoice/${id}`, {
    headers: { authorization: `Bearer ${token}`, accept: "application/json" },
  });
  return (await answer.json()).Invoice;
}

test("an accountant edits, receives a payment, sends, voids and deletes", { timeout: 120_000 }, async () => {
  const browser = await openBrowser("en-US");
  const { page } = browser;
  try {
    await page.goto(sandbox.env.QUICKBOOKS_WEB_URL);
    await page.getByRole("link", { name: "Oak Street Catering" }).click();
    await assertAccessible(page, "invoices");
    await picture(page, "quickbooks-invoices");
    await page.getByRole("link", { name: "1037" }).click();
    const id = new URL(page.url()).searchParams.get("txnId");
    await page.getByText("Edit", { exact: true }).click();
    await page.getByLabel("Due date").fill("2030-05-01");
    await page.getByLabel("Message").fill("Please pay soon");
    await page.getByLabel("Quantity").fill("10");
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByText("Please pay soon").waitFor();
    let row = await read(id);
    assert.equal(row.TotalAmt, 199.8); // 10 x 18.50 and 8 %
    assert.equal(row.DueDate, "2030-05-01");
    await page.getByLabel("Receive payment").fill("99.80");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Partially paid").waitFor();
    assert.equal((await read(id)).Balance, 100);
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").waitFor(); // no address yet
    await sandbox.control("/quickbooks/edit", { realm_id: US, entity: "Invoice", id, changes: { BillEmail: { Address: "birds@amys.example" } } });
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("birds@amys.example (sent").waitFor();
    await sandbox.control("/quickbooks/quirks", { realm_id: US, delete_paid: "refused" });
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("You must unlink the payments").waitFor();
    await assertAccessible(page, "invoice");
    await picture(page, "quickbooks-invoice");
    await page.getByRole("button", { name: "Void" }).click();
    await page.locator("h1").getByText("Voided").waitFor();
    row = await read(id);
    assert.equal(row.TotalAmt, 0);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "Invoices" }).waitFor();
    assert.equal(await read(id), undefined);
    await page.getByRole("link", { name: "Customers" }).click();
    await page.getByRole("link", { name: "Freeman Sporting Goods" }).click();
    await page.getByText("971.00 USD").waitFor();
    await assertAccessible(page, "customer");
    await page.getByRole("link", { name: "Apps" }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("No app has access").waitFor();
    assert.deepEqual(browser.complaints, []);
  } finally {
    await browser.close();
  }
});

test("sandbox control calls the control port from a shell", async () => {
  const run = promisify(execFile);
  const ask = async (...args) => (await run(binary("sandbox"), ["control", "--dir", sandbox.dir, ...args])).stdout;
  assert.match(await ask(), /POST +\/quickbooks\/payment/);
  const tokens = JSON.parse(await ask("quickbooks/grants", `realm_id=${US}`));
  assert.ok(tokens.access_token && tokens.refresh_token && tokens.expires_in === 3600 && tokens.realm_id === US);
  const payment = JSON.parse(await ask("quickbooks/payment", `realm_id=${US}`, "invoice_id=133", "amount:=10.5"));
  assert.equal(payment.TotalAmt, 10.5);
  await assert.rejects(ask("quickbooks/payment", `realm_id=${US}`, "invoice_id=9999"), /610/);
});
