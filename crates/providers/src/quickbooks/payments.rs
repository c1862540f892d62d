//! What an invoice was paid with.

use super::{Api, invoices::snapshot, quoted, wire};
use crate::ProviderError;
use domain::{invoice::Snapshot, money::Money};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

/// Payments that are read of one invoice: as many as one query takes. Who needs more looks in QuickBooks.
const PAYMENTS_MOST: usize = 100;

/// An invoice as it is now, with what it was paid with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payments {
    /// The invoice.
    pub invoice: Snapshot,
    /// How many payments QuickBooks links to it.
    pub count: usize,
    /// Those that could be read, the oldest first.
    pub payments: Vec<AppliedPayment>,
}

/// What one payment pays of one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPayment {
    /// Its date.
    pub date: Date,
    /// What of it was applied to the invoice.
    pub amount: Money,
    /// No money came: a credit memo was applied.
    pub is_credit: bool,
}

fn applied(row: Value, invoice: &Snapshot) -> Option<AppliedPayment> {
    let payment: wire::Payment = serde_json::from_value(row).ok()?;
    let pays = |line: &&wire::PaymentLine| {
        wire::links(&line.linked_txn).any(|link| link.txn_type == "Invoice" && link.txn_id == invoice.quickbooks_id)
    };
    let amount = payment.line.iter().filter(pays).map(|line| line.amount).fold(Decimal::ZERO, Decimal::saturating_add);
    Some(AppliedPayment {
        date: payment.txn_date.parse().ok()?,
        amount: Money::rounded(amount, invoice.total.currency()),
        is_credit: payment.total_amt.is_zero(),
    })
}

impl Api<'_> {
    /// An invoice with its payments, in two calls; `None` where the invoice is gone. Payments cannot be queried by their invoice, but it
    /// names them.
    pub async fn payments(&self, invoice: &str) -> Result<Option<Payments>, ProviderError> {
        let Some(mut row) = self.row(invoice).await? else { return Ok(None) };
        let linked = row.linked_txn.take();
        let ids: Vec<String> =
            wire::links(&linked).filter(|link| link.txn_type == "Payment").map(|link| link.txn_id).collect();
        let invoice = snapshot(row, self.home)?;
        let list: Vec<String> = ids.iter().take(PAYMENTS_MOST).map(|id| quoted(id)).collect();
        let mut payments: Vec<AppliedPayment> = Vec::new();
        if !list.is_empty() {
            let statement = format!("select * from Payment where Id in ({}) maxresults 1000", list.join(", "));
            let rows: Vec<Value> = self.query("Payment", &statement).await?;
            payments.extend(rows.into_iter().filter_map(|row| applied(row, &invoice)));
        }
        payments.sort_by_key(|payment| payment.date);
        Ok(Some(Payments { invoice, count: ids.len(), payments }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iso_currency::Currency;
    use jiff::civil::date;
    use serde_json::json;

    fn invoice(links: &Value) -> (Snapshot, Vec<String>) {
        let row: wire::Invoice = serde_json::from_value(json!({
            "Id": "130", "SyncToken": "0", "TxnDate": "2026-03-13", "TotalAmt": 100, "Balance": 40,
            "CurrencyRef": { "value": "USD" }, "LinkedTxn": links,
        }))
        .unwrap();
        let ids = wire::links(&row.linked_txn).map(|link| link.txn_id).collect();
        (snapshot(row, None).unwrap(), ids)
    }

    #[test]
    fn only_what_is_applied_to_the_invoice_counts() {
        let (invoice, _) = invoice(&json!([]));
        let line = |amount: f64, id: &str, kind: &str| json!({ "Amount": amount, "LinkedTxn": [{ "TxnId": id, "TxnType": kind }] });
        let read = |total: f64, lines: &[Value]| {
            applied(json!({ "TxnDate": "2026-03-15", "TotalAmt": total, "Line": lines }), &invoice)
        };
        let of = |minor, is_credit| {
            let amount = Money::from_minor(minor, Currency::USD);
            Some(AppliedPayment { date: date(2026, 3, 15), amount, is_credit })
        };
        // The estimate of the same number is another transaction.
        let lines = [line(40.1, "130", "Invoice"), line(60.0, "131", "Invoice"), line(7.0, "130", "Estimate")];
        assert_eq!(read(100.1, &lines), of(4010, false));
        assert_eq!(read(0.0, &[line(20.0, "130", "Invoice"), line(20.0, "9", "CreditMemo")]), of(2000, true));
    }

    #[test]
    fn what_is_not_as_expected_hides_nothing() {
        for odd in [json!(null), json!({}), json!("x"), json!([null, 1, { "TxnId": 5 }, {}])] {
            assert_eq!(invoice(&odd).1, Vec::<String>::new(), "{odd}");
        }
        let (invoice, _) = invoice(&json!([]));
        for odd in [json!(null), json!({ "TxnDate": "soon" }), json!({ "TxnDate": "2026-03-15", "Line": 4 })] {
            assert_eq!(applied(odd.clone(), &invoice), None, "{odd}");
        }
        let bare = json!({ "TxnDate": "2026-03-15", "Line": [{ "Amount": 4, "LinkedTxn": null }] });
        assert_eq!(applied(bare, &invoice).map(|payment| payment.amount.is_zero()), Some(true));
    }
}
