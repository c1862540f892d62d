//! Tax models of QuickBooks companies: codes, rates, and where tax is rounded.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Tax code of a taxable line in a US company. The only other line code is [`NON_TAXABLE`].
pub const TAXABLE: &str = "TAX";
/// Tax code of a line without tax in a US company.
pub const NON_TAXABLE: &str = "NON";

/// A rate of a tax code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// QuickBooks' id.
    pub id: String,
    /// Name that the totals show: "ICMS", "AZ State tax".
    pub name: String,
    /// Rate in percent: 18 means 18 %.
    pub percent: Decimal,
    /// The amount that the percentage applies to.
    #[serde(default, rename = "of")]
    pub base: TaxBase,
}

/// The amount that a rate applies to (QuickBooks' `TaxTypeApplicable`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxBase {
    /// The net amount.
    #[default]
    Amount,
    /// The net amount plus the taxes of the rates before this one.
    AmountAndTax,
    /// The taxes of the rates before this one, without the net amount.
    Tax,
}

/// Where tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// On each line, for each rate.
    PerLine,
    /// Once for each rate, over all lines.
    PerRate,
}

/// Whether the prices of an invoice include tax.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxMode {
    /// Prices exclude tax; tax is added.
    #[default]
    Excluded,
    /// Prices include tax.
    Included,
    /// No tax applies.
    None,
}

impl TaxMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Excluded, Self::Included, Self::None];

    /// The name in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Included => "included",
            Self::None => "none",
        }
    }

    /// The mode with this name; [`TaxMode::Excluded`] for any other text.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|mode| mode.name() == name).unwrap_or_default()
    }
}

/// A tax code with the rates that apply to sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxCode {
    /// QuickBooks' id.
    pub id: String,
    /// The company's name for it.
    pub name: String,
    /// The rates of the code. Each is computed and rounded separately.
    pub rates: Vec<TaxRate>,
}

impl TaxCode {
    /// Sum of the rates, in percent.
    pub fn percent(&self) -> Decimal {
        self.rates.iter().fold(Decimal::ZERO, |sum, rate| sum.saturating_add(rate.percent))
    }
}

/// How the connected company taxes sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxModel {
    /// The company does not use sales tax.
    None,
    /// United States: each line is taxable or not, and one code applies to the whole invoice.
    SalesTax {
        /// The codes that a form offers.
        codes: Vec<TaxCode>,
        /// The company's default code.
        default: Option<String>,
    },
    /// United States with automated sales tax: each line is taxable or not, and QuickBooks computes the tax from the
    /// customer's address.
    Automated,
    /// Other countries: each line has its own code.
    PerLine {
        /// The codes that a form offers.
        codes: Vec<TaxCode>,
        /// Where the tax is rounded.
        rounding: Rounding,
    },
}

impl TaxModel {
    /// The codes that a form offers, for the invoice or for a line.
    pub fn codes(&self) -> &[TaxCode] {
        match self {
            Self::None | Self::Automated => &[],
            Self::SalesTax { codes, .. } | Self::PerLine { codes, .. } => codes,
        }
    }

    /// The tax modes that an invoice of the company can have.
    pub fn modes(&self) -> &'static [TaxMode] {
        match self {
            Self::None => &[],
            Self::SalesTax { .. } | Self::Automated => &[TaxMode::Excluded, TaxMode::None],
            Self::PerLine { .. } => &TaxMode::ALL,
        }
    }

    /// The code with this id.
    pub fn code(&self, id: &str) -> Option<&TaxCode> {
        self.codes().iter().find(|code| code.id == id)
    }

    /// Finds the first code whose rates add up to `percent`. Used for deal rows, which carry a percentage.
    pub fn find_code_by_percent(&self, percent: Decimal) -> Option<&TaxCode> {
        self.codes().iter().find(|code| code.percent() == percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    fn code(id: &str, percents: &[i64]) -> TaxCode {
        let rate = |percent: &i64| TaxRate {
            id: percent.to_string(),
            name: String::new(),
            percent: Decimal::from(*percent),
            base: TaxBase::Amount,
        };
        TaxCode { id: id.into(), name: id.into(), rates: percents.iter().map(rate).collect() }
    }

    #[test]
    fn each_tax_model_has_its_modes() {
        use TaxMode::{Excluded, Included, None};
        let per_line = TaxModel::PerLine { codes: Vec::new(), rounding: Rounding::PerLine };
        let sales_tax = TaxModel::SalesTax { codes: Vec::new(), default: Option::None };
        assert_eq!(TaxModel::None.modes(), []);
        assert_eq!(per_line.modes(), [Excluded, Included, None]);
        for model in [sales_tax, TaxModel::Automated] {
            assert_eq!(model.modes(), [Excluded, None], "{model:?}: prices cannot include tax");
        }
        assert_eq!(TaxMode::ALL.map(TaxMode::name), ["excluded", "included", "none"]);
        assert_eq!(TaxMode::ALL.map(|mode| TaxMode::from_name(mode.name())), TaxMode::ALL);
        assert_eq!(TaxMode::from_name("else"), Excluded);
    }

    #[test]
    fn finds_codes_by_id_and_by_the_sum_of_their_rates() {
        let codes = vec![code("2", &[5]), code("3", &[6, 12]), code("4", &[18])];
        let per_line = TaxModel::PerLine { codes: codes.clone(), rounding: Rounding::PerLine };
        for model in [per_line, TaxModel::SalesTax { codes, default: None }] {
            let id = |code: Option<&TaxCode>| code.map(|code| code.id.clone());
            assert_eq!(id(model.code("3")), Some("3".into()));
            assert_eq!(id(model.code("5")), None);
            assert_eq!(id(model.find_code_by_percent(dec!(18))), Some("3".into()), "the first of two codes");
            assert_eq!(id(model.find_code_by_percent(dec!(12))), None);
        }
        assert_eq!(TaxModel::Automated.codes(), []);
    }
}
