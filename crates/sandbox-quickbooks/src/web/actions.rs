//! The actions behind the buttons of an invoice's page.

use super::format::text;
use crate::{
    accountant,
    company::{Company, WriteContext},
    entity::Entity,
    fault::Fault,
    sales,
    shared::Shared,
    writes::Verb,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::Form;
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number, round};
use serde::Deserialize;
use serde_json::{Value, json};

/// Fields of all forms on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    amount: String,
    due: String,
    memo: String,
    #[serde(rename = "line")]
    lines: Vec<String>,
    #[serde(rename = "description")]
    descriptions: Vec<String>,
    #[serde(rename = "quantity")]
    quantities: Vec<String>,
    #[serde(rename = "price")]
    prices: Vec<String>,
}

fn parse_decimal(text: &str) -> Decimal {
    text.trim().replace(',', ".").parse().unwrap_or_default()
}

pub(super) async fn post_action(
    State(shared): State<Shared>,
    Path((realm, id, name)): Path<(String, String, String)>,
    Form(form): Form<Fields>,
) -> Response {
    let mut state = shared.state_mut();
    let context = WriteContext::new(shared.clock(), "");
    let Some(result) = state.with_company(&realm, |company| run_action(company, &id, &name, &form, &context)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match result {
        Ok(_) if name == "delete" => Redirect::to(&format!("/app/{realm}/invoices")).into_response(),
        Ok(_) => Redirect::to(&format!("/app/{realm}/invoice?txnId={id}")).into_response(),
        Err(fault) => {
            let detail = text(&fault.body()["Error"][0]["Detail"]);
            let refused: String = url::form_urlencoded::byte_serialize(detail.as_bytes()).collect();
            Redirect::to(&format!("/app/{realm}/invoice?txnId={id}&refused={refused}")).into_response()
        }
    }
}

fn run_action(
    company: &mut Company,
    id: &str,
    name: &str,
    form: &Fields,
    context: &WriteContext,
) -> Result<Value, Fault> {
    match name {
        "pay" => accountant::receive_payment(company, id, Some(parse_decimal(&form.amount)), context),
        "void" => accountant::change(company, Entity::Invoice, Some(id), Verb::Void, &Value::Null, context),
        "delete" => accountant::change(company, Entity::Invoice, Some(id), Verb::Delete, &Value::Null, context),
        "send" => company.transaction(|company| sales::send::send(company, Entity::Invoice, id, None, context)),
        "edit" => {
            let changes = changes_from_form(company, &company.read(Entity::Invoice, id)?.value(), form);
            accountant::change(company, Entity::Invoice, Some(id), Verb::Write, &changes, context)
        }
        _ => Err(Fault::unsupported(name)),
    }
}

/// Builds the change from the form's lines, due date and memo.
fn changes_from_form(company: &Company, row: &Value, form: &Fields) -> Value {
    let mut changes = json!({ "DueDate": form.due, "CustomerMemo": { "value": form.memo }, "Line": row["Line"] });
    let decimals = company.decimals(row["CurrencyRef"]["value"].as_str().unwrap_or_default());
    let mut is_priced = false;
    for line in changes["Line"].as_array_mut().into_iter().flatten() {
        let Some(at) = form.lines.iter().position(|id| line["Id"] == json!(id)) else { continue };
        let field = |fields: &[String]| fields.get(at).cloned().unwrap_or_default();
        let (quantity, price) = (parse_decimal(&field(&form.quantities)), parse_decimal(&field(&form.prices)));
        line["Description"] = json!(field(&form.descriptions));
        let detail = &line["SalesItemLineDetail"];
        if decimal(&detail["Qty"]).unwrap_or_default() == quantity && decimal(&detail["UnitPrice"]) == Some(price) {
            continue;
        }
        is_priced = true;
        line["SalesItemLineDetail"]["Qty"] = number(quantity);
        line["SalesItemLineDetail"]["UnitPrice"] = number(price);
        line["Amount"] = number(round(quantity * price, decimals));
    }
    if is_priced && row["GlobalTaxCalculation"] == json!("TaxInclusive") {
        // The page shows prices without tax.
        changes["GlobalTaxCalculation"] = json!("TaxExcluded");
    }
    changes
}
