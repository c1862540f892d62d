//! Tests of the sandbox over HTTP against the providers' contract. Each test starts a sandbox of its own.

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
