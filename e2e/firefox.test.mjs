// The main job in Firefox: install, connect, bill a deal, read the panel, void. All other tests of pages run in Chromium.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { pictures } from "./browser.mjs";
import { bill } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { quickbooks } from "./story.mjs";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const skip = existsSync(FIREFOX) ? false : `there is no Firefox at ${FIREFOX}`;
const { env } = scene("firefox");

/** Opens a page of a new Firefox, and closes the browser afterwards. `complaints` has what its console calls an error. */
async function inFirefox(story) {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true });
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1360, height: 960 });
    page.setDefaultTimeout(20_000);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    try {
      await story(page);
    } catch (error) {
      await page.screenshot({ path: join(pictures, "failed-firefox.png") }).catch(() => undefined);
      throw error;
    }
    assert.deepEqual(complaints, [], "the browser's console");
  } finally {
    await browser.close();
  }
}

/** The frame that an element holds, as soon as the element is there and Fatura's page is in it. */
async function frameIn(page, selector, content) {
  const element = await page.waitForSelector(`${selector} iframe`);
  const frame = await element.contentFrame();
  await frame.waitForSelector(content);
  return frame;
}

const button = (on, name) => on.locator(`::-p-aria([name="${name}"][role="button"])`);
const text = (on, words) => on.locator(`::-p-text(${words})`).wait();

test("the main job in Firefox", { skip, timeout: 240_000 }, () =>
  inFirefox(async (page) => {
    await page.goto(env.PIPEDRIVE_WEB_URL);
    await page.locator(`::-p-text(${US.name})`).click();
    await page.waitForFunction(() => location.pathname.endsWith("/deals"));

    // From the Marketplace to the settings.
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/marketplace`);
    await page.locator('::-p-aria([name="Install"][role="link"])').click();
    await button(page, "Allow and install").click();
    await page.locator(`::-p-text(${US.name})`).click();
    await button(page, "Sign in").click();
    await page.locator("::-p-text(Oak Street Catering)").click();
    await button(page, "Connect").click();
    await page.waitForFunction(() => location.pathname.startsWith("/quickbooks"));
    await button(page, "Connect").click();
    await page.waitForFunction(() => location.pathname.endsWith("/app-settings"));
    const settings = await frameIn(page, ".settings", "#settings-form");
    await text(settings, "Connected to Oak Street Catering");
    await button(settings, "Save").click();
    await text(page, "Settings saved");

    // A form that is filled in, with a customer picked and a line typed; a double click makes one invoice.
    await page.goto(`${env.PIPEDRIVE_WEB_URL}/deal/2`);
    let panel = await frameIn(page, ".panel", "#more");
    await button(panel, "+ Invoice").click();
    const form = await frameIn(page, "dialog.modal", "#create");
    const read = (selector) => form.$eval(selector, (element) => element.value ?? element.textContent);
    assert.equal(await read("#total"), "$2,347.92");
    await form.locator("#customer_name").fill("cascade");
    await form.locator("[role=option]::-p-text(Cascade Robotics)").click();
    await form.locator("#lines-1-quantity").fill("40");
    await form.waitForFunction(() => document.querySelector("#total")?.textContent === "$2,289.60");
    await form.locator("#create").click({ count: 2 });
    await text(page, "created");

    // It is in QuickBooks once, with the total of the form, and on the deal.
    const ask = await quickbooks(env, US.realm);
    const { Invoice: made } = await ask("select * from Invoice where CustomerRef = '3' orderby MetaData.CreateTime desc maxresults 5");
    const ours = made.filter((invoice) => invoice.PrivateNote?.includes("Ref. F"));
    assert.deepEqual(
      ours.map((invoice) => [invoice.CustomerRef.name, invoice.TotalAmt, invoice.Line[1].SalesItemLineDetail.Qty]),
      [["Cascade Robotics, Inc.", 2289.6, 40]],
    );
    panel = await frameIn(page, ".panel", ".invoice");
    await text(panel, ours[0].DocNumber);

    // An invoice that was created meanwhile appears by itself.
    const number = await bill(env, US, 2, CASCADE);
    await text(panel, number);

    // Void, with the question before it.
    const rowOf = async (wanted) => {
      for (const row of await panel.$$(".invoice")) if ((await row.evaluate((row) => row.textContent)).includes(wanted)) return row;
      throw new Error(`the panel has no invoice ${wanted}`);
    };
    const row = await rowOf(ours[0].DocNumber);
    await (await row.$(".dots")).click();
    await (await row.$("[id^=void-]")).click();
    await page.locator("dialog button::-p-text(Void invoice)").click();
    await text(panel, "Voided");
    const { Invoice: voided } = await ask(`select * from Invoice where Id = '${ours[0].Id}'`);
    assert.equal(voided[0].TotalAmt, 0);
    assert.match(await (await rowOf(ours[0].DocNumber)).evaluate((row) => row.textContent), /Voided/);
  }),
);
