//! Who calls: a user, through an app or with their own token.

use super::answer::{Answer, Refusal};
use crate::{
    pipedrive::{Company, rules::Writer},
    world::Shared,
};
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};

/// The user of a call. Put into the request by the gate, so that no handler runs without one.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) company: i64,
    pub(super) user: i64,
    /// Whether it is an app's token, not the user's own.
    pub(super) app: bool,
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
    /// Runs `work` on the caller's company; its subscribers are told of what was done.
    pub(super) fn act(&self, shared: &Shared, work: impl FnOnce(&mut Company, &Writer) -> Answer) -> Response {
        let mut world = shared.world();
        let (now, moment) = (world.clock.pipedrive(), world.clock.now());
        let answered = world.pipedrive.act(self.company, moment, |company| {
            let user = company.user(self.user)?;
            let writer = Writer::new(company, user, &now, "api");
            Some(work(company, &writer).unwrap_or_else(IntoResponse::into_response))
        });
        answered.flatten().unwrap_or_else(|| unauthorized().into_response())
    }
}
