//! Beginning and ending transactions and savepoints.

use onepool_proto::message::FinishHow;
use onepool_proto::{Code, DatabaseKind, Failure};

use super::Owner;
use super::condition::Transaction;
use crate::db;
use crate::db::classify::What;
use crate::pool::{Finish, Finished, Setup, Step, Text};

impl Owner {
    /// Brings the backend to where a job may begin.
    pub(super) async fn set_up(&mut self, setup: &Setup) -> Result<(), Failure> {
        self.usable()?;
        if self.condition.transaction != Transaction::Failed {
            self.apply_settings(&setup.settings).await?;
        }
        for step in &setup.before {
            self.step(step).await?;
        }
        if setup.in_transaction {
            self.expect_transaction()?;
        }
        Ok(())
    }

    fn expect_transaction(&self) -> Result<(), Failure> {
        match self.condition.transaction {
            Transaction::Open | Transaction::Failed => Ok(()),
            Transaction::Lost | Transaction::None => Err(Failure::new(
                Code::TRANSACTION_ENDED,
                "the database has ended this transaction after an earlier error; roll back and \
                 run it again",
            )),
        }
    }

    pub(super) async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Begin(statement) => {
                self.command(statement).await?;
                self.condition.begun();
            }
            Step::Savepoint(depth) => {
                self.expect_transaction()?;
                self.command(&format!("SAVEPOINT {}", savepoint(*depth)))
                    .await?;
            }
            Step::RollbackTo(depth) => {
                self.expect_transaction()?;
                self.command(&format!("ROLLBACK TO SAVEPOINT {}", savepoint(*depth)))
                    .await?;
                self.condition.transaction = Transaction::Open;
            }
        }
        Ok(())
    }

    /// Runs a statement of the host's own.
    pub(super) async fn command(&mut self, sql: &str) -> Result<(), Failure> {
        match self.driver.command(sql).await {
            Ok(()) => Ok(()),
            Err(failure) => {
                let failure = self.learn(failure);
                self.transaction_failed(&failure).await;
                Err(failure)
            }
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
        let result = match self.set_up(&setup).await {
            Ok(()) if depth == 0 => match how {
                FinishHow::Commit => self.commit().await,
                FinishHow::Rollback => self.roll_back().await,
            },
            Ok(()) => self.finish_savepoint(depth, how).await,
            Err(failure) => Err(failure),
        };
        let pinned = self.condition.pinned && !self.condition.must_close;
        let (kept, ended) = if pinned { (lease, None) } else { (None, lease) };
        // The answer does not wait for the backend to be cleaned.
        let _ = done.send(Finished {
            result,
            lease: kept,
        });
        self.end_loan(ended).await;
    }

    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        match self.condition.transaction {
            Transaction::Open => (),
            Transaction::Failed => {
                self.roll_back().await?;
                return Err(failed());
            }
            Transaction::None | Transaction::Lost => return Err(failed()),
        }
        match self.driver.command("COMMIT").await {
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
                    let _ = self.driver.command("ROLLBACK").await;
                }
                self.undone();
                Err(failure)
            }
        }
    }

    pub(super) async fn roll_back(&mut self) -> Result<(), Failure> {
        let open = matches!(
            self.condition.transaction,
            Transaction::Open | Transaction::Failed
        );
        if open {
            let result = self.driver.command("ROLLBACK").await;
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
                self.command(&format!("RELEASE SAVEPOINT {}", savepoint(depth)))
                    .await
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
