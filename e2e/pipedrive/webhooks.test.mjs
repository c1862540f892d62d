// Webhooks of Pipedrive.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ANA, BRUNO, COMPANY, begin, endpoint } from "./support.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
/** @type {Record<string, any>} */
let api;
before(async () => {
  box = await begin();
  api = await box.connect();
});
after(() => box.end());

test("webhooks carry current and previous values and the subscriber's password, and are repeated when refused", async () => {
  const inbox = await endpoint();
  const { data: hook } = await api.webhooks.addWebhook({
    AddWebhookRequest: {
      subscription_url: inbox.url,
      event_action: "*",
      event_object: "deal",
      name: "deals",
      version: "2.0",
      http_auth_user: "fatura",
      http_auth_password: "s3cret",
    },
  });
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "Seen" } });
  await api.deals.updateDeal({ id: deal.id, UpdateDealRequest: { title: "Seen again" } });
  await api.persons.addPerson({ AddPersonRequest: { name: "Not asked for" } });
  await api.deals.deleteDeal({ id: deal.id });
  const [made, changed, gone] = await inbox.wait(3);
  assert.equal(made.meta.action, "create");
  assert.equal(made.previous, null);
  assert.equal(changed.meta.action, "change");
  assert.equal(changed.previous.title, "Seen");
  assert.equal(changed.data.title, "Seen again");
  assert.equal(changed.previous.id, undefined, "only what changed");
  assert.equal(gone.data, null);
  assert.equal(gone.meta.entity_id, String(deal.id));
  assert.equal(inbox.authorization, `Basic ${btoa("fatura:s3cret")}`);

  inbox.status = 500;
  await box.control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "By another user" } });
  await inbox.wait(4);
  inbox.status = 200;
  await box.control("/clock", { advance_seconds: 4 });
  const again = (await inbox.wait(5)).at(-1);
  assert.equal(again.meta.attempt, 2);
  assert.equal(again.data.title, "By another user");

  await box.control("/pipedrive/webhooks/mishaps", { effect: "lost" });
  await box.control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "Lost" } });
  await box.control("/pipedrive/webhooks/mishaps", { effect: "duplicated" });
  await box.control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "Twice" } });
  assert.deepEqual(
    (await inbox.wait(7)).slice(-2).map((event) => event.data.title),
    ["Twice", "Twice"],
  );

  assert.equal((await api.webhooks.getWebhooks()).data.length, 1);
  await api.webhooks.deleteWebhook({ id: hook.id });
  await box.control("/pipedrive/deal", { company_id: COMPANY, id: 2, changes: { title: "Unheard" } });
  await inbox.wait(7);
  inbox.close();
  await assert.rejects(
    api.webhooks.addWebhook({ AddWebhookRequest: { subscription_url: "nowhere", event_action: "*", event_object: "deal", name: "x" } }),
    (/** @type {any} */ error) => error.errors.subscription_url.length === 1,
  );
});

test("a subscription reports only what its user may see, also of users, and changes made in the pages", async () => {
  const inbox = await endpoint();
  const bruno = await box.connect({ user_id: BRUNO });
  await bruno.webhooks.addWebhook({ AddWebhookRequest: { subscription_url: inbox.url, event_action: "*", event_object: "*", name: "Bruno", version: "2.0" } });
  await api.deals.addDeal({ AddDealRequest: { title: "Só da Ana", visible_to: 1 } });
  const { data: open } = await api.deals.addDeal({ AddDealRequest: { title: "De todos" } });
  const [heard] = await inbox.wait(1);
  assert.equal(heard.data.title, "De todos");
  assert.equal(heard.meta.change_source, "api");
  assert.ok(heard.meta.permitted_user_ids.includes(String(BRUNO)));
  const cookie = await box.signIn(ANA);
  await fetch(`${box.env.PIPEDRIVE_WEB_URL}/edit/deal/${open.id}/state`, {
    method: "POST",
    headers: { cookie },
    redirect: "manual",
    body: new URLSearchParams({ status: "won" }),
  });
  const [, won] = await inbox.wait(2);
  assert.equal(won.meta.change_source, "app");
  assert.deepEqual([won.previous.status, won.data.status], ["open", "won"]);
  await api.users.addUser({ AddUserRequest: { email: "hook@aurora.example" } });
  assert.equal((await inbox.wait(3))[2].meta.entity, "user");
  inbox.close();
});

test("webhooks carry custom fields with their types, and null as the previous value of a new one", async () => {
  const inbox = await endpoint();
  const { data: hook } = await api.webhooks.addWebhook({
    AddWebhookRequest: { subscription_url: inbox.url, event_action: "change", event_object: "organization", name: "fields", version: "2.0" },
  });
  const { data: fields } = await api.organizationFields.getOrganizationFields({ limit: 500 });
  const size = fields.find((field) => field.field_name === "Porte");
  const code = fields.find((field) => field.field_name === "CNPJ").field_code;
  assert.equal((await api.organizations.getOrganization({ id: 104 })).data.custom_fields[code], null, "what is not filled in is null");
  await api.organizations.updateOrganization({ id: 104, UpdateOrganizationRequest: { custom_fields: { [code]: "1", [size.field_code]: size.options[0].id } } });
  const [event] = await inbox.wait(1);
  assert.deepEqual(event.data.custom_fields[code], { type: "varchar", value: "1" });
  assert.deepEqual(event.data.custom_fields[size.field_code], { type: "enum", id: size.options[0].id });
  assert.deepEqual(event.previous.custom_fields, { [code]: null, [size.field_code]: null });
  await api.webhooks.deleteWebhook({ id: hook.id });
  inbox.close();
});

test("after ten failed first attempts in a row a subscription pauses for half an hour, and changes in that time are lost", async () => {
  const inbox = await endpoint();
  inbox.status = 500;
  const { data: hook } = await api.webhooks.addWebhook({
    AddWebhookRequest: { subscription_url: inbox.url, event_action: "create", event_object: "product", name: "ban", version: "2.0" },
  });
  for (let at = 0; at < 10; at++) await api.products.addProduct({ AddProductRequest: { name: `Falha ${at}` } });
  await inbox.wait(10);
  await api.products.addProduct({ AddProductRequest: { name: "Perdido" } });
  await inbox.wait(10);
  inbox.status = 200;
  await box.control("/clock", { advance_seconds: 31 * 60 });
  const token = (await box.grant()).access_token;
  await box.raw(token, "POST", "/api/v2/products", { name: "Depois" });
  await new Promise((go) => setTimeout(go, 600));
  assert.ok(inbox.received.some((event) => event.data.name === "Depois"));
  assert.ok(!inbox.received.some((event) => event.data.name === "Perdido"));
  await box.raw(token, "DELETE", `/v1/webhooks/${hook.id}`);
  inbox.close();
});
