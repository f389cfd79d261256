//! A running `onepool serve`, with plugins in processes of their own under load, as whoever runs it
//! sees and steers it.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a test needs and does not get fails the test"
)]

mod changing;
#[cfg(feature = "opentelemetry")]
mod collector;
mod databases;
mod dump;
mod ending;
mod plugin;
mod questions;
mod seeing;
mod serving;
mod spans;
mod steering;
mod terminal;
mod top;
mod watching;
