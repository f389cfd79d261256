//! The lock between migrators, which is the host's.

use onepool_proto::message::MigrationLock;
use sqlx_core::error::Error;
use sqlx_core::migrate::MigrateError;

use crate::OnepoolConnection;
use crate::connection::Holds;

impl OnepoolConnection {
    pub(super) async fn take_migration_lock(&mut self) -> Result<(), Error> {
        // A migrator that finds a migration edited or missing stops without a call that could
        // unlock, and may be run again on the same Connection.
        self.stop_migrating().await;
        // Before the call: if that is dropped it is not known, and giving back does no harm.
        self.holds = Holds::MigrationLock;
        let answer = self.ask_migration_lock(true).await;
        if answer.is_err() {
            self.holds = Holds::Perhaps;
        }
        answer
    }

    pub(super) async fn give_migration_lock_back(&mut self) -> Result<(), Error> {
        let answer = self.ask_migration_lock(false).await;
        self.holds = Holds::Perhaps;
        answer
    }

    /// Gives the lock back if `result` is an error: the migrator stops then, and would leave it
    /// taken.
    pub(super) async fn or_unlock<T>(
        &mut self,
        result: Result<T, MigrateError>,
    ) -> Result<T, MigrateError> {
        if result.is_err() {
            self.stop_migrating().await;
        }
        result
    }

    /// Gives the lock back if it is held.
    pub(super) async fn stop_migrating(&mut self) {
        if self.holds == Holds::MigrationLock {
            // What stopped the migrator is the error to report, and releasing unlocks too.
            let _ = self.give_migration_lock_back().await;
        }
    }

    async fn ask_migration_lock(&mut self, take: bool) -> Result<(), Error> {
        let deadline = self.deadline();
        let (call, carried) = self.begin_call(deadline)?;
        let lock = MigrationLock { call, take };
        let answer = self.session.migration_lock(deadline, lock).await;
        self.settle(carried, answer)
    }
}
