// QuickBooks is silent for a while, and webhooks are lost: what the panel shows afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "./browser.mjs";
import { bill, installed, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { quickbooks } from "./story.mjs";

const { env, done } = scene("silence", (env) => installed(env, US), () => ({ FATURA_QUICKBOOKS_POLL_SECONDS: "2" }));
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

test("after a silence of QuickBooks the panel is right within one sweep, however long it was", { timeout: 120_000 }, async () => {
  const number = await bill(env, US, 4, CASCADE);
  const [invoice] = (await (await quickbooks(env, US.realm))(`select * from Invoice where DocNumber = '${number}'`)).Invoice;
  const { call } = await session(env, "panel", US.company, US.user);
  const shows = async (badge) => new RegExp(`${number}.*${badge}`, "s").test(plain((await call("/panel/deal/4")).text));
  await done("/faults", { provider: "quickbooks", path: "/cdc", times: 1000, effect: { status: 503 } });
  await done("/quickbooks/webhooks/mishaps", { effect: "lost", times: 10 });
  await done("/quickbooks/payment", { realm_id: US.realm, invoice_id: invoice.Id });
  await pause(45_000);
  assert.ok(await shows("Open"), "it could not be known");
  await fetch(`${env.CONTROL_URL}/faults`, { method: "DELETE" });
  const begun = Date.now();
  // A sweep looks every fifteen seconds.
  while (!(await shows("Paid")) && Date.now() < begun + 20_000) await pause(200);
  assert.ok(await shows("Paid"), "not within 20 s of the silence");
});
