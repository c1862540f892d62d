//! A form as a PDF in the company's design: its texts and their layout.

mod page;

use crate::{company::Company, entity::Entity};
use page::{ACCENT, Align, BLACK, Face, GREY, Pages, RULE};
use rust_decimal::Decimal;
use sandbox_core::decimal::decimal;
use serde_json::{Value, json};

/// The texts of a form.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    is_letter_size: bool,
    title: &'static str,
    company: Vec<String>,
    bill_to: Vec<String>,
    ship_to: Vec<String>,
    facts: Vec<[String; 2]>,
    lines: Vec<Line>,
    sums: Vec<[String; 2]>,
    due: [String; 2],
    memo: String,
    is_voided: bool,
}

#[derive(Debug, Clone)]
struct Line {
    name: String,
    description: String,
    quantity: String,
    rate: String,
    amount: String,
    /// Whether the line belongs to a bundle.
    in_bundle: bool,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Formats an address as on an envelope.
fn address(address: &Value) -> Vec<String> {
    let part = |name: &str| text(&address[name]);
    let place = [part("City"), part("CountrySubDivisionCode"), part("PostalCode")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let lines = ["Line1", "Line2", "Line3", "Line4", "Line5"].map(part).into_iter().chain([place, part("Country")]);
    lines.filter(|line| !line.is_empty()).collect()
}

/// Formats `2026-11-24` in the order of the company's country.
fn date(country: &str, iso: &str) -> String {
    match iso.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] if country == "US" => format!("{month}/{day}/{year}"),
        [year, month, day] => format!("{day}/{month}/{year}"),
        _ => String::new(),
    }
}

/// Formats an amount: `1,234.50`.
fn money(value: Decimal, decimals: u32) -> String {
    let text = format!("{:.*}", decimals as usize, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value.is_sign_negative() && !value.is_zero() { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{fraction}") }
}

fn title(entity: Entity, country: &str) -> &'static str {
    match entity {
        Entity::Estimate => "ESTIMATE",
        Entity::SalesReceipt => "SALES RECEIPT",
        Entity::CreditMemo => "CREDIT MEMO",
        Entity::RefundReceipt => "REFUND RECEIPT",
        _ if matches!(country, "AU" | "IN" | "GB") => "TAX INVOICE",
        _ => "INVOICE",
    }
}

/// Number, dates, term and custom fields, where they are filled in.
fn facts(title: &str, country: &str, row: &Value) -> Vec<[String; 2]> {
    let mut facts = vec![
        [title.to_owned() + " #", text(&row["DocNumber"])],
        ["DATE".into(), date(country, &text(&row["TxnDate"]))],
    ];
    facts.extend([
        ["DUE DATE".into(), date(country, &text(&row["DueDate"]))],
        ["TERMS".into(), text(&row["SalesTermRef"]["name"])],
        ["EXPIRATION".into(), date(country, &text(&row["ExpirationDate"]))],
    ]);
    for field in row["CustomField"].as_array().into_iter().flatten().filter(|field| field["StringValue"].is_string()) {
        facts.push([text(&field["Name"]).to_uppercase(), text(&field["StringValue"])]);
    }
    facts.retain(|[_, value]| !value.is_empty());
    facts
}

type LinesAndSums = (Vec<Line>, Vec<[String; 2]>);

/// The printed lines, and the sums below them up to the taxes.
fn lines_and_sums(company: &Company, row: &Value, format_amount: &impl Fn(&Value) -> String) -> LinesAndSums {
    let mut lines = Vec::new();
    let mut sums = Vec::new();
    for line in row["Line"].as_array().into_iter().flatten() {
        match line["DetailType"].as_str().unwrap_or_default() {
            "SubTotalLineDetail" => sums.push(["SUBTOTAL".to_owned(), format_amount(&line["Amount"])]),
            "DiscountLineDetail" => {
                let percent = decimal(&line["DiscountLineDetail"]["DiscountPercent"])
                    .map(|percent| format!(" {}%", percent.normalize()));
                sums.push([
                    format!("DISCOUNT{}", percent.unwrap_or_default()),
                    format!("-{}", format_amount(&line["Amount"])),
                ]);
            }
            _ if line["SalesItemLineDetail"]["ItemRef"]["value"] == json!("SHIPPING_ITEM_ID") => {
                sums.push(["SHIPPING".into(), format_amount(&line["Amount"])]);
            }
            "GroupLineDetail" => {
                lines.push(printed_line(
                    line,
                    &line["GroupLineDetail"]["GroupItemRef"],
                    &line["GroupLineDetail"]["Quantity"],
                    format_amount,
                    false,
                ));
                for line in line["GroupLineDetail"]["Line"].as_array().into_iter().flatten() {
                    lines.push(printed_line(
                        line,
                        &line["SalesItemLineDetail"]["ItemRef"],
                        &line["SalesItemLineDetail"]["Qty"],
                        format_amount,
                        true,
                    ));
                }
            }
            _ => lines.push(printed_line(
                line,
                &line["SalesItemLineDetail"]["ItemRef"],
                &line["SalesItemLineDetail"]["Qty"],
                format_amount,
                false,
            )),
        }
    }
    for line in row["TxnTaxDetail"]["TaxLine"].as_array().into_iter().flatten() {
        let detail = &line["TaxLineDetail"];
        let rate = company
            .get(Entity::TaxRate, detail["TaxRateRef"]["value"].as_str().unwrap_or_default())
            .unwrap_or_default();
        let percent = decimal(&detail["TaxPercent"]).unwrap_or_default().normalize();
        let label = format!("{} @ {percent}% on {}", text(&rate["Name"]), format_amount(&detail["NetAmountTaxable"]));
        sums.push([label, format_amount(&line["Amount"])]);
    }
    (lines, sums)
}

impl Sheet {
    /// Collects the texts of a form.
    pub(crate) fn new(company: &Company, entity: Entity, row: &Value) -> Self {
        let info = company.info();
        let country = company.country().to_owned();
        let currency = text(&row["CurrencyRef"]["value"]);
        let decimals = company.decimals(&currency);
        let format_amount = |value: &Value| decimal(value).map(|value| money(value, decimals)).unwrap_or_default();
        let mut heading = vec![company.name().to_owned()];
        heading.extend(address(&info["CompanyAddr"]));
        heading.extend(
            [text(&info["PrimaryPhone"]["FreeFormNumber"]), text(&info["Email"]["Address"])]
                .into_iter()
                .filter(|line| !line.is_empty()),
        );
        let customer = text(&row["CustomerRef"]["name"]);
        let mut bill_to = address(&row["BillAddr"]);
        if bill_to.first() != Some(&customer) {
            bill_to.insert(0, customer);
        }
        let title = title(entity, &country);
        let (lines, mut sums) = lines_and_sums(company, row, &format_amount);
        sums.push(["TOTAL".into(), format_amount(&row["TotalAmt"])]);
        let balance = decimal(&row["Balance"]).unwrap_or_default();
        let paid = decimal(&row["TotalAmt"]).unwrap_or_default() - balance;
        let due = if entity == Entity::Invoice {
            if !paid.is_zero() {
                sums.push(["PAYMENT".into(), money(paid, decimals)]);
            }
            ["BALANCE DUE".to_owned(), format!("{currency} {}", money(balance, decimals))]
        } else {
            ["TOTAL".to_owned(), format!("{currency} {}", format_amount(&row["TotalAmt"]))]
        };
        let is_voided = text(&row["PrivateNote"]).starts_with("Voided")
            && decimal(&row["TotalAmt"]).is_some_and(|total| total.is_zero());
        Self {
            is_letter_size: matches!(country.as_str(), "US" | "CA"),
            title,
            company: heading,
            bill_to,
            ship_to: address(&row["ShipAddr"]),
            facts: facts(title, &country, row),
            lines,
            sums,
            due,
            memo: text(&row["CustomerMemo"]["value"]),
            is_voided,
        }
    }

    /// Draws the sheet and returns the PDF.
    pub(crate) fn draw(&self) -> Result<Vec<u8>, String> {
        let mut pages = Pages::new(
            if self.is_letter_size { (612.0, 792.0) } else { (595.0, 842.0) },
            format!("{} {}", self.title, self.facts[0][1]),
        );
        let right = pages.width() - page::MARGIN;
        let middle = pages.width() / 2.0;
        let mut top = pages.y();
        for (at, line) in self.company.iter().enumerate() {
            let (face, size, color) = if at == 0 { (Face::Bold, 15.0, BLACK) } else { (Face::Regular, 9.0, GREY) };
            pages.write_line(page::MARGIN, line, face, size, color, Align::Left);
            pages.move_down(if at == 0 { 17.0 } else { 12.5 });
        }
        let below = pages.y();
        pages.move_to(top + 4.0);
        pages.write_line(right, self.title, Face::Bold, 20.0, ACCENT, Align::Right);
        if self.is_voided {
            pages.move_down(20.0);
            pages.write_line(right, "VOID", Face::Bold, 14.0, [0xB3, 0x26, 0x1E], Align::Right);
        }
        pages.move_to(below + 18.0);
        top = pages.y();
        self.draw_party(&mut pages, page::MARGIN, "BILL TO", &self.bill_to);
        let mut lowest = pages.y();
        pages.move_to(top);
        if !self.ship_to.is_empty() {
            self.draw_party(&mut pages, page::MARGIN + 185.0, "SHIP TO", &self.ship_to);
            lowest = lowest.max(pages.y());
        }
        pages.move_to(top);
        for [label, value] in &self.facts {
            pages.write_line(middle + 165.0, label, Face::Bold, 8.0, GREY, Align::Right);
            pages.write_line(middle + 175.0, value, Face::Regular, 9.0, BLACK, Align::Left);
            pages.move_down(14.0);
        }
        pages.move_to(lowest.max(pages.y()) + 18.0);
        self.draw_table(&mut pages, right);
        self.draw_sums(&mut pages, right, middle);
        pages.finish()
    }

    fn draw_party(&self, pages: &mut Pages, x: f32, label: &str, lines: &[String]) {
        pages.write_line(x, label, Face::Bold, 8.0, GREY, Align::Left);
        pages.move_down(14.0);
        for line in lines {
            for part in pages.wrap(line, Face::Regular, 9.5, 175.0) {
                pages.write_line(x, &part, Face::Regular, 9.5, BLACK, Align::Left);
                pages.move_down(13.0);
            }
        }
    }

    fn draw_table(&self, pages: &mut Pages, right: f32) {
        let (quantity, rate) = (right - 170.0, right - 85.0);
        let head = |pages: &mut Pages| {
            pages.fill_bar(page::MARGIN, right, 20.0, [0xE9, 0xEE, 0xF6]);
            pages.move_down(13.5);
            pages.write_line(page::MARGIN + 8.0, "PRODUCT / SERVICE", Face::Bold, 8.0, ACCENT, Align::Left);
            pages.write_line(page::MARGIN + 148.0, "DESCRIPTION", Face::Bold, 8.0, ACCENT, Align::Left);
            pages.write_line(quantity, "QTY", Face::Bold, 8.0, ACCENT, Align::Right);
            pages.write_line(rate, "RATE", Face::Bold, 8.0, ACCENT, Align::Right);
            pages.write_line(right - 8.0, "AMOUNT", Face::Bold, 8.0, ACCENT, Align::Right);
            pages.move_down(20.0);
        };
        head(pages);
        for line in &self.lines {
            let indent = if line.in_bundle { 16.0 } else { 8.0 };
            let names = pages.wrap(&line.name, Face::Bold, 9.0, 142.0 - indent);
            let words = pages.wrap(&line.description, Face::Regular, 9.0, quantity - page::MARGIN - 148.0 - 48.0);
            let rows = names.len().max(words.len()).max(1);
            for at in 0..rows {
                if pages.break_page_before(12.5) {
                    head(pages);
                }
                if let Some(name) = names.get(at) {
                    pages.write_line(
                        page::MARGIN + indent,
                        name,
                        if line.in_bundle { Face::Regular } else { Face::Bold },
                        9.0,
                        BLACK,
                        Align::Left,
                    );
                }
                if let Some(part) = words.get(at) {
                    pages.write_line(page::MARGIN + 148.0, part, Face::Regular, 9.0, GREY, Align::Left);
                }
                if at == 0 {
                    pages.write_line(quantity, &line.quantity, Face::Regular, 9.0, BLACK, Align::Right);
                    pages.write_line(rate, &line.rate, Face::Regular, 9.0, BLACK, Align::Right);
                    pages.write_line(right - 8.0, &line.amount, Face::Regular, 9.0, BLACK, Align::Right);
                }
                pages.move_down(12.5);
            }
            pages.draw_rule(page::MARGIN, right, RULE);
            pages.move_down(13.0);
        }
    }

    fn draw_sums(&self, pages: &mut Pages, right: f32, middle: f32) {
        pages.keep_together(self.sums.iter().map(|_| 15.0).sum::<f32>() + 50.0);
        let top = pages.y() + 4.0;
        pages.move_to(top);
        for part in pages.wrap(&self.memo, Face::Regular, 9.0, middle - page::MARGIN - 30.0) {
            pages.write_line(page::MARGIN + 8.0, &part, Face::Regular, 9.0, GREY, Align::Left);
            pages.move_down(12.5);
        }
        pages.move_to(top);
        for [label, value] in &self.sums {
            pages.write_line(right - 90.0, label, Face::Regular, 8.5, GREY, Align::Right);
            pages.write_line(right - 8.0, value, Face::Regular, 9.5, BLACK, Align::Right);
            pages.move_down(15.0);
        }
        pages.draw_rule(middle + 30.0, right, ACCENT);
        pages.move_down(20.0);
        pages.write_line(right - 130.0, &self.due[0], Face::Bold, 9.0, GREY, Align::Right);
        pages.write_line(right - 8.0, &self.due[1], Face::Bold, 15.0, BLACK, Align::Right);
    }
}

fn printed_line(
    line: &Value,
    item: &Value,
    quantity: &Value,
    format_amount: &impl Fn(&Value) -> String,
    in_bundle: bool,
) -> Line {
    let detail = &line["SalesItemLineDetail"];
    Line {
        name: text(&item["name"]),
        description: text(&line["Description"]),
        quantity: decimal(quantity).map(|quantity| quantity.normalize().to_string()).unwrap_or_default(),
        rate: decimal(&detail["UnitPrice"])
            .map(|rate| money(rate, rate.normalize().scale().clamp(2, 5)))
            .unwrap_or_default(),
        amount: if line["Amount"].is_null() { String::new() } else { format_amount(&line["Amount"]) },
        in_bundle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::company::Rules;

    #[test]
    fn the_term_is_printed_even_if_the_due_date_differs() {
        let rules: Rules = serde_json::from_value(json!({ "sales_tax": "united_states" })).expect("rules");
        let mut company = Company::new("1", rules);
        company.put_without_event(Entity::CompanyInfo, &json!({ "Id": "1", "CompanyName": "Us", "Country": "US" }));
        let row = json!({
            "DocNumber": "7", "TxnDate": "2026-03-13", "DueDate": "2026-03-20", "SalesTermRef": { "value": "3", "name": "Net 30" },
            "CurrencyRef": { "value": "USD" }, "CustomerRef": { "name": "Amy" },
        });
        let facts = Sheet::new(&company, Entity::Invoice, &row).facts;
        for fact in [["DUE DATE", "03/20/2026"], ["TERMS", "Net 30"]] {
            assert!(facts.iter().any(|[label, value]| [label.as_str(), value.as_str()] == fact), "{facts:?}");
        }
    }
}
