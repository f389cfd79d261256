//! The process that the user starts, and what the others become.

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;

use crate::bench::arguments::Arguments;
use crate::bench::client::{self, bare};
use crate::bench::error::Result;
use crate::bench::order::{ROLE, Role};
use crate::bench::plan::Plan;
use crate::bench::process::Process;
use crate::bench::report::Report;
use crate::bench::{host, mode, plot, table};

/// Does what the environment says, or else the command line.
pub(crate) fn run() -> ExitCode {
    let done = match std::env::var(ROLE) {
        Ok(role) => serde_json::from_str(&role)
            .map_err(Into::into)
            .and_then(play),
        Err(_) => direct(&Arguments::parse()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("side_by_side: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(role: Role) -> Result<()> {
    match role {
        Role::Mode(plan) => mode::run(&plan),
        Role::Client(open) => client::run(&open),
        Role::Host { database, cap } => host::run(&database, cap),
        Role::PingPong { socket } => bare::answer(&socket),
    }
}

/// One mode after the other, then the report.
fn direct(arguments: &Arguments) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut report = Report::begin(arguments);
        table::print_head(&report);
        for plan in Plan::of(arguments) {
            let mut process = Process::start(&Role::Mode(plan)).await?;
            // A mode takes as long as it takes; each of its parts has a limit.
            report.add(process.hear_at_last().await?);
            process.end().await?;
        }
        report.judge();
        table::print(&report);
        if arguments.plot {
            plot::draw(&report)?
                .iter()
                .for_each(|path| table::print_path(path));
        } else {
            table::print_path(&report.write()?);
        }
        report.check()
    })
}
