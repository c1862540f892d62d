//! Limits of calls and the counters behind them: requests and batches of each company, and the app's reads in a month.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How a read beyond the month's limit is refused. No recording shows QuickBooks' answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadRefusal {
    /// HTTP 429 with `Retry-After` up to the next month.
    #[default]
    Throttle,
    /// HTTP 403 in the gateway's envelope, of type `SERVICE`.
    Forbidden,
}

/// Limits (the reference, 2.6). Zero means no limit.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) requests_per_minute: u32,
    pub(crate) batches_per_minute: u32,
    pub(crate) requests_per_second: u32,
    pub(crate) concurrent: u32,
    /// Reads of all companies together in a calendar month (UTC), counted from the time at which the limit is set.
    pub(crate) reads_per_month: u32,
    /// How reads beyond the limit are refused.
    pub(crate) read_refusal: ReadRefusal,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_minute: 500, batches_per_minute: 40, requests_per_second: 0, concurrent: 10, ..Self::NONE }
    }
}

impl Limits {
    /// No limit at all.
    pub(crate) const NONE: Self = Self {
        requests_per_minute: 0,
        batches_per_minute: 0,
        requests_per_second: 0,
        concurrent: 0,
        reads_per_month: 0,
        read_refusal: ReadRefusal::Throttle,
    };
}

/// Usage of one company.
#[derive(Debug, Default)]
struct Usage {
    minute: i64,
    requests: u32,
    batches: u32,
    second: i64,
    this_second: u32,
    running: u32,
}

/// The counters of all companies.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    limits: Mutex<Limits>,
    usage: Mutex<HashMap<String, Usage>>,
    month: Mutex<Month>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meter {
    pub(crate) fn set_limits(&self, limits: Limits) {
        *lock(&self.limits) = limits;
        lock(&self.usage).clear();
        *lock(&self.month) = Month::default();
    }

    /// Returns the reads of this month since the limits were set.
    pub(crate) fn reads_this_month(&self) -> u32 {
        lock(&self.month).reads()
    }

    /// Counts reads. Returns the kind of refusal if they exceed the month's limit.
    pub(crate) fn count_reads(&self, reads: u32, now: Timestamp) -> Option<ReadRefusal> {
        let limits = self.limits();
        (!lock(&self.month).count(reads, limits.reads_per_month, now)).then_some(limits.read_refusal)
    }

    pub(crate) fn limits(&self) -> Limits {
        *lock(&self.limits)
    }

    /// Counts a request. Returns false if it exceeds a limit.
    pub(crate) fn begin_request(&self, realm: &str, is_batch: bool, now: i64) -> bool {
        let limits = self.limits();
        let mut all = lock(&self.usage);
        let usage = all.entry(realm.to_owned()).or_default();
        if usage.minute != now / 60 {
            *usage = Usage { minute: now / 60, running: usage.running, ..Usage::default() };
        }
        if usage.second != now {
            (usage.second, usage.this_second) = (now, 0);
        }
        let is_over = |count: u32, limit: u32| limit > 0 && count >= limit;
        if is_over(usage.requests, limits.requests_per_minute)
            || is_over(usage.this_second, limits.requests_per_second)
            || is_over(usage.running, limits.concurrent)
            || (is_batch && is_over(usage.batches, limits.batches_per_minute))
        {
            return false;
        }
        usage.requests += 1;
        usage.this_second += 1;
        usage.batches += u32::from(is_batch);
        usage.running += 1;
        true
    }

    pub(crate) fn end_request(&self, realm: &str) {
        if let Some(usage) = lock(&self.usage).get_mut(realm) {
            usage.running = usage.running.saturating_sub(1);
        }
    }
}

/// The app's reads in one month, which begins at midnight UTC.
#[derive(Debug, Default)]
struct Month {
    month: (i16, i8),
    reads: u32,
}

impl Month {
    /// Counts reads. Returns false if they exceed the limit. A limit of zero means none.
    fn count(&mut self, reads: u32, limit: u32, now: Timestamp) -> bool {
        let date = now.to_zoned(TimeZone::UTC).date();
        let month = (date.year(), date.month());
        if self.month != month {
            *self = Self { month, reads: 0 };
        }
        if reads > 0 && limit > 0 && self.reads.saturating_add(reads) > limit {
            return false;
        }
        self.reads = self.reads.saturating_add(reads);
        true
    }

    fn reads(&self) -> u32 {
        self.reads
    }
}
