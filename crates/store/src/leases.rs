//! Rows that are worked on under a lease: who works on one says so in it, and until when. Who has lost the lease changes
//! nothing more. Such a row is `queued`, then `sending` from before the first byte goes out, until it is settled. One that
//! has a trouble is left alone, see [`crate::stuck`].

use crate::{
    Error, Tx,
    db::on,
    stuck::Trouble,
    time::{beyond, micros},
};
use domain::ids::{ActId, EntryId, InvoiceId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// How far work on a row has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was sent yet.
    Queued,
    /// Something may have been sent: look before sending again.
    Sending,
    /// As above, by somebody who has lost the lease: it may be under way still.
    Lost,
}

impl Progress {
    /// Of a row that may have been sent, or not, and was leased until then before it was taken; 0 where that lease was given back.
    pub(crate) fn of(is_sending: bool, held_until: i64) -> Self {
        match (is_sending, held_until) {
            (false, _) => Self::Queued,
            (true, 0) => Self::Sending,
            (true, _) => Self::Lost,
        }
    }
}

/// The id of such a row: which table it is in, and what a job's arguments call it.
pub trait Leased: Copy + Send + Sync {
    /// Its table.
    const TABLE: &str;
    /// Its name among a job's arguments.
    const ARGUMENT: &str;
    /// The id as the database gives it.
    fn new(id: Uuid) -> Self;
    /// The id as the database takes it.
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
    ActId, "act" in "act";
    EntryId, "entry" in "history_entry";
}

/// Takes the right to work on an unfinished row until `until`, and counts the attempt; until when it was leased before, 0 where that
/// lease was given back. `None` where somebody else has it, or nothing is left to do.
pub(crate) async fn take<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<i64>, Error> {
    let held = format!("SELECT lease_until FROM {} WHERE tenant_id = $1 AND id = $2", Id::TABLE);
    let held_until: Option<i64> = on!(tx, c => sqlx::query_scalar(AssertSqlSafe(held.as_str()))
        .bind(tenant.0).bind(id.get()).fetch_optional(c).await)?;
    let statement = format!(
        "UPDATE {} SET lease_owner = $3, lease_until = $5, attempts = attempts + 1 \
         WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'sending') AND trouble IS NULL \
         AND (lease_until <= $4 OR lease_until > $6)",
        Id::TABLE
    );
    let rows = on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(micros(now)).bind(micros(until)).bind(beyond(until))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(held_until.filter(|_| rows == 1))
}

/// Keeps the lease; false when it was lost, and then nothing more may be sent.
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

/// Notes that it is about to be sent. Committed before the first byte goes out. False when the lease was lost.
pub async fn sending<Id: Leased>(
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

/// Gives the lease back, for another attempt at `at`.
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

/// It goes no further without a person. Nothing when the lease was lost.
pub async fn stick<Id: Leased>(
    tx: &mut Tx,
    tenant: TenantId,
    id: Id,
    owner: Uuid,
    trouble: &Trouble,
) -> Result<(), Error> {
    let statement = format!(
        "UPDATE {} SET trouble = $4, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
         AND state IN ('queued', 'sending')",
        Id::TABLE
    );
    on!(tx, c => sqlx::query(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(id.get()).bind(owner).bind(trouble.text()).execute(c).await.map(drop))?;
    Ok(())
}

/// What is unfinished and due, and nobody works on: what a crash left behind, of all companies. Each is pushed back to `again`, so
/// that it is handed out once.
pub async fn orphans<Id: Leased>(
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
        .bind(micros(due_before)).bind(micros(now)).bind(micros(again)).bind(beyond(again))
        .fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), Id::new(id))).collect())
}
