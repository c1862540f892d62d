//! The operator's commands.

use crate::{clock, config::Config, flows::parked::retry_as};
use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use store::{Db, parked, tenants};

pub(crate) async fn open(config: &Config) -> anyhow::Result<Db> {
    Ok(Db::open(config.database_url.expose_secret()).await?)
}

/// Brings the database up to date.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    Ok(open(config).await?.migrate().await?)
}

/// Lists the parked work, a line for each operation or job: kind, id, company, deal, start, attempts, and reason.
pub async fn list_parked(config: &Config) -> anyhow::Result<Vec<String>> {
    let db = open(config).await?;
    let mut tx = db.read().await?;
    let mut lines = Vec::new();
    for operation in parked::list_all(&mut tx).await? {
        let company =
            tenants::find(&mut tx, operation.tenant).await?.map(|tenant| tenant.company_name).unwrap_or_default();
        let reason = match operation.park_reason {
            parked::ParkReason::Doubt => "was sent to QuickBooks without an answer and is not found there".to_owned(),
            parked::ParkReason::Disconnected => "its QuickBooks company is not connected any more".to_owned(),
            parked::ParkReason::Failed(error) => error,
        };
        let (kind, id, deal) = (operation.kind.name(), operation.id, operation.deal);
        lines.push(format!(
            "{kind} {id}  {company}, deal {deal}, since {}, tried {} times: {reason}",
            operation.since, operation.attempts
        ));
    }
    for job in db.list_failed(None).await? {
        let company = tenants::find(&mut tx, job.tenant).await?.map(|tenant| tenant.company_name).unwrap_or_default();
        lines.push(format!(
            "{} {}  {company}, since {}, tried {} times: {}",
            job.kind, job.id, job.since, job.attempts, job.error
        ));
    }
    Ok(lines)
}

/// Retries parked work, all of it or one operation or job by its id, and returns the number. An invoice that was sent without an answer is
/// only looked up; users decide in the settings whether it is resent.
pub async fn retry(config: &Config, id: Option<&str>) -> anyhow::Result<usize> {
    let db = open(config).await?;
    let now = db.now().await?.unwrap_or_else(clock::system_time);
    let mut tx = db.read().await?;
    let all = parked::list_all(&mut tx).await?;
    drop(tx);
    let is_wanted = |candidate: String| id.is_none_or(|id| id == candidate);
    let mut count = 0;
    for operation in all.into_iter().filter(|operation| is_wanted(operation.id.to_string())) {
        retry_as(&db, operation.tenant, None, (operation.kind, operation.id), false, now).await?;
        count += 1;
    }
    for job in db.list_failed(None).await?.into_iter().filter(|job| is_wanted(job.id.to_string())) {
        db.retry_failed(job.tenant, job.id).await?;
        count += 1;
    }
    if let (Some(id), 0) = (id, count) {
        bail!("nothing with the id {id} is parked; list what is parked: fatura parked");
    }
    Ok(count)
}

/// Writes a backup of the SQLite database into a new file, while the service runs.
pub async fn backup(config: &Config, file: &str) -> anyhow::Result<()> {
    Ok(open(config).await?.backup_to(file).await?)
}

/// Copies everything from another database into the configured one, which has to be empty. Returns the number of rows.
pub async fn copy(config: &Config, from: &str) -> anyhow::Result<u64> {
    let source = Db::open(from).await.context("the database to copy from cannot be opened")?;
    let target = open(config).await?;
    target.migrate().await?;
    Ok(source.copy_to(&target).await?)
}
