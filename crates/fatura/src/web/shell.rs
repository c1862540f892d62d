//! The embedded pages' shells: fixed HTML without any data, which then asks for its content with a bearer.
//!
//! Pipedrive opens a page with a signed token in its address. The entry drops it and redirects, so that it gets
//! into no history, no log and no `Referer`; the shell asks the SDK for a fresh one.

use super::{error::Error, page::html, session::Surface};
use crate::format::Writer;
use askama::Template;
use axum::{
    http::HeaderMap,
    response::{Redirect, Response},
};
use axum_extra::extract::Query;
use domain::mapping::Entity;
use i18n_embed_fl::fl;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

/// The parameters of Pipedrive that Fatura uses. The token alone says who asks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    id: String,
    #[serde(rename = "selectedIds")]
    selected_ids: String,
    resource: String,
    /// Data from the page that opened the modal, as JSON.
    data: String,
    theme: String,
}

/// Data from the panel to the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Handed {
    deal: String,
}

fn enter(surface: &str, entry: &Entry) -> Redirect {
    let first = entry.selected_ids.split(',').next().unwrap_or_default();
    let handed: Handed = serde_json::from_str(&entry.data).unwrap_or_default();
    let (entity, id) = if handed.deal.is_empty() {
        (Entity::from_name(&entry.resource).unwrap_or(Entity::Deal), first)
    } else {
        (Entity::Deal, handed.deal.as_str())
    };
    let id = id.parse::<i64>().map(|id| id.to_string()).unwrap_or_default();
    let query = Serializer::new(String::new())
        .append_pair("id", &entry.id)
        .append_pair("resource", entity.name())
        .append_pair("record", &id)
        .append_pair("theme", theme(&entry.theme))
        .finish();
    Redirect::to(&format!("/app/{surface}?{query}"))
}

fn theme(asked: &str) -> &'static str {
    if asked == "dark" { "dark" } else { "light" }
}

pub(crate) async fn enter_panel(Query(entry): Query<Entry>) -> Redirect {
    enter("panel", &entry)
}

pub(crate) async fn enter_form(Query(entry): Query<Entry>) -> Redirect {
    enter("form", &entry)
}

pub(crate) async fn enter_settings(Query(entry): Query<Entry>) -> Redirect {
    enter("settings", &entry)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Shown {
    resource: String,
    record: String,
    theme: String,
}

#[derive(Template)]
#[template(path = "shell.html")]
struct Shell {
    w: Writer,
    surface: &'static str,
    theme: &'static str,
    content: String,
}

fn shell(surface: Surface, shown: &Shown, headers: &HeaderMap) -> Result<Response, Error> {
    let record: i64 = shown.record.parse().unwrap_or_default();
    let entity = Entity::from_name(&shown.resource).unwrap_or(Entity::Deal);
    let (name, content) = match surface {
        Surface::Panel => ("panel", format!("/panel/{}/{record}", entity.name())),
        Surface::Form => ("form", format!("/deals/{record}/form")),
        Surface::Settings | Surface::Posted => ("settings", "/settings/page".to_owned()),
    };
    let w = Writer::new(super::pages::asked(headers));
    html(&Shell { w, surface: name, theme: theme(&shown.theme), content })
}

pub(crate) async fn panel(Query(shown): Query<Shown>, headers: HeaderMap) -> Result<Response, Error> {
    shell(Surface::Panel, &shown, &headers)
}

pub(crate) async fn form(Query(shown): Query<Shown>, headers: HeaderMap) -> Result<Response, Error> {
    shell(Surface::Form, &shown, &headers)
}

pub(crate) async fn settings(Query(shown): Query<Shown>, headers: HeaderMap) -> Result<Response, Error> {
    shell(Surface::Settings, &shown, &headers)
}
