//! Change data capture: what changed since a moment, deleted objects included.

use super::{Parameters, answer};
use crate::{
    quickbooks::{
        company::{
            Company,
            keys::{Key, LAST_UPDATED, instant},
            table::Row,
        },
        entity::Entity,
        fault::Fault,
    },
    world::Shared,
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

/// Most objects of one answer, in all.
const MOST: usize = 1000;
const DAYS: i64 = 30;

pub(super) async fn since(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    answer(&shared, &headers, &realm, |company, act| {
        let names = parameters.entities.ok_or_else(|| Fault::missing("entities"))?;
        let text = parameters.changed_since.ok_or_else(|| Fault::missing("changedSince"))?;
        // A plus sign that was not escaped has become a blank on the way.
        let text = text.trim().replace(' ', "+");
        company.check_moment(&text)?;
        let since = instant(&text).ok_or_else(|| Fault::date("changedSince", &json!(text)))?;
        if since < act.clock.now() - (24 * DAYS).hours() {
            return Err(Fault::validation(
                "2070",
                "Invalid Date Range",
                format!("The look-back period of change data capture is {DAYS} days"),
                "changedSince",
            ));
        }
        let mut left = MOST;
        let parts = names
            .split(',')
            .map(|name| {
                let entity = Entity::named(name.trim()).filter(|entity| entity.has_change_data()).ok_or_else(|| {
                    Fault::validation(
                        "2000",
                        "Invalid Object Name",
                        format!("{name} is not supported for CDC"),
                        "entities",
                    )
                })?;
                changed(company, entity, since, act.clock.now(), &mut left)
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok(format!("\"CDCResponse\":[{{\"QueryResponse\":[{}]}}]", parts.join(",")))
    })
}

/// One entity's changes: what lives, then stubs of what was deleted.
fn changed(
    company: &Company,
    entity: Entity,
    since: Timestamp,
    now: Timestamp,
    left: &mut usize,
) -> Result<String, Fault> {
    let Some(table) = company.table(entity) else { return Ok("{}".to_owned()) };
    let lag = company.quirks.changes_lag_ms;
    let seen = now - SignedDuration::from_millis(lag);
    let is_later = |at: Timestamp| at >= since && (lag == 0 || at <= seen);
    let later = |row: &Arc<Row>| matches!(&row.keys()[LAST_UPDATED], Key::Instant(at) if is_later(*at));
    if entity == Entity::Invoice {
        company.check_addresses(table.rows().filter(|(_, row)| later(row)).map(|(id, _)| id.to_string()))?;
    }
    let living = table.rows().filter(|(_, row)| later(row)).map(|(_, row)| row.json().to_owned());
    let moment = |at| Timestamp::from_millisecond(at).unwrap_or_default();
    let is_told = |at: i64| at >= since.as_millisecond() && (lag == 0 || moment(at) <= seen);
    let deleted = table.deleted.iter().filter(|deleted| is_told(deleted.at)).map(|deleted| {
        let at = moment(deleted.at).to_zoned(crate::clock::pacific());
        json!({
            "domain": "QBO", "status": "Deleted", "Id": deleted.id,
            "MetaData": { "LastUpdatedTime": at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string() },
        })
        .to_string()
    });
    let found: Vec<String> = living.chain(deleted).take(*left).collect();
    *left -= found.len();
    Ok(match found.len() {
        0 => "{}".to_owned(),
        count => format!(
            "{{\"{}\":[{}],\"startPosition\":1,\"maxResults\":{count},\"totalCount\":{count}}}",
            entity.name(),
            found.join(",")
        ),
    })
}
