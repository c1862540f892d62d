//! The lists of the connected company.

use super::{Error, access, companies, single_flight};
use crate::state::App;
use domain::{catalogue::Catalogue, ids::TenantId};
use providers::ProviderError;
use std::sync::Arc;
use store::quickbooks::Connection;

/// The tenant's connection with its lists, if it can be used.
pub(crate) async fn read_connected_catalogue(
    app: &App,
    tenant: TenantId,
) -> Result<(Connection, Arc<Catalogue>), Error> {
    let connection = companies::find_usable(app, tenant).await?;
    let lists = read_catalogue(app, tenant, &connection).await?;
    Ok((connection, lists))
}

/// The company's lists, at most a few minutes old; the last that are known while QuickBooks refuses reads.
pub(crate) async fn read_catalogue(
    app: &App,
    tenant: TenantId,
    connection: &Connection,
) -> Result<Arc<Catalogue>, Error> {
    let read = || async {
        let read = access::quickbooks(app, tenant, connection).call(async |api| api.read_catalogue().await);
        let lists = read.await.map(Arc::new)?;
        app.last_catalogues.insert(connection.id, Arc::clone(&lists)).await;
        Ok(lists)
    };
    match single_flight::read_once(&app.catalogues, connection.id, read).await {
        Err(error @ Error::QuickBooks(ProviderError::ReadsRefused)) => {
            app.last_catalogues.get(&connection.id).await.ok_or(error)
        }
        lists => lists,
    }
}
