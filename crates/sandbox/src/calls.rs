//! The ledger of API calls that the sandbox has answered, for tests that count them.

use crate::quickbooks::api::metering::Cost;
use axum::http::{Method, StatusCode};
use serde::Serialize;
use std::sync::Mutex;

/// One answered call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Call {
    provider: &'static str,
    method: String,
    path: String,
    query: String,
    status: u16,
    /// Of QuickBooks: `reads` are metered, `writes` are not. A batch is as many as it has items.
    #[serde(flatten)]
    cost: Cost,
}

/// The most recent calls.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<Vec<Call>>);

const KEPT: usize = 10_000;

impl Calls {
    pub(crate) fn record(
        &self,
        provider: &'static str,
        method: &Method,
        path: &str,
        query: &str,
        status: StatusCode,
        cost: Cost,
    ) {
        let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if calls.len() == KEPT {
            calls.drain(..KEPT / 2);
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

    pub(crate) fn all(&self) -> Vec<Call> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
