//! The counts of QuickBooks' calls in this process: gathered in memory, and added to the database every few seconds.
//!
//! A crash loses what was counted since then, a few seconds' calls. So the count of a month may be slightly lower than
//! Intuit's; an orderly end loses nothing. Calls of the last seconds of a month count for the next.

use crate::{
    budget::{self, Bucket, Budget},
    clock::Clock,
};
use domain::ids::{ConnectionId, TenantId};
use jiff::{SignedDuration, Timestamp};
use providers::{Cost, Meter};
use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::{
    Db, Error,
    usage::{self, Month, Usage},
};

/// How often counts are added to the database.
pub(crate) const FLUSH_INTERVAL: Duration = Duration::from_secs(3);

/// Whose calls they are; nobody's while a company is being connected.
type Owner = Option<(TenantId, ConnectionId)>;

/// The counts of this process, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metering(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    /// Reads in a month; `None` without a limit.
    limit: Option<u64>,
    /// The pause after reads were refused.
    refusal_pause: SignedDuration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Not added to the database yet.
    pending: HashMap<Owner, Usage>,
    /// The month, and its calls in the database.
    known: (Month, Usage),
    bucket: Bucket,
    replicas: u32,
    /// The company whose reads were refused last, if none was answered since.
    refused: Owner,
    /// Nothing is read in the background until then: more than one company has refused.
    paused_until: Option<Timestamp>,
    warned: Option<(Month, u8)>,
}

impl State {
    fn add(&mut self, owner: Owner, reads: i64, writes: i64) {
        let pending = self.pending.entry(owner).or_default();
        pending.reads += reads;
        pending.writes += writes;
    }

    /// The reads of this month, as far as this process has counted them or seen those of others.
    fn used(&self, now: Timestamp) -> u64 {
        let (month, known) = self.known;
        let known = if month == budget::month(now) { known.reads } else { 0 };
        u64::try_from(known + self.pending.values().map(|usage| usage.reads).sum::<i64>()).unwrap_or(0)
    }

    /// Fills the bucket with this replica's part of what may be spent.
    fn fill(&mut self, limit: u64, now: Timestamp) {
        self.bucket.fill(budget::spendable(limit, self.used(now), now), self.replicas, now);
    }

    fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }
}

impl Metering {
    pub(crate) fn new(clock: Clock, limit: Option<u64>, refusal_pause: SignedDuration) -> Self {
        Self(Arc::new(Inner { clock, limit, refusal_pause, state: Mutex::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The meter of a company; of nobody's calls while it is being connected.
    pub(crate) fn of(&self, owner: Owner) -> Arc<dyn Meter> {
        Arc::new(Counter { metering: self.clone(), owner })
    }

    /// Companies that a sweep may have read now: none while reads are refused.
    pub(crate) fn count_sweepable(&self) -> u64 {
        let now = self.0.clock.now();
        let mut state = self.state();
        match self.0.limit {
            _ if state.is_paused(now) => 0,
            None => u64::MAX,
            Some(limit) => {
                state.fill(limit, now);
                state.bucket.for_sweeps()
            }
        }
    }

    /// When reads are tried again that were refused: after the pause, or when the month turns. Companies come back one after the other.
    pub(crate) fn retry_at(&self, now: Timestamp) -> Timestamp {
        let spread = SignedDuration::from_secs(fastrand::i64(1..=300)).min(self.0.refusal_pause / 4);
        (now + self.0.refusal_pause).min(budget::next_month(now)) + spread
    }
}

/// Counts the calls of one company.
#[derive(Debug)]
struct Counter {
    metering: Metering,
    owner: Owner,
}

impl Meter for Counter {
    fn admit_reads(&self, reads: u32) -> bool {
        let inner = &self.metering.0;
        let now = inner.clock.now();
        let mut state = self.metering.state();
        let is_admitted = match inner.limit {
            _ if state.is_paused(now) => false,
            None => true,
            Some(limit) => {
                state.fill(limit, now);
                state.bucket.take(reads.into())
            }
        };
        if !is_admitted {
            metrics::counter!("fatura_quickbooks_held_back_total").increment(1);
        }
        is_admitted
    }

    fn count_call(&self, cost: Cost) {
        self.metering.state().add(self.owner, cost.reads.into(), cost.writes.into());
    }

    fn uncount_call(&self, cost: Cost) {
        self.metering.state().add(self.owner, -i64::from(cost.reads), -i64::from(cost.writes));
    }

    fn record_answer(&self, is_refused: bool) {
        let mut state = self.metering.state();
        if !is_refused {
            state.refused = None;
            state.paused_until = None;
            return;
        }
        metrics::counter!("fatura_quickbooks_reads_refused_total").increment(1);
        let now = self.metering.0.clock.now();
        // One company alone may have trouble of its own.
        let is_another = self.owner.is_some() && state.refused.is_some() && state.refused != self.owner;
        if is_another && !state.is_paused(now) {
            state.paused_until = Some(self.metering.retry_at(now));
            tracing::error!("QuickBooks refuses the reads of several companies: the month's reads may be used up");
        }
        state.refused = self.owner.or(state.refused);
    }
}

/// Counts on their way to the database. Those that have not arrived are counted again with the next: also where a time limit ends the
/// flush.
struct Taken<'a> {
    metering: &'a Metering,
    pending: HashMap<Owner, Usage>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.metering.state();
        for (owner, usage) in mem::take(&mut self.pending) {
            state.add(owner, usage.reads, usage.writes);
        }
    }
}

/// Adds what was counted to the database, warns of thresholds, and reads what other replicas have added.
///
/// # Errors
///
/// Where the database does not answer; the counts are kept for the next time.
pub(crate) async fn flush(metering: &Metering, db: &Db, replicas: u32) -> Result<(), Error> {
    let month = budget::month(metering.0.clock.now());
    let mut taken = Taken { metering, pending: mem::take(&mut metering.state().pending) };
    let calls = add(db, month, &taken.pending).await?;
    taken.pending.clear();
    let budget = Budget::of(month, calls, metering.0.limit);
    let news = {
        let mut state = metering.state();
        state.known = (month, calls);
        state.replicas = replicas;
        let news = budget.threshold.filter(|percent| state.warned < Some((month, *percent)));
        state.warned = news.map(|percent| (month, percent)).or(state.warned);
        news
    };
    if let (Some(percent), Some(limit)) = (news, budget.limit) {
        let mut tx = db.begin().await?;
        let is_first = usage::mark_warned(&mut tx, month, percent.into()).await?;
        tx.commit().await?;
        if is_first {
            tracing::warn!(
                month,
                used = budget.used,
                limit,
                percent,
                "QuickBooks' reads of the month are used up to this percentage"
            );
        }
    }
    Ok(())
}

/// In the order of the connections, so that replicas do not wait for each other in a circle; the row of all comes last.
async fn add(db: &Db, month: Month, pending: &HashMap<Owner, Usage>) -> Result<Usage, Error> {
    if pending.is_empty() {
        let mut tx = db.read().await?;
        return usage::find_of_app(&mut tx, month).await;
    }
    let mut tx = db.begin().await?;
    let mut all = Usage::default();
    let mut pending: Vec<(&Owner, &Usage)> = pending.iter().collect();
    pending.sort_unstable_by_key(|(owner, _)| owner.map(|(_, connection)| connection.0));
    for (owner, usage) in pending {
        all = Usage { reads: all.reads + usage.reads, writes: all.writes + usage.writes };
        if let Some((tenant, connection)) = owner {
            usage::add_to_connection(&mut tx, *tenant, *connection, month, *usage).await?;
        }
    }
    let calls = usage::add_to_app(&mut tx, month, all).await?;
    tx.commit().await?;
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const READ: Cost = Cost { reads: 1, writes: 0 };

    fn metering(limit: Option<u64>) -> Metering {
        let clock = Clock::showing("2026-11-10T12:00:00Z".parse().expect("a moment"));
        Metering::new(clock, limit, SignedDuration::from_hours(1))
    }

    fn meter_of_another(metering: &Metering) -> Arc<dyn Meter> {
        metering.of(Some((TenantId(Uuid::new_v4()), ConnectionId(Uuid::new_v4()))))
    }

    #[test]
    fn the_background_is_held_back_and_no_count_is_lost() {
        let metering = metering(Some(3));
        let meter = meter_of_another(&metering);
        assert!(meter.admit_reads(1));
        meter.count_call(READ);
        assert!(!meter.admit_reads(1), "one a day, and less");
        meter.count_call(Cost { reads: 8, writes: 1 });
        meter.uncount_call(READ);
        let pending: Vec<Usage> = metering.state().pending.values().copied().collect();
        assert_eq!(pending, [Usage { reads: 8, writes: 1 }]);
        assert_eq!(metering.count_sweepable(), 0);
    }

    #[test]
    fn one_company_that_refuses_holds_up_no_other() {
        let metering = metering(None);
        let (one, other) = (meter_of_another(&metering), meter_of_another(&metering));
        one.record_answer(true);
        one.record_answer(true);
        assert!(other.admit_reads(1));
        other.record_answer(true);
        assert!(!one.admit_reads(1) && !other.admit_reads(1), "two refuse: the app is refused");
        assert_eq!(metering.count_sweepable(), 0);
        one.record_answer(false);
        assert!(other.admit_reads(1), "somebody was answered");
    }

    #[test]
    fn refused_reads_are_tried_again_after_an_hour_or_when_the_month_turns() {
        let metering = metering(None);
        let now: Timestamp = "2026-11-10T12:00:00Z".parse().expect("a moment");
        for _ in 0..100 {
            let wait = metering.retry_at(now).duration_since(now);
            assert!(wait > SignedDuration::from_hours(1) && wait <= SignedDuration::from_mins(65), "{wait}");
        }
        let evening: Timestamp = "2026-11-30T23:50:00Z".parse().expect("a moment");
        assert!(metering.retry_at(evening).duration_since(evening) <= SignedDuration::from_mins(15));
    }
}
