//! A simulator of QuickBooks Online: Intuit's OAuth, the v3 Accounting API, webhooks, and a few web pages.
//!
//! The simulator is written from Intuit's contract. It depends on none of Fatura's clients, so that a misreading of the
//! contract cannot confirm itself.
//!
//! State and transport are apart. The modules of the state hold companies and the rules of a write, and use no module of
//! the transport:
//!
//! - `entity`, `fault`, `events`, `json`, `clock`: the vocabulary
//! - `schema`, `company`, `objects`, `sales`, `query`: one company's books
//! - `writes`, `accountant`, `presets`: operations on a company
//! - `grants`, `discovery`, `webhooks`, `meter`, `app`, `state`: everything beside the companies
//!
//! The modules of the transport answer HTTP requests and send webhooks: `shared`, `api`, `oauth`, `web`, `control` and
//! `delivery`.

mod accountant;
pub mod api;
mod app;
mod clock;
mod company;
pub mod control;
pub mod delivery;
mod discovery;
mod entity;
mod events;
mod fault;
mod grants;
mod json;
mod meter;
pub mod oauth;
mod objects;
mod origins;
mod presets;
mod query;
mod sales;
mod schema;
mod shared;
mod state;
mod user;
pub mod web;
mod webhooks;
mod writes;

pub use app::App;
pub use company::Company;
pub use origins::Origins;
pub use presets::Seeds;
pub use shared::Shared;
pub use state::State;
