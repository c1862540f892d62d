//! Changes on the page: fields in place, stages, products, notes, activities, files, new records.

use super::{
    fields,
    frame::{act, message},
};
use crate::{act_error::ActError, acts, api::v1, company::Company, records::Resource, shared::Shared, writer::Writer};
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
        .route("/edit/{word}/{id}/fields/{code}", post(field))
        .route("/edit/{word}/{id}/delete", post(delete))
        .route("/edit/{word}/{id}/notes", post(add_note))
        .route("/edit/{word}/{id}/activities", post(add_activity))
        .route("/edit/{word}/{id}/files", post(add_file))
        .route("/edit/deal/{id}/state", post(state))
        .route("/edit/deal/{id}/products", post(add_product))
        .route("/edit/deal/{id}/products/{part}", post(change_product))
        .route("/edit/deal/{id}/products/{part}/remove", post(remove_product))
        .route("/edit/activity/{id}/done", post(done))
}

type Given = Form<Vec<(String, String)>>;

fn given<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(given, _)| given == name).map(|(_, value)| value.trim()).unwrap_or_default()
}

/// Returns an address of this page, or the list of deals for any other address.
pub(super) fn within(back: &str) -> &str {
    if back.starts_with('/') && !back.starts_with("//") && !back.starts_with("/\\") { back } else { "/deals" }
}

fn resource(word: &str) -> Option<Resource> {
    [Resource::Deal, Resource::Person, Resource::Organization, Resource::Activity]
        .into_iter()
        .find(|resource| resource.word() == word)
}

/// Runs an act, and answers with the page of the record or with the reason of the refusal.
fn then(
    shared: &Shared,
    jar: &CookieJar,
    back: &str,
    work: impl FnOnce(&mut Company, &Writer) -> Result<(), ActError>,
) -> Response {
    let mut wrong = None;
    let done = act(shared, jar, |company, writer| {
        wrong = work(company, writer).err();
        Redirect::to(within(back)).into_response()
    });
    match wrong {
        None => done,
        Some(ActError::Invalid(text)) => message(shared, jar, StatusCode::UNPROCESSABLE_ENTITY, |_| text),
        Some(ActError::Forbidden(text)) => message(shared, jar, StatusCode::FORBIDDEN, |_| text),
        Some(ActError::NotFound(_)) => message(shared, jar, StatusCode::NOT_FOUND, |words| words.not_found.to_owned()),
    }
}

fn gone() -> ActError {
    ActError::NotFound(String::new())
}

async fn field(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id, code)): Path<(String, i64, String)>,
    Form(form): Given,
) -> Response {
    then(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = resource(&word).ok_or_else(gone)?;
        let body = fields::body(company, resource, &code, &form);
        acts::change(company, resource, id, &body, writer).map(|_| ())
    })
}

/// Changes the stage or the status of a deal.
async fn state(State(shared): State<Shared>, jar: CookieJar, Path(id): Path<i64>, Form(form): Given) -> Response {
    let mut body = json!({});
    if let Ok(stage) = given(&form, "stage_id").parse::<i64>() {
        body["stage_id"] = json!(stage);
    }
    if !given(&form, "status").is_empty() {
        body["status"] = json!(given(&form, "status"));
    }
    let back = format!("/deal/{id}");
    let back = if given(&form, "back").is_empty() { back.as_str() } else { given(&form, "back") };
    then(&shared, &jar, back, |company, writer| acts::change(company, Resource::Deal, id, &body, writer).map(|_| ()))
}

async fn delete(State(shared): State<Shared>, jar: CookieJar, Path((word, id)): Path<(String, i64)>) -> Response {
    let back = match word.as_str() {
        "person" => "/persons",
        "organization" => "/organizations",
        _ => "/deals",
    };
    then(&shared, &jar, back, |company, writer| acts::remove(company, resource(&word).ok_or_else(gone)?, id, writer))
}

/// Finds the record with a name, or creates it.
fn named(company: &mut Company, resource: Resource, name: &str, writer: &Writer) -> Result<Option<i64>, ActError> {
    if name.is_empty() {
        return Ok(None);
    }
    let there = company.records.all(resource).find(|(_, row)| row["name"] == json!(name)).map(|(id, _)| id);
    match there {
        Some(id) => Ok(Some(id)),
        None => Ok(acts::create(company, resource, &json!({ "name": name }), writer)?["id"].as_i64()),
    }
}

/// Creates a deal, person, organization or activity. Answers with its page, or with its id for a script.
async fn create(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(word): Path<String>,
    headers: HeaderMap,
    Form(form): Given,
) -> Response {
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("application/json"));
    let mut made = None;
    let answer = then(&shared, &jar, "/deals", |company, writer| {
        let resource = resource(&word).ok_or_else(gone)?;
        let mut body = json!({});
        for member in ["title", "name", "subject", "type", "due_date", "due_time", "duration", "note"] {
            if !given(&form, member).is_empty() {
                body[member] = json!(given(&form, member));
            }
        }
        for (member, of) in [("deal_id", Resource::Deal), ("org_id", Resource::Organization)] {
            if let Ok(id) = given(&form, member).parse::<i64>() {
                acts::find_visible(company, &writer.user, of, id)?;
                body[member] = json!(id);
            }
        }
        for (name, of) in [("organization", Resource::Organization), ("person", Resource::Person)] {
            if let Some(id) = named(company, of, given(&form, name), writer)? {
                body[of.member()] = json!(id);
            }
        }
        made = acts::create(company, resource, &body, writer)?["id"].as_i64();
        Ok(())
    });
    match made {
        Some(id) if wants_json => Json(json!({ "id": id })).into_response(),
        Some(id) if word != "activity" => Redirect::to(&format!("/{word}/{id}")).into_response(),
        _ => answer,
    }
}

/// Changes a product of a deal that the user may edit.
fn on_parts(
    shared: &Shared,
    jar: &CookieJar,
    deal: i64,
    work: impl FnOnce(&mut Company, &Writer) -> Result<(), ActError>,
) -> Response {
    then(shared, jar, &format!("/deal/{deal}"), |company, writer| {
        acts::change_parts(company, Resource::DealProduct, deal, writer, work)
    })
}

/// Builds the members of a deal's product from a form.
fn part_body(form: &[(String, String)]) -> Value {
    let mut body = json!({});
    for member in ["product_id", "item_price", "quantity", "discount", "tax"] {
        let text = given(form, member).replace(',', ".");
        if !text.is_empty() {
            body[member] = serde_json::from_str::<serde_json::Number>(&text).map_or(json!(text), Value::Number);
        }
    }
    if !given(form, "discount_type").is_empty() {
        body["discount_type"] = json!(given(form, "discount_type"));
    }
    body
}

async fn add_product(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(deal): Path<i64>,
    Form(form): Given,
) -> Response {
    on_parts(&shared, &jar, deal, |company, writer| {
        acts::create_part(company, Resource::DealProduct, &part_body(&form), &json!({ "deal_id": deal }), writer)
            .map(|_| ())
    })
}

fn own_part(company: &Company, deal: i64, part: i64) -> Result<(), ActError> {
    company
        .records
        .get(Resource::DealProduct, part)
        .filter(|row| row["deal_id"] == json!(deal))
        .map(|_| ())
        .ok_or_else(gone)
}

async fn change_product(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((deal, part)): Path<(i64, i64)>,
    Form(form): Given,
) -> Response {
    on_parts(&shared, &jar, deal, |company, writer| {
        own_part(company, deal, part)?;
        acts::change(company, Resource::DealProduct, part, &part_body(&form), writer).map(|_| ())
    })
}

async fn remove_product(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((deal, part)): Path<(i64, i64)>,
) -> Response {
    on_parts(&shared, &jar, deal, |company, _| {
        own_part(company, deal, part)?;
        company.records.remove(Resource::DealProduct, part);
        Ok(())
    })
}

/// Converts a text to HTML, for notes and activities.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace("\r\n", "<br>").replace('\n', "<br>")
}

async fn add_note(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id)): Path<(String, i64)>,
    Form(form): Given,
) -> Response {
    then(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = resource(&word).ok_or_else(gone)?;
        v1::notes::create(company, &json!({ "content": html(given(&form, "content")), resource.member(): id }), writer)
            .map(|_| ())
    })
}

async fn add_activity(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path((word, id)): Path<(String, i64)>,
    Form(form): Given,
) -> Response {
    then(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = resource(&word).ok_or_else(gone)?;
        let of = acts::find_visible(company, &writer.user, resource, id)?;
        let mut body =
            json!({ "subject": given(&form, "subject"), "type": given(&form, "type"), resource.member(): id });
        if resource == Resource::Deal {
            body["org_id"] = of["org_id"].clone();
        }
        if !given(&form, "due_date").is_empty() {
            body["due_date"] = json!(given(&form, "due_date"));
        }
        acts::create(company, Resource::Activity, &body, writer).map(|_| ())
    })
}

async fn done(State(shared): State<Shared>, jar: CookieJar, Path(id): Path<i64>, Form(form): Given) -> Response {
    then(&shared, &jar, given(&form, "back"), |company, writer| {
        acts::change(company, Resource::Activity, id, &json!({ "done": true }), writer).map(|_| ())
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
    then(&shared, &jar, &format!("/{word}/{id}"), |company, writer| {
        let resource = resource(&word).ok_or_else(gone)?;
        let parts = sandbox_core::multipart::parts(&headers, &body).unwrap_or_default();
        let file = parts.iter().find(|part| part.name == "file" && !part.file_name.is_empty());
        let file = file.ok_or_else(|| ActError::Invalid("file is required".into()))?;
        v1::files::keep(company, &address, file, &[(resource, id)], writer).map(|_| ())
    })
}
