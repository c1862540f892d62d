//! Entries of the correction of timestamps in the future: `clock_correction`.

use super::harness::Effects;
use crate::database::at;
use store::{Tx, clock_correction};

/// The time is 100. Each timestamp is set to both sides of its bound, one at a time.
pub(super) async fn check(e: &Effects<'_>) {
    let correct = async |tx: &mut Tx| clock_correction::correct_future_timestamps(tx, at(100)).await;
    // All leases of the fixture have ended by then.
    e.of_all("clock_correction::correct_future_timestamps", correct, &["-> 0"]).await;
    let correct_available = async |tx: &mut Tx| clock_correction::correct_available_jobs(tx, at(100)).await;
    e.of_all("clock_correction::correct_available_jobs", correct_available, &["-> 0"]).await;
    let correct_waiting = async |tx: &mut Tx| clock_correction::correct_waiting_jobs(tx, at(100)).await;
    e.of_all("clock_correction::correct_waiting_jobs", correct_waiting, &["-> 0"]).await;
    for (change, expected) in [
        ("tenant SET won_until = @101 WHERE id = {A}", &["-> 1", "tenant A: won_until=@-86300"][..]),
        ("tenant SET uninstalled_at = @100", &["-> 0"]),
        ("tenant SET uninstalled_at = @101 WHERE id = {A}", &["-> 1", "tenant A: uninstalled_at=@100"]),
        ("pipedrive_grant SET installed_at = @100", &["-> 0"]),
        (
            "pipedrive_grant SET installed_at = @101 WHERE user_id = 7 AND tenant_id = {A}",
            &["-> 1", "pipedrive_grant A 7: installed_at=@100"],
        ),
        ("pipedrive_grant SET profile_at = @100 WHERE user_id = 7", &["-> 0"]),
        (
            "pipedrive_grant SET profile_at = @101 WHERE user_id = 7 AND tenant_id = {A}",
            &["-> 1", "pipedrive_grant A 7: profile_at=0"],
        ),
        ("pipedrive_grant SET lease_until = @130", &["-> 0"]),
        (
            "pipedrive_grant SET lease_until = @131 WHERE user_id = 7 AND tenant_id = {A}",
            &["-> 1", "pipedrive_grant A 7: lease_until=@115"],
        ),
        ("quickbooks_connection SET changes_until = @100, changed_at = @100, silent_since = @100", &["-> 0"]),
        (
            "quickbooks_connection SET changes_until = @101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: changed_at=0 changes_until=0 silent_since=null"],
        ),
        (
            "quickbooks_connection SET changed_at = @101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: changed_at=0 changes_until=0 silent_since=null"],
        ),
        (
            "quickbooks_connection SET silent_since = @101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: changed_at=0 changes_until=0 silent_since=null"],
        ),
        (
            "quickbooks_connection SET webhook_at = @100, webhook_confirmed_at = @100, webhook_missed_at = @100, \
                 active_at = @100",
            &["-> 0"],
        ),
        (
            "quickbooks_connection SET webhook_at = @101, webhook_confirmed_at = @9, webhook_missed_at = @9 WHERE \
                 id = {A.active}",
            &[
                "-> 1",
                "quickbooks_connection A.active: active_at=0 sweep_steps=1 webhook_at=0 webhook_confirmed_at=0 \
                 webhook_missed_at=0",
            ],
        ),
        (
            "quickbooks_connection SET webhook_confirmed_at = @101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: active_at=0 sweep_steps=1 webhook_at=0 webhook_confirmed_at=0"],
        ),
        (
            "quickbooks_connection SET webhook_missed_at = @101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: active_at=0 sweep_steps=1 webhook_at=0 webhook_missed_at=0"],
        ),
        (
            "quickbooks_connection SET active_at = @101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: active_at=0 sweep_steps=1 webhook_at=0"],
        ),
        ("quickbooks_connection SET reads_refused_until = @90100", &["-> 0"]),
        (
            "quickbooks_connection SET reads_refused_until = @90101 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: reads_refused_until=0"],
        ),
        ("quickbooks_connection SET lease_until = @130", &["-> 0"]),
        (
            "quickbooks_connection SET lease_until = @131 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: lease_until=@115"],
        ),
        ("quickbooks_connection SET changes_lease_until = @190", &["-> 0"]),
        (
            "quickbooks_connection SET changes_lease_until = @191 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: changes_lease_until=@115"],
        ),
        ("quickbooks_connection SET swept_until = @190", &["-> 0"]),
        (
            "quickbooks_connection SET swept_until = @191 WHERE id = {A.active}",
            &["-> 1", "quickbooks_connection A.active: swept_until=@115"],
        ),
        ("replica SET seen_at = @130", &["-> 0"]),
        ("replica SET seen_at = @131 WHERE id = {r.1}", &["-> 1", "- replica r.1"]),
        ("invoice SET sent_at = @100, created_at = @100", &["-> 0"]),
        (
            "invoice SET sent_at = @101",
            &[
                "-> 14",
                "invoice A.broken: sent_at=@100",
                "invoice A.given: sent_at=@100",
                "invoice A.held: sent_at=@100",
                "invoice A.other: sent_at=@100",
                "invoice A.queued: sent_at=@100",
                "invoice A.sending: sent_at=@100",
                "invoice A.stuck: sent_at=@100",
                "invoice B.broken: sent_at=@100",
                "invoice B.given: sent_at=@100",
                "invoice B.held: sent_at=@100",
                "invoice B.other: sent_at=@100",
                "invoice B.queued: sent_at=@100",
                "invoice B.sending: sent_at=@100",
                "invoice B.stuck: sent_at=@100",
            ],
        ),
        (
            "invoice SET created_at = @101",
            &[
                "-> 14",
                "invoice A.broken: created_at=@100",
                "invoice A.given: created_at=@100",
                "invoice A.held: created_at=@100",
                "invoice A.other: created_at=@100",
                "invoice A.queued: created_at=@100",
                "invoice A.sending: created_at=@100",
                "invoice A.stuck: created_at=@100",
                "invoice B.broken: created_at=@100",
                "invoice B.given: created_at=@100",
                "invoice B.held: created_at=@100",
                "invoice B.other: created_at=@100",
                "invoice B.queued: created_at=@100",
                "invoice B.sending: created_at=@100",
                "invoice B.stuck: created_at=@100",
            ],
        ),
        ("invoice SET next_attempt_at = @130", &["-> 0"]),
        (
            "invoice SET next_attempt_at = @131",
            &[
                "-> 14",
                "invoice A.broken: next_attempt_at=0",
                "invoice A.given: next_attempt_at=0",
                "invoice A.held: next_attempt_at=0",
                "invoice A.other: next_attempt_at=0",
                "invoice A.queued: next_attempt_at=0",
                "invoice A.sending: next_attempt_at=0",
                "invoice A.stuck: next_attempt_at=0",
                "invoice B.broken: next_attempt_at=0",
                "invoice B.given: next_attempt_at=0",
                "invoice B.held: next_attempt_at=0",
                "invoice B.other: next_attempt_at=0",
                "invoice B.queued: next_attempt_at=0",
                "invoice B.sending: next_attempt_at=0",
                "invoice B.stuck: next_attempt_at=0",
            ],
        ),
        (
            "invoice SET next_attempt_at = @100, created_at = @101 WHERE id = {A.queued}",
            &["-> 1", "invoice A.queued: created_at=@100"],
        ),
        (
            "invoice SET next_attempt_at = @101, created_at = @101 WHERE id = {A.queued}",
            &["-> 2", "invoice A.queued: created_at=@100 next_attempt_at=0"],
        ),
        ("invoice SET lease_until = @130", &["-> 0"]),
        (
            "invoice SET lease_until = @131",
            &[
                "-> 14",
                "invoice A.broken: lease_until=@115",
                "invoice A.given: lease_until=@115",
                "invoice A.held: lease_until=@115",
                "invoice A.other: lease_until=@115",
                "invoice A.queued: lease_until=@115",
                "invoice A.sending: lease_until=@115",
                "invoice A.stuck: lease_until=@115",
                "invoice B.broken: lease_until=@115",
                "invoice B.given: lease_until=@115",
                "invoice B.held: lease_until=@115",
                "invoice B.other: lease_until=@115",
                "invoice B.queued: lease_until=@115",
                "invoice B.sending: lease_until=@115",
                "invoice B.stuck: lease_until=@115",
            ],
        ),
        ("invoice SET next_attempt_at = @101, created_at = @100", &["-> 0"]),
        ("act SET next_attempt_at = @130", &["-> 0"]),
        (
            "act SET next_attempt_at = @131",
            &[
                "-> 10",
                "act A.act.held: next_attempt_at=0",
                "act A.act.other: next_attempt_at=0",
                "act A.act.queued: next_attempt_at=0",
                "act A.act.sending: next_attempt_at=0",
                "act A.act.stuck: next_attempt_at=0",
                "act B.act.held: next_attempt_at=0",
                "act B.act.other: next_attempt_at=0",
                "act B.act.queued: next_attempt_at=0",
                "act B.act.sending: next_attempt_at=0",
                "act B.act.stuck: next_attempt_at=0",
            ],
        ),
        ("act SET next_attempt_at = @101, requested_at = @100", &["-> 0"]),
        ("act SET next_attempt_at = @100, requested_at = @101", &["-> 0"]),
        (
            "act SET next_attempt_at = @101, requested_at = @101",
            &[
                "-> 10",
                "act A.act.held: next_attempt_at=0",
                "act A.act.other: next_attempt_at=0",
                "act A.act.queued: next_attempt_at=0",
                "act A.act.sending: next_attempt_at=0",
                "act A.act.stuck: next_attempt_at=0",
                "act B.act.held: next_attempt_at=0",
                "act B.act.other: next_attempt_at=0",
                "act B.act.queued: next_attempt_at=0",
                "act B.act.sending: next_attempt_at=0",
                "act B.act.stuck: next_attempt_at=0",
            ],
        ),
        ("act SET lease_until = @130", &["-> 0"]),
        (
            "act SET lease_until = @131",
            &[
                "-> 10",
                "act A.act.held: lease_until=@115",
                "act A.act.other: lease_until=@115",
                "act A.act.queued: lease_until=@115",
                "act A.act.sending: lease_until=@115",
                "act A.act.stuck: lease_until=@115",
                "act B.act.held: lease_until=@115",
                "act B.act.other: lease_until=@115",
                "act B.act.queued: lease_until=@115",
                "act B.act.sending: lease_until=@115",
                "act B.act.stuck: lease_until=@115",
            ],
        ),
        ("history_entry SET next_attempt_at = @130", &["-> 0"]),
        (
            "history_entry SET next_attempt_at = @131",
            &[
                "-> 10",
                "history_entry A.note.held: next_attempt_at=0",
                "history_entry A.note.other: next_attempt_at=0",
                "history_entry A.note.queued: next_attempt_at=0",
                "history_entry A.note.sending: next_attempt_at=0",
                "history_entry A.note.stuck: next_attempt_at=0",
                "history_entry B.note.held: next_attempt_at=0",
                "history_entry B.note.other: next_attempt_at=0",
                "history_entry B.note.queued: next_attempt_at=0",
                "history_entry B.note.sending: next_attempt_at=0",
                "history_entry B.note.stuck: next_attempt_at=0",
            ],
        ),
        ("history_entry SET next_attempt_at = @101, made_at = @100", &["-> 0"]),
        ("history_entry SET next_attempt_at = @100, made_at = @101", &["-> 0"]),
        (
            "history_entry SET next_attempt_at = @101, made_at = @101",
            &[
                "-> 10",
                "history_entry A.note.held: next_attempt_at=0",
                "history_entry A.note.other: next_attempt_at=0",
                "history_entry A.note.queued: next_attempt_at=0",
                "history_entry A.note.sending: next_attempt_at=0",
                "history_entry A.note.stuck: next_attempt_at=0",
                "history_entry B.note.held: next_attempt_at=0",
                "history_entry B.note.other: next_attempt_at=0",
                "history_entry B.note.queued: next_attempt_at=0",
                "history_entry B.note.sending: next_attempt_at=0",
                "history_entry B.note.stuck: next_attempt_at=0",
            ],
        ),
        ("history_entry SET lease_until = @130", &["-> 0"]),
        (
            "history_entry SET lease_until = @131",
            &[
                "-> 10",
                "history_entry A.note.held: lease_until=@115",
                "history_entry A.note.other: lease_until=@115",
                "history_entry A.note.queued: lease_until=@115",
                "history_entry A.note.sending: lease_until=@115",
                "history_entry A.note.stuck: lease_until=@115",
                "history_entry B.note.held: lease_until=@115",
                "history_entry B.note.other: lease_until=@115",
                "history_entry B.note.queued: lease_until=@115",
                "history_entry B.note.sending: lease_until=@115",
                "history_entry B.note.stuck: lease_until=@115",
            ],
        ),
    ] {
        e.given(&[&format!("UPDATE {change}")])
            .of_all("clock_correction::correct_future_timestamps", correct, expected)
            .await;
    }
}
