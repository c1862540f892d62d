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
    /// Serve pages and run jobs until Ctrl-C or SIGTERM. Example: fatura serve --config fatura.toml
    Serve,
    /// Bring the database up to date and end.
    Migrate,
    /// List parked operations and failed jobs, which wait for an operator. Example: fatura parked
    #[command(alias = "stuck")]
    Parked,
    /// Retry parked operations and failed jobs: one, or all. Example: fatura retry --all
    Retry {
        /// The id that `fatura parked` shows.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// Retry all of them.
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
        /// The address of that database.
        #[arg(long)]
        from: String,
    },
    /// List the keys of the ring, the number of rows that each encrypts and whether it is still needed; or encrypt all rows with the first key.
    /// Example: fatura keys
    Keys {
        #[command(subcommand)]
        action: Option<KeyAction>,
    },
    /// Check the configuration, and print its problems.
    Check,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum KeyAction {
    /// List the keys of the ring and the number of rows that each encrypts.
    Status,
    /// Encrypt all rows with the first key of the ring, while the service runs. May be interrupted and repeated.
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
    // If nobody reads the log, lines are dropped and the service does not block.
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
            tokio::spawn(cancel_on_signal(stop.clone()));
            fatura::serve(config, listener, stop).await
        }
        Command::Migrate => fatura::migrate(&config).await,
        Command::Parked => {
            let parked = fatura::list_parked(&config).await?;
            print_result(&if parked.is_empty() { "nothing is parked".to_owned() } else { parked.join("\n") });
            Ok(())
        }
        Command::Retry { id, .. } => {
            let count = fatura::retry(&config, id.as_deref()).await?;
            print_result(&format!("{count} retried"));
            Ok(())
        }
        Command::Backup { file } => {
            fatura::backup(&config, &file).await?;
            print_result(&format!("backup written to {file}"));
            Ok(())
        }
        Command::Copy { from } => {
            let rows = fatura::copy(&config, &from).await?;
            print_result(&format!("{rows} rows copied"));
            Ok(())
        }
        Command::Keys { action } => {
            let lines = match action {
                None | Some(KeyAction::Status) => fatura::keys(&config).await?,
                Some(KeyAction::Rotate) => fatura::rotate_keys(&config).await?,
            };
            print_result(&lines.join("\n"));
            Ok(())
        }
        Command::Check => {
            let environment = config.quickbooks_environment.name();
            tracing::info!(quickbooks_environment = environment, "the configuration is complete");
            Ok(())
        }
    }
}

#[expect(clippy::print_stdout, reason = "the result of a command goes to standard output")]
fn print_result(text: &str) {
    println!("{text}");
}

async fn cancel_on_signal(stop: CancellationToken) {
    let mut terminate = signal(SignalKind::terminate()).expect("the handler of SIGTERM is installed");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
}
