// The panels of deals, organizations and persons: what can be billed from there, and what can be done with what was.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, installed, pipedriveApi, session } from "./http.mjs";
import { BR, CASCADE, LUCIA, MIGUEL, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openRecord, panel, quickbooks } from "./story.mjs";

const { env, as } = scene("panel", async (env) => {
  await Promise.all([installed(env, BR), installed(env, US)]);
  await Promise.all([installed(env, MIGUEL), installed(env, LUCIA)]);
});

const STAFF = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "400", "lines[0][tax_code]": "NON" };
const call = async (who, path, fields) => (await session(env, "panel", who.company, who.user)).call(path, fields);

/** The deals that somebody can bill from a record's panel, as they are listed. */
async function listed(who, record) {
  const { status, text } = await call(who, `/panel/${record}/deals`);
  assert.equal(status, 200, text);
  return [...text.matchAll(/data-deal="(\d+)".*?<\/button>/gs)].map(([row, id]) => ({ id: Number(id), words: plain(row.replace(/<[^>]+>/g, " ").replace(/^[^>]*>/, "")).replace(/\s+/g, " ").trim() }));
}

test("won deals are billed from the panel of their organization or person: those without invoices first, then the open ones", { timeout: 120_000 }, async () => {
  const pipedrive = await pipedriveApi(env, US);
  const org_id = (await pipedrive("POST", "v2/organizations", { name: "Columbia Gorge Weddings" })).id;
  const person_id = (await pipedrive("POST", "v2/persons", { name: "Nora Lindqvist", org_id })).id;
  const made = {};
  for (const [title, more] of [
    ["Autumn wedding", { status: "won" }], ["Open house", {}], ["Winter wedding", { status: "won" }], ["Lost wedding", { status: "lost" }],
    ["Gone wedding", { status: "won" }], ["Secret wedding", { status: "won", visible_to: 1 }], ["Voided wedding", { status: "won" }],
  ]) {
    made[title] = (await pipedrive("POST", "v2/deals", { title, org_id, person_id, value: 1000, currency: "USD", ...more })).id;
  }
  await pipedrive("DELETE", `v2/deals/${made["Gone wedding"]}`);
  const number = await bill(env, US, made["Autumn wedding"], STAFF);
  const books = await quickbooks(env, US.realm);
  const voided = (await books(`select * from Invoice where DocNumber = '${await bill(env, US, made["Voided wedding"], STAFF)}'`)).Invoice[0];
  await (await fetch(`${env.CONTROL_URL}/quickbooks/void`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ realm_id: US.realm, entity: "Invoice", id: voided.Id }) })).json();
  const titles = Object.fromEntries(Object.entries(made).map(([title, id]) => [id, title]));
  const names = (deals) => deals.map(({ id }) => titles[id]);
  for (const record of [`organization/${org_id}`, `person/${person_id}`]) {
    // The webhook of what was voided is on its way.
    let deals = [];
    for (let at = 0; at < 50 && names(deals).indexOf("Voided wedding") !== 0; at++) {
      if (at > 0) await new Promise((go) => setTimeout(go, 200));
      deals = await listed(US, record);
    }
    assert.deepEqual(names(deals), ["Voided wedding", "Secret wedding", "Winter wedding", "Open house", "Autumn wedding"], record);
    assert.deepEqual(deals.map(({ words }) => /Won(?: · 1 invoice)?|Open/.exec(words.replace("Open house", ""))?.[0]), ["Won", "Won", "Won", "Open", "Won · 1 invoice"]);
    assert.deepEqual(names(await listed(MIGUEL, record)), ["Voided wedding", "Winter wedding", "Open house", "Autumn wedding"], "hidden deals stay hidden");
  }

  await as(US, async (page) => {
    await openRecord(page, env, "organization", org_id);
    await panel(page).getByRole("button", { name: "+ Invoice" }).click();
    await panel(page).getByRole("button", { name: /Winter wedding/ }).waitFor();
    await assertAccessible(page, "the deals of an organization");
    await picture(page, "panel-deals-en");
    await panel(page).getByRole("button", { name: /Winter wedding/ }).click();
    await page.frameLocator("dialog.modal iframe").getByText("Winter wedding").first().waitFor();
  });
  const second = await bill(env, US, made["Winter wedding"], STAFF);
  const { Invoice: invoices } = await books(`select * from Invoice where DocNumber in ('${number}', '${second}')`);
  assert.deepEqual(invoices.map((invoice) => invoice.TotalAmt), [400, 400]);
  assert.equal(names(await listed(US, `organization/${org_id}`)).indexOf("Winter wedding") > 2, true, "billed: after the open ones");
  for (const [who, record, name] of [[LUCIA, "organization/101", "panel-deals-es"], [BR, "organization/101", "panel-deals-pt"]]) {
    await as(who, async (page) => {
      await openRecord(page, env, ...record.split("/"));
      await panel(page).locator("#choose-deal").click();
      await panel(page).locator("#billable-deals button").first().waitFor();
      await picture(page, name);
    });
  }
});
