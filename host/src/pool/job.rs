//! What a backend's owner is asked to do.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use onepool_proto::Failure;
use onepool_proto::codec::Trace;
use onepool_proto::message::{BatchMode, BatchReply, FinishHow, PrepareDetail, Prepared};
use onepool_proto::value::{Value, ValueType};
use tokio::sync::oneshot;

use super::lease::Lease;
use super::limit::Deadline;
use super::quota::PluginQuota;
use super::scheduler::Turn;
use super::settings::Settings;
use crate::db::classify::{self, PinReason, Setting, Verdict, What};
use crate::db::{Brake, ManyRows, Output, SignedText};
use crate::telemetry::PluginTally;

/// A statement text and what is known of it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) verdict: Verdict,
    pub(crate) signed: SignedText,
    many_rows: OnceLock<Option<ManyRows>>,
}

impl Text {
    /// A text and its verdict.
    pub(super) fn new(sql: String, verdict: Verdict) -> Self {
        Self {
            sql,
            verdict,
            signed: SignedText::default(),
            many_rows: OnceLock::new(),
        }
    }

    /// The statements of PostgreSQL that insert many rows at once, if this one inserts one.
    pub(super) fn many_rows(&self) -> Option<&ManyRows> {
        let of = || ManyRows::of(&self.sql);
        self.many_rows.get_or_init(of).as_ref()
    }

    /// The same text with what its arguments tell of it.
    pub(crate) fn with_arguments(self: Arc<Self>, arguments: Option<&[Value]>) -> Arc<Self> {
        let told = arguments.and_then(|arguments| self.verdict.with_arguments(arguments));
        match told {
            Some(verdict) => Arc::new(Self::new(self.sql.clone(), verdict)),
            None => self,
        }
    }

    /// Whether it leaves something behind that only this backend has. A setting whose value is not
    /// known is such a thing: it cannot be made again elsewhere.
    pub(crate) fn pins(&self) -> bool {
        self.pins_for_good() || self.verdict.pins().next().is_some()
    }

    /// Whether what it leaves behind outlives the next transaction.
    pub(crate) fn pins_for_good(&self) -> bool {
        let unknown = |setting: &Setting| setting.parameter.is_some();
        let mut reasons = self.verdict.pins();
        self.verdict.settings().any(unknown)
            || reasons.any(|reason| reason != PinReason::NextTransaction)
    }

    /// Whether the Connection is another after it, and must know before it goes on: it may keep the
    /// backend, or has other settings.
    pub(crate) fn changes_session(&self) -> bool {
        let stays = |step: &classify::Step| matches!(step.what, What::Clean | What::Doubt(_));
        !self.verdict.steps().iter().all(stays)
    }
}

impl Text {
    /// Whether it ends a transaction by its text.
    pub(crate) fn ends(&self) -> bool {
        let mut steps = self.verdict.steps().iter();
        steps.any(|step| step.what == What::Commit) || self.rolls_back()
    }

    /// Whether it does nothing but roll a transaction back by its text.
    pub(crate) fn rolls_back(&self) -> bool {
        matches!(self.verdict.steps(), [step] if step.what == What::Rollback)
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
    /// What limits how long the loan may go on; none for migrations.
    pub(crate) quota: Option<PluginQuota>,
    /// How long the job has waited for the backend.
    pub(crate) waited: Duration,
    /// On whose behalf it is done.
    pub(crate) caller: Caller,
    /// Where it is counted what is done.
    pub(crate) tally: Arc<PluginTally>,
}

/// On whose behalf something is done.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The plugin's name.
    pub(crate) plugin: Arc<str>,
    /// In which trace it was asked.
    pub(crate) trace: Option<Trace>,
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
        setup: Box<Setup>,
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
    /// End this loan, for an operator, as soon as nothing runs in it. Only the pool sends it.
    Revoke {
        turn: Turn,
        why: Failure,
    },
    /// Panic.
    #[cfg(test)]
    Panic,
    /// Close the backend. Only the pool sends it, to a backend that is not on loan.
    Close,
    /// The quotas have changed: look again how long the loan may rest. Only the pool sends it.
    Recheck,
}

impl Job {
    /// Answers without doing anything, since the loan was revoked. Rolling back is done already.
    pub(super) fn refuse(self, why: Failure) {
        match self {
            Self::Run(run) => {
                run.output.refuse(why);
                let after = After {
                    in_transaction: true,
                    pinned: false,
                    settings: run.setup.settings,
                    lease: None,
                };
                let _ = run.done.send(after);
            }
            Self::Batch(batch) => drop(batch.done.send(Err(why))),
            Self::Prepare(prepare) => drop(prepare.done.send(Err(why))),
            Self::Steps { done, .. } | Self::Ping { done, .. } => drop(done.send(Err(why))),
            Self::Finish(finish) => {
                let result = match finish.how {
                    FinishHow::Rollback => Ok(()),
                    FinishHow::Commit => Err(why),
                };
                let finished = Finished {
                    result,
                    settings: finish.setup.settings,
                    lease: None,
                };
                let _ = finish.done.send(finished);
            }
            Self::Return | Self::Close | Self::Recheck | Self::Revoke { .. } => (),
            #[cfg(test)]
            Self::Panic => (),
        }
    }

    /// Whether it belongs to a loan, as all do that the pool does not send itself.
    pub(super) fn is_of_a_loan(&self) -> bool {
        !matches!(self, Self::Close | Self::Recheck | Self::Revoke { .. })
    }
}

/// What ends a running statement before its time.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Pulled when the statement is to be cancelled in the database: by a quota, an operator, or
    /// the plugin's death.
    pub(crate) brake: Brake,
    /// When the statement and the reading of its rows must be over.
    pub(crate) deadline: Option<Deadline>,
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
    /// The settings that the session has now.
    pub(crate) settings: Arc<Settings>,
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
    pub(crate) stop: Stop,
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
    /// The settings that the session has now.
    pub(crate) settings: Arc<Settings>,
    /// The lease, if session state keeps it.
    pub(crate) lease: Option<Lease>,
}
