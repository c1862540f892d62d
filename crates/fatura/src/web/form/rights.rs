//! The right to the form's answers.

use super::super::{error::Error, session::Session};
use crate::flows;

/// Fails where the settings leave creating invoices to administrators and the user was none when Pipedrive was last asked: these answers
/// show customers of QuickBooks. They are asked for at each key, so Pipedrive is not asked again; *Create* does that.
pub(super) async fn require_likely_creator(session: &Session) -> Result<(), Error> {
    let settings = flows::settings::find_settings(session).await.map_err(session.localize_error())?;
    if settings.create.includes(session.profile.is_admin) {
        Ok(())
    } else {
        Err(session.localize_error()(flows::Error::AdminsOnly))
    }
}
