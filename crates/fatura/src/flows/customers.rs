//! Customers of the connected company that a deal may mean.

use super::{Error, context::TenantContext, single_flight};
use domain::{
    customer::{Customer, CustomerQuery, MatchReason, Suggestion, looks_like_tax_id, rank_customers},
    search::build_patterns,
};
use providers::{ProviderError, quickbooks::CUSTOMER_PAGE_ROWS};
use std::sync::Arc;
use store::quickbooks::Connection;

/// So few results may have missed something: accents, legal forms, the order of words.
const FEW: usize = 3;
/// QuickBooks cannot be asked for a tax number: so many pages of customers are read to look through them.
const PAGES: usize = 10;

/// Customers that may be meant, the best first.
pub(crate) async fn suggest_customers(
    context: &TenantContext,
    connection: &Connection,
    wanted: &CustomerQuery<'_>,
) -> Result<Vec<Suggestion>, Error> {
    let patterns = build_patterns(wanted.name);
    let search = context.quickbooks(connection).call(async |api| {
        // The text as typed first; looser patterns only where that finds little: reads are metered.
        let (strict, loose) = patterns.split_at(patterns.len().min(1));
        let mut found = api.search_customers(strict, wanted.email).await?;
        if found.len() < FEW && !loose.is_empty() {
            found.extend(api.search_customers(loose, "").await?);
        }
        if let Some(id) = wanted.linked
            && !found.iter().any(|customer| customer.id == id)
        {
            match api.read_customer(id).await {
                Ok(customer) => found.push(customer),
                // Deleted or merged away since; then there is no link any more.
                Err(ProviderError::NotFound | ProviderError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    });
    let mut found = match search.await {
        // The form opens without suggestions.
        Err(Error::QuickBooks(ProviderError::ReadsRefused)) => return Ok(Vec::new()),
        found => found?,
    };
    let ranked = rank_customers(found.clone(), wanted);
    let tax_id = if looks_like_tax_id(wanted.name) { wanted.name } else { wanted.tax_id };
    let is_sure = ranked.iter().any(|best| matches!(best.reason, MatchReason::Linked | MatchReason::SameTaxId));
    if is_sure || !looks_like_tax_id(tax_id) {
        return Ok(ranked);
    }
    match read_directory(context, connection).await {
        Ok(all) => found.extend(all.iter().cloned()),
        Err(error) => {
            tracing::info!(tenant.id = %context.tenant.0, %error, "customers were not looked through for a tax number");
        }
    }
    Ok(rank_customers(found, &CustomerQuery { tax_id, ..*wanted }))
}

/// The first ten thousand customers that have a tax number, at most minutes old.
async fn read_directory(context: &TenantContext, connection: &Connection) -> Result<Arc<Vec<Customer>>, Error> {
    let read = || async {
        let all = context.quickbooks(connection).call(async |api| {
            let mut all = Vec::new();
            for page in 0..PAGES {
                let (rows, is_last) = api.read_customer_page(page * CUSTOMER_PAGE_ROWS + 1).await?;
                all.extend(rows.into_iter().filter(|customer| customer.tax_id.is_some()));
                if is_last {
                    break;
                }
            }
            Ok(all)
        });
        all.await.map(Arc::new)
    };
    single_flight::read_once(&context.app.customer_directories, connection.id, read).await
}
