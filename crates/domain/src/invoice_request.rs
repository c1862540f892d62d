//! The validated content of a submitted form: the invoice that will be sent to QuickBooks.

use crate::{
    address::Address,
    customer::CustomerField,
    money::{checked_sum, invoice_decimals, percent_of, round_half_up},
    tax::TaxMode,
    totals::Discount,
};
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};

/// An existing customer or item, or a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Exists; its QuickBooks id.
    Existing(String),
    /// Will be created; its name.
    New(String),
}

/// The validated content of a submitted form. The requests to QuickBooks are built from it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRequest {
    /// The customer.
    pub customer: Choice,
    /// Name of the billed party above the address; empty if it is the customer's own name.
    pub attention: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Tax number; may be empty. A new customer gets it.
    pub tax_id: String,
    /// Billing address.
    pub address: Address,
    /// Issue date.
    pub issued: Date,
    /// Due date, not before the issue date.
    pub due: Date,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Invoice number, if a person has entered one.
    pub number: Option<String>,
    /// Tax code of the whole invoice (US companies).
    pub invoice_code: Option<String>,
    /// Printed on the invoice.
    pub message: String,
    /// Private memo; not printed.
    pub memo: String,
    /// Addresses that get a copy of the e-mail; may be empty.
    #[serde(default)]
    pub cc: String,
    /// Whether the customer can pay online; `None` if the company has no online payment.
    #[serde(default)]
    pub online_payment: Option<bool>,
    /// Filled custom fields: `DefinitionId` and value.
    #[serde(default)]
    pub custom: Vec<(String, String)>,
    /// Details of an existing customer that are exported to QuickBooks if they differ there.
    #[serde(default)]
    pub update: Vec<CustomerField>,
    /// Whether prices include tax.
    #[serde(default)]
    pub tax_mode: TaxMode,
    /// The invoice discount.
    #[serde(default)]
    pub discount: Option<Discount>,
    /// Amount of the invoice discount, without tax.
    #[serde(default)]
    pub discount_amount: Decimal,
    /// Units of the invoice's currency for one unit of the deal's currency, if they differ.
    #[serde(default)]
    pub rate: Option<Decimal>,
    /// At least one line.
    pub lines: Vec<RequestLine>,
    /// The total that the person confirmed.
    pub total: Decimal,
}

impl InvoiceRequest {
    /// The amount that counts towards the deal total: the lines minus the invoice discount, with tax if prices include
    /// it. If the lines cannot be added up, the total is used.
    pub fn amount(&self) -> Decimal {
        if self.tax_mode == TaxMode::Included {
            return self.total;
        }
        self.lines_amount().unwrap_or(self.total)
    }

    /// The lines minus the invoice discount; `None` if a request of an earlier version cannot be added up.
    fn lines_amount(&self) -> Option<Decimal> {
        let lines = checked_sum(self.lines.iter().map(|line| line.amount))?;
        match self.discount {
            None => Some(lines),
            Some(_) if !self.discount_amount.is_zero() => lines.checked_sub(self.discount_amount),
            Some(Discount::Percent(percent)) => {
                let discounted = percent_of(lines, dec!(100).checked_sub(percent)?)?;
                Some(round_half_up(discounted, invoice_decimals(self.currency)))
            }
            Some(Discount::Amount(amount)) => lines.checked_sub(amount),
        }
    }
}

/// A line of an invoice request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine {
    /// Pipedrive id of the product that the line was made from.
    pub product: Option<i64>,
    /// The QuickBooks item.
    pub item: Choice,
    /// Printed on the invoice.
    pub description: String,
    /// Quantity.
    pub quantity: Decimal,
    /// Unit price after discount.
    pub unit_price: Decimal,
    /// Quantity times price, rounded; with tax if prices include it.
    pub amount: Decimal,
    /// The amount without tax, if prices include it.
    #[serde(default)]
    pub net: Option<Decimal>,
    /// Tax code.
    pub tax_code: Option<String>,
}
