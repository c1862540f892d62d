//! Reads the company's lists and preferences in one call.

use super::{Api, read_rows, wire::Reference};
use crate::{ProviderError, Refusal, json::lenient};
use domain::{
    catalogue::{Account, Catalogue, CustomField, Item, MAX_LISTED_ITEMS, NamedTerm},
    tax::{Rounding, TaxBase, TaxCode, TaxModel, TaxRate},
    terms::DueRule,
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
    #[serde(default)]
    due_days: Option<u16>,
    #[serde(default)]
    day_of_month_due: Option<i8>,
    #[serde(default, deserialize_with = "lenient")]
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
struct CurrencyRow {
    code: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemRow {
    id: String,
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    r#type: String,
    #[serde(default, deserialize_with = "lenient")]
    sku: String,
    #[serde(default, deserialize_with = "lenient")]
    sales_tax_code_ref: Option<Reference>,
    #[serde(default, deserialize_with = "lenient")]
    taxable: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedRow {
    id: String,
    name: String,
}

impl Api {
    /// Reads the catalogue.
    pub async fn read_catalogue(&self) -> Result<Catalogue, ProviderError> {
        let answers = self.run_queries(&QUERIES).await?;
        let [info, preferences, terms, codes, rates, currencies, accounts, items]: [Result<Value, Refusal>; 8] =
            answers.try_into().map_err(|_| ProviderError::unknown("the batch has too few or too many answers"))?;
        let info = &info.map_err(required_list_refused)?["CompanyInfo"][0];
        let preferences = &preferences.map_err(required_list_refused)?["Preferences"][0];
        // If the list is refused, items are looked up one by one.
        let has_refused_items = items.is_err();
        let mut items = items.unwrap_or_default();
        // Without country and tax preferences, the tax of an invoice would be a guess.
        if info["Country"].as_str().is_none_or(str::is_empty) || !preferences["TaxPrefs"].is_object() {
            return Err(ProviderError::unknown("the company has no country or no tax preferences"));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let country = text(&info["Country"]);
        let sales = |name: &str| preferences["SalesFormsPrefs"][name] == Value::Bool(true);
        let home = text(&preferences["CurrencyPrefs"]["HomeCurrency"]["value"]);
        let home_currency =
            Currency::from_code(&home).ok_or_else(|| ProviderError::unknown("an unknown home currency"))?;
        let multicurrency = preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] == Value::Bool(true);
        let mut all_currencies = vec![home_currency];
        if multicurrency {
            let rows = read_rows::<CurrencyRow>(&mut currencies.unwrap_or_default(), "CompanyCurrency")?;
            let known = rows.readable.iter().filter_map(|row| Currency::from_code(&row.code));
            all_currencies.extend(known.filter(|currency| *currency != home_currency));
        }
        Ok(Catalogue {
            company_name: text(&info["CompanyName"]),
            time_zone: text(&info["DefaultTimeZone"]),
            home_currency,
            currencies: all_currencies,
            tax: read_tax_model(&country, preferences, codes, rates)?,
            terms: read_terms(terms.unwrap_or_default())?,
            has_more_items: has_refused_items
                || items["Item"].as_array().is_some_and(|rows| rows.len() >= MAX_LISTED_ITEMS),
            items: read_items(&mut items)?,
            // A company without terms, currencies or accounts can still bill.
            income_accounts: read_rows::<NamedRow>(&mut accounts.unwrap_or_default(), "Account")?
                .readable
                .into_iter()
                .map(|row| Account { id: row.id, name: row.name })
                .collect(),
            numbers_by_hand: sales("CustomTxnNumbers"),
            // QuickBooks drops the discount line from invoices of French companies.
            discount_line: sales("AllowDiscount") && country != "FR",
            online_payment: sales("ETransactionPaymentEnabled"),
            closed_until: preferences["AccountingInfoPrefs"]["BookCloseDate"].as_str().and_then(|day| day.parse().ok()),
            custom_fields: read_custom_fields(preferences),
            multicurrency,
            country,
        })
    }
}

/// The error if QuickBooks refuses a list that billing requires. It is not [`ProviderError::Refused`], because no invoice
/// was refused.
fn required_list_refused(refusal: Refusal) -> ProviderError {
    ProviderError::unknown(format!("a list of the company was refused ({})", refusal.code))
}

/// Reads the legacy custom fields of sales forms that are turned on; there are three.
fn read_custom_fields(preferences: &Value) -> Vec<CustomField> {
    let groups = preferences["SalesFormsPrefs"]["CustomField"].as_array().into_iter().flatten();
    let members: Vec<&Value> = groups.flat_map(|group| group["CustomField"].as_array().into_iter().flatten()).collect();
    let member = |name: String| members.iter().find(|member| member["Name"].as_str() == Some(&name));
    (1..=3)
        .filter(|at| {
            member(format!("SalesFormsPrefs.UseSalesCustom{at}"))
                .is_some_and(|used| used["BooleanValue"] == Value::Bool(true))
        })
        .filter_map(|at| {
            let name = member(format!("SalesFormsPrefs.SalesCustomName{at}"))?["StringValue"].as_str()?;
            Some(CustomField { id: at.to_string(), name: name.to_owned() })
        })
        .collect()
}

fn read_terms(mut answer: Value) -> Result<Vec<NamedTerm>, ProviderError> {
    Ok(read_rows::<TermRow>(&mut answer, "Term")?
        .readable
        .into_iter()
        .filter_map(|row| {
            let rule = match (row.due_days, row.day_of_month_due) {
                (Some(days), _) => DueRule::Days(days),
                (None, Some(day)) => {
                    DueRule::DayOfMonth { day, next_month_within: row.due_next_month_days.unwrap_or(0) }
                }
                (None, None) => return None,
            };
            Some(NamedTerm { id: row.id, name: row.name, rule })
        })
        .collect())
}

/// Reads items. Categories and bundles are dropped, because a line cannot have them as its item.
pub(super) fn read_items(answer: &mut Value) -> Result<Vec<Item>, ProviderError> {
    let rows = read_rows::<ItemRow>(answer, "Item")?.readable.into_iter();
    let sold = rows.filter(|row| !matches!(row.r#type.as_str(), "Category" | "Group"));
    let items = sold.map(|row| Item {
        id: row.id,
        name: row.name,
        sku: Some(row.sku).filter(|sku| !sku.is_empty()),
        tax_code: row.sales_tax_code_ref.map(|code| code.value).filter(|code| !code.is_empty()),
        taxable: row.taxable,
    });
    Ok(items.collect())
}

fn read_tax_model(
    country: &str,
    preferences: &Value,
    codes: Result<Value, Refusal>,
    rates: Result<Value, Refusal>,
) -> Result<TaxModel, ProviderError> {
    let prefers = |name: &str| preferences["TaxPrefs"][name] == Value::Bool(true);
    if !prefers("UsingSalesTax") {
        return Ok(TaxModel::None);
    }
    if country == "US" && prefers("PartnerTaxEnabled") {
        return Ok(TaxModel::Automated);
    }
    // Without codes and rates, the form would show no tax although the company charges tax.
    let (codes, mut rates) = (codes.map_err(required_list_refused)?, rates.map_err(required_list_refused)?);
    let rates: HashMap<String, TaxRateRow> =
        read_rows::<TaxRateRow>(&mut rates, "TaxRate")?.readable.into_iter().map(|row| (row.id.clone(), row)).collect();
    let codes = match (&codes, &codes["TaxCode"]) {
        (Value::Object(_), Value::Array(codes)) => codes.as_slice(),
        (Value::Object(_), Value::Null) => &[],
        _ => return Err(ProviderError::unknown("the company charges sales tax, but its tax codes are invalid")),
    };
    let codes = codes.iter().filter_map(|code| {
        let id = code["Id"].as_str()?;
        // The pseudo codes of the United States have names instead of numeric ids. Hidden codes are internal to
        // QuickBooks.
        if !id.chars().all(|c| c.is_ascii_digit()) || code["Hidden"] == Value::Bool(true) {
            return None;
        }
        let mut details: Vec<&Value> = match (&code["SalesTaxRateList"], &code["SalesTaxRateList"]["TaxRateDetail"]) {
            (Value::Null, _) | (Value::Object(_), Value::Null) => Vec::new(),
            (_, Value::Array(details)) => details.iter().collect(),
            _ => return None,
        };
        details.sort_by_key(|detail| detail["TaxOrder"].as_i64().unwrap_or(0));
        // A code with an invalid rate is dropped, because it would tax too little.
        let rates: Option<Vec<TaxRate>> = details
            .into_iter()
            .map(|detail| {
                let row = rates.get(detail["TaxRateRef"]["value"].as_str()?)?;
                let base = match detail["TaxTypeApplicable"].as_str() {
                    Some("TaxOnAmountPlusTax") => TaxBase::AmountAndTax,
                    Some("TaxOnTax") => TaxBase::Tax,
                    _ => TaxBase::Amount,
                };
                Some(TaxRate { id: row.id.clone(), name: row.name.clone(), percent: row.rate_value?, base })
            })
            .collect();
        Some(TaxCode { id: id.to_owned(), name: code["Name"].as_str()?.to_owned(), rates: rates? })
    });
    let codes: Vec<TaxCode> = codes.collect();
    Ok(if country == "US" {
        TaxModel::SalesTax {
            codes: codes.into_iter().filter(|code| !code.rates.is_empty()).collect(),
            default: preferences["TaxPrefs"]["TaxGroupCodeRef"]["value"].as_str().map(str::to_owned),
        }
    } else {
        // Australia's tax office requires that the tax of each rate is rounded once.
        let rounding = if country == "AU" { Rounding::PerRate } else { Rounding::PerLine };
        TaxModel::PerLine { codes, rounding }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn drops_a_tax_code_whose_rate_has_no_value() {
        let code = |id: &str| {
            let details = json!([{ "TaxRateRef": { "value": id } }]);
            json!({ "Id": id, "Name": id, "SalesTaxRateList": { "TaxRateDetail": details } })
        };
        let preferences = json!({ "TaxPrefs": { "UsingSalesTax": true } });
        let one_rate = json!({ "TaxRateDetail": { "TaxRateRef": { "value": "3" } } });
        let odd = json!({ "Id": "4", "Name": "4", "SalesTaxRateList": one_rate });
        let codes = json!({ "TaxCode": [code("1"), code("2"), code("3"), odd] });
        let rates = json!({ "TaxRate": [
            { "Id": "1", "Name": "Exempt", "RateValue": 0 },
            { "Id": "2", "Name": "Without value" },
            { "Id": "3", "Name": "Standard", "RateValue": 20 },
        ] });
        let Ok(TaxModel::PerLine { codes, .. }) = read_tax_model("GB", &preferences, Ok(codes), Ok(rates)) else {
            panic!("a tax model with codes")
        };
        assert_eq!(codes.iter().map(|code| code.id.as_str()).collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn invalid_tax_codes_are_an_error_not_an_empty_list() {
        let preferences = json!({ "TaxPrefs": { "UsingSalesTax": true } });
        let read = |codes: Value| read_tax_model("GB", &preferences, Ok(codes), Ok(json!({})));
        for odd in [json!(null), json!([]), json!({ "TaxCode": { "Id": "1" } }), json!({ "TaxCode": "1" })] {
            assert!(read(odd.clone()).is_err(), "{odd}");
        }
        assert!(matches!(read(json!({})), Ok(TaxModel::PerLine { codes, .. }) if codes.is_empty()));
        let refused = || Err(Refusal { code: "5020".into(), ..Refusal::default() });
        for (codes, rates) in [(refused(), Ok(json!({}))), (Ok(json!({})), refused())] {
            assert!(matches!(read_tax_model("GB", &preferences, codes, rates), Err(ProviderError::Unknown(_))));
        }
        let untaxed = json!({ "TaxPrefs": { "UsingSalesTax": false } });
        assert!(matches!(read_tax_model("GB", &untaxed, refused(), refused()), Ok(TaxModel::None)));
    }

    #[test]
    fn reads_items_leniently_but_requires_a_list() {
        let read = |rows: Value| read_items(&mut json!({ "Item": rows }));
        for odd in [json!({ "Id": "1" }), json!("1"), json!(true)] {
            assert!(read(odd.clone()).is_err(), "{odd}");
        }
        let rows = json!([
            { "Id": "1", "Name": "Hours", "Sku": "", "Taxable": null, "SalesTaxCodeRef": { "value": "3" } },
            { "Id": "2", "Name": "Things", "Type": "Category" },
            { "Id": "3", "Name": null },
            { "Id": "4", "Name": "Box", "Sku": 7, "Taxable": true, "SalesTaxCodeRef": "3" },
        ]);
        let items = read(rows).unwrap();
        let ids: Vec<_> = items.iter().map(|item| (item.id.as_str(), item.tax_code.as_deref(), item.taxable)).collect();
        assert_eq!(ids, [("1", Some("3"), false), ("4", None, true)]);
        assert_eq!(items.iter().filter_map(|item| item.sku.as_deref()).count(), 0);
    }
}
