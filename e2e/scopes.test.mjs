// Each scope that the app requests is explained, and needed: a call of Fatura is refused without it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bill, control, installed, openForm, pipedriveApi, session } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { scene } from "./scene.mjs";
import { notesOf } from "./story.mjs";

const { env, done } = scene("scopes", (env) => installed(env, US));
const read = (path) => readFileSync(join(import.meta.dirname, "..", path), "utf8");
const SCOPES = JSON.parse(read("crates/sandbox/seeds/pipedrive-app.json")).scopes;

test("the app requests the scopes that the README explains, one line each", () => {
  const explained = [...read("README.md").matchAll(/^ {3}\| `([a-z:]+)` \| (.+) \|$/gm)];
  assert.deepEqual(
    explained.map(([, scope]) => scope),
    SCOPES,
  );
  for (const [, scope, why] of explained) assert.ok(why.length > 20, scope);
  // Intuit's scope is in the code.
  const [, intuits] = /scopes: vec!\[([^\]]*)\]/.exec(read("crates/fatura/src/state.rs")) ?? assert.fail("no scopes");
  const [intuit] = intuits.match(/com\.intuit[a-z.]+/) ?? [];
  assert.equal(intuits, `"${intuit}".to_owned()`);
  assert.ok(read("README.md").includes(`one scope: \`${intuit}\``));
});

test("each requested scope is needed: without it a call of Fatura is refused", { timeout: 120_000 }, async () => {
  // These use all scopes of Pipedrive: a form, an invoice with its note, settings, and the end of the access to QuickBooks.
  await openForm(env, US, 4);
  const deal = 9;
  await bill(env, US, deal, CASCADE);
  await notesOf(env, US, deal, 1);
  const settings = await session(env, "settings", US.company, US.user);
  await settings.call("/settings/page");
  const person = await session(env, "panel", US.company, US.user);
  const { person_id: id } = await (await pipedriveApi(env, US))("GET", `v2/deals/${deal}`);
  if (id) await person.call(`/panel/person/${id}`);
  await done("/quickbooks/disconnect", { realm_id: US.realm });
  await openForm(env, US, 4).catch(() => undefined);
  const calls = async () =>
    (await (await control(env, "/calls", undefined, "GET")).json()).filter((call) => call.provider === "pipedrive" && /^\/(api\/)?v[12]\//.test(call.path));
  for (const end = Date.now() + 30_000; Date.now() < end && !(await calls()).some((call) => call.method === "POST" && call.path.includes("/activities")); )
    await new Promise((go) => setTimeout(go, 200));

  const operations = read("crates/sandbox-pipedrive/src/api/operations.txt")
    .split("\n")
    .filter((line) => /^v\d /.test(line))
    .map((line) => {
      const [version, method, path, , scopes] = line.split(" ");
      return {
        version,
        method,
        pattern: new RegExp(`^/(api/)?${version}${path.replace(/\{[^}]+\}/g, "[^/]+")}$`),
        isExact: !path.includes("{"),
        scopes: scopes.split(","),
      };
    });
  const needed = new Map(SCOPES.map((scope) => [scope, new Set()]));
  for (const { method, path } of await calls()) {
    const found = operations.filter((each) => each.method === method && each.pattern.test(path));
    const operation = found.find((each) => each.isExact) ?? found[0];
    assert.ok(operation, `${method} ${path}`);
    const allowed = operation.scopes.filter((scope) => SCOPES.includes(scope));
    if (operation.scopes[0] !== "-") assert.ok(allowed.length > 0, `${method} ${path} needs ${operation.scopes}`);
    if (allowed.length === 1) needed.get(allowed[0]).add(`${method} ${path}`);
  }
  for (const [scope, of] of needed)
    if (scope !== "base") assert.ok(of.size > 0, `${scope} is needed by no call: ${[...needed].map(([each, calls]) => `${each} ${[...calls]}`).join("; ")}`);
  // The sandbox refuses each call to a token with all other scopes.
  for (const [scope, of] of needed) {
    const read = [...of].find((call) => call.startsWith("GET"));
    if (!read) continue;
    const path = read.slice(4);
    const ask = async (scopes) => {
      const { access_token: token } = await (await control(env, "/pipedrive/grants", { company_id: US.company, user_id: US.user, scopes })).json();
      return (await fetch(`${env.PIPEDRIVE_API_URL}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
    };
    assert.equal(await ask(SCOPES.filter((each) => each !== scope)), 403, `${scope}: ${path}`);
    assert.notEqual(await ask(SCOPES), 403, `${scope}: ${path}`);
  }
});
