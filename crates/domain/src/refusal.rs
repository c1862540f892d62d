//! Causes for which QuickBooks refuses a write. Each cause requires a different next step, and has a text in every
//! language.

use serde::{Deserialize, Serialize};

/// Why QuickBooks refused, for refusals that do not belong to a field of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCause {
    /// An object that the invoice refers to was made inactive or deleted. QuickBooks does not name it.
    Reference,
    /// The payment term was made inactive or deleted.
    Term,
    /// An account was made inactive or deleted.
    Account,
    /// A class or a location was made inactive or deleted.
    Class,
    /// The company has no income account for a new item.
    NoIncomeAccount,
    /// Another item has this name.
    ItemNameTaken,
    /// QuickBooks assigned an invoice number that is taken.
    NumberAssigned,
    /// The invoice cannot be linked with another transaction.
    NotLinkable,
    /// QuickBooks requires a member that the form does not have.
    Required,
    /// QuickBooks does not accept a value.
    Value,
    /// A text has characters that QuickBooks does not accept.
    Characters,
    /// QuickBooks does not accept one of several e-mail addresses.
    EmailAddress,
    /// There is no e-mail address.
    EmailMissing,
    /// QuickBooks could not deliver the e-mail.
    EmailNotDelivered,
    /// Another invoice in QuickBooks has an invalid e-mail address. It makes every query for invoices fail.
    OtherEmailAddress,
    /// The customer or the company does not accept the currency.
    Currency,
    /// Quantity times price is not the amount.
    Amount,
    /// QuickBooks does not accept the discount.
    Discount,
    /// Each line requires a tax.
    TaxRequired,
    /// The taxes contradict each other or the settings of the company.
    Tax,
    /// QuickBooks does not accept the value of a custom field.
    CustomField,
    /// The customer cannot be billed.
    CustomerNotBillable,
    /// The books are closed for the date of the invoice.
    PeriodClosed,
    /// Somebody else changed the invoice at the same time.
    Stale,
    /// The invoice is no longer in QuickBooks.
    Gone,
    /// The invoice is in a deposit, or payments are linked to it.
    Deposited,
    /// A payment was settled electronically.
    Settled,
    /// The transaction is matched with a bank transaction.
    BankMatched,
    /// The QuickBooks user who connected lacks the permission.
    NoPermission,
    /// The subscription or the settings of the company lack the feature.
    Feature,
    /// The subscription of the company has ended.
    Subscription,
    /// The company is locked.
    Locked,
    /// QuickBooks is under maintenance.
    Maintenance,
    /// The connection lacks rights. An administrator has to connect again.
    Reconnect,
    /// The keys and the company belong to different environments (sandbox and production). The operator has to act.
    Environment,
    /// QuickBooks rejects the request itself: a defect of Fatura.
    Request,
}

impl RefusalCause {
    /// Whether a page quotes QuickBooks' own text, because it is more specific than the cause.
    pub fn is_quoted(self) -> bool {
        matches!(
            self,
            Self::Reference
                | Self::Account
                | Self::Class
                | Self::NotLinkable
                | Self::Required
                | Self::Value
                | Self::Currency
                | Self::Discount
                | Self::Tax
                | Self::CustomField
                | Self::EmailNotDelivered
                | Self::Feature
                | Self::Request
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_quickbooks_if_its_text_is_more_specific() {
        // QuickBooks' text names the account, the value or the member.
        for cause in [RefusalCause::Account, RefusalCause::Value, RefusalCause::Required, RefusalCause::Request] {
            assert!(cause.is_quoted(), "{cause:?}");
        }
        // Fatura's own text is complete and names the next step.
        for cause in
            [RefusalCause::Subscription, RefusalCause::Locked, RefusalCause::Maintenance, RefusalCause::Reconnect]
        {
            assert!(!cause.is_quoted(), "{cause:?}");
        }
    }
}
