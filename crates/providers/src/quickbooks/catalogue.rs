//! The company's lists and preferences, read in one call.

use super::{Api, rows};
use crate::ProviderError;
use domain::{
    catalogue::{Account, Catalogue, Item, NamedTerm},
    tax::{TaxCode, TaxModel, TaxRate},
    terms::Rule,
};
use iso_currency::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

const QUERIES: [&str; 8] = [
    "select * from CompanyInfo",
    "select * from Preferences",
    "select * from Term maxresults 1000",
    "select * from TaxCode maxresults 1000",
    "select * from TaxRate maxresults 1000",
    "select * from CompanyCurrency maxresults 1000",
    "select * from Account where AccountType = 'Income' maxresults 1000",
    "select * from Item maxresults 1000",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TermRow {
    id: String,
    name: String,
    due_days: Option<u16>,
    day_of_month_due: Option<i8>,
    due_next_month_days: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaxRateRow {
    id: String,
    name: String,
    #[serde(with = "rust_decimal::serde::float_option", default)]
    rate_value: Option<Decimal>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedRow {
    id: String,
    name: String,
}

impl Api<'_> {
    /// Reads the catalogue.
    pub async fn catalogue(&self) -> Result<Catalogue, ProviderError> {
        let answers = self.queries(&QUERIES).await?;
        let [info, preferences, terms, codes, rates, currencies, accounts, items]: [Value; 8] =
            answers.try_into().map_err(|_| ProviderError::unknown("a batch with answers missing"))?;
        let info = &info["CompanyInfo"][0];
        let preferences = &preferences["Preferences"][0];
        if info.is_null() || preferences.is_null() {
            return Err(ProviderError::unknown("a company without CompanyInfo or Preferences"));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let country = text(&info["Country"]);
        let home = text(&preferences["CurrencyPrefs"]["HomeCurrency"]["value"]);
        let home_currency =
            Currency::from_code(&home).ok_or_else(|| ProviderError::unknown("an unknown home currency"))?;
        let multicurrency = preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] == Value::Bool(true);
        let mut all_currencies = vec![home_currency];
        if multicurrency {
            let known = currencies["CompanyCurrency"].as_array().into_iter().flatten();
            all_currencies.extend(
                known
                    .filter_map(|row| Currency::from_code(row["Code"].as_str()?))
                    .filter(|currency| *currency != home_currency),
            );
        }
        Ok(Catalogue {
            company_name: text(&info["CompanyName"]),
            time_zone: text(&info["DefaultTimeZone"]),
            home_currency,
            currencies: all_currencies,
            tax: tax_model(&country, preferences, &codes, rates)?,
            terms: read_terms(terms)?,
            items: read_items(&items),
            income_accounts: rows::<NamedRow>(&mut accounts.clone(), "Account")?
                .into_iter()
                .map(|row| Account { id: row.id, name: row.name })
                .collect(),
            numbers_by_hand: preferences["SalesFormsPrefs"]["CustomTxnNumbers"] == Value::Bool(true),
            multicurrency,
            country,
        })
    }
}

fn read_terms(mut answer: Value) -> Result<Vec<NamedTerm>, ProviderError> {
    Ok(rows::<TermRow>(&mut answer, "Term")?
        .into_iter()
        .filter_map(|row| {
            let rule = match (row.due_days, row.day_of_month_due) {
                (Some(days), _) => Rule::Days(days),
                (None, Some(day)) => Rule::DayOfMonth { day, next_month_within: row.due_next_month_days.unwrap_or(0) },
                (None, None) => return None,
            };
            Some(NamedTerm { id: row.id, name: row.name, rule })
        })
        .collect())
}

/// Categories and bundles cannot stand on a line of their own.
fn read_items(answer: &Value) -> Vec<Item> {
    let rows = answer["Item"].as_array().into_iter().flatten();
    rows.filter(|row| !matches!(row["Type"].as_str(), Some("Category" | "Group")))
        .filter_map(|row| {
            Some(Item {
                id: row["Id"].as_str()?.to_owned(),
                name: row["Name"].as_str()?.to_owned(),
                sku: row["Sku"].as_str().filter(|sku| !sku.is_empty()).map(str::to_owned),
                tax_code: row["SalesTaxCodeRef"]["value"].as_str().map(str::to_owned),
                taxable: row["Taxable"] == Value::Bool(true),
            })
        })
        .collect()
}

fn tax_model(country: &str, preferences: &Value, codes: &Value, mut rates: Value) -> Result<TaxModel, ProviderError> {
    if preferences["TaxPrefs"]["UsingSalesTax"] != Value::Bool(true) {
        return Ok(TaxModel::None);
    }
    let rates: HashMap<String, TaxRate> = rows::<TaxRateRow>(&mut rates, "TaxRate")?
        .into_iter()
        .map(|row| {
            (row.id.clone(), TaxRate { id: row.id, name: row.name, percent: row.rate_value.unwrap_or_default() })
        })
        .collect();
    let codes = codes["TaxCode"].as_array().into_iter().flatten().filter_map(|code| {
        let details = code["SalesTaxRateList"]["TaxRateDetail"].as_array()?;
        let rates: Vec<TaxRate> =
            details.iter().filter_map(|detail| rates.get(detail["TaxRateRef"]["value"].as_str()?).cloned()).collect();
        (!rates.is_empty()).then_some(())?;
        Some(TaxCode { id: code["Id"].as_str()?.to_owned(), name: code["Name"].as_str()?.to_owned(), rates })
    });
    let codes = codes.collect();
    Ok(if country == "US" {
        TaxModel::SalesTax {
            codes,
            default: preferences["TaxPrefs"]["TaxGroupCodeRef"]["value"].as_str().map(str::to_owned),
        }
    } else {
        TaxModel::PerLine { codes }
    })
}
