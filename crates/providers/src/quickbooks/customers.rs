//! Customers: search, read, create, update.

use super::{Api, moment, quoted, rows, wire};
use crate::{
    ProviderError,
    json::{lenient, take},
};
use domain::{address::Address, customer::Customer, search::Pattern};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A customer to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewCustomer<'a> {
    /// Unique over customers, vendors and employees.
    pub display_name: &'a str,
    /// May be empty.
    pub email: &'a str,
    /// May be empty.
    pub tax_id: &'a str,
    /// May be empty.
    pub address: &'a Address,
    /// ISO code; can never be changed. `None` where the company has one currency only.
    pub currency: Option<&'a str>,
    /// Two letters: decides where the tax number goes.
    pub country: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: String,
    display_name: String,
    #[serde(default, deserialize_with = "lenient")]
    primary_email_addr: Option<wire::Email>,
    #[serde(default)]
    currency_ref: Option<wire::Reference>,
    #[serde(default, deserialize_with = "lenient")]
    primary_tax_identifier: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    resale_num: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    bill_addr: Option<wire::PostalAddress>,
    #[serde(default, deserialize_with = "lenient")]
    active: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    sync_token: String,
}

impl From<Row> for Customer {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            display_name: row.display_name,
            email: row.primary_email_addr.and_then(|email| email.address),
            currency: row.currency_ref.map(|currency| currency.value),
            tax_id: row.primary_tax_identifier.or(row.resale_num),
            address: row.bill_addr.map(wire::PostalAddress::into_domain).unwrap_or_default(),
            active: row.active != Some(false),
            sync_token: row.sync_token,
        }
    }
}

/// What of a customer is changed; the rest stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerUpdate<'a> {
    /// New e-mail address.
    pub email: Option<&'a str>,
    /// New tax number.
    pub tax_id: Option<&'a str>,
    /// New bill-to address.
    pub address: Option<&'a Address>,
    /// Two letters: decides where the tax number goes.
    pub country: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Sparse<'a> {
    id: &'a str,
    sync_token: &'a str,
    #[serde(rename = "sparse")]
    sparse: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_email_addr: Option<wire::Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_addr: Option<wire::PostalAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_tax_identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resale_num: Option<&'a str>,
}

/// Where a tax number goes: a US company has no field for it, the resale number is the nearest. It holds 16 characters,
/// which the form checks.
fn tax_fields<'a>(country: &str, tax_id: Option<&'a str>) -> (Option<&'a str>, Option<&'a str>) {
    let tax_id = tax_id.map(str::trim).filter(|tax_id| !tax_id.is_empty());
    if country == "US" { (None, tax_id) } else { (tax_id, None) }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct New<'a> {
    display_name: &'a str,
    company_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_email_addr: Option<wire::Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_addr: Option<wire::PostalAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_ref: Option<wire::Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_tax_identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resale_num: Option<&'a str>,
}

/// Rows of one page.
pub const CUSTOMERS_PAGE: usize = 1000;

/// The customers of an answer. A row that cannot be read hides no other.
fn readable(mut answer: Value) -> Vec<Customer> {
    let rows = rows::<Row>(&mut answer, "Customer").map(|rows| rows.readable).unwrap_or_default();
    rows.into_iter().map(Customer::from).collect()
}

/// The customers of a page, and whether it is the last one: rows that cannot be read count.
fn page(answer: Value) -> (Vec<Customer>, bool) {
    let count = answer["Customer"].as_array().map_or(0, Vec::len);
    (readable(answer), count < CUSTOMERS_PAGE)
}

impl Api<'_> {
    /// Active customers whose name matches a pattern, and those with the e-mail address.
    pub async fn search_customers(&self, patterns: &[Pattern], email: &str) -> Result<Vec<Customer>, ProviderError> {
        let email = email.trim();
        let by_name = patterns.iter().map(|pattern| {
            format!(
                "select * from Customer where DisplayName like {} orderby DisplayName maxresults {}",
                quoted(&pattern.0),
                pattern.most()
            )
        });
        let by_email = (!email.is_empty())
            .then(|| format!("select * from Customer where PrimaryEmailAddr = {} maxresults 20", quoted(email)));
        let statements: Vec<String> = by_name.chain(by_email).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let mut found: Vec<Customer> = Vec::new();
        for answer in self.queries(&statements).await? {
            found.extend(readable(answer));
        }
        Ok(found)
    }

    /// A page of all active customers, by id, and whether it is the last one. QuickBooks' queries cannot ask for a tax number.
    pub async fn customers_page(&self, start: usize) -> Result<(Vec<Customer>, bool), ProviderError> {
        let statement = format!("select * from Customer orderby Id startposition {start} maxresults {CUSTOMERS_PAGE}");
        Ok(page(self.asked(&statement).await?))
    }

    /// One customer, active or not.
    pub async fn customer(&self, id: &str) -> Result<Customer, ProviderError> {
        let mut answer = self.get(&["customer", id]).await?;
        let row: Row = crate::json::read(take(&mut answer, "Customer"))?;
        Ok(row.into())
    }

    /// Creates a customer.
    pub async fn create_customer(
        &self,
        request_id: &str,
        customer: &NewCustomer<'_>,
    ) -> Result<Customer, ProviderError> {
        let (primary_tax_identifier, resale_num) = tax_fields(customer.country, Some(customer.tax_id));
        let body = New {
            display_name: customer.display_name,
            company_name: (customer.display_name.chars().count() <= 100).then_some(customer.display_name),
            primary_email_addr: (!customer.email.is_empty())
                .then(|| wire::Email { address: Some(customer.email.to_owned()) }),
            bill_addr: wire::PostalAddress::from_domain(customer.address),
            currency_ref: customer.currency.map(wire::Reference::to),
            primary_tax_identifier,
            resale_num,
        };
        let row: Row = self.write("Customer", request_id, &body).await?;
        Ok(row.into())
    }

    /// The customer of this very name, if it was created since a moment.
    pub async fn customer_created_since(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<Customer>, ProviderError> {
        let statement = format!(
            "select * from Customer where DisplayName = {} and MetaData.CreateTime >= {}",
            quoted(name),
            quoted(&moment(since))
        );
        let rows: Vec<Row> = self.query("Customer", &statement).await?;
        Ok(rows.into_iter().next().map(Customer::from))
    }

    /// Changes a customer that has not changed since it was read. Refused with 5010 where it has.
    pub async fn update_customer(
        &self,
        request_id: &str,
        customer: &Customer,
        update: &CustomerUpdate<'_>,
    ) -> Result<Customer, ProviderError> {
        let (primary_tax_identifier, resale_num) = tax_fields(update.country, update.tax_id);
        let body = Sparse {
            id: &customer.id,
            sync_token: &customer.sync_token,
            sparse: true,
            primary_email_addr: update.email.map(|email| wire::Email { address: Some(email.to_owned()) }),
            bill_addr: update.address.and_then(wire::PostalAddress::from_domain),
            primary_tax_identifier,
            resale_num,
        };
        let row: Row = self.write("Customer", request_id, &body).await?;
        Ok(row.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_that_cannot_be_read_does_not_end_the_pages() {
        let row = |id: usize| json!({ "Id": id.to_string(), "DisplayName": format!("Customer {id}") });
        let mut rows: Vec<Value> = (1..=CUSTOMERS_PAGE).map(row).collect();
        rows[7] = json!({ "Id": null });
        let (customers, is_last) = page(json!({ "Customer": rows.clone() }));
        assert_eq!((customers.len(), is_last), (CUSTOMERS_PAGE - 1, false));
        rows.pop();
        assert!(page(json!({ "Customer": rows })).1);
        assert!(page(json!({})).1);
    }
}
