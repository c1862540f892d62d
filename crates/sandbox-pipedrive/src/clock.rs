//! Times as Pipedrive writes them.

use sandbox_core::clock::Clock;

/// The clock's time in Pipedrive's format.
pub(crate) trait PipedriveTime {
    /// Formats the time: `2026-03-13T08:02:11Z`.
    fn pipedrive(self) -> String;
}

impl PipedriveTime for Clock {
    fn pipedrive(self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
