//! Payment terms, and the due dates that follow from them.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// How the due date follows from the issue date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Days after the issue date.
    Days(u16),
    /// A term of the QuickBooks company, by its QuickBooks id.
    QuickBooks(String),
}

impl Default for Term {
    /// Seven days: issued 13 March, due 20 March.
    fn default() -> Self {
        Self::Days(7)
    }
}

/// How a term of QuickBooks computes the due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DueRule {
    /// `STANDARD` term: days after the issue date.
    Days(u16),
    /// `DATE_DRIVEN` term: due on a day of the month. If the issue date is within `next_month_within` days of that day,
    /// or after it, the invoice is due in the next month.
    DayOfMonth {
        /// Day of the month, 1 to 31. In a shorter month the last day applies.
        day: i8,
        /// QuickBooks' `DueNextMonthDays`, in days.
        next_month_within: u16,
    },
}

/// Computes the due date of an invoice that is issued on `issued`. Days and months beyond the range of [`Date`] are not
/// added.
pub fn compute_due_date(issued: Date, rule: DueRule) -> Date {
    match rule {
        DueRule::Days(days) => issued.checked_add(i64::from(days).days()).unwrap_or(issued),
        DueRule::DayOfMonth { day, next_month_within } => {
            let this_month = set_day_of_month(issued, day);
            let next_month_from = this_month.checked_sub(i64::from(next_month_within).days()).unwrap_or(this_month);
            if issued > this_month || (next_month_within > 0 && issued >= next_month_from) {
                let next = issued.first_of_month().checked_add(1.month()).unwrap_or(issued);
                set_day_of_month(next, day)
            } else {
                this_month
            }
        }
    }
}

fn set_day_of_month(month: Date, day: i8) -> Date {
    let last = month.days_in_month();
    month.with().day(day.clamp(1, last)).build().unwrap_or(month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn check(issued: Date, rule: DueRule, expected: Date) {
        assert_eq!(compute_due_date(issued, rule), expected, "{issued} {rule:?}");
    }

    #[test]
    fn the_due_date_follows_the_term() {
        check(date(2026, 3, 13), DueRule::Days(7), date(2026, 3, 20));
        check(date(2026, 1, 31), DueRule::Days(7), date(2026, 2, 7));
        check(date(2026, 3, 31), DueRule::Days(30), date(2026, 4, 30));
        check(date(2026, 12, 28), DueRule::Days(7), date(2027, 1, 4));
        check(date(2028, 2, 25), DueRule::Days(7), date(2028, 3, 3));
        check(date(2026, 3, 13), DueRule::DayOfMonth { day: 25, next_month_within: 5 }, date(2026, 3, 25));
        check(date(2026, 3, 21), DueRule::DayOfMonth { day: 25, next_month_within: 5 }, date(2026, 4, 25));
        check(date(2026, 1, 31), DueRule::DayOfMonth { day: 31, next_month_within: 0 }, date(2026, 1, 31));
        check(date(2026, 1, 31), DueRule::DayOfMonth { day: 30, next_month_within: 0 }, date(2026, 2, 28));
    }
}
