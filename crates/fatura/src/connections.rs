//! Limits concurrent connections, with a reserve for health checks.
//!
//! Beyond the limit, a connection of the reserve answers health checks only, so that the service is not restarted during a flood. Beyond
//! the reserve, a connection is closed at once.

use axum::{
    body::Body,
    http::{HeaderValue, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use axum_server::accept::Accept;
use futures_util::future::{Either, Ready, ready};
use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

/// Additional connections for health checks.
const RESERVED_CONNECTIONS: usize = 16;
/// Files that the process needs besides its connections: databases, calls to providers, the log.
const OTHER_FILES: u64 = 512;
/// Lower bound for the limit, however few files the process may open.
const MIN_CONNECTIONS: usize = 64;

/// Limits the connections of a server; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionLimit {
    all: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
}

impl ConnectionLimit {
    /// Creates a limit of `wanted` connections, or fewer if the process may not open as many files. Raises the limit of open files as
    /// far as permitted.
    pub(crate) fn new(wanted: u32) -> Self {
        let files = rlimit::increase_nofile_limit(u64::from(wanted) + OTHER_FILES).unwrap_or(u64::MAX);
        let possible = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let connections = wanted.min(possible.max(MIN_CONNECTIONS));
        if connections < wanted {
            tracing::warn!(
                connections,
                wanted,
                "the process may open too few files for the configured number of connections"
            );
        }
        Self { all: Arc::new(Semaphore::new(connections)), reserve: Arc::new(Semaphore::new(RESERVED_CONNECTIONS)) }
    }
}

impl<I, S> Accept<I, S> for ConnectionLimit {
    type Stream = I;
    type Service = Limited<S>;
    type Future = Ready<io::Result<(I, Limited<S>)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let admitted = match Arc::clone(&self.all).try_acquire_owned() {
            Ok(permit) => Some((permit, false)),
            Err(_) => Arc::clone(&self.reserve).try_acquire_owned().ok().map(|permit| (permit, true)),
        };
        let Some((permit, is_reserve)) = admitted else {
            metrics::counter!("fatura_connections_refused_total").increment(1);
            return ready(Err(io::Error::other("too many connections")));
        };
        ready(Ok((stream, Limited { service, is_reserve, _permit: Arc::new(permit) })))
    }
}

/// The service of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Limited<S> {
    service: S,
    is_reserve: bool,
    /// Released when the connection ends.
    _permit: Arc<OwnedSemaphorePermit>,
}

impl<S, B> Service<Request<B>> for Limited<S>
where
    S: Service<Request<B>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.is_reserve && !matches!(request.uri().path(), "/healthz" | "/readyz") {
            let close = [
                (header::CONNECTION, HeaderValue::from_static("close")),
                (header::RETRY_AFTER, HeaderValue::from_static("5")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            return Either::Right(ready(Ok((StatusCode::SERVICE_UNAVAILABLE, close, Body::empty()).into_response())));
        }
        Either::Left(self.service.call(request))
    }
}
