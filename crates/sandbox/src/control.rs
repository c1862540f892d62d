//! The control door: JSON over HTTP, by which tests change the simulated world. It has a port of its own.
//!
//! Each simulator brings the routes of its provider. The routes here are about the whole world.

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

/// Lists the faults that still wait for calls.
async fn list_faults(State(world): State<World>) -> Response {
    Json(world.faults().waiting()).into_response()
}

/// Counts the calls that failed and the faults that wait.
async fn count_faults(State(world): State<World>) -> Response {
    let faults = world.faults();
    Json(json!({ "struck": faults.struck(), "waiting": faults.waiting().len() })).into_response()
}

async fn clear_faults(State(world): State<World>) -> StatusCode {
    world.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Seed {
    seed: u64,
}

async fn seed_faults(State(world): State<World>, Json(asked): Json<Seed>) -> StatusCode {
    world.faults().seed(asked.seed);
    StatusCode::NO_CONTENT
}

async fn list_calls(State(world): State<World>) -> Response {
    Json(world.runtime.calls().list()).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Move {
    AdvanceSeconds(i64),
    Set(Timestamp),
}

async fn read_clock(State(world): State<World>) -> Json<Value> {
    Json(json!({ "now": world.runtime.clock().now().to_string() }))
}

async fn move_clock(State(world): State<World>, Json(asked): Json<Move>) -> StatusCode {
    match asked {
        Move::AdvanceSeconds(seconds) => world.runtime.advance_clock(seconds),
        Move::Set(now) => world.runtime.set_time(now),
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
        Err(error) => refusal(StatusCode::BAD_REQUEST, format!("this is no saved state: {error}")),
    }
}
