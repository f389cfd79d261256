//! Callers at work, and how long it takes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinHandle;

use super::Caller;
use crate::bench::error::{Failure, Result};
use crate::bench::order::{Answer, Run, Sample, Work};

/// Lets the callers work and returns them with what was measured. A caller whose task panicked is
/// gone.
pub(super) async fn apply<C: Caller>(mut callers: Vec<C>, run: Run) -> (Vec<C>, Answer<Sample>) {
    let cpu_before = cpu();
    let stop = Arc::new(AtomicBool::new(false));
    let beside = run.beside.and_then(|work| {
        let caller = callers.pop()?;
        Some(tokio::spawn(meanwhile(caller, work, Arc::clone(&stop))))
    });
    let begin = Instant::now();
    let until = begin + Duration::from_millis(run.millis);
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| tokio::spawn(repeat(caller, run.work, until)))
        .collect();
    let mut gathered = Gathered::default();
    for task in tasks {
        gathered.add(task).await;
    }
    let elapsed = begin.elapsed();
    stop.store(true, Ordering::Relaxed);
    if let Some(beside) = beside {
        gathered.add(beside).await;
    }
    let Gathered {
        callers,
        nanos,
        error,
    } = gathered;
    let sample = Sample {
        nanos,
        elapsed_nanos: nanos_of(elapsed),
        cpu_nanos: nanos_of(cpu().saturating_sub(cpu_before)),
    };
    match error {
        None => (callers, Ok(sample)),
        Some(error) => (callers, Err(error.to_string())),
    }
}

type Worked<C> = (C, Result<Vec<u64>>);

struct Gathered<C> {
    callers: Vec<C>,
    nanos: Vec<u64>,
    error: Option<Failure>,
}

impl<C> Default for Gathered<C> {
    fn default() -> Self {
        Self {
            callers: Vec::new(),
            nanos: Vec::new(),
            error: None,
        }
    }
}

impl<C> Gathered<C> {
    async fn add(&mut self, task: JoinHandle<Worked<C>>) {
        match task.await {
            Ok((caller, worked)) => {
                self.callers.push(caller);
                match worked {
                    Ok(nanos) => self.nanos.extend(nanos),
                    Err(error) => self.error = Some(error),
                }
            }
            Err(error) => self.error = Some(error.into()),
        }
    }
}

async fn repeat<C: Caller>(mut caller: C, work: Work, until: Instant) -> Worked<C> {
    let mut nanos = Vec::new();
    loop {
        match once(&mut caller, work).await {
            Ok(took) => nanos.push(nanos_of(took)),
            Err(error) => return (caller, Err(error)),
        }
        if Instant::now() >= until {
            return (caller, Ok(nanos));
        }
    }
}

async fn once<C: Caller>(caller: &mut C, work: Work) -> Result<Duration> {
    if let Work::Insert { .. } = work {
        caller.make_room().await?;
    }
    let begin = Instant::now();
    caller.call(work).await?;
    Ok(begin.elapsed())
}

async fn meanwhile<C: Caller>(mut caller: C, work: Work, stop: Arc<AtomicBool>) -> Worked<C> {
    while !stop.load(Ordering::Relaxed) {
        if let Err(error) = caller.call(work).await {
            return (caller, Err(error));
        }
    }
    (caller, Ok(Vec::new()))
}

/// What this process has had of the CPU until now.
fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(spent.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

fn nanos_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
