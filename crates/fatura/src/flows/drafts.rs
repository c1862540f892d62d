//! Saving and discarding drafts of forms.

use super::{Error, context::UserContext};
use domain::{
    form::Form,
    ids::{DealId, TenantId, UserId},
};
use store::{
    Tx,
    drafts::{self, SaveOutcome},
};

/// Fails with [`Error::NotFound`] if the intent key of a form belongs to another deal.
pub(super) async fn require_own_key(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    deal: DealId,
    form: &Form,
) -> Result<(), Error> {
    if drafts::belongs_to_other_deal(tx, tenant, deal, user, form).await? { Err(Error::NotFound) } else { Ok(()) }
}

/// Saves a form as a draft, unless a newer version was saved or the form was opened in another window since.
pub(crate) async fn save_draft(context: &UserContext, deal: DealId, form: &Form) -> Result<SaveOutcome, Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let mut tx = app.db.begin().await?;
    require_own_key(&mut tx, tenant, user, deal, form).await?;
    let saved = drafts::save(&mut tx, tenant, deal, user, form, app.clock.now()).await?;
    tx.commit().await?;
    Ok(saved)
}

/// Saves a submitted form as the draft, also from a window that does not own the draft. Fails with [`Error::NotFound`] if its intent key
/// belongs to another deal.
pub(super) async fn save_submitted_draft(context: &UserContext, deal: DealId, form: &Form) -> Result<(), Error> {
    let (app, tenant, user) = (&context.app, context.tenant, context.user);
    let mut tx = app.db.begin().await?;
    require_own_key(&mut tx, tenant, user, deal, form).await?;
    drafts::take_over(&mut tx, tenant, deal, user, form, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Discards the user's draft of a deal.
pub(crate) async fn discard_draft(context: &UserContext, deal: DealId) -> Result<(), Error> {
    let mut tx = context.app.db.begin().await?;
    drafts::discard(&mut tx, context.tenant, deal, context.user, None).await?;
    tx.commit().await?;
    Ok(())
}
