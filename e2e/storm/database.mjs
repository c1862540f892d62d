// A database of its own on the PostgreSQL of the tests.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

/** Its address; `restart` if the tests may restart the server. */
export async function createDatabase() {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error("TEST_POSTGRES_URL is not set: run it by `make storm`");
  const name = `storm_${randomBytes(6).toString("hex")}`;
  execFileSync("psql", [`${server}/postgres`, "-qc", `create database ${name}`]);
  const command = process.env.TEST_POSTGRES_RESTART;
  const restart = command && (() => promisify(execFile)("bash", ["-c", command]));
  return { url: `${server}/${name}`, ...(restart ? { restart } : {}) };
}

/** Waits until the replicas on this database share QuickBooks' limits: each has seen the others since its start.
 * @param {string} url
 * @param {number} replicas */
export async function sharing(url, replicas) {
  const seen = () => execFileSync("psql", [url, "-Atqc", "select seen_at from replica"], { encoding: "utf8" }).trim().split("\n").map(Number);
  const all = () => seen().length === replicas;
  const pause = () => new Promise((go) => setTimeout(go, 200));
  const end = Date.now() + 40_000;
  while (!all() && Date.now() < end) await pause();
  // A replica takes the smallest share for six seconds after its start, and reads the table of replicas every five seconds.
  const since = Math.max(...seen()) + 6_000_000;
  while (!seen().every((at) => at > since) && Date.now() < end) await pause();
  if (!all() || Date.now() >= end) throw new Error(`${seen().length} replicas, not ${replicas}, share what QuickBooks allows`);
}
