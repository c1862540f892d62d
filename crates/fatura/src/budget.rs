//! Spreads the monthly budget of QuickBooks' reads, which Intuit meters for the whole app, over the month.
//!
//! Background reads get the remaining budget in even parts, less a reserve for interactive reads. Interactive reads are never held back
//! here.

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use store::{
    Db,
    usage::{self, Month, Usage},
};

/// Percentage of the budget that is reserved for interactive reads. The reserve shrinks as the month passes.
const RESERVE_PERCENT: u64 = 30;
/// The period over which unspent reads accumulate, so that a quiet night pays for a busy day.
const BUCKET_CAPACITY: SignedDuration = SignedDuration::from_hours(24);
/// Used percentages of the budget at which a warning is logged.
const WARNING_THRESHOLDS: [u8; 3] = [95, 80, 50];
/// Parts of a read, the unit of a [`Bucket`]: a small budget adds less than one read at a time.
const PARTS_PER_READ: u64 = 1_000_000;

/// The state of a month's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// The calendar month in UTC, as 202611.
    pub(crate) month: Month,
    /// Reads so far.
    pub(crate) used: u64,
    /// Writes so far, which are not metered.
    pub(crate) writes: u64,
    /// Reads that the month allows; `None` without a limit.
    pub(crate) limit: Option<u64>,
    /// The highest percentage among 50, 80 and 95 that is used.
    pub(crate) threshold: Option<u8>,
}

impl Budget {
    /// The state after these calls.
    pub(crate) fn of(month: Month, calls: Usage, limit: Option<u64>) -> Self {
        let [used, writes] = [calls.reads, calls.writes].map(|count| u64::try_from(count).unwrap_or(0));
        let is_used = |percent: &u8| limit.is_some_and(|limit| used * 100 >= limit * u64::from(*percent));
        Self { month, used, writes, limit, threshold: WARNING_THRESHOLDS.into_iter().find(is_used) }
    }
}

/// Reads the state of the budget from the counts that the replicas have stored, which are up to a few seconds late.
pub(crate) async fn read(db: &Db, limit: Option<u64>, now: Timestamp) -> Result<Budget, store::Error> {
    let month = month_of(now);
    let mut tx = db.read().await?;
    Ok(Budget::of(month, usage::find_of_app(&mut tx, month).await?, limit))
}

/// The calendar month of a timestamp, in UTC.
pub(crate) fn month_of(now: Timestamp) -> Month {
    let date = now.to_zoned(TimeZone::UTC).date();
    i32::from(date.year()) * 100 + i32::from(date.month())
}

/// The start of the next calendar month, in UTC.
pub(crate) fn find_next_month(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC);
    let next = today.first_of_month().and_then(|first| first.start_of_day()?.checked_add(1.month()));
    next.map_or(now + SignedDuration::from_hours(24), |next| next.timestamp())
}

/// The time since the start of the month, and until its end.
fn split_month(now: Timestamp) -> (SignedDuration, SignedDuration) {
    let today = now.to_zoned(TimeZone::UTC);
    let first = today.first_of_month().and_then(|first| first.start_of_day()).map_or(now, |first| first.timestamp());
    (now.duration_since(first), find_next_month(now).duration_since(now).max(SignedDuration::from_secs(1)))
}

/// Computes the reads that are left in the month for background work: the unused ones, less the remaining reserve for interactive reads.
pub(crate) fn compute_spendable(limit: u64, used: u64, now: Timestamp) -> u64 {
    let (passed, left) = split_month(now);
    let reserve = scale(limit * RESERVE_PERCENT, left, passed + left) / 100;
    limit.saturating_sub(used).saturating_sub(reserve)
}

/// `whole` × `part` ÷ `of`.
fn scale(whole: u64, part: SignedDuration, of: SignedDuration) -> u64 {
    let [part, of] = [part, of].map(|duration| u128::try_from(duration.as_micros()).unwrap_or(0));
    u64::try_from(u128::from(whole) * part / of.max(1)).unwrap_or(u64::MAX)
}

/// The part of the budget that one replica may spend now.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// The fill level, in [`PARTS_PER_READ`].
    parts: u64,
    capacity: u64,
    filled_at: Option<Timestamp>,
    /// The number of replicas that shared the budget then.
    replicas: u64,
}

impl Bucket {
    /// Fills the bucket for the time since the last fill, with one replica's part of `spendable` reads for the remaining month. A new
    /// bucket, and one that was filled in a later month, becomes full. When the number of replicas changes, the fill level is scaled: a replica that starts beside others has the
    /// smallest part for some seconds, and must not be left without reads for hours.
    pub(crate) fn fill(&mut self, spendable: u64, replicas: u32, now: Timestamp) {
        // A clock that was ahead has filled it with the budget of another month.
        if self.filled_at.is_some_and(|at| month_of(at) > month_of(now)) {
            *self = Self::default();
        }
        let (_, left) = split_month(now);
        let replicas = u64::from(replicas.max(1));
        let all = spendable.saturating_mul(PARTS_PER_READ) / replicas;
        if self.filled_at.is_some() && self.replicas != replicas {
            self.parts = self.parts.saturating_mul(self.replicas) / replicas;
        }
        self.replicas = replicas;
        // A budget of less than one read per day is spent one read at a time.
        self.capacity = scale(all, BUCKET_CAPACITY.min(left), left).max(PARTS_PER_READ).min(all);
        let since = self.filled_at.map_or(BUCKET_CAPACITY, |at| now.duration_since(at).max(SignedDuration::ZERO));
        self.parts = self.parts.saturating_add(scale(all, since.min(BUCKET_CAPACITY), left)).min(self.capacity);
        if self.filled_at.is_none() {
            self.parts = self.capacity;
        }
        self.filled_at = Some(now);
    }

    /// Spends reads, if the bucket contains as many.
    pub(crate) fn try_spend(&mut self, reads: u64) -> bool {
        let Some(left) = self.parts.checked_sub(reads.saturating_mul(PARTS_PER_READ)) else { return false };
        self.parts = left;
        true
    }

    /// Counts the reads that sweeps may spend. A quarter of the capacity is reserved for webhooks.
    pub(crate) fn count_for_sweeps(&self) -> u64 {
        let reserved = if self.capacity > 4 * PARTS_PER_READ { self.capacity / 4 } else { 0 };
        self.parts.saturating_sub(reserved) / PARTS_PER_READ
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIER: u64 = 500_000;

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a valid timestamp")
    }

    #[test]
    fn months_are_those_of_utc() {
        assert_eq!(month_of(at("2026-11-30T23:59:59Z")), 202_611);
        assert_eq!(month_of(at("2026-12-01T00:00:00Z")), 202_612);
        assert_eq!(find_next_month(at("2026-11-30T23:59:59Z")), at("2026-12-01T00:00:00Z"));
        assert_eq!(find_next_month(at("2026-12-31T12:00:00Z")), at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn the_reserve_for_people_shrinks_with_the_month() {
        assert_eq!(compute_spendable(TIER, 0, at("2026-11-01T00:00:00Z")), 350_000);
        assert_eq!(compute_spendable(TIER, 250_000, at("2026-11-16T00:00:00Z")), 175_000);
        assert_eq!(compute_spendable(TIER, 450_000, at("2026-11-16T00:00:00Z")), 0, "only the reserve is left");
        assert_eq!(compute_spendable(TIER, 600_000, at("2026-11-16T00:00:00Z")), 0);
    }

    #[test]
    fn thresholds_are_percentages_of_the_limit() {
        let threshold = |reads, limit| Budget::of(202_611, Usage { reads, writes: 0 }, limit).threshold;
        assert_eq!(threshold(249_999, Some(TIER)), None);
        assert_eq!(threshold(250_000, Some(TIER)), Some(50));
        assert_eq!(threshold(400_000, Some(TIER)), Some(80));
        assert_eq!(threshold(600_000, Some(TIER)), Some(95));
        assert_eq!(threshold(600_000, None), None);
    }

    /// Background work spends as much as it can every ten minutes of a month, besides daily interactive reads.
    fn spend_a_month(limit: u64, interactive_a_day: u64) -> (u64, u64, Vec<u64>) {
        let (mut bucket, mut people, mut background) = (Bucket::default(), 0, 0);
        let (mut now, end) = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let mut days = Vec::new();
        let mut steps = 0;
        while now < end {
            bucket.fill(compute_spendable(limit, people + background, now), 1, now);
            while bucket.try_spend(1) {
                background += 1;
                assert!(people + background <= limit, "{limit}: {people} interactive, {background} background");
            }
            steps += 1;
            if steps % 144 == 0 {
                people += interactive_a_day;
                days.push(background);
            }
            now += SignedDuration::from_mins(10);
        }
        (people, background, days)
    }

    #[test]
    fn background_work_never_exceeds_the_budget_and_is_spread_over_the_month() {
        for (limit, by_people) in [(TIER, 0), (TIER, 5_000), (60, 0), (1, 0), (0, 0)] {
            let (people, background, days) = spend_a_month(limit, by_people);
            if limit == TIER {
                assert!(people + background > limit * 9 / 10, "{people} and {background} of {limit}");
                assert!(days[9] < background / 2, "after a third of the month: {} of {background}", days[9]);
                assert!(days[24] < background, "reads are left for the last days");
            }
        }
    }

    #[test]
    fn interactive_reads_reduce_only_the_background_reads() {
        let (people, background, days) = spend_a_month(TIER, 20_000);
        assert_eq!(people, 600_000, "no interactive read was held back");
        assert!((50_000..150_000).contains(&background), "{background}");
        assert_eq!(days[18], days[29], "no background reads are left");
    }

    /// The clock was a day ahead, in the next month, whose bucket is much smaller than that of the last hours of a month.
    #[test]
    fn a_bucket_that_was_filled_in_the_next_month_does_not_stop_sweeps() {
        let (now, ahead) = (at("2026-11-30T23:27:00Z"), at("2026-12-02T01:27:00Z"));
        let mut bucket = Bucket::default();
        for time in [now, ahead, now] {
            bucket.fill(compute_spendable(TIER, 1_000, time), 1, time);
            assert!(bucket.count_for_sweeps() > 8_000, "{} at {time}", bucket.count_for_sweeps());
        }
    }

    #[test]
    fn a_quiet_night_pays_for_a_busy_day_and_a_quarter_is_kept_for_webhooks() {
        let mut bucket = Bucket::default();
        let begin = at("2026-11-01T00:00:00Z");
        bucket.fill(350_000, 1, begin);
        assert!(bucket.try_spend(11_666) && !bucket.try_spend(1), "the capacity is the part of one day");
        bucket.fill(350_000, 1, begin + SignedDuration::from_hours(12));
        assert!(
            bucket.count_for_sweeps() > 2_900 && bucket.count_for_sweeps() < 3_100,
            "{}",
            bucket.count_for_sweeps()
        );
        assert!(bucket.try_spend(5_900));
        bucket.fill(350_000, 1, begin);
        assert!(!bucket.try_spend(100), "a clock that goes back adds nothing");
        bucket.fill(0, 1, begin + SignedDuration::from_hours(20));
        assert!(!bucket.try_spend(1), "no reads are left in the month");
    }

    #[test]
    fn a_start_beside_another_replica_does_not_empty_the_bucket() {
        let mut bucket = Bucket::default();
        let begin = at("2026-11-30T04:00:00Z");
        bucket.fill(350_000, 10, begin);
        assert_eq!(bucket.count_for_sweeps(), 26_250, "the smallest part, less a quarter");
        bucket.fill(350_000, 1, begin + SignedDuration::from_secs(15));
        assert!(bucket.count_for_sweeps() > 262_000, "{}", bucket.count_for_sweeps());
        bucket.fill(350_000, 2, begin + SignedDuration::from_secs(30));
        assert!(bucket.count_for_sweeps() < 131_500, "{}", bucket.count_for_sweeps());
    }
}
