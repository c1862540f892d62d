//! Shells of the embedded pages: static HTML without data, whose script then loads the content with a bearer.
//!
//! Pipedrive opens a page with a signed token in the URL. The entry routes redirect to a URL without it, which keeps the token out of
//! history, logs and `Referer`. The shell gets a new token from the SDK.

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

/// The query parameters of Pipedrive that Fatura uses. Only the signed token identifies the user.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EntryQuery {
    id: String,
    #[serde(rename = "selectedIds")]
    selected_ids: String,
    resource: String,
    /// Data from the page that opened the modal, as JSON.
    data: String,
    theme: String,
}

/// Data that the panel passes to the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PanelData {
    deal: String,
}

fn redirect_to_shell(surface: &str, entry: &EntryQuery) -> Redirect {
    let first = entry.selected_ids.split(',').next().unwrap_or_default();
    let panel_data: PanelData = serde_json::from_str(&entry.data).unwrap_or_default();
    let (entity, id) = if panel_data.deal.is_empty() {
        (Entity::from_name(&entry.resource).unwrap_or(Entity::Deal), first)
    } else {
        (Entity::Deal, panel_data.deal.as_str())
    };
    let id = id.parse::<i64>().map(|id| id.to_string()).unwrap_or_default();
    let query = Serializer::new(String::new())
        .append_pair("id", &entry.id)
        .append_pair("resource", entity.name())
        .append_pair("record", &id)
        .append_pair("theme", parse_theme(&entry.theme))
        .finish();
    Redirect::to(&format!("/app/{surface}?{query}"))
}

fn parse_theme(text: &str) -> &'static str {
    if text == "dark" { "dark" } else { "light" }
}

pub(crate) async fn enter_panel(Query(entry): Query<EntryQuery>) -> Redirect {
    redirect_to_shell("panel", &entry)
}

pub(crate) async fn enter_form(Query(entry): Query<EntryQuery>) -> Redirect {
    redirect_to_shell("form", &entry)
}

pub(crate) async fn enter_settings(Query(entry): Query<EntryQuery>) -> Redirect {
    redirect_to_shell("settings", &entry)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ShellQuery {
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

fn render_shell(surface: Surface, query: &ShellQuery, headers: &HeaderMap) -> Result<Response, Error> {
    let record: i64 = query.record.parse().unwrap_or_default();
    let entity = Entity::from_name(&query.resource).unwrap_or(Entity::Deal);
    let (name, content) = match surface {
        Surface::Panel => ("panel", format!("/panel/{}/{record}", entity.name())),
        Surface::Form => ("form", format!("/deals/{record}/form")),
        Surface::Settings | Surface::Posted => ("settings", "/settings/page".to_owned()),
    };
    let w = Writer::new(super::pages::read_browser_locale(headers));
    html(&Shell { w, surface: name, theme: parse_theme(&query.theme), content })
}

pub(crate) async fn render_panel(Query(query): Query<ShellQuery>, headers: HeaderMap) -> Result<Response, Error> {
    render_shell(Surface::Panel, &query, &headers)
}

pub(crate) async fn render_form(Query(query): Query<ShellQuery>, headers: HeaderMap) -> Result<Response, Error> {
    render_shell(Surface::Form, &query, &headers)
}

pub(crate) async fn render_settings(Query(query): Query<ShellQuery>, headers: HeaderMap) -> Result<Response, Error> {
    render_shell(Surface::Settings, &query, &headers)
}
