//! One Connection of a plugin: its calls in order, and what it holds.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::codec::Trace;
use onepool_proto::id::{ConnectionId, TransactionId};
use onepool_proto::message::BatchReply;
use onepool_proto::{Code, DatabaseKind, Failure, limits};
use parking_lot::Mutex;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::Work;
use super::handles::Session;
use super::operation::{Answer, Due, Ended, Operation, Task};
use super::row_sets::RowSets;
use super::trail::Trail;
use super::transaction::Transaction;
use crate::db::Brake;
use crate::pool::{After, Finished, Lease, Pool, Purpose, Settings};

/// A Connection, and the calls that wait for it.
pub(super) struct Connection {
    id: ConnectionId,
    desk: Mutex<Desk>,
}

struct Desk {
    /// The calls behind the one that is being worked on.
    queue: VecDeque<Operation>,
    /// What the Connection holds; not here while a call is being worked on.
    state: Option<Box<State>>,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, session: &Arc<Session>, read_only: bool) -> Arc<Self> {
        let state = Some(Box::new(State::new(session, read_only)));
        let desk = Mutex::new(Desk {
            queue: VecDeque::new(),
            state,
        });
        Arc::new(Self { id, desk })
    }

    /// Puts a call behind those that came before it. If nothing drives the Connection, returns
    /// what does so from now on.
    ///
    /// # Errors
    /// The call itself, if too many wait already.
    #[expect(clippy::result_large_err, reason = "it is given back as it came")]
    pub(super) fn enqueue(
        self: &Arc<Self>,
        operation: Operation,
    ) -> Result<Option<Work>, Operation> {
        let mut desk = self.desk.lock();
        if let Some(state) = desk.state.take() {
            return Ok(Some(Box::pin(Arc::clone(self).drive(state, operation))));
        }
        if desk.queue.len() >= limits::CALLS as usize {
            return Err(operation);
        }
        desk.queue.push_back(operation);
        Ok(None)
    }

    async fn drive(self: Arc<Self>, mut state: Box<State>, mut operation: Operation) {
        loop {
            state.trace = operation.trace;
            let weight = operation.weight;
            state.apply(operation).await;
            state.session.load.remove(weight);
            if state.closed {
                break;
            }
            let mut desk = self.desk.lock();
            let Some(next) = desk.queue.pop_front() else {
                // An idle Connection keeps no memory for calls.
                desk.queue = VecDeque::new();
                state.rest();
                desk.state = Some(state);
                return;
            };
            operation = next;
        }
        state.session.closed(self.id);
        let rest = std::mem::take(&mut self.desk.lock().queue);
        for operation in rest {
            state.session.load.remove(operation.weight);
            let failure = Failure::new(Code::STALE_ID, "this connection has been closed");
            operation.task.refuse(failure);
        }
    }
}

/// What one Connection holds.
///
/// Every function that waits leaves this in order at each await, since the caller may go away
/// there: what is not in here or in a job's hands is given back by being dropped.
pub(super) struct State {
    pub(super) session: Arc<Session>,
    pub(super) read_only: bool,
    /// The sequence number of the last effect that was applied.
    pub(super) applied: u64,
    pub(super) closed: bool,
    pub(super) settings: Arc<Settings>,
    pub(super) transaction: Option<Transaction>,
    /// Transactions that have ended, the latest of them.
    pub(super) ended: VecDeque<TransactionId>,
    /// The backend on loan for a transaction or for pinned state.
    pub(super) held: Option<Lease>,
    pub(super) row_sets: RowSets,
    pub(super) pending: Option<Pending>,
    /// Ends the job that was started last before its time.
    pub(super) brake: Option<Brake>,
    /// In which trace the call is that is being worked on.
    pub(super) trace: Option<Trace>,
    /// How long the next job has waited for its backend.
    pub(super) waited: Duration,
    /// The loans of its last statements.
    pub(super) trail: Trail,
    /// The lock between migrators.
    pub(super) migration: Option<OwnedMutexGuard<()>>,
}

/// The job that was started last, until it is known how it ended.
///
/// What comes next on the Connection waits for it wherever it could otherwise overtake it.
#[derive(Debug)]
pub(super) enum Pending {
    Statement {
        done: oneshot::Receiver<After>,
        /// The Connection may be another after it: it may keep its lease, or have other settings.
        changes_session: bool,
        /// It may write, and may still be doing so.
        writing: bool,
    },
    Batch(oneshot::Receiver<Result<BatchReply, Failure>>),
    Finish(oneshot::Receiver<Finished>),
}

impl State {
    fn new(session: &Arc<Session>, read_only: bool) -> Self {
        let read_only = read_only || session.context.read_only;
        let mut settings = Settings::default();
        if read_only {
            let (name, statement) = read_only_setting(session.context.pool.kind());
            settings.set(name, statement);
        }
        Self {
            session: Arc::clone(session),
            read_only,
            applied: 0,
            closed: false,
            settings: Arc::new(settings),
            transaction: None,
            ended: VecDeque::new(),
            held: None,
            row_sets: RowSets::default(),
            pending: None,
            brake: None,
            trace: None,
            waited: Duration::ZERO,
            trail: Trail::default(),
            migration: None,
        }
    }

    async fn apply(&mut self, operation: Operation) {
        let Operation {
            effects, due, task, ..
        } = operation;
        if let Err(failure) = self.apply_effects(effects) {
            return task.refuse(failure);
        }
        match task {
            Task::Execute(call, mut answer) => {
                let row_set = call.row_set;
                let ended = {
                    // In its place from the start: it is large, and each move would copy it.
                    let work = pin!(self.execute(call, due));
                    answer.until(due, work).await
                };
                if matches!(ended, Ended::Dropped | Ended::Late) {
                    self.row_sets.remove(&row_set);
                }
                self.answer(answer, ended);
            }
            Task::Fetch(call, mut answer) => {
                let ended = answer
                    .until(due, self.next_page(call.row_set, call.page))
                    .await;
                if matches!(ended, Ended::Late) {
                    self.row_sets.remove(&call.row_set);
                }
                self.answer(answer, ended);
            }
            Task::Batch(call, mut answer) => {
                let ended = answer.until(due, self.batch(call, due)).await;
                self.answer(answer, ended);
            }
            Task::Prepare(call, mut answer) => {
                let ended = answer.until(due, self.prepare(call, due)).await;
                self.answer(answer, ended);
            }
            Task::Begin(call, mut answer) => {
                let ended = answer.until(due, self.begin(call, due)).await;
                let begun = matches!(ended, Ended::Done(_));
                self.answer(answer, ended);
                if !begun {
                    self.abandon_transaction();
                }
            }
            Task::Finish(call, mut answer) => {
                let how = call.how;
                let ended = answer.until(due, self.finish(call)).await;
                self.answer_finish(answer, ended, how);
            }
            Task::Ping(mut answer) => {
                let ended = answer.until(due, self.ping(due)).await;
                self.answer(answer, ended);
            }
            Task::MigrationLock { take, mut answer } => {
                let ended = answer.until(due, self.lock_migrations(take)).await;
                self.answer(answer, ended);
            }
            Task::Effects(answer) => answer.send(Ok(())),
        }
    }

    /// Lets go of what tells of the last statement, if that is over and nothing depends on it.
    fn rest(&mut self) {
        if self.held.is_none()
            && let Some(Pending::Statement {
                done,
                changes_session: false,
                writing: false,
            }) = &mut self.pending
            && !matches!(done.try_recv(), Err(TryRecvError::Empty))
        {
            self.pending = None;
        }
        if self.pending.is_none() {
            self.brake = None;
        }
    }

    fn answer<T>(&mut self, answer: Answer<T>, ended: Ended<Result<T, Failure>>) {
        match ended {
            Ended::Done(result) => answer.send(result),
            Ended::Dropped => (),
            Ended::Late => {
                let place = if self.brake.is_some() {
                    "in the database"
                } else {
                    "in the queue"
                };
                let message = format!("the deadline passed while the call was {place}");
                let late = Failure::new(Code::DEADLINE_EXCEEDED, message);
                if let Some(brake) = self.brake.take() {
                    brake.pull(late.clone());
                }
                answer.send(Err(late));
            }
        }
    }

    /// Forgets everything that needs a backend; what is held is given back.
    pub(super) fn release(&mut self) {
        self.row_sets.clear();
        self.pending = None;
        self.held = None;
        self.migration = None;
        if let Some(transaction) = self.transaction.take() {
            self.undone(transaction);
        }
    }

    async fn ping(&mut self, due: Due) -> Result<(), Failure> {
        if let Some(revocation) = self.held.as_ref().and_then(Lease::revoked) {
            if self.transaction.is_some() || revocation.purpose == Purpose::Transaction {
                return Err(revocation.why);
            }
            self.held = None;
        }
        let (done, answered) = oneshot::channel();
        let lease = match &mut self.held {
            Some(held) => {
                held.send(crate::pool::Job::Ping { done, lease: None });
                return answered.await.unwrap_or_else(|_| Err(backend_lost()));
            }
            None => {
                let ask = self.ask(Purpose::Statement, false);
                self.acquire(ask, None, due).await?
            }
        };
        lease.send_last(|lease| crate::pool::Job::Ping {
            done,
            lease: Some(lease),
        });
        answered.await.unwrap_or_else(|_| Err(backend_lost()))
    }

    async fn lock_migrations(&mut self, take: bool) -> Result<(), Failure> {
        if !take {
            let held = self.migration.take();
            return held.map(drop).ok_or_else(|| {
                Failure::new(
                    Code::MIGRATION_LOCK,
                    "this connection does not hold the lock",
                )
            });
        }
        if self.migration.is_some() {
            return Err(Failure::new(
                Code::MIGRATION_LOCK,
                "this connection holds the lock already",
            ));
        }
        let plugin = &self.session.context.plugin;
        self.migration = Some(self.pool().lock_migrations(plugin).await);
        Ok(())
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.session.context.pool
    }
}

/// The setting that makes a Connection read-only, on each database.
fn read_only_setting(kind: DatabaseKind) -> (&'static str, &'static str) {
    match kind {
        DatabaseKind::Sqlite => ("query_only", "PRAGMA query_only = 1"),
        DatabaseKind::Postgres => (
            "default_transaction_read_only",
            "SET default_transaction_read_only = on",
        ),
        DatabaseKind::MySql => ("transaction_read_only", "SET SESSION TRANSACTION READ ONLY"),
    }
}

/// What a call is told whose backend went away under it.
pub(super) fn backend_lost() -> Failure {
    Failure::new(
        Code::LEASE_REVOKED,
        "the backend of this call was lost; try again",
    )
}
