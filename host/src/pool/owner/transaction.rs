//! Beginning and ending transactions and savepoints.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::message::FinishHow;
use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::time::timeout;

use super::Owner;
use super::condition::Transaction;
use crate::db::classify::What;
use crate::db::{self, author};
use crate::pool::activity::Said;
use crate::pool::{Finish, Finished, Setup, Step, Text};

/// How long a server may take over the end of a transaction before it is asked whether it is still
/// at work, and over the answer to that.
const ASK_AFTER: Duration = Duration::from_secs(5);

impl Owner {
    /// Brings the backend to where a job may begin.
    pub(super) async fn set_up(&mut self, setup: &Setup) -> Result<(), Failure> {
        self.usable()?;
        self.quota.clone_from(&setup.quota);
        self.tally.clone_from(&setup.tally);
        self.act_for(&setup.caller.plugin);
        if !self.condition.settled {
            self.apply_settings(&setup.settings).await?;
            self.condition.settled = true;
        }
        for step in &setup.before {
            self.step(step).await?;
        }
        if setup.in_transaction {
            self.expect_transaction()?;
        }
        Ok(())
    }

    /// Lets the database know from here on for whom this is.
    fn act_for(&mut self, plugin: &Arc<str>) {
        if self.plugin.as_ref() == Some(plugin) {
            return;
        }
        self.plugin = Some(Arc::clone(plugin));
        if self.pool.0.statement_comments {
            self.driver.set_comment(author::comment(plugin));
        }
    }

    /// Opens a transaction, which bears the plugin's name where the Connection has given itself none.
    async fn begin(&mut self, statement: &str) -> Result<(), Failure> {
        let unsaid = !self.condition.pinned && !self.condition.settings.has("application_name");
        let begun = match &self.plugin {
            Some(plugin) if unsaid => self.driver.begin(statement, plugin).await,
            _ => self.driver.command(statement).await,
        };
        self.told(begun).await?;
        self.condition.begun();
        Ok(())
    }

    fn expect_transaction(&self) -> Result<(), Failure> {
        match self.condition.transaction {
            Transaction::Open | Transaction::Failed => Ok(()),
            Transaction::Lost => Err(Failure::new(
                Code::TRANSACTION_ENDED,
                "the database has ended this transaction after an earlier error; roll back and \
                 run it again",
            )),
            Transaction::None => Err(ended_by_text()),
        }
    }

    pub(super) async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Begin(statement) => self.begin(statement).await?,
            Step::Savepoint(depth) => {
                self.expect_transaction()?;
                let name = savepoint(*depth);
                self.command(&format!("SAVEPOINT {name}")).await?;
                self.condition.marked(&name);
            }
            Step::RollbackTo(depth) => {
                self.expect_transaction()?;
                let name = savepoint(*depth);
                let undone = self.end(&format!("ROLLBACK TO SAVEPOINT {name}")).await;
                self.told(undone).await?;
                let settings_too = self.kind() == DatabaseKind::Postgres;
                self.condition.rolled_back_to(&name, settings_too);
            }
        }
        Ok(())
    }

    /// Runs a statement of the host's own.
    pub(super) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        let done = self.driver.command(sql).await;
        self.told(done).await
    }

    /// Notes what an error of such a statement means.
    async fn told(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        match result {
            Ok(()) => Ok(()),
            Err(failure) => {
                let failure = self.learn(failure);
                self.transaction_failed(&failure).await;
                Err(failure)
            }
        }
    }

    /// Ends a transaction, or undoes part of one, for as long as the server says that it is at
    /// work. A server that has done with it and is not heard has a link that is broken.
    async fn end(&mut self, sql: &str) -> Result<(), Failure> {
        let Some(control) = &self.pool.0.control else {
            return self.driver.end(sql).await;
        };
        let identity = self.driver.identity();
        let mut ending = pin!(self.driver.end(sql));
        let mut doubted = false;
        loop {
            if let Ok(ended) = timeout(ASK_AFTER, &mut ending).await {
                return ended;
            }
            // Who cannot be asked may be behind the same silent link.
            let works = timeout(ASK_AFTER, control.works(identity.clone())).await;
            let works = works.unwrap_or(false);
            // The first time, the answer may be on its way.
            if !works && doubted {
                return Err(unheard());
            }
            doubted = !works;
        }
    }

    pub(super) async fn finish(&mut self, finish: Finish) {
        let Finish {
            setup,
            depth,
            how,
            done,
            lease,
        } = finish;
        let step = match (how, depth) {
            (FinishHow::Commit, 0) => "COMMIT",
            (FinishHow::Commit, _) => "RELEASE SAVEPOINT",
            (FinishHow::Rollback, 0) => "ROLLBACK",
            (FinishHow::Rollback, _) => "ROLLBACK TO SAVEPOINT",
        };
        self.begins(Said::Step(step), Some(&setup), None);
        let result = match self.set_up(&setup).await {
            Ok(()) if depth == 0 => match how {
                FinishHow::Commit => self.commit().await,
                FinishHow::Rollback => self.roll_back().await,
            },
            Ok(()) => self.finish_savepoint(depth, how).await,
            Err(failure) => Err(failure),
        };
        let pinned = self.condition.is_pinned() && self.condition.must_close.is_none();
        let (kept, ended) = if pinned { (lease, None) } else { (None, lease) };
        self.ends();
        // The answer does not wait for the backend to be cleaned.
        let _ = done.send(Finished {
            result,
            settings: Arc::clone(&self.condition.settings),
            lease: kept,
        });
        self.end_loan(ended).await;
    }

    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        if let Some(why) = self.overdue() {
            self.pool.0.stats.revoked.add_one();
            self.roll_back().await?;
            return Err(why);
        }
        match self.condition.transaction {
            Transaction::Open => (),
            Transaction::Failed | Transaction::Lost => {
                self.roll_back().await?;
                return Err(failed());
            }
            Transaction::None => return Err(ended_by_text()),
        }
        match self.end("COMMIT").await {
            Ok(()) => {
                self.condition.committed();
                Ok(())
            }
            Err(failure) if db::is_broken(&failure) => {
                let failure = self.learn(failure);
                Err(Failure {
                    code: Code::OUTCOME_UNKNOWN,
                    message: format!(
                        "the link to the database broke during the commit, which may or may not \
                         have taken effect: {}",
                        failure.message
                    ),
                    ..failure
                })
            }
            Err(failure) => {
                // A refused commit leaves nothing: some databases have rolled back by now, the
                // others do so here.
                if self.driver.transaction_open().await != Some(false) {
                    let undone = self.end("ROLLBACK").await;
                    let _ = undone.map_err(|failure| self.learn(failure));
                }
                self.undone();
                Err(failure)
            }
        }
    }

    pub(super) async fn roll_back(&mut self) -> Result<(), Failure> {
        let open = match self.condition.transaction {
            Transaction::Open | Transaction::Failed => true,
            // Older servers roll the victim of a deadlock back and go on as if BEGIN had been said
            // again: what comes next would not commit itself.
            Transaction::Lost => self.kind() == DatabaseKind::MySql,
            Transaction::None => false,
        };
        if open {
            let result = self.end("ROLLBACK").await;
            result.map_err(|failure| self.learn(failure))?;
        }
        self.undone();
        Ok(())
    }

    pub(super) async fn finish_savepoint(
        &mut self,
        depth: u32,
        how: FinishHow,
    ) -> Result<(), Failure> {
        match how {
            FinishHow::Commit if self.condition.transaction == Transaction::Failed => {
                self.step(&Step::RollbackTo(depth)).await?;
                Err(failed())
            }
            FinishHow::Commit => {
                self.expect_transaction()?;
                let name = savepoint(depth);
                self.command(&format!("RELEASE SAVEPOINT {name}")).await?;
                self.condition.released(&name);
                Ok(())
            }
            FinishHow::Rollback => self.step(&Step::RollbackTo(depth)).await,
        }
    }

    /// Rolls back instead of committing by text what the database would not commit: it would
    /// answer as if nothing were wrong.
    pub(super) async fn refuse_commit_of_failed(&mut self, text: &Text) -> Result<(), Failure> {
        let commits = text
            .verdict
            .steps()
            .iter()
            .any(|step| step.what == What::Commit);
        let doomed = matches!(
            self.condition.transaction,
            Transaction::Failed | Transaction::Lost
        );
        if commits && doomed {
            self.roll_back().await?;
            return Err(failed());
        }
        Ok(())
    }

    fn undone(&mut self) {
        let settings_too = self.kind() == DatabaseKind::Postgres;
        self.condition.rolled_back(settings_too);
    }
}

/// The name that sqlx's own drivers give the savepoint of this depth.
fn savepoint(depth: u32) -> String {
    format!("_sqlx_savepoint_{depth}")
}

fn failed() -> Failure {
    Failure::new(
        Code::TRANSACTION_FAILED,
        "an earlier error had failed this transaction: it was rolled back, and nothing of it was \
         committed",
    )
}

fn ended_by_text() -> Failure {
    Failure::new(
        Code::TRANSACTION_ENDED,
        "a statement of this transaction has ended it already; that statement's own result says \
         whether it was committed",
    )
}

/// What a server that is done and was not heard comes to.
fn unheard() -> Failure {
    let what = "the database is done with the transaction, and its answer did not come";
    Failure::new(Code::DATABASE_IO, what)
}
