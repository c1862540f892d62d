//! The monthly budget of QuickBooks' reads, which Intuit meters for the whole app: how it is spread over the month.
//!
//! Background reads get the remaining budget in even parts, less a reserve for people. Interactive reads are
//! never held back here.

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use store::{
    Db,
    usage::{self, Month, Usage},
};

/// Of the budget, this percentage is reserved for what people wait for; it shrinks with the month.
const RESERVE_PERCENT: u64 = 30;
/// The longest time that unspent reads accumulate: a quiet night pays for a busy day.
const BUCKET_CAPACITY: SignedDuration = SignedDuration::from_hours(24);
/// Percentages of the budget that are warned of.
const THRESHOLDS: [u8; 3] = [95, 80, 50];
/// The unit of a [`Bucket`]: a budget of a few reads comes to less than one read a second.
const PARTS: u64 = 1_000_000;

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
        Self { month, used, writes, limit, threshold: THRESHOLDS.into_iter().find(is_used) }
    }
}

/// The state of the budget at a moment, by what the replicas have written down: up to a few seconds late.
pub(crate) async fn read(db: &Db, limit: Option<u64>, now: Timestamp) -> Result<Budget, store::Error> {
    let month = month(now);
    let mut tx = db.read().await?;
    Ok(Budget::of(month, usage::find_of_app(&mut tx, month).await?, limit))
}

/// The calendar month of a moment, in UTC.
pub(crate) fn month(now: Timestamp) -> Month {
    let date = now.to_zoned(TimeZone::UTC).date();
    i32::from(date.year()) * 100 + i32::from(date.month())
}

/// When the next calendar month begins, in UTC.
pub(crate) fn next_month(now: Timestamp) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC);
    let next = today.first_of_month().and_then(|first| first.start_of_day()?.checked_add(1.month()));
    next.map_or(now + SignedDuration::from_hours(24), |next| next.timestamp())
}

/// The time from the beginning of the month, and to its end.
fn parts_of_month(now: Timestamp) -> (SignedDuration, SignedDuration) {
    let today = now.to_zoned(TimeZone::UTC);
    let first = today.first_of_month().and_then(|first| first.start_of_day()).map_or(now, |first| first.timestamp());
    (now.duration_since(first), next_month(now).duration_since(now).max(SignedDuration::from_secs(1)))
}

/// Reads that are left in the month for what nobody waits for: what is not used, less the reserve for people in the rest of the month.
pub(crate) fn spendable(limit: u64, used: u64, now: Timestamp) -> u64 {
    let (passed, left) = parts_of_month(now);
    let reserve = share(limit * RESERVE_PERCENT, left, passed + left) / 100;
    limit.saturating_sub(used).saturating_sub(reserve)
}

/// `whole` × `part` ÷ `of`.
fn share(whole: u64, part: SignedDuration, of: SignedDuration) -> u64 {
    let [part, of] = [part, of].map(|duration| u128::try_from(duration.as_micros()).unwrap_or(0));
    u64::try_from(u128::from(whole) * part / of.max(1)).unwrap_or(u64::MAX)
}

/// The part of the budget that one replica may spend now.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// In [`PARTS`] of a read.
    parts: u64,
    capacity: u64,
    filled_at: Option<Timestamp>,
    /// How many replicas shared the budget then.
    replicas: u64,
}

impl Bucket {
    /// Fills it for the time since it was filled last, as one replica's part of `spendable` reads for the rest of the month allows. A new
    /// one is full. When the number of replicas changes, so does what this one holds: a start beside other replicas, when it holds only
    /// the least part for some seconds, must not leave it without reads for hours.
    pub(crate) fn fill(&mut self, spendable: u64, replicas: u32, now: Timestamp) {
        let (_, left) = parts_of_month(now);
        let replicas = u64::from(replicas.max(1));
        let all = spendable.saturating_mul(PARTS) / replicas;
        if self.filled_at.is_some() && self.replicas != replicas {
            self.parts = self.parts.saturating_mul(self.replicas) / replicas;
        }
        self.replicas = replicas;
        // A budget that comes to less than one read a day is spent read by read all the same.
        self.capacity = share(all, BUCKET_CAPACITY.min(left), left).max(PARTS).min(all);
        let since = self.filled_at.map_or(BUCKET_CAPACITY, |at| now.duration_since(at).max(SignedDuration::ZERO));
        self.parts = self.parts.saturating_add(share(all, since.min(BUCKET_CAPACITY), left)).min(self.capacity);
        if self.filled_at.is_none() {
            self.parts = self.capacity;
        }
        self.filled_at = Some(now);
    }

    /// Takes so many reads, if they are there.
    pub(crate) fn take(&mut self, reads: u64) -> bool {
        let Some(left) = self.parts.checked_sub(reads.saturating_mul(PARTS)) else { return false };
        self.parts = left;
        true
    }

    /// Reads that can be spent on sweeps: a quarter of the capacity is left for what webhooks tell of.
    pub(crate) fn for_sweeps(&self) -> u64 {
        let kept = if self.capacity > 4 * PARTS { self.capacity / 4 } else { 0 };
        self.parts.saturating_sub(kept) / PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIER: u64 = 500_000;

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a moment")
    }

    #[test]
    fn months_are_those_of_utc() {
        assert_eq!(month(at("2026-11-30T23:59:59Z")), 202_611);
        assert_eq!(month(at("2026-12-01T00:00:00Z")), 202_612);
        assert_eq!(next_month(at("2026-11-30T23:59:59Z")), at("2026-12-01T00:00:00Z"));
        assert_eq!(next_month(at("2026-12-31T12:00:00Z")), at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn the_reserve_for_people_shrinks_with_the_month() {
        assert_eq!(spendable(TIER, 0, at("2026-11-01T00:00:00Z")), 350_000);
        assert_eq!(spendable(TIER, 250_000, at("2026-11-16T00:00:00Z")), 175_000);
        assert_eq!(spendable(TIER, 450_000, at("2026-11-16T00:00:00Z")), 0, "the rest is for people");
        assert_eq!(spendable(TIER, 600_000, at("2026-11-16T00:00:00Z")), 0);
    }

    #[test]
    fn thresholds_are_of_the_limit() {
        let threshold = |reads, limit| Budget::of(202_611, Usage { reads, writes: 0 }, limit).threshold;
        assert_eq!(threshold(249_999, Some(TIER)), None);
        assert_eq!(threshold(250_000, Some(TIER)), Some(50));
        assert_eq!(threshold(400_000, Some(TIER)), Some(80));
        assert_eq!(threshold(600_000, Some(TIER)), Some(95));
        assert_eq!(threshold(600_000, None), None);
    }

    /// Background work asks for as much as it can get, every ten minutes of a month, while people read as well.
    fn spend_a_month(limit: u64, by_people_a_day: u64) -> (u64, u64, Vec<u64>) {
        let (mut bucket, mut people, mut background) = (Bucket::default(), 0, 0);
        let (mut now, end) = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let mut days = Vec::new();
        let mut steps = 0;
        while now < end {
            bucket.fill(spendable(limit, people + background, now), 1, now);
            while bucket.take(1) {
                background += 1;
                assert!(people + background <= limit, "{limit}: {people} by people, {background} in the background");
            }
            steps += 1;
            if steps % 144 == 0 {
                people += by_people_a_day;
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
                assert!(days[9] < background / 2, "a third of the month: {} of {background}", days[9]);
                assert!(days[24] < background, "the last days have something left");
            }
        }
    }

    #[test]
    fn what_people_use_is_taken_from_the_background_alone() {
        let (people, background, days) = spend_a_month(TIER, 20_000);
        assert_eq!(people, 600_000, "nobody was held back");
        assert!((50_000..150_000).contains(&background), "{background}");
        assert_eq!(days[18], days[29], "nothing is left for it");
    }

    #[test]
    fn a_quiet_night_pays_for_a_busy_day_and_a_quarter_is_kept_for_webhooks() {
        let mut bucket = Bucket::default();
        let begin = at("2026-11-01T00:00:00Z");
        bucket.fill(350_000, 1, begin);
        assert!(bucket.take(11_666) && !bucket.take(1), "a day's part");
        bucket.fill(350_000, 1, begin + SignedDuration::from_hours(12));
        assert!(bucket.for_sweeps() > 2_900 && bucket.for_sweeps() < 3_100, "{}", bucket.for_sweeps());
        assert!(bucket.take(5_900));
        bucket.fill(350_000, 1, begin);
        assert!(!bucket.take(100), "a clock that goes back gives nothing");
        bucket.fill(0, 1, begin + SignedDuration::from_hours(20));
        assert!(!bucket.take(1), "nothing is left in the month");
    }
    #[test]
    fn a_start_beside_another_replica_does_not_empty_the_bucket() {
        let mut bucket = Bucket::default();
        let begin = at("2026-11-30T04:00:00Z");
        bucket.fill(350_000, 10, begin);
        assert_eq!(bucket.for_sweeps(), 26_250, "the least part, less a quarter");
        bucket.fill(350_000, 1, begin + SignedDuration::from_secs(15));
        assert!(bucket.for_sweeps() > 262_000, "{}", bucket.for_sweeps());
        bucket.fill(350_000, 2, begin + SignedDuration::from_secs(30));
        assert!(bucket.for_sweeps() < 131_500, "{}", bucket.for_sweeps());
    }
}
