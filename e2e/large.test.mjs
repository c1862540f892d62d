// Large catalogues: items and customers beyond the thousand that QuickBooks returns in one response.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bill, control, fieldsOf, installed, openForm, pipedriveApi, saveSettings, session } from "./http.mjs";
import { BR, CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { quickbooks } from "./story.mjs";

const ITEMS = 100_000;
const { env, done } = scene("large", async (env) => {
  await done("/quickbooks/items", { realm_id: US.realm, count: ITEMS });
  await Promise.all([installed(env, US), installed(env, BR)]);
});

const optionsOf = (html) =>
  [...html.matchAll(/<li\s+role="option"[^>]*\sdata-id="([^"]*)"\s+data-name="([^"]*)"/g)].map(([, id, name]) => ({ id, name: name.replaceAll("&#38;", "&") }));

test("among 100,000 items each is found by name and by SKU, and a used one is not reported as inactive", { timeout: 180_000 }, async () => {
  const { call } = await session(env, "form", US.company, US.user);
  const search = async (typed) =>
    optionsOf((await call(`/items?${new URLSearchParams({ "lines[3][item_name]": typed })}`)).text).filter(({ id }) => id !== "new");
  for (const typed of ["Item 099876", "item 099876", "SKU-099876", "099876"]) {
    const started = Date.now();
    const found = await search(typed);
    assert.equal(found[0]?.name, "Item 099876", typed);
    assert.ok(Date.now() - started < 5000, `${typed}: ${Date.now() - started} ms`);
  }
  assert.deepEqual(await search("no such item at all"), []);
  const [{ id }] = await search("Item 099876");
  const number = await bill(env, US, 1, { ...CASCADE, "lines[0][item]": id, "lines[0][item_name]": "Item 099876" });
  const ask = await quickbooks(env, US.realm);
  const { Invoice } = await ask(`select * from Invoice where DocNumber = '${number}'`);
  assert.equal(Invoice[0].Line[0].SalesItemLineDetail.ItemRef.value, id);
  // The product is linked with it now, also after the lists are reloaded.
  const { fields } = await openForm(env, US, 1);
  const whole = fieldsOf((await call("/deals/1/form/change?part=all", fields)).text);
  assert.deepEqual([whole["lines[0][item]"], whole["lines[0][item_name]"]], [id, "Item 099876"]);
  const looked = await call("/deals/1/form/preview", whole);
  assert.doesNotMatch(looked.text, /inactive/);
});

// The default item, taken for an item that QuickBooks has, would be a wrong line on the invoice.
test("while QuickBooks refuses to look items up, the person chooses the items of a deal", { timeout: 180_000 }, async () => {
  await saveSettings(env, US, { item: "12" });
  const api = await pipedriveApi(env, US);
  const product = await api("POST", "v2/products", { name: "A service that QuickBooks does not have" });
  await api("POST", "v2/deals/2/products", { product_id: product.id, item_price: 100, quantity: 1 });
  const { call } = await session(env, "form", US.company, US.user);
  const chosen = async (effect) => {
    const fields = fieldsOf((await call("/deals/2/form")).text);
    // The items are looked up before anything else is queried.
    if (effect) await done("/faults", { provider: "quickbooks", path: "/query", times: 1, effect });
    const whole = fieldsOf((await call("/deals/2/form/change?part=all", fields)).text);
    const { waiting } = await (await control(env, "/faults/count", undefined, "GET")).json();
    assert.equal(waiting, 0, "the fault was met");
    return Object.entries(whole)
      .filter(([name]) => /^lines\[\d+\]\[item\]$/.test(name))
      .map(([, id]) => id);
  };
  const known = await chosen();
  assert.ok(known.includes("12"), `a product that QuickBooks does not have takes the default item: ${known}`);
  const left = known.map((id) => (id === "12" ? "" : id));
  const refusal = { fault: { errors: [{ code: "4000", Message: "Error parsing query" }], type: "ValidationFault" } };
  for (const effect of [refusal, { status: 503 }]) assert.deepEqual(await chosen(effect), left, JSON.stringify(effect));
  assert.deepEqual(await chosen(), known);
});

test("customers are found without accents and legal forms, by tax ID, and beyond the first thousand", { timeout: 180_000 }, async () => {
  const add = (changes) => done("/quickbooks/edit", { realm_id: BR.realm, entity: "Customer", changes });
  for (let at = 0; at < 1100; at += 50) await Promise.all(Array.from({ length: 50 }, (_, index) => add({ DisplayName: `Aaa Cliente ${at + index}` })));
  await add({ DisplayName: "Müller & Söhne GmbH", PrimaryTaxIdentifier: "98.765.432/0001-10" });
  await add({ DisplayName: "Zulmira Comércio Ltda" });
  const { call } = await session(env, "form", BR.company, BR.user);
  const search = async (customer_name) =>
    optionsOf((await call("/customers/search", { customer_name, email: "", tax_id: "" })).text)
      .filter(({ id }) => id !== "new")
      .map(({ name }) => name);
  for (const like_accents of ["sensitive", "insensitive"]) {
    await done("/quickbooks/quirks", { realm_id: BR.realm, like_accents });
    for (const typed of ["Muller", "muller sohne", "Müller", "Mueller GmbH".replace("ue", "ü")])
      assert.ok((await search(typed)).includes("Müller & Söhne GmbH"), `${like_accents}: ${typed}`);
    for (const typed of ["Zulmira", "zulmira comercio", "Zulmira Comercio S/A"])
      assert.ok((await search(typed)).includes("Zulmira Comércio Ltda"), `${like_accents}: ${typed}`);
  }
  assert.deepEqual(await search("98.765.432/0001-10"), ["Müller & Söhne GmbH"], "by its tax number, of which QuickBooks shows the end");
  assert.ok((await search("Cliente 1099")).includes("Aaa Cliente 1099"));
});
