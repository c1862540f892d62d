// Settings in a real browser: mapping, trial, defaults, rights, write-back, and the connection.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture } from "./browser.mjs";
import { bill, billedOnce, deferred, fieldsOf, installed, openForm, session } from "./http.mjs";
import { BR, CASCADE, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openDeal, panel, quickbooks, settings } from "./story.mjs";

/** @import { Who } from "./people.mjs" */
/** @import { FrameLocator } from "playwright-core" */
/** @import { Browser, Page } from "./browser.mjs" */

const {
  env,
  done,
  as: signedIn,
} = scene("settings", async (env) => {
  await installed(env, BR);
  await installed(env, US);
  await installed(env, MIGUEL);
});

/** On the settings page.
 * @param {Who} who
 * @param {(preferences: FrameLocator, page: Page, browser: Browser) => Promise<unknown>} story */
const as = (who, story) =>
  signedIn(who, async (page, browser) => {
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    await settings(page).locator("#settings-form").waitFor();
    await story(settings(page), page, browser);
  });

async function pipedrive(who, path, body, method = body ? "POST" : "GET") {
  const { access_token: token } = await done("/pipedrive/grants", { company_id: who.company, user_id: who.user });
  const options = {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  };
  const answer = await fetch(`${env.PIPEDRIVE_API_URL}${path}`, options);
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${text}`);
  return JSON.parse(text).data;
}
const idOf = async (number) => (await (await quickbooks(env, US.realm))(`select Id from Invoice where DocNumber = '${number}'`)).Invoice[0].Id;
const pick = async (page, id, typed, option) => {
  await page.locator(`#${id}`).fill(typed);
  await page.getByRole("option", { name: option, exact: true }).click();
};
const save = async (preferences, page) => {
  await preferences.getByRole("button", { name: /^(Save|Salvar|Guardar)$/ }).click();
  await page.locator(".snackbar").waitFor();
};

test("the default settings work, and the term gives the due date that the page shows", { timeout: 90_000 }, () =>
  as(US, async (page, host) => {
    const chosen = Object.fromEntries(
      await Promise.all(["to", "address", "email", "tax_id", "days"].map(async (id) => [id, await page.locator(`#${id}`).inputValue()])),
    );
    assert.deepEqual(chosen, { to: "Organization – Name", address: "Organization – Address", email: "Person – Email", tax_id: "", days: "7" });
    await page.getByText("Connected to Oak Street Catering (US, USD)").waitFor();
    await page.getByText(/since .* 2026, by Dana Whitfield/).waitFor();
    const buttons = (name) => page.getByRole("button", { name, exact: true }).count();
    assert.deepEqual([await buttons("Connect to QuickBooks"), await buttons("Disconnect")], [0, 1], "connected, there is nothing to connect");
    // A default that the page has shown already is not reported as a change.
    await page.locator("#days").fill("14");
    await save(page, host);
    await page.getByText("Saved. Changed: Payment terms", { exact: true }).waitFor();
    await page.locator("#days").fill("7");
    await page.getByText("Saved. Changed: Payment terms", { exact: true }).waitFor({ state: "hidden" });
    await save(page, host);
    await page.getByText("Saved. Changed: Payment terms", { exact: true }).waitFor();
  }),
);

test("hundreds of fields can be searched and tried with a real deal, and saving names what changed", { timeout: 120_000 }, async () => {
  for (let at = 0; at < 200; at++) await pipedrive(BR, "/api/v2/organizationFields", { field_name: `Campo ${at}`, field_type: "varchar" });
  await as(BR, async (page, host) => {
    await page.locator("#tax_id").fill("campo 173");
    await page.getByRole("option", { name: "Organização – Campo 173" }).waitFor();
    assert.equal(await page.locator("#tax_id-fields [role=option]:visible").count(), 1);
    await pick(page, "tax_id", "cnpj", "Organização – CNPJ");
    // A field with options shows the option's label.
    await pick(page, "to", "porte", "Organização – Porte");
    await page.locator("#deal").selectOption({ label: "Monitoramento de vazão – fase 1" });
    await page.locator(".tried dd").first().waitFor();
    assert.deepEqual((await page.locator(".tried dd").allTextContents()).slice(0, 4), [
      "Grande",
      "Rua do Comércio, 55, Santos, SP, 11010-141, Brasil",
      "marina@oceanoazul.example",
      "12.345.678/0001-95",
    ]);
    await pick(page, "to", "organização nome", "Organização – Nome");
    await page.locator(".tried dd", { hasText: "Oceano Azul Importadora Ltda." }).waitFor();
    await page.locator("#days").fill("30");
    await page.getByText("Há alterações não salvas.").waitFor();
    await assertAccessible(host, "settings with a trial");
    await save(page, host);
    await page.getByText("Salvo. Alterado: Identificação fiscal, Prazo").waitFor();
    await picture(host, "settings-saved-pt");
  });
  const { fields } = await openForm(env, BR, 1);
  assert.equal(fields.tax_id, "12.345.678/0001-95");
  assert.equal((Date.parse(fields.due) - Date.parse(fields.issued)) / 86_400_000, 30);
});

test("changes in QuickBooks do not discard settings that are not saved yet", { timeout: 90_000 }, async () => {
  const number = await bill(env, US, 9, CASCADE);
  await as(US, async (page, host) => {
    await page.locator("#days").fill("45");
    const asked = host.waitForResponse((response) => response.url().endsWith("/settings/connection"));
    await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: await idOf(number), amount: 1 });
    await asked;
    await host.waitForTimeout(500);
    assert.equal(await page.locator("#days").inputValue(), "45");
    await page.getByText("There are unsaved changes.").waitFor();
  });
});

test("a mapped field that is deleted in Pipedrive is shown as missing, and causes no failure", { timeout: 90_000 }, async () => {
  const made = await pipedrive(US, "/api/v2/organizationFields", { field_name: "VAT", field_type: "varchar" });
  await as(US, async (page, host) => {
    await pick(page, "tax_id", "vat", "Organization – VAT");
    await save(page, host);
  });
  await pipedrive(US, `/api/v2/organizationFields/${made.field_code}`, undefined, "DELETE");
  await as(US, async (page) => {
    assert.equal(await page.locator("#tax_id").inputValue(), "(field removed in Pipedrive)");
  });
  assert.equal((await openForm(env, US, 3)).fields.tax_id, "");
});

test("a QuickBooks term, a default item and presets can be set, and regular users can only read them", { timeout: 120_000 }, async () => {
  await as(US, async (page, host) => {
    await page.locator("#term").selectOption({ label: "Net 30" });
    await page.locator("#item").fill("staff");
    await page.getByRole("option", { name: "Event staff" }).click();
    await page.getByRole("button", { name: "Add a preset" }).click();
    await page.getByLabel("Name").fill("Retainer");
    await page.locator("#presets-0-message").fill("Thank you.");
    await page.getByRole("button", { name: "Add a preset" }).click();
    await page.locator("#presets-1-name").fill("Rush");
    await page.locator("[data-row]").first().getByRole("button", { name: "Remove this preset" }).click();
    assert.equal(await page.locator("#presets-0-name").inputValue(), "Rush");
    await assertAccessible(host, "settings with a preset");
    await save(page, host);
    await page.getByText("Saved. Changed: Payment terms, Item for products that are not in QuickBooks, Presets").waitFor();
    await picture(host, "settings-en");
  });
  const { fields, text } = await openForm(env, US, 3);
  assert.equal((Date.parse(fields.due) - Date.parse(fields.issued)) / 86_400_000, 30);
  assert.equal(fields["lines[0][item]"], "12");
  assert.match(text, /<option value="Rush"/);
  await as(MIGUEL, async (page, host) => {
    assert.equal(await page.locator("#days").isDisabled(), true);
    await page.getByText("Solo los administradores").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Desconectar" }).count(), 0);
    await assertAccessible(host, "settings of a regular user");
    await picture(host, "settings-regular-es");
  });
});

test("write-back: fields of the deal follow its invoices", { timeout: 120_000 }, async () => {
  const make = async (name, type) => (await pipedrive(US, "/api/v2/dealFields", { field_name: name, field_type: type })).field_code;
  const codes = {
    invoiced: await make("Invoiced", "monetary"),
    balance: await make("Left to pay", "double"),
    status: await make("Invoice status", "varchar"),
    number: await make("Invoice number", "text"),
  };
  await as(US, async (page, host) => {
    await page.locator("#write-invoiced").selectOption({ label: "Invoiced" });
    await page.locator("#write-balance").selectOption({ label: "Left to pay" });
    await page.locator("#write-status").selectOption({ label: "Invoice status" });
    await page.locator("#write-number").selectOption({ label: "Invoice number" });
    await save(page, host);
    await page.getByText("Saved. Changed: Deal fields").waitFor();
  });
  const number = await bill(env, US, 4, CASCADE);
  const until = async (wanted) => {
    for (let at = 0; ; at++) {
      const { custom_fields: own } = await pipedrive(US, "/api/v2/deals/4");
      const now = [own[codes.invoiced]?.value, own[codes.balance], own[codes.status], own[codes.number]];
      if (JSON.stringify(now) === JSON.stringify(wanted) || at > 100) return assert.deepEqual(now, wanted);
      await new Promise((go) => setTimeout(go, 100));
    }
  };
  await until([368.87, 368.87, "Open", number]);
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: await idOf(number), amount: 68.87 });
  await until([368.87, 300, "Partially paid", number]);

  // A delayed write that takes effect after a later one: its value is overwritten.
  await done("/faults", { provider: "pipedrive", method: "PATCH", path: "/deals/4", effect: { delay: 4000 } });
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: await idOf(number), amount: 100 });
  while ((await (await fetch(`${env.CONTROL_URL}/faults`)).json()).length > 0) await new Promise((go) => setTimeout(go, 20));
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: await idOf(number), amount: 50 });
  await until([368.87, 150, "Partially paid", number]);
  await new Promise((go) => setTimeout(go, 4500));
  await until([368.87, 150, "Partially paid", number]);
});

test("a won deal gets a draft automatically", { timeout: 120_000 }, async () => {
  await as(US, async (page, host) => {
    await page.getByLabel("Create a draft automatically when a deal is won").check();
    await save(page, host);
    await page.getByText("Saved. Changed: Won deals").waitFor();
  });
  await done("/pipedrive/deal", { company_id: US.company, id: 12, changes: { status: "won" } });
  const { call } = await session(env, "panel", US.company, US.user);
  let shown = "";
  for (let at = 0; at < 120 && !/Draft saved/.test(shown); at++) {
    await new Promise((go) => setTimeout(go, 500));
    shown = (await call("/panel/deal/12")).text;
  }
  assert.match(shown, /Draft saved: /);
  assert.doesNotMatch((await call("/panel/deal/9")).text, /Draft saved/, "not for a deal that is open");
  const { fields } = await openForm(env, US, 12);
  assert.equal(fields["lines[0][quantity]"], "85");
});

test("after disconnecting here or in QuickBooks the history stays readable, and connecting again works", { timeout: 120_000 }, async () => {
  await billedOnce(env, US, 4, CASCADE);
  await as(US, async (page, host) => {
    await page.getByRole("button", { name: "Disconnect" }).click();
    await host.getByRole("dialog").getByText("Disconnect Oak Street Catering?").waitFor();
    await host.getByRole("dialog").getByRole("button", { name: "Disconnect", exact: true }).click();
    await page.getByText("No QuickBooks company is connected yet.").waitFor();
    await page.getByRole("button", { name: "Connect to QuickBooks", exact: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Disconnect", exact: true }).count(), 0);
    await picture(host, "settings-disconnected-en");
    await openDeal(host, env, 4);
    await panel(host).getByText("QuickBooks is not connected").waitFor();
    await panel(host).locator(".invoice").first().waitFor();
    assert.equal(await panel(host).getByRole("button", { name: "+ Invoice" }).count(), 0);
    await assertAccessible(host, "panel without a connection");
    await picture(host, "panel-disconnected-en");
  });
  await installed(env, US);
  await as(US, async (page, host) => {
    await page.getByText("Connected to Oak Street Catering (US, USD)").waitFor();
    await openDeal(host, env, 4);
    await panel(host).getByRole("button", { name: "+ Invoice" }).waitFor();
  });
  await done("/quickbooks/disconnect", { realm_id: US.realm });
  await as(US, async (_page, host, browser) => {
    await openDeal(host, env, 4);
    await panel(host).getByRole("button", { name: "Refresh" }).click();
    await panel(host).getByText("QuickBooks must be reconnected").first().waitFor();
    await panel(host).getByRole("link", { name: "Open Fatura settings" }).waitFor();
    await picture(host, "panel-reconnect-en");
    browser.complaints.length = 0;
  });
  await as(MIGUEL, async (_page, host) => {
    await openDeal(host, env, 4);
    await panel(host).getByText("Pide a un administrador").first().waitFor();
  });
  // Each administrator gets one task, which is closed after reconnecting.
  const tasks = async () => (await pipedrive(US, "/api/v2/activities")).filter(({ subject }) => subject === "Reconnect QuickBooks (Fatura)");
  const told = async (wanted) => {
    for (let at = 0; JSON.stringify((await tasks()).map(({ owner_id, done }) => [owner_id, done])) !== JSON.stringify(wanted); at++) {
      if (at > 100) assert.deepEqual(await tasks(), wanted);
      await new Promise((go) => setTimeout(go, 100));
    }
  };
  await told([[US.user, false]]);
  await as(US, async (_page, host, browser) => {
    await openDeal(host, env, 4);
    await panel(host).getByRole("button", { name: "Refresh" }).click();
    await panel(host).getByText("QuickBooks must be reconnected").first().waitFor();
    browser.complaints.length = 0;
  });
  await told([[US.user, false]]);
  await installed(env, US);
  await told([[US.user, true]]);
});

const stored = async () => fieldsOf((await (await session(env, "settings", US.company, US.user)).call("/settings/page")).text);

test("a mapping that is typed and not chosen is refused at its field, and the stored one stays", { timeout: 120_000 }, async () => {
  const before = await stored();
  await as(US, async (preferences) => {
    for (const [id, typed] of [
      ["email", "Person – Ema"],
      ["item", "Hour"],
      ["deposit_item", "Depo"],
    ]) {
      await preferences.locator(`#${id}`).fill(typed);
      await preferences.locator("#days").click();
      await preferences.getByRole("button", { name: "Save" }).click();
      await preferences.locator(`[data-errors] a[href="#${id}"]`).waitFor();
      assert.equal(await preferences.locator(`#${id}`).inputValue(), typed);
      await preferences.locator(`#${id}`).fill("");
    }
  });
  const { seen: _, ...kept } = await stored();
  const { seen: __, ...were } = before;
  assert.deepEqual(kept, were);
});

test("an older settings page does not overwrite another user's changes", { timeout: 120_000 }, async () => {
  const { call } = await session(env, "settings", US.company, US.user);
  const before = await stored();
  await as(US, async (preferences, page) => {
    await preferences.locator("#term").selectOption("days");
    await preferences.locator("#days").fill("11");
    await call("/settings/save", { ...before, void: "admins" });
    await preferences.getByRole("button", { name: "Save" }).click();
    const conflict = preferences.locator("#settings-wrong [role=alert]");
    await conflict.waitFor();
    assert.equal((await stored()).void, "admins", "nothing is saved");
    assert.match((await conflict.textContent()) ?? "", /Payment terms, Void and delete invoices/, "it names what would change");
    assert.equal(await preferences.locator("#days").inputValue(), "11");
    await assertAccessible(page, "settings that somebody else has changed");
    await picture(page, "settings-conflict-en");
    await preferences.locator("#who-void").selectOption("admins");
    await save(preferences, page);
    const now = await stored();
    assert.deepEqual([now.void, now.days], ["admins", "11"]);
  });
  await call("/settings/save", { ...before, seen: "" });
});

test("Disconnect works although the card was reloaded before the confirmation", { timeout: 120_000 }, async () => {
  await as(US, async (preferences, page) => {
    await preferences.locator("#connection button.danger").click();
    const dialog = page.getByRole("dialog").last();
    await dialog.waitFor();
    const read = page.waitForResponse((response) => /\/settings\/(page|connection)$/.test(response.url()));
    await preferences.locator("#connection").evaluate((card) => card.dispatchEvent(new CustomEvent("fatura:reload")));
    await read;
    await page.waitForTimeout(500);
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    await preferences.getByText("No QuickBooks company is connected yet.").waitFor();
  });
  await installed(env, US);
});

test("the trial shows the last choice, even if an earlier response arrives later", { timeout: 120_000 }, () =>
  as(US, async (preferences, page, browser) => {
    await preferences.locator("#deal").selectOption({ index: 1 });
    await preferences.locator(".tried dd").first().waitFor();
    const due = () => preferences.locator(".tried dd").last().textContent();
    const tried = () => page.waitForResponse((response) => response.url().endsWith("/settings/try"));
    let answered = tried();
    await preferences.locator("#term").selectOption("days");
    await answered;
    answered = tried();
    await preferences.locator("#days").fill("10");
    await answered;
    await page.waitForTimeout(500);
    const ten = await due();
    let count = 0;
    const { promise: held, resolve: answer } = deferred();
    await browser.context.route("**/settings/try", async (route) => {
      if (count++ === 0) await held;
      await route.continue().catch(() => undefined);
    });
    for (const [at, days] of /** @type {[number, string][]} */ ([
      [1, "20"],
      [2, "30"],
      [3, "10"],
    ])) {
      await preferences.locator("#days").fill(days);
      for (let waited = 0; count < at && waited < 30; waited++) await page.waitForTimeout(100);
    }
    answer();
    await page.waitForTimeout(2500);
    assert.equal(await due(), ten);
    await browser.context.unrouteAll({ behavior: "ignoreErrors" });
    browser.complaints.splice(0);
  }),
);

test("at 320 pixels the settings fit the page", { timeout: 120_000 }, async () => {
  for (const who of [BR, US]) {
    await as(who, async (preferences, page) => {
      await preferences.locator("#deal").selectOption({ index: 1 });
      await preferences.locator(".tried dd").first().waitFor();
      await page.locator(".settings iframe").evaluate((frame) => Object.assign(frame.style, { width: "320px", maxWidth: "none" }));
      await page.waitForTimeout(300);
      const { scroll, client, wide } = await preferences.locator("html").evaluate((html) => ({
        scroll: html.scrollWidth,
        client: html.clientWidth,
        wide: [...document.querySelectorAll("body *")]
          .filter((one) => one.getBoundingClientRect().right > html.clientWidth + 1)
          .map((one) => `${one.tagName}#${one.id}.${one.className}`),
      }));
      await picture(page.locator(".settings iframe"), `settings-narrow-${who.language}`);
      assert.deepEqual(wide, []);
      assert.equal(scroll, client);
    });
  }
});
