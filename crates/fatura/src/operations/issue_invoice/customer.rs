//! Creates the new customer of an invoice, and updates an existing one if the user has chosen that.

use super::IssueInvoice;
use crate::flows::Error;
use domain::{
    catalogue::Catalogue,
    customer::{Customer, CustomerChange, CustomerField, find_changes},
    invoice_request::Choice,
};
use engine::HEARTBEAT_INTERVAL;
use jiff::SignedDuration;
use providers::{
    ProviderError,
    quickbooks::{CustomerUpdate, NewCustomer},
};
use serde_json::json;
use store::{audit, invoices, quickbooks::Connection};

/// Upper bound for the clock skew of QuickBooks. A customer with this name that is older was not created by this operation.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(15);

impl IssueInvoice<'_> {
    /// Returns the customer's id, and creates a new customer once.
    pub(super) async fn resolve_customer(
        &self,
        connection: &Connection,
        catalogue: &Catalogue,
    ) -> Result<String, Error> {
        let name = match (&self.invoice.request.customer, &self.invoice.customer) {
            (Choice::Existing(id), _) | (Choice::New(_), Some(id)) => return Ok(id.clone()),
            (Choice::New(name), None) => name,
        };
        let request = &self.invoice.request;
        let request_id = self.request_id("customer");
        let (is_retry, since) = (self.invoice.attempts > 1, self.invoice.created_at - MAX_CLOCK_SKEW);
        let created = self
            .context
            .quickbooks(connection)
            .call(async |api| {
                // An earlier attempt may have created the customer. An older one with this name is not used.
                if is_retry && let Some(ours) = api.find_customer_created_since(name, since).await? {
                    return Ok(ours);
                }
                let customer = NewCustomer {
                    display_name: name,
                    email: &request.email,
                    tax_id: &request.tax_id,
                    address: &request.address,
                    currency: catalogue.multicurrency.then(|| request.currency.code()),
                    country: &catalogue.country,
                };
                api.create_customer(&request_id, &customer).await
            })
            .await
            .map_err(|error| self.retry_taken_name(error, 2))?;
        let mut tx = self.context.app.db.begin().await?;
        invoices::set_customer(&mut tx, self.context.tenant, self.invoice.id, &created.id).await?;
        let detail = json!({ "customer": created.id, "requestid": request_id });
        audit::record(
            &mut tx,
            self.context.tenant,
            Some(self.invoice.created_by),
            "customer created",
            Some(self.invoice.id),
            &detail,
            self.context.app.clock.now(),
        )
        .await?;
        tx.commit().await?;
        Ok(created.id)
    }

    /// Updates the fields that the user has chosen, if they differ in QuickBooks. A customer that has changed meanwhile is read again,
    /// once.
    pub(super) async fn update_customer(&self, connection: &Connection, catalogue: &Catalogue) -> Result<(), Error> {
        let request = &self.invoice.request;
        let Choice::Existing(id) = &request.customer else { return Ok(()) };
        if request.update.is_empty() {
            return Ok(());
        }
        for _ in 0..2 {
            let customer = self.context.quickbooks(connection).call(async |api| api.read_customer(id).await).await?;
            let wanted: Vec<CustomerChange> =
                find_changes(&customer, &request.email, &request.tax_id, &request.address)
                    .into_iter()
                    .filter(|change| request.update.contains(&change.field))
                    .collect();
            if wanted.is_empty() {
                return Ok(());
            }
            match self.send_update(connection, catalogue, &customer, &wanted).await {
                Err(Error::QuickBooks(ProviderError::Refused(refusal))) if refusal.code == "5010" => {}
                result => return result,
            }
        }
        Err(Error::QuickBooks(ProviderError::Busy(HEARTBEAT_INTERVAL)))
    }

    async fn send_update(
        &self,
        connection: &Connection,
        catalogue: &Catalogue,
        customer: &Customer,
        wanted: &[CustomerChange],
    ) -> Result<(), Error> {
        let is_wanted = |field| wanted.iter().any(|change| change.field == field);
        let request = &self.invoice.request;
        let request_id = self.request_id(&format!("customer update {}", customer.sync_token));
        let update = CustomerUpdate {
            email: is_wanted(CustomerField::Email).then_some(request.email.as_str()),
            tax_id: is_wanted(CustomerField::TaxId).then_some(request.tax_id.as_str()),
            address: is_wanted(CustomerField::Address).then_some(&request.address),
            country: &catalogue.country,
        };
        self.context
            .quickbooks(connection)
            .call(async |api| api.update_customer(&request_id, customer, &update).await)
            .await?;
        self.context.app.customers.invalidate(&(connection.id, customer.id.clone())).await;
        // The audit has only the names of the fields, because their content is personal data.
        let fields: Vec<&str> = wanted.iter().map(|change| change.field.name()).collect();
        let detail = json!({ "customer": customer.id, "fields": fields, "requestid": request_id });
        let (by, invoice, now) = (Some(self.invoice.created_by), Some(self.invoice.id), self.context.app.clock.now());
        let mut tx = self.context.app.db.begin().await?;
        audit::record(&mut tx, self.context.tenant, by, "customer updated", invoice, &detail, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
