//! Corrects an invoice if QuickBooks computed another total, by stating its amounts and taxes.

use super::{
    Api,
    invoices::{build_unit_price, compute_net_unit_price, to_snapshot},
    wire,
};
use crate::{ProviderError, Refusal};
use domain::{
    invoice::Snapshot,
    invoice_request::{Choice, InvoiceRequest, RequestLine},
    tax::{TaxMode, TaxModel},
    totals::{LineAmounts, Sale, TaxAmount, compute_totals},
};
use rust_decimal::Decimal;

impl Api {
    /// Sets the amounts and taxes of an invoice to those of its request.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Refused`] with code 5010 if the invoice has changed since `sync_token`, or if its lines are no
    /// longer those of the request.
    pub async fn correct_invoice(
        &self,
        request_id: &str,
        id: &str,
        sync_token: &str,
        request: &InvoiceRequest,
        tax: &TaxModel,
    ) -> Result<Snapshot, ProviderError> {
        let row = self.find_row(id).await?.ok_or(ProviderError::NotFound)?;
        let Some(body) = build_stated_invoice(&row, id, sync_token, request, tax) else {
            return Err(ProviderError::Refused(Refusal {
                code: "5010".into(),
                detail: "the lines are not those of the form".into(),
                ..Refusal::default()
            }));
        };
        to_snapshot(self.write_entity("Invoice", request_id, &body).await?, self.home)
    }
}

/// Builds the update that states amounts and taxes of the request, line by line. Returns `None` if the lines of the
/// invoice are not those of the request, or cannot be added up.
fn build_stated_invoice<'a>(
    row: &wire::Invoice,
    id: &'a str,
    sync_token: &'a str,
    request: &InvoiceRequest,
    tax: &TaxModel,
) -> Option<wire::StatedInvoice<'a>> {
    let lines: Vec<wire::Line> = row.line.iter().filter_map(|line| serde_json::from_value(line.clone()).ok()).collect();
    let sold: Vec<&wire::Line> = lines.iter().filter(|line| line.sales_item_line_detail.is_some()).collect();
    let has_same_item = |(line, sold): (&RequestLine, &&wire::Line)| {
        let item = sold.sales_item_line_detail.as_ref().map(|detail| detail.item_ref.value.as_str());
        item.is_some_and(|item| match &line.item {
            Choice::Existing(id) => id == item,
            Choice::New(_) => !item.is_empty(),
        })
    };
    if sold.len() != request.lines.len() || !request.lines.iter().zip(&sold).all(has_same_item) {
        return None;
    }
    let amounts: Vec<LineAmounts> = request
        .lines
        .iter()
        .map(|line| LineAmounts {
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount_percent: Decimal::ZERO,
            tax_code: line.tax_code.clone(),
        })
        .collect();
    let totals = compute_totals(&Sale {
        lines: &amounts,
        discount: request.discount,
        mode: request.tax_mode,
        model: tax,
        invoice_code: request.invoice_code.as_deref(),
        currency: request.currency,
    })?;
    let lines = request.lines.iter().zip(&sold).zip(&totals.nets);
    let lines = lines.filter_map(|((line, sold), net)| build_stated_line(request, line, sold, *net));
    let discount = (!totals.invoice_discount.is_zero()).then(|| wire::NewLine {
        amount: totals.invoice_discount,
        detail_type: "DiscountLineDetail",
        discount_line_detail: Some(wire::NewDiscount { percent_based: false, discount_percent: None }),
        ..wire::NewLine::default()
    });
    Some(wire::StatedInvoice {
        id,
        sync_token,
        sparse: true,
        customer_ref: wire::Reference::to(&row.customer_ref.value),
        global_tax_calculation: matches!(tax, TaxModel::PerLine { .. }).then_some("TaxExcluded"),
        line: lines.chain(discount).collect(),
        txn_tax_detail: wire::StatedTax {
            txn_tax_code_ref: request.invoice_code.as_deref().map(wire::Reference::to),
            total_tax: totals.tax,
            tax_line: totals.taxes.iter().map(build_stated_tax_line).collect(),
        },
    })
}

/// Builds a line with the amount of the request. Returns `None` if the line in QuickBooks has no item.
fn build_stated_line(
    request: &InvoiceRequest,
    line: &RequestLine,
    sold: &wire::Line,
    net: Decimal,
) -> Option<wire::NewLine> {
    Some(wire::NewLine {
        id: sold.id.clone(),
        amount: net,
        description: line.description.clone(),
        detail_type: "SalesItemLineDetail",
        sales_item_line_detail: Some(wire::NewSalesItem {
            item_ref: wire::Reference::to(&sold.sales_item_line_detail.as_ref()?.item_ref.value),
            qty: line.quantity,
            unit_price: if request.tax_mode == TaxMode::Included {
                compute_net_unit_price(line, net)
            } else {
                build_unit_price(line, request.currency)
            },
            tax_code_ref: line.tax_code.as_deref().map(wire::Reference::to),
            tax_inclusive_amt: None,
        }),
        ..wire::NewLine::default()
    })
}

fn build_stated_tax_line(tax: &TaxAmount) -> wire::StatedTaxLine {
    wire::StatedTaxLine {
        amount: tax.amount,
        detail_type: "TaxLineDetail",
        tax_line_detail: wire::StatedRate {
            tax_rate_ref: wire::Reference::to(&tax.rate.id),
            percent_based: true,
            tax_percent: tax.rate.percent,
            net_amount_taxable: tax.net,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quickbooks::invoices::to_found_invoice;
    use domain::{
        ids::{DealId, IntentKey, UserId},
        mark::Mark,
    };
    use iso_currency::Currency;
    use serde_json::{Value, json};

    fn row(items: &[&str]) -> wire::Invoice {
        let intent = IntentKey(uuid::Uuid::from_u128(7));
        let mark = Mark { intent, company: 1, deal: DealId(2), user: UserId(3) };
        let lines: Vec<Value> = items
            .iter()
            .map(|item| {
                let detail = json!({ "ItemRef": { "value": item }, "Qty": 1, "UnitPrice": 10 });
                json!({ "Id": "1", "Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail })
            })
            .collect();
        let row = json!({
            "Id": "5", "SyncToken": "2", "TxnDate": "2026-03-13", "TotalAmt": 20, "Balance": 20, "Line": lines,
            "PrivateNote": mark.to_string(), "MetaData": { "CreateTime": "2026-03-13T10:00:00Z" },
        });
        serde_json::from_value(row).unwrap()
    }

    /// If the amounts of one item were stated on another, the total would be right and both lines wrong.
    #[test]
    fn an_invoice_with_other_items_is_not_corrected() {
        let found = to_found_invoice(row(&["11", "12"]), Some(Currency::BRL)).unwrap();
        let request = found.origin.unwrap().request;
        let is_corrected = |items: &[&str], request: &InvoiceRequest| {
            build_stated_invoice(&row(items), "5", "2", request, &TaxModel::None).is_some()
        };
        assert!(is_corrected(&["11", "12"], &request));
        for other in [&["12", "11"][..], &["11", "13"], &["11"], &["11", "12", "12"]] {
            assert!(!is_corrected(other, &request), "{other:?}");
        }
        let mut with_new = request;
        with_new.lines[1].item = Choice::New("Hours".into());
        assert!(is_corrected(&["11", "13"], &with_new), "the id of a new item is not in the request");
        assert!(!is_corrected(&["11", ""], &with_new));
    }
}
