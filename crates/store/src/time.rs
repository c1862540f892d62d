//! Timestamps in the database: microseconds since the Unix epoch.

use crate::Error;
use jiff::{SignedDuration, Timestamp};

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn instant(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|_| Error::Unreadable("instant"))
}

/// The latest plausible end of a lease, where a lease taken now ends at `until`. A lease that ends later was set by a clock that was ahead,
/// and counts as free.
pub(crate) fn max_lease_end(until: Timestamp) -> i64 {
    micros(until + SignedDuration::from_mins(10))
}
