//! Running and preparing statements.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::time::timeout;

use super::Owner;
use super::condition::Transaction;
use super::guard::{ABANDON_AFTER, Canceller, guarded, silent, too_late};
use crate::db::classify::{PinReason, Setting, Step as Effect, What};
use crate::db::{self, Output, Statement};
use crate::pool::activity::Said;
use crate::pool::settings::TooLong;
use crate::pool::snapshot::cut;
use crate::pool::{After, Prepare, Run, Setup, Stop, Text};

/// Whether a wait for a lock that ends in vain undoes the whole transaction.
const ROLLS_BACK_ON_TIMEOUT: &str = "SELECT CAST(@@GLOBAL.innodb_rollback_on_timeout AS CHAR)";

impl Owner {
    pub(super) async fn run(&mut self, run: Run) {
        let Run {
            setup,
            text,
            arguments,
            persistent,
            mut output,
            mut stop,
            done,
            lease,
        } = run;
        self.begins(Said::Text(Arc::clone(&text)), Some(&setup), Some(&stop));
        if self.kind() == DatabaseKind::Sqlite && text.verdict.reads_only() {
            output.reads_only();
        }
        let ready = self.ready(&setup, &text).await;
        self.limit(&mut stop, Some(&mut output));
        let result = match ready {
            Ok(()) => {
                let statement = Statement {
                    sql: &text.sql,
                    signed: Some(&text.signed),
                    arguments,
                    persistent,
                };
                self.execute(&text, statement, &mut output, &stop).await
            }
            Err(failure) => Err(failure),
        };
        let (rows, bytes) = output.finish(result).await;
        self.tally.rows.add(rows);
        self.tally.bytes.add(bytes);
        self.ends();
        let keep = self.condition.is_pinned() || self.condition.transaction != Transaction::None;
        let (kept, ended) = if keep { (lease, None) } else { (None, lease) };
        let after = After {
            in_transaction: self.condition.transaction != Transaction::None,
            pinned: self.condition.is_pinned(),
            settings: Arc::clone(&self.condition.settings),
            lease: kept,
        };
        // Given back first, so that whoever is told can have this backend again at once. A lease
        // that is kept and that nobody takes comes back by being dropped.
        self.end_loan(ended).await;
        let _ = done.send(after);
    }

    /// Brings the backend to where the statement may run.
    pub(super) async fn ready(&mut self, setup: &Setup, text: &Text) -> Result<(), Failure> {
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
        let outside = self.condition.transaction == Transaction::None;
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
            result = self.attempt(again.statement(text), output, stop).await;
        }
        match result {
            Ok(()) => {
                self.succeeded(text).await;
                Ok(())
            }
            Err(failure) => {
                self.failed(text, &failure).await;
                Err(if may_have_happened(text, outside, &failure) {
                    unknown_outcome(failure)
                } else {
                    failure
                })
            }
        }
    }

    pub(super) async fn attempt(
        &mut self,
        statement: Statement<'_>,
        output: &mut Output,
        stop: &Stop,
    ) -> Result<(), Failure> {
        if let Some(why) = too_late(stop) {
            return Err(why);
        }
        let canceller = Canceller {
            interrupter: self.driver.interrupter(),
            control: self.pool.0.control.as_ref(),
            counts: &self.pool.0.stats.cancels,
        };
        let unread = output.unread();
        let (sql, began) = (statement.sql, Instant::now());
        let (result, why) = {
            // In its place from the start: it is large, and each move would copy it.
            let running = pin!(self.driver.run(statement, output));
            guarded(running, canceller, stop, unread.noticed()).await
        };
        let now = Instant::now();
        let took = now.saturating_duration_since(began);
        self.tally.ran(|| cut(sql), took, now);
        self.after_cancel(result, why).await
    }

    /// What a statement has come to, `why` it was cancelled being known if it was.
    async fn after_cancel<T>(
        &mut self,
        result: Result<T, Failure>,
        why: Option<Failure>,
    ) -> Result<T, Failure> {
        let result = result.map_err(|failure| self.learn(failure));
        let Some(why) = why else { return result };
        // A server may still be about to heed the last cancel: let it hit what does not matter.
        if self.kind() != DatabaseKind::Sqlite && self.condition.must_close.is_none() {
            let fence = timeout(ABANDON_AFTER, self.driver.ping()).await;
            match fence.unwrap_or_else(|_| Err(silent())) {
                Err(failure) if !db::is_interrupted(&failure) => drop(self.learn(failure)),
                _ => (),
            }
        }
        match result {
            Err(failure) if db::is_interrupted(&failure) => {
                self.pool.0.stats.cancels.hit();
                Err(Failure {
                    code: why.code,
                    message: why.message,
                    ..failure
                })
            }
            other => other,
        }
    }

    pub(super) async fn prepare(&mut self, prepare: Prepare) {
        let Prepare {
            setup,
            text,
            parameters,
            detail,
            mut stop,
            mut done,
            lease,
        } = prepare;
        self.begins(Said::Text(Arc::clone(&text)), Some(&setup), Some(&stop));
        let result = match self.set_up(&setup).await {
            Ok(()) => {
                self.limit(&mut stop, None);
                // SQLite runs some pragmas while it prepares them.
                let acts = text.changes_session() || text.verdict.needs_reset();
                self.condition.needs_reset |= acts && self.kind() == DatabaseKind::Sqlite;
                let canceller = Canceller {
                    interrupter: self.driver.interrupter(),
                    control: self.pool.0.control.as_ref(),
                    counts: &self.pool.0.stats.cancels,
                };
                // It may wait for a lock on a table.
                let preparing = self.driver.prepare(&text.sql, &parameters, detail);
                let (prepared, why) = guarded(preparing, canceller, &stop, done.closed()).await;
                match self.after_cancel(prepared, why).await {
                    Ok(mut prepared) => {
                        db::cut_names(&mut prepared.columns);
                        Ok(prepared)
                    }
                    Err(failure) => {
                        self.transaction_failed(&failure).await;
                        Err(failure)
                    }
                }
            }
            Err(failure) => Err(failure),
        };
        self.ends();
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
        if self.condition.transaction == Transaction::Failed {
            // Only a statement that ended the failure can have succeeded.
            self.condition.transaction = Transaction::Open;
        }
        self.condition.needs_reset |= text.verdict.needs_reset();
        if text.pins_for_good() {
            self.condition.pinned = true;
            self.condition.needs_reset = true;
        }
        let savepoint =
            |step: &Effect| matches!(step.what, What::Savepoint(_) | What::ReleaseSavepoint(_));
        if text.verdict.steps().iter().any(savepoint) {
            self.look_at_transaction().await;
        }
    }

    /// Notes what one statement of the text did to the transaction and to the settings.
    fn note(&mut self, step: &Effect) {
        let rolls_settings_back = self.kind() == DatabaseKind::Postgres;
        match &step.what {
            What::Settings(settings) => {
                for setting in settings {
                    self.follow(setting);
                }
            }
            What::Begin(_) => self.condition.begun(),
            What::Autocommit(false) => {
                self.condition.begun();
                self.condition.autocommit_off = true;
                // It outlives the transaction: every statement after it opens another one.
                self.condition.pinned = true;
                self.condition.needs_reset = true;
            }
            What::Pin(PinReason::NextTransaction) => self.condition.next_transaction = true,
            What::Commit => self.condition.committed(),
            // Where it was on, turning it on commits nothing.
            What::Autocommit(true) if self.condition.autocommit_off => {
                self.condition.autocommit_off = false;
                self.condition.committed();
            }
            What::Rollback => self.condition.rolled_back(rolls_settings_back),
            What::Savepoint(name) => self.condition.marked(name),
            What::ReleaseSavepoint(name) => self.condition.released(name),
            What::RollbackTo(name) => self.condition.rolled_back_to(name, rolls_settings_back),
            _ => (),
        }
    }

    fn follow(&mut self, setting: &Setting) {
        // In a transaction SQLite takes no notice of this one.
        let ignored = self.kind() == DatabaseKind::Sqlite
            && self.condition.transaction != Transaction::None
            && setting.name == "foreign_keys";
        if ignored {
            return;
        }
        let settings = Arc::make_mut(&mut self.condition.settings);
        if let Err(TooLong) = settings.follow(setting) {
            // Only this backend has it from now on.
            self.condition.pinned = true;
            self.condition.needs_reset = true;
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
    pub(super) async fn failed(&mut self, text: &Text, failure: &Failure) {
        let opens = |step: &Effect| matches!(step.what, What::Begin(_) | What::Autocommit(false));
        let verdict = &text.verdict;
        // What pins may be there all the same: a lock that was taken before the statement failed.
        self.condition.needs_reset |= verdict.needs_reset() || text.pins();
        self.condition.write_refused |= db::is_read_only(failure);
        if verdict.statements() > 1 || verdict.settings().nth(1).is_some() {
            // What came before the failing statement has happened, whatever that was.
            self.condition.needs_reset |= text.changes_session();
            if verdict.steps().iter().any(opens) {
                self.condition.begun();
            }
            self.look_at_transaction().await;
        }
        self.transaction_failed(failure).await;
    }

    /// Notes what an error means for the open transaction.
    pub(super) async fn transaction_failed(&mut self, failure: &Failure) {
        // Whatever the host makes of it: a cancelled statement fails a transaction as any other.
        if failure.database.is_none() || self.condition.transaction == Transaction::None {
            return;
        }
        let number = failure
            .database
            .as_ref()
            .and_then(|database| database.number);
        self.condition.transaction = match self.kind() {
            DatabaseKind::Postgres => Transaction::Failed,
            DatabaseKind::MySql if self.rolls_everything_back(number).await => Transaction::Lost,
            DatabaseKind::Sqlite if self.driver.transaction_open().await == Some(false) => {
                Transaction::Lost
            }
            _ => self.condition.transaction,
        };
    }
}

impl Owner {
    /// Whether InnoDB undoes the whole transaction with this error, and not the statement alone.
    async fn rolls_everything_back(&mut self, number: Option<u16>) -> bool {
        match number {
            // ER_LOCK_TABLE_FULL, ER_LOCK_DEADLOCK
            Some(1206 | 1213) => true,
            // ER_LOCK_WAIT_TIMEOUT
            Some(1205) => {
                let set = self.driver.query(ROLLS_BACK_ON_TIMEOUT).await;
                let cells = set.map(|rows| rows.into_iter().flatten().flatten().next());
                // Who cannot be asked is not trusted with the rest of it.
                cells.map_or(true, |cell| cell.as_deref() == Some("1"))
            }
            _ => false,
        }
    }
}

/// Whether a statement that was sent over a link that broke may have taken effect all the same.
fn may_have_happened(text: &Text, outside: bool, failure: &Failure) -> bool {
    let commits = text
        .verdict
        .steps()
        .iter()
        .any(|step| step.what == What::Commit);
    // A server that says why it hangs up has not done what it was asked.
    let by_itself = outside && !text.verdict.reads_only() && failure.database.is_none();
    db::is_broken(failure) && (commits || by_itself)
}

fn unknown_outcome(failure: Failure) -> Failure {
    Failure {
        code: Code::OUTCOME_UNKNOWN,
        message: format!(
            "the link to the database broke while the statement ran, which may or may not have \
             taken effect: {}",
            failure.message
        ),
        ..failure
    }
}

/// What is kept of a statement so that it can run once more.
struct Again {
    arguments: Option<Vec<onepool_proto::Value>>,
}

impl Again {
    fn statement(self, text: &Text) -> Statement<'_> {
        Statement {
            sql: &text.sql,
            signed: Some(&text.signed),
            arguments: self.arguments,
            persistent: true,
        }
    }
}
