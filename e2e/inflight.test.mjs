// What happens to work that is under way when its right to call QuickBooks is renewed, or taken away.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { bill, connectUntilConfirmation, control, decide, installed, openForm, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase, sharing } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
/** @type {string} */
let database;
before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), "fatura-inflight-"));
  database = (await createDatabase()).url;
  stack = await start({ dir, replicas: 2, database });
  env = stack.env;
  await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await installed(env, US);
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const invoices = async () => (await (await quickbooks(env, US.realm))("select * from Invoice orderby Id maxresults 1000")).Invoice ?? [];
const calls = async (path) => (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.path.includes(path));

test("forty people at once ask for more than QuickBooks takes at a time: it is never asked for too much", { skip, timeout: 120_000 }, async () => {
  await sharing(database, 2);
  await bill(env, US, 8, LINE);
  const callers = await Promise.all(stack.replicas.map((each) => session({ ...env, FATURA_URL: each.url }, "panel", US.company, US.user)));
  // Each call takes long enough for more of them to be under way than QuickBooks takes at a time.
  await control(env, "/faults", { provider: "quickbooks", times: 40, effect: { delay: 2500 } });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => callers[at % 2].call("/panel/deal/8/refresh", {})));
  await control(env, "/faults", undefined, "DELETE");
  for (const { status, text } of answers) {
    assert.equal(status, 200);
    assert.doesNotMatch(text, /too many requests/i);
  }
  assert.deepEqual(
    (await calls("/v3/company")).filter(({ status }) => status === 429),
    [],
    "QuickBooks refused calls",
  );
});

test("disconnected while the answer is under way: nothing more is sent, and after connecting again there is one invoice", {
  skip,
  timeout: 120_000,
}, async () => {
  const before = (await invoices()).length;
  const { call, fields } = await openForm(env, US, 4, LINE);
  await control(env, "/faults", { provider: "quickbooks", method: "POST", path: "/invoice", effect: "drop_after" });
  const pressed = call("/deals/4/invoices", fields);
  while ((await (await control(env, "/faults", undefined, "GET")).json()).length > 0) await new Promise((go) => setTimeout(go, 20));
  const settings = await session(env, "settings", US.company, US.user);
  assert.equal((await settings.call("/settings/disconnect", {})).status, 200);
  const checking = await pressed;
  assert.doesNotMatch(checking.text, /data-issued/);
  const sent = (await calls("/invoice")).length;
  await new Promise((go) => setTimeout(go, 6000));
  assert.equal((await calls("/invoice")).length, sent, "nothing was sent without the right to");
  const { person, pending } = await connectUntilConfirmation(env, US);
  await decide(env, person, pending);
  const answer = await settled(call, checking);
  assert.match(answer.text, /data-issued/, answer.text);
  assert.equal((await invoices()).length, before + 1);
});
