//! The QuickBooks companies of a tenant: the one that is connected now, and those of its invoices.

use super::{Error, context::TenantContext};
use domain::ids::ConnectionId;
use store::quickbooks::{self, Connection, State};

/// The connection that is not disconnected, if a tenant has one.
pub(crate) async fn find_current(context: &TenantContext) -> Result<Option<Connection>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(quickbooks::find_current(&mut tx, &context.app.vault, context.tenant).await?)
}

/// The tenant's connection, if it can be used.
pub(crate) async fn find_usable(context: &TenantContext) -> Result<Connection, Error> {
    require_usable(find_current(context).await?)
}

/// The connection, if it can be used.
pub(crate) fn require_usable(connection: Option<Connection>) -> Result<Connection, Error> {
    let connection = connection.ok_or(Error::NotConnected)?;
    match connection.state {
        State::Active => Ok(connection),
        State::NeedsReconnect => Err(Error::NeedsReconnect),
        State::Disconnected => Err(Error::NotConnected),
    }
}

/// One connection of a tenant, whatever its state.
pub(crate) async fn find(context: &TenantContext, id: ConnectionId) -> Result<Option<Connection>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(quickbooks::find(&mut tx, &context.app.vault, context.tenant, id).await?)
}
