//! Companies from files: presets of several countries, and companies that are created from them.

use crate::{
    clock::PacificTime,
    company::{Company, Rules, SalesTax, WriteContext},
    entity::Entity,
    json::overlay,
    objects::{currencies::currency_name, name::mask_tax_numbers},
    user::User,
    writes,
};
use anyhow::{Context, bail};
use jiff::ToSpan;
use sandbox_core::clock::Clock;
use serde_json::{Value, json};

/// Contents of the files that describe companies.
#[derive(Debug, Clone, Copy)]
pub struct Seeds {
    /// Rows that every preset has unless it lists its own.
    pub base: &'static str,
    /// Name and content of each preset.
    pub presets: &'static [(&'static str, &'static str)],
    /// Users and companies of a new sandbox.
    pub companies: &'static str,
}

impl Seeds {
    /// Returns the names of the presets.
    pub(crate) fn preset_names(&self) -> impl Iterator<Item = &'static str> {
        self.presets.iter().map(|(name, _)| *name)
    }

    /// Creates the users and companies of a new sandbox.
    pub(crate) fn load(&self, clock: Clock) -> anyhow::Result<(Vec<User>, Vec<Company>)> {
        let seeds: Value = serde_json::from_str(self.companies).context("companies.json")?;
        self.load_file(&seeds, clock)
    }

    /// Creates the users and companies of a file in the form of `companies.json`.
    pub(crate) fn load_file(&self, seeds: &Value, clock: Clock) -> anyhow::Result<(Vec<User>, Vec<Company>)> {
        let users = serde_json::from_value(seeds["users"].clone()).unwrap_or_default();
        let companies = seeds["companies"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|seed| self.create_company(seed, clock))
            .collect::<Result<_, _>>()?;
        Ok((users, companies))
    }

    /// Creates a company from a preset. The seed adds rows to those of the preset, and overlays its preferences.
    pub(crate) fn create_company(&self, seed: &Value, clock: Clock) -> anyhow::Result<Company> {
        let realm_id = seed["realm_id"].as_str().context("a company needs a realm_id")?;
        let preset = seed["preset"].as_str().context("a company needs a preset")?;
        let Some((_, text)) = self.presets.iter().find(|(name, _)| *name == preset) else {
            bail!("there is no preset {preset}; there are {}", self.preset_names().collect::<Vec<_>>().join(", "));
        };
        let base: Value = serde_json::from_str(self.base)?;
        let preset: Value = serde_json::from_str(text).with_context(|| preset.to_owned())?;
        let rules: Rules = serde_json::from_value(preset["rules"].clone()).context("rules")?;
        let mut company = Company::new(realm_id, rules);
        for entity in [Entity::Preferences, Entity::CompanyInfo] {
            let mut row = base[entity.name()].clone();
            overlay(&mut row, &preset[entity.name()]);
            overlay(&mut row, &seed[entity.name()]);
            if entity == Entity::CompanyInfo
                && let Some(name) = seed["name"].as_str()
            {
                row["CompanyName"] = json!(name);
                row["LegalName"] = json!(name);
            }
            row["Id"] = json!("1");
            fill_defaults(&company, entity, &mut row, clock);
            company.put_without_event(entity, &row);
        }
        for entity in Entity::ALL.iter().filter(|entity| !matches!(entity, Entity::Preferences | Entity::CompanyInfo)) {
            let file = if preset[entity.name()].is_null() { &base } else { &preset };
            let rows =
                [file, seed].into_iter().flat_map(|source| source[entity.name()].as_array().into_iter().flatten());
            for row in rows {
                let mut row = row.clone();
                fill_defaults(&company, *entity, &mut row, clock);
                if *entity == Entity::Customer {
                    mask_tax_numbers(&mut company, &mut row);
                }
                company.put_without_event(*entity, &row);
            }
        }
        for from in [&preset, seed] {
            for (code, rate) in from["exchange_rates"].as_object().into_iter().flatten() {
                let row = json!({ "Id": code, "SourceCurrencyCode": code, "TargetCurrencyCode": company.home_currency(), "Rate": rate, "AsOfDate": clock.pacific().date().to_string() });
                let mut row = row;
                fill_defaults(&company, Entity::ExchangeRate, &mut row, clock);
                company.put_without_event(Entity::ExchangeRate, &row);
            }
        }
        write_history(&mut company, seed, clock)?;
        if let Some(next) = seed["next_doc_number"].as_str() {
            company.start_document_numbers(Entity::Invoice, next);
        }
        company.events.clear();
        Ok(company)
    }
}

/// Writes transactions of the past, by the same rules as any other. Dates may count days from today (`-20d`).
fn write_history(company: &mut Company, seed: &Value, clock: Clock) -> anyhow::Result<()> {
    let context = WriteContext::new(clock, "");
    for entry in seed["history"].as_array().into_iter().flatten() {
        let entity = entry[0].as_str().and_then(Entity::from_name).context("history: an entity")?;
        let mut body = entry[1].clone();
        for member in ["TxnDate", "DueDate", "ExpirationDate"] {
            if let Some(days) = body[member].as_str().and_then(|text| text.strip_suffix('d')) {
                let days: i64 = days.trim_start_matches('+').parse()?;
                body[member] = json!((context.today() + days.days()).to_string());
            }
        }
        let result = company.transaction(|company| writes::write(company, entity, &body, &context));
        result.map_err(|fault| anyhow::anyhow!("history of {}: {}", company.realm_id, fault.body()))?;
    }
    Ok(())
}

/// Fills in the members that a file may omit.
fn fill_defaults(company: &Company, entity: Entity, row: &mut Value, clock: Clock) {
    let name = entity.name_member().and_then(|member| row[member].as_str()).map(str::to_owned);
    let mut default = |member: &str, value: Value| {
        if row[member].is_null() {
            row[member] = value;
        }
    };
    if matches!(
        entity,
        Entity::Customer
            | Entity::Vendor
            | Entity::Employee
            | Entity::Item
            | Entity::Account
            | Entity::Class
            | Entity::Department
    ) {
        default("FullyQualifiedName", json!(name));
    }
    if matches!(entity, Entity::Customer | Entity::Vendor | Entity::Employee) {
        default("PrintOnCheckName", json!(name));
    }
    if matches!(entity, Entity::Customer | Entity::Vendor) {
        default("Balance", json!(0));
        default("CurrencyRef", json!({ "value": company.home_currency() }));
    }
    if entity == Entity::Customer {
        default("BalanceWithJobs", json!(0));
        default("Job", json!(false));
        default("BillWithParent", json!(false));
        default("Taxable", json!(company.rules.sales_tax != SalesTax::PerLine));
        default("PreferredDeliveryMethod", json!("Print"));
    }
    if entity == Entity::Account {
        default("CurrentBalance", json!(0));
        default("CurrentBalanceWithSubAccounts", json!(0));
        default("SubAccount", json!(false));
        default(
            "CurrencyRef",
            json!({ "value": company.home_currency(), "name": currency_name(company.home_currency()) }),
        );
    }
    if matches!(entity, Entity::Item) {
        default("TrackQtyOnHand", json!(false));
    }
    if entity == Entity::Class {
        default("SubClass", json!(false));
    }
    if entity == Entity::Department {
        default("SubDepartment", json!(false));
    }
    if entity.is_name_list() {
        default("Active", json!(true));
    }
    default("SyncToken", json!("0"));
    // Rows of a file date from yesterday, so that a query lag does not hide them.
    let mut yesterday = clock;
    yesterday.advance(-86_400);
    let created = yesterday.quickbooks_seconds();
    default("MetaData", json!({ "CreateTime": created, "LastUpdatedTime": created }));
    row["domain"] = json!("QBO");
    row["sparse"] = json!(false);
    if row["CurrencyRef"]["value"].is_string() {
        let code = row["CurrencyRef"]["value"].as_str().unwrap_or_default();
        row["CurrencyRef"]["name"] = json!(currency_name(code));
    }
}
