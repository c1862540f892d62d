// The language of a user, in a company in which several are spoken.
import assert from "node:assert/strict";
import { test } from "node:test";
import { control, installed, session } from "./http.mjs";
import { scene } from "./scene.mjs";
import { openRecord, panel } from "./story.mjs";

// A company in which three languages are spoken. What Pipedrive calls a locale is how numbers and dates look; the language is another setting.
const COMPANY = 7730003;
const user = (at, name, language, country, locale) => ({
  seed: { id: 930000 + at, name, email: `user${at}@mixed.example`, is_admin: at === 1, locale, language: { language_code: language, country_code: country }, timezone_name: "America/Sao_Paulo" },
  company: COMPANY, user: 930000 + at, name, language: `${language}-${country}`, sub: "9130000000000003", realm: "9341452200000003",
});
const [INES, PAULO, RITA, EMMA] = [
  user(1, "Inés Robles", "es", "ES", "es_ES"), user(2, "Paulo Reis", "pt", "BR", "en_US"), user(3, "Rita Nunes", "pt", "BR", "pt_BR"), user(4, "Emma Clark", "en", "US", "en_US"),
];
const SEED = {
  companies: [{
    id: COMPANY, name: "Mixed Company", domain: "mixed", country: "BR", currency: "USD", users: [INES, PAULO, RITA, EMMA].map(({ seed }) => seed), fields: [],
    organizations: [], persons: [], products: [], deals: [{ id: 1, title: "Many tongues", value: 500, currency: "USD", status: "open", stage_id: 1, owner: 0, products: [], custom_fields: {} }], stages: ["Lead in"],
  }],
};

const { env, as } = scene("language", async (env) => {
  const seeded = await control(env, "/pipedrive/seed", SEED);
  assert.ok(seeded.ok, await seeded.text());
});

test("pages are in the language of the user, however their numbers look", { timeout: 120_000 }, async () => {
  await installed(env, INES);
  await installed(env, PAULO);
  const { call } = await session(env, "panel", COMPANY, PAULO.user);
  assert.match((await call("/panel/deal/1")).text, /Nenhuma fatura neste negócio/);
  await as(PAULO, async (page) => {
    await openRecord(page, env, "deal", 1);
    await panel(page).getByText("Nenhuma fatura neste negócio.").waitFor();
  });
});
