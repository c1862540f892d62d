//! The tenant or the user for whom a flow works.

use crate::state::App;
use domain::ids::{TenantId, UserId};
use std::ops::Deref;

/// The tenant for which a flow works.
#[derive(Clone)]
pub(crate) struct TenantContext {
    pub(crate) app: App,
    pub(crate) tenant: TenantId,
}

impl TenantContext {
    pub(crate) fn new(app: &App, tenant: TenantId) -> Self {
        Self { app: app.clone(), tenant }
    }

    /// The context of one of the tenant's users.
    pub(crate) fn as_user(&self, user: UserId) -> UserContext {
        UserContext { context: self.clone(), user }
    }
}

/// The user for whom a flow works: the user of a session, or the user on whose behalf a job acts.
#[derive(Clone)]
pub(crate) struct UserContext {
    context: TenantContext,
    pub(crate) user: UserId,
}

impl UserContext {
    pub(crate) fn new(app: &App, tenant: TenantId, user: UserId) -> Self {
        TenantContext::new(app, tenant).as_user(user)
    }
}

impl Deref for UserContext {
    type Target = TenantContext;

    fn deref(&self) -> &TenantContext {
        &self.context
    }
}
