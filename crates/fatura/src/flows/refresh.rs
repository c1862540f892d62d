//! Asking QuickBooks how a deal's invoices stand now.

use super::{Error, access};
use crate::state::App;
use domain::{
    ids::{DealId, TenantId},
    invoice::Snapshot,
};
use std::collections::HashMap;
use store::{
    invoices::{self, Invoice, State},
    quickbooks,
};

/// Reads all invoices of a deal, those of each connection in one call.
pub(crate) async fn deal(app: &App, tenant: TenantId, deal: DealId) -> Result<(), Error> {
    let mut tx = app.db.read().await?;
    let known = invoices::of_deal(&mut tx, tenant, deal).await?;
    drop(tx);
    let mut by_connection: HashMap<_, Vec<(&Invoice, &Snapshot)>> = HashMap::new();
    for invoice in &known {
        if let State::Issued(snapshot) = &invoice.state {
            by_connection.entry(invoice.connection).or_default().push((invoice, snapshot));
        }
    }
    for (connection, invoices) in by_connection {
        let mut tx = app.db.read().await?;
        let connection = quickbooks::find(&mut tx, &app.vault, tenant, connection).await?.ok_or(Error::NotConnected)?;
        drop(tx);
        if connection.state == quickbooks::State::Disconnected {
            continue;
        }
        let ids: Vec<String> = invoices.iter().map(|(_, snapshot)| snapshot.quickbooks_id.clone()).collect();
        let read = access::quickbooks(app, tenant, &connection, |access| {
            let ids = ids.clone();
            async move { access.api().invoices(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await }
        })
        .await?;
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        for (invoice, old) in invoices {
            let new = read.iter().find(|new| new.quickbooks_id == old.quickbooks_id).cloned();
            // Once voided it stays so, whatever becomes of the note; gone from the books it was deleted.
            let new = match new {
                Some(new) => Snapshot { voided: new.voided || old.voided, ..new },
                None => Snapshot { deleted: true, ..old.clone() },
            };
            invoices::show(&mut tx, tenant, invoice.id, &new, now).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
