//! Calls on a Connection, on their way to it.

use std::time::{Duration, Instant};

use onepool_proto::codec::Trace;
use onepool_proto::message::{
    Batch, BatchReply, Begin, Effect, Execute, ExecuteReply, Fetch, Finish, Prepare, Prepared,
};
use onepool_proto::page::Page;
use onepool_proto::{Failure, limits};
use tokio::sync::oneshot;

use crate::telemetry::CallKind;

/// Where the answer to a call goes.
#[derive(Debug)]
pub(super) struct Answer<T>(oneshot::Sender<Result<T, Failure>>);

impl<T> Answer<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<Result<T, Failure>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Answers. If nobody waits any more, nothing happens.
    pub(super) fn send(self, result: Result<T, Failure>) {
        let _ = self.0.send(result);
    }

    /// Does the work until it ends, the deadline passes, or nobody waits for the answer.
    pub(super) async fn until<R>(&mut self, due: Due, work: impl Future<Output = R>) -> Ended<R> {
        tokio::select! {
            biased;
            result = work => Ended::Done(result),
            () = self.0.closed() => Ended::Dropped,
            () = due.passed() => Ended::Late,
        }
    }
}

/// How the work for an answer ended.
#[derive(Debug)]
pub(super) enum Ended<R> {
    /// It came to its end.
    Done(R),
    /// Nobody waits for the answer any more.
    Dropped,
    /// The deadline passed.
    Late,
}

/// What is asked of a Connection.
#[derive(Debug)]
pub(super) enum Task {
    Execute(Execute, Answer<ExecuteReply>),
    Fetch(Fetch, Answer<Page>),
    Batch(Batch, Answer<BatchReply>),
    Prepare(Prepare, Answer<Prepared>),
    Begin(Begin, Answer<()>),
    Finish(Finish, Answer<()>),
    Ping(Answer<()>),
    MigrationLock { take: bool, answer: Answer<()> },
    Effects(Answer<()>),
}

impl Task {
    pub(super) fn kind(&self) -> CallKind {
        match self {
            Self::Execute(..) => CallKind::Execute,
            Self::Fetch(..) => CallKind::Fetch,
            Self::Batch(..) => CallKind::Batch,
            Self::Prepare(..) => CallKind::Prepare,
            Self::Begin(..) => CallKind::Begin,
            Self::Finish(..) => CallKind::Finish,
            Self::Ping(_) => CallKind::Ping,
            Self::MigrationLock { .. } => CallKind::MigrationLock,
            Self::Effects(_) => CallKind::Flush,
        }
    }

    /// Answers with a failure, whatever was asked.
    pub(super) fn refuse(self, failure: Failure) {
        match self {
            Self::Execute(_, answer) => answer.send(Err(failure)),
            Self::Fetch(_, answer) => answer.send(Err(failure)),
            Self::Batch(_, answer) => answer.send(Err(failure)),
            Self::Prepare(_, answer) => answer.send(Err(failure)),
            Self::Begin(_, answer)
            | Self::Finish(_, answer)
            | Self::Ping(answer)
            | Self::MigrationLock { answer, .. }
            | Self::Effects(answer) => Self::refuse_plain(answer, failure),
        }
    }

    fn refuse_plain(answer: Answer<()>, failure: Failure) {
        answer.send(Err(failure));
    }
}

/// A task with what comes before it.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) effects: Vec<Effect>,
    pub(super) due: Due,
    /// In which trace it was asked.
    pub(super) trace: Option<Trace>,
    /// What it takes of the session's [load](super::weight::Load) until it is done.
    pub(super) weight: usize,
    pub(super) task: Task,
}

/// By when a call must be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due(pub(super) Option<Instant>);

impl Due {
    /// The deadline of a call that arrives now and may take this long.
    pub(super) fn after(deadline_ms: Option<u64>) -> Self {
        let limit = |ms: u64| Duration::from_millis(ms.min(limits::DEADLINE_MS));
        Self(deadline_ms.and_then(|ms| Instant::now().checked_add(limit(ms))))
    }

    /// Waits until the deadline; for ever if there is none.
    pub(super) async fn passed(self) {
        match self.0 {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    }
}
