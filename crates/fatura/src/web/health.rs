//! The readiness check for load balancers.

use crate::{flows, state::App};
use axum::{extract::State, http::StatusCode};
use std::{
    borrow::Cow,
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

/// Upper bound for the database check. Load balancers ask often, and a slow answer is of no use to them.
const DATABASE_CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Reports whether the service can serve requests. It cannot while the database does not answer or cannot be written, with the wrong
/// vault keys, and after shutdown has begun.
pub(super) async fn check_readiness(State(app): State<App>) -> (StatusCode, Cow<'static, str>) {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending".into());
    }
    if let Some(problem) = app.key_problem.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return (StatusCode::SERVICE_UNAVAILABLE, problem.into());
    }
    match tokio::time::timeout(DATABASE_CHECK_TIMEOUT, flows::health::try_database(&app)).await {
        Ok(Ok(())) if !app.can_write.load(Ordering::Relaxed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be written".into())
        }
        Ok(Ok(())) => (StatusCode::OK, "ready".into()),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer".into()),
    }
}
