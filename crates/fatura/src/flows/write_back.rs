//! What a deal's invoices come to, written into fields of the deal: for Pipedrive's filters, automations and reports.

use super::{
    Error, access, history,
    lease::{Attempt, HEARTBEAT},
    settings,
};
use crate::{format::Writer, state::App, web::badge};
use domain::{
    ids::{DealId, TenantId, UserId},
    invoice::{Snapshot, Status, status},
};
use providers::ProviderError;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use std::time::Duration;
use store::{
    grants,
    invoices::{self, Of, State},
    queue, quickbooks,
};

/// What is to stand in each field, by its key.
pub(crate) type Values = Vec<(String, Value)>;

/// What was written is believed for so long to stand in the deal.
pub(crate) const BELIEVED: Duration = Duration::from_secs(60);
/// Changes that come while one writes.
const TRIES: usize = 5;

/// Asks for the writing, where the company wants any; in the transaction of the change.
pub(crate) async fn ask(
    app: &App,
    tx: &mut store::Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
) -> Result<(), Error> {
    let wanted = store::settings::find(tx, tenant).await?.is_some_and(|settings| !settings.write_back.is_off());
    if wanted {
        app.db.enqueue(tx, queue::WriteBack { tenant, deal, user }).await?;
    }
    Ok(())
}

/// Writes how the deal's invoices stand now. Written twice, it is the same; what changes meanwhile is written as well, so that
/// of several writers none leaves behind what is not so any more.
pub(crate) async fn write(app: &App, tenant: TenantId, deal: DealId, user: UserId) -> Result<Attempt, Error> {
    for _ in 0..TRIES {
        let values = values(app, tenant, deal).await?;
        if app.written_back.get(&(tenant, deal)).await.is_some_and(|written| written == values) {
            return Ok(Attempt::Done);
        }
        if !put_as_any(app, tenant, deal, user, &values).await? {
            return Ok(Attempt::Done);
        }
        app.written_back.insert((tenant, deal), values).await;
    }
    Ok(Attempt::Later(HEARTBEAT))
}

/// How the deal's invoices stand now, for each field that the company wants written.
async fn values(app: &App, tenant: TenantId, deal: DealId) -> Result<Values, Error> {
    let settings = settings::current(app, tenant).await?;
    let mut tx = app.db.read().await?;
    let invoices = invoices::list(&mut tx, tenant, Of::Deal(deal)).await?;
    let connection = quickbooks::current(&mut tx, &app.vault, tenant).await?;
    drop(tx);
    let zone = connection.map(|connection| connection.company.time_zone).unwrap_or_default();
    let today = app.clock.today(&zone);
    let snapshots: Vec<&Snapshot> = invoices
        .iter()
        .filter_map(|invoice| if let State::Issued(snapshot) = &invoice.state { Some(snapshot) } else { None })
        .collect();
    let stands = |snapshot: &&&Snapshot| !matches!(status(snapshot, today), Status::Voided | Status::Deleted);
    let sum = |amount: fn(&Snapshot) -> Decimal| -> Value {
        let total: Decimal = snapshots.iter().filter(stands).map(|snapshot| amount(snapshot)).sum();
        json!(total.normalize().to_string())
    };
    let w = Writer::new(history::locale(app, tenant).await?);
    let newest = snapshots.first();
    let wanted = &settings.write_back;
    let values = [
        (&wanted.invoiced, sum(|snapshot| snapshot.total.amount())),
        (&wanted.balance, sum(|snapshot| snapshot.balance.amount())),
        (&wanted.status, json!(newest.map(|snapshot| badge(w, status(snapshot, today))).unwrap_or_default())),
        (&wanted.number, json!(newest.and_then(|snapshot| snapshot.doc_number.clone()).unwrap_or_default())),
    ];
    Ok(values.into_iter().filter_map(|(field, value)| Some((field.clone()?, value))).collect())
}

/// Writes on behalf of this user, or of a colleague who may; false where nobody can, or a field does not take it.
async fn put_as_any(app: &App, tenant: TenantId, deal: DealId, user: UserId, values: &Values) -> Result<bool, Error> {
    let mut tx = app.db.read().await?;
    let mut authors: Vec<UserId> = grants::users(&mut tx, tenant).await?.into_iter().map(|(user, _)| user).collect();
    drop(tx);
    authors.sort_by_key(|author| *author != user);
    for author in authors {
        match put(app, tenant, author, deal, values).await {
            Ok(()) => return Ok(true),
            Err(Error::NotInstalled | Error::NotFound) => {}
            // A field that was deleted, or does not take it: there is nothing to repeat.
            Err(Error::Pipedrive(ProviderError::Refused(refusal))) => {
                tracing::warn!(tenant.id = %tenant.0, code = refusal.code, "the deal's fields were not written");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Each value in the shape that its field takes.
async fn put(app: &App, tenant: TenantId, author: UserId, deal: DealId, values: &Values) -> Result<(), Error> {
    let fields = settings::fields(app, tenant, author).await?;
    let currency =
        access::pipedrive(app, tenant, author, |access| async move { access.api().deal_currency(deal).await });
    let currency = currency.await?;
    let mut written = Map::new();
    for (key, value) in values {
        let Some(field) = fields.iter().find(|field| field.reference.key == *key && field.is_writable) else {
            continue;
        };
        let number: Option<Decimal> = value.as_str().and_then(|text| text.parse().ok());
        let value = match (field.kind_name.as_str(), number) {
            ("monetary", Some(number)) => json!({ "value": providers::number(number), "currency": currency }),
            ("double", Some(number)) => providers::number(number),
            ("monetary" | "double", None) => continue,
            _ => value.clone(),
        };
        written.insert(key.clone(), value);
    }
    if written.is_empty() {
        return Ok(());
    }
    access::pipedrive(app, tenant, author, |access| {
        let written = written.clone();
        async move { access.api().write_deal_fields(deal, &written).await }
    })
    .await
}
