// The reads of QuickBooks for one company, as the sandbox counts them: for each action of a user, and over some days.
//   node e2e/bench/reads.mjs            DAYS=3 for a longer stretch; it needs libfaketime (`apt-get install faketime`)
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../scripts/stack.mjs";
import { bill, control, installed, openForm, session } from "../http.mjs";
import { CASCADE, US } from "../people.mjs";
import { clock as clockIn } from "../storm/time.mjs";
import { quickbooks } from "../story.mjs";

const HOUR = 3600;
const LINE = { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" };
const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const row = (...cells) => console.log(`| ${cells.join(" | ")} |`);

const dir = mkdtempSync(join(tmpdir(), "fatura-reads-"));
const clock = clockIn(dir);
const stack = await start({ dir, settings: { ...clock?.settings } });
try {
  const { env } = stack;
  const post = async (path, body) => {
    const answer = await control(env, path, body);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await post("/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
  await post("/quickbooks/limits", { requests_per_minute: 0, batches_per_minute: 0, requests_per_second: 0, concurrent: 0 });
  let own = 0;
  const used = async () => {
    const calls = await (await control(env, "/calls", undefined, "GET")).json();
    return ["reads", "writes"].map((member) => calls.reduce((sum, call) => sum + call[member], 0) - (member === "reads" ? own : 0));
  };
  /** Does something, waits for the work that follows, and prints the reads and writes. */
  const measure = async (name, work, follows = 6000) => {
    const before = await used();
    const result = await work();
    await pause(follows);
    const after = await used();
    row(name, after[0] - before[0], after[1] - before[1]);
    return result;
  };
  const newest = async () => {
    own++;
    return String(Math.max(...(await (await quickbooks(env, US.realm))("select * from Invoice maxresults 1000")).Invoice.map(({ Id }) => Number(Id))));
  };
  row("what", "reads", "writes");
  row("---", "---:", "---:");
  await measure("install and connect", () => installed(env, US), 20_000);
  const first = await measure("the first form of a customer, with its invoice and the webhook", () => bill(env, US, 3, LINE));
  const id = await newest();
  await measure("another form within five minutes, with its invoice and the webhook", () => bill(env, US, 4, LINE));
  const { call } = await session(env, "panel", US.company, US.user);
  await measure("open a panel", () => call("/panel/deal/3"));
  await measure("press Refresh", () => call("/panel/deal/3/refresh", {}));
  await measure("a payment, by its webhook", () => post("/quickbooks/payment", { realm_id: US.realm, invoice_id: id, amount: 1 }));
  await measure("open a form and leave it", () => openForm(env, US, 5));
  if (clock) {
    // The service's clock and the sandbox's go ahead together, an hour or six at a time; each time a round of sweeps takes place.
    let ahead = 0;
    // So does this program's own, by which it signs tokens.
    const ownClock = Date.now;
    Date.now = () => ownClock() + ahead * 1000;
    const advance = async (hours) => {
      ahead += hours * HOUR;
      clock.move(ahead);
      await post("/clock", { advance_seconds: hours * HOUR });
      await pause(24_000);
    };
    await measure("the lists again and a known customer: a form a day later, with its invoice and the webhook", async () => {
      await advance(24);
      const before = await used();
      await bill(env, US, 3, LINE);
      await pause(4000);
      row("of which the form, the invoice and the webhook", (await used())[0] - before[0], (await used())[1] - before[1]);
    });
    for (let day = 1; day <= Number(process.env.DAYS ?? 2); day++) {
      await measure(
        `day ${day} after it, without a change`,
        async () => {
          for (let hour = 0; hour < 24; hour += day === 1 && hour < 6 ? 1 : 6) await advance(day === 1 && hour < 6 ? 1 : 6);
        },
        0,
      );
    }
  }
  console.log(`\n${first ? "" : "no "}invoice was made; ${own} reads of this program's own are left out`);
} finally {
  await stack.stop();
  rmSync(dir, { recursive: true, force: true });
}
