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
/// A webhook that arrives within so many intervals after a sweep found its change was late, and not lost.
const LATE_WEBHOOK_STEPS: i32 = 2;
/// A webhook that is confirmed so many intervals after one was lost proves that webhooks arrive again.
const RECOVERY_STEPS: i32 = HOURLY;
/// A lost webhook counts for so many intervals.
const LOSS_EXPIRY_STEPS: i32 = DAILY;
/// Longest interval between two sweeps, whatever the polling interval: QuickBooks keeps changes for 30 days.
const MAX_SWEEP_INTERVAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The findings of one sync.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// QuickBooks listed a change.
    pub(super) has_rows: bool,
    /// A change of an invoice of ours.
    pub(super) has_ours: bool,
    /// A change that was not known here.
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

/// Computes the pace after a sync. `known` is the state before it, with the last webhook.
pub(super) fn compute_pace(
    known: &SyncState,
    findings: Findings,
    has_open: bool,
    interval: SignedDuration,
    now: Timestamp,
) -> Pace {
    let mut pace = known.pace;
    // A webhook may be sent before its change is visible: for a while it counts for changes that are found later.
    let since = pace.confirmed_at.max(known.until.map(|until| until - interval * HOURLY));
    let is_told = known.webhook_at.is_some_and(|webhook| since.is_none_or(|since| webhook > since));
    if findings.has_ours || findings.has_news {
        pace.active_at = Some(now);
    }
    if is_told && findings.has_rows {
        pace.confirmed_at = Some(now);
        let is_late = |missed: &Timestamp| {
            known.webhook_at.is_some_and(|webhook| webhook <= *missed + interval * LATE_WEBHOOK_STEPS)
        };
        pace.missed_at = pace.missed_at.filter(|missed| !is_late(missed));
    } else if findings.has_news && !is_told {
        pace.missed_at = Some(now);
    }
    pace.steps = compute_steps(&pace, has_open, interval, now);
    pace
}

/// Delays after a webhook at which a company is read again if nothing was found, because a webhook may be sent before its change is visible.
const REREAD_DELAYS: [SignedDuration; 2] = [SignedDuration::from_secs(10), SignedDuration::from_secs(60)];

/// Finds the time of the next read for the last webhook, if its change was not found.
fn find_reread_time(known: &SyncState) -> Option<Timestamp> {
    let webhook = known.webhook_at?;
    if known.pace.confirmed_at.is_some_and(|confirmed| confirmed >= webhook) {
        return None;
    }
    let until = known.until?;
    REREAD_DELAYS.into_iter().map(|after| webhook + after).find(|at| *at > until)
}

/// Whether the next read for the last webhook is due.
pub(super) fn is_reread_due(known: &SyncState, now: Timestamp) -> bool {
    find_reread_time(known).is_some_and(|at| at <= now)
}

/// Computes the delay until the next read for the last webhook.
pub(super) fn compute_reread_delay(known: &SyncState, now: Timestamp) -> Option<Duration> {
    let at = find_reread_time(known)?;
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
    let most = MAX_SWEEP_INTERVAL.as_secs() / interval.as_secs().max(1);
    steps.min(i32::try_from(most).unwrap_or(i32::MAX)).max(1)
}

/// The maximum age of the cursor when a page is opened: the interval of the sweeps, and six hours at most.
pub(super) fn page_max_age(known: Option<&SyncState>, interval: SignedDuration) -> SignedDuration {
    let steps = known.map_or(FREQUENT, |known| known.pace.steps);
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

    /// One company with something open, that is read now and then.
    struct Company {
        known: SyncState,
        has_open: bool,
    }

    impl Company {
        fn new() -> Self {
            Self { known: SyncState::default(), has_open: true }
        }

        fn webhook(&mut self, minutes: i64) -> &mut Self {
            self.known.webhook_at = Some(at(minutes));
            self
        }

        /// Reads, and says after how many intervals it is read next.
        fn read(&mut self, minutes: i64, findings: Findings) -> i32 {
            self.known.pace = compute_pace(&self.known, findings, self.has_open, INTERVAL, at(minutes));
            self.known.until = Some(at(minutes));
            self.known.pace.steps
        }
    }

    #[test]
    fn without_a_proof_sweeps_are_frequent() {
        let mut company = Company::new();
        assert_eq!(company.read(0, NOTHING), FREQUENT);
        assert_eq!(company.read(5, NEWS), FREQUENT);
        assert_eq!(company.webhook(9).read(10, NOTHING), FREQUENT, "what it told of is not to be seen");
        assert_eq!(company.read(14, NEWS), HOURLY, "now it is");
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
    fn a_change_that_no_webhook_told_of_makes_sweeps_frequent() {
        let mut company = Company::new();
        company.webhook(1).read(2, OURS);
        assert_eq!(company.read(60, NEWS), FREQUENT);
        assert_eq!(company.read(65, NOTHING), FREQUENT);
        assert_eq!(company.webhook(80).read(81, NEWS), FREQUENT, "one that arrives soon after proves little");
        assert_eq!(company.webhook(130).read(131, NEWS), HOURLY, "an hour later it does");
        // Nothing has changed since: sweeps do not stay frequent for ever.
        assert_eq!(company.read(300, NEWS), FREQUENT);
        assert_eq!(company.read(300 + 24 * 60 - 1, NOTHING), FREQUENT);
        assert_eq!(company.read(300 + 24 * 60, NOTHING), SIX_HOURLY);
    }

    #[test]
    fn a_sweep_that_is_quicker_than_the_webhook_proves_no_loss() {
        let mut company = Company::new();
        company.webhook(1).read(2, OURS);
        assert_eq!(company.read(60, NEWS), FREQUENT);
        assert_eq!(company.webhook(61).read(61, OURS), HOURLY, "it was late");
    }

    #[test]
    fn a_webhook_that_is_quicker_than_its_change_is_read_again_twice() {
        let second = |second| at(0) + SignedDuration::from_secs(second);
        let known = |until, confirmed: Option<i64>| SyncState {
            until: Some(second(until)),
            webhook_at: Some(second(0)),
            pace: Pace { confirmed_at: confirmed.map(second), ..Pace::default() },
            ..SyncState::default()
        };
        let after = |until, now| compute_reread_delay(&known(until, None), second(now)).map(|wait| wait.as_secs());
        assert_eq!([after(1, 1), after(9, 12), after(11, 11), after(60, 60)], [Some(9), Some(0), Some(49), None]);
        assert_eq!(compute_reread_delay(&known(1, Some(1)), second(1)), None, "it was found");
        let again = |until, now| is_reread_due(&known(until, None), second(now));
        assert_eq!(
            [again(1, 9), again(1, 10), again(11, 59), again(11, 60), again(61, 99)],
            [false, true, false, true, false]
        );
        assert!(!is_reread_due(&known(1, Some(1)), second(10)));
        assert!(!is_reread_due(&SyncState { webhook_at: None, ..known(1, None) }, second(10)));
    }

    #[test]
    fn a_look_asks_after_six_hours_at_most() {
        let known = |steps| SyncState { pace: Pace { steps, ..Pace::default() }, ..SyncState::default() };
        let after = |steps| page_max_age(Some(&known(steps)), INTERVAL);
        assert_eq!(page_max_age(None, INTERVAL), INTERVAL);
        assert_eq!(after(FREQUENT), INTERVAL);
        assert_eq!(after(HOURLY), SignedDuration::from_hours(1));
        assert_eq!(after(SIX_HOURLY), SignedDuration::from_hours(6));
        assert_eq!(after(DAILY), SignedDuration::from_hours(6));
        assert_eq!(after(WEEKLY), SignedDuration::from_hours(6));
    }

    /// The readings of changes in a month of 22 working days, in which somebody has a panel open all day: `invoices` are issued, up to two
    /// in a row, and each is paid in one change on some other day. All webhooks arrive.
    fn month(invoices: i64) -> usize {
        const DAY: i64 = 24 * 60;
        let working: Vec<i64> = (0..30).filter(|day| day % 7 < 5).collect();
        let count = i64::try_from(working.len()).expect("few");
        let day = |at: i64, of: i64| working[usize::try_from(at * count / of).expect("within the month")] * DAY;
        let mornings = (invoices + 1) / 2;
        let issued = (0..invoices).map(|at| day(at / 2, mornings) + 600 + at % 2 * 3);
        let paid = (0..invoices).map(|at| day(at, invoices) + 780);
        let mut told: Vec<i64> = issued.chain(paid).collect();
        told.sort_unstable();
        let mut company = Company::new();
        company.webhook(-3 * DAY).read(-3 * DAY, OURS);
        let (mut read_at, mut readings) = (-1, 0);
        company.known.pace.steps = DAILY;
        for minute in 0..30 * DAY {
            let age = SignedDuration::from_mins(minute - read_at);
            let is_office = minute / DAY % 7 < 5 && (540..1020).contains(&(minute % DAY));
            let is_told = told.contains(&minute);
            let is_due = age > INTERVAL * company.known.pace.steps;
            let is_looked_at = is_office && age > page_max_age(Some(&company.known), INTERVAL);
            if is_told || is_due || is_looked_at {
                let findings = if is_told { NEWS } else { NOTHING };
                if is_told {
                    company.webhook(minute);
                }
                company.read(minute, findings);
                (read_at, readings) = (minute, readings + 1);
            }
        }
        readings
    }

    /// The figures of `docs/capacity.md`.
    #[test]
    fn a_month_of_readings_is_a_part_of_what_the_free_tier_has() {
        let readings = [2, 5, 10, 20, 40].map(month);
        assert_eq!(readings, [68, 101, 138, 189, 235]);
        assert!(month(10) < 8640 / 58, "a month of a sweep every five minutes was 8,640");
    }

    #[test]
    fn no_pace_outlives_what_quickbooks_remembers() {
        for interval in [1, 300, 3600, 86_400, 30 * 86_400].map(SignedDuration::from_secs) {
            let pace = Pace { confirmed_at: Some(at(0)), ..Pace::default() };
            let steps = compute_steps(&pace, false, interval, at(0));
            assert!(steps >= 1 && (steps == 1 || interval * steps <= MAX_SWEEP_INTERVAL), "{steps} of {interval}");
        }
    }
}
