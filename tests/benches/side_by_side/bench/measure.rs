//! One contender at one case, once.

use std::path::Path;
use std::time::Duration;

use tokio::time::{interval, sleep};

use crate::bench::contender::Contender;
use crate::bench::error::Result;
use crate::bench::figure::Measure;
use crate::bench::order::{Run, Work};
use crate::bench::place::Place;
use crate::bench::plan::Plan;
use crate::bench::spent::{Spent, peak_kib, private_kib};
use crate::bench::stage::Stage;
use crate::bench::workload::{Case, Workload};

/// How often a host's memory is looked at while rows pass through it.
const LOOK: Duration = Duration::from_millis(5);

/// How long a host has to give back what it needed in passing.
const SETTLE: Duration = Duration::from_millis(200);

/// Sets a contender up, measures it, and takes it away again.
pub(crate) async fn measure(
    place: &Place,
    pgbouncer: Option<&Path>,
    plan: &Plan,
    case: &Case,
    contender: Contender,
) -> Result<Measure> {
    let measured = match case.workload {
        Workload::Idle => idle(place, case, contender).await,
        _ => {
            let mut stage = Stage::set(place, pgbouncer, case, contender).await?;
            let measured = match case.workload {
                Workload::Memory => memory(&mut stage, case).await,
                _ => calls(&mut stage, place, plan, case).await,
            };
            let struck = stage.strike().await;
            measured.and_then(|measured| struck.map(|()| measured))
        }
    };
    place.quiet().await?;
    measured
}

/// Calls over and over.
async fn calls(stage: &mut Stage, place: &Place, plan: &Plan, case: &Case) -> Result<Measure> {
    let run = |limit: Duration| Run {
        work: case.work,
        beside: case.beside,
        millis: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
    };
    stage.run(run(plan.warm_up)).await?;
    let broker = stage.broker_pid();
    let spent = |pid: Option<u32>| pid.map(Spent::by);
    let before = (spent(broker), spent(place.pid()));
    let samples = stage.run(run(plan.measured)).await?;
    let after = (spent(broker), spent(place.pid()));
    let mut measure = Measure::of(&samples);
    let per_call = |before: Option<Spent>, after: Option<Spent>| {
        Some(after?.since(&before?) as f64 / 1000.0 / measure.calls as f64)
    };
    let broker_cpu = per_call(before.0, after.0);
    let database_cpu = per_call(before.1, after.1);
    measure.broker_cpu_us = broker_cpu;
    measure.database_cpu_us = database_cpu;
    measure.database_connections = place.connections().await;
    measure.broker_peak_kib = broker.map(peak_kib).transpose()?;
    let client = stage.clients.first().map(|client| peak_kib(client.pid()));
    measure.client_peak_kib = client.transpose()?;
    Ok(measure)
}

/// How much a host grows while rows pass through it.
async fn memory(stage: &mut Stage, case: &Case) -> Result<Measure> {
    let host = stage
        .broker_pid()
        .ok_or("only a host's memory is measured")?;
    let once = |work| Run {
        work,
        beside: None,
        millis: 0,
    };
    // What it needs anyway it has after this.
    stage.run(once(Work::Bulk { times: 1 })).await?;
    let first = private_kib(host)?;
    let mut most = first;
    let mut often = interval(LOOK);
    let samples = {
        let running = stage.run(once(case.work));
        tokio::pin!(running);
        loop {
            tokio::select! {
                samples = &mut running => break samples?,
                _ = often.tick() => most = most.max(private_kib(host)?),
            }
        }
    };
    let mut measure = Measure::of(&samples);
    measure.grown_kib = Some((most - first) as f64);
    Ok(measure)
}

/// What a host keeps for plugins that do nothing.
async fn idle(place: &Place, case: &Case, contender: Contender) -> Result<Measure> {
    let mut stage = Stage::set_without_clients(place, None, case, contender).await?;
    let host = stage
        .broker_pid()
        .ok_or("only a host's memory is measured")?;
    let once = |work| Run {
        work,
        beside: None,
        millis: 0,
    };
    // What it needs anyway it has after this.
    stage.enter(1).await?;
    stage.run(once(case.work)).await?;
    if let Some(client) = stage.clients.pop() {
        client.end().await?;
    }
    let settled = async || {
        sleep(SETTLE).await;
        private_kib(host).map(|kib| kib as f64)
    };
    let alone = settled().await?;
    stage.enter(case.processes).await?;
    stage.run(once(Work::Point)).await?;
    let with_plugins = settled().await?;
    let samples = stage.run(once(case.work)).await?;
    let with_connections = settled().await?;
    let mut measure = Measure::of(&samples);
    let processes = f64::from(case.processes);
    let Work::Hold { connections } = case.work else {
        return Err("an idle plugin holds connections".into());
    };
    let more = processes * f64::from(connections - 1);
    measure.plugin_kib = Some((with_plugins - alone) / processes);
    measure.connection_kib = Some((with_connections - with_plugins) / more);
    measure.broker_peak_kib = Some(peak_kib(host)?);
    stage.strike().await?;
    Ok(measure)
}
