//! Sales: invoices, estimates, sales receipts, credit memos and refund receipts (one kind of form), and payments.

mod balance;
pub(crate) mod form;
mod header;
mod lines;
mod links;
pub(crate) mod payment;
pub(crate) mod pdf;
mod rates;
mod row;
pub(crate) mod send;
mod stock;
mod tax;
mod terms;
mod totals;
pub(crate) mod void;
