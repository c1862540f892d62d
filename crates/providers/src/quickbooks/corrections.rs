//! Correcting an invoice whose total QuickBooks computed differently: its amounts and taxes are stated.

use super::{
    Api,
    invoices::{net_price, plain_price, snapshot},
    wire,
};
use crate::{ProviderError, Refusal};
use domain::{
    draft::Draft,
    invoice::Snapshot,
    tax::{TaxMode, TaxModel},
    totals::{LineAmounts, Sale, TaxAmount, totals},
};
use rust_decimal::Decimal;

impl Api<'_> {
    /// Gives an invoice that has not changed since `sync_token` the amounts and taxes of its form, where QuickBooks computed others.
    /// Refused with 5010 where it has changed, or where its lines are not those of the form any more.
    pub async fn correct_invoice(
        &self,
        request_id: &str,
        id: &str,
        sync_token: &str,
        draft: &Draft,
        tax: &TaxModel,
    ) -> Result<Snapshot, ProviderError> {
        let row = self.row(id).await?.ok_or(ProviderError::NotFound)?;
        let Some(body) = stated(&row, id, sync_token, draft, tax) else {
            return Err(ProviderError::Refused(Refusal {
                code: "5010".into(),
                detail: "the lines are not those of the form".into(),
                ..Refusal::default()
            }));
        };
        snapshot(self.write("Invoice", request_id, &body).await?, self.home)
    }
}

/// The update that gives an invoice the amounts and taxes of the form, line by line; `None` where its lines are not those of the form, or
/// cannot be added up.
fn stated<'a>(
    row: &wire::Invoice,
    id: &'a str,
    sync_token: &'a str,
    draft: &Draft,
    tax: &TaxModel,
) -> Option<wire::StatedInvoice<'a>> {
    let stands: Vec<wire::Line> =
        row.line.iter().filter_map(|line| serde_json::from_value(line.clone()).ok()).collect();
    let sold: Vec<&wire::Line> = stands.iter().filter(|line| line.sales_item_line_detail.is_some()).collect();
    if sold.len() != draft.lines.len() {
        return None;
    }
    let amounts: Vec<LineAmounts> = draft
        .lines
        .iter()
        .map(|line| LineAmounts {
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount_percent: Decimal::ZERO,
            tax_code: line.tax_code.clone(),
        })
        .collect();
    let totals = totals(&Sale {
        lines: &amounts,
        discount: draft.discount,
        mode: draft.tax_mode,
        model: tax,
        invoice_code: draft.invoice_code.as_deref(),
        currency: draft.currency,
    })?;
    let items: Vec<String> = sold
        .iter()
        .filter_map(|line| line.sales_item_line_detail.as_ref().map(|detail| detail.item_ref.value.clone()))
        .collect();
    let includes = draft.tax_mode == TaxMode::Included;
    let lines = draft.lines.iter().zip(&sold).zip(items.iter().zip(&totals.nets));
    let lines = lines.map(|((line, known), (item, net))| wire::NewLine {
        id: known.id.clone(),
        amount: *net,
        description: line.description.clone(),
        detail_type: "SalesItemLineDetail",
        sales_item_line_detail: Some(wire::NewSalesItem {
            item_ref: wire::Reference::to(item),
            qty: line.quantity,
            unit_price: if includes { net_price(line, *net) } else { plain_price(line, draft.currency) },
            tax_code_ref: line.tax_code.as_deref().map(wire::Reference::to),
            tax_inclusive_amt: None,
        }),
        ..wire::NewLine::default()
    });
    let discount = (!totals.invoice_discount.is_zero()).then(|| wire::NewLine {
        amount: totals.invoice_discount,
        detail_type: "DiscountLineDetail",
        discount_line_detail: Some(wire::NewDiscount { percent_based: false, discount_percent: None }),
        ..wire::NewLine::default()
    });
    let rate = |tax: &TaxAmount| wire::StatedTaxLine {
        amount: tax.amount,
        detail_type: "TaxLineDetail",
        tax_line_detail: wire::StatedRate {
            tax_rate_ref: wire::Reference::to(&tax.rate.id),
            percent_based: true,
            tax_percent: tax.rate.percent,
            net_amount_taxable: tax.net,
        },
    };
    Some(wire::StatedInvoice {
        id,
        sync_token,
        sparse: true,
        customer_ref: wire::Reference::to(&row.customer_ref.value),
        global_tax_calculation: matches!(tax, TaxModel::PerLine { .. }).then_some("TaxExcluded"),
        line: lines.chain(discount).collect(),
        txn_tax_detail: wire::StatedTax {
            txn_tax_code_ref: draft.invoice_code.as_deref().map(wire::Reference::to),
            total_tax: totals.tax,
            tax_line: totals.taxes.iter().map(rate).collect(),
        },
    })
}
