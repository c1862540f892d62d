//! Sums of deals by currency.

use crate::{
    api::{answer::one, caller::Caller},
    filters,
    records::{Resource, is_id},
    shared::Shared,
};
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use axum_extra::extract::Query;
use rust_decimal::{Decimal, dec};
use sandbox_core::decimal::{decimal, number};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/deals/summary", get(summary))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    status: Option<String>,
    filter_id: Option<String>,
    user_id: Option<String>,
    pipeline_id: Option<String>,
    stage_id: Option<String>,
}

/// Sums of one currency: number of deals, their value, and their weighted value.
#[derive(Debug, Default)]
struct Sums {
    count: usize,
    value: Decimal,
    weighted: Decimal,
}

async fn summary(State(shared): State<Shared>, caller: Caller, Query(asked): Query<Asked>) -> Response {
    caller.act(&shared, |company, writer| {
        let is = |row: &Value, member: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| is_id(&row[member], wanted));
        let rows: Vec<Value> = company
            .records
            .all(Resource::Deal)
            .map(|(_, row)| row)
            .filter(|row| row["is_archived"] != json!(true) && company.sees(&writer.user, Resource::Deal, row))
            .filter(|row| is(row, "owner_id", &asked.user_id) && is(row, "pipeline_id", &asked.pipeline_id) && is(row, "stage_id", &asked.stage_id))
            .filter(|row| asked.status.as_deref().is_none_or(|status| row["status"] == json!(status)))
            .cloned()
            .collect();
        let rows = match &asked.filter_id {
            Some(id) => filters::apply(company, Resource::Deal, id, rows)?,
            None => rows,
        };
        let mut by_currency: BTreeMap<String, Sums> = BTreeMap::new();
        for row in &rows {
            let sums = by_currency.entry(row["currency"].as_str().unwrap_or_default().to_owned()).or_default();
            let value = decimal(&row["value"]).unwrap_or_default();
            sums.count += 1;
            sums.value += value;
            sums.weighted += value * decimal(&row["probability"]).unwrap_or(dec!(100)) / dec!(100);
        }
        let shown = |amount: Decimal, currency: &str| format!("{currency} {}", amount.normalize());
        let mut data = json!({ "values_total": {}, "weighted_values_total": {}, "total_count": rows.len() });
        for (currency, sums) in &by_currency {
            data["values_total"][currency.as_str()] = json!({
                "value": number(sums.value), "count": sums.count, "value_converted": number(sums.value), "value_formatted": shown(sums.value, currency),
                "value_converted_formatted": shown(sums.value, currency),
            });
            data["weighted_values_total"][currency.as_str()] =
                json!({ "value": number(sums.weighted), "count": sums.count, "value_formatted": shown(sums.weighted, currency) });
        }
        // No exchange rates are simulated, so amounts of other currencies are added unconverted.
        let (total, weighted) = by_currency.values().fold((Decimal::ZERO, Decimal::ZERO), |(total, weighted), sums| (total + sums.value, weighted + sums.weighted));
        for (name, amount) in [("total_currency_converted_value", total), ("total_weighted_currency_converted_value", weighted)] {
            data[name] = number(amount);
            data[format!("{name}_formatted")] = json!(shown(amount, &company.currency));
        }
        Ok(one(StatusCode::OK, &data))
    })
}
