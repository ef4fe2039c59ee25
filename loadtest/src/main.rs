//! `balie-loadtest`: holds idle visitors on a server, has pairs talk on it or readers read from it, sends it large files, or holds its
//! promises against waits, and says what it measured and what was wrong.
//!
//! The load comes from worker processes, copies of this program, because one process may hold only so many sockets. The parent
//! gives each its part, keeps them in step, and puts their figures together.

mod arguments;
mod chat;
mod idle;
mod job;
mod machine;
mod read;
mod report;
mod upload;
mod wait;
mod worker;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One thread: several would compete with the server under test for the cores, and a worker has no more to do than one can.
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(problem) => {
            eprintln!("balie-loadtest: the runtime does not start: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Idle(idle) => idle::run(idle).await,
            Command::Chat(chat) => chat::run(chat).await,
            Command::Upload(upload) => upload::run(upload).await,
            Command::Read(read) => read::run(read).await,
            Command::Day(day) => day.print(),
            Command::Wait(wait) => wait::run(wait).await,
            Command::Worker => worker::run().await.map(|()| true),
        }
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("balie-loadtest: {why}");
            ExitCode::FAILURE
        }
    }
}
