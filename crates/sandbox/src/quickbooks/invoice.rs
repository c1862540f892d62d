//! Invoices: what QuickBooks checks, what it fills in, and how it adds up.

mod lines;
mod sums;

use super::{
    company::{Company, currency_name},
    entity::{address_ids, base, checked, stamp},
    fault::Fault,
};
use crate::{
    clock::Clock,
    decimal::{cents, decimal, number},
};
use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// What may be written on an invoice.
pub(super) const MEMBERS: [&str; 40] = [
    "Id",
    "SyncToken",
    "CustomerRef",
    "Line",
    "TxnDate",
    "DueDate",
    "SalesTermRef",
    "DocNumber",
    "AutoDocNumber",
    "BillEmail",
    "BillEmailCc",
    "BillEmailBcc",
    "EmailStatus",
    "PrintStatus",
    "CustomerMemo",
    "PrivateNote",
    "GlobalTaxCalculation",
    "TxnTaxDetail",
    "ApplyTaxAfterDiscount",
    "CurrencyRef",
    "ExchangeRate",
    "BillAddr",
    "ShipAddr",
    "ShipFromAddr",
    "FreeFormAddress",
    "ShipDate",
    "TrackingNum",
    "ShipMethodRef",
    "Deposit",
    "DepositToAccountRef",
    "AllowOnlineCreditCardPayment",
    "AllowOnlineACHPayment",
    "AllowOnlinePayment",
    "AllowIPNPayment",
    "CustomField",
    "ClassRef",
    "DepartmentRef",
    "TransactionLocationType",
    "RecurDataRef",
    "InvoiceLink",
];

/// Creates or updates an invoice.
pub(super) fn write(
    company: &mut Company,
    body: &Value,
    allow_duplicate_number: bool,
    clock: Clock,
) -> Result<Value, Fault> {
    let request = checked("Invoice", body)?;
    let updating = request.contains_key("Id");
    let sparse = body["sparse"] == json!(true);
    let mut row = if updating { base(company, "Invoice", &request, sparse)? } else { Map::new() };
    let paid = paid_of(&row);
    let new_lines = request.contains_key("Line");
    row.extend(request.into_iter().filter(|(name, _)| !matches!(name.as_str(), "Id" | "SyncToken")));

    let customer_ref = row.get("CustomerRef").cloned().ok_or_else(|| Fault::missing("CustomerRef"))?;
    let customer = company.active("Customer", &customer_ref, "CustomerRef")?.clone();
    row.insert("CustomerRef".into(), json!({ "value": customer["Id"], "name": customer["DisplayName"] }));
    currency(company, &mut row, &customer)?;
    dates(company, &mut row, &customer, clock)?;
    if !updating {
        document_number(company, &mut row, allow_duplicate_number)?;
    }
    if row.get("EmailStatus") == Some(&json!("NeedToSend"))
        && row.get("BillEmail").is_none_or(|email| email["Address"].as_str().unwrap_or_default().is_empty())
    {
        return Err(Fault::validation(
            "6420",
            "Email address missing",
            "Business Validation Error: An email address is required to send this transaction.",
            "BillEmail",
        ));
    }
    if !updating || new_lines {
        let lines = lines::lines(company, &row)?;
        row.insert("Line".into(), Value::Array(lines));
    }
    sums::sums(company, &mut row, paid)?;

    for (member, value) in [
        ("PrintStatus", json!("NeedToPrint")),
        ("EmailStatus", json!("NotSet")),
        ("AllowIPNPayment", json!(false)),
        ("AllowOnlinePayment", json!(false)),
        ("AllowOnlineCreditCardPayment", json!(false)),
        ("AllowOnlineACHPayment", json!(false)),
        ("ApplyTaxAfterDiscount", json!(false)),
        ("FreeFormAddress", json!(true)),
        ("LinkedTxn", json!([])),
        ("CustomField", json!([])),
    ] {
        row.entry(member).or_insert(value);
    }
    for member in ["BillAddr", "ShipAddr"] {
        if row.get(member).is_none_or(Value::is_null)
            && let Some(address) = customer.get(member).filter(|address| !address.is_null())
        {
            row.insert(member.into(), address.clone());
        }
    }
    address_ids(company, &mut row, "Invoice");
    let next = company.next_id("Invoice");
    stamp(&mut row, next, clock);
    let row = Value::Object(row);
    company.table_mut("Invoice").put(row.clone());
    customer_balance(company, customer["Id"].as_str().unwrap_or_default());
    Ok(row)
}

fn paid_of(row: &Map<String, Value>) -> Decimal {
    let amount = |name: &str| row.get(name).and_then(decimal).unwrap_or_default();
    amount("TotalAmt") - amount("Deposit") - amount("Balance")
}

fn currency(company: &Company, row: &mut Map<String, Value>, customer: &Value) -> Result<(), Fault> {
    let home = company.home_currency();
    let customers = customer["CurrencyRef"]["value"].as_str().unwrap_or(home);
    let asked = row
        .get("CurrencyRef")
        .and_then(|reference| reference["value"].as_str())
        .unwrap_or(if company.multicurrency() { customers } else { home })
        .to_owned();
    if !company.multicurrency() && asked != home {
        return Err(Fault::business("Multi-currency is not turned on for this company."));
    }
    if !company.has_currency(&asked) {
        return Err(Fault::invalid_reference("CurrencyRef"));
    }
    if asked != customers {
        return Err(Fault::business("You can only use one foreign currency per transaction."));
    }
    row.insert("CurrencyRef".into(), json!({ "value": asked, "name": currency_name(&asked) }));
    if company.multicurrency() {
        let rate = row
            .get("ExchangeRate")
            .and_then(decimal)
            .unwrap_or_else(|| if asked == home { Decimal::ONE } else { company.exchange_rate(&asked) });
        row.insert("ExchangeRate".into(), number(rate));
    }
    Ok(())
}

fn dates(company: &Company, row: &mut Map<String, Value>, customer: &Value, clock: Clock) -> Result<(), Fault> {
    let date = |name: &str| -> Result<Option<Date>, Fault> {
        match row.get(name).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => match value.as_str().and_then(|text| text.get(..10)).and_then(|text| text.parse().ok()) {
                Some(date) => Ok(Some(date)),
                None => {
                    Err(Fault::validation("2060", "Invalid Date", format!("Date format is not valid : {value}"), name))
                }
            },
        }
    };
    let issued = date("TxnDate")?.unwrap_or_else(|| clock.pacific().date());
    if let Some(closed) = company.preferences()["AccountingInfoPrefs"]["BookCloseDate"]
        .as_str()
        .and_then(|text| text.parse::<Date>().ok())
        && issued <= closed
    {
        return Err(Fault::validation(
            "6210",
            "Account Period Closed, Cannot Update Through Services",
            format!(
                "The account period has closed and the account books cannot be updated through the QBO Services API. You closed the books through {closed}."
            ),
            "TxnDate",
        ));
    }
    let due = date("DueDate")?;
    let sent_term = row.get("SalesTermRef").cloned();
    let term = if let Some(reference) = sent_term {
        Some(company.active("Term", &reference, "SalesTermRef")?)
    } else {
        let default = &company.preferences()["SalesFormsPrefs"]["DefaultTerms"];
        let reference = if customer["SalesTermRef"].is_null() { default } else { &customer["SalesTermRef"] };
        company.row("Term", reference["value"].as_str().unwrap_or_default())
    };
    let due = due.unwrap_or_else(|| term.map_or(issued, |term| due_by_term(issued, term)));
    if let Some(term) = term {
        let reference = json!({ "value": term["Id"], "name": term["Name"] });
        row.insert("SalesTermRef".into(), reference);
    }
    row.insert("TxnDate".into(), json!(issued.to_string()));
    row.insert("DueDate".into(), json!(due.to_string()));
    Ok(())
}

fn due_by_term(issued: Date, term: &Value) -> Date {
    if let Some(days) = term["DueDays"].as_i64() {
        return issued.checked_add(days.days()).unwrap_or(issued);
    }
    let day = i8::try_from(term["DayOfMonthDue"].as_i64().unwrap_or(1)).unwrap_or(1);
    let on = |month: Date| month.with().day(day.min(month.days_in_month())).build().unwrap_or(month);
    let this = on(issued);
    let grace = term["DueNextMonthDays"].as_i64().unwrap_or(0);
    let too_near = grace > 0 && this.checked_sub(grace.days()).is_ok_and(|from| issued >= from);
    if issued > this || too_near { on(issued.first_of_month().checked_add(1.month()).unwrap_or(issued)) } else { this }
}

fn document_number(company: &mut Company, row: &mut Map<String, Value>, allow_duplicate: bool) -> Result<(), Fault> {
    let by_hand = company.preferences()["SalesFormsPrefs"]["CustomTxnNumbers"] == json!(true);
    let asked = row.get("DocNumber").and_then(Value::as_str).unwrap_or_default().to_owned();
    if asked == "AUTO_GENERATE" || (asked.is_empty() && !by_hand) {
        let number = company.take_doc_number();
        row.insert("DocNumber".into(), json!(number));
        return Ok(());
    }
    if asked.is_empty() {
        row.remove("DocNumber");
        return Ok(());
    }
    let taken =
        company.table("Invoice").and_then(|table| table.rows().find(|other| other["DocNumber"] == json!(asked)));
    match taken {
        Some(other) if !allow_duplicate => Err(Fault::validation(
            "6140",
            "Duplicate Document Number Error",
            format!(
                "Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber={asked}, TxnType=Invoice, TxnId={}",
                other["Id"].as_str().unwrap_or_default()
            ),
            "DocNumber",
        )),
        _ => Ok(()),
    }
}

/// A customer owes the sum of its open invoices.
fn customer_balance(company: &mut Company, customer: &str) {
    let owed: Decimal = company.table("Invoice").map_or(Decimal::ZERO, |table| {
        table
            .rows()
            .filter(|row| row["CustomerRef"]["value"] == json!(customer))
            .filter_map(|row| decimal(&row["Balance"]))
            .sum()
    });
    if let Some(mut row) = company.row("Customer", customer).cloned() {
        row["Balance"] = number(owed);
        row["BalanceWithJobs"] = number(owed);
        company.table_mut("Customer").put(row);
    }
}

fn current(company: &Company, body: &Value) -> Result<Value, Fault> {
    let id = body["Id"].as_str().ok_or_else(|| Fault::missing("Id"))?;
    let row = company.read("Invoice", id)?.clone();
    let token = body["SyncToken"].as_str().ok_or_else(|| Fault::missing("SyncToken"))?;
    if row["SyncToken"] == json!(token) { Ok(row) } else { Err(Fault::stale()) }
}

/// `operation=void`: the amounts become zero, the note says so.
pub(super) fn void(company: &mut Company, body: &Value, clock: Clock) -> Result<Value, Fault> {
    let mut row = current(company, body)?;
    for line in row["Line"].as_array_mut().into_iter().flatten() {
        line["Amount"] = json!(0);
        if line["SalesItemLineDetail"].is_object() {
            line["SalesItemLineDetail"]["Qty"] = json!(0);
        }
    }
    for member in ["TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance"] {
        if !row[member].is_null() {
            row[member] = json!(0);
        }
    }
    row["TxnTaxDetail"] = json!({ "TotalTax": 0 });
    row["LinkedTxn"] = json!([]);
    row["PrivateNote"] = match row["PrivateNote"].as_str() {
        Some(note) if !note.is_empty() => json!(format!("Voided - {note}")),
        _ => json!("Voided"),
    };
    Ok(replace(company, row, clock))
}

/// `operation=delete`.
pub(super) fn delete(company: &mut Company, body: &Value) -> Result<Value, Fault> {
    let row = current(company, body)?;
    if row["LinkedTxn"].as_array().is_some_and(|linked| !linked.is_empty()) {
        return Err(Fault::business("You must unlink the payments before deleting this transaction."));
    }
    let id = row["Id"].as_str().unwrap_or_default();
    company.delete("Invoice", id);
    customer_balance(company, row["CustomerRef"]["value"].as_str().unwrap_or_default());
    Ok(json!({ "domain": "QBO", "status": "Deleted", "Id": id }))
}

/// A payment as an accountant records it on QuickBooks' own page.
pub(super) fn receive_payment(company: &mut Company, id: &str, amount: Decimal, clock: Clock) -> Result<Value, Fault> {
    let mut row = company.read("Invoice", id)?.clone();
    let balance = decimal(&row["Balance"]).unwrap_or_default();
    if amount <= Decimal::ZERO || amount > balance {
        return Err(Fault::validation("2140", "Invalid Amount", format!("The open balance is {balance}"), "TotalAmt"));
    }
    let payment_id = company.next_id("Payment");
    let mut payment = json!({
        "CustomerRef": row["CustomerRef"], "CurrencyRef": row["CurrencyRef"], "TotalAmt": number(amount), "UnappliedAmt": 0,
        "TxnDate": clock.pacific().date().to_string(), "ProcessPayment": false,
        "Line": [{ "Amount": number(amount), "LinkedTxn": [{ "TxnId": id, "TxnType": "Invoice" }] }],
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    stamp(&mut payment, payment_id.clone(), clock);
    company.table_mut("Payment").put(Value::Object(payment));
    row["Balance"] = number(balance - amount);
    if let Some(rate) = decimal(&row["ExchangeRate"]) {
        row["HomeBalance"] = number(cents((balance - amount) * rate));
    }
    if let Some(linked) = row["LinkedTxn"].as_array_mut() {
        linked.push(json!({ "TxnId": payment_id, "TxnType": "Payment" }));
    }
    Ok(replace(company, row, clock))
}

fn replace(company: &mut Company, row: Value, clock: Clock) -> Value {
    let mut object = row.as_object().cloned().unwrap_or_default();
    let id = object["Id"].as_str().unwrap_or_default().to_owned();
    stamp(&mut object, id, clock);
    let row = Value::Object(object);
    company.table_mut("Invoice").put(row.clone());
    customer_balance(company, row["CustomerRef"]["value"].as_str().unwrap_or_default());
    row
}
