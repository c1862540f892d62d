// A sandbox for each suite, Pipedrive's official client for it, and checks of the answers against the OpenAPI documents.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../../scripts/stack.mjs";
import { mistakes, present } from "./openapi.mjs";
import { portOf } from "../http.mjs";

const require = createRequire(import.meta.url);
export const v1 = require("pipedrive/v1");
export const v2 = require("pipedrive/v2");
export const COMPANY = 7710001;
/** An administrator, a regular user, and a user with few rights. */
export const ANA = 910001;
export const BRUNO = 910002;
export const RAFAEL = 910004;

/** Checks a client's answers against the documents, and adds the status to the body of a refusal, as the client rejects with the body alone. */
export function checked(api, version) {
  const send = require("axios").getAdapter("http");
  const look = (answer, config) => {
    const path = new URL(config.url).pathname.replace(/^\/(api\/)?v[12]/, "");
    if (!/json/.test(answer.headers["content-type"] ?? "")) return;
    const body = JSON.parse(answer.data);
    if (present) assert.deepEqual(mistakes(version, config.method.toUpperCase(), path, answer.status, body), []);
    if (answer.status >= 400) answer.data = JSON.stringify({ ...body, status: answer.status });
  };
  api.axios.defaults.adapter = async (config) => {
    try {
      const answer = await send(config);
      look(answer, config);
      return answer;
    } catch (/** @type {any} */ error) {
      if (error.response) look(error.response, config);
      throw error;
    }
  };
  return api;
}

/** Starts a sandbox; `connect` makes the official client's APIs for a user, `raw` calls any address, `control` asks the door.
 * @param {{ args?: string[] }} options */
export async function begin({ args = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "pipedrive-"));
  const sandbox = await startSandbox({ dir, args: ["--first-port", "0", ...args] });
  const { env } = sandbox;
  const control = async (path, body, method = body ? "POST" : "GET") => {
    const answer = await fetch(`${env.CONTROL_URL}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const grant = (more) => control("/pipedrive/grants", { company_id: COMPANY, user_id: ANA, ...more });
  return {
    dir,
    env,
    control,
    grant,
    /** The official client's APIs. They are not typed: `pipedrive` has no types for its sub-modules under `require`.
     * @returns {Promise<Record<string, any>>} */
    async connect(more) {
      const { access_token: token } = await grant(more);
      const of = (kind, name, base, version) => checked(new kind[name](new kind.Configuration({ accessToken: token, basePath: base })), version);
      const two = (name) => of(v2, name, `${env.PIPEDRIVE_API_URL}/api/v2`, "v2");
      const one = (name) => of(v1, name, `${env.PIPEDRIVE_API_URL}/v1`, "v1");
      const each = (names, make) => Object.fromEntries(names.map((name) => [name[0].toLowerCase() + name.slice(1), make(`${name}Api`)]));
      return {
        ...each(
          [
            "Deals",
            "DealProducts",
            "DealInstallments",
            "Persons",
            "Organizations",
            "Products",
            "Activities",
            "Pipelines",
            "Stages",
            "DealFields",
            "PersonFields",
            "OrganizationFields",
            "ProductFields",
            "ActivityFields",
          ],
          two,
        ),
        search: two("ItemSearchApi"),
        ...each(
          [
            "Users",
            "Notes",
            "Webhooks",
            "Currencies",
            "Files",
            "Filters",
            "ActivityTypes",
            "NoteFields",
            "OrganizationRelationships",
            "PermissionSets",
            "Recents",
            "Roles",
            "UserConnections",
            "UserSettings",
          ],
          one,
        ),
        one: each(
          [
            "Deals",
            "Persons",
            "Organizations",
            "Products",
            "DealFields",
            "PersonFields",
            "OrganizationFields",
            "ProductFields",
            "Pipelines",
            "Stages",
            "ActivityFields",
          ],
          one,
        ),
      };
    },
    /** Any call without the client: status and body. */
    async raw(token, method, path, body) {
      const answer = await fetch(`${env.PIPEDRIVE_API_URL}${path}`, {
        method,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { "content-type": "application/json" } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, body: text.startsWith("{") ? JSON.parse(text) : text };
    },
    /** A session of the web page, as a cookie. */
    async signIn(user) {
      const answer = await fetch(`${env.PIPEDRIVE_WEB_URL}/sign-in`, {
        method: "POST",
        redirect: "manual",
        body: new URLSearchParams({ user_id: String(user) }),
      });
      return answer.headers.getSetCookie()[0].split(";")[0];
    },
    async end() {
      await sandbox.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Asserts that a call is refused with this status, and words. The client itself throws the body away with the status. */
export const refused = (promise, status, words) =>
  assert.rejects(promise, (/** @type {any} */ error) => {
    assert.equal(error.status, status, JSON.stringify(error));
    assert.equal(error.success, false);
    assert.ok(error.error_info);
    if (words) assert.match(error.error, words);
    return true;
  });

/** @typedef {Awaited<ReturnType<typeof begin>>} Sandbox */

/** An endpoint that records its calls, and answers with `status`. */
export async function endpoint() {
  /** @type {{ received: any[], status: number, authorization?: string, method?: string }} */
  const inbox = { received: [], status: 200 };
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      inbox.authorization = request.headers.authorization;
      inbox.method = request.method;
      inbox.received.push(text ? JSON.parse(text) : null);
      response.writeHead(inbox.status).end();
    });
  });
  await new Promise((go) => server.listen(0, "127.0.0.1", () => go(undefined)));
  const port = portOf(server);
  return Object.assign(inbox, {
    port,
    url: `http://127.0.0.1:${port}/hook`,
    close: () => server.close(),
    async wait(/** @type {number} */ count) {
      for (const until = Date.now() + 4000; inbox.received.length < count && Date.now() < until; ) await new Promise((go) => setTimeout(go, 20));
      await new Promise((go) => setTimeout(go, 150));
      assert.equal(inbox.received.length, count, JSON.stringify(inbox.received));
      return inbox.received;
    },
  });
}
