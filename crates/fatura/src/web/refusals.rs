//! Texts for refusals of QuickBooks: what happened, to what, and what to do next.

use crate::format::Writer;
use domain::refusal::RefusalCause as Cause;
use i18n_embed_fl::fl;

/// Describes a cause. Adds QuickBooks' own text if it is more specific.
pub(super) fn describe_cause(w: Writer, cause: Cause, detail: &str) -> String {
    let sentence = match cause {
        Cause::Reference => fl!(w.t, "refusal-reference"),
        Cause::Term => fl!(w.t, "refusal-term"),
        Cause::Account => fl!(w.t, "refusal-account"),
        Cause::Class => fl!(w.t, "refusal-class"),
        Cause::NoIncomeAccount => fl!(w.t, "refusal-no-income-account"),
        Cause::ItemNameTaken => fl!(w.t, "refusal-item-name-taken"),
        Cause::NumberAssigned => fl!(w.t, "refusal-number-assigned"),
        Cause::NotLinkable => fl!(w.t, "refusal-not-linkable"),
        Cause::Required => fl!(w.t, "refusal-required"),
        Cause::Value => fl!(w.t, "refusal-value"),
        Cause::Characters => fl!(w.t, "refusal-characters"),
        Cause::EmailAddress => fl!(w.t, "refusal-email-address"),
        Cause::EmailMissing => fl!(w.t, "refusal-email-missing"),
        Cause::EmailNotDelivered => fl!(w.t, "refusal-email-not-delivered"),
        Cause::OtherEmailAddress => fl!(w.t, "refusal-other-email-address"),
        Cause::Currency => fl!(w.t, "refusal-currency"),
        Cause::Amount => fl!(w.t, "refusal-amount"),
        Cause::Discount => fl!(w.t, "refusal-discount"),
        Cause::TaxRequired => fl!(w.t, "refusal-tax-required"),
        Cause::Tax => fl!(w.t, "refusal-tax"),
        Cause::CustomField => fl!(w.t, "refusal-custom-field"),
        Cause::CustomerNotBillable => fl!(w.t, "refusal-customer-not-billable"),
        Cause::PeriodClosed => fl!(w.t, "refusal-period-closed"),
        Cause::Stale => fl!(w.t, "refusal-stale"),
        Cause::Gone => fl!(w.t, "refusal-gone"),
        Cause::Deposited => fl!(w.t, "refusal-deposited"),
        Cause::Settled => fl!(w.t, "refusal-settled"),
        Cause::BankMatched => fl!(w.t, "refusal-bank-matched"),
        Cause::NoPermission => fl!(w.t, "refusal-no-permission"),
        Cause::Feature => fl!(w.t, "refusal-feature"),
        Cause::Subscription => fl!(w.t, "refusal-subscription"),
        Cause::Locked => fl!(w.t, "refusal-locked"),
        Cause::Maintenance => fl!(w.t, "refusal-maintenance"),
        Cause::Reconnect => fl!(w.t, "refusal-reconnect"),
        Cause::Environment => fl!(w.t, "refusal-environment"),
        Cause::Request => fl!(w.t, "refusal-request"),
    };
    if cause.is_quoted() { quote(w, &sentence, detail) } else { sentence }
}

/// Describes a refusal of a form whose code is unknown.
pub(super) fn describe_unknown(w: Writer, detail: &str) -> String {
    quote(w, &fl!(w.t, "refusal-unknown"), detail)
}

/// Adds QuickBooks' own text to a sentence.
pub(super) fn quote(w: Writer, sentence: &str, detail: &str) -> String {
    let detail = detail.trim();
    // This prefix only repeats the name of the code.
    let detail = detail.strip_prefix("Business Validation Error:").unwrap_or(detail).trim();
    if detail.is_empty() {
        return sentence.to_owned();
    }
    format!("{sentence} {}", fl!(w.t, "refusal-quote", detail = detail)).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    const CAUSES: [Cause; 36] = [
        Cause::Reference,
        Cause::Term,
        Cause::Account,
        Cause::Class,
        Cause::NoIncomeAccount,
        Cause::ItemNameTaken,
        Cause::NumberAssigned,
        Cause::NotLinkable,
        Cause::Required,
        Cause::Value,
        Cause::Characters,
        Cause::EmailAddress,
        Cause::EmailMissing,
        Cause::EmailNotDelivered,
        Cause::OtherEmailAddress,
        Cause::Currency,
        Cause::Amount,
        Cause::Discount,
        Cause::TaxRequired,
        Cause::Tax,
        Cause::CustomField,
        Cause::CustomerNotBillable,
        Cause::PeriodClosed,
        Cause::Stale,
        Cause::Gone,
        Cause::Deposited,
        Cause::Settled,
        Cause::BankMatched,
        Cause::NoPermission,
        Cause::Feature,
        Cause::Subscription,
        Cause::Locked,
        Cause::Maintenance,
        Cause::Reconnect,
        Cause::Environment,
        Cause::Request,
    ];

    #[test]
    fn every_cause_has_a_text_in_every_language() {
        for cause in CAUSES {
            let texts = Language::ALL.map(|language| describe_cause(Writer::new(language), cause, "Their words."));
            for (at, text) in texts.iter().enumerate() {
                assert_eq!(text.contains("Their words."), cause.is_quoted(), "{cause:?}: {text}");
                assert!(!texts[..at].contains(text), "{cause:?} has the same text in two languages: {text}");
            }
        }
    }

    #[test]
    fn quickbooks_own_text_follows_the_sentence() {
        let w = Writer::new(Language::English);
        assert_eq!(
            describe_unknown(w, "Business Validation Error: You must set a transaction amount."),
            "QuickBooks refused the invoice, and nothing was created. Correct what it names, then create the invoice again. \
             QuickBooks says: You must set a transaction amount."
        );
        assert!(describe_unknown(w, " ").ends_with("create the invoice again."));
        assert_eq!(quote(w, "", "No."), "QuickBooks says: No.");
    }
}
