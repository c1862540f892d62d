//! Invoices: what QuickBooks checks, what it fills in, and how it adds up.

use super::{
    company::{Company, SalesTax, currency_name},
    entity::{address_ids, base, checked, stamp},
    fault::Fault,
};
use crate::{
    clock::Clock,
    decimal::{cents, decimal, number},
};
use jiff::{ToSpan, civil::Date};
use rust_decimal::{Decimal, dec};
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
        let lines = lines(company, &row)?;
        row.insert("Line".into(), Value::Array(lines));
    }
    sums(company, &mut row, paid)?;

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

/// The lines as they are kept: numbered, named, checked, with the subtotal that QuickBooks appends.
fn lines(company: &Company, row: &Map<String, Value>) -> Result<Vec<Value>, Fault> {
    let asked = row.get("Line").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut kept = Vec::new();
    let mut subtotal = Decimal::ZERO;
    let mut sales = 0;
    for line in &asked {
        let mut line = line.clone();
        match line["DetailType"].as_str().unwrap_or_default() {
            "SalesItemLineDetail" => {
                subtotal += sales_line(company, row, &mut line)?;
                sales += 1;
            }
            "DescriptionOnly" => {
                line.as_object_mut().map(|line| line.remove("Amount"));
            }
            "DiscountLineDetail" => discount_line(company, &mut line)?,
            "SubTotalLineDetail" => continue,
            "GroupLineDetail" => return Err(Fault::unsupported("GroupLineDetail")),
            "" => return Err(Fault::missing("Line.DetailType")),
            other => {
                return Err(Fault::validation(
                    "2170",
                    "Invalid Enumeration",
                    format!("Invalid Enumeration : {other}"),
                    "DetailType",
                ));
            }
        }
        if line["Description"].as_str().is_some_and(|text| text.chars().count() > 4000) {
            return Err(Fault::too_long(
                "Line.Description",
                4000,
                line["Description"].as_str().map_or(0, |text| text.chars().count()),
            ));
        }
        let at = kept.len() + 1;
        line["Id"] = json!(at.to_string());
        line["LineNum"] = json!(at);
        kept.push(line);
    }
    if sales == 0 {
        return Err(Fault::missing("Line"));
    }
    kept.push(json!({ "Amount": number(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} }));
    Ok(kept)
}

fn sales_line(company: &Company, row: &Map<String, Value>, line: &mut Value) -> Result<Decimal, Fault> {
    let detail = line["SalesItemLineDetail"].clone();
    let amount = decimal(&line["Amount"]).ok_or_else(|| Fault::missing("Line.Amount"))?;
    if let (Some(quantity), Some(price)) = (decimal(&detail["Qty"]), decimal(&detail["UnitPrice"]))
        && cents(quantity * price) != amount
    {
        return Err(Fault::validation(
            "6070",
            "Amount calculation incorrect in the request",
            format!("Amount is not equal to UnitPrice * Qty. Supplied value:{}", thousands(amount)),
            "Line.Amount",
        ));
    }
    if amount.scale() > 2 && cents(amount) != amount {
        return Err(Fault::validation(
            "2140",
            "Invalid Amount",
            format!("Amount has too many decimals: {amount}"),
            "Line.Amount",
        ));
    }
    if detail["ItemRef"].is_null() {
        // Without an item the line is documentation only, and its amount does not count.
        *line =
            json!({ "Description": line["Description"], "DetailType": "DescriptionOnly", "DescriptionLineDetail": {} });
        return Ok(Decimal::ZERO);
    }
    let item = company.active("Item", &detail["ItemRef"], "Line.SalesItemLineDetail.ItemRef")?;
    line["SalesItemLineDetail"]["ItemRef"] = json!({ "value": item["Id"], "name": item["Name"] });
    line["SalesItemLineDetail"]["ItemAccountRef"] = item["IncomeAccountRef"].clone();
    let code = detail["TaxCodeRef"]["value"].as_str();
    match company.sales_tax {
        SalesTax::UnitedStates => {
            let code = code.unwrap_or(if item["Taxable"] == json!(true) { "TAX" } else { "NON" });
            if !matches!(code, "TAX" | "NON") {
                return Err(Fault::validation(
                    "6100",
                    "Invalid tax code",
                    format!("Invalid tax rate id - {code}"),
                    "Line.SalesItemLineDetail.TaxCodeRef",
                ));
            }
            line["SalesItemLineDetail"]["TaxCodeRef"] = json!({ "value": code });
        }
        SalesTax::PerLine => {
            let untaxed = row.get("GlobalTaxCalculation") == Some(&json!("NotApplicable"));
            match code {
                Some(code) => {
                    company.active("TaxCode", &json!({ "value": code }), "Line.SalesItemLineDetail.TaxCodeRef")?;
                }
                None if !untaxed => {
                    return Err(Fault::business(
                        "Make sure all your transactions have a GST/VAT rate before you save.",
                    ));
                }
                None => {}
            }
        }
    }
    line["Amount"] = number(amount);
    Ok(amount)
}

fn discount_line(company: &Company, line: &mut Value) -> Result<(), Fault> {
    if company.preferences()["SalesFormsPrefs"]["AllowDiscount"] != json!(true) {
        return Err(Fault::validation(
            "6090",
            "Discount is not allowed",
            "Discounts are turned off in this company",
            "Line.DiscountLineDetail",
        ));
    }
    if line["DiscountLineDetail"]["DiscountAccountRef"].is_null() {
        line["DiscountLineDetail"]["DiscountAccountRef"] = json!({ "value": "86" });
    }
    Ok(())
}

fn thousands(amount: Decimal) -> String {
    let text = amount.to_string();
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), String::new()), |(w, f)| (w, format!(".{f}")));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &fraction
}

/// Tax, total and balance.
fn sums(company: &Company, row: &mut Map<String, Value>, paid: Decimal) -> Result<(), Fault> {
    let lines = row.get("Line").and_then(Value::as_array).cloned().unwrap_or_default();
    let sales: Vec<(Decimal, String)> = lines
        .iter()
        .filter(|line| line["DetailType"] == json!("SalesItemLineDetail"))
        .map(|line| {
            let code = line["SalesItemLineDetail"]["TaxCodeRef"]["value"].as_str().unwrap_or_default();
            (decimal(&line["Amount"]).unwrap_or_default(), code.to_owned())
        })
        .collect();
    let subtotal: Decimal = sales.iter().map(|(amount, _)| *amount).sum();
    let discount =
        lines.iter().find(|line| line["DetailType"] == json!("DiscountLineDetail")).map_or(Decimal::ZERO, |line| {
            let detail = &line["DiscountLineDetail"];
            match (detail["PercentBased"] == json!(true), decimal(&detail["DiscountPercent"])) {
                (true, Some(percent)) => cents(subtotal * percent / dec!(100)),
                _ => decimal(&line["Amount"]).unwrap_or_default(),
            }
        });
    let mut taxes: Vec<(String, Decimal, Decimal, Decimal)> = Vec::new();
    let mut add = |rate: &Value, net: Decimal, amount: Decimal| {
        let id = rate["Id"].as_str().unwrap_or_default().to_owned();
        match taxes.iter_mut().find(|tax| tax.0 == id) {
            Some(tax) => {
                tax.2 += net;
                tax.3 += amount;
            }
            None => taxes.push((id, decimal(&rate["RateValue"]).unwrap_or_default(), net, amount)),
        }
    };
    let using_tax = company.preferences()["TaxPrefs"]["UsingSalesTax"] == json!(true);
    let invoice_code =
        row.get("TxnTaxDetail").map(|detail| detail["TxnTaxCodeRef"].clone()).filter(|code| !code.is_null());
    let untaxed = row.get("GlobalTaxCalculation") == Some(&json!("NotApplicable"));
    match company.sales_tax {
        SalesTax::UnitedStates if using_tax => {
            row.remove("GlobalTaxCalculation");
            let taxable: Decimal = sales.iter().filter(|(_, code)| code == "TAX").map(|(amount, _)| *amount).sum();
            if let Some(code) = &invoice_code {
                let code = company.active("TaxCode", code, "TxnTaxDetail.TxnTaxCodeRef")?;
                for rate in rates(company, code) {
                    let percent = decimal(&rate["RateValue"]).unwrap_or_default();
                    add(rate, taxable, cents(taxable * percent / dec!(100)));
                }
            }
        }
        SalesTax::PerLine if using_tax && !untaxed => {
            if row.get("GlobalTaxCalculation") == Some(&json!("TaxInclusive")) {
                return Err(Fault::unsupported("GlobalTaxCalculation TaxInclusive"));
            }
            row.insert("GlobalTaxCalculation".into(), json!("TaxExcluded"));
            for (amount, code) in &sales {
                if let Some(code) = company.row("TaxCode", code) {
                    for rate in rates(company, code) {
                        let percent = decimal(&rate["RateValue"]).unwrap_or_default();
                        add(rate, *amount, cents(*amount * percent / dec!(100)));
                    }
                }
            }
        }
        _ => {
            if untaxed && row.get("TxnTaxDetail").is_some_and(|detail| !detail["TxnTaxCodeRef"].is_null()) {
                return Err(Fault::validation(
                    "6170",
                    "Invalid tax detail",
                    "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable",
                    "TxnTaxDetail",
                ));
            }
        }
    }
    let tax: Decimal = taxes.iter().map(|tax| tax.3).sum();
    let tax_lines: Vec<Value> = taxes
        .iter()
        .map(|(id, percent, net, amount)| {
            json!({
                "Amount": number(*amount),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": { "TaxRateRef": { "value": id }, "PercentBased": true, "TaxPercent": number(*percent), "NetAmountTaxable": number(*net) },
            })
        })
        .collect();
    let mut detail = json!({ "TotalTax": number(tax) });
    if !tax_lines.is_empty() {
        detail["TaxLine"] = Value::Array(tax_lines);
    }
    if let Some(code) = invoice_code {
        detail["TxnTaxCodeRef"] = json!({ "value": code["value"] });
    }
    row.insert("TxnTaxDetail".into(), detail);
    let total = subtotal - discount + tax;
    if total < Decimal::ZERO {
        return Err(Fault::validation(
            "2290",
            "Negative amount not allowed",
            "The total of an invoice must not be negative",
            "TotalAmt",
        ));
    }
    let deposit = row.get("Deposit").and_then(decimal).unwrap_or_default();
    let balance = (total - deposit - paid).max(Decimal::ZERO);
    row.insert("TotalAmt".into(), number(total));
    row.insert("Balance".into(), number(balance));
    if company.multicurrency() {
        let rate = row.get("ExchangeRate").and_then(decimal).unwrap_or(Decimal::ONE);
        row.insert("HomeTotalAmt".into(), number(cents(total * rate)));
        row.insert("HomeBalance".into(), number(cents(balance * rate)));
    }
    Ok(())
}

fn rates<'a>(company: &'a Company, code: &'a Value) -> Vec<&'a Value> {
    let details = code["SalesTaxRateList"]["TaxRateDetail"].as_array();
    details
        .into_iter()
        .flatten()
        .filter_map(|detail| company.row("TaxRate", detail["TaxRateRef"]["value"].as_str()?))
        .collect()
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
