// Security events that no response shows: opened sessions, stored values that cannot be decrypted, invalid certificates.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { freePort, start } from "../scripts/stack.mjs";
import { browser, installed, liveCallback, portOf, session } from "./http.mjs";
import { BR, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";

/** @import { Env, Stack } from "../scripts/stack.mjs" */

const skip = process.env.TEST_POSTGRES_URL ? false : "TEST_POSTGRES_URL is not set";
/** @type {string} */
let dir;
/** @type {Stack} */
let stack;
/** @type {Env} */
let env;
/** @type {string} */
let figures;
/** @type {string} */
let database;
before(async () => {
  if (skip) return;
  dir = mkdtempSync(join(tmpdir(), "fatura-events-"));
  const port = await freePort(0);
  figures = `http://127.0.0.1:${port}/metrics`;
  database = (await createDatabase()).url;
  stack = await start({ dir, database, settings: { FATURA_METRICS_LISTEN: `127.0.0.1:${port}` } });
  env = stack.env;
  await installed(env, US);
});
after(async () => {
  if (skip) return;
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const count = async (event) =>
  Number(new RegExp(`fatura_security_events_total\\{event="${event}"\\} (\\d+)`).exec(await (await fetch(figures)).text())?.[1] ?? 0);
const isLogged = (event) =>
  readFileSync(join(dir, "fatura.log"), "utf8")
    .replace(/\x1b\[[0-9;]*m/g, "")
    .split("\n")
    .some((line) => line.includes("security.event") && line.includes(event));
const sql = (text) => execFileSync("psql", [database, "-Atqc", text], { encoding: "utf8" }).trim();

test("opening a session is a security event", { skip, timeout: 60_000 }, async () => {
  const before = await count("session_opened");
  for (const surface of ["panel", "form", "settings"]) assert.equal((await session(env, surface, US.company, US.user)).status, 200);
  assert.equal(await count("session_opened"), before + 3);
  assert.ok(isLogged("session_opened"));
});

test("a stored value that cannot be decrypted is a security event", { skip, timeout: 60_000 }, async () => {
  const sealed = sql("select access_token from quickbooks_connection");
  sql(`update quickbooks_connection set access_token = reverse(access_token)`);
  try {
    const before = await count("key_missing");
    const { call } = await session(env, "form", US.company, US.user);
    assert.equal((await call("/deals/4/form")).status, 500);
    const asked = await count("key_missing");
    assert.ok(asked > before, "the request");
    assert.ok(isLogged("key_missing"));
    const body = JSON.stringify({
      eventNotifications: [
        { realmId: US.realm, dataChangeEvent: { entities: [{ name: "Invoice", id: "1", operation: "Update", lastUpdated: new Date().toISOString() }] } },
      ],
    });
    const signature = createHmac("sha256", env.QUICKBOOKS_VERIFIER_TOKEN).update(body).digest("base64");
    assert.equal(
      (
        await fetch(`${env.FATURA_URL}/quickbooks/webhook`, {
          method: "POST",
          body,
          headers: { "content-type": "application/json", "intuit-signature": signature },
        })
      ).status,
      503,
      "it comes again",
    );
    assert.ok((await count("key_missing")) > asked, "the webhook");
  } finally {
    sql(`update quickbooks_connection set access_token = '${sealed}'`);
  }
});

test("a token answer that names a foreign host is refused, and that host is not called", { skip, timeout: 90_000 }, async () => {
  const called = [];
  let domain = "";
  const server = createHttpServer((request, answer) => {
    called.push(request.url);
    answer
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ token_type: "bearer", access_token: "hostile-access", refresh_token: "hostile-refresh", expires_in: 3600, api_domain: domain }));
  }).listen(0, "127.0.0.1");
  await new Promise((go) => server.once("listening", go));
  const port = portOf(server);
  try {
    await stack.with({ FATURA_PIPEDRIVE_TOKEN_URL: `http://127.0.0.1:${port}/oauth/token` }).killFatura();
    await stack.startFatura();
    const rows = sql("select count(*) from pipedrive_grant");
    const own = new URL(env.PIPEDRIVE_API_URL);
    const hostile = [
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `http://[::1]:${port}`,
      "http://169.254.169.254/latest",
      "https://x.pipedrive.com.evil.example",
      "https://evil.example#.pipedrive.com",
      `http://${own.host}@127.0.0.1:${port}`,
      `${env.PIPEDRIVE_API_URL}.evil.example`,
      "",
      "nothing",
    ];
    for (domain of hostile) {
      const person = browser();
      const callback = await liveCallback(env, BR, person);
      called.length = 0;
      const { url, text } = await person.go(callback);
      assert.match(url, /pipedrive-failed$/, domain);
      assert.match(text, /href="\/install"/, "the page says how to go on");
      assert.deepEqual(called, ["/oauth/token"], domain);
    }
    assert.equal(sql("select count(*) from pipedrive_grant"), rows, "nothing is kept");
  } finally {
    server.close();
    await stack.with({ FATURA_PIPEDRIVE_TOKEN_URL: env.PIPEDRIVE_TOKEN_URL }).killFatura();
    await stack.startFatura();
  }
});

test("an invalid certificate of a provider is a security event, and no secret is sent", { skip, timeout: 60_000 }, async () => {
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "1",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  let asked = 0;
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => {
    asked += 1;
    answer.end("{}");
  }).listen(0);
  await new Promise((go) => server.once("listening", go));
  try {
    await stack.with({ FATURA_PIPEDRIVE_TOKEN_URL: `https://localhost:${portOf(server)}/oauth/token` }).killFatura();
    await stack.startFatura();
    const person = browser();
    const before = await count("certificate_refused");
    assert.match((await person.go(await liveCallback(env, BR, person))).url, /pipedrive-failed$/);
    assert.equal(await count("certificate_refused"), before + 1);
    assert.ok(isLogged("certificate_refused"));
    assert.equal(asked, 0);
  } finally {
    server.close();
  }
});
