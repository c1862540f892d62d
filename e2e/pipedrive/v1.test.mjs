// Pipedrive's own client, unmodified, with version 1: operations that version 2 does not have; and v1 addresses, without the client.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ANA, BRUNO, begin, refused } from "./support.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
/** @type {Record<string, any>} */
let api;
/** @type {string} */
let token;
before(async () => {
  box = await begin();
  api = await box.connect();
  token = (await box.grant()).access_token;
});
after(() => box.end());

test("notes: on a deal, pinned, changed, paged, deleted", async () => {
  const { data: note } = await api.notes.addNote({ AddNoteRequest: { content: "<b>Fatura</b> 2001", deal_id: 1, pinned_to_deal_flag: 1 } });
  assert.equal(note.pinned_to_deal_flag, true);
  assert.match(note.add_time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.equal((await api.notes.updateNote({ id: note.id, NoteRequest: { content: "Paga" } })).data.content, "Paga");
  await api.notes.addNote({ AddNoteRequest: { content: "Outra", deal_id: 1 } });
  const page = await api.notes.getNotes({ deal_id: 1, limit: 1 });
  assert.equal(page.data.length, 1);
  assert.deepEqual(page.additional_data.pagination, { start: 0, limit: 1, more_items_in_collection: true, next_start: 1 });
  assert.equal((await api.notes.deleteNote({ id: note.id })).data, true);
  await refused(api.notes.getNote({ id: note.id }), 404);
  await refused(api.notes.addNote({ AddNoteRequest: { content: "Sem dono" } }), 400);
});

test("comments on a note", async () => {
  const { data: note } = await api.notes.addNote({ AddNoteRequest: { content: "Com comentários", org_id: 101 } });
  const { data: comment } = await api.notes.addNoteComment({ id: note.id, CommentPostPutObject: { content: "Primeiro" } });
  assert.equal(
    (await api.notes.updateCommentForNote({ id: note.id, commentId: comment.uuid, CommentPostPutObject: { content: "Corrigido" } })).data.content,
    "Corrigido",
  );
  assert.equal((await api.notes.getComment({ id: note.id, commentId: comment.uuid })).data.content, "Corrigido");
  assert.equal((await api.notes.getNoteComments({ id: note.id })).data.length, 1);
  await api.notes.deleteComment({ id: note.id, commentId: comment.uuid });
  assert.equal((await api.notes.getNoteComments({ id: note.id })).data.length, 0);
});

test("fields by number: a custom field with options, changed, deleted", async () => {
  const { data: all } = await api.one.dealFields.getDealFields({ limit: 500 });
  assert.ok(all.some((field) => field.key === "title" && field.mandatory_flag));
  const { data: field } = await api.one.dealFields.addDealField({
    CreateFieldRequest: { name: "Cor", field_type: "enum", options: ["Azul", "Verde"].map((label) => ({ label })) },
  });
  assert.match(field.key, /^[0-9a-f]{40}$/);
  const [blue, green] = field.options;
  const { data: changed } = await api.one.dealFields.updateDealField({
    id: field.id,
    UpdateFieldRequest: { name: "Cor do painel", options: [{ id: blue.id, label: "Azul-marinho" }, { label: "Preto" }] },
  });
  assert.equal(changed.name, "Cor do painel");
  assert.deepEqual(
    changed.options.map((option) => option.label),
    ["Azul-marinho", "Preto"],
  );
  assert.ok(!changed.options.some((option) => option.id === green.id));
  const dealt = await box.raw(token, "POST", "/v1/deals", { title: "Com cor", [field.key]: String(blue.id) });
  assert.equal(dealt.body.data[field.key], String(blue.id));
  await refused(api.one.dealFields.updateDealField({ id: field.id, UpdateFieldRequest: { options: [{ id: 999999, label: "x" }] } }), 404);
  assert.equal((await api.one.dealFields.getDealField({ id: field.id })).data.options.length, 2, "refused as a whole");
  await api.one.dealFields.deleteDealField({ id: field.id });
  await refused(api.one.dealFields.getDealField({ id: field.id }), 404);
  for (const [from, name] of [
    ["personFields", "getPersonFields"],
    ["organizationFields", "getOrganizationFields"],
    ["productFields", "getProductFields"],
    ["activityFields", "getActivityFields"],
  ])
    assert.ok((await api.one[from][name]({})).data.length > 4, name);
  assert.ok((await api.noteFields.getNoteFields()).data.length > 4);
});

test("files: uploaded, renamed, downloaded, listed on the deal, deleted", async () => {
  const form = new FormData();
  form.append("file", new Blob(["olá, arquivo"], { type: "text/plain" }), "contrato.txt");
  form.append("deal_id", "1");
  const sent = await fetch(`${box.env.PIPEDRIVE_API_URL}/v1/files`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: form });
  const { data: file } = await sent.json();
  assert.equal(sent.status, 201);
  assert.equal(file.deal_id, 1);
  assert.equal(file.file_size, 13);
  assert.equal((await api.files.getFile({ id: file.id })).data.name, "contrato.txt");
  assert.equal((await api.files.updateFile({ id: file.id, name: "contrato-v2.txt" })).data.name, "contrato-v2.txt");
  assert.equal((await api.one.deals.getDealFiles({ id: 1 })).data.length, 1);
  const { body } = await box.raw(token, "GET", `/v1/files/${file.id}/download`);
  assert.equal(body, "olá, arquivo");
  const { data: linked } = await api.files.linkFileToItem({ item_type: "deal", item_id: 1, remote_id: "1AbC", remote_location: "googledrive" });
  assert.equal((await api.files.getFile({ id: linked.id })).data.remote_location, "googledocs", "as it was answered, so it is read");
  await api.files.deleteFile({ id: file.id });
  await refused(api.files.getFile({ id: file.id }), 404);
});

test("filters narrow lists of both versions", async () => {
  const { data: fields } = await api.one.dealFields.getDealFields({ limit: 500 });
  const value = fields.find((field) => field.key === "value");
  const conditions = {
    glue: "and",
    conditions: [
      { glue: "and", conditions: [{ object: "deal", field_id: String(value.id), operator: ">", value: "10000", extra_value: null }] },
      { glue: "or", conditions: [] },
    ],
  };
  const { data: filter } = await api.filters.addFilter({ AddFilterRequest: { name: "Grandes", type: "deals", conditions } });
  const { data: big } = await api.deals.getDeals({ filter_id: filter.id });
  assert.ok(big.length > 1 && big.every((deal) => deal.value > 10000));
  const old = await box.raw(token, "GET", `/v1/deals?filter_id=${filter.id}`);
  assert.deepEqual(old.body.data.map((deal) => deal.id).sort(), big.map((deal) => deal.id).sort());
  assert.equal((await api.filters.getFilters({ type: "deals" })).data.length, 1);
  assert.ok((await api.one.deals.getDealsSummary({ filter_id: filter.id })).data.total_count === big.length);
  await api.filters.updateFilter({ id: filter.id, UpdateFilterRequest: { name: "Maiores", conditions } });
  assert.equal((await api.filters.getFilter({ id: filter.id })).data.name, "Maiores");
  await api.filters.deleteFilter({ id: filter.id });
  await refused(api.deals.getDeals({ filter_id: filter.id }), 404);
  await refused(
    api.filters.addFilter({
      AddFilterRequest: {
        name: "Falso",
        type: "deals",
        conditions: { glue: "and", conditions: [{ glue: "and", conditions: [{ object: "deal", field_id: "1", operator: "=", value: "x" }] }] },
      },
    }),
    400,
  );
});

test("history: changes with old and new values; the flow with notes, activities and files", async () => {
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "Com história", value: 50 } });
  await api.deals.updateDeal({ id: deal.id, UpdateDealRequest: { value: 100, stage_id: 2 } });
  const { data: log } = await api.one.deals.getDealChangelog({ id: deal.id });
  const value = log.find((entry) => entry.field_key === "value");
  assert.deepEqual([value.old_value, value.new_value, value.actor_user_id, value.change_source], ["50", "100", ANA, "api"]);
  await api.notes.addNote({ AddNoteRequest: { content: "No fluxo", deal_id: deal.id } });
  await api.activities.addActivity({ AddActivityRequest: { subject: "No fluxo", deal_id: deal.id } });
  const { data: flow } = await api.one.deals.getDealUpdates({ id: deal.id });
  assert.deepEqual(new Set(flow.map((item) => item.object)), new Set(["dealChange", "note", "activity"]));
  const { data: notes } = await api.one.deals.getDealUpdates({ id: deal.id, items: "note" });
  assert.deepEqual(
    notes.map((item) => item.data.content),
    ["No fluxo"],
  );
  const since = "2020-01-01 00:00:00";
  const { data: recent } = await api.recents.getRecents({ since_timestamp: since, items: "deal", limit: 500 });
  assert.ok(recent.some((row) => row.item === "deal" && row.id === deal.id));
});

test("followers, participants, permitted users", async () => {
  const { data: follower } = await api.one.deals.addDealFollower({ id: 1, AddDealFollowerRequest: { user_id: BRUNO } });
  assert.equal((await api.one.deals.getDealFollowers({ id: 1 })).data[0].user_id, BRUNO);
  await api.one.deals.deleteDealFollower({ id: 1, follower_id: follower.id });
  const { data: participant } = await api.one.deals.addDealParticipant({ id: 1, AddDealParticipantRequest: { person_id: 202 } });
  assert.equal(participant.person_id.value, 202);
  assert.equal((await api.one.deals.getDealParticipants({ id: 1 })).data.length, 1);
  assert.deepEqual((await api.persons.getPersons({ deal_id: 1 })).data.map((person) => person.id).sort(), [201, 202]);
  await api.one.deals.deleteDealParticipant({ id: 1, deal_participant_id: participant.id });
  assert.equal((await api.one.deals.getDealUsers({ id: 1 })).data.length, 4);
  assert.deepEqual((await api.one.deals.getDealMailMessages({ id: 1 })).data, []);
});

test("a deal is duplicated with its products, and two organizations are merged", async () => {
  const { data: copy } = await api.one.deals.duplicateDeal({ id: 1 });
  assert.equal(copy.products_count, 3);
  assert.equal(copy.title, (await api.deals.getDeal({ id: 1 })).data.title);
  const { data: double } = await api.organizations.addOrganization({
    AddOrganizationRequest: { name: "Oceano Azul (duplicada)", address: { value: "Rua Nova, 1" } },
  });
  const { data: deal } = await api.deals.addDeal({ AddDealRequest: { title: "Da duplicada", org_id: double.id } });
  const { data: merged } = await api.one.organizations.mergeOrganizations({ id: double.id, MergeOrganizationsRequest: { merge_with_id: 101 } });
  assert.equal(merged.id, 101);
  assert.equal(merged.name, "Oceano Azul Importadora Ltda.");
  assert.equal((await api.deals.getDeal({ id: deal.id })).data.org_id, 101);
  assert.equal((await api.organizations.getOrganization({ id: double.id })).data.is_deleted, true);
});

test("users, roles, permission sets, settings", async () => {
  assert.equal((await api.users.findUsersByName({ term: "bruno" })).data[0].id, BRUNO);
  assert.equal((await api.users.getUser({ id: BRUNO })).data.name, "Bruno Lima");
  assert.equal((await api.users.getUserPermissions({ id: BRUNO })).data.can_add_custom_fields, false);
  assert.equal((await api.users.getUserPermissions({ id: ANA })).data.can_add_custom_fields, true);
  assert.equal((await api.users.getUserRoleAssignments({ id: ANA })).data.length, 1);
  assert.ok((await api.users.getUserRoleSettings({ id: ANA })).data.deal_default_visibility);
  assert.equal((await api.roles.getRoles()).data.length, 1);
  const { data: sets } = await api.permissionSets.getPermissionSets();
  assert.equal(sets.length, 5);
  assert.ok((await api.permissionSets.getPermissionSetAssignments({ id: sets[0].id })).data.some((row) => row.user_id === ANA));
  assert.ok((await api.userSettings.getUserSettings()).data.list_limit);
  await api.userConnections.getUserConnections();
  const { data: made } = await api.users.addUser({ AddUserRequest: { email: "nova@aurora.example", access: [{ app: "global" }], active_flag: true } });
  assert.equal((await api.users.updateUser({ id: made.id, UpdateUserRequest: { active_flag: false } })).data.active_flag, false);
});

test("activity types, currencies, relationships of organizations", async () => {
  const { data: kind } = await api.activityTypes.addActivityType({ AddActivityTypeRequest: { name: "Visita técnica", icon_key: "truck" } });
  assert.equal(kind.key_string, "visita_técnica");
  await api.activityTypes.updateActivityType({ id: kind.id, UpdateActivityTypeRequest: { name: "Visita" } });
  await api.activityTypes.deleteActivityType({ id: kind.id });
  assert.equal((await api.activityTypes.getActivityTypes()).data.length, 6);
  const { data: currencies } = await api.currencies.getCurrencies({ term: "yen" });
  assert.deepEqual(
    currencies.map((currency) => [currency.code, currency.decimal_points]),
    [["JPY", 0]],
  );
  const { data: relation } = await api.organizationRelationships.addOrganizationRelationship({
    AddOrganizationRelationshipRequest: { type: "parent", rel_owner_org_id: 101, rel_linked_org_id: 102 },
  });
  assert.equal(relation.calculated_type, "daughter");
  assert.equal((await api.organizationRelationships.getOrganizationRelationships({ org_id: 102 })).data[0].calculated_type, "parent");
  await api.organizationRelationships.deleteOrganizationRelationship({ id: relation.id });
});

test("v1 addresses: records in v1's shape, written with v1's names", async () => {
  const call = (method, path, body) => box.raw(token, method, `/v1${path}`, body);
  const made = (await call("POST", "/deals", { title: "À moda antiga", value: "1500.50", currency: "BRL", org_id: "101", user_id: BRUNO, visible_to: "3" }))
    .body.data;
  assert.equal(made.value, 1500.5);
  assert.equal(made.org_id.value, 101);
  assert.equal(made.org_id.name, "Oceano Azul Importadora Ltda.");
  assert.equal(made.user_id.id, BRUNO);
  assert.equal(made.owner_name, "Bruno Lima");
  assert.match(made.add_time, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  const won = (await call("PUT", `/deals/${made.id}`, { status: "won" })).body.data;
  assert.equal(won.active, false);
  assert.ok(won.won_time);
  const page = (await call("GET", "/deals?start=0&limit=2&sort=id%20DESC&status=all_not_deleted")).body;
  assert.deepEqual(page.additional_data.pagination, { start: 0, limit: 2, more_items_in_collection: true, next_start: 2 });
  assert.equal(page.data[0].id, made.id);
  assert.ok(page.related_objects.organization["101"]);
  const person = (
    await call("POST", "/persons", { name: "Rita Lobo", email: ["rita@exemplo.example", "r@exemplo.example"], phone: "11 99999-0000", org_id: 101 })
  ).body.data;
  assert.deepEqual(
    person.email.map((entry) => [entry.value, entry.primary]),
    [
      ["rita@exemplo.example", true],
      ["r@exemplo.example", false],
    ],
  );
  assert.equal(person.phone[0].value, "11 99999-0000");
  assert.equal((await api.persons.getPerson({ id: person.id })).data.emails.length, 2, "v2 sees the same person");
  const organization = (await call("POST", "/organizations", { name: "Antiga Ltda", address: "Rua Velha, 9" })).body.data;
  assert.equal(organization.address, "Rua Velha, 9");
  const product = (await call("POST", "/products", { name: "Velho", prices: [{ price: "12.5", currency: "BRL" }] })).body.data;
  assert.equal(product.prices[0].price, 12.5);
  const part = (await call("POST", `/deals/${made.id}/products`, { product_id: product.id, item_price: "10", quantity: 2, discount_percentage: 50 })).body.data;
  assert.equal(part.sum, 10);
  assert.equal((await call("PUT", `/deals/${made.id}/products/${part.product_attachment_id}`, { quantity: 4 })).body.data.sum, 20);
  assert.equal((await call("GET", `/deals/${made.id}/products`)).body.data.length, 1);
  const activity = (await call("POST", "/activities", { subject: "Ligar", type: "call", deal_id: made.id, done: 0, due_date: "2026-12-01" })).body.data;
  assert.equal((await call("PUT", `/activities/${activity.id}`, { done: 1 })).body.data.done, true);
  assert.equal((await call("GET", "/stages?pipeline_id=1")).body.data.length, 4);
  assert.equal((await call("GET", "/pipelines")).body.data[0].name, "Sales");
  const found = (await call("GET", "/persons/search?term=rita")).body.data.items;
  assert.equal(found[0].item.id, person.id);
  assert.equal(
    (await call("GET", `/organizations/101/persons`)).body.data.some((row) => row.id === person.id),
    true,
  );
  assert.equal((await call("DELETE", `/deals/${made.id}`)).body.data.id, made.id);
  assert.equal((await call("GET", `/deals/${made.id}`)).body.data.deleted, true);
  assert.equal((await call("GET", "/deals?status=deleted")).body.data.length, 1);
  const none = (await call("GET", "/deals?status=lost")).body;
  assert.equal(none.data, null, "an empty list of records is null");
  assert.equal((await call("POST", "/deals", { value: 1 })).status, 400);
});

test("custom fields of every kind, flat in v1 and nested in v2", async () => {
  const kinds = {
    varchar: ["texto", "texto"],
    text: ["longo", "longo"],
    double: [1.25, 1.25],
    phone: ["+55 11", "+55 11"],
    date: ["2026-12-24", "2026-12-24"],
    org: [101, 101],
    people: [201, 201],
    user: [BRUNO, BRUNO],
    monetary: [{ value: 9.9, currency: "USD" }, 9.9],
    address: [{ value: "Rua A, 1" }, "Rua A, 1"],
    daterange: [{ value: "2026-01-01", until: "2026-02-01" }, "2026-01-01"],
    time: [{ value: "10:30:00" }, "10:30:00"],
    timerange: [{ value: "10:30:00", until: "11:00:00" }, "10:30:00"],
  };
  for (const [kind, [nested, flat]] of Object.entries(kinds)) {
    const { data: field } = await api.organizationFields.addOrganizationField({
      AddOrganizationFieldRequest: { field_name: `Campo ${kind}`, field_type: kind },
    });
    const code = field.field_code;
    const { data: changed } = await api.organizations.updateOrganization({ id: 103, UpdateOrganizationRequest: { custom_fields: { [code]: nested } } });
    if (typeof nested === "object") for (const [part, value] of Object.entries(nested)) assert.deepEqual(changed.custom_fields[code][part], value, kind);
    else assert.deepEqual(changed.custom_fields[code], nested, kind);
    const old = (await box.raw(token, "GET", "/v1/organizations/103")).body.data;
    const shown = old[code];
    assert.deepEqual(shown?.value ?? shown, flat, kind);
    if (kind === "monetary") assert.equal(old[`${code}_currency`], "USD");
    if (kind === "address") assert.equal(old[`${code}_formatted_address`], "Rua A, 1");
    if (kind === "daterange") assert.equal(old[`${code}_until`], "2026-02-01");
    const wrong = {
      varchar: 5,
      double: "x",
      date: "24/12/2026",
      monetary: 5,
      address: "x",
      org: 999999,
      user: 1,
      time: { value: "late" },
      daterange: { value: "2026-01-01" },
    }[kind];
    if (wrong !== undefined)
      await refused(api.organizations.updateOrganization({ id: 103, UpdateOrganizationRequest: { custom_fields: { [code]: wrong } } }), 400, new RegExp(code));
    await api.organizationFields.deleteOrganizationField({ field_code: code });
    assert.equal((await api.organizations.getOrganization({ id: 103 })).data.custom_fields[code], undefined);
  }
});
