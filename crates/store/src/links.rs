//! Links between records of Pipedrive and QuickBooks: organizations and persons with customers, products with items.

use crate::{Error, Tx, db::on};
use domain::ids::{ConnectionId, TenantId};

/// A Pipedrive record that is linked with a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// A Pipedrive organization.
    Organization(i64),
    /// A Pipedrive person.
    Person(i64),
}

impl Party {
    pub(crate) fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Organization(id) => ("organization", id),
            Self::Person(id) => ("person", id),
        }
    }
}

/// The QuickBooks customer that a party is linked with.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct LinkedCustomer {
    /// The id in QuickBooks.
    #[sqlx(rename = "customer_id")]
    pub id: String,
    /// The last known name; may be empty.
    #[sqlx(rename = "customer_name")]
    pub name: String,
}

/// Finds the customer of a party.
pub async fn find_customer(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    party: Party,
) -> Result<Option<LinkedCustomer>, Error> {
    let (kind, id) = party.parts();
    Ok(on!(tx, c => sqlx::query_as(
        "SELECT customer_id, customer_name FROM customer_link WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND pipedrive_id = $4")
        .bind(tenant.0).bind(connection.0).bind(kind).bind(id).fetch_optional(c).await)?)
}

/// Links a party with a customer.
pub async fn link_customer(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    party: Party,
    customer: &LinkedCustomer,
) -> Result<(), Error> {
    let (kind, id) = party.parts();
    on!(tx, c => sqlx::query(
        "INSERT INTO customer_link (tenant_id, connection_id, kind, pipedrive_id, customer_id, customer_name) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant_id, connection_id, kind, pipedrive_id) DO UPDATE SET customer_id = excluded.customer_id, \
         customer_name = excluded.customer_name")
        .bind(tenant.0).bind(connection.0).bind(kind).bind(id).bind(&customer.id).bind(&customer.name).execute(c).await.map(drop))?;
    Ok(())
}

/// Deletes the link of a party. The invoices stay.
pub async fn unlink_customer(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    party: Party,
) -> Result<(), Error> {
    let (kind, id) = party.parts();
    on!(tx, c => sqlx::query(
        "DELETE FROM customer_link WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND pipedrive_id = $4")
        .bind(tenant.0).bind(connection.0).bind(kind).bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// Updates every link of a customer that was renamed or merged into another one.
pub async fn update_customer(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    customer: &str,
    now: &LinkedCustomer,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "UPDATE customer_link SET customer_id = $4, customer_name = $5 WHERE tenant_id = $1 AND connection_id = $2 AND customer_id = $3")
        .bind(tenant.0).bind(connection.0).bind(customer).bind(&now.id).bind(&now.name).execute(c).await.map(drop))?;
    Ok(())
}

/// Lists the links of products, as `(product, item)`.
pub async fn list_items(tx: &mut Tx, tenant: TenantId, connection: ConnectionId) -> Result<Vec<(i64, String)>, Error> {
    Ok(
        on!(tx, c => sqlx::query_as("SELECT product_id, item_id FROM item_link WHERE tenant_id = $1 AND connection_id = $2")
        .bind(tenant.0).bind(connection.0).fetch_all(c).await)?,
    )
}

/// Links a product with an item.
pub async fn link_item(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    product: i64,
    item: &str,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "INSERT INTO item_link (tenant_id, connection_id, product_id, item_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant_id, connection_id, product_id) DO UPDATE SET item_id = excluded.item_id")
        .bind(tenant.0).bind(connection.0).bind(product).bind(item).execute(c).await.map(drop))?;
    Ok(())
}
