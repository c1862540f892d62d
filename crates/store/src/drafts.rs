//! Drafts: forms that are stored and not yet submitted.
//!
//! Invariant: a deal and user have one draft. It keeps its intent key until the invoice is created or the draft is discarded, so two windows
//! of one form create one invoice. Only the window that opened the form last saves it, and the highest version of that window is kept.

use crate::{
    Error, Tx,
    db::on,
    time::{instant, micros},
};
use domain::{
    form::Form,
    ids::{DealId, IntentKey, TenantId, UserId},
};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

/// How a draft was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The form was opened, and nothing was typed yet. It is filled in again each time it opens.
    Opened,
    /// The draft was prepared for a won deal, and was not opened yet.
    Prepared,
    /// The user has typed into the form.
    Typed,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Prepared => "prepared",
            Self::Typed => "typed",
        }
    }

    fn named(name: &str) -> Result<Self, Error> {
        [Self::Opened, Self::Prepared, Self::Typed]
            .into_iter()
            .find(|origin| origin.name() == name)
            .ok_or(Error::Unreadable("draft"))
    }
}

/// Maximum number of drafts of a user. Beyond it, drafts without typed content are discarded first, then the oldest.
pub const MAX_DRAFTS_OF_USER: i64 = 200;

/// A stored draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The form, as typed.
    pub form: Form,
    /// The time of the last save.
    pub saved_at: Timestamp,
    /// How the draft was created.
    pub origin: Origin,
}

/// The outcome of saving a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveOutcome {
    /// The form was stored.
    Kept,
    /// A newer version of the same window is stored.
    Older,
    /// The form was opened in another window meanwhile.
    Elsewhere,
    /// The form's invoice was created, so the draft was not stored again.
    Ended,
}

type Row = (String, i64, String);

fn read_draft((form, at, origin): Row) -> Result<Draft, Error> {
    Ok(Draft {
        form: serde_json::from_str(&form).map_err(|_| Error::Unreadable("draft"))?,
        saved_at: instant(at)?,
        origin: Origin::named(&origin)?,
    })
}

fn to_json(form: &Form) -> Result<String, Error> {
    serde_json::to_string(form).map_err(|_| Error::Unreadable("draft"))
}

/// Finds a user's draft of a deal.
pub async fn find(tx: &mut Tx, tenant: TenantId, deal: DealId, user: UserId) -> Result<Option<Draft>, Error> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(
        "SELECT form, updated_at, state FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3")
        .bind(tenant.0).bind(deal.0).bind(user.0).fetch_optional(c).await)?;
    row.map(read_draft).transpose()
}

/// Finds a user's draft of a deal and locks it until the end of the transaction.
async fn find_locked(tx: &mut Tx, tenant: TenantId, deal: DealId, user: UserId) -> Result<Option<Draft>, Error> {
    // SQLite has one writing transaction at a time.
    let lock = if matches!(tx, Tx::Postgres(_)) { "FOR UPDATE" } else { "" };
    let statement = format!(
        "SELECT form, updated_at, state FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3 {lock}"
    );
    let row: Option<Row> = on!(tx, c => sqlx::query_as(AssertSqlSafe(statement.as_str()))
        .bind(tenant.0).bind(deal.0).bind(user.0).fetch_optional(c).await)?;
    row.map(read_draft).transpose()
}

/// Opens the form in `form.window` and returns the stored draft. A draft with typed content keeps its content; otherwise `form` replaces it,
/// under the intent key of the existing draft.
pub async fn open(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    form: &Form,
    origin: Origin,
    now: Timestamp,
) -> Result<Draft, Error> {
    let new = to_json(form)?;
    let inserted = on!(tx, c => sqlx::query(
        "INSERT INTO draft (tenant_id, deal_id, user_id, form, updated_at, intent, window_id, version, state) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT (tenant_id, deal_id, user_id) DO NOTHING")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(new).bind(micros(now)).bind(key_text(form.intent))
        .bind(&form.window).bind(origin.name()).execute(c).await.map(|done| done.rows_affected()))?;
    if inserted == 1 {
        on!(tx, c => sqlx::query(
            "DELETE FROM draft WHERE tenant_id = $1 AND user_id = $2 AND deal_id IN (SELECT deal_id FROM draft \
             WHERE tenant_id = $1 AND user_id = $2 AND deal_id <> $3 ORDER BY CASE state WHEN 'typed' THEN 0 ELSE 1 END, updated_at DESC, deal_id LIMIT 1000000 OFFSET $4)")
            .bind(tenant.0).bind(user.0).bind(deal.0).bind(MAX_DRAFTS_OF_USER - 1).execute(c).await.map(drop))?;
        return Ok(Draft { form: form.clone(), saved_at: now, origin });
    }
    let existing = find_locked(tx, tenant, deal, user).await?.ok_or(Error::Unreadable("draft"))?;
    let mut opened = if existing.origin == Origin::Typed {
        existing
    } else {
        let form = Form { intent: existing.form.intent, ..form.clone() };
        Draft { form, saved_at: now, origin }
    };
    opened.form.window.clone_from(&form.window);
    opened.form.version = None;
    let stored = to_json(&opened.form)?;
    on!(tx, c => sqlx::query(
        "UPDATE draft SET form = $4, window_id = $5, version = 0, state = $6, intent = $7 \
         WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(stored).bind(&form.window)
        .bind(opened.origin.name()).bind(key_text(opened.form.intent)).execute(c).await.map(drop))?;
    Ok(opened)
}

/// Saves a form as it is typed. A form without a window or version, from a client without versions, counts as the newest.
pub async fn save(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    form: &Form,
    now: Timestamp,
) -> Result<SaveOutcome, Error> {
    let typed = to_json(form)?;
    let updated = on!(tx, c => sqlx::query(
        "UPDATE draft SET form = $4, updated_at = $5, state = 'typed', version = COALESCE($6, version + 1), intent = $8 \
         WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3 AND ($7 = '' OR (window_id = $7 AND intent = $8)) \
         AND ($6 IS NULL OR version < $6)")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(typed).bind(micros(now)).bind(form.version)
        .bind(&form.window).bind(key_text(form.intent)).execute(c).await.map(|done| done.rows_affected()))?;
    if updated == 1 {
        return Ok(SaveOutcome::Kept);
    }
    let existing: Option<(String, String)> = on!(tx, c => sqlx::query_as(
        "SELECT window_id, intent FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3")
        .bind(tenant.0).bind(deal.0).bind(user.0).fetch_optional(c).await)?;
    match existing {
        Some((window, intent)) if window == form.window && intent == key_text(form.intent) => Ok(SaveOutcome::Older),
        Some(_) => Ok(SaveOutcome::Elsewhere),
        None if has_invoice(tx, tenant, form).await? => Ok(SaveOutcome::Ended),
        None => {
            let opened = Form { version: None, ..form.clone() };
            open(tx, tenant, deal, user, &opened, Origin::Typed, now).await?;
            Ok(SaveOutcome::Kept)
        }
    }
}

/// Saves a form that is being submitted. Its window becomes the window that saves the draft, even if another window opened the form last.
pub async fn take_over(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    form: &Form,
    now: Timestamp,
) -> Result<SaveOutcome, Error> {
    on!(tx, c => sqlx::query(
        "UPDATE draft SET window_id = $4, version = 0 \
         WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3 AND intent = $5 AND window_id <> $4")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(&form.window).bind(key_text(form.intent)).execute(c).await.map(drop))?;
    save(tx, tenant, deal, user, form, now).await
}

/// Whether the form's intent key belongs to an invoice of another deal, or to this user's draft of another deal.
pub async fn belongs_to_other_deal(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    form: &Form,
) -> Result<bool, Error> {
    let Some(key) = form.intent else { return Ok(false) };
    let of_invoice: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT deal_id FROM invoice WHERE tenant_id = $1 AND intent = $2 AND deal_id <> $3")
        .bind(tenant.0).bind(key.0).bind(deal.0).fetch_optional(c).await)?;
    if of_invoice.is_some() {
        return Ok(true);
    }
    let of_draft: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT deal_id FROM draft WHERE tenant_id = $1 AND user_id = $2 AND intent = $3 AND deal_id <> $4 LIMIT 1")
        .bind(tenant.0).bind(user.0).bind(key.0.to_string()).bind(deal.0).fetch_optional(c).await)?;
    Ok(of_draft.is_some())
}

/// Returns an intent key as stored: as text, empty without a key.
fn key_text(key: Option<IntentKey>) -> String {
    key.map(|key| key.to_string()).unwrap_or_default()
}

/// Whether an invoice was created with the form's intent key.
async fn has_invoice(tx: &mut Tx, tenant: TenantId, form: &Form) -> Result<bool, Error> {
    let Some(key) = form.intent else { return Ok(false) };
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT deal_id FROM invoice WHERE tenant_id = $1 AND intent = $2 AND state NOT IN ('refused', 'removed')")
        .bind(tenant.0).bind(key.0).fetch_optional(c).await)?;
    Ok(found.is_some())
}

/// Discards a user's draft of a deal. With a key, only if the draft has that key or none.
pub async fn discard(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    key: Option<IntentKey>,
) -> Result<(), Error> {
    on!(tx, c => sqlx::query(
        "DELETE FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id = $3 AND ($4 = '' OR intent = $4 OR intent = '')")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(key_text(key)).execute(c).await.map(drop))?;
    Ok(())
}

/// Lists at most five colleagues who have typed into a draft of the deal since a time, with the time of the draft, the newest first.
pub async fn list_of_colleagues(
    tx: &mut Tx,
    tenant: TenantId,
    deal: DealId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<(UserId, Timestamp)>, Error> {
    let rows: Vec<(i64, i64)> = on!(tx, c => sqlx::query_as(
        "SELECT user_id, updated_at FROM draft WHERE tenant_id = $1 AND deal_id = $2 AND user_id <> $3 \
         AND state = 'typed' AND updated_at >= $4 ORDER BY updated_at DESC LIMIT 5")
        .bind(tenant.0).bind(deal.0).bind(user.0).bind(micros(since)).fetch_all(c).await)?;
    rows.into_iter().map(|(user, at)| Ok((UserId(user), instant(at)?))).collect()
}
