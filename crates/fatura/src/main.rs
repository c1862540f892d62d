//! The `fatura` command.

use clap::{Parser, Subcommand};
use fatura::config::Config;
use std::{path::PathBuf, process::ExitCode};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Bills Pipedrive deals in QuickBooks Online.
///
/// Settings come from a TOML file (--config) and from FATURA_… environment variables, which win.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, env = "FATURA_CONFIG_FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages and work jobs until Ctrl-C or SIGTERM. Example: fatura serve --config fatura.toml
    Serve,
    /// Bring the database up to date and end.
    Migrate,
    /// Check the configuration, and say what is wrong with it.
    Check,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fatura: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,riverqueue=warn,sqlx=warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let config = Config::read(arguments.config.as_deref())?;
    match arguments.command {
        Command::Serve => {
            let listener = TcpListener::bind(&config.listen).await?;
            let stop = CancellationToken::new();
            tokio::spawn(signals(stop.clone()));
            fatura::serve(config, listener, stop).await
        }
        Command::Migrate => fatura::migrate(&config).await,
        Command::Check => {
            tracing::info!("the configuration is complete");
            Ok(())
        }
    }
}

async fn signals(stop: CancellationToken) {
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
}
