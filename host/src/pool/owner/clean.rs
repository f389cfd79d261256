//! Making a backend fit for its next user.

use std::sync::Arc;

use onepool_proto::{Code, DatabaseKind, Failure};

use super::Owner;
use crate::db::classify::Scope;
use crate::pool::{CloseReason, Settings, Text};

/// Ends everything that a PostgreSQL session can leave behind and that statements prepared by
/// text do not: those are looked up by name, so that the driver's own stay.
const RESET_POSTGRES: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; \
    UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

const PREPARED_BY_TEXT: &str =
    "SELECT quote_ident(name) FROM pg_prepared_statements WHERE from_sql";

impl Owner {
    /// Ends the open transaction, and whatever else may have been left behind.
    pub(super) async fn clean(&mut self) -> Result<(), Failure> {
        self.usable()?;
        self.roll_back().await?;
        if !self.condition.needs_reset {
            return self.use_up_modes().await;
        }
        match self.kind() {
            DatabaseKind::Postgres => self.reset_postgres().await?,
            // The driver has no way to reset a MySQL session, and a SQLite one is cheap to open.
            DatabaseKind::MySql | DatabaseKind::Sqlite => {
                return Err(Failure::new(
                    Code::UNSUPPORTED,
                    "this session cannot be reset",
                ));
            }
        }
        self.pool.0.stats.resets.add_one();
        self.condition.forget();
        Ok(())
    }

    /// Lets an empty transaction have the modes of the next one (MySQL).
    async fn use_up_modes(&mut self) -> Result<(), Failure> {
        if self.condition.next_transaction {
            self.command("BEGIN").await?;
            self.command("ROLLBACK").await?;
            self.condition.next_transaction = false;
        }
        Ok(())
    }

    async fn reset_postgres(&mut self) -> Result<(), Failure> {
        self.driver.command(RESET_POSTGRES).await?;
        let prepared = self.driver.query(PREPARED_BY_TEXT).await?;
        for name in prepared.into_iter().flatten().flatten() {
            self.driver.command(&format!("DEALLOCATE {name}")).await?;
        }
        Ok(())
    }

    /// Gives the session the settings of the Connection that uses it now.
    pub(super) async fn apply_settings(&mut self, wanted: &Arc<Settings>) -> Result<(), Failure> {
        let has = Arc::clone(&self.condition.settings);
        if Arc::ptr_eq(&has, wanted) || *has == **wanted {
            return Ok(());
        }
        let applied = self.change_settings(&has, wanted).await;
        match applied {
            Ok(()) => self.condition.settings = Arc::clone(wanted),
            // Some are the one's now and some the other's.
            Err(_) => self.condition.needs_reset = true,
        }
        applied
    }

    async fn change_settings(&mut self, has: &Settings, wanted: &Settings) -> Result<(), Failure> {
        for name in has.beyond(wanted) {
            let Some(default) = self.default_of(name) else {
                return Err(self.cannot_take_back(name));
            };
            if self.driver.command(&default).await.is_err() {
                return Err(self.cannot_take_back(name));
            }
        }
        for (name, statements) in has.missing(wanted) {
            self.remember_default(name).await?;
            self.command(statements).await?;
        }
        Ok(())
    }

    /// The statement that gives a setting its default again.
    fn default_of(&self, name: &str) -> Option<String> {
        match self.kind() {
            DatabaseKind::Postgres => Some(reset_postgres_setting(name)),
            DatabaseKind::MySql | DatabaseKind::Sqlite => self.condition.defaults.of(name),
        }
    }

    fn cannot_take_back(&mut self, name: &str) -> Failure {
        self.condition.must_close = Some(CloseReason::Unclean);
        Failure::new(
            Code::LEASE_REVOKED,
            format!("the setting {name} could not be taken back on this backend; try again"),
        )
    }

    /// Finds out the defaults of the settings that a text is about to change, where the database
    /// cannot be asked for them later.
    pub(super) async fn remember_defaults(&mut self, text: &Text) -> Result<(), Failure> {
        for setting in text.verdict.settings() {
            if setting.scope == Scope::Session {
                self.remember_default(&setting.name).await?;
            }
        }
        Ok(())
    }

    async fn remember_default(&mut self, name: &str) -> Result<(), Failure> {
        if self.kind() == DatabaseKind::Postgres {
            return Ok(());
        }
        let asked = self.condition.defaults.ask(&mut self.driver, name).await;
        match asked.map_err(|failure| self.learn(failure)) {
            Ok(true) => (),
            // What cannot be taken back must not reach the next user.
            Ok(false) | Err(_) => self.condition.needs_reset = true,
        }
        self.usable()
    }
}

/// The statement that gives a setting of PostgreSQL its default again. The parts of an application's
/// own setting can be reserved words.
fn reset_postgres_setting(name: &str) -> String {
    match name {
        "role" => "RESET ROLE".to_owned(),
        name => {
            let parts: Vec<_> = name.split('.').map(|part| format!("\"{part}\"")).collect();
            format!("RESET {}", parts.join("."))
        }
    }
}
