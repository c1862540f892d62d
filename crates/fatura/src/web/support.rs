//! Details for support, which a user copies with one button. They identify a failed call in Fatura's log and at Intuit. They contain no
//! names, amounts or secrets.

use crate::{flows, format::Writer};
use askama::Template;
use i18n_embed_fl::fl;
use jiff::{Timestamp, Unit};
use providers::{ProviderError, Refusal};
use std::fmt::Write;

/// A failure, as support needs it.
#[derive(Debug, Default)]
pub(super) struct Failure {
    pub(super) reference: String,
    pub(super) at: Option<Timestamp>,
    pub(super) code: String,
    /// Intuit's id of the call.
    pub(super) call_id: String,
}

impl Failure {
    /// Returns one line for each detail, in English, because operators and Intuit read it. Skips empty values and those with unexpected
    /// characters.
    pub(super) fn details(&self) -> String {
        let at = self.at.and_then(|at| at.round(Unit::Second).ok()).map(|at| at.to_string()).unwrap_or_default();
        let mut details = format!("Fatura {}", env!("CARGO_PKG_VERSION"));
        for (name, value) in
            [("reference", &self.reference), ("time", &at), ("code", &self.code), ("intuit_tid", &self.call_id)]
        {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:, ".contains(c);
            if !value.is_empty() && value.chars().all(is_plain) {
                let _ = write!(details, "\n{name}: {value}");
            }
        }
        details
    }
}

/// Returns the code and the call id of a provider's refusal; both are empty for other errors.
pub(super) fn find_refused_call(error: &flows::Error) -> (String, String) {
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

/// Renders the details and their copy button, as a fragment of a page.
pub(super) fn render_details(w: Writer, failure: &Failure) -> String {
    Support { w, details: Some(failure.details()) }.render().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_details_identify_a_call_and_skip_unexpected_characters() {
        let at = "2026-11-30T10:15:30.9Z".parse().ok();
        let failure = Failure { reference: "4f1c".into(), at, code: "6240".into(), call_id: "1-5f2a".into() };
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            failure.details(),
            format!("Fatura {version}\nreference: 4f1c\ntime: 2026-11-30T10:15:31Z\ncode: 6240\nintuit_tid: 1-5f2a")
        );
        let odd = Failure { reference: "4f1c".into(), at: None, code: "<b>".into(), call_id: "a\nb".into() };
        assert_eq!(odd.details(), format!("Fatura {version}\nreference: 4f1c"));
    }

    #[test]
    fn a_refused_call_is_identified_by_its_code_and_id() {
        let refusal =
            Refusal { code: "6190".into(), detail: "Acme".into(), call_id: "1-a".into(), ..Refusal::default() };
        let error = flows::Error::QuickBooks(ProviderError::Refused(refusal));
        assert_eq!(find_refused_call(&error), ("6190".into(), "1-a".into()));
        assert_eq!(
            find_refused_call(&flows::Error::QuickBooks(ProviderError::Blocked(403))),
            ("403".into(), String::new())
        );
        assert_eq!(find_refused_call(&flows::Error::NotFound), Default::default());
    }
}
