//! The lines of an invoice: what QuickBooks demands of each kind.

use super::super::{
    company::{Company, SalesTax},
    fault::Fault,
};
use crate::decimal::{cents, decimal, number};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// The lines as they are kept: numbered, named, checked, with the subtotal that QuickBooks appends.
pub(super) fn lines(company: &Company, row: &Map<String, Value>) -> Result<Vec<Value>, Fault> {
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
