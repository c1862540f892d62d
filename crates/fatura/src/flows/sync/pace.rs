//! Decides how often sweeps read a company.
//!
//! A webhook announces a change within seconds; sweeps find the changes whose webhook was lost. Where webhooks have proven to arrive, sweeps
//! become rare. They become frequent again as soon as one finds a change without a webhook. All periods are counted in polling intervals,
//! whose default is five minutes.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use store::changes::{Pace, SyncState};

/// Sweeps where webhooks are not proven and an invoice has a balance.
const FREQUENT: i32 = 1;
const HOURLY: i32 = 12;
const SIX_HOURLY: i32 = 72;
const DAILY: i32 = 288;
const WEEKLY: i32 = 7 * DAILY;
/// Sweeps are hourly for two hours after a change, because the next change is likely then, and six-hourly for two days. Hourly sweeps for
/// days would exceed the free tier's reads for a company, see `docs/capacity.md`.
const HOURLY_PERIOD: i32 = 2 * HOURLY;
const SIX_HOURLY_PERIOD: i32 = 2 * DAILY;
/// Intervals after a sweep found a change within which its webhook counts as late, and not as lost.
const LATE_WEBHOOK_STEPS: i32 = 2;
/// Intervals after a lost webhook from which a confirmed webhook proves that webhooks arrive again.
const RECOVERY_STEPS: i32 = HOURLY;
/// Intervals after which a lost webhook no longer counts.
const LOSS_EXPIRY_STEPS: i32 = DAILY;
/// Longest interval between two sweeps, whatever the polling interval: QuickBooks keeps changes for 30 days.
const MAX_SWEEP_INTERVAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The findings of one sync.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// QuickBooks listed a change.
    pub(super) has_rows: bool,
    /// A change concerned a known invoice.
    pub(super) has_ours: bool,
    /// A change differed from the stored snapshot.
    pub(super) has_news: bool,
}

impl Findings {
    /// Combines the findings of two reads.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            has_rows: self.has_rows || other.has_rows,
            has_ours: self.has_ours || other.has_ours,
            has_news: self.has_news || other.has_news,
        }
    }
}

/// Computes the pace after a sync. `state` is that before it, with the last webhook.
pub(super) fn compute_pace(
    state: &SyncState,
    findings: Findings,
    has_open: bool,
    interval: SignedDuration,
    now: Timestamp,
) -> Pace {
    let mut pace = state.pace;
    // A webhook may be sent before its change is visible, so for a while it counts for changes that are found later.
    let since = pace.confirmed_at.max(state.until.map(|until| until - interval * HOURLY));
    let has_webhook = state.webhook_at.is_some_and(|webhook| since.is_none_or(|since| webhook > since));
    if findings.has_ours || findings.has_news {
        pace.active_at = Some(now);
    }
    if has_webhook && findings.has_rows {
        pace.confirmed_at = Some(now);
        let is_late = |missed: &Timestamp| {
            state.webhook_at.is_some_and(|webhook| webhook <= *missed + interval * LATE_WEBHOOK_STEPS)
        };
        pace.missed_at = pace.missed_at.filter(|missed| !is_late(missed));
    } else if findings.has_news && !has_webhook {
        pace.missed_at = Some(now);
    }
    pace.steps = compute_steps(&pace, has_open, interval, now);
    pace
}

/// Delays after a webhook at which a company is read again if nothing was found, because a webhook may be sent before its change is visible.
const REREAD_DELAYS: [SignedDuration; 2] = [SignedDuration::from_secs(10), SignedDuration::from_secs(60)];

/// Finds the time of the next read for the last webhook, if its change was not found.
fn find_reread_time(state: &SyncState) -> Option<Timestamp> {
    let webhook = state.webhook_at?;
    if state.pace.confirmed_at.is_some_and(|confirmed| confirmed >= webhook) {
        return None;
    }
    let until = state.until?;
    REREAD_DELAYS.into_iter().map(|after| webhook + after).find(|at| *at > until)
}

/// Whether the next read for the last webhook is due.
pub(super) fn is_reread_due(state: &SyncState, now: Timestamp) -> bool {
    find_reread_time(state).is_some_and(|at| at <= now)
}

/// Computes the delay until the next read for the last webhook.
pub(super) fn compute_reread_delay(state: &SyncState, now: Timestamp) -> Option<Duration> {
    let at = find_reread_time(state)?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

/// Whether webhooks of the company have proven to arrive.
fn is_proven(pace: &Pace, interval: SignedDuration, now: Timestamp) -> bool {
    match (pace.confirmed_at, pace.missed_at) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(confirmed), Some(missed)) => {
            confirmed >= missed + interval * RECOVERY_STEPS || now >= missed + interval * LOSS_EXPIRY_STEPS
        }
    }
}

/// Computes the number of polling intervals until the next sync.
fn compute_steps(pace: &Pace, has_open: bool, interval: SignedDuration, now: Timestamp) -> i32 {
    let is_within = |steps: i32| pace.active_at.is_some_and(|at| now < at + interval * steps);
    let steps = match (is_proven(pace, interval, now), has_open) {
        (false, true) => FREQUENT,
        (false, false) => HOURLY,
        (true, true) if is_within(HOURLY_PERIOD) => HOURLY,
        (true, true) if is_within(SIX_HOURLY_PERIOD) => SIX_HOURLY,
        (true, true) => DAILY,
        (true, false) if is_within(SIX_HOURLY_PERIOD) => DAILY,
        (true, false) => WEEKLY,
    };
    let max = MAX_SWEEP_INTERVAL.as_secs() / interval.as_secs().max(1);
    steps.min(i32::try_from(max).unwrap_or(i32::MAX)).max(1)
}

/// The maximum age of the cursor when a page is opened: the interval of the sweeps, and six hours at most.
pub(super) fn page_max_age(state: Option<&SyncState>, interval: SignedDuration) -> SignedDuration {
    let steps = state.map_or(FREQUENT, |state| state.pace.steps);
    interval * steps.clamp(FREQUENT, SIX_HOURLY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: SignedDuration = SignedDuration::from_mins(5);
    const NOTHING: Findings = Findings { has_rows: false, has_ours: false, has_news: false };
    const NEWS: Findings = Findings { has_rows: true, has_ours: true, has_news: true };
    /// An invoice that was created here is no news.
    const OURS: Findings = Findings { has_rows: true, has_ours: true, has_news: false };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365) + SignedDuration::from_mins(minutes)
    }

    /// A company with an unpaid invoice.
    struct Company {
        state: SyncState,
        has_open: bool,
    }

    impl Company {
        fn new() -> Self {
            Self { state: SyncState::default(), has_open: true }
        }

        fn webhook(&mut self, minutes: i64) -> &mut Self {
            self.state.webhook_at = Some(at(minutes));
            self
        }

        /// Reads the company, and returns the number of intervals until the next read.
        fn read(&mut self, minutes: i64, findings: Findings) -> i32 {
            self.state.pace = compute_pace(&self.state, findings, self.has_open, INTERVAL, at(minutes));
            self.state.until = Some(at(minutes));
            self.state.pace.steps
        }
    }

    #[test]
    fn without_proven_webhooks_sweeps_are_frequent() {
        let mut company = Company::new();
        assert_eq!(company.read(0, NOTHING), FREQUENT);
        assert_eq!(company.read(5, NEWS), FREQUENT);
        assert_eq!(company.webhook(9).read(10, NOTHING), FREQUENT, "its change is not visible yet");
        assert_eq!(company.read(14, NEWS), HOURLY, "the change is visible");
        let mut company = Company::new();
        company.has_open = false;
        assert_eq!(company.read(15, NOTHING), HOURLY);
    }

    #[test]
    fn proven_webhooks_make_sweeps_rarer_with_time() {
        const HOUR: i64 = 60;
        const DAY: i64 = 24 * HOUR;
        let mut company = Company::new();
        assert_eq!(company.webhook(1).read(2, OURS), HOURLY);
        assert_eq!(company.read(HOUR, NOTHING), HOURLY);
        assert_eq!(company.read(2 * HOUR + 2, NOTHING), SIX_HOURLY);
        assert_eq!(company.read(2 * DAY, NOTHING), SIX_HOURLY);
        assert_eq!(company.read(2 * DAY + 2, NOTHING), DAILY);
        assert_eq!(company.webhook(9 * DAY).read(9 * DAY + 1, NEWS), HOURLY);
        company.has_open = false;
        assert_eq!(company.read(9 * DAY + 10, NOTHING), DAILY, "paid");
        assert_eq!(company.read(13 * DAY, NOTHING), WEEKLY);
    }

    #[test]
    fn a_change_without_a_webhook_makes_sweeps_frequent() {
        let mut company = Company::new();
        company.webhook(1).read(2, OURS);
        assert_eq!(company.read(60, NEWS), FREQUENT);
        assert_eq!(company.read(65, NOTHING), FREQUENT);
        assert_eq!(company.webhook(80).read(81, NEWS), FREQUENT, "a webhook soon after the loss proves nothing");
        assert_eq!(company.webhook(130).read(131, NEWS), HOURLY, "a webhook an hour later does");
        // A lost webhook expires, even without further changes.
        assert_eq!(company.read(300, NEWS), FREQUENT);
        assert_eq!(company.read(300 + 24 * 60 - 1, NOTHING), FREQUENT);
        assert_eq!(company.read(300 + 24 * 60, NOTHING), SIX_HOURLY);
    }

    #[test]
    fn a_sweep_that_precedes_a_late_webhook_proves_no_loss() {
        let mut company = Company::new();
        company.webhook(1).read(2, OURS);
        assert_eq!(company.read(60, NEWS), FREQUENT);
        assert_eq!(company.webhook(61).read(61, OURS), HOURLY, "the webhook was late");
    }

    #[test]
    fn a_webhook_without_a_visible_change_causes_two_more_reads() {
        let second = |second| at(0) + SignedDuration::from_secs(second);
        let state = |until, confirmed: Option<i64>| SyncState {
            until: Some(second(until)),
            webhook_at: Some(second(0)),
            pace: Pace { confirmed_at: confirmed.map(second), ..Pace::default() },
            ..SyncState::default()
        };
        let after = |until, now| compute_reread_delay(&state(until, None), second(now)).map(|wait| wait.as_secs());
        assert_eq!([after(1, 1), after(9, 12), after(11, 11), after(60, 60)], [Some(9), Some(0), Some(49), None]);
        assert_eq!(compute_reread_delay(&state(1, Some(1)), second(1)), None, "the change was found");
        let again = |until, now| is_reread_due(&state(until, None), second(now));
        assert_eq!(
            [again(1, 9), again(1, 10), again(11, 59), again(11, 60), again(61, 99)],
            [false, true, false, true, false]
        );
        assert!(!is_reread_due(&state(1, Some(1)), second(10)));
        assert!(!is_reread_due(&SyncState { webhook_at: None, ..state(1, None) }, second(10)));
    }

    #[test]
    fn an_opened_page_accepts_a_cursor_of_at_most_six_hours() {
        let state = |steps| SyncState { pace: Pace { steps, ..Pace::default() }, ..SyncState::default() };
        let after = |steps| page_max_age(Some(&state(steps)), INTERVAL);
        assert_eq!(page_max_age(None, INTERVAL), INTERVAL);
        assert_eq!(after(FREQUENT), INTERVAL);
        assert_eq!(after(HOURLY), SignedDuration::from_hours(1));
        assert_eq!(after(SIX_HOURLY), SignedDuration::from_hours(6));
        assert_eq!(after(DAILY), SignedDuration::from_hours(6));
        assert_eq!(after(WEEKLY), SignedDuration::from_hours(6));
    }

    /// Counts the reads of changes in a month of 22 working days, in which a user has a panel open all day: `invoices` are issued, up to two
    /// in a row, and each is paid in one change on another day. All webhooks arrive.
    fn count_reads_of_month(invoices: i64) -> usize {
        const DAY: i64 = 24 * 60;
        let working: Vec<i64> = (0..30).filter(|day| day % 7 < 5).collect();
        let count = i64::try_from(working.len()).expect("few");
        let day = |at: i64, of: i64| working[usize::try_from(at * count / of).expect("within the month")] * DAY;
        let mornings = (invoices + 1) / 2;
        let issued = (0..invoices).map(|at| day(at / 2, mornings) + 600 + at % 2 * 3);
        let paid = (0..invoices).map(|at| day(at, invoices) + 780);
        let mut webhooks: Vec<i64> = issued.chain(paid).collect();
        webhooks.sort_unstable();
        let mut company = Company::new();
        company.webhook(-3 * DAY).read(-3 * DAY, OURS);
        let (mut read_at, mut reads) = (-1, 0);
        company.state.pace.steps = DAILY;
        for minute in 0..30 * DAY {
            let age = SignedDuration::from_mins(minute - read_at);
            let is_office = minute / DAY % 7 < 5 && (540..1020).contains(&(minute % DAY));
            let has_webhook = webhooks.contains(&minute);
            let is_due = age > INTERVAL * company.state.pace.steps;
            let is_page_outdated = is_office && age > page_max_age(Some(&company.state), INTERVAL);
            if has_webhook || is_due || is_page_outdated {
                let findings = if has_webhook { NEWS } else { NOTHING };
                if has_webhook {
                    company.webhook(minute);
                }
                company.read(minute, findings);
                (read_at, reads) = (minute, reads + 1);
            }
        }
        reads
    }

    /// The figures of `docs/capacity.md`.
    #[test]
    fn a_month_of_reads_is_a_part_of_the_free_tier() {
        let reads = [2, 5, 10, 20, 40].map(count_reads_of_month);
        assert_eq!(reads, [68, 101, 138, 189, 235]);
        assert!(count_reads_of_month(10) < 8640 / 58, "a sweep every five minutes makes 8,640 reads");
    }

    #[test]
    fn no_pace_exceeds_the_change_retention_of_quickbooks() {
        for interval in [1, 300, 3600, 86_400, 30 * 86_400].map(SignedDuration::from_secs) {
            let pace = Pace { confirmed_at: Some(at(0)), ..Pace::default() };
            let steps = compute_steps(&pace, false, interval, at(0));
            assert!(steps >= 1 && (steps == 1 || interval * steps <= MAX_SWEEP_INTERVAL), "{steps} of {interval}");
        }
    }
}
