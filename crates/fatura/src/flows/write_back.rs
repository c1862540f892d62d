//! What a deal's invoices come to, written into fields of the deal: for Pipedrive's filters, automations and reports.

use super::{Error, access, history, lease::Attempt, settings};
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

/// Writes how the deal's invoices stand now. Written twice, it is the same.
pub(crate) async fn write(app: &App, tenant: TenantId, deal: DealId, user: UserId) -> Result<Attempt, Error> {
    let settings = settings::current(app, tenant).await?;
    let mut tx = app.db.read().await?;
    let invoices = invoices::list(&mut tx, tenant, Of::Deal(deal)).await?;
    let connection = quickbooks::current(&mut tx, &app.vault, tenant).await?;
    let mut authors: Vec<UserId> = grants::users(&mut tx, tenant).await?.into_iter().map(|(user, _)| user).collect();
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
    let w = Writer::new(history::language(app, tenant).await?);
    let newest = snapshots.first();
    let wanted = &settings.write_back;
    let values = [
        (&wanted.invoiced, sum(|snapshot| snapshot.total.amount())),
        (&wanted.balance, sum(|snapshot| snapshot.balance.amount())),
        (&wanted.status, json!(newest.map(|snapshot| badge(w, status(snapshot, today))).unwrap_or_default())),
        (&wanted.number, json!(newest.and_then(|snapshot| snapshot.doc_number.clone()).unwrap_or_default())),
    ];
    let values: Vec<(String, Value)> =
        values.into_iter().filter_map(|(field, value)| Some((field.clone()?, value))).collect();
    authors.sort_by_key(|author| *author != user);
    for author in authors {
        match put(app, tenant, author, deal, &values).await {
            Ok(()) => return Ok(Attempt::Done),
            Err(Error::NotInstalled | Error::NotFound) => {}
            // A field that was deleted, or does not take it: there is nothing to repeat.
            Err(Error::Pipedrive(ProviderError::Refused(refusal))) => {
                tracing::warn!(tenant.id = %tenant.0, code = refusal.code, "the deal's fields were not written");
                return Ok(Attempt::Done);
            }
            Err(error) => {
                tracing::warn!(tenant.id = %tenant.0, %error, "the deal's fields are not written yet");
                return Ok(Attempt::Later(Duration::from_secs(30)));
            }
        }
    }
    Ok(Attempt::Done)
}

/// Each value in the shape that its field takes.
async fn put(
    app: &App,
    tenant: TenantId,
    author: UserId,
    deal: DealId,
    values: &[(String, Value)],
) -> Result<(), Error> {
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
