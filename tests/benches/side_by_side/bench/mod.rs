//! The parts of the bench.
//!
//! Every process is this program in a [role](order::Role). The one that the user starts
//! [makes](plan) a plan for each [mode] and starts a process for it. That one [sets](stage) up each
//! [contender] for each case of each [workload], on private servers of its [own](place), lets
//! [clients](client) work and [measures](measure) them. The [figures](figure) come back to be
//! printed as [tables](table), judged by what they [must] show, and written down in a [report].

mod arguments;
mod client;
mod contender;
mod error;
mod figure;
mod host;
mod machine;
mod measure;
mod mode;
mod must;
mod order;
mod pgbouncer;
mod place;
mod plan;
#[cfg(feature = "plots")]
mod plot;
mod process;
mod report;
mod run;
mod spent;
mod stage;
mod table;
mod workload;

pub(crate) use run::run;
