//! Writes invoice figures to the deal fields, for Pipedrive's filters, automations and reports.

use super::{
    Error, company_language,
    context::{TenantContext, UserContext},
    settings,
};
use crate::{format::Writer, state::WrittenBack};
use domain::{
    deal_fields::FieldContent,
    ids::{ConnectionId, DealId, UserId},
    invoice::{Snapshot, compute_status},
    money::Money,
    sums::{Sums, sum_invoices},
};
use engine::{Attempt, HEARTBEAT_INTERVAL};
use iso_currency::Currency;
use providers::ProviderError;
use serde_json::{Map, Value, json};
use store::{
    grants,
    invoices::{self, InvoiceScope, State},
    queue, quickbooks,
};

/// Converts content to the value for a field of this kind. `None` if the kind does not accept it.
fn to_value(content: &FieldContent, kind: &str, w: Writer) -> Option<Value> {
    match (content, kind) {
        (FieldContent::Amounts { currency, .. }, "monetary") => {
            Some(json!({ "value": providers::to_json_number(content.amount_in_deal_currency()), "currency": currency }))
        }
        (FieldContent::Amounts { .. }, "double") => Some(providers::to_json_number(content.amount_in_deal_currency())),
        (FieldContent::Amounts { currency, amounts }, _) => Some(json!(format_amounts(w, currency, amounts))),
        (FieldContent::Text(_), "monetary" | "double") => None,
        (FieldContent::Text(text), _) => Some(json!(text)),
    }
}

/// Formats amounts as `R$ 100,00 + US$ 50,00`, with the deal's currency first.
fn format_amounts(w: Writer, currency: &str, amounts: &[Money]) -> String {
    let (own, others): (Vec<&Money>, Vec<&Money>) =
        amounts.iter().partition(|amount| amount.currency().code() == currency);
    if own.is_empty() && others.is_empty() {
        return Currency::from_code(currency).map(|currency| w.money(&Money::zero(currency))).unwrap_or_default();
    }
    own.into_iter().chain(others).map(|amount| w.money(amount)).collect::<Vec<_>>().join(" + ")
}

/// Writes in one attempt. The figures may change during each write.
const MAX_WRITES: usize = 5;

/// Requests the write-back in the transaction of the change, if the company has mapped any field.
pub(crate) async fn request_write_back(
    context: &TenantContext,
    tx: &mut store::Tx,
    deal: DealId,
    user: UserId,
) -> Result<(), Error> {
    let is_mapped =
        store::settings::find(tx, context.tenant).await?.is_some_and(|settings| !settings.write_back.is_empty());
    if is_mapped {
        context.app.db.enqueue(tx, queue::WriteBack { tenant: context.tenant, deal, user }).await?;
    }
    Ok(())
}

/// Writes the current figures of the deal's invoices, and repeats this until they have not changed during the write, so that none of several
/// concurrent writers leaves an old value. Idempotent.
pub(crate) async fn write_deal_fields(context: &TenantContext, deal: DealId, user: UserId) -> Result<Attempt, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let mut tx = app.db.read().await?;
    let mut authors: Vec<UserId> =
        grants::list_users(&mut tx, tenant).await?.into_iter().map(|(user, _)| user).collect();
    drop(tx);
    authors.sort_by_key(|author| *author != user);
    for _ in 0..MAX_WRITES {
        // Read before each comparison, so that the values are compared with the current deal.
        let Some(currency) = read_currency(context, deal, &authors).await? else { return Ok(Attempt::Done) };
        let current = compute_values(context, deal, &currency).await?;
        if app.written_back.get(&(tenant, deal)).await.is_some_and(|written| written == current) {
            return Ok(Attempt::Done);
        }
        if !write_as_any_user(context, deal, &authors, &current.values).await? {
            return Ok(Attempt::Done);
        }
        app.written_back.insert((tenant, deal), current).await;
    }
    Ok(Attempt::Later(HEARTBEAT_INTERVAL))
}

/// Reads the deal's currency as the first of these users who may see the deal. `None` if no user may.
async fn read_currency(context: &TenantContext, deal: DealId, readers: &[UserId]) -> Result<Option<String>, Error> {
    for reader in readers {
        let read = context.pipedrive_as(*reader).call(async |api| api.read_deal_currency(deal).await);
        match read.await {
            Ok(currency) => return Ok(Some(currency)),
            Err(Error::NotInstalled | Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Computes the current value of each field that the company has mapped.
async fn compute_values(context: &TenantContext, deal: DealId, currency: &str) -> Result<WrittenBack, Error> {
    let (app, tenant) = (&context.app, context.tenant);
    let settings = settings::find_settings(context).await?;
    let mut tx = app.db.read().await?;
    let invoices = invoices::list(&mut tx, tenant, InvoiceScope::Deal(deal)).await?;
    let issued: Vec<(ConnectionId, &Snapshot)> = invoices
        .iter()
        .filter_map(|invoice| {
            let State::Issued(snapshot) = &invoice.state else { return None };
            Some((invoice.connection, snapshot))
        })
        .collect();
    // If all invoices are voided or deleted, the newest of them.
    let newest = issued.iter().find(|(_, snapshot)| !snapshot.voided && !snapshot.deleted).or(issued.first()).copied();
    let connection = match newest {
        Some((connection, _)) => quickbooks::find(&mut tx, &app.vault, tenant, connection).await?,
        None => None,
    };
    drop(tx);
    let today = app.clock.today(&connection.map(|connection| connection.company.time_zone).unwrap_or_default());
    let of_currencies = sum_invoices(issued.iter().map(|(_, snapshot)| (*snapshot, today)));
    let amounts = |amount: fn(&Sums) -> Money| FieldContent::Amounts {
        currency: currency.to_owned(),
        amounts: of_currencies.iter().map(amount).filter(|amount| !amount.is_zero()).collect(),
    };
    let w = Writer::new(company_language::read_locale(context).await?);
    let number = newest.and_then(|(_, snapshot)| snapshot.doc_number.clone()).unwrap_or_default();
    let badge = newest.map(|(_, snapshot)| w.badge(compute_status(snapshot, today))).unwrap_or_default();
    let wanted = &settings.write_back;
    let values = [
        (&wanted.invoiced, amounts(Sums::invoiced)),
        (&wanted.balance, amounts(Sums::balance)),
        (&wanted.status, FieldContent::Text(badge)),
        (&wanted.number, FieldContent::Text(number)),
    ];
    let versions = invoices.iter().filter_map(|invoice| match &invoice.state {
        State::Issued(snapshot) => Some((invoice.id, snapshot.sync_token.clone())),
        State::Queued | State::Sending | State::Refused(_) => None,
    });
    Ok(WrittenBack {
        versions: versions.collect(),
        values: values.into_iter().filter_map(|(field, value)| Some((field.clone()?, value))).collect(),
    })
}

/// Writes as the first of these users who may. Returns false if no user may, or if a field does not accept its value.
async fn write_as_any_user(
    context: &TenantContext,
    deal: DealId,
    authors: &[UserId],
    values: &[(String, FieldContent)],
) -> Result<bool, Error> {
    for author in authors {
        match write_as_user(&context.as_user(*author), deal, values).await {
            Ok(()) => return Ok(true),
            Err(Error::NotInstalled | Error::NotFound) => {}
            // A field was deleted or does not accept its value. A retry would fail as well.
            Err(Error::Pipedrive(error @ (ProviderError::Refused(_) | ProviderError::NotPermitted(_)))) => {
                tracing::warn!(tenant.id = %context.tenant.0, %error, "Pipedrive refused the deal fields");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Writes each value in the format of its field.
async fn write_as_user(context: &UserContext, deal: DealId, values: &[(String, FieldContent)]) -> Result<(), Error> {
    let fields = settings::list_fields(context).await?;
    let w = Writer::new(company_language::read_locale(context).await?);
    let mut body = Map::new();
    for (key, value) in values {
        let field = fields.iter().find(|field| field.reference.key == *key && field.is_writable);
        if let Some(value) = field.and_then(|field| to_value(value, &field.kind_name, w)) {
            body.insert(key.clone(), value);
        }
    }
    if body.is_empty() {
        return Ok(());
    }
    context.pipedrive().call(async |api| api.write_deal_fields(deal, &body).await).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use rust_decimal::Decimal;
    use rust_decimal::dec;

    fn check(currency: &str, amounts: &[Money], number: Decimal, text: &str) {
        let content = FieldContent::Amounts { currency: currency.to_owned(), amounts: amounts.to_vec() };
        let w = Writer::new(Language::English);
        assert_eq!(to_value(&content, "double", w), Some(providers::to_json_number(number)));
        let monetary = json!({ "value": providers::to_json_number(number), "currency": currency });
        assert_eq!(to_value(&content, "monetary", w), Some(monetary));
        let formatted = to_value(&content, "varchar", w).unwrap();
        assert_eq!(formatted.as_str().unwrap().replace('\u{a0}', " "), text);
    }

    #[test]
    fn amounts_of_different_currencies_are_never_added_up() {
        let (reais, dollars) = (Money::rounded(dec!(100), Currency::BRL), Money::rounded(dec!(50.5), Currency::USD));
        check("BRL", &[reais, dollars], dec!(100), "R$100.00 + $50.50");
        check("USD", &[reais, dollars], dec!(50.5), "$50.50 + R$100.00");
        check("EUR", &[reais, dollars], dec!(0), "R$100.00 + $50.50");
        check("EUR", &[], dec!(0), "€0.00");
        // A currency code that a company has invented.
        check("XBT", &[], dec!(0), "");
    }
}
