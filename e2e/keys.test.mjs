// Rotation of the encryption key: a new key is put first while users bill, all secrets are sealed again, and the old key is removed.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../scripts/stack.mjs";
import { bill, connectUntilConfirmation, control, create, decide, installed, openForm, roomyDeal, session, unseen } from "./http.mjs";
import { CASCADE, US } from "./people.mjs";
import { createDatabase } from "./storm/database.mjs";
import { quickbooks } from "./story.mjs";

const key = (id) => `${id}:${randomBytes(32).toString("base64")}`;
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const count = async (env) => (await (await quickbooks(env, US.realm))("select count(*) from Invoice")).totalCount;
const numbers = async (env, deal) =>
  [...(await (await session(env, "panel", US.company, US.user)).call(`/panel/deal/${deal}`)).text.matchAll(/<b class="number">([^<]*)</g)].map(
    ([, number]) => number,
  );
const restart = async (stack, ring) => {
  await stack.killFatura();
  await stack.with({ FATURA_KEY_RING: ring }).startFatura();
};

for (const kind of ["SQLite", "PostgreSQL"]) {
  test(`on ${kind} the encryption key is replaced while users bill: nothing fails, and the old key is no longer needed`, {
    skip: kind === "PostgreSQL" && !process.env.TEST_POSTGRES_URL,
    timeout: 180_000,
  }, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "fatura-keys-"));
    const [first, second] = [key("2026a"), key("2026b")];
    const stack = await start({ dir, settings: { FATURA_KEY_RING: first }, ...(kind === "PostgreSQL" ? { database: (await createDatabase()).url } : {}) });
    t.after(async () => {
      await stack.stop();
      rmSync(dir, { recursive: true, force: true });
    });
    const { env } = stack;
    await installed(env, US);
    await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    const number = await bill(env, US, 3, LINE);
    const opened = await openForm(env, US, 4, LINE);
    assert.equal(await stack.fatura("keys"), "key 2026a encrypts new values; 2 rows use it");

    // A form that was opened before still works.
    await restart(stack, `${second},${first}`);
    assert.equal((await opened.call("/deals/4/form/preview", opened.fields)).status, 200);
    assert.match(
      await stack.fatura("keys"),
      /^key 2026b encrypts new values; 0 rows use it\nkey 2026a is needed for 2 rows: run `fatura keys rotate` before you remove it$/,
    );
    // Connected once more, it is the same connection: the invoices are on their deals, and webhooks find the company.
    const { person, pending } = await connectUntilConfirmation(env, US);
    await decide(env, person, pending);
    assert.deepEqual(await numbers(env, 3), [number]);

    const before = await count(env);
    let [goesOn, billed] = [true, 0];
    const billing = async () => {
      const deal = await roomyDeal(env, US, 3);
      const { call, fields } = await openForm(env, US, deal, LINE);
      for (; goesOn; billed++) {
        const answer = await create(call, deal, { ...unseen(fields), intent: crypto.randomUUID() });
        assert.equal(answer.status, 200, answer.text);
      }
    };
    const people = Promise.all([billing(), billing()]);
    for (const end = Date.now() + 30_000; billed < 2 && Date.now() < end; ) await new Promise((go) => setTimeout(go, 20));
    // Tokens are refreshed during the rotation.
    await control(env, "/quickbooks/expire", { realm_id: US.realm });
    for (let at = 0; at < 5; at++) await stack.fatura("keys", "rotate");
    for (const end = Date.now() + 30_000; billed < 6 && Date.now() < end; ) await new Promise((go) => setTimeout(go, 50));
    goesOn = false;
    await people;
    assert.equal(await count(env), before + billed, "none is lost, and none is made twice");
    assert.match(
      await stack.fatura("keys", "rotate"),
      /key 2026b encrypts new values; 2 rows use it\nkey 2026a is no longer used: you may remove it from key_ring$/,
    );

    await restart(stack, second);
    assert.deepEqual(await numbers(env, 3), [number]);
    await bill(env, US, 5, LINE);
    const again = await connectUntilConfirmation(env, US);
    await decide(env, again.person, again.pending);
    assert.deepEqual(await numbers(env, 3), [number]);

    // A key ring that cannot open the stored secrets: the start fails, and /readyz of a running replica does, too.
    stack.with({ FATURA_KEY_RING: key("2027a") });
    await stack.killFatura();
    await assert.rejects(stack.fatura("serve"), ({ stderr }) =>
      stderr.includes(
        "fatura: key_ring (with 2027a) does not open what is sealed in the database with: 2026b (2 rows). Add the missing key to key_ring again, behind the first one; when `fatura keys rotate` has sealed everything anew, you may remove it",
      ),
    );
    // The same key id with other bytes does not open them.
    stack.with({ FATURA_KEY_RING: key("2026b") });
    await assert.rejects(stack.fatura("serve"), /does not open what is sealed in the database with: 2026b/);
    await assert.rejects(stack.fatura("keys", "rotate"), /some values were not changed[^]*key 2026b is missing in key_ring: 2 rows use it/);

    // Another replica seals with another ring: a replica that cannot open its secrets is not ready.
    const third = key("2026c");
    stack.with({ FATURA_KEY_RING: second });
    await stack.startFatura();
    assert.equal((await fetch(`${env.FATURA_URL}/readyz`)).status, 200);
    await stack.with({ FATURA_KEY_RING: `${third},${second}` }).fatura("keys", "rotate");
    let ready;
    for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((go) => setTimeout(go, 200))) {
      ready = await fetch(`${env.FATURA_URL}/readyz`);
      if (ready.status === 503) break;
    }
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /^key_ring \(with 2026b\) does not open what is sealed in the database with: 2026c \(2 rows\)/);
  });
}
