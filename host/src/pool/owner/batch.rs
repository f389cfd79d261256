//! Running one statement with many sets of arguments.

use std::sync::Arc;
use std::time::Duration;

use onepool_proto::Failure;
use onepool_proto::Value;
use onepool_proto::message::{BatchFailed, BatchMode, BatchReply, FinishHow, Summary, Want};

use super::Owner;
use super::condition::Transaction;
use super::rows::Undo;
use crate::db::{Output, Statement, pages};
use crate::pool::activity::Said;
use crate::pool::{Batch, Step, Stop, Text};

/// The savepoint that makes a batch inside a transaction all or nothing. Deeper than any that a
/// plugin's nested transactions reach.
const DEPTH: u32 = u32::MAX;

impl Owner {
    pub(super) async fn batch(&mut self, batch: Batch) {
        let Batch {
            setup,
            text,
            sets,
            mode,
            mut stop,
            done,
            lease,
        } = batch;
        self.begins(Said::Text(Arc::clone(&text)), Some(&setup), Some(&stop));
        let ready = self.ready(&setup, &text).await;
        // All of it together is the statement that may take so long.
        self.limit(&mut stop, None);
        let result = match ready {
            Ok(()) => match mode {
                BatchMode::AllOrNothing => self.all_or_nothing(&text, sets, &stop).await,
                BatchMode::StopAtFirst => Ok(self.until_one_fails(&text, sets, &stop, None).await),
            },
            Err(failure) => Err(failure),
        };
        self.ends();
        let _ = done.send(result);
        self.end_loan(lease).await;
    }

    async fn all_or_nothing(
        &mut self,
        text: &Text,
        sets: Vec<Vec<Value>>,
        stop: &Stop,
    ) -> Result<BatchReply, Failure> {
        let inside = self.condition.transaction != Transaction::None;
        let begin = if inside {
            Step::Savepoint(DEPTH)
        } else {
            self.begin_writing()
        };
        self.step(&begin).await?;
        let undo = if inside {
            Undo::To(DEPTH)
        } else {
            Undo::Whole(begin)
        };
        let mut reply = self.until_one_fails(text, sets, stop, Some(&undo)).await;
        let how = if reply.failed.is_none() {
            FinishHow::Commit
        } else {
            FinishHow::Rollback
        };
        let lost = self.condition.transaction == Transaction::Lost;
        match (inside, how) {
            (true, FinishHow::Rollback) if lost => (),
            (true, how) => self.finish_savepoint(DEPTH, how).await?,
            (false, FinishHow::Commit) => self.commit().await?,
            (false, FinishHow::Rollback) => self.roll_back().await?,
        }
        if reply.failed.is_some() {
            reply.summaries.clear();
        }
        Ok(reply)
    }

    fn begin_writing(&self) -> Step {
        let immediate = self.kind() == onepool_proto::DatabaseKind::Sqlite;
        Step::Begin(
            if immediate {
                "BEGIN IMMEDIATE"
            } else {
                "BEGIN"
            }
            .to_owned(),
        )
    }

    /// Runs the sets up to the first that fails; several together where they can be undone.
    async fn until_one_fails(
        &mut self,
        text: &Text,
        sets: Vec<Vec<Value>>,
        stop: &Stop,
        undo: Option<&Undo>,
    ) -> BatchReply {
        let mut sets = Sets::new(sets);
        let result = self.run_sets(text, &mut sets, stop, undo).await;
        let summaries = sets.summaries;
        let failed = result.err().map(|failure| BatchFailed {
            // No batch has so many.
            set: u32::try_from(summaries.len()).unwrap_or(u32::MAX),
            failure,
        });
        BatchReply { summaries, failed }
    }

    async fn run_sets(
        &mut self,
        text: &Text,
        sets: &mut Sets,
        stop: &Stop,
        undo: Option<&Undo>,
    ) -> Result<(), Failure> {
        if let (Some(undo), Some(many)) = (undo, self.many_rows(text, sets.left())) {
            self.insert_together(text, many, sets, stop, undo).await?;
        }
        while let Some(arguments) = sets.take_next() {
            let summary = self.run_set(text, arguments, stop).await?;
            sets.done(summary);
        }
        Ok(())
    }

    /// Runs the statement of one set.
    pub(super) async fn run_set(
        &mut self,
        text: &Text,
        arguments: Vec<Value>,
        stop: &Stop,
    ) -> Result<Summary, Failure> {
        let mut output = summary_alone(stop);
        let statement = Statement {
            signed: Some(&text.signed),
            ..Statement::with(&text.sql, arguments)
        };
        self.execute(text, statement, &mut output, stop).await?;
        Ok(output.into_summary())
    }
}

/// An output of which nobody reads pages: only the summary is wanted, and it stays in there.
pub(super) fn summary_alone(stop: &Stop) -> Output {
    let (writer, _reader) = pages();
    Output::new(Want::Summary, writer, stop.brake.clone(), Duration::MAX)
}

/// The sets of a batch, and what those have done that are done.
pub(super) struct Sets {
    all: Vec<Vec<Value>>,
    // Invariant: of the first of them, in order.
    summaries: Vec<Summary>,
}

impl Sets {
    fn new(all: Vec<Vec<Value>>) -> Self {
        Self {
            summaries: Vec::with_capacity(all.len()),
            all,
        }
    }

    /// Those that are not done.
    pub(super) fn left(&self) -> &[Vec<Value>] {
        self.all.get(self.summaries.len()..).unwrap_or_default()
    }

    /// Takes the arguments of the next; there is no beginning again then.
    fn take_next(&mut self) -> Option<Vec<Value>> {
        self.all.get_mut(self.summaries.len()).map(std::mem::take)
    }

    /// The next one is done.
    pub(super) fn done(&mut self, summary: Summary) {
        self.summaries.push(summary);
    }

    /// None is done: what they did was undone.
    pub(super) fn begin_again(&mut self) {
        self.summaries.clear();
    }
}
