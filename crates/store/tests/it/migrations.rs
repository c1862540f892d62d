//! Both databases have the same tables after all migrations. The catalogues of the databases are compared.

use crate::database::{Backend, Database};
use std::{collections::BTreeSet, fs, path::Path};
use store::Tx;

/// Queries for lines `table.column TYPE NOT NULL key 1 default x`. The types of PostgreSQL are mapped to those of SQLite.
const COLUMNS: (&str, &str) = (
    "SELECT t.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN ' NOT NULL' ELSE '' END \
     || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END || COALESCE(' default ' || c.dflt_value, '') \
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
    "SELECT c.table_name || '.' || c.column_name || ' ' || CASE c.data_type WHEN 'bigint' THEN 'INTEGER' WHEN 'integer' THEN 'INTEGER' \
     WHEN 'boolean' THEN 'INTEGER' WHEN 'uuid' THEN 'BLOB' WHEN 'bytea' THEN 'BLOB' ELSE upper(c.data_type) END \
     || CASE c.is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END \
     || COALESCE(' key ' || (SELECT u.ordinal_position FROM information_schema.table_constraints k \
     JOIN information_schema.key_column_usage u USING (constraint_schema, constraint_name) \
     WHERE k.constraint_type = 'PRIMARY KEY' AND u.table_name = c.table_name AND u.column_name = c.column_name), '') \
     || COALESCE(' default ' || CASE c.column_default WHEN 'false' THEN '0' WHEN 'true' THEN '1' \
     ELSE regexp_replace(c.column_default, '::[a-z]+$', '') END, '') \
     FROM information_schema.columns c WHERE c.table_schema = 'public'",
);

/// Queries for lines `table(columns) unique where condition`, without primary keys, which [`COLUMNS`] contains.
const INDEXES: (&str, &str) = (
    "SELECT t.name || '(' || (SELECT group_concat(k.name, ', ' ORDER BY k.seqno) FROM pragma_index_info(i.name) k) || ')' \
     || CASE i.\"unique\" WHEN 1 THEN ' unique' ELSE '' END \
     || CASE i.partial WHEN 1 THEN ' where' || (SELECT substr(sql, instr(sql, ' WHERE ') + 6) FROM sqlite_schema WHERE name = i.name) ELSE '' END \
     FROM sqlite_schema t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.origin <> 'pk'",
    "SELECT t.relname || '(' || (SELECT string_agg(pg_get_indexdef(i.indexrelid, k::int, true), ', ' ORDER BY k) \
     FROM generate_series(1, i.indnkeyatts) k) || ')' || CASE WHEN i.indisunique THEN ' unique' ELSE '' END \
     || COALESCE(' where ' || pg_get_expr(i.indpred, i.indrelid), '') \
     FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
     WHERE n.nspname = 'public' AND NOT i.indisprimary",
);

/// Queries for lines `table(column) -> table, on delete`.
const REFERENCES: (&str, &str) = (
    "SELECT t.name || '(' || f.\"from\" || ') -> ' || f.\"table\" || ', ' || f.on_delete \
     FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
    "SELECT k.conrelid::regclass || '(' || a.attname || ') -> ' || k.confrelid::regclass || ', ' \
     || CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END \
     FROM pg_constraint k JOIN unnest(k.conkey) column_at ON true \
     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = column_at WHERE k.contype = 'f'",
);

/// Runs one of the queries, without the tables of libraries.
async fn describe(backend: Backend, of: (&'static str, &'static str)) -> BTreeSet<String> {
    let t = Database::new(backend).await;
    let mut tx = t.db.begin().await.unwrap();
    let rows: Vec<String> = match &mut tx {
        Tx::Sqlite(c) => sqlx::query_scalar(of.0).fetch_all(&mut **c).await.unwrap(),
        Tx::Postgres(c) => sqlx::query_scalar(of.1).fetch_all(&mut **c).await.unwrap(),
    };
    let is_ours = |row: &String| ["river_", "_sqlx", "sqlite_"].iter().all(|library| !row.starts_with(library));
    rows.into_iter().filter(is_ours).collect()
}

async fn columns() -> BTreeSet<String> {
    let described = describe(Backend::Sqlite, COLUMNS).await;
    described.iter().filter_map(|row| row.split(' ').next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn both_databases_have_the_same_columns() {
    let sqlite = describe(Backend::Sqlite, COLUMNS).await;
    assert!(sqlite.contains("invoice.quickbooks_id TEXT"), "{sqlite:#?}");
    assert!(sqlite.contains("invoice.id BLOB NOT NULL key 1"), "{sqlite:#?}");
    assert_same(&sqlite, &describe(Backend::Postgres, COLUMNS).await);
}

#[tokio::test]
async fn both_databases_have_the_same_indexes() {
    // The databases format conditions differently, so only their columns and values are compared.
    let words = |rows: BTreeSet<String>| -> BTreeSet<String> {
        let normalize = |row: String| {
            let Some((index, condition)) = row.split_once(" where ") else { return row };
            let words: BTreeSet<String> = condition
                .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .map(str::to_lowercase)
                .filter(|word| {
                    !["", "text", "any", "all", "array", "in", "not", "and", "is", "null"].contains(&word.as_str())
                })
                .collect();
            format!("{index} where {words:?}")
        };
        rows.into_iter().map(normalize).collect()
    };
    let sqlite = words(describe(Backend::Sqlite, INDEXES).await);
    assert!(
        sqlite.contains(r#"quickbooks_connection(tenant_id) unique where {"disconnected", "state"}"#),
        "{sqlite:#?}"
    );
    assert_same(&sqlite, &words(describe(Backend::Postgres, INDEXES).await));
}

#[tokio::test]
async fn both_databases_have_the_same_references() {
    let sqlite = describe(Backend::Sqlite, REFERENCES).await;
    assert!(!sqlite.is_empty());
    assert_same(&sqlite, &describe(Backend::Postgres, REFERENCES).await);
}

fn assert_same(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) {
    let only =
        |these: &BTreeSet<String>, others: &BTreeSet<String>| these.difference(others).cloned().collect::<Vec<_>>();
    let differ = (only(sqlite, postgres), only(postgres, sqlite));
    assert!(
        differ.0.is_empty() && differ.1.is_empty(),
        "SQLite only: {:#?}\nPostgreSQL only: {:#?}",
        differ.0,
        differ.1
    );
}

/// Reads the columns that `docs/data.md` lists, as `table.column`.
fn inventory() -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data.md");
    let mut found = BTreeSet::new();
    let mut table = "";
    let text = fs::read_to_string(page).unwrap();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading.trim_matches('`');
        } else if let Some(cells) = line.strip_prefix("| `") {
            let names = cells.split('|').next().unwrap_or_default();
            let names = names.split('`').filter(|name| !name.trim().trim_matches(',').is_empty());
            found.extend(names.map(|name| format!("{table}.{name}")));
        }
    }
    found
}

#[tokio::test]
async fn every_column_has_its_purpose_in_the_inventory() {
    let (stored, described) = (columns().await, inventory());
    let unexplained: Vec<_> = stored.difference(&described).collect();
    let missing: Vec<_> = described.difference(&stored).collect();
    assert!(
        unexplained.is_empty() && missing.is_empty(),
        "not in the inventory: {unexplained:?}; not in the database: {missing:?}"
    );
}
