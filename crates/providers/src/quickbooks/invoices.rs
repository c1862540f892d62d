//! Invoices as QuickBooks has them, and what is written: create, void, delete, send; their PDF. Reading is in `lookups`.

use super::{Api, EXPLAIN, wire};
use crate::{ProviderError, json::take};
use bytes::Bytes;
use domain::{
    address::Address,
    draft::{Choice, Draft, DraftLine},
    invoice::{Snapshot, looks_voided},
    mark::Mark,
    money::{Money, decimals, round_half_up},
    tax::{TaxMode, TaxModel},
    totals::Discount,
};
use futures_util::Stream;
use iso_currency::Currency;
use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use serde_json::Value;

/// QuickBooks keeps prices without tax of tax-inclusive invoices to seven decimals.
const NET_PRICE_DECIMALS: u32 = 7;

/// What a row says of an invoice; `home` is the currency of one that names none. An error where an amount, a date or a version is
/// none, or more than can be kept.
pub(super) fn snapshot(row: wire::Invoice, home: Option<Currency>) -> Result<Snapshot, ProviderError> {
    let currency = match &row.currency_ref {
        Some(currency) => Currency::from_code(&currency.value),
        None => home,
    };
    let currency = currency.ok_or_else(|| ProviderError::unknown("an invoice without currency"))?;
    row.sync_token.parse::<u32>().map_err(|_| ProviderError::unknown("an invoice without version"))?;
    let issued: Date = row.txn_date.parse().map_err(ProviderError::unknown)?;
    let due = row.due_date.and_then(|due| due.parse().ok()).unwrap_or(issued);
    let money = |amount: Decimal| {
        let money = Money::rounded(amount, currency);
        money.minor().map(|_| money).ok_or_else(|| ProviderError::unknown("an amount that is none"))
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

/// An invoice in QuickBooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As it is now.
    pub snapshot: Snapshot,
    /// Where it comes from, if it carries a mark of ours.
    pub origin: Option<Origin>,
}

/// What can be told from QuickBooks alone of how an invoice of ours was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its mark.
    pub mark: Mark,
    /// When it was created.
    pub created: Timestamp,
    /// What was confirmed, as far as it shows.
    pub draft: Draft,
}

/// An invoice with what can be told of how it was made.
pub(super) fn found(mut row: wire::Invoice, home: Option<Currency>) -> Result<Found, ProviderError> {
    let mark = row.private_note.as_deref().and_then(Mark::read);
    let created = row.meta_data.take().and_then(|data| data.create_time?.parse().ok());
    let lines = std::mem::take(&mut row.line);
    let tax = row.global_tax_calculation.take();
    let snapshot = snapshot(row, home)?;
    let origin = mark.zip(created).map(|(mark, created)| Origin {
        mark,
        created,
        draft: draft(&snapshot, tax.as_deref(), lines),
    });
    Ok(Found { snapshot, origin })
}

fn draft(snapshot: &Snapshot, tax: Option<&str>, lines: Vec<Value>) -> Draft {
    let lines: Vec<wire::Line> = lines.into_iter().filter_map(|line| serde_json::from_value(line).ok()).collect();
    let tax_mode = match tax {
        Some("TaxInclusive") => TaxMode::Included,
        Some("NotApplicable") => TaxMode::None,
        _ => TaxMode::Excluded,
    };
    Draft {
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
        discount: lines.iter().find_map(discount),
        discount_amount: lines
            .iter()
            .find(|line| line.discount_line_detail.is_some())
            .map(|line| line.amount)
            .unwrap_or_default(),
        rate: None,
        lines: lines.into_iter().filter_map(sold).collect(),
        total: snapshot.total.amount(),
    }
}

fn discount(line: &wire::Line) -> Option<Discount> {
    let detail = line.discount_line_detail.as_ref()?;
    Some(detail.discount_percent.map_or(Discount::Amount(line.amount), Discount::Percent))
}

fn sold(line: wire::Line) -> Option<DraftLine> {
    let detail = line.sales_item_line_detail?;
    let amount = detail.tax_inclusive_amt.unwrap_or(line.amount);
    let net = (amount != line.amount).then_some(line.amount);
    Some(DraftLine {
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

/// An invoice with everything in it that QuickBooks has to know already.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// What the person confirmed.
    pub draft: &'a Draft,
    /// Where it comes from.
    pub mark: Mark,
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
    let mark = invoice.mark;
    let note = if draft.memo.is_empty() { mark.to_string() } else { format!("{}\n{mark}", draft.memo) };
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
        bill_email_cc: filled(&draft.cc).map(|address| wire::Email { address: Some(address) }),
        allow_online_credit_card_payment: draft.online_payment,
        allow_online_ach_payment: draft.online_payment,
        custom_field: custom_fields(draft),
        apply_tax_after_discount: draft.discount.is_some().then_some(true),
        global_tax_calculation: matches!(invoice.tax, TaxModel::PerLine { .. }).then_some(match draft.tax_mode {
            TaxMode::Excluded => "TaxExcluded",
            TaxMode::Included => "TaxInclusive",
            TaxMode::None => "NotApplicable",
        }),
        txn_tax_detail: draft
            .invoice_code
            .as_deref()
            .map(|code| wire::NewTax { txn_tax_code_ref: wire::Reference::to(code) }),
        line: lines(invoice),
    }
}

fn lines(invoice: &Resolved<'_>) -> Vec<wire::NewLine> {
    let draft = invoice.draft;
    let includes = draft.tax_mode == TaxMode::Included && matches!(invoice.tax, TaxModel::PerLine { .. });
    let sold = draft.lines.iter().zip(invoice.items).map(|(line, item)| {
        let net = line.net.unwrap_or(line.amount);
        let unit_price = if includes { net_price(line, net) } else { plain_price(line, draft.currency) };
        wire::NewLine {
            amount: if includes { net } else { line.amount },
            description: line.description.clone(),
            detail_type: "SalesItemLineDetail",
            sales_item_line_detail: Some(wire::NewSalesItem {
                item_ref: wire::Reference::to(item),
                qty: line.quantity,
                unit_price,
                tax_code_ref: line.tax_code.as_deref().map(wire::Reference::to),
                tax_inclusive_amt: includes.then_some(line.amount),
            }),
            ..wire::NewLine::default()
        }
    });
    let discount = draft.discount.map(|discount| {
        let percent = match discount {
            Discount::Percent(percent) => Some(percent),
            Discount::Amount(_) => None,
        };
        // The amount is computed beside a percentage as well: whichever of the two QuickBooks goes by, it is the same.
        let amount = match discount {
            Discount::Amount(amount) if draft.discount_amount.is_zero() => amount,
            _ => draft.discount_amount,
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

/// The price of one as it is sent. Whether QuickBooks compares quantity times price with the amount to two decimals or to the three
/// of a dinar is not known: a price that fails the one or the other is sent with so many decimals that it passes both.
pub(super) fn plain_price(line: &DraftLine, currency: Currency) -> Decimal {
    let exact = line.quantity.checked_mul(line.unit_price).unwrap_or(line.amount);
    if round_half_up(exact, decimals(currency)) == line.amount { line.unit_price } else { net_price(line, line.amount) }
}

/// The unit price without tax, in the seven decimals in which QuickBooks keeps it (409.09 / 450 is 0.9090889).
pub(super) fn net_price(line: &DraftLine, net: Decimal) -> Decimal {
    let exact = net.checked_div(line.quantity).unwrap_or(net);
    round_half_up(exact, NET_PRICE_DECIMALS)
}

fn custom_fields(draft: &Draft) -> Vec<wire::NewCustomField> {
    let field = |(id, value): &(String, String)| wire::NewCustomField {
        definition_id: id.clone(),
        r#type: "StringType",
        string_value: value.clone(),
    };
    draft.custom.iter().map(field).collect()
}

impl Api<'_> {
    /// Creates an invoice.
    pub async fn create_invoice(&self, request_id: &str, invoice: &Resolved<'_>) -> Result<Snapshot, ProviderError> {
        snapshot(self.write("Invoice", request_id, &body(invoice)).await?, self.home)
    }

    /// When QuickBooks last e-mailed the invoice, by its own clock, to the second.
    pub async fn invoice_delivered(&self, id: &str) -> Result<Option<Timestamp>, ProviderError> {
        let row = self.row(id).await?;
        Ok(row.and_then(|row| row.delivery_info?.delivery_time?.parse().ok()))
    }

    /// Voids an invoice that has not changed since `sync_token`. Refused with 5010 where it has.
    pub async fn void_invoice(&self, request_id: &str, id: &str, sync_token: &str) -> Result<Snapshot, ProviderError> {
        let answer = self.operate("Invoice", "void", request_id, id, sync_token).await?;
        let row = crate::json::read(answer)?;
        Ok(Snapshot { voided: true, ..snapshot(row, self.home)? })
    }

    /// Deletes an invoice that has not changed since `sync_token`. Refused with 5010 where it has.
    pub async fn delete_invoice(&self, request_id: &str, id: &str, sync_token: &str) -> Result<(), ProviderError> {
        self.operate("Invoice", "delete", request_id, id, sync_token).await.map(drop)
    }

    /// Has QuickBooks e-mail an invoice, to its own address or to another.
    pub async fn send_invoice(&self, request_id: &str, id: &str, to: Option<&str>) -> Result<Snapshot, ProviderError> {
        let mut url = self.url(&["invoice", id, "send"])?;
        url.query_pairs_mut().append_pair("requestid", request_id);
        if let Some(to) = to {
            url.query_pairs_mut().append_pair("sendTo", to);
        }
        let request = self.http.client.post(url).header("content-type", "application/octet-stream");
        let mut answer: Value = self.http.json(self.authorized(request), EXPLAIN).await?;
        let row = crate::json::read(take(&mut answer, "Invoice"))?;
        snapshot(row, self.home)
    }

    /// QuickBooks' own PDF of an invoice, as it comes.
    pub async fn invoice_pdf(
        &self,
        id: &str,
    ) -> Result<impl Stream<Item = Result<Bytes, ProviderError>> + Send + use<>, ProviderError> {
        let request = self.http.client.get(self.url(&["invoice", id, "pdf"])?);
        let request = request.bearer_auth(self.access.expose_secret()).header("accept", "application/pdf");
        self.http.download(request, b"%PDF-", EXPLAIN).await
    }
}
