//! Sums of deals by currency.

use crate::{
    api::{answer::data_response, caller::Caller},
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
struct Params {
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

async fn summary(State(shared): State<Shared>, caller: Caller, Query(params): Query<Params>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let matches = |row: &Value, member: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| is_id(&row[member], wanted));
        let rows: Vec<Value> = company
            .records
            .all(Resource::Deal)
            .map(|(_, row)| row)
            .filter(|row| row["is_archived"] != json!(true) && company.user_may_see(&writer.user, Resource::Deal, row))
            .filter(|row| matches(row, "owner_id", &params.user_id) && matches(row, "pipeline_id", &params.pipeline_id) && matches(row, "stage_id", &params.stage_id))
            .filter(|row| params.status.as_deref().is_none_or(|status| row["status"] == json!(status)))
            .cloned()
            .collect();
        let rows = match &params.filter_id {
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
        let format_amount = |amount: Decimal, currency: &str| format!("{currency} {}", amount.normalize());
        let mut data = json!({ "values_total": {}, "weighted_values_total": {}, "total_count": rows.len() });
        for (currency, sums) in &by_currency {
            data["values_total"][currency.as_str()] = json!({
                "value": number(sums.value), "count": sums.count, "value_converted": number(sums.value), "value_formatted": format_amount(sums.value, currency),
                "value_converted_formatted": format_amount(sums.value, currency),
            });
            data["weighted_values_total"][currency.as_str()] =
                json!({ "value": number(sums.weighted), "count": sums.count, "value_formatted": format_amount(sums.weighted, currency) });
        }
        // No exchange rates are simulated, so amounts of other currencies are added unconverted.
        let (total, weighted) = by_currency.values().fold((Decimal::ZERO, Decimal::ZERO), |(total, weighted), sums| (total + sums.value, weighted + sums.weighted));
        for (name, amount) in [("total_currency_converted_value", total), ("total_weighted_currency_converted_value", weighted)] {
            data[name] = number(amount);
            data[format!("{name}_formatted")] = json!(format_amount(amount, &company.currency));
        }
        Ok(data_response(StatusCode::OK, &data))
    })
}
