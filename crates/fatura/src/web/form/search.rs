//! Type-ahead for customers and items, and the matching of pasted lines to items.

use super::{
    super::{error::Error, page::html, session::Session},
    rights::require_likely_creator,
    view::{self, Choice, ItemChoice},
};
use crate::{
    flows::{self, companies},
    format::Writer,
};
use askama::Template;
use axum::{
    Json,
    extract::RawQuery,
    response::{IntoResponse, Response},
};
use domain::{customer::CustomerQuery, form::MAX_LINES};
use i18n_embed_fl::fl;
use serde::{Deserialize, Serialize};
use serde_qs::axum::QsForm;

#[derive(Template)]
#[template(path = "suggestions.html")]
struct Suggestions {
    w: Writer,
    typed: String,
    suggestions: Vec<Choice>,
    create: Option<String>,
}

/// The customer fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CustomerInput {
    customer_name: String,
    email: String,
    tax_id: String,
}

/// Renders the customers that match the input.
pub(crate) async fn search_customers(
    session: Session,
    QsForm(typed): QsForm<CustomerInput>,
) -> Result<Response, Error> {
    let localize = session.localize_error();
    require_likely_creator(&session).await?;
    let connection = companies::find_usable(&session).await.map_err(&localize)?;
    let query = CustomerQuery { name: &typed.customer_name, email: &typed.email, tax_id: &typed.tax_id, linked: None };
    let found = flows::customers::suggest_customers(&session, &connection, &query).await.map_err(&localize)?;
    let create = view::find_creatable_name(&typed.customer_name, &found);
    let suggestions = view::choices(session.writer(), &found);
    html(&Suggestions { w: session.writer(), typed: typed.customer_name, suggestions, create })
}

#[derive(Template)]
#[template(path = "items.html")]
struct Items {
    w: Writer,
    typed: String,
    items: Vec<ItemChoice>,
    create: Option<String>,
}

/// Returns the text of an item field, and whether the field belongs to a line. Lines have `lines[3][item_name]=…`, which browsers send
/// encoded. The settings have `item_name=…` or `deposit_item_name=…`.
fn find_typed_item(query: &str) -> (String, bool) {
    let is_line = |name: &str| name.starts_with("lines[") && name.ends_with("][item_name]");
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "item_name" || name == "deposit_item_name" || is_line(name))
        .map(|(name, typed)| (typed.into_owned(), is_line(&name)))
        .unwrap_or_default()
}

/// Renders the items that match the input. A line may also create an item; a setting may not.
pub(crate) async fn search_items(session: Session, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let (typed, is_line) = find_typed_item(query.as_deref().unwrap_or_default());
    let (catalogue, found) = flows::items::search(&session, &typed).await.map_err(session.localize_error())?;
    let name = domain::form::to_item_name(&typed);
    let is_taken = found.iter().any(|item| item.name.to_lowercase() == name.to_lowercase());
    let items = view::item_choices(&catalogue, found);
    let create = (is_line && !name.is_empty() && !is_taken).then_some(name);
    html(&Items { w: session.writer(), typed, items, create })
}

/// The item texts of pasted lines.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PastedItems {
    typed: Vec<String>,
}

/// An item whose exact name or SKU was pasted.
#[derive(Debug, Serialize)]
struct Match {
    typed: String,
    id: String,
    name: String,
    tax: String,
}

/// Finds the items whose exact name or SKU was pasted, for all pasted lines at once.
pub(crate) async fn match_items(
    session: Session,
    QsForm(PastedItems { mut typed }): QsForm<PastedItems>,
) -> Result<Response, Error> {
    require_likely_creator(&session).await?;
    typed.truncate(MAX_LINES);
    let (catalogue, matches) =
        flows::items::match_typed_items(&session, &typed).await.map_err(session.localize_error())?;
    let matches = matches.into_iter().map(|(typed, item)| Match {
        typed,
        tax: view::item_tax_code(&catalogue, &item),
        id: item.id,
        name: item.name,
    });
    Ok(Json(matches.collect::<Vec<_>>()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typed_item_is_found_in_any_line_and_in_the_settings() {
        for query in [
            "lines%5B0%5D%5Bitem_name%5D=Hou+rs",
            "lines%5B17%5D%5Bitem_name%5D=Hou%20rs",
            "lines[2][item_name]=Hou rs",
        ] {
            assert_eq!(find_typed_item(query), ("Hou rs".to_owned(), true), "{query}");
        }
        assert_eq!(find_typed_item("item_name=Serv%C3%A7"), ("Servç".to_owned(), false));
        assert_eq!(find_typed_item("deposit_item_name=Sinal"), ("Sinal".to_owned(), false));
        assert_eq!(find_typed_item("lines[0][quantity]=3"), (String::new(), false));
    }
}
