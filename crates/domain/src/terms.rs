//! Payment terms: when an invoice falls due.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// How the due date follows from the issue date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// So many days after the issue date.
    Days(u16),
    /// One of QuickBooks' own terms, by its QuickBooks id.
    QuickBooks(String),
}

impl Default for Term {
    /// Seven days: issued 13 March, due 20 March.
    fn default() -> Self {
        Self::Days(7)
    }
}

/// What a term of QuickBooks says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// `STANDARD`: days after the issue date.
    Days(u16),
    /// `DATE_DRIVEN`: on a day of the month; the next month's when the issue date is within `next_month_within`
    /// days of it.
    DayOfMonth {
        /// 1 to 31; clamped to the month's end.
        day: i8,
        /// `DueNextMonthDays`.
        next_month_within: u16,
    },
}

/// The due date of an invoice issued on `issued`. Dates past the calendar's end stay at `issued`.
pub fn due_date(issued: Date, rule: Rule) -> Date {
    match rule {
        Rule::Days(days) => issued.checked_add(i64::from(days).days()).unwrap_or(issued),
        Rule::DayOfMonth { day, next_month_within } => {
            let this_month = on_day(issued, day);
            let within = this_month.checked_sub(i64::from(next_month_within).days()).unwrap_or(this_month);
            if issued > this_month || (next_month_within > 0 && issued >= within) {
                let next = issued.first_of_month().checked_add(1.month()).unwrap_or(issued);
                on_day(next, day)
            } else {
                this_month
            }
        }
    }
}

fn on_day(month: Date, day: i8) -> Date {
    let last = month.days_in_month();
    month.with().day(day.clamp(1, last)).build().unwrap_or(month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn check(issued: Date, rule: Rule, expected: Date) {
        assert_eq!(due_date(issued, rule), expected, "{issued} {rule:?}");
    }

    #[test]
    fn the_due_date_follows_the_term() {
        check(date(2026, 3, 13), Rule::Days(7), date(2026, 3, 20));
        check(date(2026, 1, 31), Rule::Days(7), date(2026, 2, 7));
        check(date(2026, 3, 31), Rule::Days(30), date(2026, 4, 30));
        check(date(2026, 12, 28), Rule::Days(7), date(2027, 1, 4));
        check(date(2028, 2, 25), Rule::Days(7), date(2028, 3, 3));
        check(date(2026, 3, 13), Rule::DayOfMonth { day: 25, next_month_within: 5 }, date(2026, 3, 25));
        check(date(2026, 3, 21), Rule::DayOfMonth { day: 25, next_month_within: 5 }, date(2026, 4, 25));
        check(date(2026, 1, 31), Rule::DayOfMonth { day: 31, next_month_within: 0 }, date(2026, 1, 31));
        check(date(2026, 1, 31), Rule::DayOfMonth { day: 30, next_month_within: 0 }, date(2026, 2, 28));
    }
}
