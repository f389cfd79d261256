//! One Connection of a plugin: its calls in order, and what it holds.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use onepool_proto::id::{ConnectionId, RowSetId, TransactionId};
use onepool_proto::message::BatchReply;
use onepool_proto::{Code, DatabaseKind, Failure, limits};
use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio_util::sync::CancellationToken;

use super::Work;
use super::handles::Session;
use super::operation::{Answer, Due, Ended, Operation, Task};
use super::statement::RowSet;
use super::transaction::Transaction;
use crate::pool::{
    After, Ask, Finished, Lease, Patience, Pool, Purpose, QUEUE_TIMEOUT, Settings, Setup, Text,
    Turn,
};

/// A Connection, and the calls that wait for it.
pub(super) struct Connection {
    id: ConnectionId,
    desk: Mutex<Desk>,
}

struct Desk {
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
    pub(super) fn enqueue(self: &Arc<Self>, operation: Operation) -> Option<Work> {
        let mut desk = self.desk.lock();
        if desk.queue.len() >= limits::CALLS as usize {
            drop(desk);
            operation.task.refuse(Failure::new(
                Code::TOO_MANY_OBJECTS,
                format!("{} calls wait for this connection already", limits::CALLS),
            ));
            return None;
        }
        desk.queue.push_back(operation);
        let state = desk.state.take()?;
        Some(Box::pin(Arc::clone(self).drive(state)))
    }

    async fn drive(self: Arc<Self>, mut state: Box<State>) {
        while !state.closed {
            let operation = {
                let mut desk = self.desk.lock();
                match desk.queue.pop_front() {
                    Some(operation) => operation,
                    None => {
                        desk.state = Some(state);
                        return;
                    }
                }
            };
            state.apply(operation).await;
        }
        state.session.closed(self.id);
        let rest = std::mem::take(&mut self.desk.lock().queue);
        for operation in rest {
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
    pub(super) row_sets: HashMap<RowSetId, RowSet>,
    pub(super) pending: Option<Pending>,
    /// Cancels the job that was started last.
    pub(super) kill: Option<CancellationToken>,
    /// The loan that the last statement outside a transaction had.
    pub(super) last: Option<Turn>,
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
        /// It may keep its lease.
        may_keep: bool,
        /// It may write, and may still be doing so.
        writing: bool,
    },
    Batch(oneshot::Receiver<Result<BatchReply, Failure>>),
    Finish(oneshot::Receiver<Finished>),
}

impl State {
    fn new(session: &Arc<Session>, read_only: bool) -> Self {
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
            row_sets: HashMap::new(),
            pending: None,
            kill: None,
            last: None,
            migration: None,
        }
    }

    async fn apply(&mut self, operation: Operation) {
        let Operation { effects, due, task } = operation;
        if let Err(failure) = self.apply_effects(effects) {
            return task.refuse(failure);
        }
        match task {
            Task::Execute(call, mut answer) => {
                let row_set = call.row_set;
                let ended = answer.until(due, self.execute(call, due)).await;
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
                self.answer(answer, ended);
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

    fn answer<T>(&mut self, answer: Answer<T>, ended: Ended<Result<T, Failure>>) {
        match ended {
            Ended::Done(result) => answer.send(result),
            Ended::Dropped => (),
            Ended::Late => {
                let place = if self.kill.is_some() {
                    "in the database"
                } else {
                    "in the queue"
                };
                if let Some(kill) = self.kill.take() {
                    kill.cancel();
                }
                let message = format!("the deadline passed while the call was {place}");
                answer.send(Err(Failure::new(Code::DEADLINE_EXCEEDED, message)));
            }
        }
    }

    /// The backend on which a statement is to run: `None` for the one that is held, or a lease
    /// for this statement alone.
    pub(super) async fn place(&mut self, text: &Text, due: Due) -> Result<Option<Lease>, Failure> {
        self.kill = None;
        self.settle(text).await;
        let sqlite = self.pool().kind() == DatabaseKind::Sqlite;
        if self.transaction.is_some() {
            if self.held.is_none() {
                let ask = self.ask(Purpose::Transaction, sqlite && !self.read_only);
                self.held = Some(self.acquire(ask, due).await?);
            }
            return Ok(None);
        }
        if self.held.is_some() {
            return Ok(None);
        }
        if let Some(function) = text.verdict.session_read() {
            let ask = self.ask(Purpose::Statement, false);
            let same = self
                .last
                .and_then(|last| self.pool().acquire_same(last, &ask));
            return same.map(Some).ok_or_else(|| elsewhere(function));
        }
        let writer = sqlite && !self.read_only && !text.verdict.reads_only();
        self.acquire(self.ask(Purpose::Statement, writer), due)
            .await
            .map(Some)
    }

    /// Waits until it is known what the last job left behind, where that matters.
    async fn settle(&mut self, text: &Text) {
        let reads_session = text.verdict.session_read().is_some();
        let (held, in_transaction) = (self.held.is_some(), self.transaction.is_some());
        match &mut self.pending {
            None => (),
            Some(Pending::Finish(done)) => {
                let lease = done.await.ok().and_then(|finished| finished.lease);
                self.pending = None;
                self.keep(lease, Purpose::Pinned);
            }
            // The owner of the transaction's backend takes its jobs in order.
            Some(_) if in_transaction && held => (),
            Some(Pending::Batch(done)) => {
                let _ = done.await;
                self.pending = None;
            }
            Some(Pending::Statement {
                done,
                may_keep,
                writing,
            }) if *may_keep || *writing || reads_session || held => {
                let after = done.await;
                self.pending = None;
                self.settled(after.ok());
            }
            Some(Pending::Statement { .. }) => (),
        }
    }

    fn settled(&mut self, after: Option<After>) {
        // Without an answer its backend is lost, and what was on it.
        let Some(after) = after else {
            self.held = None;
            return;
        };
        let purpose = if after.in_transaction {
            Purpose::Transaction
        } else {
            Purpose::Pinned
        };
        let lease = after.lease.or(self.held.take());
        self.keep(
            lease.filter(|_| after.in_transaction || after.pinned),
            purpose,
        );
    }

    pub(super) fn keep(&mut self, lease: Option<Lease>, purpose: Purpose) {
        if let Some(lease) = lease {
            lease.set_purpose(purpose);
            self.held = Some(lease);
        } else {
            self.held = None;
        }
    }

    /// What must be so before the next statement. What was pending is in its hands now.
    pub(super) fn setup(&mut self) -> Setup {
        let settings = Arc::clone(&self.settings);
        match &mut self.transaction {
            Some(transaction) => Setup {
                settings,
                before: transaction.take_pending(),
                in_transaction: true,
            },
            None => Setup {
                settings,
                before: Vec::new(),
                in_transaction: false,
            },
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

    fn ask(&self, purpose: Purpose, writer: bool) -> Ask {
        let plugin = Arc::clone(&self.session.context.plugin);
        Ask {
            plugin,
            purpose,
            writer,
            prefer: self.last.map(|last| last.backend),
        }
    }

    async fn acquire(&self, ask: Ask, due: Due) -> Result<Lease, Failure> {
        let patience = Patience {
            queue: QUEUE_TIMEOUT,
            deadline: due.0,
        };
        self.pool().acquire(ask, patience).await
    }

    async fn ping(&mut self, due: Due) -> Result<(), Failure> {
        let (done, answered) = oneshot::channel();
        let lease = match &mut self.held {
            Some(held) => {
                held.send(crate::pool::Job::Ping { done, lease: None });
                return answered.await.unwrap_or_else(|_| Err(backend_lost()));
            }
            None => {
                self.acquire(self.ask(Purpose::Statement, false), due)
                    .await?
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

fn elsewhere(function: &str) -> Failure {
    Failure::new(
        Code::SESSION_READ,
        format!(
            "{function} tells of the backend that ran this connection's last statement, which              somebody else has used since; call it in the same transaction, or use the query              result's last_insert_id"
        ),
    )
}
