// A deal with 500 invoices that were created by the form: the panel shows them in pages, quickly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, picture, plain } from "./browser.mjs";
import { bill, control, installed, openForm, roomyDeal, session, settled, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { freePort } from "../scripts/stack.mjs";
import { notesOf, openDeal, panel } from "./story.mjs";

const COUNT = 500;
const ENTRIES = 100;
const AT_ONCE = 8;
const port = await freePort(0);
const { env, done, as } = scene(
  "many",
  async (env) => {
    await installed(env, US);
    await done("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await done("/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
  },
  () => ({ FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000", FATURA_METRICS_LISTEN: `127.0.0.1:${port}` }),
);

test(`${COUNT} invoices on one deal`, { timeout: 390_000 }, async () => {
  const deal = await roomyDeal(env, US, 3);
  const { call, fields } = await openForm(env, US, deal, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  let left = COUNT;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const answer = await settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() }));
        assert.equal(answer.status, 200, answer.text);
      }
    }),
  );
  const panels = await session(env, "panel", US.company, US.user);
  const begun = performance.now();
  const shown = await panels.call(`/panel/deal/${deal}`);
  const took = performance.now() - begun;
  assert.equal(shown.text.match(/<li class="invoice"/g)?.length, 10);
  assert.match(plain(shown.text), /\$5,000\.00/);
  assert.ok(took < 2000, `the panel took ${took} ms`);
  console.log(`panel with ${COUNT} invoices: ${took.toFixed(0)} ms`);
  await as(US, async (page) => {
    await openDeal(page, env, deal);
    const rows = panel(page).locator(".invoice");
    assert.equal(await rows.count(), 10);
    await panel(page).getByRole("button", { name: "Show more (490)" }).click();
    await panel(page).getByRole("button", { name: "Show more (440)" }).waitFor();
    assert.equal(await rows.count(), 60);
    await assertAccessible(page, "panel with many invoices");
    await picture(page, "panel-many-en");
  });
});

test("history entries that wait for a slow Pipedrive are each written once", { timeout: 120_000 }, async () => {
  const works = async () => {
    const figures = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return [...figures.matchAll(/^fatura_job_seconds_count\{([^}]*)\} (\d+)/gm)]
      .filter(([, labels]) => /kind="write_history"/.test(labels) && /outcome="done"/.test(labels))
      .reduce((sum, [, , count]) => sum + Number(count), 0);
  };
  const before = await works();
  await done("/faults", { provider: "pipedrive", method: "POST", path: "/notes", times: ENTRIES, effect: { delay_after: 2500 } });
  const deal = await roomyDeal(env, US, 8);
  const { call, fields } = await openForm(env, US, deal, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  let left = ENTRIES;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await settled(call, await call(`/deals/${deal}/invoices`, { ...unseen(fields), intent: crypto.randomUUID() }));
    }),
  );
  assert.equal((await notesOf(env, US, deal, ENTRIES, 600)).length, ENTRIES);
  await new Promise((go) => setTimeout(go, 4000));
  const worked = (await works()) - before;
  assert.ok(worked >= ENTRIES && worked < ENTRIES * 1.3, `${worked} times for ${ENTRIES} entries`);
});

test("a note whose answer was lost is found among two hundred newer ones", { timeout: 60_000 }, async () => {
  const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: US.company, user_id: US.user })).json();
  const notes = async (options = {}, query = "") =>
    (
      await fetch(`${env.PIPEDRIVE_API_URL}/api/v1/notes${query}`, {
        ...options,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      })
    ).json();
  await done("/faults", { provider: "pipedrive", method: "POST", path: "/notes", effect: "drop_after" });
  await done("/faults", { provider: "pipedrive", method: "GET", path: "/notes", times: 3, effect: { status: 503 } });
  const number = await bill(env, US, 9, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
  const waits = async (method) => (await (await control(env, "/faults", undefined, "GET")).json()).some((fault) => fault.method === method);
  while (await waits("POST")) await new Promise((go) => setTimeout(go, 20));
  // Pipedrive's times have whole seconds.
  await new Promise((go) => setTimeout(go, 1100));
  for (let at = 0; at < 200; at++) await notes({ method: "POST", body: JSON.stringify({ deal_id: 9, content: `Newer ${at}` }) });
  assert.ok(await waits("GET"), "it was not looked for yet");
  const looked = async () =>
    (await (await control(env, "/calls", undefined, "GET")).json()).some(
      (call) => call.method === "GET" && call.status === 200 && /deal_id=9&sort/.test(call.query),
    );
  while (!(await looked())) await new Promise((go) => setTimeout(go, 100));
  await new Promise((go) => setTimeout(go, 2000));
  const all = (await notes({}, "?deal_id=9&limit=500")).data.filter(({ content }) => content.includes(`Invoice ${number} created`));
  assert.equal(all.length, 1);
});
