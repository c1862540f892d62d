// The language of a user's pages, and the language of deal history.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture } from "./browser.mjs";
import { bill, control, installed, pipedriveApi, saveSettings, session } from "./http.mjs";
import { scene } from "./scene.mjs";
import { openRecord, panel, settings } from "./story.mjs";

// A company with users of three languages. In Pipedrive the locale sets the format of numbers and dates; the language is another setting.
const COMPANY = 7790009;
const user = (at, name, language, country, locale) => ({
  seed: {
    id: 990000 + at,
    name,
    email: `user${at}@mixed.example`,
    is_admin: at === 1,
    locale,
    language: { language_code: language, country_code: country },
    timezone_name: "America/Sao_Paulo",
  },
  company: COMPANY,
  user: 990000 + at,
  name,
  language: `${language}-${country}`,
  sub: "9130000000000003",
  realm: "9341452200000003",
});
const [INES, PAULO, RITA, EMMA] = [
  user(1, "Inés Robles", "es", "ES", "es_ES"),
  user(2, "Paulo Reis", "pt", "BR", "en_US"),
  user(3, "Rita Nunes", "pt", "BR", "pt_BR"),
  user(4, "Emma Clark", "en", "US", "en_US"),
];
const SEED = {
  companies: [
    {
      id: COMPANY,
      name: "Mixed Company",
      domain: "mixed",
      country: "BR",
      currency: "USD",
      users: [INES, PAULO, RITA, EMMA].map(({ seed }) => seed),
      fields: [],
      organizations: [],
      persons: [],
      products: [],
      deals: [{ id: 1, title: "Many tongues", value: 500, currency: "USD", status: "open", stage_id: 1, owner: 0, products: [], custom_fields: {} }],
      stages: ["Lead in"],
    },
  ],
};

/** @type {Awaited<ReturnType<typeof pipedriveApi>>} */
let pipedrive;
const { env, as } = scene("language", async (env) => {
  const seeded = await control(env, "/pipedrive/seed", SEED);
  assert.ok(seeded.ok, await seeded.text());
  pipedrive = await pipedriveApi(env, INES);
});

/** The text of a new invoice's note in the deal history. */
async function noteOf(who) {
  const number = await bill(env, who, 1, {
    customer: "1",
    customer_name: "Redwood Trail Club",
    customer_currency: "USD",
    "lines[0][item]": "new",
    "lines[0][item_name]": "Hike",
    "lines[0][unit_price]": "10",
  });
  for (let at = 0; ; at++) {
    const note = ((await pipedrive("GET", "v1/notes?deal_id=1&limit=500")) ?? []).find(({ content }) => content.includes(`${number} `));
    if (note) return note.content;
    assert.ok(at < 150, `no note of ${number}`);
    await new Promise((go) => setTimeout(go, 100));
  }
}
const [SPANISH, PORTUGUESE, ENGLISH] = [/creada en QuickBooks/, /criada no QuickBooks/, /created in QuickBooks/];

test("pages are in the user's language, whatever the format of their numbers", { timeout: 120_000 }, async () => {
  await installed(env, INES);
  await installed(env, PAULO);
  const { call } = await session(env, "panel", COMPANY, PAULO.user);
  assert.match((await call("/panel/deal/1")).text, /Nenhuma fatura neste negócio/);
  await as(PAULO, async (page) => {
    await openRecord(page, env, "deal", 1);
    await panel(page).getByText("Nenhuma fatura neste negócio.").waitFor();
  });
});

test("deal history is in the language of the settings, else of most users of the app, else of the first user", { timeout: 180_000 }, async () => {
  // One user of each language: the first user's counts.
  assert.match(await noteOf(INES), SPANISH);
  await installed(env, RITA);
  assert.match(await noteOf(INES), PORTUGUESE);
  const shown = async (who) =>
    /<select id="language".*?<\/select>/s.exec((await (await session(env, "settings", COMPANY, who.user)).call("/settings/page")).text)?.[0] ?? assert.fail();
  assert.match(await shown(INES), /<option value="" selected>Automático: Português \(Brasil\)/);
  await as(INES, async (page) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    await settings(page).locator("#language").scrollIntoViewIfNeeded();
    await assertAccessible(page, "settings with the language of the history");
    await picture(page, "settings-language-es");
    await settings(page).locator("#language").selectOption({ label: "English" });
    await settings(page).getByRole("button", { name: "Guardar" }).click();
    await settings(page)
      .getByText(/Modificado: Idioma del historial del trato/)
      .waitFor();
  });
  assert.match(await shown(PAULO), /<option value="en" selected>/);
  assert.match(await noteOf(INES), ENGLISH);
  // Saving another setting keeps it; choosing none returns to most users' language.
  await saveSettings(env, INES, { days: "9" });
  assert.match(await noteOf(INES), ENGLISH);
  await saveSettings(env, INES, { language: "" });
  assert.match(await noteOf(INES), PORTUGUESE);
  // A user who uninstalls the app no longer counts.
  await control(env, "/pipedrive/uninstall", { company_id: COMPANY, user_id: RITA.user });
  assert.match(await noteOf(INES), SPANISH);
});
