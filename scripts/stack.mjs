// Starts and stops the sandbox and the service, for the demo and the browser tests.
import { execFile, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { balance } from "./balancer.mjs";

/**
 * URLs and credentials of the sandbox, with the names in its `demo.env`.
 * @typedef {Record<"CONTROL_URL" | "FATURA_URL"
 *   | "PIPEDRIVE_WEB_URL" | "PIPEDRIVE_API_URL" | "PIPEDRIVE_AUTHORIZE_URL" | "PIPEDRIVE_TOKEN_URL" | "PIPEDRIVE_REVOKE_URL"
 *   | "PIPEDRIVE_CLIENT_ID" | "PIPEDRIVE_CLIENT_SECRET"
 *   | "PIPEDRIVE_JWT_SECRET_PANEL" | "PIPEDRIVE_JWT_SECRET_FORM" | "PIPEDRIVE_JWT_SECRET_SETTINGS"
 *   | "QUICKBOOKS_API_URL" | "QUICKBOOKS_WEB_URL" | "QUICKBOOKS_DISCOVERY_URL" | "QUICKBOOKS_AUTHORIZE_URL" | "QUICKBOOKS_TOKEN_URL"
 *   | "QUICKBOOKS_REVOKE_URL" | "QUICKBOOKS_USERINFO_URL" | "QUICKBOOKS_JWKS_URL" | "QUICKBOOKS_CLIENT_ID" | "QUICKBOOKS_CLIENT_SECRET"
 *   | "QUICKBOOKS_VERIFIER_TOKEN", string>} Env
 *
 * Environment variables by name.
 * @typedef {Record<string, string | undefined>} Variables
 *
 * A process, with its name and log file for error messages.
 * @typedef {import("node:child_process").ChildProcess & { title: string, log: string }} Child
 *
 * @typedef {ReturnType<typeof replica>} Replica
 * @typedef {Awaited<ReturnType<typeof start>>} Stack
 */

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Path of a built program.
 * @param {string} name */
export const binary = (name) => join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), process.env.PROFILE ?? "debug", name);

/** Parses lines of `KEY=value`.
 * @param {string} text
 * @returns {Record<string, string>} */
export const parseEnv = (text) =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );

/** `fetch` refuses to connect to this port; the others that it refuses are below 10,000. */
const REFUSED_BY_FETCH = 10_080;

/** Finds a free port: `wanted` if possible, otherwise a random one. The random port is outside of the range of outgoing connections, one of
 * which could take it before it is used.
 * @param {number} wanted
 * @returns {Promise<number>} */
export function freePort(wanted) {
  return new Promise((resolve) => {
    const server = createServer();
    const port = wanted || 10_000 + randomInt(22_000);
    if (port === REFUSED_BY_FETCH) return resolve(freePort(0));
    server.once("error", () => resolve(freePort(0)));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(port)));
  });
}

/** Reads the port and the encryption key of the folder. Creates them at the first start.
 * @param {string} dir
 * @param {number} firstPort
 * @returns {Promise<{ port: number, key: string }>} */
async function kept(dir, firstPort) {
  const file = join(dir, "fatura.json");
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const made = { port: await freePort(firstPort), key: `demo:${randomBytes(32).toString("base64")}` };
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  return made;
}

/** Waits until a process answers at its URL, at most `patience` milliseconds.
 * @param {string} url
 * @param {Child} child */
async function answers(url, child, patience = 30_000) {
  for (const until = Date.now() + patience; Date.now() < until; await new Promise((go) => setTimeout(go, 50))) {
    if (child.exitCode !== null) throw new Error(`${child.title} ended: ${readFileSync(child.log, "utf8").trim().split("\n").slice(-5).join("\n")}`);
    try {
      if ((await fetch(url, { signal: AbortSignal.timeout(5000) })).ok) return;
    } catch {
      /* not yet */
    }
  }
  throw new Error(`${child.title} does not answer at ${url}; see ${child.log}`);
}

/** Starts a program. Its output is appended to a log file in `dir`.
 * @param {string} dir
 * @param {string} name
 * @param {string[]} args
 * @param {Variables} env
 * @returns {Child} */
function run(dir, name, args, env, title = name) {
  const log = join(dir, `${title}.log`);
  const out = openSync(log, "a");
  const child = spawn(binary(name), args, { stdio: ["ignore", out, out], env: { ...process.env, ...env }, detached: false });
  closeSync(out);
  return Object.assign(child, { title, log });
}

/** Resolves when a process has ended.
 * @param {Child} child
 * @returns {Promise<unknown>} */
const ended = (child) => (child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((go) => child.once("exit", go)));

/** Builds Fatura's settings from the URLs and credentials of the sandbox.
 * @param {Env} env
 * @param {{ key: string }} own
 * @param {string} database
 * @returns {Variables} */
function faturaEnv(env, { key }, database) {
  return {
    FATURA_PUBLIC_URL: env.FATURA_URL,
    FATURA_DATABASE_URL: database,
    FATURA_KEY_RING: key,
    FATURA_PIPEDRIVE_CLIENT_ID: env.PIPEDRIVE_CLIENT_ID,
    FATURA_PIPEDRIVE_CLIENT_SECRET: env.PIPEDRIVE_CLIENT_SECRET,
    FATURA_PIPEDRIVE_JWT_SECRET_PANEL: env.PIPEDRIVE_JWT_SECRET_PANEL,
    FATURA_PIPEDRIVE_JWT_SECRET_FORM: env.PIPEDRIVE_JWT_SECRET_FORM,
    FATURA_PIPEDRIVE_JWT_SECRET_SETTINGS: env.PIPEDRIVE_JWT_SECRET_SETTINGS,
    FATURA_PIPEDRIVE_AUTHORIZE_URL: env.PIPEDRIVE_AUTHORIZE_URL,
    FATURA_PIPEDRIVE_TOKEN_URL: env.PIPEDRIVE_TOKEN_URL,
    FATURA_PIPEDRIVE_REVOKE_URL: env.PIPEDRIVE_REVOKE_URL,
    FATURA_PIPEDRIVE_API: env.PIPEDRIVE_API_URL,
    FATURA_PIPEDRIVE_FRAME_ANCESTORS: env.PIPEDRIVE_WEB_URL,
    FATURA_PIPEDRIVE_SETTINGS_URL: `${env.PIPEDRIVE_WEB_URL}/settings/marketplace/app/{client_id}/app-settings`,
    FATURA_PIPEDRIVE_RECORD_URL: `${env.PIPEDRIVE_WEB_URL}/{entity}/{id}`,
    FATURA_PIPEDRIVE_POLL_SECONDS: "5",
    FATURA_QUICKBOOKS_CLIENT_ID: env.QUICKBOOKS_CLIENT_ID,
    FATURA_QUICKBOOKS_CLIENT_SECRET: env.QUICKBOOKS_CLIENT_SECRET,
    FATURA_QUICKBOOKS_AUTHORIZE_URL: env.QUICKBOOKS_AUTHORIZE_URL,
    FATURA_QUICKBOOKS_TOKEN_URL: env.QUICKBOOKS_TOKEN_URL,
    FATURA_QUICKBOOKS_REVOKE_URL: env.QUICKBOOKS_REVOKE_URL,
    FATURA_QUICKBOOKS_ENVIRONMENT: "sandbox",
    FATURA_QUICKBOOKS_API_URL: env.QUICKBOOKS_API_URL,
    FATURA_QUICKBOOKS_VERIFIER_TOKEN: env.QUICKBOOKS_VERIFIER_TOKEN,
    FATURA_QUICKBOOKS_CUSTOMER_URL: `${env.QUICKBOOKS_WEB_URL}/app/login?pagereq=customerdetail%3FnameId%3D{id}&deeplinkcompanyid={realm}`,
    FATURA_QUICKBOOKS_INVOICE_URL: `${env.QUICKBOOKS_WEB_URL}/app/login?pagereq=invoice%3FtxnId%3D{id}&deeplinkcompanyid={realm}`,
  };
}

/** Runs a command of the service and returns its output.
 * @param {string[]} args
 * @param {Variables} env */
async function command(args, env) {
  const { stdout } = await promisify(execFile)(binary("fatura"), args, { env: { ...process.env, ...env } });
  return stdout.trim();
}

/** Starts the sandbox without the service. Returns its URLs and credentials (`env`) and a function that stops it (`stop`).
 * @param {{ dir: string, args?: string[] }} options */
export async function startSandbox({ dir, args = [] }) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "demo.env");
  rmSync(file, { force: true });
  const child = run(dir, "sandbox", ["--dir", dir, ...args], {});
  for (const until = Date.now() + 15_000; !existsSync(file) && Date.now() < until; ) {
    if (child.exitCode !== null) throw new Error(`sandbox ended; see ${child.log}`);
    await new Promise((go) => setTimeout(go, 20));
  }
  const env = /** @type {Env} */ (parseEnv(readFileSync(file, "utf8")));
  await answers(env.CONTROL_URL, child);
  const stop = async () => {
    child.kill("SIGTERM");
    await Promise.race([ended(child), new Promise((go) => setTimeout(go, 10_000))]);
    child.kill("SIGKILL");
  };
  return { env, child, stop };
}

/** One process of the service: its port, and functions that start and stop it.
 * @param {string} dir
 * @param {string} name
 * @param {Variables} env Settings that all replicas share. They are read at each start.
 * @param {Variables} own
 * @param {number} port */
function replica(dir, name, env, own, port) {
  /** @type {Child | undefined} */
  let child;
  const started = () => {
    if (!child) throw new Error(`${name} was not started`);
    return child;
  };
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    child: started,
    isUp: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    async start() {
      child = run(dir, "fatura", ["serve"], { ...env, ...own }, name);
      await answers(`http://127.0.0.1:${port}/healthz`, child);
      return child;
    },
    /** @param {NodeJS.Signals} signal */
    signal: (signal) => started().kill(signal),
    /** Sends a signal and waits until the process has ended. Kills it after `patience` milliseconds. */
    async end(signal = /** @type {NodeJS.Signals} */ ("SIGKILL"), patience = 25_000) {
      if (!child) return;
      child.kill(signal);
      await Promise.race([ended(child), new Promise((go) => setTimeout(go, patience))]);
      child.kill("SIGKILL");
      await ended(child);
    },
  };
}

/**
 * Starts the sandbox and the service in `dir`. With `firstPort` 0, it uses any free ports. `settings` are additional environment variables
 * of Fatura. With more than one replica, a load balancer listens at Fatura's URL.
 * @param {{ dir: string, firstPort?: number, reset?: boolean, database?: string | string[], settings?: Variables, replicas?: number }} options
 */
export async function start({ dir, firstPort = 0, reset = false, database = `sqlite:${join(dir, "fatura.db")}`, settings = {}, replicas: count = 1 }) {
  if (reset) rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const own = await kept(dir, firstPort);
  const { env, child: sandbox } = await startSandbox({
    dir,
    args: [
      "--limits",
      "--app-url",
      `http://localhost:${own.port}`,
      "--webhook-url",
      `http://localhost:${own.port}/quickbooks/webhook`,
      "--first-port",
      firstPort ? String(firstPort + 1) : "0",
    ],
  });
  /** @type {Replica[]} */
  const replicas = [];
  /** @type {Awaited<ReturnType<typeof balance>> | undefined} */
  let balancer;
  const stop = async () => {
    await Promise.all(replicas.map((each) => each.end("SIGTERM")));
    balancer?.close();
    sandbox.kill("SIGTERM");
    await Promise.race([ended(sandbox), new Promise((go) => setTimeout(go, 10_000))]);
    sandbox.kill("SIGKILL");
  };
  try {
    const databases = [database].flat();
    /** @type {Variables} */
    const told = { ...faturaEnv(env, own, databases[0]), ...settings };
    for (let at = 0; at < count; at++) {
      const port = count === 1 ? own.port : await freePort(0);
      replicas.push(
        replica(
          dir,
          count === 1 ? "fatura" : `fatura-${at + 1}`,
          told,
          { FATURA_LISTEN: `127.0.0.1:${port}`, FATURA_DATABASE_URL: databases[at % databases.length] },
          port,
        ),
      );
      await replicas[at].start();
    }
    if (count > 1) balancer = await balance(own.port, () => replicas.filter((each) => each.isUp()).map(({ port }) => port));
    const [first] = replicas;
    return {
      env,
      stop,
      replicas,
      /** Runs a command of the service on the same database and returns its output. Throws if the command fails.
       * @param {string[]} args */
      fatura: (...args) => command(args, told),
      /** Adds settings, which apply from the next start.
       * @param {Variables} more */
      with(more) {
        Object.assign(told, more);
        return this;
      },
      /** Stops the first replica as a crash does. */
      killFatura: () => first.end("SIGKILL"),
      startFatura: () => first.start(),
      /** Resolves with the process when the first replica or the sandbox has ended. */
      broken: () => Promise.race([ended(first.child()).then(() => first.child()), ended(sandbox).then(() => sandbox)]),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
