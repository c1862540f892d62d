//! Change data capture: objects that changed since a time, deleted ones included.

use super::call::{Parameters, answer};
use crate::{
    company::{
        Company,
        keys::{Key, LAST_UPDATED, parse_instant},
        table::Row,
    },
    entity::Entity,
    fault::Fault,
    shared::Shared,
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use axum_extra::extract::Query;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;
use std::sync::Arc;

/// Upper bound for the objects of one answer, over all entities.
const MAX_OBJECTS: usize = 1000;
const LOOKBACK_DAYS: i64 = 30;

pub(super) async fn since(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &headers, &realm, |company, context| {
        let names = parameters.entities.ok_or_else(|| Fault::missing("entities"))?;
        let text = parameters.changed_since.ok_or_else(|| Fault::missing("changedSince"))?;
        // In a query string, a plus sign without escaping is a blank.
        let text = text.trim().replace(' ', "+");
        company.check_time_format(&text)?;
        let since = parse_instant(&text).ok_or_else(|| Fault::date("changedSince", &json!(text)))?;
        if since < context.clock.now() - (24 * LOOKBACK_DAYS).hours() {
            return Err(Fault::validation(
                "2070",
                "Invalid Date Range",
                format!("The look-back period of change data capture is {LOOKBACK_DAYS} days"),
                "changedSince",
            ));
        }
        let mut remaining = MAX_OBJECTS;
        let parts = names
            .split(',')
            .map(|name| {
                let entity =
                    Entity::from_name(name.trim()).filter(|entity| entity.has_change_data()).ok_or_else(|| {
                        Fault::validation(
                            "2000",
                            "Invalid Object Name",
                            format!("{name} is not supported for CDC"),
                            "entities",
                        )
                    })?;
                list_changes(company, entity, since, context.clock.now(), &mut remaining)
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(format!("\"CDCResponse\":[{{\"QueryResponse\":[{}]}}]", parts.join(",")))
    })
}

/// Lists the changes of one entity: the current rows, then stubs of the deleted ones.
fn list_changes(
    company: &Company,
    entity: Entity,
    since: Timestamp,
    now: Timestamp,
    remaining: &mut usize,
) -> Result<String, Fault> {
    let Some(table) = company.table(entity) else { return Ok("{}".to_owned()) };
    let lag = company.quirks.changes_lag_ms;
    let visible_until = now - SignedDuration::from_millis(lag);
    let is_in_range = |at: Timestamp| at >= since && (lag == 0 || at <= visible_until);
    let is_row_in_range = |row: &Arc<Row>| matches!(&row.keys()[LAST_UPDATED], Key::Instant(at) if is_in_range(*at));
    if entity == Entity::Invoice {
        company.check_addresses(table.rows().filter(|(_, row)| is_row_in_range(row)).map(|(id, _)| id.to_string()))?;
    }
    let current = table.rows().filter(|(_, row)| is_row_in_range(row)).map(|(_, row)| row.json().to_owned());
    let to_timestamp = |at| Timestamp::from_millisecond(at).unwrap_or_default();
    let is_deletion_in_range =
        |at: i64| at >= since.as_millisecond() && (lag == 0 || to_timestamp(at) <= visible_until);
    let deleted = table.deleted.iter().filter(|deleted| is_deletion_in_range(deleted.at)).map(|deleted| {
        let at = to_timestamp(deleted.at).to_zoned(crate::clock::pacific_zone());
        json!({
            "domain": "QBO", "status": "Deleted", "Id": deleted.id,
            "MetaData": { "LastUpdatedTime": at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string() },
        })
        .to_string()
    });
    let objects: Vec<String> = current.chain(deleted).take(*remaining).collect();
    *remaining -= objects.len();
    Ok(match objects.len() {
        0 => "{}".to_owned(),
        count => format!(
            "{{\"{}\":[{}],\"startPosition\":1,\"maxResults\":{count},\"totalCount\":{count}}}",
            entity.name(),
            objects.join(",")
        ),
    })
}
