//! The simulator's state behind a lock, with the services that its handlers need.

use crate::{
    app::App,
    meter::{Limits, Meter},
    origins::Origins,
    presets::Seeds,
    state::State,
    webhooks::VERIFIER_TOKEN,
};
use sandbox_core::{calls::Calls, clock::Clock, runtime::Runtime};
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
        self.mark_changed();
        state
    }

    /// Locks the state for a handler that only reads, or that only changes companies. A company marks its own changes.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests that the state is saved, after a change through [`Self::state`].
    pub(crate) fn mark_changed(&self) {
        self.runtime.mark_changed();
    }

    pub(crate) fn clock(&self) -> Clock {
        self.runtime.clock()
    }

    pub(crate) fn calls(&self) -> &Calls {
        self.runtime.calls()
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
        let Origins { intuit, api, web } = &*self.origins;
        vec![
            ("QUICKBOOKS_API_URL", api.clone()),
            ("QUICKBOOKS_WEB_URL", web.clone()),
            ("QUICKBOOKS_DISCOVERY_URL", format!("{intuit}/.well-known/openid_sandbox_configuration")),
            ("QUICKBOOKS_AUTHORIZE_URL", format!("{intuit}/connect/oauth2")),
            ("QUICKBOOKS_TOKEN_URL", format!("{intuit}/oauth2/v1/tokens/bearer")),
            ("QUICKBOOKS_REVOKE_URL", format!("{intuit}/v2/oauth2/tokens/revoke")),
            ("QUICKBOOKS_CLIENT_ID", self.app.client_id.clone()),
            ("QUICKBOOKS_CLIENT_SECRET", self.app.client_secret.clone()),
            ("QUICKBOOKS_USERINFO_URL", format!("{intuit}/v1/openid_connect/userinfo")),
            ("QUICKBOOKS_JWKS_URL", format!("{intuit}/op/v1/jwks")),
            ("QUICKBOOKS_VERIFIER_TOKEN", VERIFIER_TOKEN.to_owned()),
            ("QUICKBOOKS_REALM_IDS", self.state().realm_ids().join(",")),
        ]
    }
}
