//! QuickBooks' own page, as far as an accountant needs it here: look at an invoice, receive a payment, void, delete.

use super::invoice;
use crate::{decimal::decimal, world::Shared};
use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(companies))
        .route("/login", get(deep_link))
        .route("/app/{realm}/invoices", get(invoices))
        .route("/app/{realm}/invoice", get(show))
        .route("/app/{realm}/invoice/{id}/{act}", post(act))
        .route("/app/{realm}/disconnect", post(disconnect))
        .route(
            "/quickbooks.css",
            get(async || ([("content-type", "text/css")], include_str!("../../static/quickbooks.css"))),
        )
        .with_state(shared)
}

#[derive(Debug, Deserialize)]
struct DeepLink {
    deeplinkcompanyid: String,
    pagereq: String,
}

/// The robust deep link: signs in, switches to the company, opens the page.
async fn deep_link(Query(link): Query<DeepLink>) -> Redirect {
    Redirect::to(&format!("/app/{}/{}", link.deeplinkcompanyid, link.pagereq))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    txn_id: String,
}

#[derive(Template)]
#[template(path = "quickbooks_companies.html")]
struct CompaniesPage {
    companies: Vec<(String, String, usize)>,
}

#[derive(Template)]
#[template(path = "quickbooks_invoices.html")]
struct InvoicesPage {
    realm: String,
    company: String,
    rows: Vec<InvoiceRow>,
}

struct InvoiceRow {
    id: String,
    number: String,
    customer: String,
    issued: String,
    due: String,
    total: String,
    balance: String,
}

#[derive(Template)]
#[template(path = "quickbooks_invoice.html")]
struct InvoicePage {
    realm: String,
    company: String,
    row: InvoiceRow,
    currency: String,
    email: String,
    address: String,
    memo: String,
    note: String,
    lines: Vec<[String; 5]>,
    tax: String,
    open: bool,
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(_) => decimal(value).map(|amount| amount.to_string()).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn money(value: &Value) -> String {
    decimal(value).map(|amount| format!("{amount:.2}")).unwrap_or_default()
}

fn invoice_row(row: &Value) -> InvoiceRow {
    InvoiceRow {
        id: text(&row["Id"]),
        number: text(&row["DocNumber"]),
        customer: text(&row["CustomerRef"]["name"]),
        issued: text(&row["TxnDate"]),
        due: text(&row["DueDate"]),
        total: money(&row["TotalAmt"]),
        balance: money(&row["Balance"]),
    }
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn companies(State(shared): State<Shared>) -> Response {
    let world = shared.world();
    let companies = world.quickbooks.companies.values();
    page(&CompaniesPage {
        companies: companies
            .map(|company| {
                let count = company.table("Invoice").map_or(0, |table| table.rows().count());
                (company.realm_id.clone(), company.name().to_owned(), count)
            })
            .collect(),
    })
}

async fn invoices(State(shared): State<Shared>, Path(realm): Path<String>) -> Response {
    let world = shared.world();
    let Some(company) = world.quickbooks.companies.get(&realm) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let rows = company.table("Invoice").map(|table| table.rows().rev().map(invoice_row).collect()).unwrap_or_default();
    page(&InvoicesPage { realm, company: company.name().to_owned(), rows })
}

async fn show(State(shared): State<Shared>, Path(realm): Path<String>, Query(asked): Query<Transaction>) -> Response {
    let world = shared.world();
    let Some(company) = world.quickbooks.companies.get(&realm) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(row) = company.read("Invoice", &asked.txn_id) else {
        return (StatusCode::NOT_FOUND, "This invoice does not exist any more.").into_response();
    };
    let address = &row["BillAddr"];
    let parts = ["Line1", "City", "CountrySubDivisionCode", "PostalCode", "Country"].map(|part| text(&address[part]));
    let lines =
        row["Line"].as_array().into_iter().flatten().filter(|line| line["DetailType"] == json!("SalesItemLineDetail"));
    page(&InvoicePage {
        company: company.name().to_owned(),
        currency: text(&row["CurrencyRef"]["value"]),
        email: text(&row["BillEmail"]["Address"]),
        address: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
        memo: text(&row["CustomerMemo"]["value"]),
        note: text(&row["PrivateNote"]),
        lines: lines
            .map(|line| {
                let detail = &line["SalesItemLineDetail"];
                [
                    text(&detail["ItemRef"]["name"]),
                    text(&line["Description"]),
                    text(&detail["Qty"]),
                    text(&detail["UnitPrice"]),
                    money(&line["Amount"]),
                ]
            })
            .collect(),
        tax: money(&row["TxnTaxDetail"]["TotalTax"]),
        open: decimal(&row["Balance"]).is_some_and(|balance| !balance.is_zero()),
        row: invoice_row(row),
        realm,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Act {
    amount: String,
}

async fn act(
    State(shared): State<Shared>,
    Path((realm, id, act)): Path<(String, String, String)>,
    Form(form): Form<Act>,
) -> Response {
    let mut world = shared.world();
    let clock = world.clock;
    let Some(company) = world.quickbooks.companies.get_mut(&realm) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let token = company.row("Invoice", &id).map(|row| row["SyncToken"].clone()).unwrap_or_default();
    let body = json!({ "Id": id, "SyncToken": token });
    let result = match act.as_str() {
        "pay" => {
            invoice::receive_payment(company, &id, form.amount.replace(',', ".").parse().unwrap_or_default(), clock)
        }
        "void" => invoice::void(company, &body, clock),
        "delete" => invoice::delete(company, &body),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match result {
        Ok(_) if act == "delete" => Redirect::to(&format!("/app/{realm}/invoices")).into_response(),
        Ok(_) => Redirect::to(&format!("/app/{realm}/invoice?txnId={id}")).into_response(),
        Err(fault) => fault.response(&clock.quickbooks_millis()),
    }
}

/// The company's owner takes the app's access away, on QuickBooks' side.
async fn disconnect(State(shared): State<Shared>, Path(realm): Path<String>) -> Redirect {
    shared.world().quickbooks.grants.disconnect(&realm);
    Redirect::to(&format!("/app/{realm}/invoices"))
}
