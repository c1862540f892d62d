// One user uses all features of docs/walked.md in one go, in their language and theme, with a mouse or only with the keyboard.
// The tests beside this folder have the other cases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, openBrowser, picture, plain } from "../browser.mjs";
import { BR, US } from "../people.mjs";
import { scene } from "../scene.mjs";
import { form, panel, quickbooks, settings, signIn } from "../story.mjs";
import { words } from "./words.mjs";
import { capture } from "../http.mjs";

const OAK_STREET = {
  who: US,
  intuit: "Dana Whitfield",
  books: "Oak Street Catering",
  deal: 8,
  organization: 401,
  person: 501,
  taxId: { typed: "ein", field: "EIN" },
  customer: { typed: "harbor", name: "Harbor & Pine Hotels", id: "2" },
  item: { typed: "staff", name: "Event staff" },
  taxed: false,
};
const COMPANIES = {
  "pt-BR": {
    who: BR,
    intuit: "Renata Prado",
    books: "Aurora Soluções",
    deal: 9,
    organization: 103,
    person: 203,
    taxId: { typed: "cnpj", field: "CNPJ" },
    customer: { typed: "jequi", name: "Instituto Jequitibá", id: "4" },
    item: { typed: "consult", name: "Consultoria fiscal" },
    taxed: true,
    locale: "pt_BR",
  },
  en: { ...OAK_STREET, locale: "en_US" },
  es: { ...OAK_STREET, locale: "es_ES" },
};

/** A walk in a language and a theme, with mouse or keyboard. */
export function walk(language, theme, hands) {
  const company = COMPANIES[language];
  const { who } = company;
  const say = words(language);
  const { env, done } = scene(`walk-${language}-${theme}`, () => done("/pipedrive/users", { user_id: who.user, locale: company.locale, theme }));

  test(`${language}, ${theme}, by ${hands.name}`, { timeout: 240_000 }, async () => {
    const browser = await openBrowser(language, env.FATURA_URL);
    const { page } = browser;
    const hand = hands(page);
    const books = async (statement) => (await quickbooks(env, who.realm))(statement);
    const invoice = async (number) => (await books(`select * from Invoice where DocNumber = '${number}'`)).Invoice?.[0];
    const seen = async (name) => {
      await assertAccessible(page, `${name}, ${language}, ${theme}`);
      await picture(page, `walk-${language}-${theme}-${name}`);
    };
    const sees = (where, key, values) => where.getByText(say(key, values)).first().waitFor();
    const button = (where, key, values) => where.getByRole("button", { name: say(key, values), exact: true });
    const dialogue = async (title, ok) => {
      const asked = page.getByRole("dialog").filter({ hasText: title });
      await asked.waitFor();
      await hand.press(asked.getByRole("button", { name: ok, exact: true }));
    };
    const snackbar = (text) => page.locator(".snackbar", { hasText: text }).waitFor();
    const open = async (entity, id) => {
      await page.goto(`${env.PIPEDRIVE_WEB_URL}/${entity}/${id}`);
      await panel(page).locator("#more").waitFor();
      assert.ok((await panel(page).locator("html").getAttribute("lang"))?.startsWith(language));
      assert.equal(await panel(page).locator("html").getAttribute("data-theme"), theme);
    };
    const openForm = async () => {
      await hand.press(panel(page).locator("button.go"));
      await form(page).locator("#create").waitFor();
      return form(page);
    };
    /** Waits until the page shows the result of the last key. */
    const settled = async (where) => {
      await page.waitForTimeout(200);
      await where.locator(".htmx-request").first().waitFor({ state: "detached" });
    };
    const row = (number) => panel(page).locator(".invoice", { hasText: number });
    const badge = (number, status) =>
      row(number)
        .locator(".badge", { hasText: say(`status-${status}`) })
        .waitFor();
    const act = async (number, key) => {
      await hand.press(row(number).locator(".dots"));
      await hand.press(
        row(number)
          .locator(".menu")
          .getByRole(key === "open-in-quickbooks" ? "link" : "button", { name: say(key), exact: true }),
      );
    };
    /** After *Create*: the number of the invoice. */
    const created = async () => {
      const told = new RegExp(say("issued-short", { number: "(\\d+)" }));
      const bar = page.locator(".snackbar", { hasText: told });
      await bar.waitFor();
      const number = capture(told, await bar.textContent());
      await page.locator("dialog.modal").waitFor({ state: "detached" });
      return number;
    };
    const pay = async (number, amount) =>
      done("/quickbooks/payment", { realm_id: who.realm, invoice_id: (await invoice(number)).Id, ...(amount ? { amount } : {}) });
    /** Presses a control that opens a new tab, and closes the tab. */
    const inNewTab = async (press, look) => {
      const opened = page.context().waitForEvent("page");
      await press();
      const tab = await opened;
      await look(tab);
      await tab.close();
      await page.bringToFront();
    };
    const atIntuit = async (tab, at) => {
      await at.mark(tab.getByRole("radio", { name: company.intuit }));
      await at.press(tab.getByRole("button", { name: "Sign in" }));
    };

    const part = (name, story) =>
      story().catch((error) => {
        error.message = `${name}: ${error.message}`;
        throw error;
      });

    try {
      await signIn(page, env, who.name);

      await part("1. install and connect", async () => {
        await page.goto(`${env.PIPEDRIVE_WEB_URL}/marketplace`);
        await hand.press(page.locator("a[href$='/install']"));
        await hand.press(page.getByRole("button", { name: "Cancel", exact: true }));
        await page.getByRole("heading", { name: say("consent-refused-title") }).waitFor();
        await sees(page, "consent-refused-text");
        await seen("cancelled");
        await hand.press(page.getByRole("link", { name: say("install-again") }));
        await hand.press(page.getByRole("button", { name: "Allow and install" }));
        await atIntuit(page, hand);
        await hand.mark(page.getByRole("radio", { name: company.books }).first());
        await hand.press(page.getByRole("button", { name: "Connect", exact: true }));
        await page.getByRole("heading", { name: say("confirm-title") }).waitFor();
        await seen("confirm");
        await hand.press(button(page, "confirm-connect"));
        await page.waitForURL("**/app-settings");
        await settings(page).getByText(company.books).first().waitFor();
      });

      await part("2. settings", async () => {
        const preferences = settings(page);
        await preferences.locator("#settings-form").waitFor();
        assert.equal(
          await preferences
            .locator("#to")
            .inputValue()
            .then((text) => text.split(" – ")[0]),
          say("entity-organization"),
        );
        await hand.pick(
          preferences.locator("#tax_id"),
          company.taxId.typed,
          preferences.getByRole("option", { name: `${say("entity-organization")} – ${company.taxId.field}` }),
        );
        await hand.fill(preferences.locator("#days"), "30");
        const deal = await preferences.locator("#deal option").nth(1).getAttribute("value");
        await hand.choose(preferences.locator("#deal"), deal);
        await preferences.locator(".tried dt", { hasText: say("settings-to") }).waitFor();
        await sees(preferences, "settings-unsaved");
        await hand.press(preferences.getByRole("button", { name: `+ ${say("settings-preset-add")}` }));
        await hand.fill(preferences.locator("#presets-0-name"), "Retainer");
        await hand.fill(preferences.locator("#presets-0-message"), "Merci!");
        await hand.choose(preferences.locator("#who-void"), "admins");
        await seen("settings");
        await hand.press(button(preferences, "settings-save"));
        await snackbar(say("settings-saved"));
        const names = [say("settings-tax-id"), say("settings-due"), say("settings-presets"), say("settings-void")].join(", ");
        await sees(preferences, "settings-changed", { names });
        // Deal history is in the company's language: set to this user's.
        if ((await preferences.locator("#language").inputValue()) !== language) {
          await hand.choose(preferences.locator("#language"), language);
          await hand.press(button(preferences, "settings-save"));
          await sees(preferences, "settings-changed", { names: say("settings-language") });
        }
      });

      let first;
      await part("3. the form", async () => {
        await open("deal", company.deal);
        await sees(panel(page), "panel-empty");
        await seen("panel-empty");
        const opened = await openForm();
        const {
          Customer: [before],
        } = await books(`select * from Customer where Id = '${company.customer.id}'`);
        await opened
          .getByText(say("form-source", { field: `${say("entity-organization")} – ` }).trim())
          .first()
          .waitFor();
        // Create with missing values: each is named at its field, and nothing is sent.
        await hand.press(opened.locator("#create"));
        await sees(opened, "form-mend");
        await opened.locator("#customer_name[aria-invalid=true]").waitFor();
        await hand.pick(
          opened.locator("#customer_name"),
          company.customer.typed,
          opened.locator("#customers").getByRole("option", { name: company.customer.name }),
        );
        await opened
          .locator("#customer-linked")
          .getByRole("link", { name: say("open-in-quickbooks") })
          .waitFor();
        // The changes of the customer, old and new; written when ticked.
        await hand.fill(opened.locator("#email"), "accounts@walked.example");
        const change = opened.locator(".changes li", { hasText: say("form-email") });
        await change.locator("ins", { hasText: "accounts@walked.example" }).waitFor();
        assert.ok((await change.locator("del").textContent())?.includes(before.PrimaryEmailAddr.Address));
        await hand.tick(opened.locator("#update_customer"));
        // The term sets the due date until it is set by hand, and again on request.
        const term = await opened.locator("#due").inputValue();
        assert.equal((Date.parse(term) - Date.parse(await opened.locator("#issued").inputValue())) / 86_400_000, 30);
        await hand.postpone(opened.locator("#due"));
        await hand.press(button(opened, "form-follow-term"));
        await opened.locator(`#long-due[data-due="${term}"]`).waitFor();
        // A preset, then own values.
        await hand.choose(opened.locator("#preset"), "Retainer");
        await opened.locator("#message", { hasText: "Merci!" }).waitFor();
        await hand.fill(opened.locator("#memo"), "walked");
        await hand.fill(opened.locator("#cc"), "copy@walked.example");
        // Lines: added by type-ahead, moved, removed with an undo.
        await hand.press(opened.getByRole("button", { name: `+ ${say("form-add-line")}` }));
        await hand.pick(
          opened.locator("#lines-1-item"),
          company.item.typed,
          opened.locator("#items-1").getByRole("option", { name: company.item.name }).first(),
        );
        await hand.fill(opened.locator("#lines-1-quantity"), "2");
        await hand.fill(opened.locator("#lines-1-unit_price"), language === "en" ? "1,050.5" : "1.050,5");
        await opened.locator("#amount-1", { hasText: /2[.,]?101[.,]00/ }).waitFor();
        const line = async (at, key) => {
          await hand.press(opened.locator("tbody tr").nth(at).locator(".dots"));
          await hand.press(
            opened
              .locator("tbody tr")
              .nth(at)
              .locator(".menu")
              .getByRole("button", { name: say(key), exact: true }),
          );
        };
        await line(1, "form-line-up");
        assert.equal(await opened.locator("#lines-0-item").inputValue(), company.item.name);
        await line(1, "form-remove-line");
        await sees(opened, "form-line-removed");
        await hand.press(button(opened, "undo"));
        assert.equal(await opened.locator("tbody tr").count(), 2);
        if (company.taxed) {
          for (const at of [0, 1]) await hand.choose(opened.locator(`#lines-${at}-tax_code`), { label: "ICMS 18%" });
          await hand.choose(opened.locator("#tax_mode"), "included");
          await opened.locator("#sums", { hasText: "ICMS" }).waitFor();
          await hand.choose(opened.locator("#tax_mode"), "excluded");
        }
        await settled(opened);
        await opened.locator("#create[aria-disabled=false]").waitFor();
        const shown = plain(await opened.locator("#total").textContent());
        await seen("form");
        await hand.press(opened.locator("#create"));
        // With the added line it exceeds the deal's value: the form asks first.
        await hand.press(opened.locator("[data-confirm-create]"));
        first = await created();
        const made = await invoice(first);
        assert.equal(shown.replace(/\D/g, ""), made.TotalAmt.toFixed(2).replace(/\D/g, ""), "the total is QuickBooks' own");
        assert.deepEqual(
          [made.CustomerRef.name, made.CustomerMemo.value, made.BillEmail.Address, made.BillEmailCc.Address],
          [company.customer.name, "Merci!", "accounts@walked.example", "copy@walked.example"],
        );
        const {
          Customer: [after],
        } = await books(`select * from Customer where Id = '${company.customer.id}'`);
        assert.equal(after.PrimaryEmailAddr.Address, "accounts@walked.example");
        // A second invoice: the form shows what is billed, offers a part, and warns if it exceeds the deal's value.
        const again = await openForm();
        await sees(again, "form-part-all");
        assert.equal(await again.locator("#customer_name").inputValue(), company.customer.name, "the link is remembered");
        await hand.fill(again.locator("#part"), "30");
        await again.locator("#lines-0-quantity[value='1']").waitFor();
        await hand.press(button(again, "form-part-all"));
        await again.locator("#excess").waitFor();
        await hand.press(button(again, "cancel"));
        await dialogue(say("leave-title"), say("leave-ok"));
        await page.locator("dialog.modal").waitFor({ state: "detached" });
      });

      let second;
      await part("4. invoices on the deal", async () => {
        await badge(first, "open");
        await row(first).getByText(company.customer.name).waitFor();
        const { TotalAmt: total } = await invoice(first);
        // By e-mail, to an address that the user enters.
        await act(first, "menu-send");
        const recipient = row(first).getByLabel(say("send-to", { number: first }));
        await hand.fill(recipient, "nobody");
        await hand.press(button(row(first), "send-ok"));
        await sees(row(first), "act-no-address");
        await hand.fill(recipient, "walked@customer.example");
        await hand.press(button(row(first), "send-ok"));
        await sees(row(first), "panel-sent");
        await seen("panel-sent");
        await inNewTab(
          () => act(first, "open-in-quickbooks"),
          (tab) => tab.getByText(first).first().waitFor(),
        );
        const answered = browser.context.waitForEvent("response", (response) => response.url().includes("/pdf/") && response.status() === 200);
        await inNewTab(
          () => act(first, "menu-pdf"),
          async () => assert.equal((await answered).headers()["content-type"], "application/pdf"),
        );
        // Paid in parts, while the page is open.
        await pay(first, 100);
        await badge(first, "partially-paid");
        await pay(first, total - 100);
        await badge(first, "paid");
        // Another invoice, which is voided and deleted here, after a confirmation that names the consequence.
        await openForm();
        await hand.choose(form(page).locator("#lines-0-tax_code"), company.taxed ? { label: "ICMS 18%" } : "NON");
        await form(page).locator("#create[aria-disabled=false]").waitFor();
        await hand.press(form(page).locator("#create"));
        await hand.press(form(page).locator("[data-confirm-create]"));
        second = await created();
        await badge(second, "open");
        await act(second, "menu-void");
        await dialogue(say("void-title", { number: second }), say("cancel"));
        assert.notEqual((await invoice(second)).TotalAmt, 0);
        await act(second, "menu-void");
        await dialogue(say("void-title", { number: second }), say("void-ok"));
        await badge(second, "voided");
        assert.equal((await invoice(second)).TotalAmt, 0);
        await act(second, "menu-delete");
        await dialogue(say("delete-title", { number: second }), say("delete-ok"));
        await badge(second, "deleted");
        assert.equal(await invoice(second), undefined);
        await seen("panel-badges");
        // Deal history has one entry for each, in the company's language.
        const told = [
          say("history-paid", { number: first, total: "" }),
          say("history-voided", { number: second }),
          say("history-deleted", { number: second }),
        ].map((text) => text.replace(/[. ]+$/, ""));
        const notes = async () => {
          await page.reload();
          return (await page.locator("main, body").first().innerText()).replace(/[\u00a0\u202f]/g, " ");
        };
        for (let at = 0, text = ""; at < 20 && !told.every((one) => text.includes(one)); at++) text = await notes();
        const text = await notes();
        for (const one of told) assert.equal(text.split(one).length - 1, 1, one);
      });

      await part("5. panels", async () => {
        for (const [entity, id] of [
          ["person", company.person],
          ["organization", company.organization],
        ]) {
          await open(entity, id);
          await row(first).waitFor();
          await sees(panel(page), "panel-outstanding");
        }
        // The organization is the one that is billed.
        await panel(page).getByRole("link", { name: company.customer.name }).waitFor();
        await hand.press(panel(page).locator("#refresh"));
        await panel(page).locator("#read-at").waitFor();
        await hand.press(panel(page).locator("#choose-deal"));
        await panel(page).locator("#billable-deals button").first().waitFor();
        await seen("panel-organization");
        await hand.closeMenu();
        await hand.press(panel(page).locator("#more"));
        await panel(page)
          .getByRole("link", { name: say("panel-settings") })
          .waitFor();
        await hand.press(button(panel(page), "panel-unlink"));
        await dialogue(say("unlink-title", { customer: company.customer.name }), say("unlink-ok"));
        await panel(page).getByRole("link", { name: company.customer.name }).waitFor({ state: "detached" });
        await row(first).waitFor();
      });

      await part("6. freshness", async () => {
        await open("deal", company.deal);
        const about = { realm_id: who.realm, entity: "Invoice", id: (await invoice(first)).Id };
        await done("/quickbooks/void", about);
        await badge(first, "voided");
        await done("/faults", { provider: "quickbooks", times: 50, effect: { status: 503 } });
        await hand.press(panel(page).locator("#refresh"));
        await panel(page).getByRole("alert").getByText(say("quickbooks-away-text")).waitFor();
        await row(first).waitFor();
        await seen("panel-away");
        await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
        await hand.press(panel(page).locator("#refresh"));
        await panel(page).getByRole("alert").waitFor({ state: "detached" });
        await panel(page).locator("#read-at").waitFor();
      });

      await part("1. disconnect, uninstall", async () => {
        await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
        await hand.press(button(settings(page), "settings-disconnect"));
        await dialogue(say("disconnect-title", { company: company.books }), say("settings-disconnect"));
        await sees(settings(page), "settings-not-connected");
        await button(settings(page), "settings-connect").waitFor();
        await seen("settings-disconnected");
        await open("deal", company.deal);
        await sees(panel(page), "not-connected-title");
        await row(first).waitFor();
      });
      browser.complaints = browser.complaints.filter((complaint) => !/status of 503/.test(complaint));
      assert.deepEqual(browser.complaints, [], "the browser's console");
    } catch (error) {
      await picture(page, `failed-walk-${language}-${theme}`).catch(() => undefined);
      throw error;
    } finally {
      await browser.close();
    }
  });
}
