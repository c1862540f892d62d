// Numbers of any size: a form that cannot be computed is stored as it was typed, opens again, and names the field.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsOf, installed, openForm, session } from "./http.mjs";
import { CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";

const { env, done } = scene("numbers", async (env) => {
  for (const who of [US, MIGUEL]) await installed(env, who);
});

const QUANTITY = "lines[0][quantity]";
const PRICE = "lines[0][unit_price]";
const MANY = "1".repeat(28);

for (const [name, changes, field, words] of /** @type {[string, Record<string, string>, string, RegExp][]} */ ([
  ["a quantity of 28 digits", { [QUANTITY]: MANY }, QUANTITY, /too large[^<]*10,000,000,000/],
  ["a price of 28 digits", { [PRICE]: MANY }, PRICE, /too large[^<]*10,000,000,000/],
  ["a price of less than minus 28 digits", { [PRICE]: `-${MANY}` }, PRICE, /too large[^<]*10,000,000,000/],
  ["a quantity of 28 decimals", { [QUANTITY]: `0.${"0".repeat(27)}1` }, QUANTITY, /18 decimals at most/],
  ["a discount of 29 digits", { discount: `${MANY}1`, discount_kind: "amount" }, "discount", /too large[^<]*10,000,000,000/],
])) {
  test(`${name} is stored, restored, refused at its field, and makes no invoice`, async () => {
    const { call, fields } = await openForm(env, US, 1, CASCADE);
    const typed = { ...fields, ...changes, version: String(Number(fields.version || 0) + 1) };
    const shown = await call("/deals/1/form/preview", typed);
    assert.equal(shown.status, 200, shown.text);
    assert.match(shown.text, words);
    const again = await openForm(env, US, 1);
    assert.equal(again.fields[field], changes[field], "kept as it was typed");
    assert.match(again.text, words);
    const pressed = await call("/deals/1/invoices", { ...again.fields, ...CASCADE });
    assert.equal(pressed.status, 422, pressed.text);
    assert.match(pressed.text, words);
  });
}

test("the form of a deal of any value opens", async () => {
  const { call } = await session(env, "form", US.company, US.user);
  for (const value of [1e27, -1e27, 1e300, 1e-28, "79228162514264337593543950335"]) {
    await done("/pipedrive/rows", { company_id: US.company, resource: "Deal", id: 11, members: { value } });
    await call("/deals/11/form/discard", {});
    const opened = await call("/deals/11/form");
    assert.equal(opened.status, 200, `${value}: ${opened.text}`);
    assert.notEqual(fieldsOf(opened.text).intent ?? "", "", `${value}`);
  }
});
