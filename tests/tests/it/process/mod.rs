//! What only onepool has: plugins in processes of their own, which die, misbehave and share.

mod batches;
mod cancels;
mod child;
mod columns;
mod cut_short;
mod databases;
mod deadlines;
mod deaths;
mod flood;
mod hazard;
mod host_death;
mod killed;
mod leaks;
mod link;
mod many;
mod migrations;
mod place;
#[cfg(target_os = "linux")]
mod quiet;
mod raw;
mod rogue;
mod round_trips;
mod settings;
mod shutdown;
mod silence;
mod size;
mod slow_reader;
mod stopping;
mod torn;
mod who;
