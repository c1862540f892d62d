// No foreign page may frame Fatura, neither directly nor through Pipedrive's page.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { openBrowser } from "./browser.mjs";
import { installed, portOf } from "./http.mjs";
import { US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { openDeal, panel, signIn } from "./story.mjs";

const { env } = scene("frames", (env) => installed(env, US));

test("no page of Fatura can be framed by a foreign page, and Pipedrive's page can frame it", { timeout: 90_000 }, async () => {
  const pages = [
    "/",
    "/app/panel?id=x&resource=deal&record=4",
    "/app/form?id=x&record=4",
    "/app/settings?id=x",
    "/panel?id=x&selectedIds=4",
    "/outcome/pipedrive-refused",
    "/nothing-here",
  ];
  const server = createServer((request, answer) => {
    const { searchParams } = new URL(request.url ?? "/", "http://evil");
    const sandbox = searchParams.get("sandbox") ? ` sandbox="allow-scripts allow-same-origin allow-forms"` : "";
    answer.setHeader("content-type", "text/html").end(`<!doctype html><title>evil</title><iframe${sandbox} src="${searchParams.get("page")}"></iframe>`);
  }).listen(0, "127.0.0.1");
  await new Promise((go) => server.once("listening", go));
  const evil = `http://127.0.0.1:${portOf(server)}`;
  const browser = await openBrowser("en");
  try {
    await signIn(browser.page, env, US.name);
    for (const page of pages) {
      for (const sandbox of ["", "&sandbox=1"]) {
        // A refused frame shows the browser's own error page.
        await browser.page.goto(`${evil}/?page=${encodeURIComponent(env.FATURA_URL + page)}${sandbox}`);
        const [frame] = browser.page.frames().filter((each) => each.parentFrame());
        await frame.waitForLoadState();
        const shown = await frame.content().catch(() => "");
        assert.doesNotMatch(shown, /Fatura<\/title>|data-surface|id="main"|class="plain"/, page);
        assert.match(frame.url(), /^chrome-error:/, `${page}: ${frame.url()}`);
      }
    }
    // The foreign page frames Pipedrive's page, which frames ours: it is an ancestor too.
    await browser.page.goto(`${evil}/?page=${encodeURIComponent(`${env.PIPEDRIVE_WEB_URL}/deal/4`)}`);
    await browser.page.waitForLoadState("networkidle");
    for (const frame of browser.page.frames().filter((each) => each.url().startsWith(env.FATURA_URL))) assert.fail(`${frame.url()} is shown`);
    await openDeal(browser.page, env, 4);
    assert.ok(await panel(browser.page).locator("#more").isVisible(), "in its place it is shown");
  } finally {
    await browser.close();
    server.close();
  }
});
