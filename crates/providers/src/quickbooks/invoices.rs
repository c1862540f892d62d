//! Invoices: create, find again, read.

use super::{Api, quoted, wire};
use crate::ProviderError;
use domain::{
    draft::Draft,
    ids::InvoiceId,
    invoice::{Snapshot, looks_voided},
    money::Money,
    tax::TaxModel,
};
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};

/// The words in an invoice's private note by which it is found again after a lost answer.
fn mark(id: InvoiceId) -> String {
    format!("Fatura {}", id.0)
}

fn snapshot(row: wire::Invoice) -> Result<Snapshot, ProviderError> {
    let code = row.currency_ref.map(|currency| currency.value).unwrap_or_default();
    let currency = Currency::from_code(&code).ok_or_else(|| ProviderError::unknown("an invoice without currency"))?;
    let issued: Date = row.txn_date.parse().map_err(ProviderError::unknown)?;
    let due = row.due_date.map_or(Ok(issued), |due| due.parse()).map_err(ProviderError::unknown)?;
    let total = Money::rounded(row.total_amt, currency);
    let balance = Money::rounded(row.balance, currency);
    Ok(Snapshot {
        quickbooks_id: row.id,
        sync_token: row.sync_token,
        doc_number: row.doc_number,
        customer_name: row.customer_ref.name.unwrap_or_default(),
        voided: looks_voided(total, balance, row.private_note.as_deref()),
        total,
        balance,
        issued,
        due,
        sent: row.email_status.as_deref() == Some("EmailSent"),
        deleted: false,
    })
}

/// An invoice with everything in it that QuickBooks has to know already.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// What the person confirmed.
    pub draft: &'a Draft,
    /// Our id, for the mark.
    pub id: InvoiceId,
    /// The customer's QuickBooks id.
    pub customer: &'a str,
    /// The items' QuickBooks ids, one for each line.
    pub items: &'a [String],
    /// How the company taxes.
    pub tax: &'a TaxModel,
    /// A term that says the same as the due date.
    pub term: Option<&'a str>,
    /// Whether the company has several currencies.
    pub multicurrency: bool,
}

fn body(invoice: &Resolved<'_>) -> wire::NewInvoice {
    let draft = invoice.draft;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let note = if draft.memo.is_empty() { mark(invoice.id) } else { format!("{}\n{}", draft.memo, mark(invoice.id)) };
    let mut address = draft.address.clone();
    if !draft.attention.is_empty() {
        address.street = format!("{}\n{}", draft.attention, address.street);
    }
    wire::NewInvoice {
        customer_ref: wire::Reference::to(invoice.customer),
        txn_date: draft.issued.to_string(),
        due_date: draft.due.to_string(),
        sales_term_ref: invoice.term.map(wire::Reference::to),
        doc_number: draft.number.clone(),
        currency_ref: invoice.multicurrency.then(|| wire::Reference::to(draft.currency.code())),
        bill_email: filled(&draft.email).map(|address| wire::Email { address: Some(address) }),
        bill_addr: wire::PostalAddress::from_domain(&address),
        customer_memo: filled(&draft.message).map(|message| wire::Reference::to(&message)),
        private_note: note,
        global_tax_calculation: matches!(invoice.tax, TaxModel::PerLine { .. }).then_some("TaxExcluded"),
        txn_tax_detail: draft
            .invoice_code
            .as_deref()
            .map(|code| wire::NewTax { txn_tax_code_ref: wire::Reference::to(code) }),
        line: draft
            .lines
            .iter()
            .zip(invoice.items)
            .map(|(line, item)| wire::NewLine {
                amount: line.amount,
                description: line.description.clone(),
                detail_type: "SalesItemLineDetail",
                sales_item_line_detail: wire::NewSalesItem {
                    item_ref: wire::Reference::to(item),
                    qty: line.quantity,
                    unit_price: line.unit_price,
                    tax_code_ref: line.tax_code.as_deref().map(wire::Reference::to),
                },
            })
            .collect(),
    }
}

impl Api<'_> {
    /// Creates an invoice.
    pub async fn create_invoice(&self, request_id: &str, invoice: &Resolved<'_>) -> Result<Snapshot, ProviderError> {
        snapshot(self.write("Invoice", request_id, &body(invoice)).await?)
    }

    /// The invoice that carries our mark, if it was created. `since` is before the first attempt.
    ///
    /// The note cannot be queried, so the invoices of the issue date are read and looked through.
    pub async fn find_invoice(
        &self,
        id: InvoiceId,
        issued: Date,
        since: Timestamp,
    ) -> Result<Option<Snapshot>, ProviderError> {
        let mark = mark(id);
        let mut start = 1;
        loop {
            let statement = format!(
                "select * from Invoice where TxnDate = {} and MetaData.CreateTime >= {} orderby Id startposition {start} maxresults 1000",
                quoted(&issued.to_string()),
                quoted(&since.to_string()),
            );
            let rows: Vec<wire::Invoice> = self.query("Invoice", &statement).await?;
            let count = rows.len();
            let marked = |row: &wire::Invoice| row.private_note.as_deref().is_some_and(|note| note.contains(&mark));
            if let Some(row) = rows.into_iter().find(marked) {
                return snapshot(row).map(Some);
            }
            if count < 1000 {
                return Ok(None);
            }
            start += count;
        }
    }

    /// Reads invoices by id; those that are gone are not in the answer.
    pub async fn invoices(&self, ids: &[&str]) -> Result<Vec<Snapshot>, ProviderError> {
        let mut found = Vec::new();
        for ids in ids.chunks(100) {
            let list: Vec<String> = ids.iter().map(|id| quoted(id)).collect();
            let statement = format!("select * from Invoice where Id in ({}) maxresults 1000", list.join(", "));
            let rows: Vec<wire::Invoice> = self.query("Invoice", &statement).await?;
            for row in rows {
                found.push(snapshot(row)?);
            }
        }
        Ok(found)
    }
}
