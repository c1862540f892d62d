//! The kinds of operations: what each looks up, sends and records. The `engine` decides when, and carries each out exactly once.
//!
//! A new kind is a file here, with its job in `store::queue` and its registration in `jobs`.

pub(crate) mod change_invoice;
pub(crate) mod first_attempt;
pub(crate) mod issue_invoice;
pub(crate) mod post_note;

use crate::{flows::Error, state::App};
use aws_lc_rs::digest;
use domain::{
    ids::TenantId,
    operation::{Failure, Operation, Phase, Repetition},
};
use jiff::{SignedDuration, Timestamp};
use providers::ProviderError;
use std::{fmt::Write as _, time::Duration};

/// Time before the creation of an operation at which a lookup begins, because the clock may have been ahead at the creation.
const LOOKUP_WINDOW: SignedDuration = SignedDuration::from_hours(48);

/// Describes an operation that was neither refused before nor allowed to be resent.
fn describe(phase: Phase, repetition: Repetition, created_at: Timestamp, attempts: i32) -> Operation {
    Operation {
        phase,
        repetition,
        created_at,
        sent_at: None,
        attempts: u32::try_from(attempts).unwrap_or(0),
        was_refused: false,
        may_resend: false,
        give_up_minutes: 0,
        jitter: 0,
    }
}

/// Finds out why a step failed.
fn classify(app: &App, error: &Error) -> Failure {
    match error {
        Error::NotYet(pause) | Error::ShareUsed(pause) => Failure::NotYet(*pause),
        Error::NeedsReconnect => Failure::NoAccess,
        Error::NotConnected => Failure::Disconnected,
        Error::QuickBooks(ProviderError::ReadsRefused | ProviderError::HeldBack) => {
            let now = app.clock.now();
            let pause = app.metering.retry_at(now).duration_since(now);
            Failure::NotYet(Duration::try_from(pause).unwrap_or_default())
        }
        Error::QuickBooks(error) | Error::Pipedrive(error) => match error {
            ProviderError::Busy(pause) => Failure::Throttled(*pause),
            ProviderError::TokenUnavailable | ProviderError::Misconfigured(_) => Failure::Unsent,
            ProviderError::Refused(_) => Failure::Refused,
            ProviderError::NotPermitted(_) | ProviderError::WrongEnvironment(_) => Failure::RefusedByGateway,
            _ => Failure::Unanswered,
        },
        _ => Failure::Unanswered,
    }
}

/// Computes a `requestid`, which is the same for the same step of the same intent on every attempt and replica.
fn request_id(tenant: TenantId, step: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{}/{step}", tenant.0).as_bytes());
    hash.as_ref()[..16].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
