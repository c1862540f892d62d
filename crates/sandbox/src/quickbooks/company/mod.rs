//! One QuickBooks company: its rules, its lists and transactions, what changed, and what was sent out.

mod bulk;
pub(crate) mod keys;
mod names;
mod numbers;
pub(crate) mod preset;
mod quirks;
pub(crate) mod table;

use super::{
    entity::{Entity, Series},
    fault::Fault,
    webhooks::{Event, Operation},
};
use crate::clock::Clock;
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};
use names::Names;
use numbers::Numbers;
pub(crate) use quirks::{
    InvalidAddresses, LikeAccents, Moments, OldRefreshToken, PaidInvoice, PercentDiscount, Quirks, TaxInclusiveAmount,
    TaxRounding, ThirdDecimal,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use table::{Deleted, Row, Table};

/// How sales are taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SalesTax {
    /// United States before 2017: `TAX`/`NON` on lines, one code on the transaction.
    UnitedStates,
    /// United States, automated sales tax: the code comes from the address.
    Automated,
    /// Elsewhere: a code on every line.
    PerLine,
}

/// Where tax is rounded to cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rounding {
    PerLine,
    PerRate,
}

/// What distinguishes one company from another, beyond its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) sales_tax: SalesTax,
    #[serde(default = "per_line")]
    pub(crate) rounding: Rounding,
    /// Automated sales tax: the tax code of each state (`CountrySubDivisionCode`).
    #[serde(default)]
    pub(crate) jurisdictions: BTreeMap<String, String>,
    /// What the subscription does not have, as `MultiCurrency` or `Class`.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    /// As in France: a discount of the whole form becomes a line over nothing, and the total is without it.
    #[serde(default)]
    pub(crate) drops_discount_lines: bool,
}

fn per_line() -> Rounding {
    Rounding::PerLine
}

/// Who acts, and when.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) clock: Clock,
    /// The user behind the access token.
    pub(crate) user: String,
    /// `include=allowduplicatedocnum`.
    pub(crate) duplicate_numbers: bool,
}

impl Act {
    pub(crate) fn new(clock: Clock, user: &str) -> Self {
        Self { clock, user: user.to_owned(), duplicate_numbers: false }
    }

    /// The date on QuickBooks' servers.
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
    /// Names of the files that went with it.
    pub(crate) attached: Vec<String>,
}

/// One company.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) realm_id: String,
    pub(crate) rules: Rules,
    tables: BTreeMap<Entity, Table>,
    numbers: Numbers,
    /// First answers by `requestid`, as JSON.
    answers: HashMap<String, String>,
    /// Customers' tax numbers in full, by customer and member; the rows have them masked.
    pub(crate) tax_identifiers: BTreeMap<String, String>,
    /// Contents of attachments, in base64, by id.
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) outbox: Vec<Mail>,
    /// Changes that webhooks have still to tell.
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
    /// Changed since it was last written to disk.
    #[serde(skip)]
    pub(crate) touched: bool,
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
            touched: true,
        }
    }

    /// What is not written to disk, after reading.
    pub(crate) fn restored(mut self) -> Self {
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

    /// Carries `work` out whole or not at all.
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

    /// Sets or removes a row, keeps the index of names, and gives back what was there.
    fn set(&mut self, entity: Entity, id: &str, row: Option<Arc<Row>>) -> Option<Arc<Row>> {
        self.touched = true;
        let key = table::Id::from(id);
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

    /// Keeps a row, and tells nobody.
    pub(crate) fn put_quietly(&mut self, entity: Entity, value: &Value) {
        let id = value["Id"].as_str().unwrap_or_default().to_owned();
        let before = self.set(entity, &id, Some(Row::new(entity, value)));
        self.undo.push(Undo { entity, id, before, deleted: false });
    }

    /// Keeps a row, and notes what happened to it.
    pub(crate) fn put(&mut self, entity: Entity, value: &Value, operation: Operation, act: &Act) {
        self.put_quietly(entity, value);
        self.note(entity, value["Id"].as_str().unwrap_or_default(), operation, act);
    }

    fn note(&mut self, entity: Entity, id: &str, operation: Operation, act: &Act) {
        self.events.push(Event {
            realm_id: self.realm_id.clone(),
            entity,
            id: id.to_owned(),
            operation,
            at: act.clock.now(),
        });
    }

    /// Notes that a row was voided, e-mailed or so, after it was kept quietly.
    pub(crate) fn tell(&mut self, entity: Entity, id: &str, operation: Operation, act: &Act) {
        self.note(entity, id, operation, act);
    }

    /// Takes a row out for good; change data capture goes on to name it.
    pub(crate) fn delete(&mut self, entity: Entity, id: &str, act: &Act) {
        if let Some(before) = self.set(entity, id, None) {
            let deleted = Deleted { id: id.to_owned(), at: act.clock.now().as_millisecond() };
            self.table_mut(entity).deleted.push(deleted);
            self.undo.push(Undo { entity, id: id.to_owned(), before: Some(before), deleted: true });
            self.note(entity, id, Operation::Delete, act);
        }
    }

    pub(crate) fn table(&self, entity: Entity) -> Option<&Table> {
        self.tables.get(&entity)
    }

    /// How many rows there are.
    pub(crate) fn count(&self, entity: Entity) -> usize {
        self.table(entity).map_or(0, Table::len)
    }

    /// All rows of an entity, to look into.
    pub(crate) fn all(&self, entity: Entity) -> impl DoubleEndedIterator<Item = Value> {
        self.table(entity).into_iter().flat_map(Table::rows).map(|(_, row)| row.value()).collect::<Vec<_>>().into_iter()
    }

    /// A row, to look into or to change.
    pub(crate) fn get(&self, entity: Entity, id: &str) -> Option<Value> {
        Some(self.table(entity)?.get(id)?.value())
    }

    /// Refuses a list that holds an invoice whose e-mail address is invalid.
    pub(crate) fn check_addresses(&self, mut ids: impl Iterator<Item = String>) -> Result<(), Fault> {
        let InvalidAddresses { invoices, status, .. } = &self.quirks.invalid_addresses;
        if ids.any(|id| invoices.contains(&id)) { Err(Fault::invalid_address(*status)) } else { Ok(()) }
    }

    /// Refuses a moment with a fraction or without an offset, where only others are taken.
    pub(crate) fn check_moment(&self, moment: &str) -> Result<(), Fault> {
        let has_offset = moment.ends_with('Z') || moment.get(19..).is_some_and(|rest| rest.starts_with(['+', '-']));
        if self.quirks.moments == Moments::Any || (has_offset && !moment.contains('.')) {
            return Ok(());
        }
        Err(Fault::invalid_query(format!("value {moment} is invalid for this property")))
    }

    /// A row as `GET /{entity}/{id}` finds it.
    pub(crate) fn read(&self, entity: Entity, id: &str) -> Result<&Arc<Row>, Fault> {
        let table = self.table(entity);
        // Only tax codes have names for ids.
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

    /// The row that a reference means: there, and active.
    pub(crate) fn referenced(&self, entity: Entity, reference: &Value, element: &str) -> Result<Value, Fault> {
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

    /// Ids of live rows of this name, in the space of names that `entity` shares.
    pub(crate) fn named(&self, entity: Entity, name: &str) -> Vec<(Entity, String)> {
        self.names.find(entity, name)
    }

    /// The id that a new row of this entity gets.
    pub(crate) fn take_id(&mut self, entity: Entity) -> String {
        let series = entity.series();
        let highest =
            || self.tables.values().filter(|table| table.entity.series() == series).map(Table::highest_id).max();
        let least = if series == Series::Transactions { 130 } else { 1 };
        let id = self.numbers.take_id(&format!("{series:?}"), || (highest().unwrap_or(0) + 1).max(least));
        id.to_string()
    }

    /// The id of an address, which is a row of its own in QuickBooks.
    pub(crate) fn take_address_id(&mut self) -> String {
        self.numbers.take_id("Address", || 300).to_string()
    }

    /// The next automatic document number of an entity.
    pub(crate) fn take_document_number(&mut self, entity: Entity) -> String {
        self.numbers.take_document(entity)
    }

    /// A number that was given by hand: the series goes on after it.
    pub(crate) fn follow_document_number(&mut self, entity: Entity, number: &str) {
        self.numbers.follow(entity, number);
    }

    pub(crate) fn start_document_numbers(&mut self, entity: Entity, first: &str) {
        self.numbers.start(entity, first);
    }

    /// The first answer given under a `requestid`, as JSON.
    pub(crate) fn answered(&self, request_id: &str) -> Option<&str> {
        self.answers.get(request_id).filter(|_| !self.quirks.ignores_request_ids).map(String::as_str)
    }

    pub(crate) fn remember_answer(&mut self, request_id: &str, answer: &str) {
        self.touched = true;
        self.answers.insert(request_id.to_owned(), answer.to_owned());
    }

    pub(crate) fn preferences(&self) -> &Value {
        &self.preferences
    }

    /// A switch of the preferences, as `prefers("SalesFormsPrefs", "AllowDiscount")`.
    pub(crate) fn prefers(&self, group: &str, name: &str) -> bool {
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

    /// The decimals of a currency's amounts in this company.
    pub(crate) fn decimals(&self, code: &str) -> u32 {
        let exponent = Currency::from_code(code).and_then(Currency::exponent).map_or(2, u32::from);
        if self.quirks.third_decimal == ThirdDecimal::Kept { exponent } else { exponent.min(2) }
    }

    pub(crate) fn multicurrency(&self) -> bool {
        self.prefers("CurrencyPrefs", "MultiCurrencyEnabled")
    }

    /// Whether the subscription has a feature.
    pub(crate) fn has(&self, feature: &str) -> bool {
        !self.rules.without.iter().any(|without| without == feature)
    }

    /// Whether the company has this currency.
    pub(crate) fn has_currency(&self, code: &str) -> bool {
        code == self.home_currency()
            || (self.multicurrency()
                && self.named(Entity::CompanyCurrency, code).iter().any(|(_, id)| {
                    self.get(Entity::CompanyCurrency, id).is_some_and(|row| row["Active"] != json!(false))
                }))
    }
}
