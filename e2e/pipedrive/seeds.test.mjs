// The deals of the seeded companies beyond the first two, read by the API.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { begin } from "./support.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
before(async () => (box = await begin()));
after(() => box.end());

/** Each deal as [value, products, discounts]. */
async function deals(company_id, user_id, ...currencies) {
  const { deals, dealProducts } = await box.connect({ company_id, user_id });
  const { data } = await deals.getDeals({ limit: 100 });
  const of = async (deal) => {
    assert.ok(currencies.includes(deal.currency));
    const products = await dealProducts.getDealProducts({ id: deal.id });
    const discounts = await deals.getAdditionalDiscounts({ id: deal.id });
    return [deal.value, products.data.length, discounts.data.map(({ type, amount }) => `${amount} ${type}`)];
  };
  return Promise.all(data.sort((one, other) => one.id - other.id).map(of));
}

test("a French company has deals with discounts", async () => {
  assert.deepEqual(await deals(7730003, 930001, "EUR"), [
    [1204.2, 2, ["10 percentage"]],
    [507.89, 2, ["50 amount"]],
    [2500, 0, []],
    [342, 1, ["5 percentage"]],
    [689.57, 1, []],
    [155.95, 2, ["10 percentage", "15.5 amount"]],
    [1700, 1, []],
  ]);
});

test("deals in yen and in dinars have the decimals of their currency", async () => {
  assert.deepEqual(await deals(7740004, 940001, "JPY", "USD"), [
    [231697.77, 2, ["3 percentage"]],
    [32000, 1, ["1000 amount"]],
    [480000, 0, []],
    [1045, 1, []],
  ]);
  assert.deepEqual(await deals(7750005, 950001, "KWD", "JPY"), [
    [350.325, 2, ["10 percentage"]],
    [54.587, 2, []],
    [1250.75, 0, []],
    [48700, 1, []],
  ]);
});
