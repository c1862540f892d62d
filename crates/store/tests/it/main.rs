//! Contract tests of the store, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test panics on any error")]

mod clocks;
mod connections;
mod contract;
mod database;
mod drafts;
mod effects;
mod fences;
mod fixtures;
mod isolation;
mod keys;
mod lifecycle;
mod merges;
mod migrations;
mod one_time_tokens;
mod operate;
mod parked;
mod plans;
mod rows;
mod sync;
mod usage;
