//! Services that the simulators share while the sandbox runs: the clock, the log of calls and the HTTP client.

use crate::{calls::Calls, clock::Clock};
use jiff::Timestamp;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Upper bound for one request of the sandbox to the app. Webhook deliveries set lower ones.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Handle on the shared services. Clones share one state.
#[derive(Debug, Clone)]
pub struct Runtime(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Mutex<Clock>,
    calls: Calls,
    http: reqwest::Client,
    is_changed: AtomicBool,
}

impl Runtime {
    /// Creates the services. The state counts as changed until it is saved for the first time.
    pub fn new(clock: Clock) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            clock: Mutex::new(clock),
            calls: Calls::default(),
            http: reqwest::Client::builder().timeout(REQUEST_TIMEOUT).build()?,
            is_changed: AtomicBool::new(true),
        })))
    }

    /// Returns a copy of the clock.
    pub fn clock(&self) -> Clock {
        *self.0.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the clock.
    pub fn set_clock(&self, clock: Clock) {
        *self.0.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
        self.mark_changed();
    }

    /// Moves the clock by a number of seconds.
    pub fn advance_clock(&self, seconds: i64) {
        self.0.clock.lock().unwrap_or_else(PoisonError::into_inner).advance(seconds);
        self.mark_changed();
    }

    /// Sets the current time.
    pub fn set_time(&self, now: Timestamp) {
        self.0.clock.lock().unwrap_or_else(PoisonError::into_inner).set(now);
        self.mark_changed();
    }

    /// Returns the log of answered calls.
    pub fn calls(&self) -> &Calls {
        &self.0.calls
    }

    /// Returns the client for requests to the app.
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Requests that the state is saved.
    pub fn mark_changed(&self) {
        self.0.is_changed.store(true, Ordering::Relaxed);
    }

    /// Returns whether the state has changed since the previous call.
    pub fn take_changed(&self) -> bool {
        self.0.is_changed.swap(false, Ordering::Relaxed)
    }
}
