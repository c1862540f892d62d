//! The sandbox through its front: HTTP against the contract, on a sandbox of its own for each test.

mod control;
mod countries;
mod faults;
mod inclusive;
mod invoices;
mod limits;
mod properties;
mod queries;
mod quirks;
mod requests;
mod support;
mod taxes;
mod terms;
mod webhooks;
