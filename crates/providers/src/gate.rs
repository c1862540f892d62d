//! The way to one company: so many calls at a time, so many a minute, and none while it asks to be left alone.
//!
//! What nobody waits for gets less than half of it, so that whoever waits for an answer finds the way free.

use crate::ProviderError;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// What a provider allows one company, or the part of it that one of several replicas may take.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Calls in a minute, once those that may come at once were made.
    pub a_minute: u32,
    /// Calls that may follow each other without a pause.
    pub burst: u32,
    /// Calls at the same time.
    pub at_once: u32,
    /// Of the calls of a minute, those that may be batches.
    pub batches_a_minute: u32,
}

impl Allowance {
    /// The same for each of so many.
    #[must_use]
    pub fn shared(self, by: u32) -> Self {
        let part = |whole: u32| (whole / by.max(1)).max(1);
        Self {
            a_minute: part(self.a_minute),
            burst: part(self.burst),
            at_once: part(self.at_once),
            batches_a_minute: self.batches_a_minute / by.max(1),
        }
    }
}

/// Whether somebody waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A person does.
    Interactive,
    /// Nobody does.
    Background,
}

/// One company's gate, cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    all: Way,
    background: Way,
    /// None where there is no batch for everybody.
    batches: Option<DefaultDirectRateLimiter>,
    closures: Closures,
}

/// Until when a company asks to be left alone. Gates of one company may share it.
#[derive(Debug, Clone, Default)]
pub struct Closures(Arc<Closed>);

#[derive(Debug, Default)]
struct Closed {
    calls_until: Mutex<Option<Instant>>,
    reads_until: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Way {
    at_once: Arc<Semaphore>,
    rate: DefaultDirectRateLimiter,
}

fn rate(a_minute: NonZeroU32, burst: u32) -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_minute(a_minute).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)))
}

impl Way {
    fn of(allowed: Allowance) -> Self {
        let a_minute = NonZeroU32::new(allowed.a_minute).unwrap_or(NonZeroU32::MIN);
        Self { at_once: Arc::new(Semaphore::new(allowed.at_once as usize)), rate: rate(a_minute, allowed.burst) }
    }

    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.at_once).acquire_owned().await.ok();
        self.rate.until_ready().await;
        permit
    }
}

/// Whoever does not wait for an answer any more leaves a provider at work: for about so long.
const AT_WORK: Duration = Duration::from_secs(2);

/// How long a refusal of reads is believed. A person who tries again after it sees what the provider says then.
const READS_CLOSED: Duration = Duration::from_secs(30);

/// The time that is left until a moment, if any is.
fn left(until: &Mutex<Option<Instant>>) -> Option<Duration> {
    let until = *until.lock().unwrap_or_else(PoisonError::into_inner);
    until.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}

/// The right to make one call; given back when it is dropped, and a while later where no answer has come.
#[derive(Debug, Default)]
pub(crate) struct Entered {
    permits: [Option<OwnedSemaphorePermit>; 2],
    is_answered: bool,
}

impl Entered {
    /// The provider has done its work, or will not any more.
    pub(crate) fn is_answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let permits = std::mem::take(&mut self.permits);
        if let (false, Some(_), Ok(runtime)) = (self.is_answered, &permits[1], Handle::try_current()) {
            runtime.spawn(async move {
                tokio::time::sleep(AT_WORK).await;
                drop(permits);
            });
        }
    }
}

impl Gate {
    /// A gate that lets so much through.
    pub fn new(allowed: Allowance) -> Self {
        Self::closing_with(allowed, Closures::default())
    }

    /// The same, closed while others of the company are.
    pub fn closing_with(allowed: Allowance, closures: Closures) -> Self {
        let less = Allowance {
            a_minute: (allowed.a_minute * 2 / 5).max(1),
            burst: (allowed.burst * 2 / 5).max(1),
            at_once: (allowed.at_once * 2 / 5).max(1),
            ..allowed
        };
        // Those of a burst come on top of those of the minute.
        let burst = allowed.batches_a_minute.div_ceil(8);
        let batches = NonZeroU32::new(allowed.batches_a_minute - burst).map(|a_minute| rate(a_minute, burst));
        Self(Arc::new(Inner { all: Way::of(allowed), background: Way::of(less), batches, closures }))
    }

    /// Whether one more batch is free, which is taken then. Nobody waits for one: its parts can be sent one by one.
    pub(crate) fn takes_batch(&self) -> bool {
        self.0.batches.as_ref().is_some_and(|batches| batches.check().is_ok())
    }

    /// Waits for a free way; [`ProviderError::Busy`] while the company asks to be left alone.
    pub(crate) async fn enter(&self, lane: Lane) -> Result<Entered, ProviderError> {
        self.is_open()?;
        let background = if lane == Lane::Background { self.0.background.enter().await } else { None };
        let all = self.0.all.enter().await;
        self.is_open()?;
        Ok(Entered { permits: [background, all], is_answered: false })
    }

    fn is_open(&self) -> Result<(), ProviderError> {
        left(&self.0.closures.0.calls_until).map_or(Ok(()), |left| Err(ProviderError::Busy(left)))
    }

    /// [`ProviderError::ReadsRefused`] for a while after the company's reads were refused.
    pub(crate) fn may_read(&self) -> Result<(), ProviderError> {
        left(&self.0.closures.0.reads_until).map_or(Ok(()), |_| Err(ProviderError::ReadsRefused))
    }

    /// The company refuses reads: none is sent for a while, whoever waits for it. Writes go on.
    pub(crate) fn close_reads(&self) {
        *self.0.closures.0.reads_until.lock().unwrap_or_else(PoisonError::into_inner) =
            Instant::now().checked_add(READS_CLOSED);
    }

    /// The company asks to be left alone for so long.
    pub(crate) fn close(&self, pause: Duration) {
        *self.0.closures.0.calls_until.lock().unwrap_or_else(PoisonError::into_inner) =
            Instant::now().checked_add(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const ALLOWED: Allowance = Allowance { a_minute: 60, burst: 10, at_once: 5, batches_a_minute: 8 };

    #[tokio::test]
    async fn what_nobody_waits_for_leaves_the_way_free() {
        let gate = Gate::new(ALLOWED);
        let first = gate.enter(Lane::Background).now_or_never().expect("free").expect("open");
        let second = gate.enter(Lane::Background).now_or_never().expect("free").expect("open");
        assert!(gate.enter(Lane::Background).now_or_never().is_none(), "two of five for the background");
        let others: Vec<_> = (0..3).map(|_| gate.enter(Lane::Interactive).now_or_never().expect("free")).collect();
        assert!(gate.enter(Lane::Interactive).now_or_never().is_none(), "five at a time");
        for mut entered in others.into_iter().chain([Ok(first), Ok(second)]).flatten() {
            entered.is_answered();
        }
        assert!(gate.enter(Lane::Interactive).now_or_never().is_some());
    }

    #[tokio::test]
    async fn not_more_than_the_burst_follow_each_other() {
        let gate = Gate::new(ALLOWED);
        let enter = || gate.enter(Lane::Interactive).now_or_never()?.ok();
        let made = (0..20).filter_map(|_| enter()).map(|mut entered| entered.is_answered()).count();
        assert_eq!(made, 10);
    }

    #[test]
    fn batches_are_fewer() {
        let gate = Gate::new(ALLOWED);
        assert!(gate.takes_batch());
        assert!(!gate.takes_batch(), "one, and seven in the minute to come");
        assert!(!Gate::new(ALLOWED.shared(9)).takes_batch(), "too few to share");
    }

    #[tokio::test]
    async fn another_gate_of_the_company_is_closed_as_well() {
        let allowed = Allowance { a_minute: 600, burst: 10, at_once: 5, batches_a_minute: 10 };
        let closures = Closures::default();
        let one = Gate::closing_with(allowed, closures.clone());
        one.close(Duration::from_secs(30));
        one.close_reads();
        let other = Gate::closing_with(allowed.shared(2), closures);
        assert!(matches!(other.enter(Lane::Interactive).await, Err(ProviderError::Busy(_))));
        assert!(matches!(other.may_read(), Err(ProviderError::ReadsRefused)));
        assert!(Gate::new(allowed).enter(Lane::Interactive).await.is_ok());
    }

    #[tokio::test]
    async fn a_closed_gate_says_for_how_long() {
        let gate = Gate::new(ALLOWED);
        gate.close(Duration::from_secs(30));
        let refused = gate.enter(Lane::Interactive).await;
        assert!(matches!(refused, Err(ProviderError::Busy(left)) if left.as_secs() >= 29));
    }

    #[tokio::test]
    async fn refused_reads_leave_writes_alone() {
        let gate = Gate::new(ALLOWED);
        assert!(gate.may_read().is_ok());
        gate.close_reads();
        assert!(matches!(gate.may_read(), Err(ProviderError::ReadsRefused)));
        assert!(gate.enter(Lane::Interactive).now_or_never().is_some_and(|entered| entered.is_ok()));
    }

    #[test]
    fn replicas_share_it() {
        let shared = Allowance { a_minute: 420, burst: 60, at_once: 8, batches_a_minute: 40 }.shared(3);
        assert_eq!((shared.a_minute, shared.burst, shared.at_once, shared.batches_a_minute), (140, 20, 2, 13));
    }
}
