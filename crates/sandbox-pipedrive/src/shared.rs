//! The simulator's state behind a lock, with the services that its handlers need.

use crate::{
    app::{App, Kind},
    limits::{Limits, Meter},
    origins::Origins,
    seeds::Seeds,
    state::State,
};
use sandbox_core::{clock::Clock, runtime::Runtime};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Handle on the simulator. Clones share one state.
#[derive(Debug, Clone)]
pub struct Shared {
    state: Arc<Mutex<State>>,
    runtime: Runtime,
    pub(crate) origins: Arc<Origins>,
    pub(crate) app: Arc<App>,
    pub(crate) seeds: Seeds,
    pub(crate) meter: Arc<Meter>,
}

impl Shared {
    /// Creates a simulator with a state.
    pub fn new(state: State, runtime: Runtime, origins: Origins, app: App, seeds: Seeds) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
            runtime,
            origins: Arc::new(origins),
            app: Arc::new(app),
            seeds,
            meter: Arc::default(),
        }
    }

    /// Locks the state and marks it as changed. The lock lasts for one handler and is never held over an await.
    pub fn state_mut(&self) -> MutexGuard<'_, State> {
        let state = self.state();
        self.runtime.mark_changed();
        state
    }

    /// Locks the state for a handler that only reads.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.runtime.clock()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        self.runtime.http()
    }

    /// Removes all limits of requests.
    pub fn lift_limits(&self) {
        self.meter.set_limits(Limits::NONE);
    }

    /// Returns the addresses and credentials that a program needs, as environment variables.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let Origins { web, oauth, api } = &*self.origins;
        let secret = |kind| {
            self.app
                .extensions_of_kind(kind)
                .next()
                .map(|extension| self.app.secret(extension).to_owned())
                .unwrap_or_default()
        };
        vec![
            ("PIPEDRIVE_WEB_URL", web.clone()),
            ("PIPEDRIVE_API_URL", api.clone()),
            ("PIPEDRIVE_AUTHORIZE_URL", format!("{oauth}/oauth/authorize")),
            ("PIPEDRIVE_TOKEN_URL", format!("{oauth}/oauth/token")),
            ("PIPEDRIVE_REVOKE_URL", format!("{oauth}/oauth/revoke")),
            ("PIPEDRIVE_CLIENT_ID", self.app.client_id.clone()),
            ("PIPEDRIVE_CLIENT_SECRET", self.app.client_secret.clone()),
            ("PIPEDRIVE_JWT_SECRET_PANEL", secret(Kind::Panel)),
            ("PIPEDRIVE_JWT_SECRET_FORM", secret(Kind::Modal)),
            ("PIPEDRIVE_JWT_SECRET_SETTINGS", secret(Kind::Settings)),
        ]
    }
}
