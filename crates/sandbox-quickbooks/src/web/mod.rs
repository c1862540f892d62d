//! QuickBooks' own pages for the accountant: customers, invoices with their actions, and the company's apps.

mod actions;
mod format;

use self::format::{address, money, text};
use crate::{clock::PacificTime, company::Company, entity::Entity, sales, shared::Shared};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::Query;
use sandbox_core::decimal::decimal;
use serde::Deserialize;
use serde_json::{Value, json};

/// Routes of the web pages' origin.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(companies))
        .route("/login", get(deep_link))
        .route("/app/login", get(deep_link))
        .route("/app/{realm}/invoices", get(invoices))
        .route("/app/{realm}/invoice", get(invoice))
        .route("/app/{realm}/invoice/{id}/pdf", get(pdf))
        .route("/app/{realm}/invoice/{id}/{action}", post(actions::post_action))
        .route("/app/{realm}/customers", get(customers))
        .route("/app/{realm}/customerdetail", get(customer))
        .route("/app/{realm}/apps", get(apps))
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

/// Answers a deep link, in the form of QuickBooks' own answers or in the older form: signs in, switches to the company and
/// opens the page.
async fn deep_link(State(shared): State<Shared>, Query(link): Query<DeepLink>) -> Response {
    let DeepLink { deeplinkcompanyid: realm, pagereq } = link;
    with_company(&shared, &realm, |company, _| {
        Redirect::to(&format!("/app/{}/{pagereq}", company.realm_id)).into_response()
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvoiceQuery {
    txn_id: String,
    /// Reason for which the last action was refused.
    #[serde(default)]
    refused: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomerQuery {
    name_id: String,
}

#[derive(Template)]
#[template(path = "quickbooks_companies.html")]
struct CompaniesPage {
    companies: Vec<(String, String, String, usize)>,
}

/// Data of the head of a company's pages.
struct Head {
    realm: String,
    company: String,
}

impl Head {
    fn new(company: &Company) -> Self {
        Self { realm: company.realm_id.clone(), company: company.name().to_owned() }
    }
}

#[derive(Template)]
#[template(path = "quickbooks_invoices.html")]
struct InvoicesPage {
    head: Head,
    rows: Vec<InvoiceRow>,
}

struct InvoiceRow {
    id: String,
    number: String,
    customer_id: String,
    customer: String,
    issued: String,
    due: String,
    total: String,
    balance: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "quickbooks_invoice.html")]
struct InvoicePage {
    head: Head,
    row: InvoiceRow,
    currency: String,
    term: String,
    email: String,
    sent: String,
    address: String,
    memo: String,
    note: String,
    lines: Vec<[String; 5]>,
    sums: Vec<[String; 2]>,
    payments: Vec<[String; 3]>,
    editable: Vec<EditableLine>,
    refused: String,
}

struct EditableLine {
    id: String,
    description: String,
    quantity: String,
    price: String,
}

#[derive(Template)]
#[template(path = "quickbooks_customers.html")]
struct CustomersPage {
    head: Head,
    rows: Vec<[String; 4]>,
}

#[derive(Template)]
#[template(path = "quickbooks_customer.html")]
struct CustomerPage {
    head: Head,
    name: String,
    facts: Vec<[String; 2]>,
    rows: Vec<InvoiceRow>,
}

#[derive(Template)]
#[template(path = "quickbooks_apps.html")]
struct AppsPage {
    head: Head,
    connected: bool,
}

impl InvoiceRow {
    /// Returns the status as a CSS class.
    fn class(&self) -> String {
        self.state.to_lowercase().replace(' ', "-")
    }
}

fn render_page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn invoice_row(row: &Value, today: &str) -> InvoiceRow {
    let amount = |member: &str| decimal(&row[member]).unwrap_or_default();
    let (total, balance) = (amount("TotalAmt"), amount("Balance"));
    let due = text(&row["DueDate"]);
    let state = if total.is_zero() && text(&row["PrivateNote"]).starts_with("Voided") {
        "Voided"
    } else if balance.is_zero() {
        "Paid"
    } else if due.as_str() < today {
        "Overdue"
    } else if balance < total {
        "Partially paid"
    } else {
        "Open"
    };
    InvoiceRow {
        id: text(&row["Id"]),
        number: text(&row["DocNumber"]),
        customer_id: text(&row["CustomerRef"]["value"]),
        customer: text(&row["CustomerRef"]["name"]),
        issued: text(&row["TxnDate"]),
        due,
        total: money(&row["TotalAmt"]),
        balance: money(&row["Balance"]),
        state,
    }
}

/// Lists the newest invoices that satisfy `is_wanted`.
fn newest_invoices(company: &Company, today: &str, is_wanted: impl Fn(&Value) -> bool) -> Vec<InvoiceRow> {
    const MAX_ROWS: usize = 200;
    company.all(Entity::Invoice).rev().filter(is_wanted).take(MAX_ROWS).map(|row| invoice_row(&row, today)).collect()
}

/// Calls `answer` with a company and today's date. Answers 404 for an unknown company.
fn with_company(shared: &Shared, realm: &str, answer: impl FnOnce(&Company, &str) -> Response) -> Response {
    let state = shared.state();
    let today = shared.clock().pacific().date().to_string();
    match state.companies.get(realm) {
        Some(company) => answer(company, &today),
        None => (StatusCode::NOT_FOUND, "There is no such company.").into_response(),
    }
}

async fn companies(State(shared): State<Shared>) -> Response {
    let state = shared.state();
    let companies = state.companies.values();
    render_page(&CompaniesPage {
        companies: companies
            .map(|company| {
                (
                    company.realm_id.clone(),
                    company.name().to_owned(),
                    company.country().to_owned(),
                    company.count(Entity::Invoice),
                )
            })
            .collect(),
    })
}

async fn invoices(State(shared): State<Shared>, Path(realm): Path<String>) -> Response {
    with_company(&shared, &realm, |company, today| {
        render_page(&InvoicesPage { head: Head::new(company), rows: newest_invoices(company, today, |_| true) })
    })
}

async fn customers(State(shared): State<Shared>, Path(realm): Path<String>) -> Response {
    with_company(&shared, &realm, |company, _| {
        let rows = company.all(Entity::Customer).map(|row| {
            let name = text(&row["FullyQualifiedName"]);
            let balance = format!("{} {}", money(&row["Balance"]), text(&row["CurrencyRef"]["value"]));
            [text(&row["Id"]), name, text(&row["PrimaryEmailAddr"]["Address"]), balance]
        });
        render_page(&CustomersPage { head: Head::new(company), rows: rows.collect() })
    })
}

async fn customer(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(query): Query<CustomerQuery>,
) -> Response {
    with_company(&shared, &realm, |company, today| {
        let Ok(row) = company.read(Entity::Customer, &query.name_id).map(|row| row.value()) else {
            return (StatusCode::NOT_FOUND, "There is no such customer.").into_response();
        };
        let tax = company.tax_identifiers.get(&format!("{} PrimaryTaxIdentifier", query.name_id)).cloned();
        let facts = [
            ("Email", text(&row["PrimaryEmailAddr"]["Address"])),
            ("Phone", text(&row["PrimaryPhone"]["FreeFormNumber"])),
            ("Billing address", address(&row["BillAddr"])),
            ("Tax number", tax.unwrap_or_else(|| text(&row["ResaleNum"]))),
            ("Terms", text(&row["SalesTermRef"]["name"])),
            ("Notes", text(&row["Notes"])),
            ("Open balance", format!("{} {}", money(&row["Balance"]), text(&row["CurrencyRef"]["value"]))),
        ];
        let facts = facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| [label.to_owned(), value])
            .collect();
        let rows = newest_invoices(company, today, |row| row["CustomerRef"]["value"] == json!(query.name_id));
        render_page(&CustomerPage { head: Head::new(company), name: text(&row["DisplayName"]), facts, rows })
    })
}

async fn invoice(
    State(shared): State<Shared>,
    Path(realm): Path<String>,
    Query(query): Query<InvoiceQuery>,
) -> Response {
    with_company(&shared, &realm, |company, today| {
        let Ok(row) = company.read(Entity::Invoice, &query.txn_id).map(|row| row.value()) else {
            return (StatusCode::NOT_FOUND, "This invoice does not exist any more.").into_response();
        };
        render_page(&invoice_page(company, &row, today, query.refused))
    })
}

fn invoice_page(company: &Company, row: &Value, today: &str, refused: String) -> InvoicePage {
    let (mut lines, mut sums, mut editable) = (Vec::new(), Vec::new(), Vec::new());
    for line in row["Line"].as_array().into_iter().flatten() {
        let detail = &line["SalesItemLineDetail"];
        match line["DetailType"].as_str().unwrap_or_default() {
            "SubTotalLineDetail" => sums.push(["Subtotal".to_owned(), money(&line["Amount"])]),
            "DiscountLineDetail" => sums.push(["Discount".to_owned(), format!("-{}", money(&line["Amount"]))]),
            "SalesItemLineDetail" if line["Id"].is_null() => sums.push(["Shipping".to_owned(), money(&line["Amount"])]),
            _ => {
                let name = if detail.is_object() {
                    &detail["ItemRef"]["name"]
                } else {
                    &line["GroupLineDetail"]["GroupItemRef"]["name"]
                };
                let amount = if line["Amount"].is_null() { String::new() } else { money(&line["Amount"]) };
                lines.push([
                    text(name),
                    text(&line["Description"]),
                    text(&detail["Qty"]),
                    text(&detail["UnitPrice"]),
                    amount,
                ]);
                if detail["UnitPrice"].is_number() {
                    editable.push(EditableLine {
                        id: text(&line["Id"]),
                        description: text(&line["Description"]),
                        quantity: text(&detail["Qty"]),
                        price: text(&detail["UnitPrice"]),
                    });
                }
            }
        }
    }
    sums.extend(row["TxnTaxDetail"]["TaxLine"].as_array().into_iter().flatten().map(|line| tax_sum(company, line)));
    let paid = row["LinkedTxn"].as_array().into_iter().flatten().filter(|link| link["TxnType"] == json!("Payment"));
    let payments = paid.filter_map(|link| company.get(Entity::Payment, link["TxnId"].as_str()?)).map(|payment| {
        let applied = payment["Line"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|line| line["LinkedTxn"][0]["TxnId"] == row["Id"])
            .map(|line| money(&line["Amount"]));
        [text(&payment["TxnDate"]), text(&payment["PaymentMethodRef"]["name"]), applied.unwrap_or_default()]
    });
    InvoicePage {
        head: Head::new(company),
        currency: text(&row["CurrencyRef"]["value"]),
        term: text(&row["SalesTermRef"]["name"]),
        email: text(&row["BillEmail"]["Address"]),
        sent: text(&row["DeliveryInfo"]["DeliveryTime"]),
        address: address(&row["BillAddr"]),
        memo: text(&row["CustomerMemo"]["value"]),
        note: text(&row["PrivateNote"]),
        lines,
        sums,
        payments: payments.collect(),
        editable,
        row: invoice_row(row, today),
        refused,
    }
}

fn tax_sum(company: &Company, line: &Value) -> [String; 2] {
    let detail = &line["TaxLineDetail"];
    let rate = company.get(Entity::TaxRate, detail["TaxRateRef"]["value"].as_str().unwrap_or_default());
    let name = text(&rate.unwrap_or_default()["Name"]);
    let label = format!("{name} {}% on {}", text(&detail["TaxPercent"]), money(&detail["NetAmountTaxable"]));
    [label, money(&line["Amount"])]
}

async fn pdf(State(shared): State<Shared>, Path((realm, id)): Path<(String, String)>) -> Response {
    let sheet = {
        let state = shared.state();
        let company = state.companies.get(&realm);
        company.and_then(|company| {
            Some(sales::pdf::Sheet::new(company, Entity::Invoice, &company.get(Entity::Invoice, &id)?))
        })
    };
    match sheet.map(|sheet| sheet.draw()) {
        Some(Ok(bytes)) => ([(header::CONTENT_TYPE, "application/pdf")], bytes).into_response(),
        Some(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn apps(State(shared): State<Shared>, Path(realm): Path<String>) -> Response {
    let state = shared.state();
    match state.companies.get(&realm) {
        Some(company) => {
            render_page(&AppsPage { head: Head::new(company), connected: state.grants.is_connected(&realm) })
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Ends the app's access on QuickBooks' side, as the company's owner does.
async fn disconnect(State(shared): State<Shared>, Path(realm): Path<String>) -> Redirect {
    shared.state_mut().grants.disconnect(&realm);
    Redirect::to(&format!("/app/{realm}/apps"))
}
