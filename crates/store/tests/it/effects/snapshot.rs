//! Snapshots of every row of every table, and their differences in the notation of the entries.

use crate::database::at;
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::Tx;
use uuid::Uuid;

type Columns = Map<String, Value>;

/// A snapshot of all rows, each as its table and the row as JSON.
pub(super) type Rows = BTreeSet<(String, String)>;

/// The query for all rows, and readable names for keys and texts.
pub(super) struct Tables {
    /// Selects every row of every table as JSON.
    statement: String,
    /// The primary key columns of each table.
    keys: BTreeMap<String, Vec<String>>,
    /// Readable names for digests.
    pub(super) names: HashMap<String, String>,
}

/// The id of a row of the fixture: the bytes of its name.
pub(super) fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    Uuid::from_bytes(bytes)
}

/// The name that an id consists of; `new` for a random id.
fn name(id: Uuid) -> String {
    let text = String::from_utf8_lossy(id.as_bytes()).trim_end_matches('\0').to_owned();
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_name { text } else { "new".to_owned() }
}

impl Tables {
    pub(super) async fn of(tx: &mut Tx) -> Self {
        let columns: Vec<(String, String, String, bool)> = match tx {
            Tx::Sqlite(c) => sqlx::query_as(
                "/* test */ SELECT t.name, c.name, c.type, c.pk > 0 FROM sqlite_master AS t, pragma_table_info(t.name) AS c \
                 WHERE t.type = 'table' ORDER BY t.name, c.cid",
            )
            .fetch_all(&mut **c)
            .await
            .unwrap(),
            Tx::Postgres(c) => sqlx::query_as(
                "/* test */ SELECT CAST(c.table_name AS TEXT), CAST(c.column_name AS TEXT), CAST(c.data_type AS TEXT), EXISTS (SELECT 1 FROM \
                 information_schema.key_column_usage AS k JOIN information_schema.table_constraints AS t USING (constraint_schema, constraint_name) \
                 WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name) \
                 FROM information_schema.columns AS c WHERE c.table_schema = current_schema() ORDER BY c.table_name, c.ordinal_position",
            )
            .fetch_all(&mut **c)
            .await
            .unwrap(),
        };
        let mut documents: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column, kind, is_key) in columns {
            // The tables of libraries are not compared.
            if ["river_", "_sqlx_", "sqlite_"].iter().any(|prefix| table.starts_with(prefix)) {
                continue;
            }
            let value = if kind == "BLOB" { format!("nullif(hex({column}), '')") } else { column.clone() };
            documents.entry(table.clone()).or_default().push(format!("'{column}', {value}"));
            if is_key {
                keys.entry(table).or_default().push(column);
            }
        }
        let selects = documents.iter().map(|(table, parts)| match tx {
            Tx::Sqlite(_) => format!("SELECT '{table}', json_object({}) FROM {table}", parts.join(", ")),
            Tx::Postgres(_) => format!("SELECT '{table}', CAST(to_jsonb({table}) AS TEXT) FROM {table}"),
        });
        let statement = format!("/* test */ {}", selects.collect::<Vec<_>>().join(" UNION ALL "));
        Self { statement, keys, names: HashMap::new() }
    }

    pub(super) async fn rows(&self, tx: &mut Tx) -> Result<Rows, sqlx::Error> {
        let statement = AssertSqlSafe(self.statement.as_str());
        let rows: Vec<(String, String)> = match tx {
            Tx::Sqlite(c) => sqlx::query_as(statement).fetch_all(&mut **c).await?,
            Tx::Postgres(c) => sqlx::query_as(statement).fetch_all(&mut **c).await?,
        };
        Ok(rows.into_iter().collect())
    }

    /// Returns a line for each row that was added (`+ table key`), removed (`- table key`) or changed (`table key: column=value`).
    pub(super) fn differences(&self, before: &Rows, after: &Rows) -> Vec<String> {
        let by_key = |rows: Vec<&(String, String)>| -> BTreeMap<String, Columns> {
            let named = rows.into_iter().map(|(table, row)| {
                let row: Columns = serde_json::from_str(row).unwrap();
                let key: Vec<String> = self.keys[table].iter().map(|column| self.text(&row[column])).collect();
                (format!("{table} {}", key.join(" ").replace('\'', "")), row)
            });
            named.collect()
        };
        let mut removed = by_key(before.difference(after).collect());
        let mut lines = Vec::new();
        for (key, row) in by_key(after.difference(before).collect()) {
            let Some(old) = removed.remove(&key) else {
                // A row whose key does not contain the tenant is listed with its tenant.
                let has_tenant_in_key =
                    self.keys[key.split(' ').next().unwrap_or_default()].iter().any(|column| column == "tenant_id");
                let tenant = row.get("tenant_id").filter(|id| !has_tenant_in_key && !id.is_null());
                lines
                    .push(format!("+ {key}{}", tenant.map_or_else(String::new, |id| format!(" of {}", self.text(id)))));
                continue;
            };
            let changed = row.iter().filter(|(column, value)| old[*column] != **value);
            let changed: Vec<String> =
                changed.map(|(column, value)| format!("{column}={}", self.text(value))).collect();
            lines.push(format!("{key}: {}", changed.join(" ")));
        }
        lines.extend(removed.keys().map(|key| format!("- {key}")));
        lines
    }

    /// Formats a value in the notation of the entries, alike for both databases: ids by name, timestamps as `@seconds`, JSON as `{..}`.
    fn text(&self, value: &Value) -> String {
        let micros = at(0).as_microsecond();
        match value {
            Value::Bool(is_true) => i32::from(*is_true).to_string(),
            Value::Number(number) => match number.as_i64() {
                Some(moment) if (moment - micros).abs() < 10_000_000_000_000 => {
                    format!("@{}", moment / 1_000_000 - micros / 1_000_000)
                }
                _ => number.to_string(),
            },
            Value::String(text) => match Uuid::parse_str(text) {
                Ok(id) => name(id),
                Err(_) if text.starts_with('{') => "{..}".to_owned(),
                Err(_) if text.starts_with("v1.") => "sealed".to_owned(),
                Err(_) => self.names.get(text).cloned().unwrap_or_else(|| format!("'{text}'")),
            },
            other => other.to_string(),
        }
    }
}

/// Formats an answer in the notation of the entries: its debug text, with names for ids and `@seconds` for timestamps.
pub(super) fn format_answer(debug: &str) -> String {
    let (mut text, mut rest) = (String::new(), debug);
    while let Some(next) = rest.chars().next() {
        let word: usize = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':').unwrap_or(rest.len());
        if let Some(id) = rest.get(..36).and_then(|id| Uuid::try_parse(id).ok()) {
            text.push_str(&name(id));
            rest = &rest[36..];
        } else if let Ok(moment) = rest[..word].parse::<jiff::Timestamp>() {
            let seconds = moment.as_second() - at(0).as_second();
            text.push('@');
            text.push_str(&seconds.to_string());
            rest = &rest[word..];
        } else {
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    text
}
