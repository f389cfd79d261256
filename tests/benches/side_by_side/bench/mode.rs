//! The process that measures everything in one mode.

use std::path::PathBuf;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;

use crate::bench::contender::Contender;
use crate::bench::error::Result;
use crate::bench::figure::Figure;
use crate::bench::measure::measure;
use crate::bench::order;
use crate::bench::pgbouncer;
use crate::bench::place::Place;
use crate::bench::plan::{Mode, Plan};
use crate::bench::workload::{Case, cases};

/// What a mode has found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) figures: Vec<Figure>,
    /// Each database with its version.
    pub(crate) versions: Vec<String>,
    /// How many connections the servers refused because somebody did not keep to a cap.
    pub(crate) refusals: usize,
}

/// Measures, and says what was found.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    if plan.mode == Mode::Pinned {
        pin()?;
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    order::say(&runtime.block_on(find(plan))?)
}

/// To one core, with all processes that are started from here on: each inherits it.
fn pin() -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let last = (0..CpuSet::MAX_CPU)
        .rev()
        .find(|core| allowed.is_set(*core));
    let mut one = CpuSet::new();
    one.set(last.ok_or("no core is allowed")?);
    Ok(sched_setaffinity(None, &one)?)
}

async fn find(plan: &Plan) -> Result<Found> {
    // Who started this has said already if there is none.
    let pgbouncer = pgbouncer::find().ok().map(|(program, _)| program);
    let mut found = Found {
        figures: Vec::new(),
        versions: Vec::new(),
        refusals: 0,
    };
    for dialect in &plan.databases {
        let cases = cases(plan, *dialect);
        if cases.is_empty() {
            continue;
        }
        let place = Place::new(*dialect).await?;
        found
            .versions
            .push(format!("{dialect:?} {}", place.version().await?));
        for case in &cases {
            let begin = Instant::now();
            found
                .figures
                .extend(rounds(&place, pgbouncer.as_ref(), plan, case).await?);
            let seconds = begin.elapsed().as_secs_f64();
            eprintln!(
                "{} {dialect:?} {} {}: {seconds:.1} s",
                plan.mode, case.workload, case.name
            );
        }
        found.refusals += place.refusals().await;
    }
    Ok(found)
}

/// All contenders at a case, in each round in another order.
async fn rounds(
    place: &Place,
    pgbouncer: Option<&PathBuf>,
    plan: &Plan,
    case: &Case,
) -> Result<Vec<Figure>> {
    let figure = |contender: &Contender| Figure {
        mode: plan.mode,
        database: place.dialect,
        workload: case.workload,
        case: case.name.clone(),
        contender: *contender,
        rounds: Vec::new(),
        error: None,
    };
    let there = |contender: &&Contender| pgbouncer.is_some() || !contender.is_pgbouncer();
    let mut figures: Vec<Figure> = case.contenders.iter().filter(there).map(figure).collect();
    for _ in 0..plan.rounds {
        let mut order: Vec<&mut Figure> = figures.iter_mut().collect();
        fastrand::shuffle(&mut order);
        for figure in order.into_iter().filter(|figure| figure.error.is_none()) {
            let path = pgbouncer.map(PathBuf::as_path);
            match measure(place, path, plan, case, figure.contender).await {
                Ok(measured) => figure.rounds.push(measured),
                Err(error) => figure.error = Some(error.to_string()),
            }
        }
    }
    Ok(figures)
}
