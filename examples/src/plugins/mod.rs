//! The demo's plugins: three kinds of program, each of which runs in a process of its own.
//!
//! They stand where your plugins would: they know the SDK and `sqlx`, and nothing of the host.
//! `tests/it/arrows.rs` holds them to it.
//!
//! - [`bank`] moves points between accounts: transactions, nested ones, rollbacks, retries.
//! - [`scanner`] reads long results as streams while it feeds rows in batches.
//! - [`inbox`] takes messages in that come twice or from strangers: constraint violations.

mod bank;
mod batch;
mod desk;
mod dice;
mod figures;
mod inbox;
mod kind;
mod meter;
mod retry;
mod run;
mod scanner;
mod schema;
mod tables;

pub use bank::{ACCOUNTS, OPENING_POINTS};
pub use figures::Figures;
pub use kind::Kind;
pub use run::run;
pub use tables::Tables;
