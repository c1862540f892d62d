//! `sandbox control`: the control port from a shell.

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};
use std::{io::Write, path::PathBuf};

/// Arguments of `sandbox control`.
#[derive(Debug, Args)]
pub(crate) struct Control {
    /// Path, as quickbooks/payment.
    path: Option<String>,
    /// Members of the body, as invoice_id=145 or amount:=12.50 (`:=` for JSON). Without members, the method is GET.
    members: Vec<String>,
    /// The method, if it is not GET (without members) or POST (with members).
    #[arg(long)]
    method: Option<String>,
    /// The folder of the running sandbox, which contains its demo.env.
    #[arg(long, default_value = "target/sandbox")]
    dir: PathBuf,
}

impl Control {
    pub(crate) async fn send(self) -> anyhow::Result<()> {
        let file = self.dir.join("demo.env");
        let env = std::fs::read_to_string(&file)
            .with_context(|| format!("no sandbox has been started in {}", self.dir.display()))?;
        let control_url =
            env.lines().find_map(|line| line.strip_prefix("CONTROL_URL=")).context("demo.env has no CONTROL_URL")?;
        let mut body = Map::new();
        for member in &self.members {
            let (name, value) = match (member.split_once(":="), member.split_once('=')) {
                (Some((name, json)), _) => {
                    (name, serde_json::from_str(json).with_context(|| format!("{member}: no JSON after `:=`"))?)
                }
                (None, Some((name, text))) => (name, Value::String(text.to_owned())),
                (None, None) => bail!("{member}: name=value is expected, or name:=JSON"),
            };
            body.insert(name.to_owned(), value);
        }
        let default_method = if body.is_empty() { "GET" } else { "POST" };
        let method = self.method.as_deref().unwrap_or(default_method).to_uppercase().parse()?;
        let url = format!("{control_url}/{}", self.path.unwrap_or_default().trim_start_matches('/'));
        let mut request = reqwest::Client::builder().build()?.request(method, url);
        if !body.is_empty() {
            request = request.json(&body);
        }
        #[expect(clippy::disallowed_methods, reason = "the sandbox shares no client with the product")]
        let answer = request.send().await.context("the sandbox does not answer")?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{status}: {text}");
        }
        if !text.is_empty() {
            writeln!(std::io::stdout().lock(), "{}", text.trim_end())?;
        }
        Ok(())
    }
}
