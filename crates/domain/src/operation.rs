//! The rules by which a write to a provider is carried out exactly once.
//!
//! An *operation* is such a write, with its row: an invoice, an action on an invoice, a note of a deal history. The worker that holds the
//! lease of an operation makes an *attempt*: it asks [`decide`] what to do, does it, and asks again with what it observed, until the
//! attempt ends. [`decide`] reads no clock and calls nobody, so that a model can check it for every order of events.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A request that was sent less than this ago may still be under way.
pub const UNDER_WAY_DURATION: SignedDuration = SignedDuration::from_secs(10);
/// Time in which a write that was sent without an answer is looked up, if lookups may be late. QuickBooks does not document how soon a query
/// finds a new invoice. After this time, only a person can decide whether the write arrived.
pub const LOOKUP_TIMEOUT: SignedDuration = SignedDuration::from_secs(32);
/// Pause between two lookups in that time.
pub const LOOKUP_INTERVAL: Duration = Duration::from_secs(3);
/// Older operations are looked up even if their rows say that nothing was sent, because the database may be a restored backup.
const UNSENT_TRUST_DURATION: SignedDuration = SignedDuration::from_secs(60);
/// Pause between two attempts of an operation whose company has to be connected again.
const RECONNECT_POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Minutes until an operation of a disconnected company is parked. It continues if the company is connected again before.
const MAX_DISCONNECTED_MINUTES: u32 = 60;
/// Attempts before an operation may be parked because it fails.
const MIN_ATTEMPTS: u32 = 5;
/// Longest pause between two attempts, before jitter. Everything should be done 30 seconds after the last fault, also where a follow-up,
/// such as the note of a deal history, waits as long as the invoice did.
const MAX_BACK_OFF: Duration = Duration::from_secs(8);
/// Longest such pause before an attempt that waits for [`UNDER_WAY_DURATION`] between two lookups.
const MAX_BACK_OFF_BEFORE_LOOKUPS: Duration = Duration::from_secs(2);
/// Requests of one attempt. The second one names the current version of the invoice.
const MAX_SENDS: u8 = 2;

/// How far an operation had got when the attempt began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing was sent.
    Queued,
    /// A request may have been sent, by an attempt that has ended.
    Sending,
    /// As `Sending`, but that attempt was abandoned: its request may still be under way.
    Lost,
}

/// The provider's reaction to a write that is sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repetition {
    /// It refuses the second one, which names a version that is no longer current.
    Refused,
    /// It accepts the second one. A lookup finds a write as soon as it was carried out.
    Accepted,
    /// It accepts the second one, unless it recognises the id of the request, and a lookup may find a write late.
    Unproven {
        /// Whether a test may show that the provider recognises repeated requests.
        trusts_request_ids: bool,
    },
}

/// The known facts about an operation at the beginning of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    /// How far it has got.
    pub phase: Phase,
    /// The provider's reaction to a second request.
    pub repetition: Repetition,
    /// The time at which it was stored.
    pub created_at: Timestamp,
    /// The time at which the last request was marked as sent, if it is unanswered.
    pub sent_at: Option<Timestamp>,
    /// The number of attempts, this one included.
    pub attempts: u32,
    /// An earlier request, with other content, was refused. It may have been carried out nevertheless.
    pub was_refused: bool,
    /// A person has confirmed that the last request did not arrive.
    pub may_resend: bool,
    /// Minutes after which an operation that fails is parked.
    pub give_up_minutes: u32,
    /// Percentage by which back-off is extended, so that operations that failed together are not repeated together.
    pub jitter: u32,
}

/// A step of an attempt that calls a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Looks up the write of an earlier attempt, or tests whether repeated requests are recognised.
    LookUp,
    /// Makes what the write refers to, such as a customer.
    Prepare,
    /// Sends the write.
    Send,
}

/// Why a step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The provider refused the call, which has written nothing.
    Refused,
    /// The provider's gateway refused the call, before the provider could recognise a repeated request.
    RefusedByGateway,
    /// The version that the call names is not current, or does not exist.
    Stale,
    /// The provider asks to wait. The call has written nothing.
    Throttled(Duration),
    /// The call may be made after this time. Nothing was sent.
    NotYet(Duration),
    /// An administrator has to connect the company again. Nothing was sent.
    NoAccess,
    /// The company was disconnected or replaced on purpose. Nothing was sent.
    Disconnected,
    /// No call was possible. Nothing was sent.
    Unsent,
    /// The call may have written something.
    Unanswered,
}

/// The worker's last observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Observation {
    /// The attempt begins.
    Begun,
    /// A lookup found the write.
    Found,
    /// The lookups of this attempt, of this number, found nothing; the last one just now.
    Missing(u8),
    /// The test showed whether the provider recognises repeated requests.
    Tested(bool),
    /// The provider has carried out the write.
    Sent,
    /// A step failed, after this attempt had sent this number of requests.
    Failed(Step, Failure, u8),
}

/// Why an operation is parked for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParkCause {
    /// It was sent without an answer and not found: a person has to decide whether to send it again.
    Doubt,
    /// The company is no longer connected.
    Disconnected,
    /// It has failed for too long.
    Failed,
}

/// The worker's next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Look up the write, after this pause, by a timer that does not depend on the clock.
    LookUp(Duration),
    /// Test whether the provider recognises repeated requests.
    TestRepeats,
    /// Mark the operation as sending, and send the write.
    Send,
    /// End the attempt; make another one after this pause.
    Wait {
        /// The pause.
        pause: Duration,
        /// Mark the operation as queued, because nothing was sent.
        is_unsent: bool,
    },
    /// End the attempt; park the operation.
    Park(ParkCause),
    /// End the attempt and the operation: it is carried out, or refused.
    Finish,
}

/// Decides what the worker of an operation does next, by what it has observed last.
#[must_use]
pub fn decide(operation: &Operation, observed: Observation, now: Timestamp) -> Decision {
    match observed {
        Observation::Found | Observation::Sent => Decision::Finish,
        Observation::Begun if operation.count_lookups(now) > 0 => Decision::LookUp(Duration::ZERO),
        // A lookup that was not required, of the current version, may come before the second request.
        Observation::Begun => Decision::Send,
        Observation::Missing(lookups) if lookups < operation.count_lookups(now) => {
            Decision::LookUp(UNDER_WAY_DURATION.unsigned_abs())
        }
        Observation::Missing(_) => operation.decide_missing(now),
        Observation::Tested(is_recognised) if is_recognised || !operation.is_in_doubt() => Decision::Send,
        Observation::Tested(_) => operation.keep_doubt(now),
        Observation::Failed(step, failure, sends) => operation.decide_failed(step, failure, sends, now),
    }
}

impl Operation {
    /// Whether an earlier attempt may have carried out the write.
    fn is_in_doubt(&self) -> bool {
        self.phase != Phase::Queued
    }

    /// The number of lookups before the write is sent.
    fn count_lookups(&self, now: Timestamp) -> u8 {
        let is_old = now.duration_since(self.created_at) > UNSENT_TRUST_DURATION;
        match (self.repetition, self.phase) {
            (Repetition::Refused, Phase::Queued) => 0,
            // The request may be carried out after the first lookup.
            (Repetition::Accepted, Phase::Sending | Phase::Lost) => 2,
            (Repetition::Refused | Repetition::Unproven { .. }, Phase::Sending | Phase::Lost) => 1,
            (Repetition::Accepted | Repetition::Unproven { .. }, Phase::Queued) => u8::from(is_old || self.was_refused),
        }
    }

    /// The time since the last request, or since the operation was stored.
    fn time_since_sent(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.sent_at.unwrap_or(self.created_at))
    }

    /// Decides about a write that the lookups did not find.
    fn decide_missing(&self, now: Timestamp) -> Decision {
        match self.repetition {
            _ if !self.is_in_doubt() => Decision::Send,
            Repetition::Refused | Repetition::Accepted => Decision::Send,
            Repetition::Unproven { .. } if self.time_since_sent(now) < UNDER_WAY_DURATION => wait(LOOKUP_INTERVAL),
            Repetition::Unproven { .. } if self.may_resend => Decision::Send,
            Repetition::Unproven { trusts_request_ids: true } => Decision::TestRepeats,
            Repetition::Unproven { trusts_request_ids: false } => self.keep_doubt(now),
        }
    }

    /// Looks up the write again, and parks the operation after [`LOOKUP_TIMEOUT`].
    fn keep_doubt(&self, now: Timestamp) -> Decision {
        if self.time_since_sent(now) < LOOKUP_TIMEOUT {
            wait(LOOKUP_INTERVAL)
        } else {
            Decision::Park(ParkCause::Doubt)
        }
    }

    fn decide_failed(&self, step: Step, failure: Failure, sends: u8, now: Timestamp) -> Decision {
        let is_unproven = matches!(self.repetition, Repetition::Unproven { .. });
        // An earlier attempt stays in doubt.
        let is_unsent = step == Step::Send && sends <= 1 && !self.is_in_doubt();
        match failure {
            // The person has checked at the provider.
            Failure::Refused | Failure::RefusedByGateway if is_unproven && self.may_resend && step == Step::LookUp => {
                self.decide_missing(now)
            }
            // A refused call proves nothing about the write that was sent before: if the refusal ended the doubt, the corrected form would
            // create a second invoice. A provider that refuses the write itself has not carried out the earlier one.
            Failure::Refused if is_unproven && self.is_in_doubt() && step != Step::Send => self.keep_doubt(now),
            Failure::RefusedByGateway if is_unproven && self.is_in_doubt() => self.keep_doubt(now),
            Failure::Refused if step == Step::Send => Decision::Finish,
            Failure::Refused | Failure::RefusedByGateway
                if !self.is_in_doubt() && (is_unproven || step != Step::LookUp) =>
            {
                Decision::Finish
            }
            Failure::Stale if sends < MAX_SENDS && step == Step::Send => Decision::LookUp(Duration::ZERO),
            Failure::NotYet(pause) => wait(pause),
            Failure::Throttled(pause) => Decision::Wait { pause: pause.max(self.back_off()), is_unsent },
            // The operation must not run unexpectedly when the company is connected again months later.
            Failure::Disconnected if self.must_park(self.give_up_minutes.min(MAX_DISCONNECTED_MINUTES), now) => {
                Decision::Park(ParkCause::Disconnected)
            }
            // It continues when an administrator has connected the company again.
            Failure::NoAccess | Failure::Disconnected => Decision::Wait { pause: RECONNECT_POLL_INTERVAL, is_unsent },
            _ if self.must_park(self.give_up_minutes, now) => Decision::Park(ParkCause::Failed),
            Failure::Unsent => Decision::Wait { pause: self.back_off(), is_unsent },
            Failure::Unanswered if step == Step::Send => wait(Self { phase: Phase::Sending, ..*self }.back_off()),
            Failure::Refused | Failure::RefusedByGateway | Failure::Stale | Failure::Unanswered => {
                wait(self.back_off())
            }
        }
    }

    /// Whether a failing operation has to be parked. The clock may be ahead for a while, so one attempt for each minute is required as well;
    /// [`MAX_BACK_OFF`] allows more than two.
    fn must_park(&self, minutes: u32, now: Timestamp) -> bool {
        self.attempts >= minutes.max(MIN_ATTEMPTS)
            && now.duration_since(self.created_at) >= SignedDuration::from_mins(minutes.into())
    }

    /// The pause after this number of attempts.
    fn back_off(&self) -> Duration {
        let is_looked_up_twice = self.repetition == Repetition::Accepted && self.is_in_doubt();
        let max = if is_looked_up_twice { MAX_BACK_OFF_BEFORE_LOOKUPS } else { MAX_BACK_OFF };
        let pause = Duration::from_millis(500_u64.saturating_mul(2_u64.saturating_pow(self.attempts.min(9)))).min(max);
        pause.saturating_add(pause.saturating_mul(self.jitter).checked_div(100).unwrap_or_default())
    }
}

fn wait(pause: Duration) -> Decision {
    Decision::Wait { pause, is_unsent: false }
}
