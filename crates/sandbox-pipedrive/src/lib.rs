//! A simulator of Pipedrive: OAuth with the Marketplace's install and uninstall, the REST API, webhooks, and the web pages
//! that embed apps.
//!
//! The simulator is written from Pipedrive's contract. It depends on none of Fatura's clients, so that a misreading of the
//! contract cannot confirm itself.
//!
//! State and transport are apart. The modules of the state hold companies and the rules of a change, and use no module of
//! the transport:
//!
//! - `records`, `users`, `writer`, `history`, `changes`, `action_error`, `clock`: the vocabulary
//! - `company`, `schema`, `rules`, `fields`, `filters`: one company's records
//! - `actions`, `followers`, `seeds`: operations on a company
//! - `app`, `grants`, `limits`, `webhooks`, `state`: everything beside the companies
//!
//! The modules of the transport answer HTTP requests and send webhooks: `shared`, `session`, `api`, `oauth`, `web`,
//! `control` and `delivery`.

mod action_error;
mod actions;
pub mod api;
mod app;
mod changes;
mod clock;
mod company;
pub mod control;
pub mod delivery;
mod fields;
mod filters;
mod followers;
mod grants;
mod history;
mod limits;
pub mod oauth;
mod origins;
mod records;
mod rules;
mod schema;
mod seeds;
mod session;
mod shared;
mod state;
mod users;
pub mod web;
mod webhooks;
mod writer;

pub use app::App;
pub use origins::Origins;
pub use seeds::Seeds;
pub use shared::Shared;
pub use state::State;
