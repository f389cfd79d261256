//! Running one statement with many sets of arguments.

use std::sync::Arc;
use std::time::Duration;

use onepool_proto::Failure;
use onepool_proto::Value;
use onepool_proto::message::{BatchFailed, BatchMode, BatchReply, FinishHow, Want};

use super::Owner;
use super::condition::Transaction;
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
                BatchMode::StopAtFirst => Ok(self.until_one_fails(&text, sets, &stop).await),
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
        let mut reply = self.until_one_fails(text, sets, stop).await;
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

    async fn until_one_fails(
        &mut self,
        text: &Text,
        sets: Vec<Vec<Value>>,
        stop: &Stop,
    ) -> BatchReply {
        let mut summaries = Vec::with_capacity(sets.len());
        for (set, arguments) in (0_u32..).zip(sets) {
            // Nobody reads the pages: only summaries are wanted, and they stay in the output.
            let (pages, _reader) = pages();
            let patience = Duration::MAX;
            let mut output = Output::new(Want::Summary, pages, stop.brake.clone(), patience);
            let statement = Statement {
                signed: Some(&text.signed),
                ..Statement::with(&text.sql, arguments)
            };
            match self.execute(text, statement, &mut output, stop).await {
                Ok(()) => summaries.push(output.into_summary()),
                Err(failure) => {
                    return BatchReply {
                        summaries,
                        failed: Some(BatchFailed { set, failure }),
                    };
                }
            }
        }
        BatchReply {
            summaries,
            failed: None,
        }
    }
}
