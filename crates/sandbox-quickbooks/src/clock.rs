//! Times as QuickBooks writes them, in the time zone of its servers.

use jiff::{Zoned, tz::TimeZone};
use sandbox_core::clock::Clock;
use std::sync::LazyLock;

/// Returns the time zone of QuickBooks' servers.
pub(crate) fn pacific_zone() -> TimeZone {
    static PACIFIC: LazyLock<TimeZone> =
        LazyLock::new(|| TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC));
    PACIFIC.clone()
}

/// The clock's time in QuickBooks' formats.
pub(crate) trait PacificTime {
    /// Returns the time in the Pacific zone.
    fn pacific(self) -> Zoned;
    /// Formats the time as in `MetaData`: `2026-03-13T08:02:11-07:00`.
    fn quickbooks_seconds(self) -> String;
    /// Formats the time as in the member `time` of an answer, with milliseconds.
    fn quickbooks_millis(self) -> String;
}

impl PacificTime for Clock {
    fn pacific(self) -> Zoned {
        self.now().to_zoned(pacific_zone())
    }

    fn quickbooks_seconds(self) -> String {
        self.pacific().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    fn quickbooks_millis(self) -> String {
        self.pacific().strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }
}
