//! Security events: each is counted, and logged without personal data. A flood of one event does not flood the log.

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
    /// A token for a page, or a bearer, that nobody has signed.
    TokenRefused,
    /// An OAuth answer, a one-time link or a confirmation of no flow of this browser.
    StateRefused,
    /// A request that another site had a browser send.
    CrossSiteRefused,
    /// An act that only administrators may do, by somebody else or while Pipedrive does not answer.
    RightsRefused,
    /// A user has opened a session of a page, with a token that Pipedrive has signed.
    SessionOpened,
    /// A QuickBooks company was connected.
    Connected,
    /// A QuickBooks company was not connected, because another Pipedrive company uses it.
    CompanyRefused,
    /// A QuickBooks company was disconnected.
    Disconnected,
    /// Settings were saved.
    SettingsChanged,
    /// A user has uninstalled the app.
    Uninstalled,
    /// A stored value cannot be opened: its key is missing, or its row was changed.
    KeyMissing,
}

const KINDS: usize = 12;
/// Lines that one event may fill in the log within [`WINDOW`].
const LINES_MOST: u32 = 20;
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

/// Lets so many lines through in a window, and counts the others.
#[derive(Debug, Clone, Copy, Default)]
struct LogLimit {
    since: Option<Instant>,
    lines: u32,
    suppressed: u64,
}

impl LogLimit {
    /// How many lines were left out before this one; `None` where this one is left out.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            (self.since, self.lines) = (Some(now), 0);
        }
        if self.lines == LINES_MOST {
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
    fn a_flood_fills_no_log_and_is_summed_up_afterwards() {
        let mut limit = LogLimit::default();
        let start = Instant::now();
        let lines = (0..1000).filter(|_| limit.admit(start).is_some()).count();
        assert_eq!(lines, 20);
        assert_eq!(limit.admit(start + WINDOW), Some(980));
        assert_eq!(limit.admit(start + WINDOW), Some(0));
    }
}
