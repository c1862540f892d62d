//! Lists of records: deals as a pipeline or a list, people, organizations.

use super::{
    format::{money, text},
    frame::{Frame, render_page, with_user},
    history::status,
    words::Words,
};
use crate::{
    app::{Extension, Kind},
    company::Company,
    records::Resource,
    shared::Shared,
    users::User,
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{MethodRouter, get},
};
use axum_extra::extract::CookieJar;
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number};
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deals", get(deals))
        .route("/pipeline", get(pipeline))
        .route("/persons", contacts(Resource::Person, "/persons"))
        .route("/organizations", contacts(Resource::Organization, "/organizations"))
}

/// A deal in a list.
pub(super) struct DealRow {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) value: String,
    pub(super) organization: String,
    pub(super) person: String,
    pub(super) stage: String,
    pub(super) status: &'static str,
    pub(super) won: bool,
    pub(super) lost: bool,
}

pub(super) fn deal_row(company: &Company, deal: &Value, words: &Words) -> DealRow {
    let name_of = |resource, member: &str| text(&company.records.linked(resource, &deal[member])["name"]);
    DealRow {
        id: deal["id"].as_i64().unwrap_or_default(),
        title: text(&deal["title"]),
        value: money(&deal["value"], deal["currency"].as_str().unwrap_or_default(), words),
        organization: name_of(Resource::Organization, "org_id"),
        person: name_of(Resource::Person, "person_id"),
        stage: name_of(Resource::Stage, "stage_id"),
        status: status(&deal["status"], words),
        won: deal["status"] == json!("won"),
        lost: deal["status"] == json!("lost"),
    }
}

fn visible_records<'a>(company: &'a Company, user: &'a User, resource: Resource) -> impl Iterator<Item = &'a Value> {
    company
        .records
        .all(resource)
        .map(|(_, row)| row)
        .filter(move |row| row["is_archived"] != json!(true) && company.user_may_see(user, resource, row))
}

#[derive(Template)]
#[template(path = "pipedrive_deals.html")]
struct DealsPage<'a> {
    frame: Frame<'a>,
    rows: Vec<DealRow>,
}

async fn deals(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        let frame = Frame::new(&shared, company, user, installed, "/deals");
        let rows =
            visible_records(company, user, Resource::Deal).map(|deal| deal_row(company, deal, frame.words)).collect();
        render_page(&DealsPage { frame, rows })
    })
}

/// A stage with its open deals and their sum.
struct Column {
    name: String,
    sum: String,
    deals: Vec<DealRow>,
}

#[derive(Template)]
#[template(path = "pipedrive_pipeline.html")]
struct PipelinePage<'a> {
    frame: Frame<'a>,
    columns: Vec<Column>,
}

async fn pipeline(State(shared): State<Shared>, jar: CookieJar) -> Response {
    with_user(&shared, &jar, |company, user, installed| {
        let frame = Frame::new(&shared, company, user, installed, "/deals");
        let columns = company.records.all(Resource::Stage).map(|(id, stage)| {
            let deals: Vec<&Value> = visible_records(company, user, Resource::Deal)
                .filter(|deal| deal["status"] == json!("open") && deal["stage_id"] == json!(id))
                .collect();
            // The sum covers only deals in the company's currency, because no exchange rates are simulated.
            let in_company_currency = deals.iter().filter(|deal| deal["currency"] == json!(company.currency));
            let sum: Decimal = in_company_currency.filter_map(|deal| decimal(&deal["value"])).sum();
            Column {
                name: text(&stage["name"]),
                sum: money(&number(sum), &company.currency, frame.words),
                deals: deals.into_iter().map(|deal| deal_row(company, deal, frame.words)).collect(),
            }
        });
        let columns = columns.collect();
        render_page(&PipelinePage { frame, columns })
    })
}

/// A person or an organization in a list.
struct ContactRow {
    id: i64,
    name: String,
    /// The organization of a person, or the address of an organization.
    of: String,
    email: String,
    open_deals: usize,
}

#[derive(Template)]
#[template(path = "pipedrive_contacts.html")]
struct ContactsPage<'a> {
    frame: Frame<'a>,
    persons: bool,
    rows: Vec<ContactRow>,
}

fn contacts(resource: Resource, here: &'static str) -> MethodRouter<Shared> {
    get(async move |State(shared): State<Shared>, jar: CookieJar| -> Response {
        with_user(&shared, &jar, |company, user, installed| {
            let persons = resource == Resource::Person;
            let rows = visible_records(company, user, resource).map(|row| {
                let id = row["id"].as_i64().unwrap_or_default();
                ContactRow {
                    id,
                    name: text(&row["name"]),
                    of: if persons {
                        text(&company.records.linked(Resource::Organization, &row["org_id"])["name"])
                    } else {
                        text(&row["address"]["value"])
                    },
                    email: text(&row["emails"][0]["value"]),
                    open_deals: company
                        .records
                        .find_by(Resource::Deal, resource.member(), id)
                        .filter(|(_, deal)| deal["status"] == json!("open"))
                        .count(),
                }
            });
            let rows = rows.collect();
            render_page(&ContactsPage { frame: Frame::new(&shared, company, user, installed, here), persons, rows })
        })
    })
}

impl DealsPage<'_> {
    /// Returns the app's modals for each row.
    fn modals(&self) -> Vec<&Extension> {
        self.frame.app.extensions_on(Kind::Modal, Resource::Deal).filter(|_| self.frame.installed()).collect()
    }
}

impl ContactsPage<'_> {
    fn path(&self) -> &'static str {
        if self.persons { "person" } else { "organization" }
    }
}
