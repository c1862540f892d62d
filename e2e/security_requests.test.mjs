// Security events of requests: counted, and logged without a flood.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, start } from "../scripts/stack.mjs";
import { claims, control, fieldsOf, installed, session, signed } from "./http.mjs";
import { MIGUEL, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

// On PostgreSQL where there is one, else on SQLite.
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let dir;
/** @type {string} */
let figures;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-security-requests-"));
  const server = process.env.TEST_POSTGRES_URL;
  const port = await freePort(0);
  figures = `http://127.0.0.1:${port}/metrics`;
  stack = await start({ dir, settings: { FATURA_METRICS_LISTEN: `127.0.0.1:${port}` }, ...(server ? { database: (await createDatabase()).url } : {}) });
  env = stack.env;
  await installed(env, US);
  await installed(env, MIGUEL);
});
after(async () => {
  await stack?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

test("security events are counted, and logged without a flood", { timeout: 60_000 }, async () => {
  const count = async (event) =>
    Number(new RegExp(`fatura_security_events_total\\{event="${event}"\\} (\\d+)`).exec(await (await fetch(figures)).text())?.[1] ?? 0);
  const lines = (event) =>
    readFileSync(join(dir, "fatura.log"), "utf8")
      .replace(/\x1b\[[0-9;]*m/g, "")
      .split("\n")
      .filter((line) => line.includes("security.event") && line.includes(event));
  const { call } = await session(env, "settings", US.company, US.user);
  const page = fieldsOf((await call("/settings/page")).text);
  for (const [event, act] of /** @type {[string, () => Promise<unknown>][]} */ ([
    ["signature_refused", () => fetch(`${env.FATURA_URL}/quickbooks/webhook`, { method: "POST", body: "{}", headers: { "intuit-signature": "x" } })],
    [
      "token_refused",
      () => fetch(`${env.FATURA_URL}/session/panel`, { method: "POST", headers: { authorization: `Bearer ${signed("wrong", claims(US.company, US.user))}` } }),
    ],
    ["state_refused", () => fetch(`${env.FATURA_URL}/quickbooks/callback?code=x&state=forged&realmId=1`, { redirect: "manual" })],
    ["settings_changed", () => call("/settings/save", page)],
    [
      "rights_refused",
      async () => {
        await control(env, "/pipedrive/users", { user_id: US.user, is_admin: false });
        await call("/settings/save", page);
        await control(env, "/pipedrive/users", { user_id: US.user, is_admin: true });
      },
    ],
    [
      "uninstalled",
      async () => {
        await installed(env, MIGUEL);
        await control(env, "/pipedrive/uninstall", { company_id: MIGUEL.company, user_id: MIGUEL.user });
      },
    ],
    ["disconnected", () => call("/settings/disconnect", {})],
  ])) {
    const before = await count(event);
    await act();
    assert.equal(await count(event), before + 1, event);
    assert.ok(lines(event).length > 0, event);
  }
  assert.ok((await count("connected")) > 0);
  const before = await count("state_refused");
  await Promise.all(Array.from({ length: 100 }, () => fetch(`${env.FATURA_URL}/quickbooks/callback?code=x&state=forged&realmId=1`, { redirect: "manual" })));
  assert.equal(await count("state_refused"), before + 100);
  assert.ok(lines("state_refused").length <= 40, `${lines("state_refused").length} lines`);
  assert.doesNotMatch(lines("").join("\n"), /Dana|Oak Street|@/);
});
