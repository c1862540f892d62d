//! Addresses of the app's pages, and the tokens signed for them.

use super::frame::{Installed, with_user};
use crate::{oauth, shared::Shared};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use axum_extra::extract::{CookieJar, Query};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/extensions/{id}/frame", get(frame)).route("/extensions/{id}/token", get(token))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FrameRequest {
    resource: String,
    view: String,
    selected: String,
    data: String,
}

/// Returns the address of an extension, with the parameters and the token that Pipedrive adds.
async fn frame(
    State(shared): State<Shared>,
    jar: CookieJar,
    Path(id): Path<String>,
    Query(request): Query<FrameRequest>,
) -> Response {
    let clock = shared.clock();
    with_user(&shared, &jar, |company, user, installed| {
        let extension = shared.app.extension(&id).filter(|_| installed == Installed::Yes);
        let Some((extension, mut url)) = extension.and_then(|each| Some((each, url::Url::parse(&each.url).ok()?)))
        else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let frame_id = Uuid::new_v4().to_string();
        let secret = shared.app.secret(extension);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("id", &frame_id);
            if !request.resource.is_empty() {
                query
                    .append_pair("resource", &request.resource)
                    .append_pair("view", &request.view)
                    .append_pair("selectedIds", &request.selected);
            }
            query
                .append_pair("userId", &user.id.to_string())
                .append_pair("companyId", &company.id.to_string())
                .append_pair("isShared", "false")
                .append_pair("theme", &user.theme)
                .append_pair("token", &oauth::sign_token(company, user, secret, clock));
            if !request.data.is_empty() {
                query.append_pair("data", &request.data);
            }
        }
        Json(json!({ "id": frame_id, "url": url.as_str() })).into_response()
    })
}

/// Returns a new signed token, for `get_signed_token` of the SDK.
async fn token(State(shared): State<Shared>, jar: CookieJar, Path(id): Path<String>) -> Response {
    let clock = shared.clock();
    with_user(&shared, &jar, |company, user, installed| {
        match shared.app.extension(&id).filter(|_| installed == Installed::Yes) {
            Some(extension) => {
                Json(json!({ "token": oauth::sign_token(company, user, shared.app.secret(extension), clock) }))
                    .into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        }
    })
}
