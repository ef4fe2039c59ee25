//! The command line of Balie: parse, start the log, hand over.

use std::process::ExitCode;

use balie::admin::{self, AdminCommand};
use balie::config::{Config, Sources};
use balie::demo::{self, DemoArguments};
use balie::replay::{self, ReplayArguments};
use balie::{check, server, telemetry};
use clap::{Parser, Subcommand};

/// The live chat server that a company runs itself.
#[derive(Parser)]
#[command(version, about, subcommand_precedence_over_arg = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Subcommand)]
enum Command {
    /// Serve widget, panel and both sockets (what happens without a subcommand)
    Serve,
    /// Say in words what is wrong with settings, data and the place of files; leaves everything as it is
    Check,
    /// Manage people, tokens and backups, beside a running server or before the first start
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Run a recorded day of queue events through the estimator of waits, or count its exact figures
    Replay(ReplayArguments),
    /// Fill a data folder with departments, agents and a week of conversations
    Demo(DemoArguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match cli.sources.resolve() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("balie: {error}");
            return ExitCode::from(2);
        }
    };
    telemetry::start(&config);
    match run(cli.command.unwrap_or(Command::Serve), config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("balie: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Unless a worker looks after at most a few I/O events at a time, some sockets starve under saturation: the
        // slowest hundredth waited 86 times the median, against 2 times with this (docs/performance.md).
        .max_io_events_per_busy_tick(8)
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Serve => server::run(config).await,
            Command::Check => check::run(&config).await,
            Command::Admin(command) => admin::run(command, &config).await,
            Command::Replay(arguments) => replay::run(&arguments),
            Command::Demo(arguments) => demo::run(arguments, &config).await,
        }
    })
}
