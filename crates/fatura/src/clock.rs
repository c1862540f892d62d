//! The clock. Everything that needs the time takes it from here.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock;

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    pub(crate) fn now(self) -> Timestamp {
        Timestamp::now()
    }

    /// Today's date in a time zone; in UTC where the zone is unknown.
    pub(crate) fn today(self, zone: &str) -> Date {
        self.now().to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)).date()
    }
}
