//! Amounts with their currency, rounded half away from zero.

use iso_currency::Currency;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// Rounds half away from zero to `places` decimals: 2.345 becomes 2.35.
///
/// QuickBooks rounds this way. [`Decimal::round_dp`] rounds half to even and is banned by clippy.
pub fn round_half_up(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Adds up numbers. Returns `None` if the sum leaves the range of [`Decimal`], where `Iterator::sum` would panic.
pub fn checked_sum(values: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add)
}

/// Computes a percentage of a number without rounding. Returns `None` if the result leaves the range of [`Decimal`].
pub fn percent_of(value: Decimal, percent: Decimal) -> Option<Decimal> {
    value.checked_mul(percent)?.checked_div(Decimal::ONE_HUNDRED)
}

/// The number of decimals of a currency: 2 for BRL and USD, 0 for JPY, 3 for KWD (ISO 4217).
pub fn currency_decimals(currency: Currency) -> u32 {
    currency.exponent().map_or(2, u32::from)
}

/// The number of decimals of amounts on an invoice. QuickBooks keeps at most two, even for a dinar, which has three.
pub fn invoice_decimals(currency: Currency) -> u32 {
    currency_decimals(currency).min(2)
}

/// An amount of money in one currency.
///
/// Invariant: the amount has no more decimals than its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// The amount, rounded half up to the currency's decimals.
    pub fn rounded(amount: Decimal, currency: Currency) -> Self {
        Self { amount: round_half_up(amount, currency_decimals(currency)), currency }
    }

    /// Zero in a currency.
    pub fn zero(currency: Currency) -> Self {
        Self { amount: Decimal::ZERO, currency }
    }

    /// Converts from minor units (cents): 1250 in BRL is R$ 12,50.
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { amount: Decimal::new(minor, currency_decimals(currency)), currency }
    }

    /// Converts to minor units (cents). Returns `None` if the amount does not fit into 64 bits.
    pub fn to_minor(self) -> Option<i64> {
        let factor = Decimal::from(10_i64.checked_pow(currency_decimals(self.currency))?);
        i64::try_from(self.amount.checked_mul(factor)?).ok()
    }

    /// The amount in major units.
    pub fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.amount.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::dec;

    #[test]
    fn rounds_half_away_from_zero() {
        assert_eq!(round_half_up(dec!(2.345), 2), dec!(2.35));
        assert_eq!(round_half_up(dec!(2.344999), 2), dec!(2.34));
        assert_eq!(round_half_up(dec!(-2.345), 2), dec!(-2.35));
        assert_eq!(Money::rounded(dec!(10.5), Currency::JPY).amount(), dec!(11));
    }

    proptest! {
        #[test]
        fn converts_to_and_from_minor_units(minor in any::<i32>()) {
            for currency in [Currency::BRL, Currency::JPY, Currency::KWD] {
                prop_assert_eq!(Money::from_minor(i64::from(minor), currency).to_minor(), Some(i64::from(minor)));
            }
        }
    }
}
