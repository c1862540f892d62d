//! Version 1 of the API: operations that v2 lacks, and old addresses of operations that v2 has.

mod bodies;
mod deal_products;
mod fields;
pub(crate) mod files;
mod filters;
mod history;
mod merges;
pub(crate) mod notes;
mod participants;
mod record_lists;
mod records;
mod relationships;
mod shapes;
mod summary;
mod types;
mod users;
mod webhooks;

use crate::{api::caller::not_simulated, shared::Shared};
use axum::{Router, routing::get};

pub(super) fn router() -> Router<Shared> {
    records::router()
        .merge(deal_products::router())
        .merge(fields::router())
        .merge(files::router())
        .merge(filters::router())
        .merge(history::router())
        .merge(merges::router())
        .merge(notes::router())
        .merge(record_lists::router())
        .merge(participants::router())
        .merge(relationships::router())
        .merge(summary::router())
        .merge(types::router())
        .merge(users::router())
        .merge(webhooks::router())
        // These paths have a word in the place of an id.
        .route("/deals/timeline", get(not_simulated))
        .route("/filters/helpers", get(not_simulated))
}
