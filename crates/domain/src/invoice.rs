//! The snapshot of an invoice, and the badge that is computed from it.

use crate::money::Money;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The last known state of an invoice in QuickBooks, as far as the deal page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// QuickBooks id.
    pub quickbooks_id: String,
    /// QuickBooks' version of the invoice. A change has to send it.
    pub sync_token: String,
    /// The invoice number, if there is one.
    pub doc_number: Option<String>,
    /// Name of the customer.
    pub customer_name: String,
    /// QuickBooks id of the customer.
    pub customer_id: String,
    /// E-mail address to which QuickBooks sends the invoice; may be empty.
    pub email: String,
    /// Total.
    pub total: Money,
    /// Unpaid amount, in the currency of the total.
    pub balance: Money,
    /// Tax within the total; `None` in snapshots of earlier versions.
    #[serde(default)]
    pub tax: Option<Money>,
    /// Issue date.
    pub issued: Date,
    /// Due date.
    pub due: Date,
    /// Whether QuickBooks has e-mailed the invoice.
    pub sent: bool,
    /// Whether the invoice was voided in QuickBooks.
    pub voided: bool,
    /// Whether the invoice was deleted in QuickBooks. The other fields keep their last known values.
    pub deleted: bool,
}

impl Snapshot {
    /// Describes the state that a person confirms before an irreversible action: customer, total, balance, and whether the
    /// invoice is voided or deleted. The action is refused if the state has changed since.
    pub fn state_text(&self) -> String {
        let state = match (self.deleted, self.voided) {
            (true, _) => "deleted",
            (_, true) => "voided",
            _ => "stands",
        };
        let (total, balance) = (self.total.amount().normalize(), self.balance.amount().normalize());
        format!("{} {total} {balance} {state} {}", self.total.currency().code(), self.customer_id)
    }

    /// The paid amount: total minus balance.
    pub fn paid(&self) -> Decimal {
        self.total.amount().saturating_sub(self.balance.amount())
    }
}

/// A change to an invoice in QuickBooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceAction {
    /// Sets the amounts to zero; the invoice stays in the books. Irreversible.
    Void,
    /// Removes the invoice from the books. Irreversible.
    Delete,
    /// Has QuickBooks e-mail the invoice.
    Send,
    /// Sets taxes and total to the values of the form, if QuickBooks computed others.
    Correct,
}

impl InvoiceAction {
    /// All actions.
    pub const ALL: [Self; 4] = [Self::Void, Self::Delete, Self::Send, Self::Correct];

    /// The name in URLs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Void => "void",
            Self::Delete => "delete",
            Self::Send => "send",
            Self::Correct => "correct",
        }
    }

    /// The action with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether the action is allowed for an invoice with this badge.
    pub fn is_allowed(self, status: Status) -> bool {
        match self {
            Self::Void | Self::Send => !matches!(status, Status::Voided | Status::Deleted),
            Self::Delete => status != Status::Deleted,
            Self::Correct => matches!(status, Status::Open | Status::Overdue),
        }
    }

    /// Whether the action requires that the state is the one that the person confirmed.
    pub fn depends_on_state(self) -> bool {
        self != Self::Send
    }

    /// Describes the state of an invoice that a person must have seen before this action. A correction sends all lines
    /// again, so its state changes with every edit, even if the amounts stay the same.
    pub fn seen_state(self, snapshot: &Snapshot) -> String {
        match self {
            Self::Correct => format!("{} {}", snapshot.state_text(), snapshot.sync_token),
            Self::Void | Self::Delete | Self::Send => snapshot.state_text(),
        }
    }

    /// Whether the action ends the debt of the customer and cannot be undone.
    pub fn is_irreversible(self) -> bool {
        matches!(self, Self::Void | Self::Delete)
    }

    /// Whether the invoice is in the state that the action results in. `confirmed` is the total that the form showed.
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
    /// Unpaid, and not past due.
    Open,
    /// Partially paid, and not past due.
    PartiallyPaid,
    /// Not fully paid, and the due date is before today.
    Overdue,
    /// Fully paid.
    Paid,
    /// Voided in QuickBooks.
    Voided,
    /// Deleted in QuickBooks.
    Deleted,
}

impl Status {
    /// The name in tables and HTML attributes.
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

/// Computes the badge on `today`, the current date in the company's time zone. An invoice that is due today is not
/// overdue.
pub fn compute_status(invoice: &Snapshot, today: Date) -> Status {
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

/// Whether an invoice is voided: total and balance are zero, and the private note begins with "Voided".
///
/// QuickBooks has no field for this state. A void writes "Voided" in front of the note.
pub fn looks_voided(total: Money, balance: Money, private_note: Option<&str>) -> bool {
    let has_voided_note =
        private_note.is_some_and(|note| note.trim_start().get(..6).is_some_and(|w| w.eq_ignore_ascii_case("voided")));
    total.is_zero() && balance.is_zero() && has_voided_note
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
        assert_eq!(compute_status(&invoice, date(2026, 3, 13)), expected);
    }

    /// The names must not change: the database and URLs contain them.
    #[test]
    fn names_of_acts_and_badges_do_not_change() {
        use Status::{Deleted, Open, Overdue, Paid, PartiallyPaid, Voided};
        let actions = [InvoiceAction::Void, InvoiceAction::Delete, InvoiceAction::Send, InvoiceAction::Correct];
        assert_eq!(actions.map(InvoiceAction::name), ["void", "delete", "send", "correct"]);
        assert_eq!(actions.map(|action| InvoiceAction::from_name(action.name())), actions.map(Some));
        assert_eq!(["", "Void", "issue"].map(InvoiceAction::from_name), [None; 3]);
        let names = [Open, PartiallyPaid, Overdue, Paid, Voided, Deleted].map(Status::name);
        assert_eq!(names, ["open", "partially-paid", "overdue", "paid", "voided", "deleted"]);
    }

    #[test]
    fn the_state_text_changes_with_relevant_fields_only() {
        let due = date(2026, 3, 20);
        let plain = invoice(12_500, 2_000, due);
        assert_eq!(plain.state_text(), "BRL 125 20 stands 58");
        let voided = Snapshot { voided: true, ..invoice(0, 0, due) };
        assert_eq!(voided.state_text(), "BRL 0 0 voided 58");
        assert_eq!(Snapshot { deleted: true, ..voided }.state_text(), "BRL 0 0 deleted 58");
        let edited = Snapshot { sync_token: "7".into(), due: date(2026, 4, 1), sent: true, ..plain.clone() };
        assert_eq!(edited.state_text(), plain.state_text(), "no field that the state text contains");
        for action in [InvoiceAction::Void, InvoiceAction::Delete, InvoiceAction::Send] {
            assert_eq!(action.seen_state(&edited), action.seen_state(&plain), "{action:?}");
        }
        assert_ne!(
            InvoiceAction::Correct.seen_state(&edited),
            InvoiceAction::Correct.seen_state(&plain),
            "a correction would undo the edit"
        );
    }

    #[test]
    fn each_act_has_its_own_result() {
        let actions = [InvoiceAction::Void, InvoiceAction::Delete, InvoiceAction::Send, InvoiceAction::Correct];
        assert_eq!(actions.map(InvoiceAction::depends_on_state), [true, true, false, true]);
        assert_eq!(actions.map(InvoiceAction::is_irreversible), [true, true, false, false]);
        let plain = invoice(12_500, 12_500, date(2026, 3, 20));
        let done =
            |invoice: &Snapshot, confirmed| actions.map(|action| action.is_done(invoice, Decimal::from(confirmed)));
        assert_eq!(done(&plain, 100), [false; 4]);
        assert_eq!(done(&plain, 125), [false, false, false, true]);
        assert_eq!(done(&Snapshot { voided: true, ..plain.clone() }, 100), [true, false, false, false]);
        assert_eq!(done(&Snapshot { deleted: true, ..plain.clone() }, 100), [false, true, false, false]);
        assert_eq!(done(&Snapshot { sent: true, ..plain }, 100), [false, false, true, false]);
    }

    #[test]
    fn computes_each_badge() {
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
    fn each_badge_allows_its_actions() {
        use Status::{Deleted, Open, Overdue, Paid, PartiallyPaid, Voided};
        for status in [Open, PartiallyPaid, Overdue, Paid] {
            let actions = [InvoiceAction::Void, InvoiceAction::Delete, InvoiceAction::Send];
            assert!(actions.into_iter().all(|action| action.is_allowed(status)), "{status:?}");
            assert_eq!(InvoiceAction::Correct.is_allowed(status), matches!(status, Open | Overdue), "{status:?}");
        }
        assert!(
            InvoiceAction::Delete.is_allowed(Voided)
                && !InvoiceAction::Void.is_allowed(Voided)
                && !InvoiceAction::Send.is_allowed(Voided)
        );
        assert!(!InvoiceAction::ALL.into_iter().any(|action| action.is_allowed(Deleted)));
    }

    #[test]
    fn recognises_a_void_by_its_note() {
        let zero = Money::zero(Currency::BRL);
        assert!(looks_voided(zero, zero, Some("Voided - old note")));
        assert!(!looks_voided(zero, zero, Some("né, voided")));
        let one = Money::from_minor(1, Currency::BRL);
        assert!(!looks_voided(one, zero, Some("Voided")));
        assert!(!looks_voided(zero, one, Some("Voided")));
        assert!(!looks_voided(zero, zero, None));
    }
}
