//! Converts the row of an invoice. An unknown state is an error.

use super::{Invoice, REMOVED, State};
use crate::{Error, parked::ParkReason, time::instant};
use domain::{
    ids::{ConnectionId, DealId, IntentKey, InvoiceId, UserId},
    invoice::Snapshot,
    money::Money,
};
use iso_currency::Currency;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
pub(super) struct Row {
    id: Uuid,
    connection_id: Uuid,
    intent: Uuid,
    generation: i32,
    deal_id: i64,
    organization_id: Option<i64>,
    person_id: Option<i64>,
    created_by: i64,
    created_at: i64,
    draft: String,
    state: String,
    refusal: Option<String>,
    attempts: i32,
    sent_at: i64,
    customer_id: Option<String>,
    quickbooks_id: Option<String>,
    sync_token: Option<String>,
    doc_number: Option<String>,
    customer_name: String,
    quickbooks_customer_id: String,
    bill_email: String,
    told: String,
    trouble: Option<String>,
    may_resend: bool,
    currency: String,
    total_minor: i64,
    balance_minor: i64,
    issued: String,
    due: String,
    sent: bool,
    voided: bool,
    deleted: bool,
    read_at: Option<i64>,
    unreadable_since: Option<i64>,
    tax_minor: Option<i64>,
}

impl TryFrom<Row> for Invoice {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let unreadable = || Error::Unreadable("invoice");
        let currency = Currency::from_code(&row.currency).ok_or_else(unreadable)?;
        let state = match row.state.as_str() {
            "queued" => State::Queued,
            "sending" => State::Sending,
            "refused" | REMOVED => {
                State::Refused(serde_json::from_str(&row.refusal.unwrap_or_default()).map_err(|_| unreadable())?)
            }
            "issued" => State::Issued(Snapshot {
                quickbooks_id: row.quickbooks_id.ok_or_else(unreadable)?,
                sync_token: row.sync_token.ok_or_else(unreadable)?,
                doc_number: row.doc_number,
                customer_name: row.customer_name.clone(),
                customer_id: row.quickbooks_customer_id,
                email: row.bill_email,
                total: Money::from_minor(row.total_minor, currency),
                balance: Money::from_minor(row.balance_minor, currency),
                tax: row.tax_minor.map(|tax| Money::from_minor(tax, currency)),
                issued: row.issued.parse().map_err(|_| unreadable())?,
                due: row.due.parse().map_err(|_| unreadable())?,
                sent: row.sent,
                voided: row.voided,
                deleted: row.deleted,
            }),
            _ => return Err(unreadable()),
        };
        Ok(Self {
            id: InvoiceId(row.id),
            connection: ConnectionId(row.connection_id),
            intent: IntentKey(row.intent),
            generation: row.generation,
            deal: DealId(row.deal_id),
            organization: row.organization_id,
            person: row.person_id,
            created_by: UserId(row.created_by),
            created_at: instant(row.created_at)?,
            customer_name: row.customer_name,
            request: serde_json::from_str(&row.draft).map_err(|_| unreadable())?,
            state,
            customer: row.customer_id,
            attempts: row.attempts,
            sent_at: (row.sent_at > 0).then(|| instant(row.sent_at)).transpose()?,
            read_at: row.read_at.map(instant).transpose()?,
            unreadable_since: row.unreadable_since.map(instant).transpose()?,
            announced_status: row.told,
            park_reason: ParkReason::from_text(row.trouble),
            may_resend: row.may_resend,
        })
    }
}
