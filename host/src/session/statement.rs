//! Statements of a Connection, and their rows.

use std::sync::Arc;

use onepool_proto::id::RowSetId;
use onepool_proto::message::{Batch, BatchReply, Execute, ExecuteReply, Prepare, Prepared};
use onepool_proto::page::Page;
use onepool_proto::{Code, Failure, limits};
use tokio::sync::oneshot;

use super::connection::{Pending, State, backend_lost};
use super::operation::Due;
use super::row_sets::RowSet;
use crate::db::{Brake, Output, pages};
use crate::pool::{self, Deadline, Job, Lease, Limit, Run, Stop, Text, Unread};

impl State {
    /// Runs a statement and returns its first page.
    pub(super) async fn execute(
        &mut self,
        call: Execute,
        due: Due,
    ) -> Result<ExecuteReply, Failure> {
        let text = self.session.text(call.sql)?;
        let text = text.with_arguments(call.arguments.as_deref());
        self.refuse(&text)?;
        self.expect_transaction(call.transaction)?;
        // A new statement ends the rows of the one before it, as on any connection.
        self.row_sets.clear();
        let place = self.place(&text, due).await?;
        self.trail.runs(&text);
        let (writer, pages) = pages();
        let (done, after) = oneshot::channel();
        let stop = self.stop(self.unread(&text), due);
        let patience = self.session.context.reader_timeout;
        let run = Run {
            setup: self.setup(),
            text: Arc::clone(&text),
            arguments: call.arguments,
            persistent: call.persistent,
            output: Output::new(call.want, writer, stop.brake.clone(), patience)
                .knowing(call.known_columns),
            stop,
            done,
            lease: None,
        };
        self.pending = Some(Pending::Statement {
            done: after,
            changes_session: text.changes_session(),
            writing: !text.verdict.reads_only(),
        });
        self.row_sets
            .insert(call.row_set, RowSet { pages, next: 0 });
        self.start(place, run);
        let page = self.next_page(call.row_set, 0).await?;
        self.follow_settings(&text);
        Ok(ExecuteReply {
            page,
            holds_state: text.changes_session(),
        })
    }

    fn start(&mut self, place: Option<Lease>, run: Run) {
        match (place, &mut self.held) {
            (Some(lease), _) => lease.send_last(|lease| {
                Job::Run(Box::new(Run {
                    lease: Some(lease),
                    ..run
                }))
            }),
            (None, Some(held)) => held.send(Job::Run(Box::new(run))),
            // `place` says where; dropping the job tells whoever waits for it.
            (None, None) => (),
        }
    }

    /// The next page of an open row set.
    pub(super) async fn next_page(&mut self, id: RowSetId, page: u32) -> Result<Page, Failure> {
        let rows = self.row_sets.get_mut(id)?;
        if rows.next != page {
            return Err(Failure::new(
                Code::OUT_OF_ORDER,
                format!(
                    "page {page} was asked for, and page {} comes next",
                    rows.next
                ),
            ));
        }
        let received = rows.pages.next().await;
        rows.next += 1;
        let result = received.unwrap_or_else(|| Err(backend_lost()));
        if !result.as_ref().is_ok_and(|page| page.more) {
            self.row_sets.remove(&id);
            // The last page comes when the statement has ended in the database.
            if let Some(Pending::Statement { writing, .. }) = &mut self.pending {
                *writing = false;
            }
        }
        result
    }

    /// Runs one statement with many sets of arguments.
    pub(super) async fn batch(&mut self, call: Batch, due: Due) -> Result<BatchReply, Failure> {
        let text = self.session.text(call.sql)?;
        self.refuse(&text)?;
        self.expect_transaction(call.transaction)?;
        if call.sets.len() > limits::BATCH_SETS as usize {
            return Err(Failure::new(
                Code::REQUEST_TOO_LARGE,
                format!(
                    "a batch may have {} sets of arguments; send fewer",
                    limits::BATCH_SETS
                ),
            ));
        }
        self.row_sets.clear();
        let place = self.place(&text, due).await?;
        self.trail.runs(&text);
        let (done, answered) = oneshot::channel();
        let batch = pool::Batch {
            setup: self.setup(),
            text: Arc::clone(&text),
            sets: call.sets,
            mode: call.mode,
            stop: self.stop(Unread::Drain, due),
            done,
            lease: None,
        };
        self.pending = Some(Pending::Batch(answered));
        match (place, &mut self.held) {
            (Some(lease), _) => lease.send_last(|lease| {
                Job::Batch(Box::new(pool::Batch {
                    lease: Some(lease),
                    ..batch
                }))
            }),
            (None, Some(held)) => held.send(Job::Batch(Box::new(batch))),
            (None, None) => (),
        }
        let Some(Pending::Batch(answered)) = &mut self.pending else {
            return Err(backend_lost());
        };
        let reply = answered.await.unwrap_or_else(|_| Err(backend_lost()));
        self.pending = None;
        if reply.is_ok() {
            self.follow_settings(&text);
        }
        reply
    }

    /// Prepares and describes a statement.
    pub(super) async fn prepare(&mut self, call: Prepare, due: Due) -> Result<Prepared, Failure> {
        let text = self.session.text(call.sql)?;
        self.refuse(&text)?;
        self.expect_transaction(call.transaction)?;
        self.row_sets.clear();
        let place = self.place(&text, due).await?;
        let (done, answered) = oneshot::channel();
        let Prepare {
            parameters, detail, ..
        } = call;
        let stop = self.stop(self.unread(&text), due);
        let setup = self.setup();
        let prepare = pool::Prepare {
            setup,
            text,
            parameters,
            detail,
            stop,
            done,
            lease: None,
        };
        match (place, &mut self.held) {
            (Some(lease), _) => lease.send_last(|lease| {
                Job::Prepare(Box::new(pool::Prepare {
                    lease: Some(lease),
                    ..prepare
                }))
            }),
            (None, Some(held)) => held.send(Job::Prepare(Box::new(prepare))),
            (None, None) => (),
        }
        answered.await.unwrap_or_else(|_| Err(backend_lost()))
    }

    /// What ends the next job before its time: the session's end, or its deadline.
    fn stop(&mut self, unread: Unread, due: Due) -> Stop {
        let brake = Brake::under(&self.session.over);
        self.brake = Some(brake.clone());
        Stop {
            brake,
            deadline: due.0.map(|at| Deadline {
                at,
                of: Limit::Call,
            }),
            unread,
        }
    }

    /// What becomes of a statement whose rows nobody reads any more.
    fn unread(&self, text: &Text) -> Unread {
        let alone = self.transaction.is_none() && self.held.is_none();
        if alone && text.verdict.reads_only() {
            Unread::Cancel
        } else {
            Unread::Drain
        }
    }

    /// Records the settings that a statement has changed, so that they follow the Connection.
    fn follow_settings(&mut self, text: &Text) {
        for setting in text.verdict.settings() {
            // One that has grown too long keeps the backend.
            let _ = Arc::make_mut(&mut self.settings).follow(setting);
        }
    }

    /// Refuses what would hang or mislead through the RPC, and says what to use instead; and to a
    /// plugin that only reads whatever may be more than that.
    pub(super) fn refuse(&self, text: &Text) -> Result<(), Failure> {
        if let Some(refusal) = text.verdict.refusal() {
            return Err(Failure::new(Code::UNSUPPORTED, refusal.to_string()));
        }
        if !self.session.context.read_only {
            return Ok(());
        }
        match text.verdict.beyond_reading() {
            Some(beyond) => Err(Failure::new(Code::NOT_PERMITTED, beyond.to_string())),
            None => Ok(()),
        }
    }
}
