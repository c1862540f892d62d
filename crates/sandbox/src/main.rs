//! The `sandbox` binary: both providers on this machine, until Ctrl-C.

mod control_command;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// A local QuickBooks Online and Pipedrive, for developing and testing integrations without an account.
///
/// Writes `demo.env` into the state folder: all base addresses and credentials that a client needs.
///
/// Examples:
///   sandbox --dir target/demo --app-url http://localhost:7800
///   sandbox --only-quickbooks --redirect-uri http://localhost:8000/callback
///   sandbox control quickbooks/grants realm_id=9341452200000001
#[derive(Debug, Parser)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sends a request to the control port of a running sandbox. Without a path, prints its routes.
    Control(control_command::Control),
}

#[derive(Debug, Args)]
struct Serve {
    /// Folder for the state and for demo.env; created if missing. The sandbox continues from the state of an earlier run.
    #[arg(long, default_value = "target/sandbox")]
    dir: PathBuf,
    /// Base address of the app under development, for its callbacks and pages.
    #[arg(long, default_value = "http://localhost:7800")]
    app_url: String,
    /// The first of seven ports. A port in use is replaced by any free one. 0 for seven free ports.
    #[arg(long, default_value_t = 7801)]
    first_port: u16,
    /// A further redirect URI of the app at Intuit; may be repeated.
    #[arg(long)]
    redirect_uri: Vec<String>,
    /// URL for QuickBooks' webhooks, in the CloudEvents format (the control port can set the legacy format).
    #[arg(long)]
    webhook_url: Option<String>,
    /// Applies the providers' rate limits. QuickBooks: 500 requests and 40 batches a minute, 10 at once, for each
    /// company. Pipedrive: 80 requests in two seconds for each token, 30,000 tokens a day for each seat.
    #[arg(long)]
    limits: bool,
    /// A file with the registration of your Pipedrive app, in the form of seeds/pipedrive-app.json: client, callback, scopes,
    /// and the pages that Pipedrive embeds. The default is Fatura's registration.
    #[arg(long)]
    pipedrive_app: Option<PathBuf>,
    /// Serves QuickBooks only.
    #[arg(long)]
    only_quickbooks: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let Arguments { command, serve } = Arguments::parse();
    let result = match command {
        Some(Command::Control(control)) => control.send().await,
        None => run(serve).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(serve: Serve) -> anyhow::Result<()> {
    std::fs::create_dir_all(&serve.dir)?;
    let options = sandbox::Options {
        app_url: serve.app_url,
        dir: Some(serve.dir.clone()),
        first_port: serve.first_port,
        redirect_uris: serve.redirect_uri,
        webhook_url: serve.webhook_url,
        limits: serve.limits,
        only_quickbooks: serve.only_quickbooks,
        pipedrive_app: serve.pipedrive_app,
    };
    let running = sandbox::start(options).await?;
    tracing::info!(control = running.origins.control, "ready; see {}/demo.env", serve.dir.display());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    running.stop().await
}
