//! Instants as the database keeps them: microseconds since the epoch, UTC.

use crate::Error;
use jiff::{SignedDuration, Timestamp};

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn instant(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|_| Error::Unreadable("instant"))
}

/// A lease that ends after this was given by a clock that was wrong, when now is right: nobody holds it. `until` is when
/// one ends that is given now.
pub(crate) fn beyond(until: Timestamp) -> i64 {
    micros(until + SignedDuration::from_mins(10))
}
