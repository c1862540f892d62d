//! The connections of a tenant: the current one, and the former ones of its invoices.

use super::{Error, context::TenantContext};
use domain::ids::ConnectionId;
use store::quickbooks::{self, Connection, State};

/// Finds the connection of a tenant that is not disconnected.
pub(crate) async fn find_current(context: &TenantContext) -> Result<Option<Connection>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(quickbooks::find_current(&mut tx, &context.app.vault, context.tenant).await?)
}

/// Finds the tenant's connection. Fails if it is not usable.
pub(crate) async fn find_usable(context: &TenantContext) -> Result<Connection, Error> {
    require_usable(find_current(context).await?)
}

/// Returns the connection. Fails if it is not usable.
pub(crate) fn require_usable(connection: Option<Connection>) -> Result<Connection, Error> {
    let connection = connection.ok_or(Error::NotConnected)?;
    match connection.state {
        State::Active => Ok(connection),
        State::NeedsReconnect => Err(Error::NeedsReconnect),
        State::Disconnected => Err(Error::NotConnected),
    }
}

/// Finds a connection of a tenant in any state.
pub(crate) async fn find(context: &TenantContext, id: ConnectionId) -> Result<Option<Connection>, Error> {
    let mut tx = context.app.db.read().await?;
    Ok(quickbooks::find(&mut tx, &context.app.vault, context.tenant, id).await?)
}
