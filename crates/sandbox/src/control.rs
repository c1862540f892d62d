//! The control port: a JSON API on a port of its own, with which tests change the simulated world.
//!
//! Each simulator defines the routes of its provider. The routes here affect the whole world.

use crate::{effect::Effect, world::World};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use sandbox_core::{control::refusal, faults::Fault};
use serde::Deserialize;
use serde_json::{Value, json};

/// Answer to `GET /`.
const HELP: &str = include_str!("help.txt");

pub(crate) fn router(world: World) -> Router {
    Router::new()
        .route("/", get(async || HELP))
        .route("/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/faults/count", get(count_faults))
        .route("/faults/seed", post(seed_faults))
        .route("/calls", get(list_calls))
        .route("/clock", get(read_clock).post(move_clock))
        .route("/reset", post(reset))
        .route("/state", get(save_state).post(load_state))
        .with_state(world.clone())
        .merge(sandbox_quickbooks::control::router(world.quickbooks))
        .merge(sandbox_pipedrive::control::router(world.pipedrive))
        .layer(DefaultBodyLimit::disable())
}

async fn add_fault(State(world): State<World>, Json(fault): Json<Fault<Effect>>) -> StatusCode {
    world.faults().add(fault);
    StatusCode::NO_CONTENT
}

/// Lists the pending faults.
async fn list_faults(State(world): State<World>) -> Response {
    Json(world.faults().pending()).into_response()
}

/// Counts the calls that failed and the pending faults.
async fn count_faults(State(world): State<World>) -> Response {
    let faults = world.faults();
    Json(json!({ "struck": faults.hits(), "waiting": faults.pending().len() })).into_response()
}

async fn clear_faults(State(world): State<World>) -> StatusCode {
    world.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Seed {
    seed: u64,
}

async fn seed_faults(State(world): State<World>, Json(request): Json<Seed>) -> StatusCode {
    world.faults().set_seed(request.seed);
    StatusCode::NO_CONTENT
}

async fn list_calls(State(world): State<World>) -> Response {
    Json(world.runtime.calls().list()).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockChange {
    AdvanceSeconds(i64),
    Set(Timestamp),
}

async fn read_clock(State(world): State<World>) -> Json<Value> {
    Json(json!({ "now": world.runtime.clock().now().to_string() }))
}

async fn move_clock(State(world): State<World>, Json(request): Json<ClockChange>) -> StatusCode {
    match request {
        ClockChange::AdvanceSeconds(seconds) => world.runtime.advance_clock(seconds),
        ClockChange::Set(now) => world.runtime.set_time(now),
    }
    StatusCode::NO_CONTENT
}

async fn reset(State(world): State<World>) -> Response {
    match world.reset() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Writes the whole world as one text, which `POST /state` accepts.
async fn save_state(State(world): State<World>) -> Response {
    match world.to_json() {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn load_state(State(world): State<World>, body: Bytes) -> Response {
    match world.load_json(&body) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(StatusCode::BAD_REQUEST, format!("this is not a saved state: {error}")),
    }
}
