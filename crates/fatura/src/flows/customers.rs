//! Suggests customers of the connected company for a deal.

use super::{Error, context::TenantContext, single_flight};
use domain::{
    customer::{Customer, CustomerQuery, MatchReason, Suggestion, looks_like_tax_id, rank_customers},
    search::build_patterns,
};
use providers::{ProviderError, quickbooks::CUSTOMER_PAGE_ROWS};
use std::sync::Arc;
use store::quickbooks::Connection;

/// With fewer results, looser patterns are searched as well: accents, legal forms and the order of words may differ.
const MIN_STRICT_RESULTS: usize = 3;
/// Pages of customers that are read to find a tax number, which QuickBooks cannot search.
const MAX_DIRECTORY_PAGES: usize = 10;

/// Suggests customers, the best match first.
pub(crate) async fn suggest_customers(
    context: &TenantContext,
    connection: &Connection,
    query: &CustomerQuery<'_>,
) -> Result<Vec<Suggestion>, Error> {
    let patterns = build_patterns(query.name);
    let search = context.quickbooks(connection).call(async |api| {
        // Looser patterns are searched only if the text itself finds few customers, because reads are metered.
        let (strict, loose) = patterns.split_at(patterns.len().min(1));
        let mut found = api.search_customers(strict, query.email).await?;
        if found.len() < MIN_STRICT_RESULTS && !loose.is_empty() {
            found.extend(api.search_customers(loose, "").await?);
        }
        if let Some(id) = query.linked
            && !found.iter().any(|customer| customer.id == id)
        {
            match api.read_customer(id).await {
                Ok(customer) => found.push(customer),
                // The linked customer was deleted or merged into another one.
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
    let ranked = rank_customers(found.clone(), query);
    let tax_id = if looks_like_tax_id(query.name) { query.name } else { query.tax_id };
    let is_sure = ranked.iter().any(|best| matches!(best.reason, MatchReason::Linked | MatchReason::SameTaxId));
    if is_sure || !looks_like_tax_id(tax_id) {
        return Ok(ranked);
    }
    match read_directory(context, connection).await {
        Ok(all) => found.extend(all.iter().cloned()),
        Err(error) => {
            tracing::info!(tenant.id = %context.tenant.0, %error, "the customers with a tax number were not read");
        }
    }
    Ok(rank_customers(found, &CustomerQuery { tax_id, ..*query }))
}

/// Reads those of the first ten thousand customers that have a tax number. Cached for some minutes.
async fn read_directory(context: &TenantContext, connection: &Connection) -> Result<Arc<Vec<Customer>>, Error> {
    let read = || async {
        let all = context.quickbooks(connection).call(async |api| {
            let mut all = Vec::new();
            for page in 0..MAX_DIRECTORY_PAGES {
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
