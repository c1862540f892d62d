//! Participants of a deal, besides its contact.

use super::shapes::{self, References, person_object};
use crate::{
    actions,
    api::{
        answer::{Body, Page, Refusal, V1Page, data_response},
        caller::Caller,
    },
    company::Company,
    records::Resource,
    shared::Shared,
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::{delete, get},
};
use axum_extra::extract::Query;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/deals/{id}/participants", get(list).post(add))
        .route("/deals/{id}/participants/{part}", delete(remove))
        .route("/deals/{id}/participantsChangelog", get(changelog))
}

fn to_v1(company: &Company, row: &Value) -> Value {
    let person = company.records.linked(Resource::Person, &row["person_id"]);
    let deal = company.records.linked(Resource::Deal, &row["deal_id"]);
    json!({
        "id": row["id"], "person_id": person_object(company, &row["person_id"]), "add_time": row["add_time"], "active_flag": true,
        "related_item_data": { "deal_id": row["deal_id"], "title": deal["title"] }, "person": shapes::to_v1(company, Resource::Person, person, References::Objects),
        "added_by_user_id": { "id": row["added_by"], "value": row["added_by"] }, "related_item_type": "deal", "related_item_id": row["deal_id"],
    })
}

async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Query(page): Query<V1Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        page.answer(
            company
                .records
                .find_by(Resource::Participant, "deal_id", deal)
                .map(|(_, row)| to_v1(company, row))
                .collect(),
        )
    })
}

async fn add(State(shared): State<Shared>, caller: Caller, Path(deal): Path<i64>, Body(body): Body) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        actions::may_edit(&writer.user, Resource::Deal, row)?;
        let person = body["person_id"].as_i64().or_else(|| body["person_id"].as_str()?.parse().ok());
        let person = person.ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "person_id is required"))?;
        actions::find_visible(company, &writer.user, Resource::Person, person)?;
        if company.records.find_by(Resource::Participant, "deal_id", deal).any(|(_, row)| row["person_id"] == json!(person)) {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "The person is a participant already"));
        }
        let id = company.records.next_id(Resource::Participant);
        let row = json!({ "id": id, "deal_id": deal, "person_id": person, "add_time": writer.v1_now(), "added_by": writer.user.id });
        company.records.put(Resource::Participant, id, row.clone());
        company.version += 1;
        Ok(data_response(StatusCode::OK, &to_v1(company, &row)))
    })
}

async fn remove(State(shared): State<Shared>, caller: Caller, Path((deal, part)): Path<(i64, i64)>) -> Response {
    caller.with_company(&shared, |company, writer| {
        let row = actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        actions::may_edit(&writer.user, Resource::Deal, row)?;
        company
            .records
            .get(Resource::Participant, part)
            .filter(|row| row["deal_id"] == json!(deal))
            .ok_or_else(|| Refusal::not_found("Participant"))?;
        company.records.remove(Resource::Participant, part);
        company.version += 1;
        Ok(data_response(StatusCode::OK, &json!({ "id": part })))
    })
}

/// Lists when the current participants were added.
async fn changelog(
    State(shared): State<Shared>,
    caller: Caller,
    Path(deal): Path<i64>,
    Query(page): Query<Page>,
) -> Response {
    caller.with_company(&shared, |company, writer| {
        actions::find_visible(company, &writer.user, Resource::Deal, deal)?;
        let entry = |row: &Value| json!({ "actor_user_id": row["added_by"], "person_id": row["person_id"], "action": "added", "time": row["add_time"] });
        page.answer(company.records.find_by(Resource::Participant, "deal_id", deal).map(|(_, row)| entry(row)).collect())
    })
}
