// How the service grows: companies and invoices are copied within the database, a hundred invoices each, and the same is measured
// again for one of them. Needs psql and sqlite3.
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "../../scripts/stack.mjs";
import { bill, control, installed, session } from "../http.mjs";
import { CASCADE, US } from "../people.mjs";
import { createDatabase } from "../storm/database.mjs";

/** Invoices of each company. */
const EACH = 100;

/** A database of each kind: its address, a function that runs SQL, the SQL that the copies need, and its size. */
const DATABASES = {
  async PostgreSQL() {
    const { url } = await createDatabase();
    const sql = (statement) => execFileSync("psql", [url, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]).toString().trim();
    const columns = (table) =>
      `select column_name from information_schema.columns where table_schema = current_schema() and table_name = '${table}' order by ordinal_position`;
    return { url, sql, columns, id: "gen_random_uuid()", counter: "g", size: () => Number(sql("select pg_database_size(current_database())")) };
  },
  async SQLite(dir) {
    const file = join(dir, "fatura.db");
    const sql = (statement) => execFileSync("sqlite3", ["-bail", file, statement]).toString().trim();
    const columns = (table) => `select name from pragma_table_info('${table}') order by cid`;
    return { url: `sqlite:${file}`, sql, columns, id: "randomblob(16)", counter: "g.value", size: () => statSync(file).size };
  },
};

/** Copies companies until there are so many. */
function copies({ sql, columns, id, counter }, companies) {
  const insert = (table, changed, from) => {
    const all = sql(columns(table))
      .split("\n")
      .map((name) => ({ name, value: changed[name] ?? `first.${name}` }));
    sql(`insert into ${table} (${all.map(({ name }) => name).join(", ")}) select ${all.map(({ value }) => value).join(", ")} from ${from}`);
  };
  const there = Number(sql("select count(*) from tenant"));
  const first = (table) => `(select * from ${table} where tenant_id = (select id from tenant where company_id = ${US.company}) limit 1) as first`;
  const now = Date.now() * 1000;
  if (there < companies)
    insert(
      "tenant",
      { id, company_id: `8000000 + ${counter}` },
      `(select * from tenant where company_id = ${US.company}) as first, generate_series(${there}, ${companies - 1}) as g`,
    );
  const newer = "(select id, company_id from tenant as t where not exists (select 1 from quickbooks_connection where tenant_id = t.id)) as t";
  insert(
    "quickbooks_connection",
    { id, tenant_id: "t.id", realm_digest: "'copy ' || t.company_id", changes_until: String(now), changed_at: "0" },
    `${newer}, ${first("quickbooks_connection")}`,
  );
  const empty = "(select q.id, q.tenant_id from quickbooks_connection as q where not exists (select 1 from invoice where tenant_id = q.tenant_id)) as q";
  insert(
    "invoice",
    { id, tenant_id: "q.tenant_id", connection_id: "q.id", intent: id, deal_id: `1 + ${counter} % 20` },
    `${empty}, generate_series(1, ${EACH}) as g, ${first("invoice")}`,
  );
  sql("analyze");
}

/** Measures at each of these numbers of companies; prints a table, answers its rows. */
export async function grow(kind, { load, used, sizes, row, round }) {
  const dir = mkdtempSync(join(tmpdir(), "fatura-grow-"));
  const database = await DATABASES[kind](dir);
  // The sandbox does not have the copied companies: they must not be read.
  const settings = { FATURA_QUICKBOOKS_CALLS_A_MINUTE: "1000000", FATURA_QUICKBOOKS_READS_A_MONTH: "0", FATURA_QUICKBOOKS_POLL_SECONDS: "86400" };
  const stack = await start({ dir, database: database.url, settings });
  const { env } = stack;
  const found = [];
  try {
    await control(env, "/pipedrive/limits", { burst: 0, daily_for_each_seat: 0 });
    await installed(env, US);
    await bill(env, US, 3, { ...CASCADE, "lines[0][item]": "12", "lines[0][unit_price]": "10", "lines[0][tax_code]": "NON" });
    const body = join(dir, "webhook.json");
    const text = JSON.stringify({ eventNotifications: [{ realmId: US.realm, dataChangeEvent: { entities: [] } }] });
    writeFileSync(body, text);
    const headers = {
      "content-type": "application/json",
      "intuit-signature": createHmac("sha256", env.QUICKBOOKS_VERIFIER_TOKEN).update(text).digest("base64"),
    };
    console.log(`\n### How it grows (${kind})\n`);
    row("companies", "invoices", "panels a second", "p99 ms", "webhooks a second", "p99 ms", "idle CPU %", "memory MB", "database MB", "start ms");
    row("---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:");
    for (const companies of sizes) {
      await stack.replicas[0].end("SIGTERM");
      copies(database, companies);
      const begun = performance.now();
      await stack.replicas[0].start();
      const started = performance.now() - begun;
      const { pid } = stack.replicas[0].child();
      const at = `http://127.0.0.1:${stack.replicas[0].port}`;
      const { bearer } = await session(env, "panel", US.company, US.user);
      const panel = await load(`${at}/panel/deal/3`, { headers: { authorization: `Bearer ${bearer}` } });
      const webhook = await load(`${at}/quickbooks/webhook`, { headers, body });
      await new Promise((go) => setTimeout(go, 2000));
      const before = used(pid).cpu;
      await new Promise((go) => setTimeout(go, 20_000));
      const idle = ((used(pid).cpu - before) / 20) * 100;
      const size = database.size() / 2 ** 20;
      const invoices = Number(database.sql("select count(*) from invoice"));
      const one = { companies, invoices, panel: panel.rate, webhook: webhook.rate, idle, memory: used(pid).memory, size };
      found.push(one);
      row(
        companies.toLocaleString("en-US"),
        invoices.toLocaleString("en-US"),
        round(panel.rate),
        round(panel.p99),
        round(webhook.rate),
        round(webhook.p99),
        round(idle),
        round(one.memory),
        round(size),
        round(started),
      );
    }
    return found;
  } finally {
    await stack.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
