//! The ledger of a deal, and the questions before one more invoice is created.

use super::{Error, context::TenantContext};
use domain::{
    billing::{self, Billed, BilledInvoice},
    catalogue::Catalogue,
    deal::{Deal, Opening, compute_deal_total, total_tax_mode},
    form::Form,
    ids::{IntentKey, InvoiceId, UserId},
    invoice::{Status, compute_status},
    invoice_request::InvoiceRequest,
    number::DecimalMark,
    settings::Settings,
    tax::TaxMode,
};
use iso_currency::Currency;
use jiff::civil::Date;
use rust_decimal::Decimal;
use store::{
    grants,
    invoices::{Invoice, State},
    quickbooks::Connection,
};
use uuid::Uuid;

/// Lists the invoices of a deal that count as billed: those in QuickBooks that are neither voided nor deleted, and those that are being sent.
pub(crate) fn list_billed(invoices: &[Invoice], today: Date) -> impl Iterator<Item = BilledInvoice<'_>> {
    invoices.iter().filter_map(move |invoice| {
        let snapshot = match &invoice.state {
            State::Issued(snapshot) if matches!(compute_status(snapshot, today), Status::Voided | Status::Deleted) => {
                return None;
            }
            State::Issued(snapshot) => Some(snapshot),
            State::Queued | State::Sending => None,
            State::Refused(_) => return None,
        };
        Some(BilledInvoice { id: invoice.id, request: &invoice.request, snapshot })
    })
}

/// A question that has to be answered before the invoice is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Pipedrive's number of the deal.
    pub(crate) deal: i64,
    /// The current invoices of the deal, if they have changed since the user saw them.
    pub(crate) changed: Option<Changed>,
    /// The amount by which the invoices exceed the deal, in the deal's currency.
    pub(crate) excess: Option<(Decimal, Currency)>,
    /// Whether these amounts include tax. `None` if the company does not tax its sales.
    pub(crate) tax_mode: Option<TaxMode>,
    /// Identifies the question; the answer carries it.
    pub(crate) token: String,
}

/// The current invoices of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The number of invoices.
    pub(crate) invoices: usize,
    /// Their sum, in the deal's currency.
    pub(crate) amount: Decimal,
    /// The deal's currency.
    pub(crate) currency: Option<Currency>,
    /// Whether a part of the deal is not billed yet.
    pub(crate) is_some_left: bool,
    /// The user who created the newest invoice.
    pub(crate) newest_by: Option<UserId>,
}

/// A deal and its value, which is compared with an invoice before that is created.
pub(super) struct Worth {
    deal: Deal,
    amount: Decimal,
    tax_mode: Option<TaxMode>,
}

impl Worth {
    /// Computes the value of the deal from the lines of a new form.
    pub(super) fn new(
        deal: Deal,
        settings: &Settings,
        catalogue: &Catalogue,
        item_links: &[(i64, String)],
        today: Date,
    ) -> Self {
        let opening = Opening {
            settings,
            catalogue,
            item_links,
            item_lookup_failed: false,
            customer: None,
            next_number: "",
            billed: &Billed::default(),
            today,
            mark: DecimalMark::Point,
            intent: IntentKey(Uuid::nil()),
        };
        let amount = compute_deal_total(&deal, &opening);
        let tax_mode = total_tax_mode(&deal, catalogue);
        Self { deal, amount, tax_mode }
    }

    /// Finds the question that has to be answered before this invoice is created besides the other invoices of the deal.
    pub(super) fn find_question(
        &self,
        form: &Form,
        request: &InvoiceRequest,
        invoices: &[Invoice],
        today: Date,
    ) -> Option<Question> {
        let code = self.deal.currency.as_str();
        let currency = Currency::from_code(code);
        let before = billing::sum_billed(list_billed(invoices, today), Some(&self.deal), code);
        let this = BilledInvoice { id: InvoiceId(Uuid::nil()), request, snapshot: None };
        let amount = billing::sum_billed([this], Some(&self.deal), code).amount;
        let excess = billing::compute_excess(self.amount, before.amount, amount);
        let is_changed = !form.seen.is_empty() && form.seen != before.fingerprint;
        let token = format!("{} {}", before.fingerprint, excess.unwrap_or_default().normalize());
        if form.confirmed == token || (!is_changed && excess.is_none()) {
            return None;
        }
        let newest_by = list_billed(invoices, today)
            .next()
            .and_then(|newest| invoices.iter().find(|invoice| invoice.id == newest.id))
            .map(|invoice| invoice.created_by);
        let is_some_left = before.amount < self.amount;
        let changed = Changed { invoices: before.invoices, amount: before.amount, currency, is_some_left, newest_by };
        Some(Question {
            deal: self.deal.id,
            changed: is_changed.then_some(changed),
            excess: excess.zip(currency),
            tax_mode: self.tax_mode,
            token,
        })
    }
}

/// Finds the name of a user who has installed the app.
pub(crate) async fn find_user_name(context: &TenantContext, wanted: UserId) -> Result<Option<String>, Error> {
    let mut tx = context.app.db.read().await?;
    let users = grants::list_users(&mut tx, context.tenant).await?;
    Ok(users.into_iter().find(|(user, _)| *user == wanted).map(|(_, profile)| profile.name))
}

/// Reads the exchange rate between two currencies by the company's own rates of a day. `None` if it has none.
pub(super) async fn read_exchange_rate(
    context: &TenantContext,
    connection: &Connection,
    catalogue: &Catalogue,
    (from, to): (&str, &str),
    day: Date,
) -> Result<Option<Decimal>, Error> {
    let home = catalogue.home_currency.code();
    let mut rates = [Decimal::ONE; 2];
    for (rate, code) in rates.iter_mut().zip([from, to]).filter(|(_, code)| *code != home) {
        let read = context.quickbooks(connection).call(async |api| api.read_exchange_rate(code, day).await);
        match read.await? {
            Some(found) => *rate = found,
            None => return Ok(None),
        }
    }
    Ok(rates[0].checked_div(rates[1]))
}
