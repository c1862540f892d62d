//! Version 2 of the API.

pub(super) mod deal_parts;
pub(super) mod fields;
mod followers;
mod include;
pub(super) mod list;
mod products;
mod records;
pub(super) mod search;

use crate::shared::Shared;
use axum::Router;

pub(super) fn router() -> Router<Shared> {
    records::router()
        .merge(fields::router())
        .merge(followers::router())
        .merge(products::router())
        .merge(deal_parts::router())
        .merge(search::router())
}
