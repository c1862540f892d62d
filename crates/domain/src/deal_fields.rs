//! The content of a field of a deal that Fatura writes: invoice figures and texts.

use crate::money::Money;
use rust_decimal::Decimal;

/// The content of a field, whatever kind of field it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldContent {
    /// A text.
    Text(String),
    /// One amount for each currency: there is no sum of them.
    Amounts {
        /// ISO code of the deal's currency.
        currency: String,
        /// In each currency at most once; none is zero.
        amounts: Vec<Money>,
    },
}

impl FieldContent {
    /// The amount for a field that is a number: in the deal's currency alone, zero where there is none.
    pub fn amount_in_deal_currency(&self) -> Decimal {
        let Self::Amounts { currency, amounts } = self else { return Decimal::ZERO };
        let own = amounts.iter().find(|amount| amount.currency().code() == currency);
        own.map(|amount| amount.amount()).unwrap_or_default().normalize()
    }
}
