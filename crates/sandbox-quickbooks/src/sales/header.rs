//! The header of a form: customer, currency, number, addresses, e-mail, custom fields, links.

use crate::{
    company::{Company, WriteContext},
    entity::Entity,
    fault::Fault,
    objects::{
        currencies::{currency_name, exchange_rate},
        draft::{Draft, resolve},
    },
};
use rust_decimal::Decimal;
use sandbox_core::decimal::{decimal, number as json_number};
use serde_json::{Map, Value, json};

type Row = Map<String, Value>;

/// Resolves the customer. Only receipts may lack one.
pub(super) fn set_customer(company: &Company, entity: Entity, row: &mut Row) -> Result<Option<Value>, Fault> {
    let found = resolve(company, row, "CustomerRef", Entity::Customer)?;
    if found.is_none() && !matches!(entity, Entity::SalesReceipt | Entity::RefundReceipt) {
        return Err(Fault::missing("CustomerRef"));
    }
    Ok(found)
}

/// Sets the currency and the exchange rate. The currency must be the customer's; if absent, it is the home currency.
pub(super) fn set_currency(
    company: &Company,
    draft: &mut Draft,
    customer: Option<&Value>,
    date: &str,
) -> Result<(), Fault> {
    let home = company.home_currency();
    let row = &mut draft.row;
    let requested = row.get("CurrencyRef").and_then(|reference| reference["value"].as_str()).unwrap_or(home).to_owned();
    if !company.multicurrency() && requested != home {
        return Err(Fault::business("Multi-currency is not turned on for this company."));
    }
    if !company.has_currency(&requested) {
        return Err(Fault::invalid_reference("CurrencyRef"));
    }
    if customer
        .and_then(|customer| customer["CurrencyRef"]["value"].as_str())
        .is_some_and(|customer_currency| customer_currency != requested)
    {
        return Err(Fault::business("You can only use one foreign currency per transaction."));
    }
    row.insert("CurrencyRef".into(), json!({ "value": requested, "name": currency_name(&requested) }));
    if !company.multicurrency() {
        row.remove("ExchangeRate");
        return Ok(());
    }
    let rate = if requested == home {
        Decimal::ONE
    } else {
        match row.get("ExchangeRate").and_then(decimal) {
            Some(rate) if rate <= Decimal::ZERO => {
                return Err(Fault::amount("ExchangeRate", "A rate is greater than zero"));
            }
            Some(rate) => rate,
            None => exchange_rate(company, &requested, date),
        }
    };
    row.insert("ExchangeRate".into(), json_number(rate));
    Ok(())
}

/// Resolves references to lists, and adds the names of their rows.
pub(super) fn resolve_references(company: &Company, row: &mut Row) -> Result<(), Fault> {
    for (member, entity) in [
        ("ClassRef", Entity::Class),
        ("DepartmentRef", Entity::Department),
        ("PaymentMethodRef", Entity::PaymentMethod),
        ("DepositToAccountRef", Entity::Account),
        ("ARAccountRef", Entity::Account),
        ("ProjectRef", Entity::Customer),
    ] {
        resolve(company, row, member, entity)?;
    }
    Ok(())
}

/// Sets the document number: the requested one, or the next of the company's series.
pub(super) fn set_number(
    company: &mut Company,
    entity: Entity,
    draft: &mut Draft,
    before: Option<&Value>,
    context: &WriteContext,
) -> Result<(), Fault> {
    let requested = draft.request.get("DocNumber").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let automatic = draft.request.get("AutoDocNumber") == Some(&json!(true)) || requested == "AUTO_GENERATE";
    draft.row.remove("AutoDocNumber");
    if automatic
        || (requested.is_empty() && before.is_none() && !company.has_preference("SalesFormsPrefs", "CustomTxnNumbers"))
    {
        let number = company.reserve_document_number(entity);
        draft.row.insert("DocNumber".into(), json!(number));
        return Ok(());
    }
    if requested.is_empty() && before.is_none() && company.country() == "FR" {
        // Required in France if the company numbers its forms by hand (the reference, 3.10).
        return Err(Fault::missing("DocNumber"));
    }
    if requested.is_empty() || before.is_some_and(|before| before["DocNumber"] == json!(requested)) {
        return Ok(());
    }
    let own_id = before.and_then(|before| before["Id"].as_str()).unwrap_or_default();
    let duplicate = company.ids_with_name(entity, &requested).into_iter().find(|(_, id)| id != own_id);
    if let Some((_, id)) = duplicate.filter(|_| !context.duplicate_numbers && entity != Entity::RefundReceipt) {
        return Err(Fault::validation(
            "6140",
            "Duplicate Document Number Error",
            format!(
                "Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber={requested} is assigned to TxnType={} with TxnId={id}",
                entity.name()
            ),
            "",
        ));
    }
    draft.row.insert("DocNumber".into(), json!(requested));
    if before.is_none() {
        company.continue_document_numbers(entity, &requested);
    }
    Ok(())
}

/// Refuses a form that is to be e-mailed and has no address.
pub(super) fn check_email(draft: &Draft) -> Result<(), Fault> {
    let address = draft.row.get("BillEmail").and_then(|email| email["Address"].as_str()).unwrap_or_default();
    if draft.row.get("EmailStatus") == Some(&json!("NeedToSend")) && address.is_empty() {
        return Err(Fault::no_email_address());
    }
    Ok(())
}

/// Sets the company's custom fields. Each enabled field is present; values of other fields are dropped.
pub(super) fn set_custom_fields(company: &Company, row: &mut Row) {
    let sent = row.remove("CustomField");
    let value = |id: &str| {
        let fields = sent.as_ref().and_then(Value::as_array)?;
        fields.iter().find(|field| field["DefinitionId"] == json!(id))?["StringValue"].as_str().map(str::to_owned)
    };
    let groups = company.preferences()["SalesFormsPrefs"]["CustomField"].as_array().cloned().unwrap_or_default();
    let switches: Vec<&Value> =
        groups.iter().flat_map(|group| group["CustomField"].as_array().into_iter().flatten()).collect();
    let find = |name: String| switches.iter().find(|field| field["Name"] == json!(name));
    let mut fields = Vec::new();
    for id in ["1", "2", "3"] {
        let is_enabled = find(format!("SalesFormsPrefs.UseSalesCustom{id}"))
            .is_some_and(|field| field["BooleanValue"] == json!(true));
        if is_enabled {
            let name = find(format!("SalesFormsPrefs.SalesCustomName{id}")).map(|field| field["StringValue"].clone());
            let mut field = json!({ "DefinitionId": id, "Name": name, "Type": "StringType" });
            if let Some(value) = value(id) {
                field["StringValue"] = json!(value);
            }
            fields.push(field);
        }
    }
    row.insert("CustomField".into(), Value::Array(fields));
}

/// Fills in the members that the request leaves out.
pub(super) fn fill_defaults(company: &Company, entity: Entity, row: &mut Row, customer: Option<&Value>) {
    for member in ["BillAddr", "ShipAddr"] {
        if let Some(address) = customer.map(|customer| &customer[member]).filter(|address| !address.is_null()) {
            row.entry(member).or_insert_with(|| address.clone());
        }
    }
    for (member, preference) in [("BillEmailCc", "SalesEmailCc"), ("BillEmailBcc", "SalesEmailBcc")] {
        if let Some(address) = company.preferences()["SalesFormsPrefs"][preference]["Address"]
            .as_str()
            .filter(|address| !address.is_empty())
        {
            row.entry(member).or_insert_with(|| json!({ "Address": address }));
        }
    }
    for (member, value) in [
        ("PrintStatus", json!("NeedToPrint")),
        ("EmailStatus", json!("NotSet")),
        ("ApplyTaxAfterDiscount", json!(false)),
        ("FreeFormAddress", json!(true)),
    ] {
        row.entry(member).or_insert(value);
    }
    match entity {
        Entity::Invoice => {
            let online = company.has_preference("SalesFormsPrefs", "ETransactionPaymentEnabled");
            for member in ["AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"] {
                let wanted = row.get(member).and_then(Value::as_bool).unwrap_or(online);
                row.insert(member.into(), json!(online && wanted));
            }
            row.insert("AllowIPNPayment".into(), json!(false));
            row.insert("AllowOnlinePayment".into(), json!(false));
        }
        Entity::Estimate => {
            row.entry("TxnStatus").or_insert(json!("Pending"));
        }
        Entity::SalesReceipt | Entity::RefundReceipt => {
            let funds =
                company.all(Entity::Account).find(|account| account["AccountSubType"] == json!("UndepositedFunds"));
            if let Some(account) = funds {
                row.entry("DepositToAccountRef").or_insert(json!({ "value": account["Id"], "name": account["Name"] }));
            }
        }
        _ => {}
    }
}

/// Checks links to other transactions. Only QuickBooks sets links to payments. An invoice may link to one estimate, which
/// is then closed. Returns the id of that estimate.
pub(super) fn check_links(
    company: &Company,
    entity: Entity,
    draft: &mut Draft,
    before: Option<&Value>,
) -> Result<Option<String>, Fault> {
    let mut links: Vec<Value> = before.and_then(|before| before["LinkedTxn"].as_array().cloned()).unwrap_or_default();
    let requested = draft.request.get("LinkedTxn").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut estimate = None;
    for link in requested.iter().filter(|link| link["TxnType"] == json!("Estimate")) {
        if links.iter().any(|existing| existing["TxnId"] == link["TxnId"]) {
            continue;
        }
        let id = link["TxnId"].as_str().unwrap_or_default();
        let refusal = |reason: &str| {
            Fault::validation(
                "620",
                "Transaction cannot be linked",
                format!("This transaction cannot be linked: {reason}."),
                "LinkedTxn",
            )
        };
        if entity != Entity::Invoice || estimate.is_some() {
            return Err(refusal("an invoice can be made of one estimate"));
        }
        let found = company.get(Entity::Estimate, id).ok_or_else(|| Fault::invalid_reference("LinkedTxn"))?;
        if Some(&found["CustomerRef"]["value"]) != draft.row.get("CustomerRef").map(|customer| &customer["value"]) {
            return Err(refusal("the estimate is another customer's"));
        }
        if found["TxnStatus"] == json!("Closed") {
            return Err(refusal("the estimate is closed"));
        }
        links.push(json!({ "TxnId": id, "TxnType": "Estimate" }));
        estimate = Some(id.to_owned());
    }
    draft.row.insert("LinkedTxn".into(), Value::Array(links));
    Ok(estimate)
}
