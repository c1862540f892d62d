// The simulated Pipedrive as a salesperson uses it: in three languages, both themes, two people in two browsers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, openBrowser, picture, plain } from "../browser.mjs";
import { ANA, BRUNO, begin } from "./support.mjs";

/** @type {import("./support.mjs").Sandbox} */
let box;
/** @type {Record<string, any>} */
let api;
/** @type {import("../browser.mjs").Browser} */
let ana;
/** @type {import("../browser.mjs").Page} */
let page;
before(async () => {
  box = await begin();
  // Tokens of a colleague: Ana has not installed the app.
  api = await box.connect({ user_id: BRUNO });
  ana = await openBrowser("pt-BR");
  page = ana.page;
  await signIn(page, "Ana Souza");
});
after(async () => {
  await ana.close();
  await box.end();
  // Chromium logs the statuses of refusals and missing records.
  assert.deepEqual(
    ana.complaints.filter((text) => !text.includes("404 (Not Found)")),
    [],
  );
});

async function signIn(page, name) {
  await page.goto(box.env.PIPEDRIVE_WEB_URL);
  await page.getByRole("button", { name }).click();
  await page.waitForURL("**/deals");
}
const go = (path) => page.goto(`${box.env.PIPEDRIVE_WEB_URL}${path}`);

/** Changes a field in place. */
async function edit(code, fill) {
  const field = page.locator(`[data-field="${code}"]`);
  await field.locator("button.edit").click();
  await fill(field.locator("form"));
  await field.locator(".go").click();
  await field.locator("form").waitFor({ state: "hidden" });
  return plain(await field.locator(".shown").innerText())
    .replace("✎", "")
    .trim();
}

test("lists and the pipeline are accessible, in three languages and both themes", async () => {
  for (const [locale, deals, pipeline] of [
    ["es_ES", "Tratos", "Embudo"],
    ["en_US", "Deals", "Pipeline"],
    ["pt_BR", "Negócios", "Funil"],
  ]) {
    await page.locator("select[name=locale]").selectOption(locale);
    await page.getByRole("heading", { name: deals, level: 1 }).waitFor();
    await page.getByRole("link", { name: pipeline }).click();
    await page.getByRole("region", { name: "Negociação" }).getByText("Monitoramento de vazão").waitFor();
    await go("/deals");
  }
  for (const theme of ["dark", "light"]) {
    await page.locator("select[name=theme]").selectOption(theme);
    for (const path of [
      "/deals",
      "/pipeline",
      "/persons",
      "/organizations",
      "/deal/1",
      "/person/201",
      "/organization/101",
      "/marketplace",
      "/settings/marketplace",
    ]) {
      await go(path);
      await assertAccessible(page, `${path}, ${theme}`);
    }
  }
});

test("fields of each type are edited in place, and a refusal says why and keeps the typed value", async () => {
  await go("/deal/2");
  assert.equal(await edit("title", (form) => form.locator("input").fill("Consultoria 2027")), "Consultoria 2027");
  await page.getByRole("heading", { name: "Consultoria 2027" }).waitFor();
  assert.equal(await edit("person_id", (form) => form.locator("select").selectOption({ label: "Helena Prates" })), "Helena Prates");
  assert.equal(await edit("expected_close_date", (form) => form.locator("input").fill("2026-12-24")), "24/12/2026");
  const { data: fields } = await api.dealFields.getDealFields({ limit: 500 });
  const code = (name) => fields.find((field) => field.field_name === name).field_code;
  assert.equal(await edit(code("Orçamento aprovado"), (form) => form.locator("input").fill("1234.5")), "R$ 1.234,50");
  assert.equal(await edit(code("Pedido do cliente"), (form) => form.locator("input").fill("PC-9")), "PC-9");
  const { data: deal } = await api.deals.getDeal({ id: 2 });
  assert.deepEqual([deal.person_id, deal.expected_close_date, deal.custom_fields[code("Orçamento aprovado")].value], [203, "2026-12-24", 1234.5]);
  const field = page.locator('[data-field="title"]');
  await field.locator("button.edit").click();
  await field.locator("input").fill("");
  await field.locator(".go").click();
  await field.getByRole("alert").waitFor();
  await field.locator(".cancel").click();
  await go("/organization/102");
  assert.equal(await edit("address", (form) => form.locator("input").fill("Rua Nova, 10, São Paulo")), "Rua Nova, 10, São Paulo");
  const { data: of } = await api.organizationFields.getOrganizationFields({ limit: 500 });
  const size = of.find((each) => each.field_name === "Porte").field_code;
  assert.equal(await edit(size, (form) => form.locator("select").selectOption({ label: "Pequeno" })), "Pequeno");
  await go("/person/202");
  assert.equal(await edit("emails", (form) => form.locator("input").fill("novo@cafe.example, fiscal@cafe.example")), "novo@cafe.example, fiscal@cafe.example");
  assert.equal((await api.persons.getPerson({ id: 202 })).data.emails[0].primary, true);
});

test("adding, changing and removing products updates the deal's value", async () => {
  await go("/deal/3");
  const products = page.locator("#products");
  await products.getByLabel("Produto").selectOption({ label: "Consultoria fiscal" });
  assert.equal(await products.locator("form.inline").last().getByLabel("Preço").inputValue(), "320", "the product's own price is filled in");
  await products.getByRole("button", { name: "Adicionar" }).click();
  await products.getByRole("row", { name: /Consultoria fiscal/ }).waitFor();
  await page.locator("#head").getByText("R$ 320,00").waitFor();
  await products.getByRole("button", { name: "Editar: Consultoria fiscal" }).click();
  await products.locator("[data-part-form]:not([hidden])").getByLabel("Quantidade").fill("3");
  await products.locator("[data-part-form]:not([hidden]) select").selectOption("amount");
  await products.locator("[data-part-form]:not([hidden])").getByLabel("Desconto").first().fill("60");
  await products.getByRole("button", { name: "Salvar" }).click();
  await page.locator("#head").getByText("R$ 900,00").waitFor();
  const {
    data: [part],
  } = await api.dealProducts.getDealProducts({ id: 3 });
  assert.deepEqual([part.quantity, part.discount, part.discount_type, part.sum], [3, 60, "amount", 900]);
  await products.getByRole("button", { name: "Remover: Consultoria fiscal" }).click();
  await products.getByText("Nenhum produto neste negócio.").waitFor();
});

test("the history shows changes of stage and status, notes, activities and files, also those of an app", async () => {
  await go("/deal/5");
  await page.getByRole("button", { name: "Negociação" }).click();
  const history = page.locator("#history");
  await history.getByText(/Etapa: alterado de .+ para Negociação/).waitFor();
  await page.getByText("Anotação", { exact: true }).click();
  await page.getByRole("textbox", { name: "Anotação" }).fill("Cliente pediu desconto <script>alert(1)</script>");
  await page.getByRole("button", { name: "Salvar" }).click();
  await history.getByText("Cliente pediu desconto <script>alert(1)</script>").waitFor();
  await page.getByText("Atividade", { exact: true }).click();
  await page.getByLabel("Assunto").fill("Ligar de volta");
  await page.locator("details[open] input[type=date]").fill("2026-12-01");
  await page.locator("details[open] .go").click();
  await history.getByText("Ligar de volta").waitFor();
  await history.getByRole("button", { name: "Marcar como feita" }).click();
  await history.getByText("Feita", { exact: true }).waitFor();
  await page.getByText("Arquivo", { exact: true }).first().click();
  await page.locator("input[type=file]").setInputFiles({ name: "proposta.txt", mimeType: "text/plain", buffer: Buffer.from("proposta") });
  await page.locator("details[open] .go").click();
  await history.getByText("proposta.txt").waitFor();
  await api.notes.addNote({ AddNoteRequest: { content: "<b>Fatura 2001</b> criada", deal_id: 5 } });
  await api.deals.updateDeal({ id: 5, UpdateDealRequest: { value: 777 } });
  await history.getByText("Fatura 2001 criada").waitFor();
  await history.getByText("por um aplicativo").first().waitFor();
  await page.getByRole("button", { name: "Ganho" }).click();
  await page.getByRole("button", { name: "Reabrir" }).waitFor();
  await picture(page, "sandbox-deal-history");
  const { data: flow } = await api.one.deals.getDealUpdates({ id: 5 });
  assert.deepEqual(new Set(flow.map((item) => item.object)), new Set(["dealChange", "note", "activity", "file"]));
});

test("records can be created and deleted, and a missing record answers 404", async () => {
  await go("/deals");
  await page.getByRole("button", { name: "Novo negócio" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("title").fill("Pela página");
  await dialog.getByLabel("organization").fill("Empresa Nova");
  await dialog.getByRole("button", { name: "Salvar" }).click();
  await page.getByRole("heading", { name: "Pela página" }).waitFor();
  await page.getByRole("link", { name: "Empresa Nova" }).click();
  await page.getByRole("heading", { name: "Empresa Nova" }).waitFor();
  await page.getByRole("link", { name: "Pela página" }).waitFor();
  await page.getByRole("button", { name: "Excluir" }).click();
  await page.waitForURL("**/organizations");
  assert.equal((await page.goto(`${box.env.PIPEDRIVE_WEB_URL}/deal/99999`))?.status(), 404);
  await page.getByText("Não há nada aqui.").waitFor();
});

test("a change in one browser appears in another within seconds, in that user's language", async () => {
  const lucia = await openBrowser("es");
  await signIn(lucia.page, "Lucía Fernández");
  await lucia.page.goto(`${box.env.PIPEDRIVE_WEB_URL}/deal/8`);
  await go("/deal/8");
  await edit("title", (form) => form.locator("input").fill("Piloto ampliado"));
  await lucia.page.getByRole("heading", { name: "Piloto ampliado" }).waitFor({ timeout: 6000 });
  await lucia.page.getByText(/cambió de Piloto – Café do Porto a Piloto ampliado/).waitFor();
  const rafael = await openBrowser("pt-BR");
  await signIn(rafael.page, "Rafael Couto");
  await rafael.page.goto(`${box.env.PIPEDRIVE_WEB_URL}/deal/8`);
  const field = rafael.page.locator('[data-field="title"]');
  await field.locator("button.edit").click();
  await field.locator("input").fill("Do Rafael");
  await field.locator(".go").click();
  await field
    .getByRole("alert")
    .getByText(/permission/)
    .waitFor();
  assert.equal(await field.locator("input").inputValue(), "Do Rafael");
  await rafael.page.goto(`${box.env.PIPEDRIVE_WEB_URL}/marketplace`);
  await rafael.page.getByText("Você não tem permissão para instalar aplicativos.").waitFor();
  await rafael.close();
  await lucia.close();
});

test("without script, forms post and return to the page", async () => {
  const cookie = await box.signIn(ANA);
  const post = (path, body) =>
    fetch(`${box.env.PIPEDRIVE_WEB_URL}${path}`, { method: "POST", redirect: "manual", headers: { cookie }, body: new URLSearchParams(body) });
  const answer = await post("/edit/deal/9/fields/title", { value: "Sem script" });
  assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/deal/9"]);
  assert.equal((await api.deals.getDeal({ id: 9 })).data.title, "Sem script");
  const refused = await post("/edit/deal/9/fields/title", { value: "" });
  assert.equal(refused.status, 422);
  assert.match(await refused.text(), /title/);
  assert.equal((await post("/preferences", { theme: "light", back: "//evil.example" })).headers.get("location"), "/deals");
});
