//! Health checks for load balancers.

use crate::{flows, state::App};
use axum::{extract::State, http::StatusCode};
use std::{
    borrow::Cow,
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

/// A load balancer asks often, and a slow answer is none.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Whether requests can be served now: for load balancers. Not while the database does not answer or keeps nothing, and not once the
/// service is to end.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Cow<'static, str>) {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending".into());
    }
    if let Some(wrong) = app.wrong_keys.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return (StatusCode::SERVICE_UNAVAILABLE, wrong.into());
    }
    match tokio::time::timeout(READY_WITHIN, flows::health::try_database(&app)).await {
        Ok(Ok(())) if !app.can_write.load(Ordering::Relaxed) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database keeps nothing that is new".into())
        }
        Ok(Ok(())) => (StatusCode::OK, "ready".into()),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer".into()),
    }
}
