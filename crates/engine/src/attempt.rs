//! One attempt at an operation.

use crate::{HEARTBEAT_INTERVAL, Host, LEASE_DURATION, Lease};
use domain::operation::{Decision, Failure, Observation, Operation, ParkCause, Step, decide};
use jiff::SignedDuration;
use std::{fmt::Display, future::ready, ops::ControlFlow, time::Duration};
use store::{
    Tx,
    leases::{self, Leased},
    parked::ParkReason,
};

/// Largest percentage by which back-off is extended.
const MAX_JITTER: u32 = 50;

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing is left to do.
    Done,
    /// Try again after this pause.
    Later(Duration),
}

/// A kind of operation, with the row of one: it calls the provider. The engine decides when.
pub trait Kind: Send {
    /// The id of the row.
    type Id: Leased;
    /// What shows that the write was carried out.
    type Done: Send;
    /// What the write refers to.
    type Prepared: Send;
    /// The error of a step.
    type Error: Display + From<store::Error> + Send;
    /// The error of storing the outcome.
    type StoreError: From<store::Error>;

    /// Whether open pages show the operation, and are told of a change.
    const IS_SHOWN: bool;

    /// What is known about the operation. The engine sets `give_up_minutes` and `jitter`.
    fn describe(&self) -> Operation;

    /// Why a step failed.
    fn classify(&self, step: Step, error: &Self::Error) -> Failure;

    /// Looks up the write of an earlier attempt. `None` if it is not found.
    fn look_up(&mut self) -> impl Future<Output = Result<Option<Self::Done>, Self::Error>> + Send;

    /// Tests whether the provider recognises repeated requests. Called only for [`domain::operation::Repetition::Unproven`].
    fn test_repeats(&mut self) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        ready(Ok(false))
    }

    /// Makes what the write refers to. Breaks if nothing is left to send.
    fn prepare(&mut self) -> impl Future<Output = Result<ControlFlow<Self::Done, Self::Prepared>, Self::Error>> + Send;

    /// Changes more than the phase, in the transaction that marks the operation as sending.
    fn begin_sending(&mut self, _tx: &mut Tx) -> impl Future<Output = Result<(), store::Error>> + Send {
        ready(Ok(()))
    }

    /// Sends the write.
    fn send(&mut self, prepared: Self::Prepared) -> impl Future<Output = Result<Self::Done, Self::Error>> + Send;

    /// Stores the end of the operation: it was carried out, or refused with this error.
    fn record(
        &mut self,
        tx: &mut Tx,
        result: Result<Self::Done, Self::Error>,
    ) -> impl Future<Output = Result<(), Self::StoreError>> + Send;
}

/// How an attempt ends.
enum End<K: Kind> {
    Finished(Result<K::Done, K::Error>),
    Wait(Duration, bool, Option<K::Error>),
    Park(ParkCause, Option<K::Error>),
    LeaseLost,
}

/// Makes one attempt at an operation, under its lease. Fails if the outcome could not be stored: the operation is reclaimed when the lease
/// ends.
pub async fn attempt<K: Kind>(host: &impl Host, lease: &Lease<K::Id>, kind: &mut K) -> Result<Attempt, K::StoreError> {
    let end = lease.run_while_leased(host, Box::pin(run(host, lease, kind))).await.unwrap_or(End::LeaseLost);
    let Lease { tenant, id, owner, .. } = *lease;
    let warn = |error: Option<&K::Error>| {
        if let Some(error) = error {
            tracing::warn!(tenant.id = %tenant.0, operation.table = K::Id::TABLE, operation.id = %id.get(), %error, "an attempt failed");
        }
    };
    let mut tx = host.db().begin().await?;
    let attempt = match end {
        End::LeaseLost => return Ok(Attempt::Later(HEARTBEAT_INTERVAL)),
        End::Finished(result) => {
            kind.record(&mut tx, result).await?;
            Attempt::Done
        }
        End::Wait(pause, is_unsent, error) => {
            warn(error.as_ref());
            if is_unsent {
                leases::mark_unsent(&mut tx, tenant, id, owner).await?;
            }
            let at = host.now() + SignedDuration::try_from(pause).unwrap_or(LEASE_DURATION);
            leases::postpone(&mut tx, tenant, id, owner, at).await?;
            Attempt::Later(pause)
        }
        End::Park(cause, error) => {
            warn(error.as_ref());
            let reason = match cause {
                ParkCause::Doubt => ParkReason::Doubt,
                ParkCause::Disconnected => ParkReason::Disconnected,
                // The sources of an error may quote the request, so only its own text is stored.
                ParkCause::Failed => ParkReason::Failed(error.map(|error| error.to_string()).unwrap_or_default()),
            };
            leases::park(&mut tx, tenant, id, owner, &reason).await?;
            Attempt::Done
        }
    };
    tx.commit().await?;
    if K::IS_SHOWN {
        host.db().announce_outcome(tenant, id.get()).await;
    }
    Ok(attempt)
}

/// Takes the steps that [`decide`] names, until the attempt ends.
async fn run<K: Kind>(host: &impl Host, lease: &Lease<K::Id>, kind: &mut K) -> End<K> {
    let operation =
        Operation { give_up_minutes: host.give_up_minutes(), jitter: fastrand::u32(0..=MAX_JITTER), ..kind.describe() };
    let (mut lookups, mut sends) = (0, 0);
    let mut observed = Observation::Begun;
    let mut last = None;
    loop {
        let (step, result) = match decide(&operation, observed, host.now()) {
            Decision::Finish => {
                // Only an observed end leads here.
                return last.map_or(End::LeaseLost, End::Finished);
            }
            Decision::Wait { pause, is_unsent } => return End::Wait(pause, is_unsent, last.and_then(Result::err)),
            Decision::Park(cause) => return End::Park(cause, last.and_then(Result::err)),
            Decision::LookUp(pause) => {
                tokio::time::sleep(pause).await;
                lookups += 1;
                (Step::LookUp, kind.look_up().await.map(|found| (Observation::Missing(lookups), found)))
            }
            Decision::TestRepeats => {
                (Step::LookUp, kind.test_repeats().await.map(|recognised| (Observation::Tested(recognised), None)))
            }
            Decision::Send => match begin(host, lease, kind).await {
                Ok(Begun::Prepared(prepared)) => {
                    sends += 1;
                    (Step::Send, kind.send(prepared).await.map(|done| (Observation::Sent, Some(done))))
                }
                Ok(Begun::Ended(done)) => (Step::Prepare, Ok((Observation::Found, Some(done)))),
                Ok(Begun::LeaseLost) => return End::LeaseLost,
                Err(error) => (Step::Prepare, Err(error)),
            },
        };
        (observed, last) = match result {
            Ok((_, Some(done))) if step == Step::LookUp => (Observation::Found, Some(Ok(done))),
            Ok((observed, done)) => (observed, done.map(Ok)),
            Err(error) => (Observation::Failed(step, kind.classify(step, &error), sends), Some(Err(error))),
        };
    }
}

/// What is known before the write is sent.
enum Begun<K: Kind> {
    Prepared(K::Prepared),
    Ended(K::Done),
    LeaseLost,
}

/// Prepares the write, and commits that it is being sent.
async fn begin<K: Kind>(host: &impl Host, lease: &Lease<K::Id>, kind: &mut K) -> Result<Begun<K>, K::Error> {
    let prepared = match kind.prepare().await? {
        ControlFlow::Break(done) => return Ok(Begun::Ended(done)),
        ControlFlow::Continue(prepared) => prepared,
    };
    let mut tx = host.db().begin().await?;
    if !lease.mark_sending(&mut tx, host.now()).await? {
        return Ok(Begun::LeaseLost);
    }
    kind.begin_sending(&mut tx).await?;
    tx.commit().await?;
    Ok(Begun::Prepared(prepared))
}
