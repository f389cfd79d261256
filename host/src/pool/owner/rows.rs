//! Sets of a batch that are inserted many at a time.
//!
//! A statement for each set is a round trip for each. Where one statement with many rows leaves the
//! same, they are inserted so: in a transaction, behind the first set's own statement, which has
//! locked the table against whoever would change what it is. If such a statement fails, the batch is
//! undone, and begins again set by set: whatever is said of a set that failed is what that set's own
//! statement said.

use onepool_proto::message::Summary;
use onepool_proto::{DatabaseKind, Failure, Value};

use super::Owner;
use super::batch::{Sets, summary_alone};
use super::condition::Transaction;
use crate::db::{self, ManyRows, Statement};
use crate::pool::{Step, Stop, Text};

/// Fewer sets than this are not worth the question whether it may be.
const WORTHWHILE: usize = 16;

/// What a statement has done that has inserted one row.
const ONE_ROW: Summary = Summary {
    rows_affected: 1,
    last_insert_id: None,
};

/// How a batch is undone before it begins again.
pub(super) enum Undo {
    /// It began with this savepoint.
    To(u32),
    /// It began with its transaction, by this step.
    Whole(Step),
}

impl Owner {
    /// The statements by which these sets may be inserted together, if they are worth it.
    pub(super) fn many_rows<'t>(
        &self,
        text: &'t Text,
        sets: &[Vec<Value>],
    ) -> Option<&'t ManyRows> {
        if self.kind() != DatabaseKind::Postgres || sets.len() <= WORTHWHILE {
            return None;
        }
        let many = text.many_rows()?;
        many.are_worthwhile(sets.len()).then_some(many)
    }

    /// Runs the first of `sets`, and inserts as many of the others as go together, in a transaction
    /// that has just begun or come to a savepoint. The sets that are not done then run one by one.
    ///
    /// # Errors
    /// If a set failed, or what the host does about all of them.
    pub(super) async fn insert_together(
        &mut self,
        text: &Text,
        many: &ManyRows,
        sets: &mut Sets,
        stop: &Stop,
        undo: &Undo,
    ) -> Result<(), Failure> {
        let Some(first) = sets.left().first().cloned() else {
            return Ok(());
        };
        sets.done(self.run_set(text, first, stop).await?);
        if self.condition.transaction != Transaction::Open {
            return Ok(());
        }
        match self.insert_others(many, sets, stop).await {
            Ok(()) => Ok(()),
            // One of them has failed, or the question. Which, and why, its own statement tells.
            Err(failure) if is_the_databases(&failure, stop) => {
                sets.begin_again();
                self.undo(undo).await
            }
            Err(failure) => {
                self.failed(text, &failure).await;
                Err(failure)
            }
        }
    }

    async fn insert_others(
        &mut self,
        many: &ManyRows,
        sets: &mut Sets,
        stop: &Stop,
    ) -> Result<(), Failure> {
        let plain = self.driver.takes_rows_together(many.relation()).await;
        if !plain.map_err(|failure| self.learn(failure))? {
            return Ok(());
        }
        while let Some((text, rows)) = many.next(sets.left()) {
            let arguments = sets.left().get(..rows).unwrap_or_default().concat();
            let statement = Statement {
                signed: Some(&text.signed),
                ..Statement::with(&text.sql, arguments)
            };
            let mut output = summary_alone(stop);
            self.attempt(statement, &mut output, stop).await?;
            for _ in 0..rows {
                sets.done(ONE_ROW);
            }
        }
        Ok(())
    }

    async fn undo(&mut self, undo: &Undo) -> Result<(), Failure> {
        match undo {
            Undo::To(depth) => self.step(&Step::RollbackTo(*depth)).await,
            Undo::Whole(begin) => {
                self.roll_back().await?;
                self.step(begin).await
            }
        }
    }
}

/// Whether it is the database that refuses, and not the host that has a statement ended, or a link
/// that has broken.
fn is_the_databases(failure: &Failure, stop: &Stop) -> bool {
    failure.database.is_some() && stop.brake.reason().is_none() && !db::is_broken(failure)
}
