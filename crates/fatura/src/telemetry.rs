//! Logs and metrics for operators. Neither holds a secret or a customer's data.

use crate::{budget, state::App};
use anyhow::Context;
use axum::{Router, routing::get};
use engine::Attempt;
use futures_util::{FutureExt, future::BoxFuture};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Buckets of durations, in seconds.
const DURATION_BUCKETS: [f64; 10] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// Buckets of numbers of calls.
const CALL_BUCKETS: [f64; 9] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0];

/// Installs the recorder of the process, and describes the metrics.
fn install_recorder() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_calls".to_owned()), &CALL_BUCKETS)?;
    let handle = builder.install_recorder()?;
    metrics::describe_histogram!(
        "fatura_provider_call_seconds",
        "Calls to Pipedrive and QuickBooks, by HTTP status; none without an answer"
    );
    metrics::describe_histogram!("fatura_job_calls", "Calls to providers for each attempt at a job: quota and money");
    metrics::describe_histogram!("fatura_job_seconds", "How long attempts at jobs took");
    metrics::describe_counter!("fatura_webhooks_total", "Webhooks of QuickBooks, by whether they were accepted");
    metrics::describe_counter!(
        "fatura_security_events_total",
        "Refused signatures, tokens, states and rights, and changes of connections and settings"
    );
    metrics::describe_gauge!("fatura_stuck", "Parked work, which waits for an operator");
    metrics::describe_gauge!(
        "fatura_quickbooks_reads",
        "Reads of QuickBooks in this calendar month (UTC), by all replicas"
    );
    metrics::describe_gauge!(
        "fatura_quickbooks_writes",
        "Writes to QuickBooks in this calendar month (UTC), by all replicas"
    );
    metrics::describe_gauge!("fatura_quickbooks_reads_limit", "Reads that the month allows; 0 without a limit");
    metrics::describe_counter!(
        "fatura_quickbooks_held_back_total",
        "Background reads that were held back to keep the month's budget"
    );
    metrics::describe_counter!(
        "fatura_quickbooks_reads_refused_total",
        "Reads that QuickBooks refused because the month's limit was reached"
    );
    Ok(handle)
}

/// Serves the metrics at `/metrics` of their own address, if one is configured, until `stop`.
pub(crate) async fn serve(app: &App, stop: CancellationToken) -> anyhow::Result<BoxFuture<'static, ()>> {
    let Some(address) = app.config.metrics_listen.clone() else {
        return Ok(stop.cancelled_owned().boxed());
    };
    let listener = TcpListener::bind(&address).await.with_context(|| format!("metrics_listen is {address}"))?;
    let (recorder, app) = (install_recorder()?, app.clone());
    let pages = Router::new().route(
        "/metrics",
        get(move || {
            let (recorder, app) = (recorder.clone(), app.clone());
            async move {
                if let Ok(mut tx) = app.db.read().await
                    && let Ok(stuck) = store::parked::list_all(&mut tx).await
                {
                    metrics::gauge!("fatura_stuck").set(u32::try_from(stuck.len()).unwrap_or(u32::MAX));
                }
                record_budget(&app).await;
                recorder.run_upkeep();
                recorder.render()
            }
        }),
    );
    Ok(async move {
        if let Err(error) = axum::serve(listener, pages).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!(%error, "the metrics are no longer served");
        }
    }
    .boxed())
}

/// Records the state of the month's budget.
async fn record_budget(app: &App) {
    let Ok(budget) = budget::read(&app.db, app.config.reads_a_month(), app.clock.now()).await else { return };
    let gauge = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    metrics::gauge!("fatura_quickbooks_reads").set(gauge(budget.used));
    metrics::gauge!("fatura_quickbooks_writes").set(gauge(budget.writes));
    metrics::gauge!("fatura_quickbooks_reads_limit").set(gauge(budget.limit.unwrap_or(0)));
}

/// Records an attempt at a job by its outcome: `done`, `later` or `failed`.
pub(crate) fn record_attempt(kind: &'static str, outcome: &'static str, calls: u32, took: Duration) {
    metrics::histogram!("fatura_job_calls", "kind" => kind, "outcome" => outcome).record(calls);
    metrics::histogram!("fatura_job_seconds", "kind" => kind, "outcome" => outcome).record(took);
}

/// The name of an attempt's outcome in the metrics.
pub(crate) fn name_outcome<E>(attempt: &Result<Attempt, E>) -> &'static str {
    match attempt {
        Ok(Attempt::Done) => "done",
        Ok(Attempt::Later(_)) => "later",
        Err(_) => "failed",
    }
}
