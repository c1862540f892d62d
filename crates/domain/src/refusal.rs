//! Causes for which QuickBooks refuses a write, by what the person does next. Each is worded in every language.

use serde::{Deserialize, Serialize};

/// Why QuickBooks refused, where no field of the form says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCause {
    /// Something the invoice refers to was made inactive or deleted, and QuickBooks does not say what.
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
    /// QuickBooks itself chose an invoice number that is taken.
    NumberAssigned,
    /// The invoice cannot be linked with another transaction.
    NotLinkable,
    /// A member that the form does not have is required.
    Required,
    /// A value is not accepted.
    Value,
    /// A text has characters that are not accepted.
    Characters,
    /// One of several e-mail addresses is not accepted.
    EmailAddress,
    /// There is no e-mail address.
    EmailMissing,
    /// The e-mail could not be delivered.
    EmailNotDelivered,
    /// An invoice in QuickBooks has an invalid e-mail address, which makes every query for invoices fail.
    OtherEmailAddress,
    /// The currency is not accepted for this customer or company.
    Currency,
    /// Quantity times price is not the amount.
    Amount,
    /// The discount is not accepted.
    Discount,
    /// A tax is required on each line.
    TaxRequired,
    /// The taxes contradict each other or the settings of the company.
    Tax,
    /// One of the company's own fields is not accepted.
    CustomField,
    /// The customer cannot be billed.
    CustomerNotBillable,
    /// The books are closed for the date of the invoice.
    PeriodClosed,
    /// The invoice was changed by somebody else at the same time.
    Stale,
    /// It is not in QuickBooks any more.
    Gone,
    /// The invoice is in a deposit, or payments are linked to it.
    Deposited,
    /// A payment was settled electronically.
    Settled,
    /// The transaction is matched with a bank transaction.
    BankMatched,
    /// The QuickBooks user who connected may not do this.
    NoPermission,
    /// The subscription or the settings of the company lack the feature.
    Feature,
    /// The subscription of the company has ended.
    Subscription,
    /// The company is locked.
    Locked,
    /// QuickBooks is under maintenance.
    Maintenance,
    /// The connection lacks rights: an administrator has to connect again.
    Reconnect,
    /// Keys and company belong to different environments: a matter for the operator.
    Environment,
    /// The request itself is not accepted: a defect of Fatura.
    Request,
}

impl RefusalCause {
    /// Whether QuickBooks' own text says more than the cause: it is quoted.
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
    fn quickbooks_is_quoted_where_it_says_what_the_cause_leaves_open() {
        // It says which account, which value, which member.
        for cause in [RefusalCause::Account, RefusalCause::Value, RefusalCause::Required, RefusalCause::Request] {
            assert!(cause.is_quoted(), "{cause:?}");
        }
        // Our own words say all of it, and what to do.
        for cause in
            [RefusalCause::Subscription, RefusalCause::Locked, RefusalCause::Maintenance, RefusalCause::Reconnect]
        {
            assert!(!cause.is_quoted(), "{cause:?}");
        }
    }
}
