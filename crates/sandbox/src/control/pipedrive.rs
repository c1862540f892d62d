//! Doors into Pipedrive: tokens without a browser, and changes by another user.

use super::{NewMishap, not_found};
use crate::{
    pipedrive::{Resource, limits::Limits},
    quickbooks::preset::overlay,
    world::Shared,
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/pipedrive/grants", post(grant))
        .route("/pipedrive/expire", post(expire))
        .route("/pipedrive/deal", post(change_deal))
        .route("/pipedrive/webhooks/mishaps", post(mishap))
        .route("/pipedrive/limits", get(limits).post(set_limits))
}

/// Every scope that an app may have.
const ALL_SCOPES: [&str; 14] = [
    "base",
    "deals:full",
    "contacts:full",
    "products:full",
    "activities:full",
    "mail:full",
    "users:read",
    "search:read",
    "admin",
    "webhooks:full",
    "leads:full",
    "projects:full",
    "recents:read",
    "phone-integration",
];

#[derive(Debug, Deserialize)]
struct User {
    company_id: i64,
    user_id: i64,
    /// All that there are, without it.
    scopes: Option<Vec<String>>,
}

async fn grant(State(shared): State<Shared>, Json(asked): Json<User>) -> Response {
    let mut world = shared.world();
    let clock = world.clock;
    if world.pipedrive.company(asked.company_id).and_then(|company| company.user(asked.user_id)).is_none() {
        return not_found("company_id and user_id");
    }
    let scopes = asked.scopes.unwrap_or_else(|| ALL_SCOPES.map(str::to_owned).to_vec());
    let tokens =
        world.pipedrive.grants.grant(asked.company_id, asked.user_id, clock, &scopes, &shared.origins.pipedrive_api);
    Json(tokens).into_response()
}

#[derive(Debug, Deserialize)]
struct UserOnly {
    user_id: i64,
}

async fn expire(State(shared): State<Shared>, Json(asked): Json<UserOnly>) -> StatusCode {
    shared.world().pipedrive.grants.expire(asked.user_id);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct DealChange {
    company_id: i64,
    id: i64,
    changes: Value,
}

async fn change_deal(State(shared): State<Shared>, Json(asked): Json<DealChange>) -> Response {
    let mut world = shared.world();
    let (now, moment) = (world.clock.pipedrive(), world.clock.now());
    let changed = world.pipedrive.act(asked.company_id, moment, |company| {
        let user = company.users.first().map_or(0, |user| user.id);
        let deal = company.records.get_mut(Resource::Deal, asked.id)?;
        let before = deal.clone();
        overlay(deal, &asked.changes);
        deal["update_time"] = json!(now);
        let after = deal.clone();
        company.note(Resource::Deal, asked.id, user, before, after.clone());
        Some(after)
    });
    match changed.flatten() {
        Some(deal) => Json(deal).into_response(),
        None => not_found("deal"),
    }
}

async fn mishap(State(shared): State<Shared>, Json(asked): Json<NewMishap>) -> StatusCode {
    let mut world = shared.world();
    for _ in 0..asked.times {
        world.pipedrive.webhooks.mishaps.push_back(asked.effect.clone());
    }
    StatusCode::NO_CONTENT
}

async fn limits(State(shared): State<Shared>) -> Json<Limits> {
    Json(shared.pipedrive_meter.limits())
}

async fn set_limits(State(shared): State<Shared>, Json(limits): Json<Limits>) -> StatusCode {
    shared.pipedrive_meter.limit(limits);
    StatusCode::NO_CONTENT
}
