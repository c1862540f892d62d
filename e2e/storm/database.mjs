// A database of its own on the PostgreSQL of the tests.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";

/** Its address; `restart` where the tests may restart the server. */
export async function createDatabase() {
  const server = process.env.TEST_POSTGRES_URL;
  if (!server) throw new Error("TEST_POSTGRES_URL is not set: run it by `make storm`");
  const name = `storm_${randomBytes(6).toString("hex")}`;
  execFileSync("psql", [`${server}/postgres`, "-qc", `create database ${name}`]);
  const command = process.env.TEST_POSTGRES_RESTART;
  const restart = () => new Promise((go, no) => execFile("bash", ["-c", command], (error) => (error ? no(error) : go())));
  return { url: `${server}/${name}`, ...(command ? { restart } : {}) };
}
