//! The clock. Everything that needs the time takes it from here.
//!
//! Leases are given and taken by it, so all replicas go by one clock: that of their database. Between two looks at it the
//! time runs on evenly, whatever happens to the machine's own clock.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

/// Less is no more than it takes to ask.
const MAX_SKEW: SignedDuration = SignedDuration::from_secs(2);

/// The clock that a service goes by; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<RwLock<Seen>>);

/// A reading of the clock.
#[derive(Debug, Clone, Copy)]
struct Seen {
    time: Timestamp,
    at: Instant,
}

/// The machine's own time.
#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
pub(crate) fn of_this_machine() -> Timestamp {
    Timestamp::now()
}

impl Clock {
    /// A clock that shows this time now.
    pub(crate) fn showing(time: Timestamp) -> Self {
        Self(Arc::new(RwLock::new(Seen { time, at: Instant::now() })))
    }

    pub(crate) fn now(&self) -> Timestamp {
        let seen = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        SignedDuration::try_from(seen.at.elapsed()).map_or(seen.time, |since| seen.time + since)
    }

    /// Sets it right by what was read at some moment; true where it was ahead.
    pub(crate) fn set(&self, time: Timestamp, at: Instant) -> bool {
        let before = self.now();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Seen { time, at };
        before > self.now() + MAX_SKEW
    }

    /// Today's date in a time zone; in UTC where the zone is unknown.
    pub(crate) fn today(&self, zone: &str) -> Date {
        self.now().to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)).date()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today(at: &str, zone: &str) -> String {
        Clock::showing(at.parse().expect("a moment")).today(zone).to_string()
    }

    #[test]
    fn today_is_the_companys_own_date() {
        let table = [
            ("2026-03-14T02:59:00Z", "America/Sao_Paulo", "2026-03-13"),
            ("2026-03-14T03:01:00Z", "America/Sao_Paulo", "2026-03-14"),
            ("2026-03-13T11:30:00Z", "Pacific/Auckland", "2026-03-14"),
            ("2026-03-14T09:30:00Z", "Pacific/Pago_Pago", "2026-03-13"),
            ("2026-03-13T10:30:00Z", "Pacific/Kiritimati", "2026-03-14"),
            // The night in which Los Angeles loses an hour, and the one in which it gets it back.
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
