//! Leases on operations: the lease owner and the end of the lease are columns of the operation's row, and a write by a former owner
//! has no effect. An operation is `queued`, then `sending` from before the first byte is sent, until it is settled. A parked operation
//! is not worked on, see [`crate::parked`].

use crate::{
    Error, Tx,
    db::on,
    parked::ParkReason,
    time::{max_lease_end, micros},
};
use domain::{
    ids::{ActionId, EntryId, InvoiceId, TenantId},
    operation::Phase,
};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// The phase of a row whose previous lease ended at `previous_until`; 0 where that lease was released.
pub(crate) fn find_phase(is_sending: bool, previous_until: i64) -> Phase {
    match (is_sending, previous_until) {
        (false, _) => Phase::Queued,
        (true, 0) => Phase::Sending,
        (true, _) => Phase::Lost,
    }
}

/// The id of an operation.
pub trait Leased: Copy + Send + Sync {
    /// The table of the operation.
    const TABLE: &str;
    /// The member of a job's arguments that holds the id.
    const ARGUMENT: &str;
    /// Converts from the database's type.
    fn new(id: Uuid) -> Self;
    /// Converts to the database's type.
    fn get(self) -> Uuid;
}

macro_rules! leased {
    ($($id:ident, $argument:literal in $table:literal;)*) => {$(
        impl Leased for $id {
            const TABLE: &str = $table;
            const ARGUMENT: &str = $argument;
            fn new(id: Uuid) -> Self {
                Self(id)
            }
            fn get(self) -> Uuid {
                self.0
            }
        }
    )*};
}
leased! {
    InvoiceId, "invoice" in "invoice";
    ActionId, "act" in "act";
    EntryId, "entry" in "history_entry";
}

/// Takes the lease of an unfinished operation until `until` and counts the attempt, which was due at the latest now: if it is abandoned,
/// the operation is reclaimed when the lease ends. Returns the end of the previous lease, 0 where that was released. `None` where another
/// owner holds the lease, or the operation is finished or parked.
pub(crate) async fn claim<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<i64>, Error> {
    let select = format!("SELECT lease_until FROM {} WHERE tenant_id = $1 AND id = $2", Id::TABLE);
    let previous_until: Option<i64> = on!(tx, c => sqlx::query_scalar(AssertSqlSafe(select.as_str()))
        .bind(tenant.0).bind(id.get()).fetch_optional(c).await)?;
    let statement = format!(
        "UPDATE {} SET lease_owner = $3, lease_until = $5, attempts = attempts + 1, \
         next_attempt_at = CASE WHEN next_attempt_at > $4 THEN $4 ELSE next_attempt_at END \
         WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'sending') AND trouble IS NULL \
         AND (lease_until <= $4 OR lease_until > $6)",
        Id::TABLE
    );
    let rows = on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(micros(now)).bind(micros(until)).bind(max_lease_end(until))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(previous_until.filter(|_| rows == 1))
}

/// Extends the lease. False if it was lost: then send nothing more.
pub async fn extend<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Error> {
    let statement = format!(
        "UPDATE {} SET lease_until = $5 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 AND lease_until > $4 \
         AND state IN ('queued', 'sending')",
        Id::TABLE
    );
    let rows = on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(micros(now)).bind(micros(until))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Marks the operation as sending. Commit before the first byte is sent. False where the lease was lost.
pub async fn mark_sending<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    now: Timestamp,
) -> Result<bool, Error> {
    let statement = format!(
        "UPDATE {} SET state = 'sending', sent_at = $4 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
         AND state IN ('queued', 'sending')",
        Id::TABLE
    );
    let rows = on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(micros(now))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Marks the operation as not sent. Call it only if the last request was certainly not carried out. Has no effect where the lease was lost.
pub async fn mark_unsent<Id: Leased>(tx: &mut Tx, tenant: TenantId, id: Id, owner: Uuid) -> Result<(), Error> {
    let statement = format!(
        "UPDATE {} SET state = 'queued', sent_at = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 AND state = 'sending'",
        Id::TABLE
    );
    on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).execute(c).await.map(drop))?;
    Ok(())
}

/// Releases the lease and schedules another attempt at `at`.
pub async fn postpone<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    at: Timestamp,
) -> Result<(), Error> {
    let statement = format!(
        "UPDATE {} SET lease_until = 0, next_attempt_at = $4 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3",
        Id::TABLE
    );
    on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(micros(at)).execute(c).await.map(drop))?;
    Ok(())
}

/// Parks the operation for a person, with the reason. Has no effect where the lease was lost.
pub async fn park<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    reason: &ParkReason,
) -> Result<(), Error> {
    let statement = format!(
        "UPDATE {} SET trouble = $4, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
         AND state IN ('queued', 'sending')",
        Id::TABLE
    );
    on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(reason.text()).execute(c).await.map(drop))?;
    Ok(())
}

/// Claims the unfinished operations of all companies whose next attempt was due by `due_before` and that have no lease, such as
/// after a crash. Each is due again at `again`, so that concurrent callers claim different ones.
pub async fn claim_abandoned<Id: Leased>(
    tx: &mut Tx,
    due_before: Timestamp,
    now: Timestamp,
    again: Timestamp,
) -> Result<Vec<(TenantId, Id)>, Error> {
    let statement = format!(
        "UPDATE {} SET next_attempt_at = $3 WHERE state IN ('queued', 'sending') AND trouble IS NULL AND next_attempt_at <= $1 \
         AND (lease_until <= $2 OR lease_until > $4) RETURNING tenant_id, id",
        Id::TABLE
    );
    let rows: Vec<(Uuid, Uuid)> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(micros(due_before)).bind(micros(now)).bind(micros(again)).bind(max_lease_end(again))
        .fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), Id::new(id))).collect())
}
