//! The log of answered API calls, for tests that count them.

use axum::http::{Method, StatusCode};
use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// Metered operations in one request. A batch has one for each of its items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Operations that count against a limit of reads.
    pub reads: u32,
    /// All other operations.
    pub writes: u32,
}

/// One answered call.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    provider: &'static str,
    method: String,
    path: String,
    query: String,
    status: u16,
    #[serde(flatten)]
    cost: Cost,
}

/// The most recent calls.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Vec<Call>>);

/// Upper bound for the length of the log. A full log drops its older half.
const MAX_CALLS: usize = 10_000;

impl Calls {
    /// Appends one call.
    pub fn record(
        &self,
        provider: &'static str,
        method: &Method,
        path: &str,
        query: &str,
        status: StatusCode,
        cost: Cost,
    ) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == MAX_CALLS {
            calls.drain(..MAX_CALLS / 2);
        }
        calls.push(Call {
            provider,
            method: method.to_string(),
            path: path.to_owned(),
            query: query.to_owned(),
            status: status.as_u16(),
            cost,
        });
    }

    /// Returns the log, the oldest call first.
    pub fn list(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
