//! The control door: what a test may do to the simulated world. JSON over HTTP, on a port of its own.

mod pipedrive;
mod quickbooks;

use crate::{
    faults::Fault,
    mishap::Mishap,
    quickbooks::Company,
    world::{Shared, World},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What `GET /` says.
const HELP: &str = include_str!("help.txt");

pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(async || HELP))
        .merge(quickbooks::router())
        .merge(pipedrive::router())
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/faults/count", get(count_faults))
        .route("/faults/seed", post(seed_faults))
        .route("/calls", get(calls))
        .route("/clock", get(read_clock).post(move_clock))
        .route("/reset", post(reset))
        .route("/state", get(save_state).post(load_state))
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

fn refusal(status: StatusCode, message: impl Into<String>) -> Response {
    (status, Json(json!({ "error": message.into() }))).into_response()
}

fn not_found(what: &str) -> Response {
    refusal(StatusCode::NOT_FOUND, format!("no such {what}"))
}

/// Something to happen to the next webhooks.
#[derive(Debug, Deserialize)]
struct NewMishap {
    effect: Mishap,
    #[serde(default = "one")]
    times: u64,
}

fn one() -> u64 {
    1
}

async fn add_fault(State(shared): State<Shared>, Json(fault): Json<Fault>) -> StatusCode {
    shared.world_untouched().faults.add(fault);
    StatusCode::NO_CONTENT
}

/// Those that wait for their calls still.
async fn faults(State(shared): State<Shared>) -> Response {
    Json(shared.world_untouched().faults.waiting()).into_response()
}

/// How many calls were hit, and how many faults wait.
async fn count_faults(State(shared): State<Shared>) -> Response {
    let world = shared.world_untouched();
    Json(json!({ "struck": world.faults.struck(), "waiting": world.faults.waiting().len() })).into_response()
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.world_untouched().faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Seed {
    seed: u64,
}

async fn seed_faults(State(shared): State<Shared>, Json(asked): Json<Seed>) -> StatusCode {
    shared.world_untouched().faults.seed(asked.seed);
    StatusCode::NO_CONTENT
}

async fn calls(State(shared): State<Shared>) -> Response {
    Json(shared.calls.all()).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Move {
    AdvanceSeconds(i64),
    Set(Timestamp),
}

async fn read_clock(State(shared): State<Shared>) -> Json<Value> {
    Json(json!({ "now": shared.clock().now().to_string() }))
}

async fn move_clock(State(shared): State<Shared>, Json(asked): Json<Move>) -> StatusCode {
    let mut world = shared.world();
    match asked {
        Move::AdvanceSeconds(seconds) => world.clock.advance(seconds),
        Move::Set(now) => world.clock.set(now),
    }
    StatusCode::NO_CONTENT
}

async fn reset(State(shared): State<Shared>) -> Response {
    match World::seeded() {
        Ok(mut world) => {
            let mut old = shared.world();
            world.quickbooks.webhooks.endpoint = old.quickbooks.webhooks.endpoint.take();
            *old = world;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

#[derive(Serialize)]
struct Written<'a> {
    world: &'a World,
    companies: Vec<&'a Company>,
}

#[derive(Deserialize)]
struct Read {
    world: World,
    companies: Vec<Company>,
}

/// Everything, as one text that `POST /state` takes back.
async fn save_state(State(shared): State<Shared>) -> Response {
    let world = shared.world_untouched();
    let written =
        serde_json::to_vec(&Written { world: &world, companies: world.quickbooks.companies.values().collect() });
    match written {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn load_state(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<Read>(&body) {
        Ok(Read { mut world, companies }) => {
            world.quickbooks.companies =
                crate::quickbooks::by_realm(companies.into_iter().map(Company::restored).collect());
            for company in world.quickbooks.companies.values_mut() {
                company.touched = true;
            }
            *shared.world() = world;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, format!("this is no saved state: {error}")),
    }
}
