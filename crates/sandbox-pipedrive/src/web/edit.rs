//! Changes on the page: fields in place, stages, products, notes, activities, files, new records.

use super::{
    fields,
    frame::{message, run_as_user},
};
use crate::{
    action_error::ActionError, actions, api::v1, company::Company, records::Resource, shared::Shared, writer::Writer,
};
use axum::{
    Form, Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use axum_extra::extract::CookieJar;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/create/{word}", post(create))
        .route("/edit/{word}/{id}/fields/{code}", post(change_field))
        .route("/edit/{word}/{id}/delete", post(delete))
        .route("/edit/{word}/{id}/notes", post(add_note))
        .route("/edit/{word}/{id}/activities", post(add_activity))
        .route("/edit/{word}/{id}/files", post(add_file))
        .route("/edit/deal/{id}/state", post(change_state))
        .route("/edit/deal/{id}/products", post(add_product))
        .route("/edit/deal/{id}/products/{part}", post(change_product))
        .route("/edit/deal/{id}/products/{part}/remove", post(remove_product))
        .route("/edit/activity/{id}/done", post(mark_done))
}

type FormPairs = Form<Vec<(String, String)>>;

fn form_value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(field, _)| field == name).map(|(_, value)| value.trim()).unwrap_or_default()
}

/// Returns a path of these pages unchanged, and the list of deals for any other address.
pub(super) fn local_path(back: &str) -> &str {
    if back.starts_with('/') && !back.starts_with("//") && !back.starts_with("/\\") { back } else { "/deals" }
}

fn editable_kind(word: &str) -> Option<Resource> {
    [Resource::Deal, Resource::Person, Resource::Organization, Resource::Activity]
        .into_iter()
        .find(|resource| resource.word() == word)
}

/// Runs `work` as the signed-in user. Redirects to `back`, or answers with the reason of the refusal.
fn run_and_redirect(
    shared: &Shared,
    jar: &CookieJar,
    back: &str,
    work: impl FnOnce(&mut Company, &Writer) -> Result<(), ActionError>,
) -> Response {
    let mut error = None;
    let answer = run_as_user(shared, jar, |company, writer| {
        error = work(company, writer).err();
        Redirect::to(local_path(back)).into_response()
    });
    match error {
        None => answer,
        Some(ActionError::Invalid(text)) => message(shared, jar, StatusCode::UNPROCESSABLE_ENTITY, |_| text),
        Some(ActionError::Forbidden(text)) => message(shared, jar, StatusCode::FORBIDDEN, |_| text),
        Some(ActionError::NotFound(_)) => {
            message(shared, jar, StatusCode::NOT_FOUND, |words| words.not_found.to_owned())
        }
    }
}

fn not_found() -> ActionError {
    ActionError::NotFound(String::new())
}

async fn change_field(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id, code)): Path<(String, i64, String)>,
    Form(form): FormPairs,
) -> Response {
    run_and_redirect(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = editable_kind(&word).ok_or_else(not_found)?;
        let body = fields::form_to_body(company, resource, &code, &form);
        actions::change(company, resource, id, &body, writer).map(|_| ())
    })
}

/// Changes the stage or the status of a deal.
async fn change_state(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(id): Path<i64>,
    Form(form): FormPairs,
) -> Response {
    let mut body = json!({});
    if let Ok(stage) = form_value(&form, "stage_id").parse::<i64>() {
        body["stage_id"] = json!(stage);
    }
    if !form_value(&form, "status").is_empty() {
        body["status"] = json!(form_value(&form, "status"));
    }
    let back = format!("/deal/{id}");
    let back = if form_value(&form, "back").is_empty() { back.as_str() } else { form_value(&form, "back") };
    run_and_redirect(&shared, &jar, back, |company, writer| {
        actions::change(company, Resource::Deal, id, &body, writer).map(|_| ())
    })
}

async fn delete(State(shared): State<Shared>, jar: CookieJar, Path((word, id)): Path<(String, i64)>) -> Response {
    let back = match word.as_str() {
        "person" => "/persons",
        "organization" => "/organizations",
        _ => "/deals",
    };
    run_and_redirect(&shared, &jar, back, |company, writer| {
        actions::remove(company, editable_kind(&word).ok_or_else(not_found)?, id, writer)
    })
}

/// Returns the id of the record with a name, and creates the record if it does not exist.
fn find_or_create(
    company: &mut Company,
    resource: Resource,
    name: &str,
    writer: &Writer,
) -> Result<Option<i64>, ActionError> {
    if name.is_empty() {
        return Ok(None);
    }
    let existing = company.records.all(resource).find(|(_, row)| row["name"] == json!(name)).map(|(id, _)| id);
    match existing {
        Some(id) => Ok(Some(id)),
        None => Ok(actions::create(company, resource, &json!({ "name": name }), writer)?["id"].as_i64()),
    }
}

/// Creates a deal, person, organization or activity. Answers with its page, or with its id for a script.
async fn create(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(word): Path<String>,
    headers: HeaderMap,
    Form(form): FormPairs,
) -> Response {
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let mut created = None;
    let answer = run_and_redirect(&shared, &jar, "/deals", |company, writer| {
        let resource = editable_kind(&word).ok_or_else(not_found)?;
        let mut body = json!({});
        for member in ["title", "name", "subject", "type", "due_date", "due_time", "duration", "note"] {
            if !form_value(&form, member).is_empty() {
                body[member] = json!(form_value(&form, member));
            }
        }
        for (member, kind) in [("deal_id", Resource::Deal), ("org_id", Resource::Organization)] {
            if let Ok(id) = form_value(&form, member).parse::<i64>() {
                actions::find_visible(company, &writer.user, kind, id)?;
                body[member] = json!(id);
            }
        }
        for (name, kind) in [("organization", Resource::Organization), ("person", Resource::Person)] {
            if let Some(id) = find_or_create(company, kind, form_value(&form, name), writer)? {
                body[kind.member()] = json!(id);
            }
        }
        created = actions::create(company, resource, &body, writer)?["id"].as_i64();
        Ok(())
    });
    match created {
        Some(id) if wants_json => Json(json!({ "id": id })).into_response(),
        Some(id) if word != "activity" => Redirect::to(&format!("/{word}/{id}")).into_response(),
        _ => answer,
    }
}

/// Changes a product of a deal that the user may edit.
fn change_products(
    shared: &Shared,
    jar: &CookieJar,
    deal: i64,
    work: impl FnOnce(&mut Company, &Writer) -> Result<(), ActionError>,
) -> Response {
    run_and_redirect(shared, jar, &format!("/deal/{deal}"), |company, writer| {
        actions::change_parts(company, Resource::DealProduct, deal, writer, work)
    })
}

/// Builds the members of a deal's product from a form.
fn product_body(form: &[(String, String)]) -> Value {
    let mut body = json!({});
    for member in ["product_id", "item_price", "quantity", "discount", "tax"] {
        let text = form_value(form, member).replace(',', ".");
        if !text.is_empty() {
            body[member] = serde_json::from_str::<serde_json::Number>(&text).map_or(json!(text), Value::Number);
        }
    }
    if !form_value(form, "discount_type").is_empty() {
        body["discount_type"] = json!(form_value(form, "discount_type"));
    }
    body
}

async fn add_product(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(deal): Path<i64>,
    Form(form): FormPairs,
) -> Response {
    change_products(&shared, &jar, deal, |company, writer| {
        actions::create_part(company, Resource::DealProduct, &product_body(&form), &json!({ "deal_id": deal }), writer)
            .map(|_| ())
    })
}

fn check_product_of_deal(company: &Company, deal: i64, part: i64) -> Result<(), ActionError> {
    company
        .records
        .get(Resource::DealProduct, part)
        .filter(|row| row["deal_id"] == json!(deal))
        .map(|_| ())
        .ok_or_else(not_found)
}

async fn change_product(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((deal, part)): Path<(i64, i64)>,
    Form(form): FormPairs,
) -> Response {
    change_products(&shared, &jar, deal, |company, writer| {
        check_product_of_deal(company, deal, part)?;
        actions::change(company, Resource::DealProduct, part, &product_body(&form), writer).map(|_| ())
    })
}

async fn remove_product(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((deal, part)): Path<(i64, i64)>,
) -> Response {
    change_products(&shared, &jar, deal, |company, _| {
        check_product_of_deal(company, deal, part)?;
        company.records.remove(Resource::DealProduct, part);
        Ok(())
    })
}

/// Converts a text to HTML, for notes and activities.
fn text_to_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace("\r\n", "<br>").replace('\n', "<br>")
}

async fn add_note(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id)): Path<(String, i64)>,
    Form(form): FormPairs,
) -> Response {
    run_and_redirect(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = editable_kind(&word).ok_or_else(not_found)?;
        v1::notes::create(
            company,
            &json!({ "content": text_to_html(form_value(&form, "content")), resource.member(): id }),
            writer,
        )
        .map(|_| ())
    })
}

async fn add_activity(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id)): Path<(String, i64)>,
    Form(form): FormPairs,
) -> Response {
    run_and_redirect(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = editable_kind(&word).ok_or_else(not_found)?;
        let record = actions::find_visible(company, &writer.user, resource, id)?;
        let mut body = json!({ "subject": form_value(&form, "subject"), "type": form_value(&form, "type"), resource.member(): id });
        if resource == Resource::Deal {
            body["org_id"] = record["org_id"].clone();
        }
        if !form_value(&form, "due_date").is_empty() {
            body["due_date"] = json!(form_value(&form, "due_date"));
        }
        actions::create(company, Resource::Activity, &body, writer).map(|_| ())
    })
}

async fn mark_done(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(id): Path<i64>,
    Form(form): FormPairs,
) -> Response {
    run_and_redirect(&shared, &jar, form_value(&form, "back"), |company, writer| {
        actions::change(company, Resource::Activity, id, &json!({ "done": true }), writer).map(|_| ())
    })
}

async fn add_file(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id)): Path<(String, i64)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let address = shared.origins.api.clone();
    run_and_redirect(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = editable_kind(&word).ok_or_else(not_found)?;
        let parts = sandbox_core::multipart::parse_parts(&headers, &body).unwrap_or_default();
        let file = parts.iter().find(|part| part.name == "file" && !part.file_name.is_empty());
        let file = file.ok_or_else(|| ActionError::Invalid("file is required".into()))?;
        v1::files::store_file(company, &address, file, &[(resource, id)], writer).map(|_| ())
    })
}
