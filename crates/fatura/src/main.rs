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
    /// List the work that goes no further without a person. Example: fatura stuck
    Stuck,
    /// Have what is stuck tried again: one piece, or all. Example: fatura retry --all
    Retry {
        /// The id that `fatura stuck` shows.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Everything.
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Write a backup of the SQLite database into a new file, while the service runs; PostgreSQL is backed up by pg_dump.
    /// Example: fatura backup fatura-2026-03-13.db
    Backup {
        /// The file to write.
        file: String,
    },
    /// Copy everything from another database into the configured one, which has to be empty. Stop the service before.
    /// Example: FATURA_DATABASE_URL=postgres://… fatura copy --from sqlite:fatura.db
    Copy {
        /// Its address.
        #[arg(long)]
        from: String,
    },
    /// List which keys of the ring have sealed how many rows, and which are needed no more; or seal everything anew. Example: fatura keys
    Keys {
        #[command(subcommand)]
        action: Option<KeyAction>,
    },
    /// Check the configuration, and say what is wrong with it.
    Check,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum KeyAction {
    /// List which keys of the ring have sealed how many rows.
    Status,
    /// Seal everything with the first key of the ring, while the service runs. May be interrupted, and repeated.
    /// Example: fatura keys rotate
    Rotate,
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
    // If the reader of the log stops reading, lines are dropped, and nothing waits.
    let (log, _rest) = tracing_appender::non_blocking(std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,riverqueue=warn,sqlx=warn")),
        )
        .with_writer(log)
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
        Command::Stuck => {
            let stuck = fatura::stuck(&config).await?;
            say(&if stuck.is_empty() { "nothing is stuck".to_owned() } else { stuck.join("\n") });
            Ok(())
        }
        Command::Retry { id, .. } => {
            let count = fatura::retry(&config, id.as_deref()).await?;
            say(&format!("{count} taken up again"));
            Ok(())
        }
        Command::Backup { file } => {
            fatura::backup(&config, &file).await?;
            say(&format!("{file} is written"));
            Ok(())
        }
        Command::Copy { from } => {
            let rows = fatura::copy(&config, &from).await?;
            say(&format!("{rows} rows copied"));
            Ok(())
        }
        Command::Keys { action } => {
            let lines = match action {
                None | Some(KeyAction::Status) => fatura::keys(&config).await?,
                Some(KeyAction::Rotate) => fatura::rotate_keys(&config).await?,
            };
            say(&lines.join("\n"));
            Ok(())
        }
        Command::Check => {
            let environment = config.quickbooks_environment.name();
            tracing::info!(quickbooks_environment = environment, "the configuration is complete");
            Ok(())
        }
    }
}

/// The command.
#[expect(clippy::print_stdout, reason = "a command answers on its standard output")]
fn say(answer: &str) {
    println!("{answer}");
}

async fn signals(stop: CancellationToken) {
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
}
