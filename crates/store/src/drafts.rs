//! Forms that are open: what a person has typed for a deal and not yet sent.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, micros},
};
use domain::{
    draft::Form,
    ids::{DealId, TenantId, UserId},
};
use jiff::Timestamp;

/// The form that a person has open for a deal, and when it was last saved.
pub async fn find(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
) -> Result<Option<(Form, Timestamp)>, Error> {
    let row: Option<(String, i64)> = on!(tx, c => sqlx::query_as(
        "SELECT form, updated_at FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3")
        .bind(tenant.0).bind(deal.0).bind(user.0).fetch_optional(c).await)?;
    row.map(|(form, at)| Ok((serde_json::from_str(&form).map_err(|_| Error::Unreadable("draft"))?, instant(at)?)))
        .transpose()
}

/// Keeps a form as it is typed.
pub async fn save(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    form: &Form,
    now: Timestamp,
) -> Result<(), Error> {
    let form = serde_json::to_string(form).map_err(|_| Error::Unreadable("draft"))?;
    on!(tx, c => sqlx::query(
        "INSERT INTO draft (tenant_id, deal_id, user_id, form, updated_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, deal_id, user_id) DO UPDATE SET form = excluded.form, updated_at = excluded.updated_at")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(form).bind(micros(now)).execute(c).await.map(drop))?;
    Ok(())
}

/// Throws a form away.
pub async fn discard(tx: &mut Tx, tenant: TenantId, deal: DealId, user: UserId) -> Result<(), Error> {
    on!(tx, c => sqlx::query("DELETE FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3")
        .bind(tenant.0).bind(deal.0).bind(user.0).execute(c).await.map(drop))?;
    Ok(())
}
