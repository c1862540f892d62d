//! Payments and credit memos that are applied to an invoice.

use super::{Api, invoices::to_snapshot, quote, wire};
use crate::ProviderError;
use domain::{invoice::Snapshot, money::Money};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

/// Maximum of payments that are read for an invoice: the ids that fit into one query. Further payments are visible in
/// QuickBooks.
const MAX_PAYMENTS: usize = 100;

/// An invoice with its payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payments {
    /// The invoice in its current state.
    pub invoice: Snapshot,
    /// Number of payments that QuickBooks links to the invoice.
    pub count: usize,
    /// The payments with valid rows, the oldest first.
    pub payments: Vec<AppliedPayment>,
}

/// The part of a payment that is applied to an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPayment {
    /// Date of the payment.
    pub date: Date,
    /// Amount that is applied to the invoice.
    pub amount: Money,
    /// Whether a credit memo was applied instead of money.
    pub is_credit: bool,
}

fn read_applied_payment(row: Value, invoice: &Snapshot) -> Option<AppliedPayment> {
    let payment: wire::Payment = serde_json::from_value(row).ok()?;
    let is_applied = |line: &&wire::PaymentLine| {
        wire::read_links(&line.linked_txn)
            .any(|link| link.txn_type == "Invoice" && link.txn_id == invoice.quickbooks_id)
    };
    let amount =
        payment.line.iter().filter(is_applied).map(|line| line.amount).fold(Decimal::ZERO, Decimal::saturating_add);
    Some(AppliedPayment {
        date: payment.txn_date.parse().ok()?,
        amount: Money::rounded(amount, invoice.total.currency()),
        is_credit: payment.total_amt.is_zero(),
    })
}

impl Api {
    /// Reads an invoice with its payments, in two calls. Returns `None` if the invoice was deleted. Queries cannot
    /// select payments by invoice, but the invoice links its payments.
    pub async fn read_payments(&self, invoice: &str) -> Result<Option<Payments>, ProviderError> {
        let Some(mut row) = self.find_row(invoice).await? else { return Ok(None) };
        let linked = row.linked_txn.take();
        let ids: Vec<String> =
            wire::read_links(&linked).filter(|link| link.txn_type == "Payment").map(|link| link.txn_id).collect();
        let invoice = to_snapshot(row, self.home)?;
        let list: Vec<String> = ids.iter().take(MAX_PAYMENTS).map(|id| quote(id)).collect();
        let mut payments: Vec<AppliedPayment> = Vec::new();
        if !list.is_empty() {
            let statement = format!("select * from Payment where Id in ({}) maxresults 1000", list.join(", "));
            let rows: Vec<Value> = self.query_valid_rows("Payment", &statement).await?;
            payments.extend(rows.into_iter().filter_map(|row| read_applied_payment(row, &invoice)));
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
        let ids = wire::read_links(&row.linked_txn).map(|link| link.txn_id).collect();
        (to_snapshot(row, None).unwrap(), ids)
    }

    #[test]
    fn counts_only_the_amount_applied_to_the_invoice() {
        let (invoice, _) = invoice(&json!([]));
        let line = |amount: Value, id: &str, kind: &str| json!({ "Amount": amount, "LinkedTxn": [{ "TxnId": id, "TxnType": kind }] });
        let read = |total: Value, lines: &[Value]| {
            read_applied_payment(json!({ "TxnDate": "2026-03-15", "TotalAmt": total, "Line": lines }), &invoice)
        };
        let of = |minor, is_credit| {
            let amount = Money::from_minor(minor, Currency::USD);
            Some(AppliedPayment { date: date(2026, 3, 15), amount, is_credit })
        };
        // The estimate with the same id is another transaction.
        let lines =
            [line(json!(40.1), "130", "Invoice"), line(json!(60), "131", "Invoice"), line(json!(7), "130", "Estimate")];
        assert_eq!(read(json!(100.1), &lines), of(4010, false));
        assert_eq!(
            read(json!(0), &[line(json!(20), "130", "Invoice"), line(json!(20), "9", "CreditMemo")]),
            of(2000, true)
        );
    }

    #[test]
    fn invalid_links_and_lines_are_skipped() {
        for odd in [json!(null), json!({}), json!("x"), json!([null, 1, { "TxnId": 5 }, {}])] {
            assert_eq!(invoice(&odd).1, Vec::<String>::new(), "{odd}");
        }
        let (invoice, _) = invoice(&json!([]));
        for odd in [json!(null), json!({ "TxnDate": "soon" }), json!({ "TxnDate": "2026-03-15", "Line": 4 })] {
            assert_eq!(read_applied_payment(odd.clone(), &invoice), None, "{odd}");
        }
        let bare = json!({ "TxnDate": "2026-03-15", "Line": [{ "Amount": 4, "LinkedTxn": null }] });
        assert_eq!(read_applied_payment(bare, &invoice).map(|payment| payment.amount.is_zero()), Some(true));
    }
}
