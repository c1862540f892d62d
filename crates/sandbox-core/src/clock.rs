//! The sandbox's clock: the system's time plus an offset that the control port moves.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A clock. Its only state is the offset, so that a copy reads the same time.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Clock {
    offset_seconds: i64,
}

impl Clock {
    /// Returns the current time of the sandbox.
    #[expect(clippy::disallowed_methods, reason = "this is the sandbox's one clock")]
    pub fn now(self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.offset_seconds)
    }

    /// Moves the clock by a number of seconds.
    pub fn advance(&mut self, seconds: i64) {
        self.offset_seconds += seconds;
    }

    /// Sets the current time.
    pub fn set(&mut self, now: Timestamp) {
        self.offset_seconds += now.as_second() - self.now().as_second();
    }

    /// Returns the current time in seconds since the epoch.
    pub fn epoch_seconds(self) -> i64 {
        self.now().as_second()
    }
}
