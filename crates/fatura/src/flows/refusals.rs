//! Maps QuickBooks' error codes to causes, by the remedy of the user, for every write: creating, voiding, deleting, e-mailing.

use domain::refusal::RefusalCause;

/// Finds the cause of a code that means the same for every write.
pub(crate) fn find_cause(code: &str) -> Option<RefusalCause> {
    Some(match code {
        "140" => RefusalCause::Locked,
        "150" => RefusalCause::Maintenance,
        "130" => RefusalCause::Environment,
        "100" | "110" | "120" | "3100" | "3200" => RefusalCause::Reconnect,
        "620" | "700" | "800" => RefusalCause::NotLinkable,
        "500" | "1040" | "1050" | "2000" | "2010" | "2130" | "2170" | "2600" | "4000" | "4001" => RefusalCause::Request,
        "4002" => RefusalCause::OtherEmailAddress,
        "5010" => RefusalCause::Stale,
        "5020" => RefusalCause::NoPermission,
        "5030" => RefusalCause::Feature,
        "6160" | "6170" | "6230" => RefusalCause::Tax,
        "6190" => RefusalCause::Subscription,
        "6430" | "6440" => RefusalCause::EmailNotDelivered,
        "6450" => RefusalCause::Settled,
        "6480" => RefusalCause::BankMatched,
        "6540" => RefusalCause::Deposited,
        _ => return None,
    })
}

/// Finds the cause of a code for an action on an issued invoice, where no form field can be named.
pub(crate) fn find_cause_of_action(code: &str) -> Option<RefusalCause> {
    match code {
        "610" => Some(RefusalCause::Gone),
        "2210" => Some(RefusalCause::EmailAddress),
        "2500" => Some(RefusalCause::Reference),
        "6200" | "6210" => Some(RefusalCause::PeriodClosed),
        "6420" => Some(RefusalCause::EmailMissing),
        code => find_cause(code),
    }
}
