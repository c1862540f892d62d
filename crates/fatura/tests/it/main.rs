//! Tests of the running service against the sandbox. Each test has its own service, sandbox and database: see `test_app`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod access;
mod answers;
mod browser;
mod clock;
mod crash;
mod database;
mod doubt;
mod faults;
mod form;
mod history;
mod invoice_actions;
mod items;
mod merges;
mod numbers;
mod page;
mod panel;
mod pdf;
mod person;
mod providers;
mod ready;
mod refusals;
mod requests;
mod test_app;
mod waiting;
