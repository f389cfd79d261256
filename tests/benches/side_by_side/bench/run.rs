//! The process that the user starts, and what the others become.

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Builder;

use crate::bench::arguments::Arguments;
use crate::bench::client::{self, bare};
use crate::bench::error::Result;
use crate::bench::order::{ROLE, Role};
use crate::bench::plan::Plan;
#[cfg(feature = "plots")]
use crate::bench::plot;
use crate::bench::process::Process;
use crate::bench::report::Report;
use crate::bench::{host, mode, table};

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
    if arguments.plot && !cfg!(feature = "plots") {
        return Err("it was built without plots; add `--features plots` to the command".into());
    }
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
            draw(&report)?;
        } else {
            table::print_path(&report.write()?);
        }
        report.check()
    })
}

#[cfg(feature = "plots")]
fn draw(report: &Report) -> Result<()> {
    for path in plot::draw(report)? {
        table::print_path(&path);
    }
    Ok(())
}

#[cfg(not(feature = "plots"))]
fn draw(_: &Report) -> Result<()> {
    Ok(())
}
