//! Version 1 of the API: what version 2 does not reach, and the old addresses of what it does.

mod bodies;
mod deal_products;
mod fields;
mod files;
mod filters;
mod history;
mod merges;
mod notes;
mod of_record;
mod participants;
mod records;
mod relationships;
mod shapes;
mod summary;
mod types;
mod users;
mod webhooks;

use crate::world::Shared;
use axum::{Router, routing::get};
pub(in crate::pipedrive) use files::keep as keep_file;
pub(in crate::pipedrive) use notes::create as create_note;

pub(super) fn router() -> Router<Shared> {
    records::router()
        .merge(deal_products::router())
        .merge(fields::router())
        .merge(files::router())
        .merge(filters::router())
        .merge(history::router())
        .merge(merges::router())
        .merge(notes::router())
        .merge(of_record::router())
        .merge(participants::router())
        .merge(relationships::router())
        .merge(summary::router())
        .merge(types::router())
        .merge(users::router())
        .merge(webhooks::router())
        // Words where other addresses have a number.
        .route("/deals/timeline", get(super::not_simulated))
        .route("/filters/helpers", get(super::not_simulated))
}
