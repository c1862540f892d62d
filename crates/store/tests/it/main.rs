//! The contract of the store: every test on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod clocks;
mod connections;
mod contract;
mod database;
mod drafts;
mod effects;
mod fences;
mod fixtures;
mod follow;
mod keys;
mod lifecycle;
mod merged;
mod migrations;
mod neighbours;
mod operate;
mod parked;
mod plans;
mod rows;
mod usage;
