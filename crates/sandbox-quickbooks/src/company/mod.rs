//! One QuickBooks company: its rules, its rows, its changes, and the e-mails that it sent.

mod bulk;
pub(crate) mod id;
pub(crate) mod keys;
mod names;
mod numbers;
mod quirks;
pub(crate) mod table;

use crate::{
    clock::PacificTime,
    entity::{Entity, Series},
    events::{Event, Operation},
    fault::Fault,
};
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};
use names::Names;
use numbers::Numbers;
pub(crate) use quirks::{
    InvalidAddresses, LikeAccents, Moments, OldRefreshToken, PaidInvoice, PercentDiscount, Quirks, TaxInclusiveAmount,
    TaxRounding, ThirdDecimal,
};
use sandbox_core::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use table::{Deleted, Row, Table};

/// How a company taxes sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SalesTax {
    /// United States before 2017: `TAX` or `NON` on lines, one code on the transaction.
    UnitedStates,
    /// Automated sales tax of the United States. The address selects the code.
    Automated,
    /// All other countries: a code on every line.
    PerLine,
}

/// The step at which tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rounding {
    PerLine,
    PerRate,
}

/// Rules by which companies differ, beyond their rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) sales_tax: SalesTax,
    #[serde(default = "per_line")]
    pub(crate) rounding: Rounding,
    /// Tax code of each state (`CountrySubDivisionCode`), for automated sales tax.
    #[serde(default)]
    pub(crate) jurisdictions: BTreeMap<String, String>,
    /// Features that the subscription lacks, as `MultiCurrency` or `Class`.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    /// Whether a discount of the whole form becomes a line of zero that does not change the total, as in France.
    #[serde(default)]
    pub(crate) drops_discount_lines: bool,
}

fn per_line() -> Rounding {
    Rounding::PerLine
}

/// The context of a write: its time, its author, and an option of the request.
#[derive(Debug, Clone)]
pub(crate) struct WriteContext {
    pub(crate) clock: Clock,
    /// The user of the access token.
    pub(crate) user: String,
    /// Whether a document number may repeat (`include=allowduplicatedocnum`).
    pub(crate) duplicate_numbers: bool,
}

impl WriteContext {
    pub(crate) fn new(clock: Clock, user: &str) -> Self {
        Self { clock, user: user.to_owned(), duplicate_numbers: false }
    }

    /// Returns the date on QuickBooks' servers.
    pub(crate) fn today(&self) -> Date {
        self.clock.pacific().date()
    }
}

/// An e-mail that QuickBooks sent for the company.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) time: Timestamp,
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) bcc: String,
    pub(crate) subject: String,
    pub(crate) message: String,
    pub(crate) entity: Entity,
    pub(crate) id: String,
    /// Names of the attached files.
    pub(crate) attached: Vec<String>,
}

/// A company with its books.
#[derive(Debug, Serialize, Deserialize)]
pub struct Company {
    pub(crate) realm_id: String,
    pub(crate) rules: Rules,
    tables: BTreeMap<Entity, Table>,
    numbers: Numbers,
    /// The first answer to each `requestid`, as JSON.
    answers: HashMap<String, String>,
    /// Tax numbers of customers in full, by customer and member. The rows hold them masked.
    pub(crate) tax_identifiers: BTreeMap<String, String>,
    /// Contents of attachments in base64, by id.
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) outbox: Vec<Mail>,
    /// Changes that webhooks have not reported yet.
    pub(crate) events: Vec<Event>,
    #[serde(default)]
    pub(crate) quirks: Quirks,
    #[serde(skip)]
    names: Names,
    #[serde(skip)]
    preferences: Arc<Value>,
    #[serde(skip)]
    info: Arc<Value>,
    #[serde(skip)]
    undo: Vec<Undo>,
    /// Whether the company has changed since it was saved.
    #[serde(skip)]
    pub(crate) is_changed: bool,
}

#[derive(Debug)]
struct Undo {
    entity: Entity,
    id: String,
    before: Option<Arc<Row>>,
    deleted: bool,
}

impl Company {
    pub(crate) fn new(realm_id: &str, rules: Rules) -> Self {
        Self {
            realm_id: realm_id.to_owned(),
            rules,
            tables: BTreeMap::new(),
            numbers: Numbers::default(),
            answers: HashMap::new(),
            tax_identifiers: BTreeMap::new(),
            files: BTreeMap::new(),
            outbox: Vec::new(),
            events: Vec::new(),
            quirks: Quirks::default(),
            names: Names::default(),
            preferences: Arc::default(),
            info: Arc::default(),
            undo: Vec::new(),
            is_changed: true,
        }
    }

    /// Rebuilds the caches, which are not saved.
    pub(crate) fn rebuild_caches(mut self) -> Self {
        for table in self.tables.values() {
            for (id, row) in table.rows() {
                self.names.add(table.entity, id, row.keys());
            }
        }
        self.cache(Entity::Preferences);
        self.cache(Entity::CompanyInfo);
        self
    }

    fn cache(&mut self, entity: Entity) {
        let value = Arc::new(self.get(entity, "1").unwrap_or_default());
        match entity {
            Entity::Preferences => self.preferences = value,
            Entity::CompanyInfo => self.info = value,
            _ => {}
        }
    }

    /// Runs `work` as a transaction: if it fails, all its changes are undone.
    pub(crate) fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.undo.clear();
        let (events, mails, numbers) = (self.events.len(), self.outbox.len(), self.numbers.clone());
        let result = work(self);
        if result.is_err() {
            for Undo { entity, id, before, deleted } in std::mem::take(&mut self.undo).into_iter().rev() {
                if deleted {
                    self.table_mut(entity).deleted.pop();
                }
                self.set(entity, &id, before);
            }
            self.events.truncate(events);
            self.outbox.truncate(mails);
            self.numbers = numbers;
        }
        result
    }

    fn table_mut(&mut self, entity: Entity) -> &mut Table {
        self.tables.entry(entity).or_insert_with(|| Table::new(entity))
    }

    /// Sets or removes a row and updates the index of names. Returns the previous row.
    fn set(&mut self, entity: Entity, id: &str, row: Option<Arc<Row>>) -> Option<Arc<Row>> {
        self.is_changed = true;
        let key = id::Id::from(id);
        if let Some(row) = &row {
            self.names.add(entity, &key, row.keys());
        }
        let before = match &row {
            Some(row) => self.table_mut(entity).put(id, row.clone()),
            None => self.table_mut(entity).remove(id),
        };
        if let Some(before) = &before {
            self.names.remove(entity, &key, before.keys(), row.as_ref().map(|row| row.keys()));
        }
        if matches!(entity, Entity::Preferences | Entity::CompanyInfo) {
            self.cache(entity);
        }
        before
    }

    /// Stores a row without an event.
    pub(crate) fn put_without_event(&mut self, entity: Entity, value: &Value) {
        let id = value["Id"].as_str().unwrap_or_default().to_owned();
        let before = self.set(entity, &id, Some(Row::new(entity, value)));
        self.undo.push(Undo { entity, id, before, deleted: false });
    }

    /// Stores a row and records an event.
    pub(crate) fn put(&mut self, entity: Entity, value: &Value, operation: Operation, context: &WriteContext) {
        self.put_without_event(entity, value);
        self.record_event(entity, value["Id"].as_str().unwrap_or_default(), operation, context);
    }

    /// Records an event for a row, which webhooks report.
    pub(crate) fn record_event(&mut self, entity: Entity, id: &str, operation: Operation, context: &WriteContext) {
        self.events.push(Event {
            realm_id: self.realm_id.clone(),
            entity,
            id: id.to_owned(),
            operation,
            at: context.clock.now(),
        });
    }

    /// Deletes a row. Change data capture continues to list its id.
    pub(crate) fn delete(&mut self, entity: Entity, id: &str, context: &WriteContext) {
        if let Some(before) = self.set(entity, id, None) {
            let deleted = Deleted { id: id.to_owned(), at: context.clock.now().as_millisecond() };
            self.table_mut(entity).deleted.push(deleted);
            self.undo.push(Undo { entity, id: id.to_owned(), before: Some(before), deleted: true });
            self.record_event(entity, id, Operation::Delete, context);
        }
    }

    pub(crate) fn table(&self, entity: Entity) -> Option<&Table> {
        self.tables.get(&entity)
    }

    /// Counts the rows of an entity.
    pub(crate) fn count(&self, entity: Entity) -> usize {
        self.table(entity).map_or(0, Table::len)
    }

    /// Returns all rows of an entity.
    pub(crate) fn all(&self, entity: Entity) -> impl DoubleEndedIterator<Item = Value> {
        self.table(entity).into_iter().flat_map(Table::rows).map(|(_, row)| row.value()).collect::<Vec<_>>().into_iter()
    }

    /// Returns a row.
    pub(crate) fn get(&self, entity: Entity, id: &str) -> Option<Value> {
        Some(self.table(entity)?.get(id)?.value())
    }

    /// Refuses a list that holds an invoice with an invalid e-mail address.
    pub(crate) fn check_addresses(&self, mut ids: impl Iterator<Item = String>) -> Result<(), Fault> {
        let InvalidAddresses { invoices, status, .. } = &self.quirks.invalid_addresses;
        if ids.any(|id| invoices.contains(&id)) { Err(Fault::invalid_address(*status)) } else { Ok(()) }
    }

    /// Refuses a time with a fraction or without an offset, if the company's quirks say so.
    pub(crate) fn check_time_format(&self, moment: &str) -> Result<(), Fault> {
        let has_offset = moment.ends_with('Z') || moment.get(19..).is_some_and(|rest| rest.starts_with(['+', '-']));
        if self.quirks.moments == Moments::Any || (has_offset && !moment.contains('.')) {
            return Ok(());
        }
        Err(Fault::invalid_query(format!("value {moment} is invalid for this property")))
    }

    /// Returns a row as `GET /{entity}/{id}` does, or the fault for a missing one.
    pub(crate) fn read(&self, entity: Entity, id: &str) -> Result<&Arc<Row>, Fault> {
        let table = self.table(entity);
        // Only tax codes have ids that are not numbers.
        if entity != Entity::TaxCode && id.parse::<u64>().is_err() {
            return Err(Fault::id(id));
        }
        table.and_then(|table| table.get(id)).ok_or_else(|| {
            if table.is_some_and(|table| table.deleted.iter().any(|deleted| deleted.id == id)) {
                Fault::deleted()
            } else {
                Fault::not_found()
            }
        })
    }

    /// Returns the row of a reference. Refuses a missing or inactive row.
    pub(crate) fn get_referenced(&self, entity: Entity, reference: &Value, element: &str) -> Result<Value, Fault> {
        let id = reference["value"].as_str().unwrap_or_default();
        match self.get(entity, id) {
            Some(row) if row["Active"] == json!(false) => Err(Fault::inactive_reference()),
            Some(row) => Ok(row),
            None => Err(match entity {
                Entity::Customer | Entity::Vendor | Entity::Employee => Fault::missing_element("Names", id),
                Entity::Account => Fault::missing_element("Accounts", id),
                Entity::Class => Fault::missing_element("Klasses", id),
                Entity::Department => Fault::missing_element("Depts", id),
                Entity::Item if element == "ItemRef" => Fault::invalid_reference("Line.SalesItemLineDetail.ItemRef"),
                _ => Fault::invalid_reference(element),
            }),
        }
    }

    /// Returns the ids of live rows with a name, in the name space that `entity` shares.
    pub(crate) fn ids_with_name(&self, entity: Entity, name: &str) -> Vec<(Entity, String)> {
        self.names.find(entity, name)
    }

    /// Reserves the id of a new row.
    pub(crate) fn reserve_id(&mut self, entity: Entity) -> String {
        let series = entity.series();
        let highest =
            || self.tables.values().filter(|table| table.entity.series() == series).map(Table::highest_id).max();
        let least = if series == Series::Transactions { 130 } else { 1 };
        let id = self.numbers.reserve_id(&format!("{series:?}"), || (highest().unwrap_or(0) + 1).max(least));
        id.to_string()
    }

    /// Reserves the id of an address. QuickBooks stores addresses as rows of their own.
    pub(crate) fn reserve_address_id(&mut self) -> String {
        self.numbers.reserve_id("Address", || 300).to_string()
    }

    /// Reserves the next automatic document number.
    pub(crate) fn reserve_document_number(&mut self, entity: Entity) -> String {
        self.numbers.reserve_document_number(entity)
    }

    /// Continues the series of document numbers after a number that a client set.
    pub(crate) fn continue_document_numbers(&mut self, entity: Entity, number: &str) {
        self.numbers.continue_after(entity, number);
    }

    pub(crate) fn start_document_numbers(&mut self, entity: Entity, first: &str) {
        self.numbers.start(entity, first);
    }

    /// Returns the first answer to a `requestid`, as JSON.
    pub(crate) fn stored_answer(&self, request_id: &str) -> Option<&str> {
        self.answers.get(request_id).filter(|_| !self.quirks.ignores_request_ids).map(String::as_str)
    }

    pub(crate) fn store_answer(&mut self, request_id: &str, answer: &str) {
        self.is_changed = true;
        self.answers.insert(request_id.to_owned(), answer.to_owned());
    }

    pub(crate) fn preferences(&self) -> &Value {
        &self.preferences
    }

    /// Whether a preference is on, as `has_preference("SalesFormsPrefs", "AllowDiscount")`.
    pub(crate) fn has_preference(&self, group: &str, name: &str) -> bool {
        self.preferences[group][name] == json!(true)
    }

    pub(crate) fn info(&self) -> &Value {
        &self.info
    }

    pub(crate) fn name(&self) -> &str {
        self.info["CompanyName"].as_str().unwrap_or_default()
    }

    pub(crate) fn country(&self) -> &str {
        self.info["Country"].as_str().unwrap_or_default()
    }

    pub(crate) fn home_currency(&self) -> &str {
        self.preferences["CurrencyPrefs"]["HomeCurrency"]["value"].as_str().unwrap_or("USD")
    }

    /// Returns the number of decimals of a currency's amounts in this company.
    pub(crate) fn decimals(&self, code: &str) -> u32 {
        let exponent = Currency::from_code(code).and_then(Currency::exponent).map_or(2, u32::from);
        if self.quirks.third_decimal == ThirdDecimal::Kept { exponent } else { exponent.min(2) }
    }

    pub(crate) fn multicurrency(&self) -> bool {
        self.has_preference("CurrencyPrefs", "MultiCurrencyEnabled")
    }

    /// Whether the subscription has a feature.
    pub(crate) fn has_feature(&self, feature: &str) -> bool {
        !self.rules.without.iter().any(|without| without == feature)
    }

    /// Whether the company uses a currency.
    pub(crate) fn has_currency(&self, code: &str) -> bool {
        code == self.home_currency()
            || (self.multicurrency()
                && self.ids_with_name(Entity::CompanyCurrency, code).iter().any(|(_, id)| {
                    self.get(Entity::CompanyCurrency, id).is_some_and(|row| row["Active"] != json!(false))
                }))
    }
}
