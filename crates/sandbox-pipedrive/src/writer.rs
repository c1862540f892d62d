//! The author of a change.

use crate::users::User;

/// Author, time (RFC 3339) and source of a change.
pub(crate) struct Writer {
    pub(crate) user: User,
    pub(crate) now: String,
    /// `api`, or `app` for Pipedrive's own page.
    pub(crate) source: &'static str,
    pub(crate) currency: String,
}

impl Writer {
    /// Returns the time in the form of v1: `2026-11-24 10:00:00`, in UTC.
    pub(crate) fn v1_now(&self) -> String {
        v1_time(&self.now)
    }
}

/// Converts a time to the form of v1, which has no zone and is in UTC.
pub(crate) fn v1_time(now: &str) -> String {
    now.replace('T', " ").trim_end_matches('Z').to_owned()
}
