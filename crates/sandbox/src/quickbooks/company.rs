//! One QuickBooks company: its settings, its lists, its transactions.

use super::{fault::Fault, table::Table};
use crate::{clock::Clock, decimal::decimal};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How sales are taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SalesTax {
    /// `TAX`/`NON` on lines, one code on the transaction.
    UnitedStates,
    /// A code on every line.
    PerLine,
}

/// One company.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) realm_id: String,
    pub(crate) sales_tax: SalesTax,
    /// By entity name, as `Customer`.
    tables: BTreeMap<String, Table>,
    pub(crate) exchange_rates: BTreeMap<String, Value>,
    next_doc_number: String,
    /// First answers by `requestid`.
    answers: BTreeMap<String, Value>,
    /// Ids of deleted transactions, by entity.
    deleted: BTreeMap<String, Vec<String>>,
}

/// The entities that the API knows, spelled as in its answers.
const ENTITIES: [&str; 17] = [
    "CompanyInfo",
    "Preferences",
    "Account",
    "Term",
    "TaxAgency",
    "TaxRate",
    "TaxCode",
    "Item",
    "Customer",
    "Vendor",
    "Employee",
    "PaymentMethod",
    "CompanyCurrency",
    "Invoice",
    "Payment",
    "Class",
    "Department",
];

/// An entity's proper spelling, whatever the case it is asked for in.
pub(crate) fn entity_name(asked: &str) -> Option<&'static str> {
    ENTITIES.into_iter().find(|name| name.eq_ignore_ascii_case(asked))
}

impl Company {
    pub(crate) fn seeded(seed: &Value, clock: Clock) -> anyhow::Result<Self> {
        let mut company = Self {
            realm_id: seed["realm_id"].as_str().unwrap_or_default().to_owned(),
            sales_tax: serde_json::from_value(seed["sales_tax"].clone())?,
            tables: BTreeMap::new(),
            exchange_rates: serde_json::from_value(seed["exchange_rates"].clone()).unwrap_or_default(),
            next_doc_number: seed["next_doc_number"].as_str().unwrap_or("1001").to_owned(),
            answers: BTreeMap::new(),
            deleted: BTreeMap::new(),
        };
        for entity in ENTITIES {
            for row in seed[entity].as_array().into_iter().flatten() {
                let mut row = row.clone();
                company.complete(entity, &mut row, clock);
                company.table_mut(entity).put(row);
            }
        }
        Ok(company)
    }

    /// What every row has, and what a seed may leave out.
    fn complete(&self, entity: &str, row: &mut Value, clock: Clock) {
        if let Some(name) = row["DisplayName"].as_str().map(str::to_owned) {
            row["FullyQualifiedName"] = json!(name);
            row["PrintOnCheckName"] = json!(name);
        } else if let Some(name) = row["Name"].as_str().map(str::to_owned)
            && matches!(entity, "Item" | "Account" | "Class" | "Department")
        {
            row["FullyQualifiedName"] = json!(name);
        }
        if entity == "Customer" {
            row["Balance"] = json!(0);
            row["BalanceWithJobs"] = json!(0);
            row["Job"] = json!(false);
            row["Taxable"] = json!(self.sales_tax == SalesTax::UnitedStates);
            if row["CurrencyRef"].is_null() {
                row["CurrencyRef"] = json!({ "value": self.home_currency() });
            }
            row["CurrencyRef"]["name"] = json!(currency_name(row["CurrencyRef"]["value"].as_str().unwrap_or_default()));
        }
        if !matches!(entity, "CompanyInfo" | "Preferences") {
            row["Active"] = json!(true);
        }
        row["domain"] = json!("QBO");
        row["sparse"] = json!(false);
        row["SyncToken"] = json!("0");
        let now = clock.quickbooks_seconds();
        row["MetaData"] = json!({ "CreateTime": now, "LastUpdatedTime": now });
    }

    pub(crate) fn table(&self, entity: &str) -> Option<&Table> {
        self.tables.get(entity)
    }

    pub(crate) fn table_mut(&mut self, entity: &str) -> &mut Table {
        self.tables.entry(entity.to_owned()).or_default()
    }

    pub(crate) fn row(&self, entity: &str, id: &str) -> Option<&Value> {
        self.table(entity)?.get(id)
    }

    /// A row that is there and active, or the fault of a bad reference.
    pub(crate) fn active(&self, entity: &str, reference: &Value, element: &str) -> Result<&Value, Fault> {
        let id = reference["value"].as_str().unwrap_or_default();
        self.row(entity, id)
            .filter(|row| row["Active"] != json!(false))
            .ok_or_else(|| Fault::invalid_reference(element))
    }

    /// Reads one row, as `GET /{entity}/{id}` does.
    pub(crate) fn read(&self, entity: &str, id: &str) -> Result<&Value, Fault> {
        self.row(entity, id).ok_or_else(|| {
            if self.deleted.get(entity).is_some_and(|ids| ids.iter().any(|deleted| deleted == id)) {
                Fault::deleted()
            } else {
                Fault::not_found()
            }
        })
    }

    /// Takes a transaction out of the books.
    pub(crate) fn delete(&mut self, entity: &str, id: &str) {
        if self.table_mut(entity).remove(id).is_some() {
            self.deleted.entry(entity.to_owned()).or_default().push(id.to_owned());
        }
    }

    /// The next id; transactions share one series.
    pub(crate) fn next_id(&self, entity: &str) -> String {
        let transactions = ["Invoice", "Payment"];
        let next = if transactions.contains(&entity) {
            let deleted =
                self.deleted.values().flatten().filter_map(|id| id.parse::<u64>().ok()).max().unwrap_or(0) + 1;
            let live = transactions.into_iter().filter_map(|entity| self.table(entity)).map(Table::next_id).max();
            live.unwrap_or(1).max(deleted).max(130)
        } else {
            self.table(entity).map_or(1, Table::next_id)
        };
        next.to_string()
    }

    /// The next automatic document number.
    pub(crate) fn take_doc_number(&mut self) -> String {
        let number = self.next_doc_number.clone();
        let digits_at = number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (prefix, digits) = number.split_at(digits_at);
        let next = digits.parse::<u64>().unwrap_or(0) + 1;
        self.next_doc_number = format!("{prefix}{next:0width$}", width = digits.len());
        number
    }

    /// The first answer given under a `requestid`.
    pub(crate) fn answered(&self, request_id: &str) -> Option<Value> {
        self.answers.get(request_id).cloned()
    }

    pub(crate) fn remember_answer(&mut self, request_id: &str, answer: Value) {
        self.answers.insert(request_id.to_owned(), answer);
    }

    pub(crate) fn preferences(&self) -> &Value {
        self.row("Preferences", "1").unwrap_or(&Value::Null)
    }

    pub(crate) fn name(&self) -> &str {
        self.row("CompanyInfo", "1").and_then(|info| info["CompanyName"].as_str()).unwrap_or_default()
    }

    pub(crate) fn country(&self) -> &str {
        self.row("CompanyInfo", "1").and_then(|info| info["Country"].as_str()).unwrap_or_default()
    }

    pub(crate) fn home_currency(&self) -> &str {
        self.preferences()["CurrencyPrefs"]["HomeCurrency"]["value"].as_str().unwrap_or("USD")
    }

    pub(crate) fn multicurrency(&self) -> bool {
        self.preferences()["CurrencyPrefs"]["MultiCurrencyEnabled"] == json!(true)
    }

    /// Whether the company has this currency.
    pub(crate) fn has_currency(&self, code: &str) -> bool {
        code == self.home_currency()
            || self.table("CompanyCurrency").is_some_and(|table| {
                table.rows().any(|row| row["Code"] == json!(code) && row["Active"] != json!(false))
            })
    }

    /// Home units for one unit of `code`.
    pub(crate) fn exchange_rate(&self, code: &str) -> Decimal {
        self.exchange_rates.get(code).and_then(decimal).unwrap_or(Decimal::ONE)
    }
}

/// A currency's English name, as in `CurrencyRef.name`.
pub(crate) fn currency_name(code: &str) -> &'static str {
    match code {
        "USD" => "United States Dollar",
        "BRL" => "Brazilian Real",
        "EUR" => "Euro",
        "GBP" => "British Pound Sterling",
        "CAD" => "Canadian Dollar",
        _ => "",
    }
}
