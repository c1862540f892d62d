//! Corrects timestamps in the future, which were stored while the clock was ahead. They would otherwise delay work until that time.

use crate::{Error, Tx, db::on, time::micros};
use jiff::Timestamp;

/// Resets cursors in the future, so that companies, user profiles and the won deals of the last day are read again. The read times of
/// invoices are not corrected, because there are too many. `invoices::list_not_read_within` ignores read times in the future.
const CURSORS: [&str; 4] = [
    "UPDATE quickbooks_connection SET changes_until = 0, changed_at = 0, silent_since = NULL \
     WHERE changes_until > $1 OR changed_at > $1 OR silent_since > $1",
    "UPDATE quickbooks_connection SET sweep_steps = 1, webhook_at = 0, webhook_confirmed_at = 0, webhook_missed_at = 0, active_at = 0 \
     WHERE webhook_at > $1 OR webhook_confirmed_at > $1 OR webhook_missed_at > $1 OR active_at > $1",
    "UPDATE pipedrive_grant SET profile_at = 0 WHERE profile_at > $1",
    "UPDATE tenant SET won_until = $1 - 86400000000 WHERE won_until > $1",
];
/// Moves events in the future to now. Otherwise a request would count as under way until then, a lookup or a grace period would start too
/// late, and an uninstallation would count as older than the installation.
const EVENTS: [&str; 4] = [
    "UPDATE tenant SET uninstalled_at = $1 WHERE uninstalled_at > $1",
    "UPDATE pipedrive_grant SET installed_at = $1 WHERE installed_at > $1",
    "UPDATE invoice SET sent_at = $1 WHERE state IN ('queued', 'sending') AND sent_at > $1",
    "UPDATE invoice SET created_at = $1 WHERE state IN ('queued', 'sending') AND created_at > $1",
];
/// Makes attempts due that wait for more than 30 seconds, or whose operation was created in the future. A correct pause of more than 30
/// seconds was requested by a provider, which will request it again. Also ends pauses of reads for more than 25 hours, and deletes replicas
/// whose last heartbeat is more than 30 seconds in the future.
const ATTEMPTS: [&str; 5] = [
    "UPDATE invoice SET next_attempt_at = 0 WHERE state IN ('queued', 'sending') AND next_attempt_at > $1 \
     AND (created_at > $1 OR next_attempt_at > $1 + 30000000)",
    "UPDATE act SET next_attempt_at = 0 WHERE state IN ('queued', 'sending') AND next_attempt_at > $1 \
     AND (requested_at > $1 OR next_attempt_at > $1 + 30000000)",
    "UPDATE history_entry SET next_attempt_at = 0 WHERE state IN ('queued', 'sending') AND next_attempt_at > $1 \
     AND (made_at > $1 OR next_attempt_at > $1 + 30000000)",
    "UPDATE quickbooks_connection SET reads_refused_until = 0 WHERE reads_refused_until > $1 + 90000000000",
    "DELETE FROM replica WHERE seen_at > $1 + 30000000",
];
/// Ends leases that last too long in 15 seconds: not at once, because the owner may be alive.
const LEASES: [&str; 7] = [
    "UPDATE invoice SET lease_until = $1 + 15000000 WHERE state IN ('queued', 'sending') AND lease_until > $1 + 30000000",
    "UPDATE act SET lease_until = $1 + 15000000 WHERE state IN ('queued', 'sending') AND lease_until > $1 + 30000000",
    "UPDATE history_entry SET lease_until = $1 + 15000000 WHERE state IN ('queued', 'sending') AND lease_until > $1 + 30000000",
    "UPDATE quickbooks_connection SET lease_until = $1 + 15000000 WHERE lease_until > $1 + 30000000",
    "UPDATE pipedrive_grant SET lease_until = $1 + 15000000 WHERE lease_until > $1 + 30000000",
    "UPDATE quickbooks_connection SET changes_lease_until = $1 + 15000000 WHERE changes_lease_until > $1 + 90000000",
    "UPDATE quickbooks_connection SET swept_until = $1 + 15000000 WHERE swept_until > $1 + 90000000",
];

/// Statements for the tables of the job queue, whose timestamps have the database's own type. A job that failed in the past keeps its
/// pause. A running job counts as started now, and the term of the queue's leader ends in 15 seconds.
macro_rules! in_queue {
    ($now:literal, $soon:literal, $lease:literal) => {
        [
            concat!(
                "UPDATE river_job SET state = 'available', scheduled_at = ",
                $now,
                " WHERE state IN ('available', 'scheduled', 'retryable') AND scheduled_at > ",
                $soon,
                " AND (state = 'available' OR created_at > ",
                $soon,
                " OR attempted_at > ",
                $soon,
                ")"
            ),
            concat!(
                "UPDATE river_job SET attempted_at = ",
                $now,
                " WHERE state = 'running' AND attempted_at > ",
                $soon
            ),
            concat!("UPDATE river_leader SET expires_at = ", $lease, " WHERE expires_at > ", $soon),
        ]
    };
}
const IN_QUEUE_SQLITE: [&str; 3] = in_queue!(
    "datetime($1 / 1000000, 'unixepoch')",
    "datetime($1 / 1000000 + 30, 'unixepoch')",
    "datetime($1 / 1000000 + 15, 'unixepoch')"
);
const IN_QUEUE_POSTGRES: [&str; 3] = in_queue!(
    "(to_timestamp(0) + $1 * interval '1 microsecond')",
    "(to_timestamp(30) + $1 * interval '1 microsecond')",
    "(to_timestamp(15) + $1 * interval '1 microsecond')"
);

/// The statement that makes jobs in `$states` due now if they are due in more than 30 seconds.
macro_rules! make_due {
    ($now:literal, $soon:literal, $states:literal) => {
        concat!(
            "UPDATE river_job SET state = 'available', scheduled_at = ",
            $now,
            " WHERE state IN (",
            $states,
            ") AND scheduled_at > ",
            $soon
        )
    };
}

async fn make_due(tx: &mut Tx, now: Timestamp, sqlite: &'static str, postgres: &'static str) -> Result<u64, Error> {
    let statement = if matches!(tx, Tx::Sqlite(_)) { sqlite } else { postgres };
    Ok(on!(tx, c => sqlx::query(statement).bind(micros(now)).execute(c).await.map(|done| done.rows_affected()))?)
}

/// Makes available jobs due that are scheduled in the future, and returns their number. The queue dates a job by the machine's clock. If that
/// jumps ahead between two heartbeats, nobody notices, and the job would wait until that time: its operation is not reclaimed meanwhile.
pub async fn correct_available_jobs(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    const SQLITE: &str =
        make_due!("datetime($1 / 1000000, 'unixepoch')", "datetime($1 / 1000000 + 30, 'unixepoch')", "'available'");
    const POSTGRES: &str = make_due!(
        "(to_timestamp(0) + $1 * interval '1 microsecond')",
        "(to_timestamp(30) + $1 * interval '1 microsecond')",
        "'available'"
    );
    make_due(tx, now, SQLITE, POSTGRES).await
}

/// Makes all jobs due that wait for more than 30 seconds, and returns their number. For use after the machine's clock was ahead: which of
/// them it has dated cannot be seen. A job that has to wait longer is postponed again when it runs.
pub async fn correct_waiting_jobs(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    const SQLITE: &str = make_due!(
        "datetime($1 / 1000000, 'unixepoch')",
        "datetime($1 / 1000000 + 30, 'unixepoch')",
        "'available', 'scheduled', 'retryable'"
    );
    const POSTGRES: &str = make_due!(
        "(to_timestamp(0) + $1 * interval '1 microsecond')",
        "(to_timestamp(30) + $1 * interval '1 microsecond')",
        "'available', 'scheduled', 'retryable'"
    );
    make_due(tx, now, SQLITE, POSTGRES).await
}

/// Corrects timestamps after `now` in all companies and returns the number of rows.
pub async fn correct_future_timestamps(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    let in_queue = match tx {
        Tx::Sqlite(_) => IN_QUEUE_SQLITE,
        Tx::Postgres(_) => IN_QUEUE_POSTGRES,
    };
    let mut corrected = 0;
    for statement in CURSORS.into_iter().chain(ATTEMPTS).chain(EVENTS).chain(LEASES).chain(in_queue) {
        corrected +=
            on!(tx, c => sqlx::query(statement).bind(micros(now)).execute(c).await.map(|done| done.rows_affected()))?;
    }
    Ok(corrected)
}
