//! The lists of the connected company.

use super::{Error, companies, context::TenantContext, single_flight};
use domain::catalogue::Catalogue;
use providers::ProviderError;
use std::sync::Arc;
use store::quickbooks::Connection;

/// Returns the tenant's connection with its lists, if it is usable.
pub(crate) async fn read_connected_catalogue(context: &TenantContext) -> Result<(Connection, Arc<Catalogue>), Error> {
    let connection = companies::find_usable(context).await?;
    let lists = read_catalogue(context, &connection).await?;
    Ok((connection, lists))
}

/// Returns the company's lists, at most a few minutes old. While QuickBooks refuses reads, older ones are returned.
pub(crate) async fn read_catalogue(context: &TenantContext, connection: &Connection) -> Result<Arc<Catalogue>, Error> {
    let read = || async {
        let read = context.quickbooks(connection).call(async |api| api.read_catalogue().await);
        let lists = read.await.map(Arc::new)?;
        context.app.last_catalogues.insert(connection.id, Arc::clone(&lists)).await;
        Ok(lists)
    };
    match single_flight::read_once(&context.app.catalogues, connection.id, read).await {
        Err(error @ Error::QuickBooks(ProviderError::ReadsRefused)) => {
            context.app.last_catalogues.get(&connection.id).await.ok_or(error)
        }
        lists => lists,
    }
}
