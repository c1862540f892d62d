//! The `sandbox` binary: both providers on this machine, until Ctrl-C.

use clap::Parser;
use std::path::PathBuf;

/// A local QuickBooks Online and Pipedrive, for developing and testing integrations without an account.
///
/// Writes `demo.env` into the state folder: every base address and credential that a program needs to talk to it.
/// Example: sandbox --dir target/demo --app-url http://localhost:7800
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder for the state and for demo.env; created if missing. The state of an earlier run goes on.
    #[arg(long, default_value = "target/sandbox")]
    dir: PathBuf,
    /// Base address of the app under development, for its callbacks and pages.
    #[arg(long, default_value = "http://localhost:7800")]
    app_url: String,
    /// The first of seven ports, taken where free (other free ones where not); 0 for any.
    #[arg(long, default_value_t = 7801)]
    first_port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.dir)?;
    let options = sandbox::Options {
        app_url: arguments.app_url,
        dir: Some(arguments.dir.clone()),
        first_port: arguments.first_port,
    };
    let running = sandbox::start(options).await?;
    tracing::info!(pipedrive = running.origins.pipedrive_web, "ready; see {}/demo.env", arguments.dir.display());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    running.stop().await
}
