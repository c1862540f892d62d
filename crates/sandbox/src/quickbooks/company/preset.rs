//! Companies from readable files: presets of several countries, and companies that begin as one.

use super::{Act, Company, Rules};
use crate::{
    clock::Clock,
    quickbooks::{User, entity::Entity, objects},
};
use anyhow::{Context, bail};
use jiff::ToSpan;
use serde_json::{Map, Value, json};

const BASE: &str = include_str!("../../../seeds/quickbooks/base.json");
const COMPANIES: &str = include_str!("../../../seeds/quickbooks/companies.json");

/// Each preset's name and content.
const PRESETS: [(&str, &str); 12] = [
    ("us", include_str!("../../../seeds/quickbooks/us.json")),
    ("us-ast", include_str!("../../../seeds/quickbooks/us-ast.json")),
    ("us-no-tax", include_str!("../../../seeds/quickbooks/us-no-tax.json")),
    ("simple-start", include_str!("../../../seeds/quickbooks/simple-start.json")),
    ("ca", include_str!("../../../seeds/quickbooks/ca.json")),
    ("gb", include_str!("../../../seeds/quickbooks/gb.json")),
    ("au", include_str!("../../../seeds/quickbooks/au.json")),
    ("in", include_str!("../../../seeds/quickbooks/in.json")),
    ("br", include_str!("../../../seeds/quickbooks/br.json")),
    ("fr", include_str!("../../../seeds/quickbooks/fr.json")),
    ("jp", include_str!("../../../seeds/quickbooks/jp.json")),
    ("kw", include_str!("../../../seeds/quickbooks/kw.json")),
];

/// The names of the presets.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The users and companies that a new sandbox has.
pub(crate) fn seeds(clock: Clock) -> anyhow::Result<(Vec<User>, Vec<Company>)> {
    let seeds: Value = serde_json::from_str(COMPANIES).context("companies.json")?;
    read(&seeds, clock)
}

/// Users and companies of a file in the form of `companies.json`.
pub(crate) fn read(seeds: &Value, clock: Clock) -> anyhow::Result<(Vec<User>, Vec<Company>)> {
    let users = serde_json::from_value(seeds["users"].clone()).unwrap_or_default();
    let companies = seeds["companies"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|seed| company(seed, clock))
        .collect::<Result<_, _>>()?;
    Ok((users, companies))
}

/// One company: a preset, with rows of its own added and its preferences laid over the preset's.
pub(crate) fn company(seed: &Value, clock: Clock) -> anyhow::Result<Company> {
    let realm_id = seed["realm_id"].as_str().context("a company needs a realm_id")?;
    let preset = seed["preset"].as_str().context("a company needs a preset")?;
    let Some((_, text)) = PRESETS.iter().find(|(name, _)| *name == preset) else {
        bail!("there is no preset {preset}; there are {}", names().collect::<Vec<_>>().join(", "));
    };
    let base: Value = serde_json::from_str(BASE)?;
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
        complete(&company, entity, &mut row, clock);
        company.put_quietly(entity, &row);
    }
    for entity in Entity::ALL.iter().filter(|entity| !matches!(entity, Entity::Preferences | Entity::CompanyInfo)) {
        let listed = if preset[entity.name()].is_null() { &base } else { &preset };
        let rows = [listed, seed].into_iter().flat_map(|from| from[entity.name()].as_array().into_iter().flatten());
        for row in rows {
            let mut row = row.clone();
            complete(&company, *entity, &mut row, clock);
            if *entity == Entity::Customer {
                objects::hide_tax_numbers(&mut company, &mut row);
            }
            company.put_quietly(*entity, &row);
        }
    }
    for from in [&preset, seed] {
        for (code, rate) in from["exchange_rates"].as_object().into_iter().flatten() {
            let row = json!({ "Id": code, "SourceCurrencyCode": code, "TargetCurrencyCode": company.home_currency(), "Rate": rate, "AsOfDate": clock.pacific().date().to_string() });
            let mut row = row;
            complete(&company, Entity::ExchangeRate, &mut row, clock);
            company.put_quietly(Entity::ExchangeRate, &row);
        }
    }
    history(&mut company, seed, clock)?;
    if let Some(next) = seed["next_doc_number"].as_str() {
        company.start_document_numbers(Entity::Invoice, next);
    }
    company.events.clear();
    Ok(company)
}

/// Transactions of the past, entered like any other; dates may be given in days from today (`-20d`).
fn history(company: &mut Company, seed: &Value, clock: Clock) -> anyhow::Result<()> {
    let act = Act::new(clock, "");
    for entry in seed["history"].as_array().into_iter().flatten() {
        let entity = entry[0].as_str().and_then(Entity::named).context("history: an entity")?;
        let mut body = entry[1].clone();
        for member in ["TxnDate", "DueDate", "ExpirationDate"] {
            if let Some(days) = body[member].as_str().and_then(|text| text.strip_suffix('d')) {
                let days: i64 = days.trim_start_matches('+').parse()?;
                body[member] = json!((act.today() + days.days()).to_string());
            }
        }
        let written = company.transaction(|company| objects::create(company, entity, &body, &act));
        written.map_err(|fault| anyhow::anyhow!("history of {}: {}", company.realm_id, fault.body()))?;
    }
    Ok(())
}

/// What every row has, and what a file may leave out.
fn complete(company: &Company, entity: Entity, row: &mut Value, clock: Clock) {
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
        default("Taxable", json!(company.rules.sales_tax != super::SalesTax::PerLine));
        default("PreferredDeliveryMethod", json!("Print"));
    }
    if entity == Entity::Account {
        default("CurrentBalance", json!(0));
        default("CurrentBalanceWithSubAccounts", json!(0));
        default("SubAccount", json!(false));
        default(
            "CurrencyRef",
            json!({ "value": company.home_currency(), "name": objects::currency_name(company.home_currency()) }),
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
    let now = clock.quickbooks_seconds();
    default("MetaData", json!({ "CreateTime": now, "LastUpdatedTime": now }));
    row["domain"] = json!("QBO");
    row["sparse"] = json!(false);
    if row["CurrencyRef"]["value"].is_string() {
        let code = row["CurrencyRef"]["value"].as_str().unwrap_or_default();
        row["CurrencyRef"]["name"] = json!(objects::currency_name(code));
    }
}

/// Lays `changes` over `row`: objects member by member, everything else whole.
pub(crate) fn overlay(row: &mut Value, changes: &Value) {
    match (row.as_object_mut(), changes) {
        (_, Value::Null) => {}
        (Some(object), Value::Object(changes)) => overlay_members(object, changes),
        _ => *row = changes.clone(),
    }
}

fn overlay_members(object: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => {
                object.remove(name);
            }
            _ => overlay(object.entry(name).or_insert(Value::Null), value),
        }
    }
}
