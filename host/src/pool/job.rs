//! What a backend's owner is asked to do.

use std::sync::Arc;

use onepool_proto::Failure;
use onepool_proto::message::{BatchMode, BatchReply, FinishHow, PrepareDetail, Prepared};
use onepool_proto::value::{Value, ValueType};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::settings::Settings;
use crate::db::Output;
use crate::db::classify::{self, Verdict, What};

/// A statement text and what is known of it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) verdict: Verdict,
}

impl Text {
    /// Whether it leaves something behind that only this backend has. A setting that builds on
    /// the one before is such a thing: it cannot be made again elsewhere.
    pub(crate) fn pins(&self) -> bool {
        let relative = self.verdict.settings().any(|setting| setting.relative);
        relative || self.verdict.pins().next().is_some()
    }

    /// Whether it opens a transaction by its text.
    pub(crate) fn opens(&self) -> bool {
        let opens = |step: &classify::Step| {
            matches!(
                step.what,
                What::Begin(_) | What::Autocommit(false) | What::Savepoint(_)
            )
        };
        self.verdict.steps().iter().any(opens)
    }
}

/// What must be so on the backend before a statement runs.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The Connection's settings.
    pub(crate) settings: Arc<Settings>,
    /// What comes first, in order.
    pub(crate) before: Vec<Step>,
    /// Whether the statement belongs to a transaction, and must not run outside of it.
    pub(crate) in_transaction: bool,
}

/// A step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Opens a transaction, with this statement.
    Begin(String),
    /// Sets the savepoint of this depth.
    Savepoint(u32),
    /// Rolls back to the savepoint of this depth and gives it up.
    RollbackTo(u32),
}

/// A job for a backend's owner.
#[derive(Debug)]
pub(crate) enum Job {
    Run(Box<Run>),
    Batch(Box<Batch>),
    Prepare(Box<Prepare>),
    /// Runs steps and nothing else.
    Steps {
        setup: Setup,
        done: oneshot::Sender<Result<(), Failure>>,
    },
    Finish(Box<Finish>),
    /// Asks the database for a sign of life.
    Ping {
        done: oneshot::Sender<Result<(), Failure>>,
        lease: Option<Lease>,
    },
    /// The loan has ended: make the backend clean, or close it.
    Return,
    /// Close the backend. Only the pool sends it, to a backend that is not on loan.
    Close,
}

/// What ends a running statement before its time.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Cancelled when the statement is to be cancelled in the database: by a deadline, a quota,
    /// an operator, or the plugin's death.
    pub(crate) kill: CancellationToken,
    /// What becomes of the statement when nobody reads its rows any more.
    pub(crate) unread: Unread,
}

/// What becomes of a statement whose rows nobody reads any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It only reads, outside a transaction: cancelling it loses nothing.
    Cancel,
    /// It may write, or belongs to a transaction: it runs to its end and is discarded.
    Drain,
}

/// Runs a statement.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) setup: Setup,
    pub(crate) text: Arc<Text>,
    pub(crate) arguments: Option<Vec<Value>>,
    pub(crate) persistent: bool,
    pub(crate) output: Output,
    pub(crate) stop: Stop,
    /// Told when the statement has ended in the database and the backend's state is known.
    pub(crate) done: oneshot::Sender<After>,
    /// The loan ends with this statement, unless it pins.
    pub(crate) lease: Option<Lease>,
}

/// What is so after a statement.
#[derive(Debug)]
pub(crate) struct After {
    /// Whether a transaction is open.
    pub(crate) in_transaction: bool,
    /// Whether session state was left behind that only this backend has; if so, the lease of a
    /// job that carried one comes back.
    pub(crate) pinned: bool,
    pub(crate) lease: Option<Lease>,
}

/// Runs a statement once for each set of arguments.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) setup: Setup,
    pub(crate) text: Arc<Text>,
    pub(crate) sets: Vec<Vec<Value>>,
    pub(crate) mode: BatchMode,
    pub(crate) stop: Stop,
    pub(crate) done: oneshot::Sender<Result<BatchReply, Failure>>,
    pub(crate) lease: Option<Lease>,
}

/// Prepares and describes a statement.
#[derive(Debug)]
pub(crate) struct Prepare {
    pub(crate) setup: Setup,
    pub(crate) text: Arc<Text>,
    pub(crate) parameters: Vec<ValueType>,
    pub(crate) detail: PrepareDetail,
    pub(crate) done: oneshot::Sender<Result<Prepared, Failure>>,
    pub(crate) lease: Option<Lease>,
}

/// Ends a transaction or a savepoint.
#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) setup: Setup,
    /// The savepoint, or zero for the transaction.
    pub(crate) depth: u32,
    pub(crate) how: FinishHow,
    pub(crate) done: oneshot::Sender<Finished>,
    /// The loan ends with the transaction, unless session state is pinned.
    pub(crate) lease: Option<Lease>,
}

/// How the end of a transaction went.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) result: Result<(), Failure>,
    /// The lease, if session state keeps it.
    pub(crate) lease: Option<Lease>,
}
