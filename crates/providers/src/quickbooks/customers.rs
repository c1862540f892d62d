//! Customers: search, read, create, update.

use super::{Api, format_timestamp, keep_answered, quote, read_rows, wire};
use crate::{
    ProviderError,
    json::{lenient, take_member},
};
use domain::{address::Address, customer::Customer, search::LikePattern};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A new customer.
#[derive(Debug, Clone, Copy)]
pub struct NewCustomer<'a> {
    /// Name, unique among customers, vendors and employees.
    pub display_name: &'a str,
    /// E-mail address; may be empty.
    pub email: &'a str,
    /// Tax number; may be empty.
    pub tax_id: &'a str,
    /// Billing address; may be empty.
    pub address: &'a Address,
    /// ISO code of the currency, which can never be changed. `None` if the company has one currency only.
    pub currency: Option<&'a str>,
    /// Country code of two letters. It decides which member holds the tax number.
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

/// Changes to a customer. Members that are `None` stay unchanged.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerUpdate<'a> {
    /// New e-mail address.
    pub email: Option<&'a str>,
    /// New tax number.
    pub tax_id: Option<&'a str>,
    /// New billing address.
    pub address: Option<&'a Address>,
    /// Country code of two letters. It decides which member holds the tax number.
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

/// Returns a tax number as tax identifier or as resale number. US companies have no tax identifier, so the resale number
/// holds it, with at most 16 characters, which the form checks.
fn choose_tax_members<'a>(country: &str, tax_id: Option<&'a str>) -> (Option<&'a str>, Option<&'a str>) {
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

/// Number of customers in a page.
pub const CUSTOMER_PAGE_ROWS: usize = 1000;

/// Reads the customers of an answer. An invalid row does not hide the others.
fn read_customers(mut answer: Value) -> Result<Vec<Customer>, ProviderError> {
    let rows = read_rows::<Row>(&mut answer, "Customer")?;
    Ok(rows.readable.into_iter().map(Customer::from).collect())
}

/// Reads the customers of a page, and whether it is the last page. Invalid rows count for the length of the page.
fn read_page(answer: Value) -> Result<(Vec<Customer>, bool), ProviderError> {
    let count = answer["Customer"].as_array().map_or(0, Vec::len);
    Ok((read_customers(answer)?, count < CUSTOMER_PAGE_ROWS))
}

impl Api {
    /// Finds active customers whose name matches a pattern, or that have the e-mail address.
    pub async fn search_customers(
        &self,
        patterns: &[LikePattern],
        email: &str,
    ) -> Result<Vec<Customer>, ProviderError> {
        let email = email.trim();
        let by_name = patterns.iter().map(|pattern| {
            format!(
                "select * from Customer where DisplayName like {} orderby DisplayName maxresults {}",
                quote(&pattern.0),
                pattern.max_rows()
            )
        });
        let by_email = (!email.is_empty())
            .then(|| format!("select * from Customer where PrimaryEmailAddr = {} maxresults 20", quote(email)));
        let statements: Vec<String> = by_name.chain(by_email).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let mut found: Vec<Customer> = Vec::new();
        let answers = self.run_queries(&statements).await?;
        for answer in keep_answered(answers)? {
            found.extend(read_customers(answer)?);
        }
        Ok(found)
    }

    /// Reads a page of all active customers, ordered by id, and whether it is the last page. Used to find a tax number,
    /// because queries cannot select by it.
    pub async fn read_customer_page(&self, start: usize) -> Result<(Vec<Customer>, bool), ProviderError> {
        let statement =
            format!("select * from Customer orderby Id startposition {start} maxresults {CUSTOMER_PAGE_ROWS}");
        read_page(self.run_query(&statement).await?)
    }

    /// Reads a customer, active or not.
    pub async fn read_customer(&self, id: &str) -> Result<Customer, ProviderError> {
        let mut answer = self.get(&["customer", id]).await?;
        let row: Row = crate::json::deserialize(take_member(&mut answer, "Customer"))?;
        Ok(row.into())
    }

    /// Creates a customer.
    pub async fn create_customer(
        &self,
        request_id: &str,
        customer: &NewCustomer<'_>,
    ) -> Result<Customer, ProviderError> {
        let (primary_tax_identifier, resale_num) = choose_tax_members(customer.country, Some(customer.tax_id));
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
        let row: Row = self.write_entity("Customer", request_id, &body).await?;
        Ok(row.into())
    }

    /// Finds the customer with exactly this name if it was created since a timestamp.
    pub async fn find_customer_created_since(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<Customer>, ProviderError> {
        let statement = format!(
            "select * from Customer where DisplayName = {} and MetaData.CreateTime >= {}",
            quote(name),
            quote(&format_timestamp(since))
        );
        let rows: Vec<Row> = self.query_valid_rows("Customer", &statement).await?;
        Ok(rows.into_iter().next().map(Customer::from))
    }

    /// Updates a customer. QuickBooks refuses with 5010 if the customer has changed since it was read.
    pub async fn update_customer(
        &self,
        request_id: &str,
        customer: &Customer,
        update: &CustomerUpdate<'_>,
    ) -> Result<Customer, ProviderError> {
        let (primary_tax_identifier, resale_num) = choose_tax_members(update.country, update.tax_id);
        let body = Sparse {
            id: &customer.id,
            sync_token: &customer.sync_token,
            sparse: true,
            primary_email_addr: update.email.map(|email| wire::Email { address: Some(email.to_owned()) }),
            bill_addr: update.address.and_then(wire::PostalAddress::from_domain),
            primary_tax_identifier,
            resale_num,
        };
        let row: Row = self.write_entity("Customer", request_id, &body).await?;
        Ok(row.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_invalid_row_does_not_end_paging() {
        let row = |id: usize| json!({ "Id": id.to_string(), "DisplayName": format!("Customer {id}") });
        let mut rows: Vec<Value> = (1..=CUSTOMER_PAGE_ROWS).map(row).collect();
        rows[7] = json!({ "Id": null });
        let (customers, is_last) = read_page(json!({ "Customer": rows.clone() })).unwrap();
        assert_eq!((customers.len(), is_last), (CUSTOMER_PAGE_ROWS - 1, false));
        rows.pop();
        assert!(read_page(json!({ "Customer": rows })).unwrap().1);
        assert!(read_page(json!({})).unwrap().1);
    }
}
