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
const AHEAD: SignedDuration = SignedDuration::from_secs(2);

/// The clock that a service goes by; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<RwLock<Seen>>);

/// What time it was when somebody looked.
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
        before > self.now() + AHEAD
    }

    /// Today's date in a time zone; in UTC where the zone is unknown.
    pub(crate) fn today(&self, zone: &str) -> Date {
        self.now().to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)).date()
    }
}
