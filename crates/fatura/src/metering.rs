//! Counts this process's calls to QuickBooks in memory, and adds the counts to the database every few seconds.
//!
//! A crash loses the counts since the last flush, so a month's count may be slightly lower than Intuit's. An orderly end loses nothing.
//! Calls in the last seconds of a month count for the next one.

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

/// Interval of adding the counts to the database.
pub(crate) const FLUSH_INTERVAL: Duration = Duration::from_secs(3);

/// The company that is called. `None` while a company is being connected.
type Owner = Option<(TenantId, ConnectionId)>;

/// The counts of this process, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metering(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    /// Reads that a month allows. `None` means no limit.
    limit: Option<u64>,
    /// The pause of background reads after QuickBooks refused reads.
    refusal_pause: SignedDuration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts that are not added to the database yet.
    pending: HashMap<Owner, Usage>,
    /// A month and its calls, as last read from the database.
    stored: (Month, Usage),
    bucket: Bucket,
    replicas: u32,
    /// The company whose reads were refused last, unless a read was answered since.
    refused: Owner,
    /// The end of the pause of all background reads, which begins when a second company is refused.
    paused_until: Option<Timestamp>,
    /// The last threshold of which a warning was logged.
    warned: Option<(Month, u8)>,
}

impl State {
    fn add(&mut self, owner: Owner, reads: i64, writes: i64) {
        let pending = self.pending.entry(owner).or_default();
        pending.reads += reads;
        pending.writes += writes;
    }

    /// The reads of this month: those in the database and those that this process has not added yet.
    fn count_used(&self, now: Timestamp) -> u64 {
        let (month, stored) = self.stored;
        let stored = if month == budget::month_of(now) { stored.reads } else { 0 };
        u64::try_from(stored + self.pending.values().map(|usage| usage.reads).sum::<i64>()).unwrap_or(0)
    }

    /// Fills the bucket with this replica's part of the reads that may be spent.
    fn fill_bucket(&mut self, limit: u64, now: Timestamp) {
        self.bucket.fill(budget::compute_spendable(limit, self.count_used(now), now), self.replicas, now);
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

    /// The meter for calls to a company.
    pub(crate) fn meter_for(&self, owner: Owner) -> Arc<dyn Meter> {
        Arc::new(Counter { metering: self.clone(), owner })
    }

    /// Counts the companies that a sweep may read now: none while background reads are paused.
    pub(crate) fn count_sweepable(&self) -> u64 {
        let now = self.0.clock.now();
        let mut state = self.state();
        match self.0.limit {
            _ if state.is_paused(now) => 0,
            None => u64::MAX,
            Some(limit) => {
                state.fill_bucket(limit, now);
                state.bucket.count_for_sweeps()
            }
        }
    }

    /// The time at which refused reads are tried again: after the pause, or in the next month if that is earlier. Its jitter separates the
    /// companies.
    pub(crate) fn retry_at(&self, now: Timestamp) -> Timestamp {
        let spread = SignedDuration::from_secs(fastrand::i64(1..=300)).min(self.0.refusal_pause / 4);
        (now + self.0.refusal_pause).min(budget::find_next_month(now)) + spread
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
                state.fill_bucket(limit, now);
                state.bucket.try_spend(reads.into())
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
        // A refusal of one company may have a cause in that company.
        let is_another = self.owner.is_some() && state.refused.is_some() && state.refused != self.owner;
        if is_another && !state.is_paused(now) {
            state.paused_until = Some(self.metering.retry_at(now));
            tracing::error!("QuickBooks refuses the reads of several companies: the month's reads may be used up");
        }
        state.refused = self.owner.or(state.refused);
    }
}

/// Counts that are being added to the database. If that fails or is cancelled, dropping returns them to the pending counts.
struct Flush<'a> {
    metering: &'a Metering,
    pending: HashMap<Owner, Usage>,
}

impl Drop for Flush<'_> {
    fn drop(&mut self) {
        let mut state = self.metering.state();
        for (owner, usage) in mem::take(&mut self.pending) {
            state.add(owner, usage.reads, usage.writes);
        }
    }
}

/// Adds the counts to the database, reads those of other replicas, and logs a warning at each threshold.
///
/// # Errors
///
/// If the database does not answer. The counts are kept for the next flush.
pub(crate) async fn flush(metering: &Metering, db: &Db, replicas: u32) -> Result<(), Error> {
    let month = budget::month_of(metering.0.clock.now());
    let mut flush = Flush { metering, pending: mem::take(&mut metering.state().pending) };
    let calls = add_counts(db, month, &flush.pending).await?;
    flush.pending.clear();
    let budget = Budget::of(month, calls, metering.0.limit);
    let new_threshold = {
        let mut state = metering.state();
        state.stored = (month, calls);
        state.replicas = replicas;
        let reached = budget.threshold.filter(|percent| state.warned < Some((month, *percent)));
        state.warned = reached.map(|percent| (month, percent)).or(state.warned);
        reached
    };
    if let (Some(percent), Some(limit)) = (new_threshold, budget.limit) {
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

/// Adds the counts in the order of the connections, and to the row of the app last, so that replicas do not deadlock.
async fn add_counts(db: &Db, month: Month, pending: &HashMap<Owner, Usage>) -> Result<Usage, Error> {
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
        let clock = Clock::starting_at("2026-11-10T12:00:00Z".parse().expect("a valid timestamp"));
        Metering::new(clock, limit, SignedDuration::from_hours(1))
    }

    fn meter_for_new_company(metering: &Metering) -> Arc<dyn Meter> {
        metering.meter_for(Some((TenantId(Uuid::new_v4()), ConnectionId(Uuid::new_v4()))))
    }

    #[test]
    fn background_reads_are_held_back_and_no_count_is_lost() {
        let metering = metering(Some(3));
        let meter = meter_for_new_company(&metering);
        assert!(meter.admit_reads(1));
        meter.count_call(READ);
        assert!(!meter.admit_reads(1), "the budget is less than one read a day");
        meter.count_call(Cost { reads: 8, writes: 1 });
        meter.uncount_call(READ);
        let pending: Vec<Usage> = metering.state().pending.values().copied().collect();
        assert_eq!(pending, [Usage { reads: 8, writes: 1 }]);
        assert_eq!(metering.count_sweepable(), 0);
    }

    #[test]
    fn one_company_that_refuses_holds_up_no_other() {
        let metering = metering(None);
        let (one, other) = (meter_for_new_company(&metering), meter_for_new_company(&metering));
        one.record_answer(true);
        one.record_answer(true);
        assert!(other.admit_reads(1));
        other.record_answer(true);
        assert!(!one.admit_reads(1) && !other.admit_reads(1), "two companies are refused");
        assert_eq!(metering.count_sweepable(), 0);
        one.record_answer(false);
        assert!(other.admit_reads(1), "a read was answered");
    }

    #[test]
    fn refused_reads_are_retried_after_an_hour_or_in_the_next_month() {
        let metering = metering(None);
        let now: Timestamp = "2026-11-10T12:00:00Z".parse().expect("a valid timestamp");
        for _ in 0..100 {
            let wait = metering.retry_at(now).duration_since(now);
            assert!(wait > SignedDuration::from_hours(1) && wait <= SignedDuration::from_mins(65), "{wait}");
        }
        let evening: Timestamp = "2026-11-30T23:50:00Z".parse().expect("a valid timestamp");
        assert!(metering.retry_at(evening).duration_since(evening) <= SignedDuration::from_mins(15));
    }
}
