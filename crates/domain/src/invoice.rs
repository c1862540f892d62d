//! An invoice as QuickBooks last showed it, and the one badge that follows from it.

use crate::money::Money;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What is kept of an invoice: as much as a deal's page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// QuickBooks' id.
    pub quickbooks_id: String,
    /// Counts QuickBooks' changes; needed to change it.
    pub sync_token: String,
    /// The invoice number, where there is one.
    pub doc_number: Option<String>,
    /// Who is billed.
    pub customer_name: String,
    /// QuickBooks' id of who is billed.
    pub customer_id: String,
    /// Where QuickBooks sends it; empty where it has no address.
    pub email: String,
    /// What was billed.
    pub total: Money,
    /// What is still to be paid, in the same currency.
    pub balance: Money,
    /// The part of the total that is tax; `None` where it was last read before this was kept.
    #[serde(default)]
    pub tax: Option<Money>,
    /// Issue date.
    pub issued: Date,
    /// Due date.
    pub due: Date,
    /// Whether QuickBooks has e-mailed it.
    pub sent: bool,
    /// Voided in QuickBooks.
    pub voided: bool,
    /// Deleted in QuickBooks; the rest is what was last known.
    pub deleted: bool,
}

impl Snapshot {
    /// What a person has to have seen before an act that cannot be undone: who owes how much, and whether it stands.
    pub fn seen(&self) -> String {
        let state = match (self.deleted, self.voided) {
            (true, _) => "deleted",
            (_, true) => "voided",
            _ => "stands",
        };
        let (total, balance) = (self.total.amount().normalize(), self.balance.amount().normalize());
        format!("{} {total} {balance} {state} {}", self.total.currency().code(), self.customer_id)
    }

    /// The paid part: total less balance.
    pub fn paid(&self) -> Decimal {
        self.total.amount().saturating_sub(self.balance.amount())
    }
}

/// What can be done to an invoice that stands in QuickBooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Its amounts become zero; it stays in the books. Cannot be undone.
    Void,
    /// It leaves the books. Cannot be undone.
    Delete,
    /// QuickBooks e-mails it.
    Send,
    /// Its taxes and total become those that the form showed, where QuickBooks computed others.
    Correct,
}

impl Act {
    /// All acts.
    pub const ALL: [Self; 4] = [Self::Void, Self::Delete, Self::Send, Self::Correct];

    /// As in addresses and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Void => "void",
            Self::Delete => "delete",
            Self::Send => "send",
            Self::Correct => "correct",
        }
    }

    /// By name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// Whether an invoice with this badge allows it.
    pub fn is_allowed(self, status: Status) -> bool {
        match self {
            Self::Void | Self::Send => !matches!(status, Status::Voided | Status::Deleted),
            Self::Delete => status != Status::Deleted,
            Self::Correct => matches!(status, Status::Open | Status::Overdue),
        }
    }

    /// Whether it depends on what the person has seen of the invoice.
    pub fn depends_on_state(self) -> bool {
        self != Self::Send
    }

    /// What a person has to have seen of an invoice. A correction states all of its lines again: it must not undo what somebody else
    /// has edited, even where the amounts stay.
    pub fn seen(self, snapshot: &Snapshot) -> String {
        match self {
            Self::Correct => format!("{} {}", snapshot.seen(), snapshot.sync_token),
            Self::Void | Self::Delete | Self::Send => snapshot.seen(),
        }
    }

    /// Whether it takes the invoice out of what is to be paid, which cannot be undone.
    pub fn is_irreversible(self) -> bool {
        matches!(self, Self::Void | Self::Delete)
    }

    /// Whether the invoice is as the act leaves it; `confirmed` is the total that the form showed.
    pub fn is_done(self, invoice: &Snapshot, confirmed: Decimal) -> bool {
        match self {
            Self::Void => invoice.voided,
            Self::Delete => invoice.deleted,
            Self::Send => invoice.sent,
            Self::Correct => invoice.total.amount() == confirmed,
        }
    }
}

/// The badge of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing paid yet, not past due.
    Open,
    /// Something paid, not past due.
    PartiallyPaid,
    /// Something to pay, and the due date lies before today.
    Overdue,
    /// Nothing left to pay.
    Paid,
    /// Voided in QuickBooks.
    Voided,
    /// Deleted in QuickBooks.
    Deleted,
}

impl Status {
    /// As in tables and attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::PartiallyPaid => "partially-paid",
            Self::Overdue => "overdue",
            Self::Paid => "paid",
            Self::Voided => "voided",
            Self::Deleted => "deleted",
        }
    }
}

/// The badge on `today`, the current date in the company's time zone. Due today is not overdue.
pub fn status(invoice: &Snapshot, today: Date) -> Status {
    if invoice.deleted {
        Status::Deleted
    } else if invoice.voided {
        Status::Voided
    } else if invoice.balance.is_zero() {
        Status::Paid
    } else if invoice.due < today {
        Status::Overdue
    } else if invoice.balance.amount() < invoice.total.amount() {
        Status::PartiallyPaid
    } else {
        Status::Open
    }
}

/// Whether QuickBooks' fields say "voided": all is zero, and the private note begins with the word.
///
/// There is no field for it; a void writes "Voided" in front of the note.
pub fn looks_voided(total: Money, balance: Money, private_note: Option<&str>) -> bool {
    let marked =
        private_note.is_some_and(|note| note.trim_start().get(..6).is_some_and(|w| w.eq_ignore_ascii_case("voided")));
    total.is_zero() && balance.is_zero() && marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use iso_currency::Currency;
    use jiff::civil::date;

    fn invoice(total: i64, balance: i64, due: Date) -> Snapshot {
        Snapshot {
            quickbooks_id: "1".into(),
            sync_token: "0".into(),
            doc_number: None,
            customer_name: "Acme".into(),
            customer_id: "58".into(),
            email: String::new(),
            total: Money::from_minor(total, Currency::BRL),
            balance: Money::from_minor(balance, Currency::BRL),
            tax: None,
            issued: date(2026, 3, 1),
            due,
            sent: false,
            voided: false,
            deleted: false,
        }
    }

    fn check(total: i64, balance: i64, due: Date, voided: bool, deleted: bool, expected: Status) {
        let invoice = Snapshot { voided, deleted, ..invoice(total, balance, due) };
        assert_eq!(status(&invoice, date(2026, 3, 13)), expected);
    }

    /// Names stand in the database and in addresses: one that changes is not understood any more.
    #[test]
    fn names_of_acts_and_badges_stay() {
        use Status::{Deleted, Open, Overdue, Paid, PartiallyPaid, Voided};
        let acts = [Act::Void, Act::Delete, Act::Send, Act::Correct];
        assert_eq!(acts.map(Act::name), ["void", "delete", "send", "correct"]);
        assert_eq!(acts.map(|act| Act::named(act.name())), acts.map(Some));
        assert_eq!(["", "Void", "issue"].map(Act::named), [None; 3]);
        let names = [Open, PartiallyPaid, Overdue, Paid, Voided, Deleted].map(Status::name);
        assert_eq!(names, ["open", "partially-paid", "overdue", "paid", "voided", "deleted"]);
    }

    #[test]
    fn what_a_person_has_seen_changes_with_what_matters() {
        let due = date(2026, 3, 20);
        let plain = invoice(12_500, 2_000, due);
        assert_eq!(plain.seen(), "BRL 125 20 stands 58");
        let voided = Snapshot { voided: true, ..invoice(0, 0, due) };
        assert_eq!(voided.seen(), "BRL 0 0 voided 58");
        assert_eq!(Snapshot { deleted: true, ..voided }.seen(), "BRL 0 0 deleted 58");
        let edited = Snapshot { sync_token: "7".into(), due: date(2026, 4, 1), sent: true, ..plain.clone() };
        assert_eq!(edited.seen(), plain.seen(), "nothing that matters to an act");
        for act in [Act::Void, Act::Delete, Act::Send] {
            assert_eq!(act.seen(&edited), act.seen(&plain), "{act:?}");
        }
        assert_ne!(Act::Correct.seen(&edited), Act::Correct.seen(&plain), "it would undo the edit");
    }

    #[test]
    fn each_act_is_done_in_its_own_way() {
        let acts = [Act::Void, Act::Delete, Act::Send, Act::Correct];
        assert_eq!(acts.map(Act::depends_on_state), [true, true, false, true]);
        assert_eq!(acts.map(Act::is_irreversible), [true, true, false, false]);
        let plain = invoice(12_500, 12_500, date(2026, 3, 20));
        let done = |invoice: &Snapshot, confirmed| acts.map(|act| act.is_done(invoice, Decimal::from(confirmed)));
        assert_eq!(done(&plain, 100), [false; 4]);
        assert_eq!(done(&plain, 125), [false, false, false, true]);
        assert_eq!(done(&Snapshot { voided: true, ..plain.clone() }, 100), [true, false, false, false]);
        assert_eq!(done(&Snapshot { deleted: true, ..plain.clone() }, 100), [false, true, false, false]);
        assert_eq!(done(&Snapshot { sent: true, ..plain }, 100), [false, false, true, false]);
    }

    #[test]
    fn each_badge_has_its_case() {
        check(100, 100, date(2026, 3, 14), false, false, Status::Open);
        check(100, 100, date(2026, 3, 13), false, false, Status::Open);
        check(100, 100, date(2026, 3, 12), false, false, Status::Overdue);
        check(100, 40, date(2026, 3, 12), false, false, Status::Overdue);
        check(100, 40, date(2026, 3, 14), false, false, Status::PartiallyPaid);
        check(100, 0, date(2026, 3, 1), false, false, Status::Paid);
        check(0, 0, date(2026, 3, 1), true, false, Status::Voided);
        check(100, 100, date(2026, 3, 1), false, true, Status::Deleted);
        check(100, 120, date(2026, 3, 14), false, false, Status::Open);
    }

    #[test]
    fn each_badge_allows_its_acts() {
        use Status::{Deleted, Open, Overdue, Paid, PartiallyPaid, Voided};
        for status in [Open, PartiallyPaid, Overdue, Paid] {
            let acts = [Act::Void, Act::Delete, Act::Send];
            assert!(acts.into_iter().all(|act| act.is_allowed(status)), "{status:?}");
            assert_eq!(Act::Correct.is_allowed(status), matches!(status, Open | Overdue), "{status:?}");
        }
        assert!(Act::Delete.is_allowed(Voided) && !Act::Void.is_allowed(Voided) && !Act::Send.is_allowed(Voided));
        assert!(!Act::ALL.into_iter().any(|act| act.is_allowed(Deleted)));
    }

    #[test]
    fn a_void_is_told_by_its_note() {
        let zero = Money::zero(Currency::BRL);
        assert!(looks_voided(zero, zero, Some("Voided - old note")));
        assert!(!looks_voided(zero, zero, Some("né, voided")));
        let one = Money::from_minor(1, Currency::BRL);
        assert!(!looks_voided(one, zero, Some("Voided")));
        assert!(!looks_voided(zero, one, Some("Voided")));
        assert!(!looks_voided(zero, zero, None));
    }
}
