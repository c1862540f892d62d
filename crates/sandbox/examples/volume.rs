//! Measures the speed and the capacity of the QuickBooks sandbox: `make bench-sandbox`.
//!
//! Server and client share the machine, as in practice. All calls go over HTTP.

use anyhow::{Context, ensure};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const COMPANIES: u64 = 1_000;
const INVOICES: u64 = 100_000;
const WORKERS: usize = 16;
const MEASURING_TIME: Duration = Duration::from_secs(5);

fn options() -> Options {
    Options { only_quickbooks: true, ..Default::default() }
}

#[derive(Clone)]
struct Company {
    url: String,
    token: String,
}

struct Client {
    http: reqwest::Client,
    control: String,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "this measures the sandbox, not the product's client")]
    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Vec<u8>> {
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        Ok(body.to_vec())
    }

    async fn control(&self, path: &str, body: Value) -> anyhow::Result<Vec<u8>> {
        self.send(self.http.post(format!("{}{path}", self.control)).json(&body)).await
    }

    async fn company(&self, sandbox: &Sandbox, realm: &str) -> anyhow::Result<Company> {
        let tokens: Value =
            serde_json::from_slice(&self.control("/quickbooks/grants", json!({ "realm_id": realm })).await?)?;
        let token = tokens["access_token"].as_str().context("a token")?.to_owned();
        Ok(Company { url: format!("{}/v3/company/{realm}", sandbox.origins.quickbooks_api), token })
    }

    async fn create(&self, company: &Company, entity: &str, body: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.http.post(format!("{}/{entity}", company.url)).bearer_auth(&company.token);
        self.send(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    async fn read(&self, company: &Company, path: &str) -> anyhow::Result<Vec<u8>> {
        self.send(self.http.get(format!("{}{path}", company.url)).bearer_auth(&company.token)).await
    }
}

const INVOICE: &str = r#"{"CustomerRef":{"value":"1"},"TxnDate":"2026-11-20","TxnTaxDetail":{"TxnTaxCodeRef":{"value":"3"}},"Line":[{"DetailType":"SalesItemLineDetail","Amount":150,"Description":"Consulting","SalesItemLineDetail":{"ItemRef":{"value":"1"},"Qty":3,"UnitPrice":50,"TaxCodeRef":{"value":"TAX"}}}]}"#;

/// Runs `work` on all workers until `done` is true. Returns operations per second.
async fn measure_rate<F, W>(
    done: impl Fn(u64, Duration) -> bool + Clone + Send + 'static,
    work: W,
) -> anyhow::Result<(u64, f64)>
where
    W: Fn(u64) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let count = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks = (0..WORKERS).map(|_| {
        let (count, done, work) = (count.clone(), done.clone(), work.clone());
        tokio::spawn(async move {
            loop {
                let at = count.fetch_add(1, Ordering::Relaxed);
                if done(at, began.elapsed()) {
                    count.fetch_sub(1, Ordering::Relaxed);
                    return anyhow::Ok(());
                }
                work(at).await?;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    let count = count.load(Ordering::Relaxed);
    #[expect(clippy::cast_precision_loss, reason = "a rate to read")]
    Ok((count, count as f64 / began.elapsed().as_secs_f64()))
}

/// Returns the resident memory in MB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn print_result(label: &str, value: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{label:<58} {value:>16}")?;
    Ok(())
}

#[expect(clippy::too_many_lines, reason = "one measurement after the other")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let began = Instant::now();
    let sandbox = sandbox::start(options()).await?;
    print_result("start, with the companies of the seeds", &format!("{} ms", began.elapsed().as_millis()))?;
    let http = reqwest::Client::builder().pool_max_idle_per_host(WORKERS * 2).build()?;
    let client = Arc::new(Client { http, control: sandbox.origins.control.clone() });

    let one = client.company(&sandbox, "9341452200000001").await?;
    let timed = |_: u64, elapsed: Duration| elapsed > MEASURING_TIME;
    for (label, path) in [
        ("reads of an invoice, a second", "/invoice/130"),
        ("reads of the company, a second", "/companyinfo/1"),
        (
            "queries by number, a second",
            "/query?query=select%20*%20from%20Invoice%20where%20DocNumber%20%3D%20%271032%27",
        ),
    ] {
        let (client, one) = (client.clone(), one.clone());
        let (_, reads) = measure_rate(timed, move |_| {
            let (client, one) = (client.clone(), one.clone());
            async move { client.read(&one, path).await.map(drop) }
        })
        .await?;
        print_result(label, &format!("{reads:.0}"))?;
    }
    let (writer, company) = (client.clone(), one.clone());
    let (_, creates) = measure_rate(timed, move |_| {
        let (client, company) = (writer.clone(), company.clone());
        async move { client.create(&company, "invoice", INVOICE).await.map(drop) }
    })
    .await?;
    print_result("creations of an invoice in one company, a second", &format!("{creates:.0}"))?;

    let before = memory();
    let began = Instant::now();
    let answer: Value = serde_json::from_slice(
        &client
            .control("/quickbooks/companies", json!({ "preset": "us", "count": COMPANIES, "name": "Company" }))
            .await?,
    )?;
    print_result(&format!("{COMPANIES} companies made in"), &format!("{} ms", began.elapsed().as_millis()))?;
    let mut companies = Vec::new();
    for realm in answer["realm_ids"].as_array().context("realms")? {
        let company = client.company(&sandbox, realm.as_str().context("a realm")?).await?;
        client.create(&company, "customer", r#"{"DisplayName":"First"}"#).await?;
        companies.push(company);
    }
    let companies = Arc::new(companies);
    let (writer, all) = (client.clone(), companies.clone());
    let (count, creates) = measure_rate(
        |at, _| at >= INVOICES,
        move |at| {
            let (client, all) = (writer.clone(), all.clone());
            async move {
                let company = &all[usize::try_from(at % COMPANIES)?];
                client.create(company, "invoice", INVOICE).await.map(drop)
            }
        },
    )
    .await?;
    print_result(&format!("{count} invoices over them, creations a second"), &format!("{creates:.0}"))?;
    print_result("memory for them (client and server)", &format!("{} MB", memory() - before))?;
    let (reader, all) = (client.clone(), companies.clone());
    let (_, reads) = measure_rate(timed, move |at| {
        let (client, all) = (reader.clone(), all.clone());
        async move { client.read(&all[usize::try_from(at % COMPANIES)?], "/invoice/150").await.map(drop) }
    })
    .await?;
    print_result("reads among them, a second", &format!("{reads:.0}"))?;
    let began = Instant::now();
    let state = client.send(client.http.get(format!("{}/state", client.control))).await?;
    print_result("everything saved", &format!("{} MB, {} ms", state.len() / 1_000_000, began.elapsed().as_millis()))?;
    let began = Instant::now();
    client.send(client.http.post(format!("{}/state", client.control)).body(state)).await?;
    print_result("and loaded", &format!("{} ms", began.elapsed().as_millis()))?;
    sandbox.stop().await
}
