// A damaged SQLite file: a page or a few bytes overwritten, the newest writes cut off or missing. No deal is billed twice, and the
// service never hangs: it answers, or says that it cannot start and ends. FLIPS is the number of damages.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { control, installed, openForm, session, settled } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { chance } from "./storm/chance.mjs";
import { quickbooks } from "./story.mjs";

const COUNT = Number(process.env.FLIPS ?? 7);
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const PAGE = 4096;

/** Kinds of damage: each gets the bytes of the file and of its write-ahead log. */
const DAMAGES = {
  "bytes overwritten": (file, log, dice) => {
    for (let at = 0; at < 32; at++) file[dice.below(file.length)] = dice.below(256);
    return [file, log];
  },
  "a page of other bytes": (file, log, dice) => {
    const page = dice.below(file.length / PAGE);
    for (let at = 0; at < PAGE; at++) file[page * PAGE + at] = dice.below(256);
    return [file, log];
  },
  "a page of nothing": (file, log, dice) => {
    const page = dice.below(file.length / PAGE);
    file.fill(0, page * PAGE, (page + 1) * PAGE);
    return [file, log];
  },
  "the end cut off": (file, log, dice) => [file.subarray(0, dice.below(file.length)), log],
  "the log cut off": (file, log, dice) => [file, log.subarray(0, dice.below(log.length + 1))],
  "the log overwritten": (file, log, dice) => {
    for (let at = 0; at < 32 && log.length; at++) log[dice.below(log.length)] = dice.below(256);
    return [file, log];
  },
  "the log gone": (file) => [file, undefined],
};

test("with a damaged database file the service answers or ends, and makes no invoice twice", { timeout: 60_000 + COUNT * 40_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "fatura-damage-"));
  const stack = await start({ dir });
  t.after(async () => {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { env } = stack;
  // The service starts very often here.
  await control(env, "/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
  await installed(env, US);
  // Earlier writes are in the file now, later ones in its write-ahead log.
  await stack.replicas[0].end("SIGTERM");
  await stack.startFatura();
  const deals = [3, 4, 5];
  const forms = await Promise.all(deals.map((deal) => openForm(env, US, deal, LINE)));
  for (const [at, deal] of deals.entries())
    assert.equal((await settled(forms[at].call, await forms[at].call(`/deals/${deal}/invoices`, forms[at].fields))).status, 200);
  const counted = async () => (await (await quickbooks(env, US.realm))("select count(*) from Invoice")).totalCount;
  const before = await counted();
  await stack.killFatura();
  const files = ["fatura.db", "fatura.db-wal"].map((name) => join(dir, name));
  const kept = files.map((file) => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0)));

  const outcomes = {};
  for (let seed = 1; seed <= COUNT; seed++) {
    const kind = Object.keys(DAMAGES)[seed % Object.keys(DAMAGES).length];
    const damaged = DAMAGES[kind](...kept.map((bytes) => Buffer.from(bytes)), chance(seed));
    rmSync(join(dir, "fatura.db-shm"), { force: true });
    for (const [at, file] of files.entries()) damaged[at] ? writeFileSync(file, damaged[at]) : rmSync(file, { force: true });
    let outcome = "does not start";
    try {
      await stack.startFatura();
      const pressed = await Promise.all(
        deals.map(async (deal, at) => {
          const { call } = await session(env, "form", US.company, US.user);
          if (!call) return "no session";
          return (await settled(call, await call(`/deals/${deal}/invoices`, forms[at].fields))).status;
        }),
      );
      outcome = [...new Set(pressed)].sort().join(", ");
    } catch (/** @type {any} */ error) {
      assert.match(error.message, /fatura ended/, `seed ${seed}, ${kind}`);
    }
    await stack.killFatura();
    (outcomes[kind] ??= []).push(outcome);
    assert.equal(await counted(), before, `seed ${seed}, ${kind}: ${outcome}`);
  }
  console.log(outcomes);
});
