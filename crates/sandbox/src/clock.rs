//! The sandbox's clock: the system's, plus an offset that the control door moves.

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The time zone of QuickBooks' servers.
pub(crate) fn pacific() -> TimeZone {
    static PACIFIC: LazyLock<TimeZone> =
        LazyLock::new(|| TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC));
    PACIFIC.clone()
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Clock {
    offset_seconds: i64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's one clock")]
    pub(crate) fn now(self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.offset_seconds)
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset_seconds += seconds;
    }

    /// Makes it this moment now.
    pub(crate) fn set(&mut self, now: Timestamp) {
        self.offset_seconds += now.as_second() - self.now().as_second();
    }

    /// Seconds since the epoch.
    pub(crate) fn epoch(self) -> i64 {
        self.now().as_second()
    }

    /// QuickBooks' servers live in the Pacific time zone.
    pub(crate) fn pacific(self) -> Zoned {
        self.now().to_zoned(pacific())
    }

    /// As QuickBooks writes `MetaData`: `2026-03-13T08:02:11-07:00`.
    pub(crate) fn quickbooks_seconds(self) -> String {
        self.pacific().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// As QuickBooks writes `time`: with milliseconds.
    pub(crate) fn quickbooks_millis(self) -> String {
        self.pacific().strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }

    /// As Pipedrive writes instants: `2026-03-13T08:02:11Z`.
    pub(crate) fn pipedrive(self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
