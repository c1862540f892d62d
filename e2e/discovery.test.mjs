// Intuit's OAuth endpoints come from its discovery document; an unusable document changes nothing.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { control, installed, portOf, session } from "./http.mjs";
import { US } from "./people.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
/** @type {string} */
let dir;
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "fatura-discovery-"));
  stack = await start({ dir });
  env = stack.env;
  // Only the address of the document is configured.
  const none = Object.fromEntries(["AUTHORIZE", "TOKEN", "REVOKE"].map((name) => [`FATURA_QUICKBOOKS_${name}_URL`, undefined]));
  await stack.with({ ...none, FATURA_QUICKBOOKS_DISCOVERY_URL: env.QUICKBOOKS_DISCOVERY_URL }).killFatura();
  await stack.startFatura();
  await until(() => lines("document was read") > 0, "the document is read at the start");
  await installed(env, US);
});
after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const lines = (text) =>
  readFileSync(join(dir, "fatura.log"), "utf8")
    .split("\n")
    .filter((line) => line.includes(text)).length;
async function until(holds, what, within = 60_000) {
  for (const end = Date.now() + within; Date.now() < end; await pause(200)) if (await holds()) return;
  assert.fail(what);
}
const document = async (body) => assert.ok((await control(env, "/quickbooks/discovery", body)).ok);
/** Makes Fatura refresh its access: whether a form opens then. */
async function renews() {
  await control(env, "/quickbooks/expire", { realm_id: US.realm });
  await control(env, "/quickbooks/companies/reset", { realm_id: US.realm });
  const { call } = await session(env, "form", US.company, US.user);
  return (await call("/customers/search", { customer_name: `Somebody ${crypto.randomUUID()}` })).status === 200;
}

test("Fatura uses a new token endpoint without a restart", { timeout: 120_000 }, async () => {
  await until(renews, "it works where it is");
  await document({ token_version: "v2" });
  const read = lines("document was read");
  await until(renews, "access is renewed at the new endpoint");
  assert.ok(lines("document was read") > read, "because the document was read again");
});

test("a discovery document that is unavailable, broken or hostile changes nothing", { timeout: 240_000 }, async () => {
  let foreign = 0;
  const listener = createServer((_, answer) => {
    foreign += 1;
    answer.end("{}");
  }).listen(0, "127.0.0.1");
  await new Promise((go) => listener.once("listening", go));
  const elsewhere = `http://127.0.0.1:${portOf(listener)}/tokens`;
  const down = () => control(env, "/faults", { provider: "quickbooks", path: "/.well-known", times: 1000, effect: { status: 503 } });
  try {
    for (const [what, body] of /** @type {[string, object][]} */ ([
      ["down", {}],
      ["another host", { members: { token_endpoint: elsewhere } }],
      ["plain http", { members: { revocation_endpoint: "http://oauth.platform.intuit.com/revoke" } }],
      ["nothing", { members: { token_endpoint: null, authorization_endpoint: null } }],
      ["10 MB", { padding: 10 * 1024 * 1024 }],
    ])) {
      // The endpoint has moved, so the document is read, and is refused.
      await document({ token_version: "v3", ...body });
      if (what === "down") await down();
      const refused = lines("document is not used");
      await until(async () => {
        await renews();
        return lines("document is not used") > refused;
      }, `${what}: it is read`);
      // The known endpoint is still used.
      await document({ token_version: "v2", ...body });
      await until(renews, `${what}: the old endpoint stays`);
      await control(env, "/faults", undefined, "DELETE");
    }
    assert.equal(foreign, 0, "nobody else is asked");
  } finally {
    listener.close();
    await document({});
  }
});
