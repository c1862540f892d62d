//! Sums over the invoices of a customer: outstanding, overdue and paid, separately for each currency.

use crate::{
    invoice::{Snapshot, Status, compute_status},
    money::Money,
};
use iso_currency::Currency;
use jiff::civil::Date;

/// Sums in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Unpaid and not past due.
    pub outstanding: Money,
    /// Unpaid and past due.
    pub overdue: Money,
    /// The paid part.
    pub paid: Money,
}

impl Sums {
    /// The currency of all three sums.
    pub fn currency(&self) -> Currency {
        self.paid.currency()
    }

    /// The unpaid amount, past due or not.
    pub fn balance(&self) -> Money {
        Money::rounded(self.outstanding.amount().saturating_add(self.overdue.amount()), self.currency())
    }

    /// The invoiced amount, paid or not.
    pub fn invoiced(&self) -> Money {
        Money::rounded(self.balance().amount().saturating_add(self.paid.amount()), self.currency())
    }
}

/// Adds up invoices by currency. Each invoice comes with today's date in its own QuickBooks company. Voided and
/// deleted invoices do not count.
pub fn sum_invoices<'a>(invoices: impl IntoIterator<Item = (&'a Snapshot, Date)>) -> Vec<Sums> {
    let mut sums: Vec<Sums> = Vec::new();
    for (invoice, today) in invoices {
        let status = compute_status(invoice, today);
        if matches!(status, Status::Voided | Status::Deleted) {
            continue;
        }
        let currency = invoice.total.currency();
        if !sums.iter().any(|sum| sum.currency() == currency) {
            let zero = Money::zero(currency);
            sums.push(Sums { outstanding: zero, overdue: zero, paid: zero });
        }
        let Some(sum) = sums.iter_mut().find(|sum| sum.currency() == currency) else { continue };
        let add = |total: &mut Money, amount| *total = Money::rounded(total.amount().saturating_add(amount), currency);
        add(&mut sum.paid, invoice.paid());
        let unpaid = if status == Status::Overdue { &mut sum.overdue } else { &mut sum.outstanding };
        add(unpaid, invoice.balance.amount());
    }
    sums.sort_by_key(|sum| sum.currency().code());
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn invoice(currency: Currency, total: i64, balance: i64, due: Date) -> Snapshot {
        Snapshot {
            quickbooks_id: "1".into(),
            sync_token: "0".into(),
            doc_number: None,
            customer_name: "Acme".into(),
            customer_id: "58".into(),
            email: String::new(),
            total: Money::from_minor(total, currency),
            balance: Money::from_minor(balance, currency),
            tax: None,
            issued: date(2026, 3, 1),
            due,
            sent: false,
            voided: false,
            deleted: false,
        }
    }

    #[test]
    fn each_currency_has_its_own_sums() {
        let (late, early) = (date(2026, 3, 1), date(2026, 4, 1));
        let deleted = Snapshot { deleted: true, ..invoice(Currency::USD, 900, 900, early) };
        let all = [
            invoice(Currency::USD, 100, 40, late),
            invoice(Currency::BRL, 100, 100, early),
            invoice(Currency::USD, 50, 50, early),
            deleted,
        ];
        let today = date(2026, 3, 13);
        let [brl, usd] = sum_invoices(all.iter().map(|invoice| (invoice, today)))[..] else { panic!("two currencies") };
        let minor = |sums: Sums| [sums.outstanding, sums.overdue, sums.paid].map(Money::to_minor);
        assert_eq!(minor(brl), [Some(100), Some(0), Some(0)]);
        assert_eq!(minor(usd), [Some(50), Some(40), Some(60)]);
        assert_eq!((usd.balance().to_minor(), usd.invoiced().to_minor()), (Some(90), Some(150)));
    }

    #[test]
    fn each_invoice_has_its_own_today() {
        let due = date(2026, 3, 13);
        let invoice = invoice(Currency::USD, 100, 100, due);
        let [sum] = sum_invoices([(&invoice, due), (&invoice, date(2026, 3, 14))])[..] else { panic!("one currency") };
        assert_eq!((sum.outstanding.to_minor(), sum.overdue.to_minor()), (Some(100), Some(100)));
    }
}
