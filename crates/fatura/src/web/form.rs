//! The invoice form.

mod words;

use super::{
    Error, html,
    panel::quickbooks_link,
    session::{OfDeal, Session},
};
use crate::{
    flows::{
        self, catalogue, deal,
        issue::{self, Pressed},
    },
    format::Writer,
    state::App,
};
use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    catalogue::Catalogue,
    customer::{Reason, Suggestion, Wanted, display_name},
    draft::{Form, FormLine, preview as sums_of},
    ids::{DealId, InvoiceId},
    invoice::Snapshot,
    money::Money,
    tax::{NON_TAXABLE, TAXABLE, TaxModel},
    totals::Totals,
};
use i18n_embed_fl::fl;
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_qs::axum::QsForm;
use std::{sync::Arc, time::Duration};
use store::{invoices::Invoice, quickbooks};
use uuid::Uuid;

#[derive(Template)]
#[template(path = "form.html")]
struct Page<'a> {
    w: Writer,
    deal: i64,
    title: &'a str,
    deal_value: String,
    form: &'a Form,
    restored: Option<String>,
    earlier: Option<String>,
    company: &'a str,
    currencies: Vec<(String, String, bool)>,
    numbers_by_hand: bool,
    invoice_codes: Option<Vec<(String, String, bool)>>,
    lines: Vec<Line<'a>>,
    blank: Line<'a>,
    suggestions: Vec<Choice>,
    create: Option<String>,
    sums: Sums,
    long_due: String,
}

/// A line of the form with its choices.
struct Line<'a> {
    at: usize,
    line: &'a FormLine,
    items: Vec<(String, String, bool)>,
    /// The name under which an item would be created.
    new_item: String,
    tax_codes: Option<Vec<(String, String, bool)>>,
    amount: String,
}

/// A customer to pick.
struct Choice {
    id: String,
    name: String,
    detail: String,
    currency: String,
    reason: String,
}

/// The sums, written.
struct Sums {
    subtotal: String,
    discount: Option<String>,
    taxes: Vec<(String, String)>,
    total: String,
}

const UNKNOWN: &str = "–";

fn sums(w: Writer, totals: Option<&Totals>, form: &Form) -> Sums {
    let (Some(totals), Some(currency)) = (totals, Currency::from_code(&form.currency)) else {
        return Sums { subtotal: UNKNOWN.into(), discount: None, taxes: Vec::new(), total: UNKNOWN.into() };
    };
    let written = |amount: &Decimal| w.amount(amount, &currency);
    let taxes = totals
        .taxes
        .iter()
        .map(|tax| (format!("{} {} %", tax.rate.name, w.number(&tax.rate.percent)), written(&tax.amount)));
    Sums {
        subtotal: written(&totals.subtotal),
        discount: (!totals.discount.is_zero()).then(|| written(&-totals.discount)),
        taxes: taxes.collect(),
        total: written(&totals.total),
    }
}

fn amounts(w: Writer, amounts: &[Option<Decimal>], form: &Form) -> Vec<String> {
    let currency = Currency::from_code(&form.currency);
    let written = |amount: &Option<Decimal>| match (amount, &currency) {
        (Some(amount), Some(currency)) => w.amount(amount, currency),
        _ => UNKNOWN.to_owned(),
    };
    amounts.iter().map(written).collect()
}

fn long_due(w: Writer, form: &Form) -> String {
    form.due.parse::<Date>().map(|due| w.long_date(&due)).unwrap_or_default()
}

fn choices(w: Writer, suggestions: &[Suggestion]) -> Vec<Choice> {
    suggestions
        .iter()
        .map(|suggestion| {
            let customer = &suggestion.customer;
            let parts = [customer.email.clone().unwrap_or_default(), customer.address.city.clone()];
            Choice {
                id: customer.id.clone(),
                name: customer.display_name.clone(),
                detail: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "),
                currency: customer.currency.clone().unwrap_or_default(),
                reason: match suggestion.reason {
                    Reason::Linked => fl!(w.t, "reason-linked"),
                    Reason::SameTaxId => fl!(w.t, "reason-tax-id"),
                    Reason::SameName => fl!(w.t, "reason-name"),
                    Reason::SameEmail => fl!(w.t, "reason-email"),
                    Reason::NameContains => String::new(),
                },
            }
        })
        .collect()
}

fn line<'a>(w: Writer, at: usize, line: &'a FormLine, catalogue: &Catalogue, amount: String) -> Line<'a> {
    let items = catalogue.items.iter().map(|item| (item.id.clone(), item.name.clone(), item.id == line.item)).collect();
    let tax_codes = match &catalogue.tax {
        TaxModel::None => None,
        TaxModel::SalesTax { .. } => Some(vec![
            (TAXABLE.to_owned(), fl!(w.t, "form-taxable"), line.tax_code == TAXABLE),
            (NON_TAXABLE.to_owned(), fl!(w.t, "form-not-taxable"), line.tax_code == NON_TAXABLE),
        ]),
        TaxModel::PerLine { codes } => {
            Some(codes.iter().map(|code| (code.id.clone(), code.name.clone(), code.id == line.tax_code)).collect())
        }
    };
    let new_item = if line.name.is_empty() { line.description.clone() } else { line.name.clone() };
    Line { at, line, items, new_item, tax_codes, amount }
}

fn currencies(w: Writer, catalogue: &Catalogue, form: &Form) -> Vec<(String, String, bool)> {
    catalogue
        .currencies
        .iter()
        .map(|currency| (currency.code().to_owned(), w.currency(currency), currency.code() == form.currency))
        .collect()
}

pub(crate) async fn show(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
) -> Result<Response, Error> {
    let w = session.writer();
    let opened = deal::open(&app, session.tenant.id, session.user, DealId(id), w).await.map_err(session.told())?;
    let items = opened.catalogue.item_ids();
    let (lines, totals) = sums_of(&opened.form, &deal::rules(&opened.catalogue, &items, w));
    let shown = amounts(w, &lines, &opened.form);
    let blank = FormLine { quantity: "1".into(), ..FormLine::default() };
    let value = Currency::from_code(&opened.deal.currency).map(|currency| w.amount(&opened.deal.value, &currency));
    html(&Page {
        w,
        deal: id,
        title: &opened.deal.title,
        deal_value: value.unwrap_or_default(),
        form: &opened.form,
        restored: opened.restored.map(|at| w.time(&at, &session.profile.time_zone)),
        earlier: earlier(w, &opened.earlier),
        company: &opened.catalogue.company_name,
        currencies: currencies(w, &opened.catalogue, &opened.form),
        numbers_by_hand: opened.catalogue.numbers_by_hand,
        invoice_codes: match &opened.catalogue.tax {
            TaxModel::SalesTax { codes, .. } => {
                let named = codes.iter().map(|code| {
                    (
                        code.id.clone(),
                        format!("{} ({} %)", code.name, w.number(&code.percent())),
                        code.id == opened.form.invoice_code,
                    )
                });
                Some(named.collect())
            }
            _ => None,
        },
        lines: opened
            .form
            .lines
            .iter()
            .zip(shown)
            .enumerate()
            .map(|(at, (of, amount))| line(w, at, of, &opened.catalogue, amount))
            .collect(),
        blank: line(w, 0, &blank, &opened.catalogue, UNKNOWN.to_owned()),
        suggestions: choices(w, &opened.suggestions),
        create: creatable(&opened.form.to, &opened.suggestions),
        sums: sums(w, totals.as_ref(), &opened.form),
        long_due: long_due(w, &opened.form),
    })
}

/// The name under which a customer can be created: not one that QuickBooks has already.
fn creatable(name: &str, suggestions: &[Suggestion]) -> Option<String> {
    let name = display_name(name);
    let taken = suggestions.iter().any(|known| known.customer.display_name.to_lowercase() == name.to_lowercase());
    (!name.is_empty() && !taken).then_some(name)
}

/// What the deal was billed already, if anything.
fn earlier(w: Writer, invoices: &[Invoice]) -> Option<String> {
    let mut by_currency: Vec<Money> = Vec::new();
    let mut count = 0;
    for invoice in invoices {
        if let store::invoices::State::Issued(snapshot) = &invoice.state
            && !snapshot.deleted
            && !snapshot.voided
        {
            count += 1;
            match by_currency.iter_mut().find(|sum| sum.currency() == snapshot.total.currency()) {
                Some(sum) => *sum = Money::rounded(sum.amount() + snapshot.total.amount(), sum.currency()),
                None => by_currency.push(snapshot.total),
            }
        }
    }
    let amounts: Vec<String> = by_currency.iter().map(|sum| w.money(sum)).collect();
    (count > 0).then(|| fl!(w.t, "form-already-billed", count = count, amount = amounts.join(" + ")))
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    w: Writer,
    amounts: Vec<String>,
    sums: Sums,
    long_due: String,
}

/// Keeps what was typed and answers the sums. Runs shortly after each key.
pub(crate) async fn preview(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let told = session.told();
    let w = session.writer();
    let catalogue = lists(&app, &session).await?;
    deal::keep(&app, session.tenant.id, session.user, DealId(id), &form).await.map_err(&told)?;
    let items = catalogue.item_ids();
    let (lines, totals) = sums_of(&form, &deal::rules(&catalogue, &items, w));
    html(&Preview {
        w,
        amounts: amounts(w, &lines, &form),
        sums: sums(w, totals.as_ref(), &form),
        long_due: long_due(w, &form),
    })
}

async fn lists(app: &App, session: &Session) -> Result<Arc<Catalogue>, Error> {
    let told = session.told();
    let connection = catalogue::connection(app, session.tenant.id).await.map_err(&told)?;
    catalogue::catalogue(app, session.tenant.id, &connection).await.map_err(&told)
}

/// Starts over from the deal as it is now.
pub(crate) async fn discard(state: State<App>, OfDeal(session): OfDeal, path: Path<i64>) -> Result<Response, Error> {
    deal::discard(&state, session.tenant.id, session.user, DealId(path.0)).await.map_err(session.told())?;
    show(state, OfDeal(session), path).await
}

#[derive(Template)]
#[template(path = "suggestions.html")]
struct Suggestions {
    w: Writer,
    suggestions: Vec<Choice>,
    create: Option<String>,
}

/// What is typed into the customer field.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    customer_name: String,
    email: String,
    tax_id: String,
}

/// Customers for the type-ahead.
pub(crate) async fn search_customers(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    QsForm(typed): QsForm<Typed>,
) -> Result<Response, Error> {
    let told = session.told();
    let connection = catalogue::connection(&app, session.tenant.id).await.map_err(&told)?;
    let wanted = Wanted { name: &typed.customer_name, email: &typed.email, tax_id: &typed.tax_id, linked: None };
    let found = deal::suggest(&app, session.tenant.id, &connection, &wanted).await.map_err(&told)?;
    let create = creatable(&typed.customer_name, &found);
    html(&Suggestions { w: session.writer(), suggestions: choices(session.writer(), &found), create })
}

#[derive(Template)]
#[template(path = "mend.html")]
struct Mend {
    w: Writer,
    errors: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "issued.html")]
struct Issued {
    w: Writer,
    number: String,
    total: String,
    link: String,
    /// The same form made it earlier; what was typed since was not sent.
    earlier: bool,
}

#[derive(Template)]
#[template(path = "checking.html")]
struct Checking {
    w: Writer,
    invoice: Uuid,
}

/// *Create invoice* was pressed.
pub(crate) async fn create(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(id): Path<i64>,
    QsForm(form): QsForm<Form>,
) -> Result<Response, Error> {
    let pressed = issue::press(&app, session.tenant.id, session.user, DealId(id), form, session.writer())
        .await
        .map_err(session.told())?;
    answer(&app, &session, pressed).await
}

/// How an invoice that is being checked stands now.
pub(crate) async fn progress(
    State(app): State<App>,
    OfDeal(session): OfDeal,
    Path(invoice): Path<Uuid>,
) -> Result<Response, Error> {
    let outcome =
        issue::outcome(&app, session.tenant.id, InvoiceId(invoice), Duration::ZERO).await.map_err(session.told())?;
    answer(&app, &session, outcome).await
}

async fn answer(app: &App, session: &Session, pressed: Pressed) -> Result<Response, Error> {
    let w = session.writer();
    match pressed {
        Pressed::Mend(errors) => {
            let errors = errors.iter().map(|error| (words::field_id(error.field), words::message(w, error))).collect();
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&Mend { w, errors })?).into_response())
        }
        Pressed::Checking(invoice) => html(&Checking { w, invoice: invoice.0 }),
        Pressed::Issued(invoice, snapshot) => issued(app, session, &invoice, &snapshot, false).await,
        Pressed::Different(invoice) => match &invoice.state {
            store::invoices::State::Issued(snapshot) => {
                Ok((StatusCode::CONFLICT, issued(app, session, &invoice, snapshot, true).await?).into_response())
            }
            _ => html(&Checking { w, invoice: invoice.id.0 }),
        },
    }
}

async fn issued(
    app: &App,
    session: &Session,
    invoice: &Invoice,
    snapshot: &Snapshot,
    earlier: bool,
) -> Result<Response, Error> {
    let w = session.writer();
    let told = session.told();
    let mut tx = app.db.read().await.map_err(|error| told(flows::Error::Store(error)))?;
    let connection = quickbooks::find(&mut tx, &app.vault, session.tenant.id, invoice.connection)
        .await
        .map_err(|error| told(flows::Error::Store(error)))?;
    drop(tx);
    let link = connection.map(|connection| quickbooks_link(app, &connection.realm_id, snapshot)).unwrap_or_default();
    html(&Issued {
        w,
        number: snapshot.doc_number.clone().unwrap_or_default(),
        total: w.money(&snapshot.total),
        link,
        earlier,
    })
}
