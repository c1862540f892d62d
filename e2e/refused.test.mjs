// What cannot be taken is said at its field: nothing is cut, replaced or sent without a word.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./browser.mjs";
import { installed, openForm } from "./http.mjs";
import { US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, openDeal, panel, quickbooks } from "./story.mjs";

const { env, as } = scene("refused", (env) => installed(env, US));

const count = async (entity) => ((await (await quickbooks(env, US.realm))(`select * from ${entity} maxresults 1000`))[entity] ?? []).length;

test("what QuickBooks cannot hold is refused at its field, and nothing is sent", { timeout: 120_000 }, async () => {
  const { call, fields } = await openForm(env, US, 9, { customer: "new", customer_name: "Somebody new", "lines[0][unit_price]": "10" });
  const before = [await count("Customer"), await count("Invoice")];
  const refused = async (changes, field, text) => {
    const answer = await call("/deals/9/invoices", { ...fields, ...changes });
    assert.equal(answer.status, 422, `${JSON.stringify(changes).slice(0, 80)}: ${answer.text}`);
    assert.ok(answer.text.includes(`<a href="#${field}">${text}</a>`), `${field}: ${answer.text}`);
    // The draft holds all that was typed.
    const draft = (await openForm(env, US, 9)).fields;
    for (const [name, value] of Object.entries(changes)) if (!/[\0\n]/.test(value)) assert.equal(draft[name], value, name);
  };
  await refused({ tax_id: "12.345.678/0001-95" }, "tax_id", "Tax ID may have 16 characters at most.");
  await refused({ "custom[1]": "x".repeat(32) }, "custom-1", "Field may have 31 characters at most.");
  await refused({ street: "s".repeat(501) }, "street", "Address may have 500 characters at most.");
  await refused({ city: "c".repeat(256) }, "city", "City may have 255 characters at most.");
  await refused({ postal_code: "9".repeat(31) }, "postal_code", "Postal code may have 30 characters at most.");
  await refused({ customer_name: "n".repeat(501) }, "customer_name", "Customer in QuickBooks may have 500 characters at most.");
  await refused({ message: "m".repeat(1001) }, "message", "Message on the invoice may have 1000 characters at most.");
  for (const [field, name] of [["memo", "Private memo"], ["to", "To"], ["customer_name", "Customer in QuickBooks"], ["state", "State"]]) {
    await refused({ [field]: "a\0b" }, field, `${name} contains an invisible character that QuickBooks does not accept. Delete the text and type it again.`);
  }
  assert.deepEqual([await count("Customer"), await count("Invoice")], before);
});

test("a paste that is too long stays whole, and says so", { timeout: 120_000 }, () =>
  as(US, async (page) => {
    await openDeal(page, env, 8);
    await panel(page).locator("button.go").click();
    const field = form(page).locator("#custom-1");
    await field.waitFor();
    const pasted = "purchase order 4711 of the northern branch";
    await field.fill(pasted);
    await form(page).locator("#custom-1-error", { hasText: "31 characters at most" }).waitFor();
    assert.equal(await field.inputValue(), pasted);
    await assertAccessible(page, "form with a text that is too long");
    await field.fill("4711");
    await form(page).locator("#custom-1-error").waitFor({ state: "detached" });
  }),
);
