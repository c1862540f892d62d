//! The ways in which QuickBooks companies tax an invoice.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The code of a taxable line in a US company; the only other one is [`NON_TAXABLE`].
pub const TAXABLE: &str = "TAX";
/// The code of a line without tax in a US company.
pub const NON_TAXABLE: &str = "NON";

/// One rate within a tax code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// QuickBooks' id.
    pub id: String,
    /// For the totals: "ICMS", "AZ State tax".
    pub name: String,
    /// In percent: 18 means 18 %.
    pub percent: Decimal,
    /// What the percentage is taken of.
    #[serde(default)]
    pub of: Of,
}

/// What a rate is taken of (`TaxTypeApplicable`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The amount.
    #[default]
    Amount,
    /// The amount and the taxes before it.
    AmountAndTax,
    /// The taxes before it alone.
    Tax,
}

/// Where tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// On each line.
    PerLine,
    /// Once for each rate.
    PerRate,
}

/// How the prices of an invoice stand to tax.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxMode {
    /// Tax comes on top.
    #[default]
    Excluded,
    /// Prices hold the tax.
    Included,
    /// No tax.
    None,
}

impl TaxMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Excluded, Self::Included, Self::None];

    /// As in the form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Included => "included",
            Self::None => "none",
        }
    }

    /// By name; tax on top for anything else.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|mode| mode.name() == name).unwrap_or_default()
    }
}

/// A tax code with the rates that apply to sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxCode {
    /// QuickBooks' id.
    pub id: String,
    /// As the company calls it.
    pub name: String,
    /// All rates of the code; each is computed and rounded on its own.
    pub rates: Vec<TaxRate>,
}

impl TaxCode {
    /// The sum of its rates, in percent.
    pub fn percent(&self) -> Decimal {
        self.rates.iter().fold(Decimal::ZERO, |sum, rate| sum.saturating_add(rate.percent))
    }
}

/// How the connected company taxes sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxModel {
    /// The company does not use sales tax.
    None,
    /// United States: each line is taxable or not, one code holds for the whole invoice.
    SalesTax {
        /// The codes to choose from.
        codes: Vec<TaxCode>,
        /// The company's own default.
        default: Option<String>,
    },
    /// United States, computed by QuickBooks from the customer's address: each line is taxable or not.
    Automated,
    /// Everywhere else: each line has a code of its own.
    PerLine {
        /// The codes to choose from.
        codes: Vec<TaxCode>,
        /// Where the tax is rounded.
        rounding: Rounding,
    },
}

impl TaxModel {
    /// The codes that a person chooses from, for the invoice or for a line.
    pub fn codes(&self) -> &[TaxCode] {
        match self {
            Self::None | Self::Automated => &[],
            Self::SalesTax { codes, .. } | Self::PerLine { codes, .. } => codes,
        }
    }

    /// The modes that the company can have on an invoice.
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

    /// The code whose rates add up to `percent`, if there is one; for lines that come with a percentage.
    pub fn code_by_percent(&self, percent: Decimal) -> Option<&TaxCode> {
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
            of: Of::Amount,
        };
        TaxCode { id: id.into(), name: id.into(), rates: percents.iter().map(rate).collect() }
    }

    #[test]
    fn each_way_of_taxing_has_its_modes() {
        use TaxMode::{Excluded, Included, None};
        let per_line = TaxModel::PerLine { codes: Vec::new(), rounding: Rounding::PerLine };
        let of_the_sum = TaxModel::SalesTax { codes: Vec::new(), default: Option::None };
        assert_eq!(TaxModel::None.modes(), []);
        assert_eq!(per_line.modes(), [Excluded, Included, None]);
        for model in [of_the_sum, TaxModel::Automated] {
            assert_eq!(model.modes(), [Excluded, None], "{model:?}: no price of it holds the tax");
        }
        assert_eq!(TaxMode::ALL.map(TaxMode::name), ["excluded", "included", "none"]);
        assert_eq!(TaxMode::ALL.map(|mode| TaxMode::named(mode.name())), TaxMode::ALL);
        assert_eq!(TaxMode::named("else"), Excluded);
    }

    #[test]
    fn codes_are_found_by_id_and_by_what_their_rates_come_to() {
        let codes = vec![code("2", &[5]), code("3", &[6, 12]), code("4", &[18])];
        let by_line = TaxModel::PerLine { codes: codes.clone(), rounding: Rounding::PerLine };
        for model in [by_line, TaxModel::SalesTax { codes, default: None }] {
            let id = |code: Option<&TaxCode>| code.map(|code| code.id.clone());
            assert_eq!(id(model.code("3")), Some("3".into()));
            assert_eq!(id(model.code("5")), None);
            assert_eq!(id(model.code_by_percent(dec!(18))), Some("3".into()), "the first of two");
            assert_eq!(id(model.code_by_percent(dec!(12))), None);
        }
        assert_eq!(TaxModel::Automated.codes(), []);
    }
}
