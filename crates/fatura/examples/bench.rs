//! What `make bench` measures with: a load, and the floor that figures are compared with.
//!
//! `load` sends one request again and again from so many connections, and prints rate and percentiles as JSON. `floor` is
//! what no service can be quicker than: a bare handler that verifies the same signature and commits one row to the same kind
//! of database.

use anyhow::{Context, ensure};
use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Parser;
use domain::ids::TenantId;
use jiff::Timestamp;
use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Db, audit};
use tokio::net::TcpListener;
use uuid::Uuid;

#[derive(Parser)]
enum Command {
    /// Sends requests.
    Load {
        url: String,
        /// `name: value`.
        #[arg(long)]
        header: Vec<String>,
        /// A file to post; without it, the address is only read.
        #[arg(long)]
        body: Option<PathBuf>,
        #[arg(long, default_value_t = 16)]
        at_once: usize,
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Serves the floor on a free port, which it prints.
    Floor { database: String, secret: String },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Load { url, header, body, at_once, seconds } => load(url, header, body, at_once, seconds).await,
        Command::Floor { database, secret } => floor(&database, &secret).await,
    }
}

#[expect(clippy::disallowed_methods, reason = "this measures from outside")]
#[expect(clippy::print_stdout, reason = "its answer")]
async fn load(
    url: String,
    headers: Vec<String>,
    body: Option<PathBuf>,
    at_once: usize,
    seconds: u64,
) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    let body = body.map(fs::read).transpose()?;
    let mut request = if body.is_some() { http.post(&url) } else { http.get(&url) };
    for header in &headers {
        let (name, value) = header.split_once(": ").context("a header is name: value")?;
        request = request.header(name, value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    let request = Arc::new(request.build()?);
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (http, request) = (http.clone(), Arc::clone(&request));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while Instant::now() < end {
                    let again = request.try_clone().context("the request can be repeated")?;
                    let sent = Instant::now();
                    let answer = http.execute(again).await?;
                    let status = answer.status();
                    let body = answer.bytes().await?;
                    ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
                    took.push(sent.elapsed());
                }
                anyhow::Ok(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for worker in workers {
        took.extend(worker.await??);
    }
    let spent = begun.elapsed();
    took.sort_unstable();
    let part = |of: usize| {
        took.get(took.len() * of / 1000).or(took.last()).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = took.len() as f64 / spent.as_secs_f64();
    println!(
        "{{\"count\":{},\"rate\":{rate:.1},\"p50\":{:.3},\"p99\":{:.3},\"p999\":{:.3}}}",
        took.len(),
        part(500),
        part(990),
        part(999)
    );
    Ok(())
}

struct Floor {
    db: Db,
    key: hmac::Key,
}

#[expect(clippy::print_stdout, reason = "its address")]
async fn floor(database: &str, secret: &str) -> anyhow::Result<()> {
    let db = Db::open(database).await?;
    db.migrate().await?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let pages = Router::new()
        .route("/webhook", post(commit))
        .route("/nothing", get(async || "nothing"))
        .with_state(Arc::new(Floor { db, key }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, pages).await?;
    Ok(())
}

async fn commit(State(floor): State<Arc<Floor>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature = headers.get("intuit-signature").and_then(|value| BASE64_STANDARD.decode(value).ok());
    if signature.is_none_or(|signature| hmac::verify(&floor.key, &body, &signature).is_err()) {
        return StatusCode::UNAUTHORIZED;
    }
    let kept = async {
        let mut tx = floor.db.begin().await?;
        let (tenant, nothing) = (TenantId(Uuid::nil()), serde_json::json!({}));
        audit::record(&mut tx, tenant, None, "floor", None, &nothing, Timestamp::UNIX_EPOCH).await?;
        tx.commit().await
    };
    if kept.await.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
}
