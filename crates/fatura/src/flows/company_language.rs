//! The language of texts for a whole company: notes, deal fields, invoices.

use super::{Error, context::TenantContext};
use crate::{language::Language, locale::Locale};
use store::{grants, tenants};

/// Reads the locale of texts for the whole company: the region of the first installation, in [`read_language`].
pub(crate) async fn read_locale(context: &TenantContext) -> Result<Locale, Error> {
    let language = read_language(context).await?;
    let mut tx = context.app.db.read().await?;
    let company = tenants::find(&mut tx, context.tenant).await?.ok_or(Error::NotFound)?;
    Ok(Locale::of(&company.locale).in_language(language))
}

/// Reads the language of texts for the whole company: that of the settings, otherwise [`find_usual_language`].
async fn read_language(context: &TenantContext) -> Result<Language, Error> {
    let mut tx = context.app.db.read().await?;
    let settings = store::settings::find(&mut tx, context.tenant).await?.unwrap_or_default();
    drop(tx);
    match settings.language {
        Some(chosen) => Ok(Locale::language_of(&chosen)),
        None => find_usual_language(context).await,
    }
}

/// Finds the most frequent language of the users who have installed the app. The language of the first installation wins a tie. Pipedrive
/// has no language for a company, and the country does not determine one.
pub(crate) async fn find_usual_language(context: &TenantContext) -> Result<Language, Error> {
    let mut tx = context.app.db.read().await?;
    let company = tenants::find(&mut tx, context.tenant).await?.ok_or(Error::NotFound)?;
    let users = grants::list_users(&mut tx, context.tenant).await?;
    drop(tx);
    let languages = users.iter().map(|(_, profile)| Locale::language_of(&profile.language));
    Ok(Language::most_frequent(languages, Locale::language_of(&company.language)))
}
