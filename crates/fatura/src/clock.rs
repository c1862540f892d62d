//! The clock. Everything that needs the time takes it from here.
//!
//! Leases depend on it, so all replicas use the clock of their database. Between two readings the time advances monotonically, and
//! changes of the machine's own clock have no effect.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

/// A smaller skew may come from the duration of a reading.
const MAX_SKEW: SignedDuration = SignedDuration::from_secs(2);
/// The skew from which the machine's clock counts as ahead. The job queue uses the machine's clock, and its pauses are often longer than a
/// smaller skew.
const MAX_MACHINE_SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Time after a clock was ahead in which work that began before may still store timestamps in the future. Longer than any job.
const CORRECTION_PERIOD: Duration = Duration::from_secs(150);

/// The clock of the service; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<RwLock<Reading>>);

/// A reading of the database's clock.
#[derive(Debug, Clone, Copy)]
struct Reading {
    time: Timestamp,
    at: Instant,
    is_machine_ahead: bool,
    /// The last reading that showed that a clock was ahead.
    corrected_at: Option<Instant>,
}

/// The time of the machine's own clock.
#[expect(clippy::disallowed_methods, reason = "all other code uses `Clock`")]
pub(crate) fn system_time() -> Timestamp {
    Timestamp::now()
}

impl Clock {
    /// Creates a clock whose current time is `time`.
    pub(crate) fn starting_at(time: Timestamp) -> Self {
        Self(Arc::new(RwLock::new(Reading { time, at: Instant::now(), is_machine_ahead: false, corrected_at: None })))
    }

    pub(crate) fn now(&self) -> Timestamp {
        let reading = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        SignedDuration::try_from(reading.at.elapsed()).map_or(reading.time, |since| reading.time + since)
    }

    /// Sets the clock to `time`, which was read at `at`, when the machine's own clock said `machine_time`. Returns whether one of the two
    /// clocks was ahead before and is no longer.
    pub(crate) fn set(&self, time: Timestamp, at: Instant, machine_time: Timestamp) -> bool {
        let before = self.now();
        let is_machine_ahead = machine_time > time + MAX_MACHINE_SKEW;
        let mut reading = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let now = SignedDuration::try_from(at.elapsed()).map_or(time, |since| time + since);
        let was_ahead = before > now + MAX_SKEW || (reading.is_machine_ahead && !is_machine_ahead);
        let corrected_at = if was_ahead { Some(at) } else { reading.corrected_at };
        *reading = Reading { time, at, is_machine_ahead, corrected_at };
        was_ahead
    }

    /// Whether work that began while a clock was ahead may still store timestamps in the future.
    pub(crate) fn may_have_stale_work(&self) -> bool {
        let reading = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        reading.corrected_at.is_some_and(|at| at.elapsed() < CORRECTION_PERIOD)
    }

    /// Today's date in a time zone, or in UTC if the zone is unknown.
    pub(crate) fn today(&self, zone: &str) -> Date {
        self.now().to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today(at: &str, zone: &str) -> String {
        Clock::starting_at(at.parse().expect("a valid timestamp")).today(zone).to_string()
    }

    #[test]
    fn reports_once_that_a_clock_was_ahead() {
        let [right, ahead] = ["2026-03-14T12:00:00Z", "2026-03-15T14:00:00Z"].map(|time| time.parse().expect("a time"));
        let clock = Clock::starting_at(ahead);
        let set = |machine_time| clock.set(right, Instant::now(), machine_time);
        assert!(!clock.may_have_stale_work());
        assert!(set(right), "this clock was ahead");
        assert!(clock.may_have_stale_work());
        assert!(!set(right));
        assert!(!set(ahead), "the machine's clock is still ahead");
        assert!(!set(ahead));
        assert!(set(right), "the machine's clock was ahead");
        assert!(!set(right));
        assert!(!set(right + SignedDuration::from_secs(20)) && !set(right), "a small skew");
    }

    #[test]
    fn today_is_the_companys_own_date() {
        let table = [
            ("2026-03-14T02:59:00Z", "America/Sao_Paulo", "2026-03-13"),
            ("2026-03-14T03:01:00Z", "America/Sao_Paulo", "2026-03-14"),
            ("2026-03-13T11:30:00Z", "Pacific/Auckland", "2026-03-14"),
            ("2026-03-14T09:30:00Z", "Pacific/Pago_Pago", "2026-03-13"),
            ("2026-03-13T10:30:00Z", "Pacific/Kiritimati", "2026-03-14"),
            // The nights in which daylight saving time begins and ends in Los Angeles.
            ("2026-03-08T07:59:00Z", "America/Los_Angeles", "2026-03-07"),
            ("2026-03-08T08:01:00Z", "America/Los_Angeles", "2026-03-08"),
            ("2026-03-09T06:59:00Z", "America/Los_Angeles", "2026-03-08"),
            ("2026-03-09T07:01:00Z", "America/Los_Angeles", "2026-03-09"),
            ("2026-11-01T06:59:00Z", "America/Los_Angeles", "2026-10-31"),
            ("2026-11-02T07:59:00Z", "America/Los_Angeles", "2026-11-01"),
            ("2026-11-02T08:01:00Z", "America/Los_Angeles", "2026-11-02"),
            ("2028-02-29T23:59:00Z", "no such zone", "2028-02-29"),
        ];
        for (at, zone, date) in table {
            assert_eq!(today(at, zone), date, "{at} in {zone}");
        }
    }
}
