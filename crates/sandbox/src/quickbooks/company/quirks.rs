//! What QuickBooks does not promise, and questions that no recording settles: a company can be switched to each reading,
//! so that a program can be tested against both.

use serde::{Deserialize, Serialize};

/// What `Line.Amount` is in a request with tax-inclusive lines, where `TaxInclusiveAmt` does not settle it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaxInclusiveAmount {
    /// The price with tax, unless `TaxInclusiveAmt` is another amount that fits it.
    #[default]
    Gross,
    /// Always the price without tax: a client that sends gross amounts bills the tax twice.
    Net,
}

/// What a discount line counts for that names a percentage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PercentDiscount {
    /// The percentage of the subtotal.
    #[default]
    Computed,
    /// The `Amount` that the request sends beside it: a client that sends zero discounts nothing.
    Amount,
}

/// Whether `LIKE` tells letters with accents from those without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LikeAccents {
    /// `Muller%` does not find `Müller`.
    #[default]
    Sensitive,
    Insensitive,
}

/// Amounts of currencies with three decimals, as the Kuwaiti dinar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThirdDecimal {
    /// Amounts have two decimals, as integrators report it of all currencies: a third one is rounded, and 6070 where it
    /// comes from quantity and price.
    #[default]
    Rounded,
    Kept,
}

/// What becomes of an invoice with payments that is deleted or voided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaidInvoice {
    /// It goes; its payments stay, unapplied.
    #[default]
    Unlinks,
    /// It stays until its payments are unlinked (6540).
    Refused,
}

/// Where the tax of a form is rounded, in countries with a tax code on each line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaxRounding {
    /// As the company's file says.
    #[default]
    Country,
    /// Once for each rate.
    Rate,
}

/// What QuickBooks does with a moment that has a fraction of a second or no offset, in a query or as `changedSince`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moments {
    /// All that can be read as one is taken.
    #[default]
    Any,
    /// Whole seconds with an offset; another is refused.
    WholeSeconds,
}

/// Invoices with an e-mail address that QuickBooks once took and finds invalid now: every list that holds one of them is refused, as
/// integrators reported it from 2014 to 2019 ("To email address entered is invalid", 4002).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InvalidAddresses {
    /// Their ids.
    pub(crate) invoices: Vec<String>,
    /// The status of the refusal: 400 and 500 were both reported.
    pub(crate) status: u16,
    /// Whether reading one by its id is refused as well.
    pub(crate) by_id: bool,
}

impl Default for InvalidAddresses {
    fn default() -> Self {
        Self { invoices: Vec::new(), status: 400, by_id: false }
    }
}

/// What becomes of a refresh token when a refresh returns another value. Intuit's texts say both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OldRefreshToken {
    /// It works for another day.
    #[default]
    Lives,
    /// It is refused from then on, also where the answer with the new one was lost.
    Dies,
}

/// The quirks of one company.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quirks {
    /// A repeated `requestid` is carried out again.
    pub(crate) ignores_request_ids: bool,
    /// Queries find what was created so many milliseconds ago, and nothing newer.
    pub(crate) query_lag_ms: i64,
    /// Change data capture tells of what was changed so many milliseconds ago, and of nothing newer.
    pub(crate) changes_lag_ms: i64,
    /// So many e-mails in a day: one of Intuit's sandbox companies sends 40 (the reference, 2.6).
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
            old_refresh_token: OldRefreshToken::default(),
        }
    }
}
