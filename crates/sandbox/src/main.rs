//! The `sandbox` binary: both providers on this machine, until Ctrl-C.

mod door;

use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// A local QuickBooks Online and Pipedrive, for developing and testing integrations without an account.
///
/// Writes `demo.env` into the state folder: every base address and credential that a program needs to talk to it.
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
    /// Asks the control door of a sandbox that is running; without a path, tells what it can do.
    Control(door::Control),
}

#[derive(Debug, Args)]
struct Serve {
    /// Folder for the state and for demo.env; created if missing. The state of an earlier run goes on.
    #[arg(long, default_value = "target/sandbox")]
    dir: PathBuf,
    /// Base address of the app under development, for its callbacks and pages.
    #[arg(long, default_value = "http://localhost:7800")]
    app_url: String,
    /// The first of seven ports, taken where free (other free ones where not); 0 for any.
    #[arg(long, default_value_t = 7801)]
    first_port: u16,
    /// A further address to which Intuit may send the browser back; may be repeated.
    #[arg(long)]
    redirect_uri: Vec<String>,
    /// Where QuickBooks' webhooks are sent, as CloudEvents (the control door can choose the other format).
    #[arg(long)]
    webhook_url: Option<String>,
    /// The providers keep their limits of requests. QuickBooks: 500 requests and 40 batches a minute, 10 at once, for each
    /// company. Pipedrive: 80 requests in two seconds for each token, 30,000 tokens a day for each seat.
    #[arg(long)]
    limits: bool,
    /// A file with the registration of your Pipedrive app, in the form of seeds/pipedrive-app.json: client, callback, scopes,
    /// and the pages that Pipedrive embeds. Fatura's without it.
    #[arg(long)]
    pipedrive_app: Option<PathBuf>,
    /// Without Pipedrive.
    #[arg(long)]
    only_quickbooks: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let Arguments { command, serve } = Arguments::parse();
    let done = match command {
        Some(Command::Control(control)) => control.ask().await,
        None => run(serve).await,
    };
    match done {
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
