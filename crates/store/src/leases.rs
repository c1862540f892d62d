//! Rows that are worked on under a lease: who works on one says so in it, and until when. Who has lost the lease changes
//! nothing more. Such a row is `queued`, then `sending` from before the first byte goes out, until it is settled. One that
//! has a trouble is left alone, see [`crate::stuck`].

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

/// The functions of such a table, whose ids are of the type that is named.
macro_rules! leased {
    ($table:literal, $id:ident) => {
        /// Takes the right to work on an unfinished row until `until`, and counts the attempt; until when it was leased before, 0
        /// where that lease was given back. `None` where somebody else has it, or nothing is left to do.
        async fn take(
            tx: &mut $crate::Tx,
            tenant: domain::ids::TenantId,
            id: domain::ids::$id,
            owner: uuid::Uuid,
            now: jiff::Timestamp,
            until: jiff::Timestamp,
        ) -> Result<Option<i64>, $crate::Error> {
            let held_until: Option<i64> = $crate::db::on!(tx, c => sqlx::query_scalar(concat!(
                "SELECT lease_until FROM ", $table, " WHERE tenant_id = $1 AND id = $2"))
                .bind(tenant.0).bind(id.0).fetch_optional(c).await)?;
            let rows = $crate::db::on!(tx, c => sqlx::query(concat!(
                "UPDATE ", $table, " SET lease_owner = $3, lease_until = $5, attempts = attempts + 1 \
                 WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'sending') AND trouble IS NULL \
                 AND (lease_until <= $4 OR lease_until > $6)"))
                .bind(tenant.0).bind(id.0).bind(owner).bind($crate::time::micros(now)).bind($crate::time::micros(until))
                .bind($crate::time::beyond(until))
                .execute(c).await.map(|done| done.rows_affected()))?;
            Ok(held_until.filter(|_| rows == 1))
        }

        /// Keeps the lease; false when it was lost, and then nothing more may be sent.
        pub async fn extend(
            tx: &mut $crate::Tx,
            tenant: domain::ids::TenantId,
            id: domain::ids::$id,
            owner: uuid::Uuid,
            now: jiff::Timestamp,
            until: jiff::Timestamp,
        ) -> Result<bool, $crate::Error> {
            let rows = $crate::db::on!(tx, c => sqlx::query(concat!(
                "UPDATE ", $table, " SET lease_until = $5 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 AND lease_until > $4 \
                 AND state IN ('queued', 'sending')"))
                .bind(tenant.0).bind(id.0).bind(owner).bind($crate::time::micros(now)).bind($crate::time::micros(until))
                .execute(c).await.map(|done| done.rows_affected()))?;
            Ok(rows == 1)
        }

        /// Notes that it is about to be sent. Committed before the first byte goes out. False when the lease was lost.
        pub async fn sending(
            tx: &mut $crate::Tx,
            tenant: domain::ids::TenantId,
            id: domain::ids::$id,
            owner: uuid::Uuid,
            now: jiff::Timestamp,
        ) -> Result<bool, $crate::Error> {
            let rows = $crate::db::on!(tx, c => sqlx::query(concat!(
                "UPDATE ", $table, " SET state = 'sending', sent_at = $4 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
                 AND state IN ('queued', 'sending')"))
                .bind(tenant.0).bind(id.0).bind(owner).bind($crate::time::micros(now))
                .execute(c).await.map(|done| done.rows_affected()))?;
            Ok(rows == 1)
        }

        /// Gives the lease back, for another attempt at `at`.
        pub async fn postpone(
            tx: &mut $crate::Tx,
            tenant: domain::ids::TenantId,
            id: domain::ids::$id,
            owner: uuid::Uuid,
            at: jiff::Timestamp,
        ) -> Result<(), $crate::Error> {
            $crate::db::on!(tx, c => sqlx::query(concat!(
                "UPDATE ", $table, " SET lease_until = 0, next_attempt_at = $4 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3"))
                .bind(tenant.0).bind(id.0).bind(owner).bind($crate::time::micros(at)).execute(c).await.map(drop))?;
            Ok(())
        }

        /// It goes no further without a person. Nothing when the lease was lost.
        pub async fn stick(
            tx: &mut $crate::Tx,
            tenant: domain::ids::TenantId,
            id: domain::ids::$id,
            owner: uuid::Uuid,
            trouble: &$crate::stuck::Trouble,
        ) -> Result<(), $crate::Error> {
            $crate::db::on!(tx, c => sqlx::query(concat!(
                "UPDATE ", $table, " SET trouble = $4, lease_until = 0 WHERE tenant_id = $1 AND id = $2 AND lease_owner = $3 \
                 AND state IN ('queued', 'sending')"))
                .bind(tenant.0).bind(id.0).bind(owner).bind(trouble.text()).execute(c).await.map(drop))?;
            Ok(())
        }

        /// What is unfinished and due, and nobody works on: what a crash left behind. Each is pushed back to `again`, so that it
        /// is handed out once.
        pub async fn orphans(
            tx: &mut $crate::Tx,
            due_before: jiff::Timestamp,
            now: jiff::Timestamp,
            again: jiff::Timestamp,
        ) -> Result<Vec<(domain::ids::TenantId, domain::ids::$id)>, $crate::Error> {
            let rows: Vec<(uuid::Uuid, uuid::Uuid)> = $crate::db::on!(tx, c => sqlx::query_as(concat!(
                "UPDATE ", $table, " SET next_attempt_at = $3 WHERE state IN ('queued', 'sending') AND trouble IS NULL AND next_attempt_at <= $1 \
                 AND (lease_until <= $2 OR lease_until > $4) RETURNING tenant_id, id"))
                .bind($crate::time::micros(due_before)).bind($crate::time::micros(now)).bind($crate::time::micros(again))
                .bind($crate::time::beyond(again))
                .fetch_all(c).await)?;
            Ok(rows.into_iter().map(|(tenant, id)| (domain::ids::TenantId(tenant), domain::ids::$id(id))).collect())
        }
    };
}
pub(crate) use leased;
