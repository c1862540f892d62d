//! Counts security events, and logs them without personal data. A flood of one event does not flood the log.

use domain::ids::TenantId;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A security event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A webhook or an uninstall call without a provider's signature.
    SignatureRefused,
    /// An invalid token of a page, or an invalid bearer.
    TokenRefused,
    /// An OAuth callback, a one-time link or a confirmation that belongs to no flow of this browser.
    StateRefused,
    /// A request that another site made the browser send.
    CrossSiteRefused,
    /// An action for administrators, requested by another user or while Pipedrive does not answer.
    RightsRefused,
    /// A user opened a session of a page with a valid token of Pipedrive.
    SessionOpened,
    /// A QuickBooks company was connected.
    Connected,
    /// A QuickBooks company was not connected, because another Pipedrive company uses it.
    CompanyRefused,
    /// A QuickBooks company was disconnected.
    Disconnected,
    /// Settings were saved.
    SettingsChanged,
    /// A user uninstalled the app.
    Uninstalled,
    /// A stored value cannot be opened: its key is missing, or its row was changed.
    KeyMissing,
}

const KINDS: usize = 12;
/// Maximum log lines of one event within [`WINDOW`].
const MAX_LINES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(60);

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::SignatureRefused => "signature_refused",
            Self::TokenRefused => "token_refused",
            Self::StateRefused => "state_refused",
            Self::CrossSiteRefused => "cross_site_refused",
            Self::RightsRefused => "rights_refused",
            Self::SessionOpened => "session_opened",
            Self::Connected => "connected",
            Self::CompanyRefused => "company_refused",
            Self::Disconnected => "disconnected",
            Self::SettingsChanged => "settings_changed",
            Self::Uninstalled => "uninstalled",
            Self::KeyMissing => "key_missing",
        }
    }
}

/// Limits the log lines of one event, and counts the suppressed ones.
#[derive(Debug, Clone, Copy, Default)]
struct LogLimit {
    since: Option<Instant>,
    lines: u32,
    suppressed: u64,
}

impl LogLimit {
    /// Returns the number of lines that were suppressed before this one. `None` if this one is suppressed.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            (self.since, self.lines) = (Some(now), 0);
        }
        if self.lines == MAX_LINES {
            self.suppressed += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

static LIMITS: Mutex<[LogLimit; KINDS]> = Mutex::new([LogLimit { since: None, lines: 0, suppressed: 0 }; KINDS]);

/// Counts an event and logs it.
pub(crate) fn record(event: Event, tenant: Option<TenantId>) {
    metrics::counter!("fatura_security_events_total", "event" => event.name()).increment(1);
    let admitted = LIMITS.lock().unwrap_or_else(PoisonError::into_inner)[event as usize].admit(Instant::now());
    if let Some(suppressed) = admitted {
        let tenant = tenant.map(|tenant| tenant.0.to_string());
        let event_name = event.name();
        if event == Event::SessionOpened {
            tracing::info!(security.event = event_name, tenant.id = tenant, suppressed, "a security event");
        } else {
            tracing::warn!(security.event = event_name, tenant.id = tenant, suppressed, "a security event");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_event_is_limited_in_the_log_and_counted() {
        let mut limit = LogLimit::default();
        let start = Instant::now();
        let lines = (0..1000).filter(|_| limit.admit(start).is_some()).count();
        assert_eq!(lines, 20);
        assert_eq!(limit.admit(start + WINDOW), Some(980));
        assert_eq!(limit.admit(start + WINDOW), Some(0));
    }
}
