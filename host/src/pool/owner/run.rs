//! Running and preparing statements.

use std::sync::Arc;

use onepool_proto::{Code, DatabaseKind, Failure};

use super::Owner;
use super::condition::Transaction;
use super::guard::{Canceller, guarded};
use crate::db::classify::{Step as Effect, What};
use crate::db::{self, Output, Statement};
use crate::pool::{After, Prepare, Run, Setup, Stop, Text};

impl Owner {
    pub(super) async fn run(&mut self, run: Run) {
        let Run {
            setup,
            text,
            arguments,
            persistent,
            mut output,
            stop,
            done,
            lease,
        } = run;
        if self.kind() == DatabaseKind::Sqlite && text.verdict.reads_only() {
            output.reads_only();
        }
        let ready = self.ready(&setup, &text).await;
        let result = match ready {
            Ok(()) => {
                let statement = Statement {
                    sql: &text.sql,
                    arguments,
                    persistent,
                };
                self.execute(&text, statement, &mut output, &stop).await
            }
            Err(failure) => Err(failure),
        };
        output.finish(result).await;
        let keep = self.condition.pinned || self.condition.transaction != Transaction::None;
        let (kept, ended) = if keep { (lease, None) } else { (None, lease) };
        let after = After {
            in_transaction: self.condition.transaction != Transaction::None,
            pinned: self.condition.pinned,
            lease: kept,
        };
        // Given back first, so that whoever is told can have this backend again at once. A lease
        // that is kept and that nobody takes comes back by being dropped.
        self.end_loan(ended).await;
        let _ = done.send(after);
    }

    /// Brings the backend to where the statement may run.
    async fn ready(&mut self, setup: &Setup, text: &Text) -> Result<(), Failure> {
        self.set_up(setup).await?;
        self.refuse_commit_of_failed(text).await?;
        self.remember_defaults(text).await
    }

    /// Runs one statement and notes what it did to the backend.
    pub(super) async fn execute(
        &mut self,
        text: &Text,
        statement: Statement<'_>,
        output: &mut Output,
        stop: &Stop,
    ) -> Result<(), Failure> {
        let again = self.may_run_again(&statement);
        let mut result = self.attempt(statement, output, stop).await;
        if let (Err(failure), Some(again)) = (&result, again)
            && db::is_stale_plan(failure)
            && !output.has_started()
            && self.condition.transaction == Transaction::None
        {
            output.restart();
            self.driver
                .forget_statements()
                .await
                .map_err(|failure| self.learn(failure))?;
            result = self.attempt(again.statement(&text.sql), output, stop).await;
        }
        match &result {
            Ok(()) => self.succeeded(text).await,
            Err(failure) => self.failed(text, failure).await,
        }
        result
    }

    async fn attempt(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
        stop: &Stop,
    ) -> Result<(), Failure> {
        let canceller = Canceller {
            interrupter: self.driver.interrupter(),
            control: self.pool.0.control.as_ref(),
        };
        let reader = output.reader();
        let running = self.driver.run(statement, output);
        let (result, cancelled) = guarded(running, canceller, stop, reader.closed()).await;
        let result = result.map_err(|failure| self.learn(failure));
        if !cancelled {
            return result;
        }
        match result {
            Err(failure) if db::is_interrupted(&failure) => Err(Failure {
                code: Code::CANCELLED_RUNNING,
                ..failure
            }),
            // The cancel may still be on its way: let it hit a statement that does not matter.
            other => {
                if self.kind() != DatabaseKind::Sqlite && !self.condition.must_close {
                    let fence = self.driver.ping().await;
                    if let Err(failure) = fence
                        && !db::is_interrupted(&failure)
                    {
                        self.learn(failure);
                    }
                }
                other
            }
        }
    }

    pub(super) async fn prepare(&mut self, prepare: Prepare) {
        let Prepare {
            setup,
            text,
            parameters,
            detail,
            done,
            lease,
        } = prepare;
        let result = match self.set_up(&setup).await {
            Ok(()) => {
                let prepared = self.driver.prepare(&text.sql, &parameters, detail).await;
                match prepared {
                    Ok(mut prepared) => {
                        db::cut_names(&mut prepared.columns);
                        Ok(prepared)
                    }
                    Err(failure) => {
                        let failure = self.learn(failure);
                        self.transaction_failed(&failure).await;
                        Err(failure)
                    }
                }
            }
            Err(failure) => Err(failure),
        };
        let _ = done.send(result);
        self.end_loan(lease).await;
    }

    /// Keeps the arguments for a second attempt, where one may help: PostgreSQL, outside a
    /// transaction, when a prepared plan may have grown stale.
    fn may_run_again(&self, statement: &Statement<'_>) -> Option<Again> {
        let may = self.kind() == DatabaseKind::Postgres
            && statement.persistent
            && self.condition.transaction == Transaction::None;
        may.then(|| Again {
            arguments: statement.arguments.clone(),
        })
    }

    async fn succeeded(&mut self, text: &Text) {
        for step in text.verdict.steps() {
            self.note(step);
        }
        if text.verdict.settings().next().is_some() {
            Arc::make_mut(&mut self.condition.settings).follow(&text.verdict);
        }
        if self.condition.transaction == Transaction::Failed {
            // Only a statement that ended the failure can have succeeded.
            self.condition.transaction = Transaction::Open;
        }
        self.condition.needs_reset |= text.verdict.needs_reset();
        if text.pins() {
            self.condition.pinned = true;
            self.condition.needs_reset = true;
        }
        let savepoint =
            |step: &Effect| matches!(step.what, What::Savepoint(_) | What::ReleaseSavepoint(_));
        if text.verdict.steps().iter().any(savepoint) {
            self.look_at_transaction().await;
        }
    }

    /// Notes what one statement of the text did to the transaction.
    fn note(&mut self, step: &Effect) {
        match &step.what {
            What::Begin(_) => self.condition.begun(),
            What::Autocommit(false) => {
                self.condition.begun();
                // It outlives the transaction: every statement after it opens another one.
                self.condition.pinned = true;
                self.condition.needs_reset = true;
            }
            What::Commit | What::Autocommit(true) => self.condition.committed(),
            What::Rollback => {
                let settings_too = self.kind() == DatabaseKind::Postgres;
                self.condition.rolled_back(settings_too);
            }
            What::RollbackTo(_) if self.condition.transaction == Transaction::Failed => {
                self.condition.transaction = Transaction::Open;
            }
            _ => (),
        }
    }

    /// Asks SQLite whether a transaction is open: there, savepoints open and end them too.
    async fn look_at_transaction(&mut self) {
        match (
            self.driver.transaction_open().await,
            self.condition.transaction,
        ) {
            (Some(true), Transaction::None) => self.condition.begun(),
            (Some(false), Transaction::Open) => self.condition.committed(),
            _ => (),
        }
    }

    /// Notes what a failed statement may have done.
    async fn failed(&mut self, text: &Text, failure: &Failure) {
        let opens = |step: &Effect| matches!(step.what, What::Begin(_) | What::Autocommit(false));
        let verdict = &text.verdict;
        self.condition.needs_reset |= verdict.needs_reset();
        if verdict.statements() > 1 {
            // What came before the failing statement has happened.
            self.condition.needs_reset |= text.pins() || verdict.settings().next().is_some();
            if verdict.steps().iter().any(opens) {
                self.condition.begun();
            }
            self.condition.needs_reset |= verdict.steps().iter().any(turns_autocommit_off);
        }
        self.transaction_failed(failure).await;
    }

    /// Notes what an error means for the open transaction.
    pub(super) async fn transaction_failed(&mut self, failure: &Failure) {
        let by_database = matches!(failure.code, Code::DATABASE | Code::CANCELLED_RUNNING);
        if !by_database || self.condition.transaction == Transaction::None {
            return;
        }
        let number = failure
            .database
            .as_ref()
            .and_then(|database| database.number);
        self.condition.transaction = match self.kind() {
            DatabaseKind::Postgres => Transaction::Failed,
            // 1213: chosen as the victim of a deadlock, which rolls everything back.
            DatabaseKind::MySql if number == Some(1213) => Transaction::Lost,
            DatabaseKind::Sqlite if self.driver.transaction_open().await == Some(false) => {
                Transaction::Lost
            }
            _ => self.condition.transaction,
        };
    }
}

fn turns_autocommit_off(step: &Effect) -> bool {
    step.what == What::Autocommit(false)
}

/// What is kept of a statement so that it can run once more.
struct Again {
    arguments: Option<Vec<onepool_proto::Value>>,
}

impl Again {
    fn statement(self, sql: &str) -> Statement<'_> {
        Statement {
            sql,
            arguments: self.arguments,
            persistent: true,
        }
    }
}
