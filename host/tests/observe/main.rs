//! What people and programs see of a running `onepool serve`.
#![cfg(all(unix, feature = "web"))]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test needs and does not get fails the test"
)]

mod exposition;
mod metrics;
mod page;
mod plugin;
mod serving;
