//! Details for support, which a person copies by one button: what finds a failed call again, here and at Intuit. No name, no amount and no
//! secret is among them.

use crate::{flows, format::Writer};
use askama::Template;
use i18n_embed_fl::fl;
use jiff::{Timestamp, Unit};
use providers::{ProviderError, Refusal};
use std::fmt::Write;

/// The failure and its time.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub(super) reference: String,
    pub(super) at: Option<Timestamp>,
    pub(super) code: String,
    /// Intuit's id of the call.
    pub(super) call: String,
}

impl Failure {
    /// One line for each detail that is known. In English: operators and Intuit read it.
    pub(super) fn details(&self) -> String {
        let at = self.at.and_then(|at| at.round(Unit::Second).ok()).map(|at| at.to_string()).unwrap_or_default();
        let mut details = format!("Fatura {}", env!("CARGO_PKG_VERSION"));
        for (name, value) in
            [("reference", &self.reference), ("time", &at), ("code", &self.code), ("intuit_tid", &self.call)]
        {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:, ".contains(c);
            if !value.is_empty() && value.chars().all(is_plain) {
                let _ = write!(details, "\n{name}: {value}");
            }
        }
        details
    }
}

/// Code and id of the call that a flow failed with, where a provider has refused one.
pub(super) fn call_of(error: &flows::Error) -> (String, String) {
    let of = |refusal: &Refusal| (refusal.code.clone(), refusal.call_id.to_string());
    match error {
        flows::Error::QuickBooks(error) | flows::Error::Pipedrive(error) => match error {
            ProviderError::Refused(refusal) => of(refusal),
            ProviderError::NotPermitted(refusal) | ProviderError::WrongEnvironment(refusal) => of(refusal),
            ProviderError::Blocked(status) => (status.to_string(), String::new()),
            _ => Default::default(),
        },
        _ => Default::default(),
    }
}

#[derive(Template)]
#[template(path = "support.html")]
pub(super) struct Support {
    pub(super) w: Writer,
    pub(super) details: Option<String>,
}

/// The details with their button, as a part of a page.
pub(super) fn part(w: Writer, failure: &Failure) -> String {
    Support { w, details: Some(failure.details()) }.render().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_for_support_hold_what_finds_a_call_again_and_nothing_odd() {
        let at = "2026-11-30T10:15:30.9Z".parse().ok();
        let failure = Failure { reference: "4f1c".into(), at, code: "6240".into(), call: "1-5f2a".into() };
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            failure.details(),
            format!("Fatura {version}\nreference: 4f1c\ntime: 2026-11-30T10:15:31Z\ncode: 6240\nintuit_tid: 1-5f2a")
        );
        let odd = Failure { reference: "4f1c".into(), at: None, code: "<b>".into(), call: "a\nb".into() };
        assert_eq!(odd.details(), format!("Fatura {version}\nreference: 4f1c"));
    }

    #[test]
    fn the_call_that_was_refused_is_named() {
        let refusal =
            Refusal { code: "6190".into(), detail: "Acme".into(), call_id: "1-a".into(), ..Refusal::default() };
        let error = flows::Error::QuickBooks(ProviderError::Refused(refusal));
        assert_eq!(call_of(&error), ("6190".into(), "1-a".into()));
        assert_eq!(call_of(&flows::Error::QuickBooks(ProviderError::Blocked(403))), ("403".into(), String::new()));
        assert_eq!(call_of(&flows::Error::NotFound), Default::default());
    }
}
