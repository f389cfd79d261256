//! A session's objects by id.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use dashmap::DashMap;
use onepool_proto::codec::Trace;
use onepool_proto::id::{ConnectionId, StatementId};
use onepool_proto::message::{Call, EffectKind, LargeRequest, Sql, UploadPart, Uploaded};
use onepool_proto::{Code, Failure, limits};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::operation::{Answer, Due, Operation, Task};
use super::uploads::Uploads;
use super::weight::{self, Load};
use super::{SessionContext, Work};
use crate::pool::{Holder, Text};

/// One plugin's objects.
pub(super) struct Session {
    pub(super) context: SessionContext,
    /// As whom it holds backends and waits for them.
    pub(super) holder: Holder,
    connections: DashMap<ConnectionId, Arc<Connection>>,
    ended: Mutex<Tombstones>,
    statements: DashMap<StatementId, Arc<Text>>,
    statement_order: Mutex<VecDeque<StatementId>>,
    uploads: Mutex<Uploads>,
    /// What its calls take until they are done.
    pub(super) load: Load,
    /// Work that has begun and is not yet driven by the session's task.
    work: Mutex<Vec<Work>>,
    /// Cancelled when the session ends: what still runs for it is cancelled in the database.
    pub(super) over: CancellationToken,
}

/// Ids of Connections that have ended, the latest of them.
#[derive(Debug, Default)]
struct Tombstones {
    ids: HashSet<ConnectionId>,
    order: VecDeque<ConnectionId>,
}

impl Session {
    pub(super) fn new(context: SessionContext) -> Arc<Self> {
        let uploads = Mutex::new(Uploads::new(context.limits.upload_bytes));
        let load = Load::new(&context.limits);
        Arc::new(Self {
            holder: context.holder,
            context,
            connections: DashMap::new(),
            ended: Mutex::default(),
            statements: DashMap::new(),
            statement_order: Mutex::default(),
            uploads,
            load,
            work: Mutex::default(),
            over: CancellationToken::new(),
        })
    }

    /// Hands a call to its Connection. This is where its place in the order is taken.
    pub(super) fn submit(self: &Arc<Self>, call: Call, trace: Option<Trace>, mut task: Task) {
        self.context.tally.called(task.kind());
        let Call {
            connection,
            effects,
            deadline_ms,
        } = call;
        let opens = effects.iter().find_map(|effect| match effect.kind {
            EffectKind::Open { read_only } => Some(read_only),
            _ => None,
        });
        let found = match self.connections.get(&connection) {
            Some(found) => Ok(Arc::clone(&found)),
            None => self.open(connection, opens),
        };
        let found = match found {
            Ok(found) => found,
            Err(failure) => return task.refuse(failure),
        };
        let mut weight = weight::of(&task);
        if let Err(failure) = self.load.add(weight) {
            task.refuse(failure);
            if effects.is_empty() {
                return;
            }
            // What the plugin did before is not lost with its call.
            (task, weight) = (Task::Effects(Answer::new().0), 0);
        }
        let operation = Operation {
            effects,
            due: Due::after(deadline_ms),
            trace,
            weight,
            task,
        };
        match found.enqueue(operation) {
            Ok(work) => self.work.lock().extend(work),
            Err(refused) => {
                self.load.remove(refused.weight);
                refused.task.refuse(Failure::new(
                    Code::TOO_MANY_OBJECTS,
                    format!("{} calls wait for this connection already", limits::CALLS),
                ));
            }
        }
    }

    fn open(
        self: &Arc<Self>,
        id: ConnectionId,
        read_only: Option<bool>,
    ) -> Result<Arc<Connection>, Failure> {
        if self.ended.lock().ids.contains(&id) {
            return Err(Failure::new(
                Code::STALE_ID,
                "this connection has been closed",
            ));
        }
        let Some(read_only) = read_only else {
            return Err(Failure::new(
                Code::UNKNOWN_ID,
                "no connection of this session has this id",
            ));
        };
        if self.connections.len() >= self.context.limits.connections as usize {
            return Err(Failure::new(
                Code::TOO_MANY_OBJECTS,
                format!(
                    "the session has {} connections, as many as it may; close some first",
                    self.context.limits.connections
                ),
            ));
        }
        let connection = Connection::new(id, self, read_only);
        self.connections.insert(id, Arc::clone(&connection));
        Ok(connection)
    }

    /// Forgets a Connection that has been closed.
    pub(super) fn closed(&self, id: ConnectionId) {
        self.connections.remove(&id);
        let mut ended = self.ended.lock();
        if ended.ids.insert(id) {
            ended.order.push_back(id);
        }
        if ended.order.len() > limits::TOMBSTONES as usize
            && let Some(oldest) = ended.order.pop_front()
        {
            ended.ids.remove(&oldest);
        }
    }

    /// The text that a call names.
    pub(super) fn text(&self, sql: Sql) -> Result<Arc<Text>, Failure> {
        match sql {
            Sql::Text(sql) => Ok(self.context.pool.text(sql)),
            Sql::Define(id, sql) => {
                let text = self.context.pool.text(sql);
                self.remember(id, Arc::clone(&text));
                Ok(text)
            }
            Sql::Known(id) => {
                let known = self.statements.get(&id).map(|known| Arc::clone(&known));
                known.ok_or_else(|| {
                    Failure::new(
                        Code::UNKNOWN_STATEMENT,
                        "the host has no statement of this id",
                    )
                })
            }
        }
    }

    fn remember(&self, id: StatementId, text: Arc<Text>) {
        if text.sql.len() > limits::STATEMENT_BYTES || self.statements.insert(id, text).is_some() {
            return;
        }
        let mut order = self.statement_order.lock();
        order.push_back(id);
        if order.len() > self.context.limits.statements as usize
            && let Some(oldest) = order.pop_front()
        {
            self.statements.remove(&oldest);
        }
    }

    pub(super) fn upload(&self, part: UploadPart) -> Result<(), Failure> {
        self.uploads.lock().add(part)
    }

    pub(super) fn uploaded(&self, call: &Uploaded) -> Result<LargeRequest, Failure> {
        self.uploads.lock().take(call)
    }

    /// Work that the session's task must drive from now on.
    pub(super) fn take_work(&self) -> Vec<Work> {
        std::mem::take(&mut *self.work.lock())
    }

    /// Ends everything the session has.
    pub(super) fn end(&self) {
        self.over.cancel();
        self.connections.clear();
    }
}

/// What a call is told whose session has ended.
pub(super) fn lost() -> Failure {
    Failure::new(Code::SESSION_LOST, "the session with the host has ended")
}
