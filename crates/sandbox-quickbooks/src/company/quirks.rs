//! Quirks: behaviour that Intuit does not promise, or that no recorded answer shows. Each can be switched, so that a
//! program can be tested against both variants.

use crate::entity::Entity;
use serde::{Deserialize, Serialize};

/// Meaning of `Line.Amount` in a request with tax-inclusive lines, if `TaxInclusiveAmt` leaves it open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaxInclusiveAmount {
    /// The price with tax, unless `TaxInclusiveAmt` is another amount that fits it.
    #[default]
    Gross,
    /// The price without tax. A client that sends gross amounts then bills the tax twice.
    Net,
}

/// Value of a discount line with a percentage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PercentDiscount {
    /// The percentage of the subtotal.
    #[default]
    Computed,
    /// The `Amount` that the request sends with it. A client that sends zero then gives no discount.
    Amount,
}

/// Whether `LIKE` distinguishes letters with accents from those without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LikeAccents {
    /// `Muller%` does not match `Müller`.
    #[default]
    Sensitive,
    Insensitive,
}

/// Decimals of currencies that have three, such as the Kuwaiti dinar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThirdDecimal {
    /// Amounts have two decimals, as integrators report for all currencies. A third one is rounded. If it comes from
    /// quantity and price, the request is refused with 6070.
    #[default]
    Rounded,
    Kept,
}

/// Effect of deleting or voiding an invoice that has payments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaidInvoice {
    /// The invoice is deleted or voided. Its payments stay and become unapplied.
    #[default]
    Unlinks,
    /// The request is refused with 6540 until the payments are unlinked.
    Refused,
}

/// The step at which the tax of a form is rounded, in countries with a tax code on each line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaxRounding {
    /// As in the file of the company's preset.
    #[default]
    Country,
    /// Once for each rate.
    Rate,
}

/// Treatment of a time with a fraction of a second or without an offset, in a query or as `changedSince`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moments {
    /// Any time that can be parsed is accepted.
    #[default]
    Any,
    /// Only whole seconds with an offset are accepted.
    WholeSeconds,
}

/// Invoices with an e-mail address that QuickBooks once accepted and now refuses. Every list that contains one is
/// refused, as integrators reported from 2014 to 2019 ("To email address entered is invalid", 4002).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InvalidAddresses {
    /// Ids of the invoices.
    pub(crate) invoices: Vec<String>,
    /// Status of the refusal. Both 400 and 500 were reported.
    pub(crate) status: u16,
    /// Whether reading such an invoice by its id is refused too.
    pub(crate) by_id: bool,
}

impl Default for InvalidAddresses {
    fn default() -> Self {
        Self { invoices: Vec::new(), status: 400, by_id: false }
    }
}

/// Fate of the old refresh token after a refresh returned a new one. Intuit's documentation describes both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OldRefreshToken {
    /// It works for another day.
    #[default]
    Lives,
    /// It is refused at once, even if the client never received the new one.
    Dies,
}

/// The quirks of one company.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quirks {
    /// A repeated `requestid` is carried out again.
    pub(crate) ignores_request_ids: bool,
    /// Age in milliseconds from which queries find a row.
    pub(crate) query_lag_ms: i64,
    /// Age in milliseconds from which change data capture returns a change; 0 for no lag.
    pub(crate) changes_lag_ms: i64,
    /// E-mails that the company sends in 24 hours. Intuit's sandbox companies send 40 (the reference, 2.6).
    pub(crate) emails_a_day: usize,
    pub(crate) tax_inclusive_amount: TaxInclusiveAmount,
    pub(crate) percent_discount: PercentDiscount,
    pub(crate) like_accents: LikeAccents,
    pub(crate) third_decimal: ThirdDecimal,
    pub(crate) tax_rounding: TaxRounding,
    pub(crate) delete_paid: PaidInvoice,
    pub(crate) void_paid: PaidInvoice,
    pub(crate) moments: Moments,
    pub(crate) invalid_addresses: InvalidAddresses,
    /// Entities whose queries are refused, alone and in a batch. Companies without a feature, and users without a right,
    /// get such refusals.
    pub(crate) refused_queries: Vec<Entity>,
    pub(crate) old_refresh_token: OldRefreshToken,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            ignores_request_ids: false,
            query_lag_ms: 0,
            changes_lag_ms: 0,
            emails_a_day: 40,
            tax_inclusive_amount: TaxInclusiveAmount::default(),
            percent_discount: PercentDiscount::default(),
            like_accents: LikeAccents::default(),
            third_decimal: ThirdDecimal::default(),
            tax_rounding: TaxRounding::default(),
            delete_paid: PaidInvoice::default(),
            void_paid: PaidInvoice::default(),
            moments: Moments::default(),
            invalid_addresses: InvalidAddresses::default(),
            refused_queries: Vec::new(),
            old_refresh_token: OldRefreshToken::default(),
        }
    }
}
