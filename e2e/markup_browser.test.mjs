// Markup in names of the providers is shown literally on every page, and never runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { control, installed, pipedriveApi } from "./http.mjs";
import { US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { form, notesOf, openDeal, panel, quickbooks, settings } from "./story.mjs";

const { env, as, done } = scene("markup-browser", (env) => installed(env, US));
const EVIL = "<img src=x onerror=alert(1)>";
/** Names that differ, so that a failure names its source. */
const named = (what) => `${what} ${EVIL}`;

test("markup in names from the providers is shown literally and never runs", { timeout: 120_000 }, async () => {
  const api = await pipedriveApi(env, US);
  const organization = await api("POST", "v2/organizations", { name: named("Org"), address: { value: named("Street") } });
  const person = await api("POST", "v2/persons", { name: named("Person"), org_id: organization.id });
  const deal = await api("POST", "v2/deals", { title: named("Deal"), org_id: organization.id, person_id: person.id, currency: "USD", value: 500 });
  const query = await quickbooks(env, US.realm);
  const [item] = (await query("select * from Item where Type = 'Service' maxresults 1")).Item;
  await done("/quickbooks/edit", { realm_id: US.realm, entity: "Item", id: item.Id, changes: { Name: named("Item"), Description: named("Text") } });
  await done("/quickbooks/edit", {
    realm_id: US.realm,
    entity: "Customer",
    changes: { DisplayName: named("Customer"), CompanyName: named("Customer"), CurrencyRef: { value: "USD" } },
  });
  await as(US, async (page, browser) => {
    const dialogs = [];
    page.on("dialog", (dialog) => dialogs.push(dialog.message()) && dialog.dismiss());
    /** No name has become an image element, in any frame. */
    const assertLiteral = async (where) => {
      for (const frame of page.frames().filter((each) => each.url().startsWith(env.FATURA_URL)))
        assert.equal(await frame.locator("img[src=x]").count(), 0, where);
      assert.deepEqual(dialogs, [], where);
    };
    await openDeal(page, env, deal.id);
    await panel(page).locator("button.go").click();
    const invoice = form(page);
    await invoice.locator("#create").waitFor();
    assert.equal(await invoice.locator("#to").inputValue(), named("Org"));
    await invoice.locator("#customer_name").fill("Customer <img");
    const customer = invoice.getByRole("option", { name: named("Customer") });
    await customer.waitFor();
    await assertLiteral("suggested customers");
    await customer.click();
    await invoice.locator("#lines-0-item").fill("Item <img");
    const option = invoice.getByRole("option", { name: named("Item") });
    await option.waitFor();
    await assertLiteral("suggested items");
    await option.click();
    await invoice.locator("#lines-0-unit_price").fill("10");
    await invoice.locator("#total", { hasText: "10" }).waitFor();
    await invoice.locator("#message").fill(named("Message"));
    await assertLiteral("the form");
    await invoice.locator("#create").click();
    await page.locator(".snackbar").waitFor();
    await panel(page).locator(".invoice").first().waitFor();
    await panel(page).getByText(named("Customer")).first().waitFor();
    await assertLiteral("the panel");
    const [made] = (await query("select * from Invoice orderby MetaData.CreateTime desc maxresults 1")).Invoice;
    assert.equal(made.CustomerRef.name, named("Customer"));
    assert.equal(made.CustomerMemo.value, named("Message"));

    await page.goto(`${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/${env.PIPEDRIVE_CLIENT_ID}/app-settings`);
    const preferences = settings(page);
    await preferences.locator("#deal").selectOption(String(deal.id));
    await preferences.locator(".tried dd", { hasText: named("Org") }).waitFor();
    await assertLiteral("the trial of the settings");

    // Pipedrive shows a note as HTML.
    assert.equal((await notesOf(env, US, deal.id, 1)).length, 1);
    const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: US.company, user_id: US.user })).json();
    const { data: notes } = await (
      await fetch(`${env.PIPEDRIVE_API_URL}/api/v1/notes?deal_id=${deal.id}`, { headers: { authorization: `Bearer ${token}` } })
    ).json();
    assert.doesNotMatch(notes.map(({ content }) => content).join("\n"), /<img/i, "a note");
    assert.ok(browser.asked.length > 10, "its requests are watched");
  });
});

test("the browser tests detect data that a page stores and requests to other hosts", { timeout: 60_000 }, () =>
  as(US, async (page, browser) => {
    await openDeal(page, env, 4);
    assert.deepEqual(await browser.leaks(), []);
    const tab = await page.context().newPage();
    await tab.goto(`${env.FATURA_URL}/`);
    await tab.evaluate(() => localStorage.setItem("left", "behind"));
    assert.deepEqual(await browser.leaks(), ["kept in the browser: left"]);
    await tab.evaluate(() => localStorage.clear());
    assert.ok(
      browser.asked.every((url) => url.startsWith(env.FATURA_URL)),
      browser.asked.join("\n"),
    );
    assert.deepEqual(await browser.leaks(), []);
  }),
);
