//! The user of a call, through an app or with an API token.

use super::answer::{Answer, Refusal};
use crate::{clock::PipedriveTime, company::Company, shared::Shared, writer::Writer};
use axum::{
    Extension,
    extract::FromRequestParts,
    http::{Method, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};

/// The user of a call. `operations::check_call` puts it into the request, so no handler runs without one.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) company: i64,
    pub(super) user: i64,
    /// Whether the token belongs to an app.
    pub(super) is_app: bool,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(unauthorized)
    }
}

pub(super) fn unauthorized() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized access")
}

impl Caller {
    /// Runs `work` on the caller's company. Webhooks report the changes.
    pub(super) fn with_company(&self, shared: &Shared, work: impl FnOnce(&mut Company, &Writer) -> Answer) -> Response {
        let mut state = shared.state_mut();
        let (now, moment) = (shared.clock().pipedrive(), shared.clock().now());
        let response = state.with_company(self.company, moment, |company| {
            let user = company.user(self.user)?;
            let writer = company.writer(user, &now, "api");
            Some(work(company, &writer).unwrap_or_else(IntoResponse::into_response))
        });
        response.flatten().unwrap_or_else(|| unauthorized().into_response())
    }
}

/// Answers 501 for an operation that Pipedrive documents and the sandbox lacks. An empty answer would mislead.
pub(super) async fn not_simulated(_: Extension<Caller>, method: Method, uri: Uri) -> Response {
    let message = format!("{method} {} exists at Pipedrive and is not simulated by this sandbox", uri.path());
    Refusal::new(StatusCode::NOT_IMPLEMENTED, message).into_response()
}
