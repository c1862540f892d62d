//! Moments that lie in the future, kept while the clock was ahead: until they came, nothing would be done.

use crate::{
    Error, Tx,
    db::on,
    time::{beyond, micros},
};
use jiff::Timestamp;

/// What may not be known counts as unknown: companies are read anew, and so are invoices and users. Won deals of the last day are
/// looked at again.
const KNOWN: [&str; 4] = [
    "UPDATE quickbooks_connection SET changes_until = 0, changed_at = 0, silent_since = NULL \
     WHERE changes_until > $1 OR changed_at > $1 OR silent_since > $1",
    "UPDATE invoice SET read_at = NULL WHERE read_at > $1",
    "UPDATE pipedrive_grant SET profile_at = 0 WHERE profile_at > $1",
    "UPDATE tenant SET won_until = $1 - 86400000000 WHERE won_until > $1",
];
/// What waits for a time that no pause is long enough for waits no longer.
const WAITING: [&str; 4] = [
    "UPDATE invoice SET next_attempt_at = 0 WHERE state IN ('queued', 'sending') AND next_attempt_at > $1",
    "UPDATE act SET next_attempt_at = 0 WHERE state IN ('queued', 'sending') AND next_attempt_at > $1",
    "UPDATE history_entry SET next_attempt_at = 0 WHERE state IN ('queued', 'sending') AND next_attempt_at > $1",
    "DELETE FROM replica WHERE seen_at > $1",
];

/// Puts right, in all companies, what a clock that was ahead has kept, now that it shows `now`; how many rows.
pub async fn correct(tx: &mut Tx, now: Timestamp) -> Result<u64, Error> {
    let known = KNOWN.map(|statement| (statement, micros(now)));
    let waiting = WAITING.map(|statement| (statement, beyond(now)));
    let mut corrected = 0;
    for (statement, limit) in known.into_iter().chain(waiting) {
        corrected +=
            on!(tx, c => sqlx::query(statement).bind(limit).execute(c).await.map(|done| done.rows_affected()))?;
    }
    Ok(corrected)
}
