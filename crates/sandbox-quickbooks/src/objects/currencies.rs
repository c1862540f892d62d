//! The company's currencies and the exchange rates.

use super::draft::{begin_write, finish_write};
use crate::{
    clock::PacificTime,
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    schema,
};
use iso_currency::Currency;
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number};
use serde_json::{Value, json};

/// Returns the English name of a currency, as in `CurrencyRef.name`. The name of an unknown code is empty.
pub(crate) fn currency_name(code: &str) -> String {
    match code {
        "USD" => "United States Dollar".to_owned(),
        "GBP" => "British Pound Sterling".to_owned(),
        "BRL" => "Brazilian Real".to_owned(),
        "CNY" => "Chinese Yuan".to_owned(),
        _ => Currency::from_code(code).map_or_else(String::new, |currency| capitalize(currency.name())),
    }
}

/// Capitalises each word: `Canadian Dollar`.
fn capitalize(name: &str) -> String {
    let words = name.split(' ').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns the rate from a currency to the home currency on a day: the last rate that was set up to the day, or else the
/// first rate after it.
pub(crate) fn exchange_rate(company: &Company, code: &str, day: &str) -> Decimal {
    if code == company.home_currency() {
        return Decimal::ONE;
    }
    let row = rate_row(company, code, Some(day));
    row.as_ref().and_then(|row| decimal(&row["Rate"])).unwrap_or(Decimal::ONE)
}

fn rate_row(company: &Company, code: &str, day: Option<&str>) -> Option<Value> {
    let day_of = |row: &Value| row["AsOfDate"].as_str().unwrap_or_default().to_owned();
    let rows: Vec<Value> =
        company.all(Entity::ExchangeRate).filter(|row| row["SourceCurrencyCode"] == json!(code)).collect();
    let latest =
        rows.iter().filter(|row| day.is_none_or(|day| day_of(row).as_str() <= day)).max_by_key(|row| day_of(row));
    latest.or_else(|| rows.iter().min_by_key(|row| day_of(row))).cloned()
}

/// Answers `GET /exchangerate?sourcecurrencycode=EUR&asofdate=2026-11-24`.
pub(crate) fn read_exchange_rate(company: &Company, code: &str, day: Option<&str>) -> Result<Value, Fault> {
    let code = code.to_ascii_uppercase();
    if code.is_empty() {
        return Err(Fault::missing("sourcecurrencycode"));
    }
    if currency_name(&code).is_empty() || code == company.home_currency() {
        return Err(Fault::validation(
            "2220",
            "Invalid Currency",
            format!("Invalid currency code: {code}"),
            "sourcecurrencycode",
        ));
    }
    let mut row = rate_row(company, &code, day).ok_or_else(Fault::not_found)?;
    if let Some(day) = day {
        row["AsOfDate"] = json!(day);
    }
    row.as_object_mut().map(|row| row.remove("Id"));
    Ok(row)
}

/// Enables a currency, or changes whether it is active.
pub(crate) fn write(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    if !company.multicurrency() {
        return Err(Fault::feature("Multicurrency"));
    }
    let draft = begin_write(company, Entity::CompanyCurrency, body)?;
    let (mut row, before) = (draft.row, draft.before);
    let code = row.get("Code").and_then(Value::as_str).ok_or_else(|| Fault::missing("Code"))?.to_ascii_uppercase();
    if currency_name(&code).is_empty() || code == company.home_currency() {
        return Err(Fault::validation("2220", "Invalid Currency", format!("Invalid currency code: {code}"), "Code"));
    }
    let id = row.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if company.ids_with_name(Entity::CompanyCurrency, &code).iter().any(|(_, owner)| *owner != id) {
        return Err(Fault::duplicate_name("This currency is in the list of currencies already."));
    }
    row.insert("Name".into(), json!(currency_name(&code)));
    row.insert("Code".into(), json!(code));
    row.entry("Active").or_insert(json!(true));
    Ok(finish_write(
        company,
        Entity::CompanyCurrency,
        row,
        Operation::for_list_write(before.as_ref(), &body["Active"]),
        context,
    ))
}

/// Sets the rate of a day. Rates have no `Id`; currency and day identify them.
pub(crate) fn write_rate(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let request = schema::check_request(Entity::ExchangeRate, body)?;
    let text = |member: &str| request.get(member).and_then(Value::as_str).map(str::to_owned);
    let code = text("SourceCurrencyCode").ok_or_else(|| Fault::missing("SourceCurrencyCode"))?.to_ascii_uppercase();
    let rate = request.get("Rate").and_then(decimal).ok_or_else(|| Fault::missing("Rate"))?;
    if !company.has_currency(&code) || code == company.home_currency() {
        return Err(Fault::validation(
            "2220",
            "Invalid Currency",
            format!("Invalid currency code: {code}"),
            "SourceCurrencyCode",
        ));
    }
    if rate <= Decimal::ZERO {
        return Err(Fault::amount("Rate", "A rate is greater than zero"));
    }
    let day = text("AsOfDate").unwrap_or_else(|| context.today().to_string());
    let is_base_row = company.get(Entity::ExchangeRate, &code).is_none_or(|row| row["AsOfDate"] == json!(day));
    let id = if is_base_row { code.clone() } else { format!("{code} {day}") };
    let now = context.clock.quickbooks_seconds();
    let created =
        company.get(Entity::ExchangeRate, &id).map_or(json!(now), |row| row["MetaData"]["CreateTime"].clone());
    let mut row = json!({
        "Id": id, "SyncToken": "0", "SourceCurrencyCode": code, "TargetCurrencyCode": company.home_currency(), "Rate": number(rate),
        "AsOfDate": day, "domain": "QBO", "sparse": false, "MetaData": { "CreateTime": created, "LastUpdatedTime": now },
    });
    company.put(Entity::ExchangeRate, &row, Operation::Update, context);
    row.as_object_mut().map(|row| row.remove("Id"));
    Ok(row)
}
