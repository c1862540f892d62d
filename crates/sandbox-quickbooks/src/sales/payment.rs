//! Payments: money received, and credits, applied to invoices.

use super::{
    balance,
    links::{links, unapplied},
    row::{amount, check_open_period},
};
use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    events::Operation,
    fault::Fault,
    objects::{
        currencies::{currency_name, exchange_rate},
        draft::{begin_write, date_or_today, finish_write, resolve},
    },
};
use rust_decimal::Decimal;
use sandbox_core::decimal::number;
use serde_json::{Map, Value, json};

/// Creates or updates a payment. An update replaces all lines.
pub(crate) fn write(company: &mut Company, body: &Value, context: &WriteContext) -> Result<Value, Fault> {
    let mut draft = begin_write(company, Entity::Payment, body)?;
    if let Some(before) = &draft.before {
        check_open_period(company, before["TxnDate"].as_str().unwrap_or_default())?;
    }
    let row = &mut draft.row;
    let customer =
        resolve(company, row, "CustomerRef", Entity::Customer)?.ok_or_else(|| Fault::missing("CustomerRef"))?;
    let Some(total) = row.get("TotalAmt").and_then(sandbox_core::decimal::decimal) else {
        return Err(Fault::missing("TotalAmt"));
    };
    if total < Decimal::ZERO {
        return Err(Fault::negative("TotalAmt"));
    }
    let date = date_or_today(row, "TxnDate", context).to_string();
    check_open_period(company, &date)?;
    row.insert("TxnDate".into(), json!(date));
    set_currency(company, row, &customer, &date)?;
    set_accounts(company, row)?;
    if draft.before.is_none()
        && !row.contains_key("Line")
        && company.has_preference("SalesFormsPrefs", "AutoApplyPayments")
    {
        let lines = allocate_to_oldest(company, customer["Id"].as_str().unwrap_or_default(), total);
        row.insert("Line".into(), lines);
    }
    if let Some(before) = &draft.before {
        unapply(company, before, context);
    }
    let lines = check_lines(company, &draft.row, &customer)?;
    draft.row.insert("Line".into(), Value::Array(lines));
    let left = unapplied(&Value::Object(draft.row.clone()));
    if left < Decimal::ZERO {
        return Err(Fault::business("The amount applied to transactions is greater than the amount received."));
    }
    draft.row.insert("UnappliedAmt".into(), number(left));
    draft.row.insert("LinkedTxn".into(), json!([]));
    draft.row.entry("ProcessPayment").or_insert(json!(false));
    let operation = if draft.before.is_some() { Operation::Update } else { Operation::Create };
    let before = draft.before.take();
    let row = finish_write(company, Entity::Payment, draft.row, operation, context);
    // The old lines are unapplied already, so only the unapplied part of the old payment counts.
    balance::update_customer(company, Entity::Payment, before.as_ref(), Some(&row));
    apply(company, &row, Decimal::ONE, context);
    Ok(row)
}

fn set_currency(company: &Company, row: &mut Map<String, Value>, customer: &Value, date: &str) -> Result<(), Fault> {
    let code = customer["CurrencyRef"]["value"].as_str().unwrap_or(company.home_currency()).to_owned();
    let requested = row.get("CurrencyRef").and_then(|reference| reference["value"].as_str()).unwrap_or(&code);
    if requested != code {
        return Err(Fault::business("You can only use one foreign currency per transaction."));
    }
    row.insert("CurrencyRef".into(), json!({ "value": code, "name": currency_name(&code) }));
    if company.multicurrency() {
        row.entry("ExchangeRate").or_insert_with(|| number(exchange_rate(company, &code, date)));
        if code == company.home_currency() {
            row.insert("ExchangeRate".into(), json!(1));
        }
    } else {
        row.remove("ExchangeRate");
    }
    Ok(())
}

fn set_accounts(company: &Company, row: &mut Map<String, Value>) -> Result<(), Fault> {
    resolve(company, row, "PaymentMethodRef", Entity::PaymentMethod)?;
    for (member, kind, value) in [
        ("DepositToAccountRef", "AccountSubType", "UndepositedFunds"),
        ("ARAccountRef", "AccountType", "Accounts Receivable"),
    ] {
        if resolve(company, row, member, Entity::Account)?.is_none()
            && let Some(account) = company.all(Entity::Account).find(|account| account[kind] == json!(value))
        {
            row.insert(member.into(), json!({ "value": account["Id"], "name": account["Name"] }));
        }
    }
    Ok(())
}

/// Applies an amount to the oldest open invoices first (`AutoApplyPayments`).
fn allocate_to_oldest(company: &Company, customer: &str, mut left: Decimal) -> Value {
    let mut lines = Vec::new();
    for invoice in balance::list_open(company, Entity::Invoice, customer) {
        let part = amount(&invoice, "Balance").min(left);
        if part > Decimal::ZERO {
            left -= part;
            lines.push(
                json!({ "Amount": number(part), "LinkedTxn": [{ "TxnId": invoice["Id"], "TxnType": "Invoice" }] }),
            );
        }
    }
    Value::Array(lines)
}

/// Checks that each line links to one open transaction of the customer, and does not exceed its balance.
fn check_lines(company: &Company, row: &Map<String, Value>, customer: &Value) -> Result<Vec<Value>, Fault> {
    let mut lines = Vec::new();
    for (at, line) in row.get("Line").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let part = sandbox_core::decimal::decimal(&line["Amount"]).ok_or_else(|| Fault::missing("Line.Amount"))?;
        if part < Decimal::ZERO {
            return Err(Fault::negative("Line.Amount"));
        }
        let Some((entity, id)) = links(line).next() else {
            return Err(Fault::missing("Line.LinkedTxn"));
        };
        let paid = company.get(entity, &id).ok_or_else(|| Fault::invalid_reference("Line.LinkedTxn"))?;
        if !have_same_root(company, &paid["CustomerRef"]["value"], &customer["Id"]) {
            return Err(Fault::business("A payment can be applied to transactions of its own customer only."));
        }
        let open = amount(&paid, "Balance");
        if part > open {
            return Err(Fault::business(&format!(
                "The amount applied to the {} is greater than its open balance of {open}.",
                entity.name().to_lowercase()
            )));
        }
        let name = |name: &str, value: Value| {
            json!({
                "name": "{http://schema.intuit.com/finance/v3}NameValue", "declaredType": "com.intuit.schema.finance.v3.NameValue",
                "scope": "javax.xml.bind.JAXBElement$GlobalScope", "value": { "Name": name, "Value": value },
                "nil": false, "globalScope": true, "typeSubstituted": false,
            })
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(json!({
            "Amount": number(part),
            "LineNum": at + 1,
            "LinkedTxn": [{ "TxnId": id, "TxnType": entity.name() }],
            "LineEx": { "any": [
                name("txnId", json!(id)), name("txnOpenBalance", json!(open.to_string())), name("txnReferenceNumber", json!(text(&paid["DocNumber"]))),
            ] },
        }));
    }
    Ok(lines)
}

/// Whether two customers belong to the same top-level customer.
fn have_same_root(company: &Company, one: &Value, other: &Value) -> bool {
    let root = |id: &Value| {
        let mut id = id.clone();
        while let Some(row) = company
            .get(Entity::Customer, id.as_str().unwrap_or_default())
            .filter(|row| row["ParentRef"]["value"].is_string())
        {
            id = row["ParentRef"]["value"].clone();
        }
        id
    };
    root(one) == root(other)
}

fn apply(company: &mut Company, row: &Value, sign: Decimal, context: &WriteContext) {
    let id = row["Id"].as_str().unwrap_or_default().to_owned();
    for line in row["Line"].as_array().into_iter().flatten() {
        for (entity, paid) in links(line).collect::<Vec<_>>() {
            balance::apply_payment(company, entity, &paid, amount(line, "Amount") * sign, &id, context);
        }
    }
}

/// Unapplies a payment from its transactions.
pub(super) fn unapply(company: &mut Company, row: &Value, context: &WriteContext) {
    apply(company, row, -Decimal::ONE, context);
}

/// Applies open credits to open invoices by payments of zero, as QuickBooks does (`AutoApplyCredit`).
pub(super) fn apply_credits(company: &mut Company, customer: &str, context: &WriteContext) -> Result<(), Fault> {
    while let (Some(credit), Some(invoice)) = (
        balance::list_open(company, Entity::CreditMemo, customer).into_iter().next(),
        balance::list_open(company, Entity::Invoice, customer).into_iter().next(),
    ) {
        let part = number(amount(&credit, "Balance").min(amount(&invoice, "Balance")));
        let line =
            |row: &Value, kind: &str| json!({ "Amount": part, "LinkedTxn": [{ "TxnId": row["Id"], "TxnType": kind }] });
        let body = json!({
            "CustomerRef": { "value": customer }, "CurrencyRef": invoice["CurrencyRef"], "TotalAmt": 0,
            "Line": [line(&invoice, "Invoice"), line(&credit, "CreditMemo")],
        });
        write(company, &body, context)?;
    }
    Ok(())
}
