//! Content that Fatura writes to fields of a deal: invoice figures and texts.

use crate::money::Money;
use rust_decimal::Decimal;

/// The content of a deal field of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldContent {
    /// A text.
    Text(String),
    /// One amount for each currency. Amounts of different currencies are never added.
    Amounts {
        /// ISO code of the deal's currency.
        currency: String,
        /// At most one amount for each currency; none is zero.
        amounts: Vec<Money>,
    },
}

impl FieldContent {
    /// The amount for a numeric field: the amount in the deal's currency, or zero if there is none.
    pub fn amount_in_deal_currency(&self) -> Decimal {
        let Self::Amounts { currency, amounts } = self else { return Decimal::ZERO };
        let own = amounts.iter().find(|amount| amount.currency().code() == currency);
        own.map(|amount| amount.amount()).unwrap_or_default().normalize()
    }
}
