// Pipedrive's own client, unmodified, with version 2: records, deal parts, lists, search, fields.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ANA, BRUNO, begin, refused } from "./support.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
/** @type {Record<string, any>} */
let api;
before(async () => {
  box = await begin();
  api = await box.connect();
});
after(() => box.end());

test("a deal: created, read, changed, won, deleted", async () => {
  const { data: made } = await api.deals.addDeal({ AddDealRequest: { title: "Ten sensors", value: 1500.5, org_id: 101 } });
  assert.equal(made.currency, "BRL");
  assert.equal(made.status, "open");
  assert.equal(made.owner_id, ANA);
  assert.equal(made.stage_id, 1);
  const { data: read } = await api.deals.getDeal({ id: made.id });
  assert.equal(read.title, "Ten sensors");
  const { data: won } = await api.deals.updateDeal({ id: made.id, UpdateDealRequest: { status: "won", stage_id: 2 } });
  assert.ok(won.won_time && won.close_time);
  assert.equal(won.lost_time, null);
  const { data: again } = await api.deals.updateDeal({ id: made.id, UpdateDealRequest: { status: "open" } });
  assert.equal(again.won_time, null);
  assert.deepEqual((await api.deals.deleteDeal({ id: made.id })).data, { id: made.id });
  const { data: gone } = await api.deals.getDeal({ id: made.id });
  assert.equal(gone.is_deleted, true, "to be read for thirty days");
  assert.equal(gone.status, "deleted");
  assert.ok(!(await api.deals.getDeals({ ids: String(made.id) })).data.length);
  assert.equal((await api.deals.getDeals({ ids: String(made.id), status: "deleted" })).data.length, 1);
  await refused(api.deals.updateDeal({ id: made.id, UpdateDealRequest: { title: "x" } }), 404, /Deal not found/);
});

test("invalid members of a body are refused", async () => {
  await refused(api.deals.addDeal({ AddDealRequest: { value: 1 } }), 400, /title is required/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", colour: "red" } }), 400, /colour is not allowed/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", value: "1" } }), 400, /value must be a number/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", org_id: 999999 } }), 400, /Organization not found/);
  await refused(api.deals.addDeal({ AddDealRequest: { title: "A", custom_fields: { nothing: "x" } } }), 400, /custom_fields.nothing is not allowed/);
  await refused(api.deals.updateDeal({ id: 424242, UpdateDealRequest: { title: "A" } }), 404);
});

test("persons, organizations and products", async () => {
  const { data: organization } = await api.organizations.addOrganization({ AddOrganizationRequest: { name: "Bosque Ltda", address: { value: "Rua Um, 1" } } });
  const { data: person } = await api.persons.addPerson({
    AddPersonRequest: { name: "Íris Prado", org_id: organization.id, emails: [{ value: "iris@bosque.example", primary: true, label: "work" }] },
  });
  assert.equal(person.first_name, "Íris");
  assert.equal(person.last_name, "Prado");
  const { data: of } = await api.persons.getPersons({ org_id: organization.id });
  assert.deepEqual(
    of.map((row) => row.id),
    [person.id],
  );
  const { data: changed } = await api.organizations.updateOrganization({ id: organization.id, UpdateOrganizationRequest: { name: "Bosque S.A." } });
  assert.equal(changed.name, "Bosque S.A.");
  const { data: product } = await api.products.addProduct({ AddProductRequest: { name: "Muda", code: "MUD", prices: [{ price: 12.5, currency: "BRL" }] } });
  assert.equal(product.prices[0].price, 12.5);
  assert.equal((await api.products.updateProduct({ id: product.id, UpdateProductRequest: { tax: 5 } })).data.tax, 5);
  await api.products.deleteProduct({ id: product.id });
  await api.persons.deletePerson({ id: person.id });
  await api.organizations.deleteOrganization({ id: organization.id });
  assert.deepEqual((await api.persons.getPersons({ org_id: organization.id })).data, []);
});

test("the products of a deal determine its value; discounts and installments", async () => {
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "With products" } });
  const { data: product } = await api.products.addProduct({ AddProductRequest: { name: "Vaso" } });
  const { data: row } = await api.dealProducts.addDealProduct({
    id: deal.id,
    AddDealProductRequest: { product_id: product.id, item_price: 100, quantity: 3, discount: 10, tax: 5 },
  });
  assert.equal(row.sum, 283.5); // 300 less 10 %, and 5 % tax
  assert.equal(row.currency, "BRL");
  assert.equal(row.order_nr, 1);
  const value = async () => (await api.deals.getDeal({ id: deal.id })).data.value;
  assert.equal(await value(), 283.5);
  const { data: changed } = await api.dealProducts.updateDealProduct({
    id: deal.id,
    product_attachment_id: row.id,
    UpdateDealProductRequest: { quantity: 1, discount: 20, discount_type: "amount", tax_method: "inclusive" },
  });
  assert.equal(changed.sum, 80);
  assert.equal(await value(), 80);
  const { data: discount } = await api.deals.postAdditionalDiscount({
    id: deal.id,
    AddAdditionalDiscountRequestBody: { description: "Friend", amount: 25, type: "percentage" },
  });
  assert.equal(await value(), 60);
  assert.equal((await api.deals.getAdditionalDiscounts({ id: deal.id })).data.length, 1);
  await api.deals.deleteAdditionalDiscount({ id: deal.id, discount_id: discount.id });
  assert.equal(await value(), 80);
  const { data: installment } = await api.dealInstallments.postInstallment({
    id: deal.id,
    AddInstallmentRequestBody: { description: "First", amount: 40, billing_date: "2026-12-01" },
  });
  assert.deepEqual(
    (await api.dealInstallments.getInstallments({ deal_ids: [deal.id] })).data.map((part) => part.id),
    [installment.id],
  );
  const { data: many } = await api.dealProducts.addManyDealProducts({
    id: deal.id,
    CreateManyDealProductRequest: {
      data: [
        { product_id: product.id, item_price: 1, quantity: 1 },
        { product_id: product.id, item_price: 2, quantity: 1 },
      ],
    },
  });
  assert.equal(many.length, 2);
  await refused(
    api.dealProducts.addDealProduct({ id: deal.id, AddDealProductRequest: { product_id: 999999, item_price: 1, quantity: 1 } }),
    400,
    /Product not found/,
  );
  await refused(api.dealProducts.getDealProducts({ id: 999999 }), 404, /Deal not found/);
  await api.dealProducts.deleteDealProduct({ id: deal.id, product_attachment_id: row.id });
  assert.equal(await value(), 3);
});

test("activities, pipelines and stages", async () => {
  const { data: activity } = await api.activities.addActivity({ AddActivityRequest: { subject: "Ligar", deal_id: 1, due_date: "2026-12-24" } });
  const { data: done } = await api.activities.updateActivity({ id: activity.id, AddActivityRequest: { done: true } });
  assert.ok(done.marked_as_done_time);
  assert.equal((await api.activities.getActivities({ deal_id: 1, done: true })).data.length, 1);
  const { data: pipeline } = await api.pipelines.addPipeline({ AddPipelineRequest: { name: "Parceiros" } });
  const { data: stage } = await api.stages.addStage({ AddStageRequest: { name: "Primeiro", pipeline_id: pipeline.id } });
  assert.equal((await api.deals.addDeal({ AddDealRequest: { title: "Lá", stage_id: stage.id } })).data.pipeline_id, pipeline.id);
  await refused(api.stages.addStage({ AddStageRequest: { name: "Sem pipeline" } }), 400, /pipeline_id is required/);
});

test("lists: cursors, filters, order", async () => {
  for (let at = 0; at < 7; at++) await api.persons.addPerson({ AddPersonRequest: { name: `Página ${at}` } });
  const seen = [];
  let cursor;
  do {
    const page = await api.persons.getPersons({ limit: 3, cursor });
    assert.ok(page.data.length <= 3);
    seen.push(...page.data.map((row) => row.id));
    cursor = page.additional_data.next_cursor;
  } while (cursor);
  assert.equal(new Set(seen).size, seen.length);
  const { data: down } = await api.persons.getPersons({ sort_by: "id", sort_direction: "desc", limit: 500 });
  assert.deepEqual(
    down.map((row) => row.id),
    [...seen].sort((a, b) => b - a),
  );
  const { data: two } = await api.persons.getPersons({ ids: `${seen[0]},${seen[1]}` });
  assert.equal(two.length, 2);
  assert.deepEqual((await api.persons.getPersons({ updated_since: "2999-01-01T00:00:00Z" })).data, []);
  await refused(api.persons.getPersons({ updated_since: "2026-01-01T00:00:00.123Z" }), 400, /not a valid datetime/);
  await refused(api.persons.getPersons({ limit: 501 }), 400, /limit/);
  await refused(api.persons.getPersons({ cursor: "?" }), 400, /cursor/);
});

test("search finds by name, e-mail and custom field", async () => {
  const { data } = await api.organizations.searchOrganization({ term: "oceano" });
  assert.equal(data.items[0].item.name, "Oceano Azul Importadora Ltda.");
  const byField = await api.search.searchItem({ term: "12.345.678", item_types: "organization" });
  assert.equal(byField.data.items.length, 1);
  assert.equal((await api.persons.searchPersons({ term: "nobody at all" })).data.items.length, 0);
  await refused(api.deals.searchDeals({ term: "a" }), 400, /2 characters/);
});

test("fields, users, currencies", async () => {
  for (const [from, name] of [
    ["dealFields", "getDealFields"],
    ["personFields", "getPersonFields"],
    ["organizationFields", "getOrganizationFields"],
    ["productFields", "getProductFields"],
  ]) {
    assert.ok((await api[from][name]({})).data.length > 4, name);
  }
  const { data: me } = await api.users.getCurrentUser();
  assert.equal(me.company_domain, "aurora");
  assert.equal((await api.users.getUsers()).data.length, 4);
  assert.ok((await api.currencies.getCurrencies()).data.some((currency) => currency.code === "BRL"));
});

test("custom fields: created with options, renamed, options added, renamed and removed, deleted", async () => {
  const { data: field } = await api.dealFields.addDealField({
    AddDealFieldRequest: { field_name: "Fatura", field_type: "set", options: [{ label: "Emitida" }, { label: "Paga" }] },
  });
  assert.equal(field.is_custom_field, true);
  const code = field.field_code;
  const [issued, paid] = field.options.map((option) => option.id);
  assert.equal(
    (await api.dealFields.updateDealField({ field_code: code, UpdateDealFieldRequest: { field_name: "Situação da fatura" } })).data.field_name,
    "Situação da fatura",
  );
  const { data: deal } = await api.deals.updateDeal({ id: 2, UpdateDealRequest: { custom_fields: { [code]: [issued, paid] } } });
  assert.deepEqual(deal.custom_fields[code], [issued, paid]);
  await refused(api.deals.updateDeal({ id: 2, UpdateDealRequest: { custom_fields: { [code]: [1] } } }), 400, /ids of options/);
  const { data: labelled } = await api.deals.getDeal({ id: 2, include_option_labels: true });
  assert.deepEqual(
    labelled.custom_fields[code].map((option) => option.label),
    ["Emitida", "Paga"],
  );
  const {
    data: [third],
  } = await api.dealFields.addDealFieldOptions({ field_code: code, AddDealFieldOptionsRequestInner: [{ label: "Anulada" }] });
  await api.dealFields.updateDealFieldOptions({ field_code: code, UpdateDealFieldOptionsRequestInner: [{ id: third.id, label: "Excluída" }] });
  await api.dealFields.deleteDealFieldOptions({ field_code: code, DeleteDealFieldOptionsRequestInner: [{ id: issued }] });
  assert.deepEqual(
    (await api.dealFields.getDealField({ field_code: code })).data.options.map((option) => option.label),
    ["Paga", "Excluída"],
  );
  assert.equal((await api.dealFields.getDealField({ field_code: code })).data.ui_visibility, undefined, "only on request");
  await refused(api.dealFields.addDealField({ AddDealFieldRequest: { field_name: "x", field_type: "enum" } }), 400, /options/);
  await refused(api.dealFields.updateDealField({ field_code: "title", UpdateDealFieldRequest: { field_name: "x" } }), 403);
  await api.dealFields.deleteDealField({ field_code: code });
  await refused(api.dealFields.getDealField({ field_code: code }), 404);
  assert.equal((await api.deals.getDeal({ id: 2 })).data.custom_fields[code], undefined, "a field that is gone is not even null");
  for (const [from, add, request] of [
    ["personFields", "addPersonField", "AddPersonFieldRequest"],
    ["organizationFields", "addOrganizationField", "AddOrganizationFieldRequest"],
    ["productFields", "addProductField", "AddProductFieldRequest"],
  ]) {
    assert.equal((await api[from][add]({ [request]: { field_name: "Novo", field_type: "varchar" } })).data.field_type, "varchar");
  }
  assert.ok((await api.activityFields.getActivityFields({})).data.length > 10);
});

test("followers and their changes", async () => {
  const { data: follower } = await api.deals.addDealFollower({ id: 3, AddDealFollowerRequest: { user_id: BRUNO } });
  assert.equal(follower.user_id, BRUNO);
  assert.equal((await api.deals.getDealFollowers({ id: 3 })).data.length, 1);
  assert.equal((await api.deals.getDeal({ id: 3, include_fields: "followers_count" })).data.followers_count, 1);
  await api.deals.deleteDealFollower({ id: 3, follower_id: BRUNO });
  assert.deepEqual(
    (await api.deals.getDealFollowersChangelog({ id: 3 })).data.map((change) => change.action),
    ["removed", "added"],
  );
  await refused(api.deals.deleteDealFollower({ id: 3, follower_id: BRUNO }), 404);
});

test("archived deals are in a list of their own and cannot be edited", async () => {
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "Para o arquivo" } });
  await api.deals.updateDeal({ id: deal.id, UpdateDealRequest: { is_archived: true } });
  assert.ok(!(await api.deals.getDeals({ ids: String(deal.id) })).data.length);
  const {
    data: [archived],
  } = await api.deals.getArchivedDeals({ ids: String(deal.id) });
  assert.ok(archived.archive_time);
  await refused(api.deals.updateDeal({ id: deal.id, UpdateDealRequest: { title: "x" } }), 400, /Archived/);
  assert.equal((await api.deals.updateDeal({ id: deal.id, UpdateDealRequest: { is_archived: false } })).data.archive_time, null);
});

test("products: variations, copies, an image, and their order on the deal", async () => {
  const { data: product } = await api.products.addProduct({ AddProductRequest: { name: "Camiseta", code: "CAM", prices: [{ price: 40, currency: "BRL" }] } });
  const { data: variation } = await api.products.addProductVariation({
    id: product.id,
    AddProductVariationRequest: { name: "Azul", prices: [{ price: 45, currency: "BRL" }] },
  });
  assert.equal(
    (await api.products.updateProductVariation({ id: product.id, product_variation_id: variation.id, UpdateProductVariationRequest: { name: "Azul-claro" } }))
      .data.name,
    "Azul-claro",
  );
  const { data: row } = await api.dealProducts.addDealProduct({
    id: 3,
    AddDealProductRequest: { product_id: product.id, item_price: 45, quantity: 2, product_variation_id: variation.id },
  });
  assert.equal(row.product_variation_id, variation.id);
  await refused(
    api.dealProducts.addDealProduct({ id: 3, AddDealProductRequest: { product_id: product.id, item_price: 45, quantity: 2, product_variation_id: 999 } }),
    400,
    /variation/,
  );
  await api.products.deleteProductVariation({ id: product.id, product_variation_id: variation.id });
  assert.deepEqual((await api.products.getProductVariations({ id: product.id })).data, []);
  const { data: copy } = await api.products.duplicateProduct({ id: product.id });
  assert.equal(copy.code, "CAM");
  const form = new FormData();
  form.append("data", new Blob([new Uint8Array([137, 80, 78, 71])], { type: "image/png" }), "camiseta.png");
  const token = (await box.grant()).access_token;
  const sent = await fetch(`${box.env.PIPEDRIVE_API_URL}/api/v2/products/${product.id}/images`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  assert.equal(sent.status, 201);
  assert.equal((await api.products.getProductImage({ id: product.id })).data.name, "camiseta.png");
  await api.products.deleteProductImage({ id: product.id });
  await refused(api.products.getProductImage({ id: product.id }), 404);
});

test("a search in one field; members that are returned on request", async () => {
  const { data: found } = await api.search.searchItemByField({ term: "oceano", entity_type: "organization", match: "beginning", field: "name" });
  assert.equal(found[0].id, 101);
  const { data: person } = await api.persons.getPerson({ id: 201, include_fields: "open_deals_count,activities_count" });
  assert.equal(typeof person.open_deals_count, "number");
  await refused(api.persons.getPerson({ id: 201, include_fields: "colour" }), 400, /include_fields/);
});

test("invalid ids, bodies and addresses are refused", async () => {
  const token = (await box.grant()).access_token;
  assert.equal((await box.raw(token, "GET", "/api/v2/deals/abc")).status, 400);
  assert.equal((await box.raw(token, "GET", "/api/v2/nothing")).status, 404);
  assert.equal((await box.raw(token, "GET", "/api/v2/deals/?limit=1")).body.data.length, 1, "a slash at the end changes nothing");
  assert.equal((await box.raw(token, "DELETE", "/api/v2/deals")).status, 404);
  const answer = await fetch(`${box.env.PIPEDRIVE_API_URL}/api/v2/deals`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: "{oops",
  });
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).success, false);
  const known = await box.raw(token, "GET", "/v1/leads");
  assert.equal(known.status, 501, "what exists at Pipedrive and not here says so");
  assert.match(known.body.error, /not simulated/);
  assert.equal((await api.users.getCurrentUser()).data.id, ANA);
});
