//! Invoices in QuickBooks: create, void, delete, send, download as PDF; and conversion of rows. `lookups` reads them.

use super::{ANSWER_FORMAT, Api, wire};
use crate::{
    ProviderError,
    json::{read_id, take_member},
};
use bytes::Bytes;
use domain::{
    address::Address,
    invoice::{Snapshot, looks_voided},
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    mark::Mark,
    money::{Money, currency_decimals, round_half_up},
    tax::{TaxMode, TaxModel},
    totals::Discount,
};
use futures_util::Stream;
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use serde_json::Value;

/// Decimals of net unit prices of tax-inclusive invoices in QuickBooks.
const NET_PRICE_DECIMALS: u32 = 7;

/// Converts a row to a snapshot. `home` is the currency of rows without one. Returns an error if an amount, a date or the
/// version is invalid or too large to store.
pub(super) fn to_snapshot(row: wire::Invoice, home: Option<Currency>) -> Result<Snapshot, ProviderError> {
    let currency = match &row.currency_ref {
        Some(currency) => Currency::from_code(&currency.value),
        None => home,
    };
    let currency = currency.ok_or_else(|| ProviderError::unknown("the invoice has no currency"))?;
    row.sync_token.parse::<u32>().map_err(|_| ProviderError::unknown("the invoice has no version"))?;
    let issued: Date = row.txn_date.parse().map_err(ProviderError::unknown)?;
    let due = row.due_date.and_then(|due| due.parse().ok()).unwrap_or(issued);
    let money = |amount: Decimal| {
        let money = Money::rounded(amount, currency);
        money.to_minor().map(|_| money).ok_or_else(|| ProviderError::unknown("an amount is too large"))
    };
    let (total, balance) = (money(row.total_amt)?, money(row.balance)?);
    let tax = row.txn_tax_detail.and_then(|detail| detail.total_tax).unwrap_or_default();
    Ok(Snapshot {
        quickbooks_id: row.id,
        sync_token: row.sync_token,
        doc_number: row.doc_number,
        customer_name: row.customer_ref.name.unwrap_or_default(),
        customer_id: row.customer_ref.value,
        email: row.bill_email.and_then(|email| email.address).unwrap_or_default(),
        voided: looks_voided(total, balance, row.private_note.as_deref()),
        total,
        balance,
        tax: Some(money(tax)?),
        issued,
        due,
        sent: row.email_status.as_deref() == Some("EmailSent"),
        deleted: false,
    })
}

/// An invoice that was found in QuickBooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundInvoice {
    /// The current state.
    pub snapshot: Snapshot,
    /// The origin, if the invoice has Fatura's mark.
    pub origin: Option<Origin>,
}

/// Origin of an invoice that Fatura created, reconstructed from QuickBooks' data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Fatura's mark.
    pub mark: Mark,
    /// Time of creation in QuickBooks.
    pub created: Timestamp,
    /// The invoice request, reconstructed from the invoice.
    pub request: InvoiceRequest,
}

/// Converts a row to an invoice with its origin.
pub(super) fn to_found_invoice(mut row: wire::Invoice, home: Option<Currency>) -> Result<FoundInvoice, ProviderError> {
    let mark = row.private_note.as_deref().and_then(Mark::find_in_note);
    let created = row.meta_data.take().and_then(|data| data.create_time?.parse().ok());
    let lines = std::mem::take(&mut row.line);
    let tax = row.global_tax_calculation.take();
    let snapshot = to_snapshot(row, home)?;
    let origin = mark.zip(created).map(|(mark, created)| Origin {
        mark,
        created,
        request: reconstruct_request(&snapshot, tax.as_deref(), lines),
    });
    Ok(FoundInvoice { snapshot, origin })
}

fn reconstruct_request(snapshot: &Snapshot, tax: Option<&str>, lines: Vec<Value>) -> InvoiceRequest {
    let lines: Vec<wire::Line> = lines.into_iter().filter_map(|line| serde_json::from_value(line).ok()).collect();
    let tax_mode = match tax {
        Some("TaxInclusive") => TaxMode::Included,
        Some("NotApplicable") => TaxMode::None,
        _ => TaxMode::Excluded,
    };
    InvoiceRequest {
        customer: Choice::Existing(snapshot.customer_id.clone()),
        attention: String::new(),
        email: snapshot.email.clone(),
        tax_id: String::new(),
        address: Address::default(),
        issued: snapshot.issued,
        due: snapshot.due,
        currency: snapshot.total.currency(),
        number: None,
        invoice_code: None,
        message: String::new(),
        memo: String::new(),
        cc: String::new(),
        online_payment: None,
        custom: Vec::new(),
        update: Vec::new(),
        tax_mode,
        discount: lines.iter().find_map(read_discount),
        discount_amount: lines
            .iter()
            .find(|line| line.discount_line_detail.is_some())
            .map(|line| line.amount)
            .unwrap_or_default(),
        rate: None,
        lines: lines.into_iter().filter_map(to_request_line).collect(),
        total: snapshot.total.amount(),
    }
}

fn read_discount(line: &wire::Line) -> Option<Discount> {
    let detail = line.discount_line_detail.as_ref()?;
    Some(detail.discount_percent.map_or(Discount::Amount(line.amount), Discount::Percent))
}

fn to_request_line(line: wire::Line) -> Option<RequestLine> {
    let detail = line.sales_item_line_detail?;
    let amount = detail.tax_inclusive_amt.unwrap_or(line.amount);
    let net = (amount != line.amount).then_some(line.amount);
    Some(RequestLine {
        product: None,
        item: Choice::Existing(detail.item_ref.value),
        description: line.description,
        quantity: detail.qty.unwrap_or(Decimal::ONE),
        unit_price: detail.unit_price.unwrap_or(amount),
        amount,
        net,
        tax_code: detail.tax_code_ref.map(|code| code.value),
    })
}

/// An invoice request whose customer and items exist in QuickBooks.
#[derive(Debug, Clone, Copy)]
pub struct ResolvedInvoice<'a> {
    /// The invoice request.
    pub request: &'a InvoiceRequest,
    /// The mark for the private note.
    pub mark: Mark,
    /// The customer's QuickBooks id.
    pub customer: &'a str,
    /// QuickBooks ids of the items, one for each line.
    pub items: &'a [String],
    /// The company's tax model.
    pub tax: &'a TaxModel,
    /// QuickBooks id of a term that results in the due date.
    pub term: Option<&'a str>,
    /// Whether invoices of the company carry a currency.
    pub multicurrency: bool,
}

fn build_body(invoice: &ResolvedInvoice<'_>) -> wire::NewInvoice {
    let request = invoice.request;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mark = invoice.mark;
    let note = if request.memo.is_empty() { mark.to_string() } else { format!("{}\n{mark}", request.memo) };
    let mut address = request.address.clone();
    if !request.attention.is_empty() {
        address.street = format!("{}\n{}", request.attention, address.street);
    }
    wire::NewInvoice {
        customer_ref: wire::Reference::to(invoice.customer),
        txn_date: request.issued.to_string(),
        due_date: request.due.to_string(),
        sales_term_ref: invoice.term.map(wire::Reference::to),
        doc_number: request.number.clone(),
        currency_ref: invoice.multicurrency.then(|| wire::Reference::to(request.currency.code())),
        bill_email: filled(&request.email).map(|address| wire::Email { address: Some(address) }),
        bill_addr: wire::PostalAddress::from_domain(&address),
        customer_memo: filled(&request.message).map(|message| wire::Reference::to(&message)),
        private_note: note,
        bill_email_cc: filled(&request.cc).map(|address| wire::Email { address: Some(address) }),
        allow_online_credit_card_payment: request.online_payment,
        allow_online_ach_payment: request.online_payment,
        custom_field: build_custom_fields(request),
        apply_tax_after_discount: request.discount.is_some().then_some(true),
        global_tax_calculation: matches!(invoice.tax, TaxModel::PerLine { .. }).then_some(match request.tax_mode {
            TaxMode::Excluded => "TaxExcluded",
            TaxMode::Included => "TaxInclusive",
            TaxMode::None => "NotApplicable",
        }),
        txn_tax_detail: request
            .invoice_code
            .as_deref()
            .map(|code| wire::NewTax { txn_tax_code_ref: wire::Reference::to(code) }),
        line: build_lines(invoice),
    }
}

fn build_lines(invoice: &ResolvedInvoice<'_>) -> Vec<wire::NewLine> {
    let request = invoice.request;
    let is_inclusive = request.tax_mode == TaxMode::Included && matches!(invoice.tax, TaxModel::PerLine { .. });
    let sold = request.lines.iter().zip(invoice.items).map(|(line, item)| {
        let net = line.net.unwrap_or(line.amount);
        let unit_price =
            if is_inclusive { compute_net_unit_price(line, net) } else { build_unit_price(line, request.currency) };
        wire::NewLine {
            amount: if is_inclusive { net } else { line.amount },
            description: line.description.clone(),
            detail_type: "SalesItemLineDetail",
            sales_item_line_detail: Some(wire::NewSalesItem {
                item_ref: wire::Reference::to(item),
                qty: line.quantity,
                unit_price,
                tax_code_ref: line.tax_code.as_deref().map(wire::Reference::to),
                tax_inclusive_amt: is_inclusive.then_some(line.amount),
            }),
            ..wire::NewLine::default()
        }
    });
    let discount = request.discount.map(|discount| {
        let percent = match discount {
            Discount::Percent(percent) => Some(percent),
            Discount::Amount(_) => None,
        };
        // A percentage is sent together with the amount, so that the result does not depend on which of them QuickBooks
        // uses.
        let amount = match discount {
            Discount::Amount(amount) if request.discount_amount.is_zero() => amount,
            _ => request.discount_amount,
        };
        wire::NewLine {
            amount,
            detail_type: "DiscountLineDetail",
            discount_line_detail: Some(wire::NewDiscount {
                percent_based: percent.is_some(),
                discount_percent: percent,
            }),
            ..wire::NewLine::default()
        }
    });
    sold.chain(discount).collect()
}

/// Builds the unit price of a line. It is undocumented whether QuickBooks compares quantity times price with the amount to
/// two decimals or, for a dinar, to three. A price that would fail one of these checks is sent with enough decimals to
/// pass both.
pub(super) fn build_unit_price(line: &RequestLine, currency: Currency) -> Decimal {
    let exact = line.quantity.checked_mul(line.unit_price).unwrap_or(line.amount);
    if round_half_up(exact, currency_decimals(currency)) == line.amount {
        line.unit_price
    } else {
        compute_net_unit_price(line, line.amount)
    }
}

/// Computes the net unit price, rounded to the seven decimals that QuickBooks stores (409.09 / 450 is 0.9090889).
pub(super) fn compute_net_unit_price(line: &RequestLine, net: Decimal) -> Decimal {
    let exact = net.checked_div(line.quantity).unwrap_or(net);
    round_half_up(exact, NET_PRICE_DECIMALS)
}

fn build_custom_fields(request: &InvoiceRequest) -> Vec<wire::NewCustomField> {
    let field = |(id, value): &(String, String)| wire::NewCustomField {
        definition_id: id.clone(),
        r#type: "StringType",
        string_value: value.clone(),
    };
    request.custom.iter().map(field).collect()
}

impl Api {
    /// Creates an invoice.
    pub async fn create_invoice(
        &self,
        request_id: &str,
        invoice: &ResolvedInvoice<'_>,
    ) -> Result<Snapshot, ProviderError> {
        to_snapshot(self.write_entity("Invoice", request_id, &build_body(invoice)).await?, self.home)
    }

    /// Reads the time of the last e-mail of an invoice, by QuickBooks' clock, in whole seconds.
    pub async fn read_delivery_time(&self, id: &str) -> Result<Option<Timestamp>, ProviderError> {
        let row = self.find_row(id).await?;
        Ok(row.and_then(|row| row.delivery_info?.delivery_time?.parse().ok()))
    }

    /// Voids an invoice. QuickBooks refuses with 5010 if the invoice has changed since `sync_token`.
    pub async fn void_invoice(&self, request_id: &str, id: &str, sync_token: &str) -> Result<Snapshot, ProviderError> {
        let answer = self.send_operation("Invoice", "void", request_id, id, sync_token).await?;
        to_voided(to_snapshot(crate::json::deserialize(answer)?, self.home)?, id)
    }

    /// Deletes an invoice. QuickBooks refuses with 5010 if the invoice has changed since `sync_token`.
    pub async fn delete_invoice(&self, request_id: &str, id: &str, sync_token: &str) -> Result<(), ProviderError> {
        require_deleted(&self.send_operation("Invoice", "delete", request_id, id, sync_token).await?, id)
    }

    /// Makes QuickBooks e-mail an invoice to `to`, or to the invoice's own address.
    pub async fn send_invoice(&self, request_id: &str, id: &str, to: Option<&str>) -> Result<Snapshot, ProviderError> {
        let mut url = self.build_url(&["invoice", id, "send"])?;
        url.query_pairs_mut().append_pair("requestid", request_id);
        if let Some(to) = to {
            url.query_pairs_mut().append_pair("sendTo", to);
        }
        let request = self.http.client.post(url).header("content-type", "application/octet-stream");
        let mut answer: Value = self.http.send_json(self.authorized(request), ANSWER_FORMAT).await?;
        let row = crate::json::deserialize(take_member(&mut answer, "Invoice"))?;
        to_snapshot(row, self.home)
    }

    /// Streams QuickBooks' PDF of an invoice.
    pub async fn download_pdf(
        &self,
        id: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>, ProviderError> {
        let request = self.http.client.get(self.build_url(&["invoice", id, "pdf"])?);
        let request = request.bearer_auth(self.access.expose_secret()).header("accept", "application/pdf");
        self.http.download(request, b"%PDF-", ANSWER_FORMAT).await
    }
}

/// Checks that an answer confirms a void. Returns an error if it is another invoice, or has a total or balance; Fatura then
/// reads the invoice again.
fn to_voided(answered: Snapshot, id: &str) -> Result<Snapshot, ProviderError> {
    if answered.quickbooks_id == id && answered.total.amount().is_zero() && answered.balance.amount().is_zero() {
        Ok(Snapshot { voided: true, ..answered })
    } else {
        Err(ProviderError::unknown("the answer does not confirm the void"))
    }
}

/// Whether a row is the stub of a deleted invoice.
pub(super) fn is_deleted(row: &Value) -> bool {
    row["status"].as_str().is_some_and(|status| status.eq_ignore_ascii_case("Deleted"))
}

/// Returns an error if an answer does not confirm the deletion of an invoice. Fatura then reads the invoice again.
fn require_deleted(row: &Value, id: &str) -> Result<(), ProviderError> {
    if is_deleted(row) && read_id(row).as_deref() == Some(id) {
        Ok(())
    } else {
        Err(ProviderError::unknown("the answer does not confirm the deletion"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// If such an answer counted as a deletion, the invoice would stay open in QuickBooks and the deal would be billed again.
    #[test]
    fn only_the_stub_of_the_invoice_confirms_its_deletion() {
        for odd in [
            json!(null),
            json!({}),
            json!([]),
            json!({ "status": "Deleted" }),
            json!({ "Id": "9", "status": "Deleted" }),
            json!({ "Id": "1", "TotalAmt": 100 }),
        ] {
            assert!(matches!(require_deleted(&odd, "1"), Err(ProviderError::Unknown(_))), "{odd}");
        }
        assert!(require_deleted(&json!({ "domain": "QBO", "status": "Deleted", "Id": "1" }), "1").is_ok());
    }

    #[test]
    fn only_zero_amounts_confirm_a_void() {
        let answered = |id: &str, total: u8, balance: u8| {
            let row =
                json!({ "Id": id, "SyncToken": "1", "TxnDate": "2026-03-13", "TotalAmt": total, "Balance": balance });
            to_snapshot(serde_json::from_value(row).unwrap(), Some(Currency::USD)).unwrap()
        };
        for odd in [answered("1", 100, 100), answered("1", 100, 0), answered("1", 0, 1), answered("9", 0, 0)] {
            assert!(matches!(to_voided(odd, "1"), Err(ProviderError::Unknown(_))));
        }
        assert!(to_voided(answered("1", 0, 0), "1").unwrap().voided);
    }
}
