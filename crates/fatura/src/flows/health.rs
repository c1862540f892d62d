//! The state of the service, for load balancers.

use super::Error;
use crate::state::App;

/// Begins a transaction and ends it. Fails if the database does not answer.
pub(crate) async fn try_database(app: &App) -> Result<(), Error> {
    app.db.read().await?;
    Ok(())
}
