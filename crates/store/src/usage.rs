//! Counts of calls to QuickBooks in a calendar month, for each connection and for the app. All replicas add to them.

use crate::{Error, Tx, db::on};
use domain::ids::{ConnectionId, TenantId};

/// A calendar month in UTC, as 202611.
pub type Month = i32;

/// The calls of a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls that Intuit meters.
    pub reads: i64,
    /// Calls that Intuit does not meter.
    pub writes: i64,
}

/// Adds calls of a connection. Has no effect where the connection was deleted.
pub async fn add_to_connection(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    month: Month,
    usage: Usage,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "INSERT INTO connection_usage (tenant_id, connection_id, month, reads, writes) \
         SELECT tenant_id, id, CAST($3 AS INTEGER), CAST($4 AS BIGINT), CAST($5 AS BIGINT) FROM quickbooks_connection \
         WHERE tenant_id = $1 AND id = $2 \
         ON CONFLICT (connection_id, month) DO UPDATE SET reads = connection_usage.reads + excluded.reads, \
         writes = connection_usage.writes + excluded.writes")
        .bind(tenant.0).bind(connection.0).bind(month).bind(usage.reads).bind(usage.writes).execute(c).await.map(drop))?;
    Ok(())
}

/// Adds calls of the app, in all companies, and returns the calls of the month so far.
pub async fn add_to_app(tx: &mut Tx, month: Month, usage: Usage) -> Result<Usage, Error> {
    let (reads, writes): (i64, i64) = on!(tx, c => sqlx::query_as(
        "INSERT INTO app_usage (month, reads, writes, warned_percent) VALUES ($1, $2, $3, 0) \
         ON CONFLICT (month) DO UPDATE SET reads = app_usage.reads + excluded.reads, writes = app_usage.writes + excluded.writes \
         RETURNING reads, writes")
        .bind(month).bind(usage.reads).bind(usage.writes).fetch_one(c).await)?;
    Ok(Usage { reads, writes })
}

/// Finds the calls of the app in a month.
pub async fn find_of_app(tx: &mut Tx, month: Month) -> Result<Usage, Error> {
    let row: Option<(i64, i64)> = on!(tx, c => sqlx::query_as("SELECT reads, writes FROM app_usage WHERE month = $1")
        .bind(month).fetch_optional(c).await)?;
    Ok(row.map_or_else(Usage::default, |(reads, writes)| Usage { reads, writes }))
}

/// Finds the calls of a connection in a month.
pub async fn find_of_connection(
    tx: &mut Tx,
    tenant: TenantId,
    connection: ConnectionId,
    month: Month,
) -> Result<Usage, Error> {
    let row: Option<(i64, i64)> = on!(tx, c => sqlx::query_as(
        "SELECT reads, writes FROM connection_usage WHERE tenant_id = $1 AND connection_id = $2 AND month = $3")
        .bind(tenant.0).bind(connection.0).bind(month).fetch_optional(c).await)?;
    Ok(row.map_or_else(Usage::default, |(reads, writes)| Usage { reads, writes }))
}

/// Records that this percentage of the monthly budget is used. True for the first replica that records it: log the warning then.
pub async fn mark_warned(tx: &mut Tx, month: Month, percent: i32) -> Result<bool, Error> {
    let rows = on!(tx, c => sqlx::query("UPDATE app_usage SET warned_percent = $2 WHERE month = $1 AND warned_percent < $2")
        .bind(month).bind(percent).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
