//! The lines of a form: the checks of each kind of line, and its stored form.

use super::rates::{self, Price};
use crate::{
    company::{Company, PercentDiscount, SalesTax},
    entity::Entity,
    fault::Fault,
    objects::draft::resolve,
};
use rust_decimal::{Decimal, dec};
use sandbox_core::decimal::{decimal, number, round};
use serde_json::{Map, Value, json};

/// Upper bound for the lines of a transaction without taxes (the reference, 2.6).
const MAX_LINES: usize = 10_000;
const MAX_TAXED_LINES: usize = 750;

const SHIPPING: &str = "SHIPPING_ITEM_ID";
const GRATUITY: &str = "GRATUITY_ITEM_ID";

/// A line that sells an item: its price and its tax code.
#[derive(Debug, Clone)]
pub(super) struct Sale {
    pub(super) price: Price,
    /// Tax code of the line.
    pub(super) code: Option<String>,
}

/// Discount of the whole form.
#[derive(Debug, Clone)]
pub(super) enum Discount {
    None,
    Percent(Decimal),
    Amount(Decimal),
}

/// The checked lines of a form.
#[derive(Debug)]
pub(super) struct Form {
    /// Lines in their order, with ids, without subtotal, discount, shipping and tip.
    pub(super) body: Vec<Value>,
    pub(super) sales: Vec<Sale>,
    pub(super) discount: Discount,
    /// Line of the discount, as it was sent.
    pub(super) discount_line: Option<Value>,
    /// Shipping and tip: line, price and tax code.
    pub(super) extras: Vec<(Value, Price, Option<String>)>,
    /// Number of decimals of the currency's amounts.
    pub(super) decimals: u32,
}

/// Whether the form has no tax.
pub(super) fn is_untaxed(row: &Map<String, Value>) -> bool {
    row.get("GlobalTaxCalculation") == Some(&json!("NotApplicable"))
}

pub(super) fn includes_tax(company: &Company, row: &Map<String, Value>) -> bool {
    company.rules.sales_tax == SalesTax::PerLine && row.get("GlobalTaxCalculation") == Some(&json!("TaxInclusive"))
}

/// Reads and checks the lines of `row`.
pub(super) fn read_lines(
    company: &Company,
    entity: Entity,
    row: &Map<String, Value>,
    before: Option<&Value>,
) -> Result<Form, Fault> {
    let requested = row.get("Line").and_then(Value::as_array).cloned().unwrap_or_default();
    if requested.len() > MAX_LINES
        || (requested.len() > MAX_TAXED_LINES && company.has_preference("TaxPrefs", "UsingSalesTax"))
    {
        return Err(Fault::business("A transaction has 10,000 lines at most, one with taxes 750."));
    }
    let currency =
        row.get("CurrencyRef").and_then(|reference| reference["value"].as_str()).unwrap_or(company.home_currency());
    let mut form = Form {
        body: Vec::new(),
        sales: Vec::new(),
        discount: Discount::None,
        discount_line: None,
        extras: Vec::new(),
        decimals: company.decimals(currency),
    };
    for line in requested {
        let kind = line["DetailType"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "SalesItemLineDetail" => read_sales_line(company, row, &mut form, line)?,
            "GroupLineDetail" => read_group_line(company, row, &mut form, line)?,
            "DescriptionOnly" => {
                let mut line = line;
                line.as_object_mut().map(|line| line.remove("Amount"));
                if line["DescriptionLineDetail"].is_null() {
                    line["DescriptionLineDetail"] = json!({});
                }
                form.body.push(line);
            }
            "DiscountLineDetail" if company.rules.drops_discount_lines => form.body.push(json!({
                "Id": line["Id"], "Amount": 0, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": { "DiscountAmt": 0 },
            })),
            "DiscountLineDetail" => read_discount_line(company, &mut form, line)?,
            "SubTotalLineDetail" => {}
            "" => return Err(Fault::missing("Line.DetailType")),
            other => return Err(Fault::enumeration("Line.DetailType", &json!(other))),
        }
    }
    let subtotal_inline =
        form.body.iter().any(|line| line["Description"].as_str().is_some_and(|text| text.starts_with("Subtotal:")));
    if form.sales.is_empty() && form.extras.is_empty() && !subtotal_inline {
        return Err(Fault::missing("Line"));
    }
    if entity == Entity::RefundReceipt && !row.contains_key("DepositToAccountRef") {
        return Err(Fault::missing("DepositToAccountRef"));
    }
    assign_line_ids(&mut form, before);
    Ok(form)
}

/// Assigns ids to lines. A line with an existing id keeps it.
fn assign_line_ids(form: &mut Form, before: Option<&Value>) {
    let existing_ids: Vec<u64> = before
        .and_then(|before| before["Line"].as_array())
        .into_iter()
        .flatten()
        .filter_map(|line| line["Id"].as_str()?.parse().ok())
        .collect();
    let mut next = existing_ids.iter().max().copied().unwrap_or(0) + 1;
    let mut assigned_ids = Vec::new();
    for (at, line) in form.body.iter_mut().enumerate() {
        let kept_id = line["Id"]
            .as_str()
            .and_then(|id| id.parse::<u64>().ok())
            .filter(|id| existing_ids.contains(id) && !assigned_ids.contains(id));
        let id = kept_id.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        assigned_ids.push(id);
        line["Id"] = json!(id.to_string());
        line["LineNum"] = json!(at + 1);
    }
}

fn read_sales_line(company: &Company, row: &Map<String, Value>, form: &mut Form, mut line: Value) -> Result<(), Fault> {
    let special = line["SalesItemLineDetail"]["ItemRef"]["value"].as_str().map(str::to_owned);
    if let Some(special) = special.filter(|id| id == SHIPPING || id == GRATUITY) {
        if special == SHIPPING && !company.has_preference("SalesFormsPrefs", "AllowShipping") {
            return Err(Fault::feature("Shipping"));
        }
        let entered = decimal(&line["Amount"]).ok_or_else(|| Fault::missing("Line.Amount"))?;
        let code = line_tax_code(company, row, &line["SalesItemLineDetail"], false)?;
        for name in ["Id", "LineNum"] {
            line.as_object_mut().map(|line| line.remove(name));
        }
        let price = price_line(company, row, &mut line, entered, code.as_deref(), form.decimals);
        form.extras.push((line, price, code));
        return Ok(());
    }
    let is_dropped_discount = company.rules.drops_discount_lines
        && line["SalesItemLineDetail"]["ItemRef"].is_null()
        && line["SalesItemLineDetail"]["DiscountAmt"].is_number();
    if is_dropped_discount {
        line["Amount"] = json!(0);
        form.body.push(line);
        return Ok(());
    }
    let Some(sale) = read_sale(company, row, form.decimals, &mut line)? else {
        // A line without an item is a description. Its amount does not count.
        let description = line["Description"].clone();
        form.body.push(json!({ "Id": line["Id"], "Description": description, "DetailType": "DescriptionOnly", "DescriptionLineDetail": {} }));
        return Ok(());
    };
    form.sales.push(sale);
    form.body.push(line);
    Ok(())
}

/// Checks a line that sells an item. Returns `None` for a line without an item.
fn read_sale(
    company: &Company,
    row: &Map<String, Value>,
    decimals: u32,
    line: &mut Value,
) -> Result<Option<Sale>, Fault> {
    let amount = decimal(&line["Amount"]).ok_or_else(|| Fault::missing("Line.Amount"))?;
    let Some(detail) = line["SalesItemLineDetail"].as_object_mut() else { return Ok(None) };
    // Zero counts as absent, because clients send 0 x 0 with an amount.
    let nonzero =
        |detail: &Map<String, Value>, name: &str| detail.get(name).and_then(decimal).filter(|value| !value.is_zero());
    let (quantity, price) = (nonzero(detail, "Qty"), nonzero(detail, "UnitPrice"));
    let zero = |name: &str| detail.get(name).and_then(decimal).is_some_and(|value| value.is_zero());
    let product = match (quantity, price) {
        (Some(quantity), Some(price)) => Some(quantity * price),
        (Some(_), None) if zero("UnitPrice") => Some(Decimal::ZERO),
        (None, Some(_)) if zero("Qty") => Some(Decimal::ZERO),
        _ => None,
    };
    let is_close = includes_tax(company, row)
        && quantity
            .zip(detail.get("UnitPrice").and_then(decimal))
            .is_some_and(|(quantity, price)| is_net_price(quantity, price, amount, decimals));
    if product.is_some_and(|product| round(product, decimals) != amount) && !is_close {
        return Err(Fault::validation(
            "6070",
            "Amount calculation incorrect in the request",
            format!("Amount is not equal to UnitPrice * Qty. Supplied value:{}", thousands(amount)),
            "Line.Amount",
        ));
    }
    if quantity.is_none() && price.is_none() && !amount.is_zero() {
        detail.remove("Qty");
        detail.remove("UnitPrice");
    }
    resolve(company, detail, "ClassRef", Entity::Class)?;
    let Some(item) = resolve(company, detail, "ItemRef", Entity::Item)? else { return Ok(None) };
    if matches!(item["Type"].as_str(), Some("Category" | "Group")) {
        return Err(Fault::business("A category or a bundle cannot be sold on a line of this kind."));
    }
    if item["IncomeAccountRef"].is_object() {
        detail.insert("ItemAccountRef".into(), item["IncomeAccountRef"].clone());
    }
    if company.rules.drops_discount_lines {
        detail.remove("DiscountRate");
        detail.insert("DiscountAmt".into(), json!(0));
    }
    let taxable = item["Taxable"] == json!(true);
    let detail = &line["SalesItemLineDetail"];
    let code = line_tax_code(company, row, detail, taxable)?;
    match &code {
        Some(code) => line["SalesItemLineDetail"]["TaxCodeRef"] = json!({ "value": code }),
        None => {
            line["SalesItemLineDetail"].as_object_mut().map(|detail| detail.remove("TaxCodeRef"));
        }
    }
    let price = price_line(company, row, line, amount, code.as_deref(), decimals);
    Ok(Some(Sale { price, code }))
}

/// Whether `price` is the net price of a tax-inclusive line. QuickBooks keeps seven decimals of it. The product may
/// then miss the amount by a minor unit, or by more for a large quantity.
fn is_net_price(quantity: Decimal, price: Decimal, amount: Decimal, decimals: u32) -> bool {
    (round(quantity * price, decimals) - amount).abs() <= Decimal::new(1, decimals)
        || amount.checked_div(quantity).is_some_and(|exact| round(exact, 7) == price)
}

/// Writes the amounts of a line as QuickBooks answers them. If the form includes tax, these are the net `Amount`, the
/// gross `TaxInclusiveAmt`, and the net unit price.
fn price_line(
    company: &Company,
    row: &Map<String, Value>,
    line: &mut Value,
    amount: Decimal,
    code: Option<&str>,
    decimals: u32,
) -> Price {
    let amount = round(amount, decimals);
    let mut price = Price { net: amount, gross: amount };
    if let Some(detail) = line["SalesItemLineDetail"].as_object_mut() {
        let stated = detail.remove("TaxInclusiveAmt").as_ref().and_then(decimal).filter(|gross| !gross.is_zero());
        if includes_tax(company, row) {
            let stated = stated.map(|gross| round(gross, decimals));
            price = rates::inclusive_price(company, code, amount, stated, decimals);
            detail.insert("TaxInclusiveAmt".into(), number(price.gross));
            let quantity = detail.get("Qty").map_or(Some(Decimal::ONE), decimal);
            if let Some(unit) = quantity.and_then(|quantity| price.net.checked_div(quantity))
                && detail.get("UnitPrice").is_some_and(Value::is_number)
            {
                detail.insert("UnitPrice".into(), number(round(unit, 7)));
            }
        }
    }
    line["Amount"] = number(price.net);
    price
}

/// Returns the tax code of a line, after the checks of the company's country.
fn line_tax_code(
    company: &Company,
    row: &Map<String, Value>,
    detail: &Value,
    taxable: bool,
) -> Result<Option<String>, Fault> {
    const ELEMENT: &str = "Line.SalesItemLineDetail.TaxCodeRef";
    let sent = detail["TaxCodeRef"]["value"].as_str();
    match company.rules.sales_tax {
        SalesTax::UnitedStates | SalesTax::Automated => match sent {
            Some(code) if !matches!(code, "TAX" | "NON") => Err(Fault::tax_code(ELEMENT, code)),
            Some(code) => Ok(Some(code.to_owned())),
            None => Ok(Some(if taxable { "TAX" } else { "NON" }.to_owned())),
        },
        SalesTax::PerLine if is_untaxed(row) || !company.has_preference("TaxPrefs", "UsingSalesTax") => Ok(None),
        SalesTax::PerLine => {
            let Some(code) = sent else { return Err(missing_tax_code(company)) };
            company.get_referenced(Entity::TaxCode, &json!({ "value": code }), ELEMENT)?;
            Ok(Some(code.to_owned()))
        }
    }
}

/// Refuses a line without a tax code. QuickBooks' message has the country's name of the tax.
fn missing_tax_code(company: &Company) -> Fault {
    let tax = match company.country() {
        "CA" => "GST/HST",
        "AU" | "IN" => "GST",
        _ => "VAT",
    };
    Fault::business(&format!("Make sure all your transactions have a {tax} rate before you save."))
}

/// Reads a bundle: its components in the requested quantity. They have their own prices, unless the request has others.
fn read_group_line(company: &Company, row: &Map<String, Value>, form: &mut Form, mut line: Value) -> Result<(), Fault> {
    let mut detail = line["GroupLineDetail"].as_object().cloned().ok_or_else(|| Fault::missing("GroupLineDetail"))?;
    let group =
        resolve(company, &mut detail, "GroupItemRef", Entity::Item)?.ok_or_else(|| Fault::missing("GroupItemRef"))?;
    if group["Type"] != json!("Group") {
        return Err(Fault::invalid_reference("Line.GroupLineDetail.GroupItemRef"));
    }
    let quantity = detail.get("Quantity").and_then(decimal).unwrap_or(Decimal::ONE);
    detail.insert("Quantity".into(), number(quantity));
    let sent = detail.get("Line").and_then(Value::as_array).filter(|lines| !lines.is_empty()).cloned();
    let inner = match sent {
        Some(lines) => lines,
        None => group["ItemGroupDetail"]["ItemGroupLine"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|component| component_line(company, row, component, quantity, form.decimals))
            .collect(),
    };
    let mut total = Decimal::ZERO;
    let mut lines = Vec::new();
    for (at, mut inner) in inner.into_iter().enumerate() {
        inner["Id"] = json!((at + 1).to_string());
        inner["LineNum"] = json!(at + 1);
        if let Some(sale) = read_sale(company, row, form.decimals, &mut inner)? {
            total += sale.price.net;
            form.sales.push(sale);
        }
        lines.push(inner);
    }
    detail.insert("Line".into(), Value::Array(lines));
    line["Amount"] = number(total);
    line["GroupLineDetail"] = Value::Object(detail);
    form.body.push(line);
    Ok(())
}

fn component_line(
    company: &Company,
    row: &Map<String, Value>,
    component: &Value,
    quantity: Decimal,
    decimals: u32,
) -> Value {
    let item =
        company.get(Entity::Item, component["ItemRef"]["value"].as_str().unwrap_or_default()).unwrap_or_default();
    let price = decimal(&item["UnitPrice"]).unwrap_or_default();
    let quantity = decimal(&component["Qty"]).unwrap_or_default() * quantity;
    let mut detail = json!({ "ItemRef": component["ItemRef"], "Qty": number(quantity), "UnitPrice": number(price) });
    if company.rules.sales_tax == SalesTax::PerLine && !is_untaxed(row) {
        detail["TaxCodeRef"] = item["SalesTaxCodeRef"].clone();
    }
    json!({ "DetailType": "SalesItemLineDetail", "Amount": number(round(quantity * price, decimals)), "Description": item["Description"], "SalesItemLineDetail": detail })
}

fn read_discount_line(company: &Company, form: &mut Form, mut line: Value) -> Result<(), Fault> {
    let refusal = |detail: &str| Fault::validation("6090", "Discount error", detail, "Line.DiscountLineDetail");
    if !company.has_preference("SalesFormsPrefs", "AllowDiscount") {
        return Err(refusal("Discounts are turned off in this company"));
    }
    if form.discount_line.is_some() {
        return Err(refusal("A transaction has one discount at most"));
    }
    let mut detail = line["DiscountLineDetail"].as_object().cloned().unwrap_or_default();
    let percent_based = detail.get("PercentBased") == Some(&json!(true));
    let percent = detail.get("DiscountPercent").and_then(decimal).filter(|_| percent_based);
    form.discount = match (percent, decimal(&line["Amount"])) {
        (Some(percent), _) if percent < Decimal::ZERO || percent > dec!(100) => {
            return Err(refusal("A discount is between 0 and 100 percent"));
        }
        (_, Some(amount)) if amount < Decimal::ZERO => return Err(Fault::negative("Line.Amount")),
        (Some(_), Some(amount)) if company.quirks.percent_discount == PercentDiscount::Amount => {
            Discount::Amount(round(amount, form.decimals))
        }
        (Some(percent), _) => Discount::Percent(percent),
        (None, Some(amount)) => Discount::Amount(round(amount, form.decimals)),
        (None, None) => return Err(Fault::missing("Line.Amount")),
    };
    if !percent_based {
        detail.insert("PercentBased".into(), json!(false));
        detail.remove("DiscountPercent");
    }
    resolve(company, &mut detail, "ClassRef", Entity::Class)?;
    if resolve(company, &mut detail, "DiscountAccountRef", Entity::Account)?.is_none() {
        let default = &company.preferences()["SalesFormsPrefs"]["DefaultDiscountAccount"];
        detail.insert("DiscountAccountRef".into(), json!({ "value": default }));
        resolve(company, &mut detail, "DiscountAccountRef", Entity::Account)?;
    }
    line = json!({ "Amount": 0, "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail, "Description": line["Description"] });
    if line["Description"].is_null() {
        line.as_object_mut().map(|line| line.remove("Description"));
    }
    form.discount_line = Some(line);
    Ok(())
}

/// Formats an amount as in a fault: `1,861.07`.
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
