//! The driver against a scripted host, which records every call: how many round trips each thing
//! costs, what rides on them, and what happens when they are dropped half-way.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod answers;
mod host;

#[cfg(unix)]
mod any;
mod batches;
mod cancelling;
mod deadlines;
mod in_process;
#[cfg(unix)]
mod lines;
mod logging;
mod migrations;
mod pages;
mod pools;
mod round_trips;
#[cfg(unix)]
mod sessions;
#[cfg(unix)]
mod socket;
mod statements;
mod transactions;
mod uploads;
