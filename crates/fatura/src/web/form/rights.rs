//! The right to use the form.

use super::super::{error::Error, session::Session};
use crate::flows;

/// Fails if only administrators may create invoices and the user is none according to the stored profile. The responses behind this check
/// contain QuickBooks customers. They are requested while the user types, so the check does not call Pipedrive; *Create* does.
pub(super) async fn require_likely_creator(session: &Session) -> Result<(), Error> {
    let settings = flows::settings::find_settings(session).await.map_err(session.localize_error())?;
    if settings.create.includes(session.profile.is_admin) {
        Ok(())
    } else {
        Err(session.localize_error()(flows::Error::AdminsOnly))
    }
}
