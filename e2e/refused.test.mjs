// Invalid values are refused at their field: nothing is cut, replaced or sent silently.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./browser.mjs";
import { bill, fieldsOf, installed, openForm, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, menu, openDeal, panel, quickbooks, settings } from "./story.mjs";

const { env, as } = scene("refused", (env) => installed(env, US));

const count = async (entity) => ((await (await quickbooks(env, US.realm))(`select * from ${entity} maxresults 1000`))[entity] ?? []).length;

test("values that QuickBooks cannot store are refused at their field, and nothing is sent", { timeout: 120_000 }, async () => {
  const { call, fields } = await openForm(env, US, 9, { customer: "new", customer_name: "Somebody new", "lines[0][unit_price]": "10" });
  const before = [await count("Customer"), await count("Invoice")];
  const refused = async (changes, field, text) => {
    const answer = await call("/deals/9/invoices", { ...fields, ...changes });
    assert.equal(answer.status, 422, `${JSON.stringify(changes).slice(0, 80)}: ${answer.text}`);
    assert.ok(answer.text.includes(`<a href="#${field}">${text}</a>`), `${field}: ${answer.text}`);
    // The draft holds all input.
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
  for (const [field, name] of [
    ["memo", "Private memo"],
    ["to", "To"],
    ["customer_name", "Customer in QuickBooks"],
    ["state", "State"],
  ]) {
    await refused({ [field]: "a\0b" }, field, `${name} contains an invisible character that QuickBooks does not accept. Delete the text and type it again.`);
  }
  assert.deepEqual([await count("Customer"), await count("Invoice")], before);
});

test("an issue date after the due date moves the due date, and a year of two digits is refused", { timeout: 60_000 }, async () => {
  const { call, fields } = await openForm(env, US, 9, { customer: "new", customer_name: "Somebody new" });
  /** @type {Record<string, string>} */
  const typed = { ...fields, issued: "2031-01-31", version: "2" };
  assert.equal(typed.due_follows, "on");
  const shown = (await call("/deals/9/form/preview", typed)).text;
  assert.match(shown, /2031-02-07/);
  assert.doesNotMatch(shown, /due date (lies|is) before/);
  const old = await call("/deals/9/invoices", { ...fields, issued: "0026-12-01" });
  assert.equal(old.status, 422);
  assert.match(old.text, /<a href="#issued">Issue date: check the year 26\.<\/a>/);
});

test("pasted text that is too long is kept whole, and the page says so", { timeout: 120_000 }, () =>
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

test("an invalid number of days is refused at its field, other input stays, and nothing is saved", { timeout: 120_000 }, async () => {
  const saved = async () => fieldsOf((await (await session(env, "settings", US.company, US.user)).call("/settings/page")).text);
  const before = await saved();
  await as(US, async (page) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    const preferences = settings(page);
    const days = preferences.locator("#days");
    await days.waitFor();
    await preferences.getByLabel("Create a draft automatically when a deal is won").check();
    await preferences.getByRole("button", { name: "Add a preset" }).click();
    await preferences.locator("#presets-0-name").fill("Retainer");
    await preferences.locator("#presets-0-message").fill("Thank you.");
    const saveButton = preferences.getByRole("button", { name: "Save" });
    for (const typed of ["abc", "-3", "7,5", "1000", "", "+7", "7 days"]) {
      await days.fill(typed);
      await saveButton.click();
      await preferences.locator("#days-error", { hasText: "Enter a whole number of days from 0 to 999." }).waitFor();
      assert.equal(await days.inputValue(), typed);
      assert.equal(await preferences.locator("#presets-0-message").inputValue(), "Thank you.");
      assert.ok(await preferences.getByLabel("Create a draft automatically when a deal is won").isChecked());
      assert.deepEqual(await saved(), before, `nothing is saved with ${JSON.stringify(typed)}`);
    }
    await preferences.getByText("The settings were not saved:").waitFor();
    await assertAccessible(page, "settings with an error");
    await days.fill("999");
    await preferences.locator("#days-error").waitFor({ state: "detached" });
    await preferences.locator("#presets-0-days").fill("7.5");
    await preferences.locator("#presets-0-message").fill("m".repeat(1001));
    await saveButton.click();
    await preferences.locator("#presets-0-days-error", { hasText: "from 0 to 999" }).waitFor();
    await preferences.locator("#presets-0-message-error", { hasText: "1000 characters at most" }).waitFor();
    assert.equal((await preferences.locator("#presets-0-message").inputValue()).length, 1001);
    assert.deepEqual(await saved(), before);
    // A preset of its own needs no term.
    await preferences.locator("#presets-0-days").fill("");
    await preferences.locator("#presets-0-message").fill("Thank you.");
    await saveButton.click();
    await preferences.getByText("Saved. Changed:").waitFor();
  });
  const after = await saved();
  assert.deepEqual([after.days, after["presets[0][name]"], after["presets[0][days]"]], ["999", "Retainer", ""]);
});

test("a preset without a name and a preset beyond the form's limits are refused", { timeout: 60_000 }, async () => {
  const { call } = await session(env, "settings", US.company, US.user);
  const fields = fieldsOf((await call("/settings/page")).text);
  const refused = async (changes, ...errors) => {
    const answer = await call("/settings/save", { ...fields, ...changes });
    assert.equal(answer.status, 422, answer.text);
    for (const error of errors) assert.ok(answer.text.includes(error), answer.text);
  };
  await refused({ "presets[0][name]": " ", "presets[0][message]": "kept" }, '<a href="#presets-0-name">Name is missing.</a>');
  await refused({ "presets[0][name]": "n".repeat(61) }, '<a href="#presets-0-name">Name may have 60 characters at most.</a>');
  await refused({ "presets[0][cc]": "nobody" }, '<a href="#presets-0-cc">This is not a valid email address.</a>');
  await refused({ "presets[0][custom][1]": "x".repeat(32) }, '<a href="#presets-0-custom-1">Field may have 31 characters at most.</a>');
  await refused({ "presets[0][message]": "a\0" }, '<a href="#presets-0-message">Message on the invoice contains an invisible character');
  const tried = await call("/settings/try", { ...fields, days: "abc", deal: "9" });
  assert.match(tried.text, /Enter a whole number of days from 0 to 999\./);
});

test("an e-mail is sent to the address in the form, and not sent if it is empty or invalid", { timeout: 120_000 }, async () => {
  const number = await bill(env, US, 12, { ...CASCADE, email: "ap@cascaderobotics.example", "lines[0][unit_price]": "10" });
  const query = await quickbooks(env, US.realm);
  const sent = async () => (await query(`select * from Invoice where DocNumber = '${number}'`)).Invoice[0].EmailStatus === "EmailSent";
  await as(US, async (page) => {
    await openDeal(page, env, 12);
    await (await menu(page, number)).getByRole("button", { name: "Send by email" }).click();
    const recipient = () => panel(page).getByLabel(`Send invoice ${number} to`);
    assert.equal(await recipient().inputValue(), "ap@cascaderobotics.example");
    const tooLong = `${"x".repeat(90)}@cascaderobotics.example`;
    for (const [typed, text] of [
      ["", "Enter the recipient’s email address."],
      ["   ", "Enter the recipient’s email address."],
      ["nobody", "Enter the recipient’s email address."],
      ["a@b@c.example", "Enter the recipient’s email address."],
      [tooLong, "Email may have 100 characters at most."],
    ]) {
      await recipient().fill(typed);
      // The response before it has the same text: wait for this one.
      const answered = page.waitForResponse((response) => response.url().endsWith("/send") || /\/send\?/.test(response.url()));
      await panel(page).getByRole("button", { name: "Send", exact: true }).click();
      await answered;
      await page.waitForTimeout(200);
      await panel(page).locator(".field-error", { hasText: text }).waitFor();
      assert.equal((await recipient().inputValue()).trim(), typed.trim(), "what was typed stays");
      assert.equal(await recipient().getAttribute("aria-invalid"), "true");
    }
    await assertAccessible(page, "panel, with an address that is none");
    assert.equal(await sent(), false);
    await recipient().fill("someone.else@cascaderobotics.example");
    await panel(page).getByRole("button", { name: "Send", exact: true }).click();
    await page.locator(".snackbar", { hasText: `Invoice ${number} sent` }).waitFor();
  });
  assert.equal(await sent(), true);
});
