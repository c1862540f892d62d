//! QuickBooks' wire types. They are read leniently, and hold only the members that Fatura needs.

use crate::json::lenient;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A reference to another entity.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Reference {
    #[serde(default)]
    pub(super) value: String,
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl Reference {
    pub(super) fn to(id: &str) -> Self {
        Self { value: id.to_owned(), name: None }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Email {
    pub(super) address: Option<String>,
}

/// A postal address. Empty parts are not sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PostalAddress {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line5: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) country_sub_division_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) postal_code: Option<String>,
}

impl PostalAddress {
    /// Converts an address of the domain. The lines of the street become Line1 to Line5. Nothing is truncated: the form
    /// checks lengths.
    pub(super) fn from_domain(address: &domain::address::Address) -> Option<Self> {
        if address.is_empty() {
            return None;
        }
        let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let mut lines = domain::address::split_street(&address.street).into_iter();
        Some(Self {
            line1: lines.next(),
            line2: lines.next(),
            line3: lines.next(),
            line4: lines.next(),
            line5: lines.next(),
            city: filled(&address.city),
            country: filled(&address.country),
            country_sub_division_code: filled(&address.state),
            postal_code: filled(&address.postal_code),
        })
    }

    pub(super) fn into_domain(self) -> domain::address::Address {
        let lines: Vec<String> =
            [self.line1, self.line2, self.line3, self.line4, self.line5].into_iter().flatten().collect();
        domain::address::Address {
            street: lines.join("\n"),
            city: self.city.unwrap_or_default(),
            state: self.country_sub_division_code.unwrap_or_default(),
            postal_code: self.postal_code.unwrap_or_default(),
            country: self.country.unwrap_or_default(),
        }
    }
}

/// An invoice, with the members of its snapshot. Only members that the snapshot requires make the row invalid.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Invoice {
    pub(super) id: String,
    pub(super) sync_token: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) doc_number: Option<String>,
    pub(super) txn_date: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) due_date: Option<String>,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) total_amt: Decimal,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) balance: Decimal,
    /// Missing in invoices that are older than the company's multicurrency setting. They are in the home currency.
    #[serde(default)]
    pub(super) currency_ref: Option<Reference>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) customer_ref: Reference,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) bill_email: Option<Email>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) email_status: Option<String>,
    /// Not lenient, because the mark and the state "voided" are read from it.
    #[serde(default)]
    pub(super) private_note: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) delivery_info: Option<Delivery>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) global_tax_calculation: Option<String>,
    #[serde(default)]
    pub(super) txn_tax_detail: Option<Tax>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) meta_data: Option<MetaData>,
    /// Lines of all types.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) line: Vec<serde_json::Value>,
    /// A list of [`Link`]s.
    #[serde(default)]
    pub(super) linked_txn: serde_json::Value,
}

/// A linked transaction.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Link {
    pub(super) txn_id: String,
    pub(super) txn_type: String,
}

/// A payment, with the links to the invoices that it pays.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Payment {
    pub(super) txn_date: String,
    #[serde(with = "rust_decimal::serde::float", default)]
    pub(super) total_amt: Decimal,
    #[serde(default)]
    pub(super) line: Vec<PaymentLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PaymentLine {
    #[serde(with = "rust_decimal::serde::float", default)]
    pub(super) amount: Decimal,
    #[serde(default)]
    pub(super) linked_txn: serde_json::Value,
}

/// Reads links from a value that should be a list of links. Invalid entries are skipped.
pub(super) fn read_links(value: &serde_json::Value) -> impl Iterator<Item = Link> {
    value.as_array().into_iter().flatten().filter_map(|link| Link::deserialize(link).ok())
}

/// The taxes of an invoice.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tax {
    #[serde(with = "rust_decimal::serde::float_option", default)]
    pub(super) total_tax: Option<Decimal>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetaData {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) create_time: Option<String>,
}

/// A line in an answer: a sold item or the invoice discount.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Line {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(with = "rust_decimal::serde::float", default)]
    pub(super) amount: Decimal,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: String,
    #[serde(default)]
    pub(super) sales_item_line_detail: Option<SalesItem>,
    #[serde(default)]
    pub(super) discount_line_detail: Option<Discount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SalesItem {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) item_ref: Reference,
    #[serde(with = "rust_decimal::serde::float_option", default)]
    pub(super) qty: Option<Decimal>,
    #[serde(with = "rust_decimal::serde::float_option", default)]
    pub(super) unit_price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) tax_code_ref: Option<Reference>,
    #[serde(with = "rust_decimal::serde::float_option", default)]
    pub(super) tax_inclusive_amt: Option<Decimal>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Discount {
    #[serde(with = "rust_decimal::serde::float_option", default)]
    pub(super) discount_percent: Option<Decimal>,
}

/// Time of the last e-mail.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delivery {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) delivery_time: Option<String>,
}

/// A new invoice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewInvoice {
    pub(super) customer_ref: Reference,
    pub(super) txn_date: String,
    pub(super) due_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sales_term_ref: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) doc_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency_ref: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bill_email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bill_addr: Option<PostalAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_memo: Option<Reference>,
    pub(super) private_note: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bill_email_cc: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allow_online_credit_card_payment: Option<bool>,
    #[serde(rename = "AllowOnlineACHPayment", skip_serializing_if = "Option::is_none")]
    pub(super) allow_online_ach_payment: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) custom_field: Vec<NewCustomField>,
    /// Makes the invoice discount lower the taxed amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) apply_tax_after_discount: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_tax_calculation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) txn_tax_detail: Option<NewTax>,
    pub(super) line: Vec<NewLine>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewTax {
    pub(super) txn_tax_code_ref: Reference,
}

/// An invoice with stated amounts and taxes, so that QuickBooks computes none itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatedInvoice<'a> {
    pub(super) id: &'a str,
    pub(super) sync_token: &'a str,
    #[serde(rename = "sparse")]
    pub(super) sparse: bool,
    pub(super) customer_ref: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) global_tax_calculation: Option<&'static str>,
    pub(super) line: Vec<NewLine>,
    pub(super) txn_tax_detail: StatedTax,
}

/// Stated taxes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatedTax {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) txn_tax_code_ref: Option<Reference>,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) total_tax: Decimal,
    pub(super) tax_line: Vec<StatedTaxLine>,
}

/// Stated tax of one rate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatedTaxLine {
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) amount: Decimal,
    pub(super) detail_type: &'static str,
    pub(super) tax_line_detail: StatedRate,
}

/// A rate and its taxable amount.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatedRate {
    pub(super) tax_rate_ref: Reference,
    pub(super) percent_based: bool,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) tax_percent: Decimal,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) net_amount_taxable: Decimal,
}

/// A line in a request: a sold item or the invoice discount.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) amount: Decimal,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    pub(super) detail_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sales_item_line_detail: Option<NewSalesItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) discount_line_detail: Option<NewDiscount>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewSalesItem {
    pub(super) item_ref: Reference,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) qty: Decimal,
    #[serde(with = "rust_decimal::serde::float")]
    pub(super) unit_price: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tax_code_ref: Option<Reference>,
    #[serde(with = "rust_decimal::serde::float_option", skip_serializing_if = "Option::is_none")]
    pub(super) tax_inclusive_amt: Option<Decimal>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewDiscount {
    pub(super) percent_based: bool,
    #[serde(with = "rust_decimal::serde::float_option", skip_serializing_if = "Option::is_none")]
    pub(super) discount_percent: Option<Decimal>,
}

/// The value of a custom field.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewCustomField {
    pub(super) definition_id: String,
    pub(super) r#type: &'static str,
    pub(super) string_value: String,
}
