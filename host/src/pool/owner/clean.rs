//! Making a backend fit for its next user.

use std::sync::Arc;

use onepool_proto::{Code, DatabaseKind, Failure};

use super::Owner;
use super::condition::Condition;
use crate::db::classify::Scope;
use crate::pool::{Settings, Text};

/// Ends everything that a PostgreSQL session can leave behind and that statements prepared by
/// text do not: those are looked up by name, so that the driver's own stay.
const RESET_POSTGRES: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; \
    UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// How MySQL tells the character set and collation of the session.
const NAMES: &str = "SELECT CONCAT(@@SESSION.character_set_client, ' COLLATE ', \
    @@SESSION.collation_connection)";

/// How MariaDB tells how transactions begin.
const ISOLATION: &str = "SELECT CONCAT('ISOLATION LEVEL ', REPLACE(@@SESSION.tx_isolation, '-', \
    ' '), IF(@@SESSION.tx_read_only, ', READ ONLY', ', READ WRITE'))";

/// The defaults of settings that the database is not asked for: those of a read-only Connection,
/// and those that it does not tell.
const KNOWN_DEFAULTS: &[(&str, &str)] = &[
    ("query_only", "PRAGMA query_only = 0"),
    // SQLite does not tell how this is set.
    ("case_sensitive_like", "PRAGMA case_sensitive_like = 0"),
    (
        "transaction_read_only",
        "SET SESSION TRANSACTION READ WRITE",
    ),
];

const PREPARED_BY_TEXT: &str =
    "SELECT quote_ident(name) FROM pg_prepared_statements WHERE from_sql";

impl Owner {
    /// Ends the open transaction, and whatever else may have been left behind.
    pub(super) async fn clean(&mut self) -> Result<(), Failure> {
        self.usable()?;
        self.roll_back().await?;
        if !self.condition.needs_reset {
            return Ok(());
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
        self.condition = Condition::default();
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
        for name in has.beyond(wanted) {
            let default = self.default_of(name)?;
            self.command(&default).await?;
        }
        for (name, statement) in has.missing(wanted) {
            self.remember_default(name).await?;
            self.command(statement).await?;
        }
        self.condition.settings = Arc::clone(wanted);
        Ok(())
    }

    /// The statement that gives a setting its default again.
    fn default_of(&mut self, name: &str) -> Result<String, Failure> {
        if let Some(statement) = self.condition.defaults.get(name) {
            return Ok(statement.clone());
        }
        if self.kind() == DatabaseKind::Postgres {
            return Ok(match name {
                "role" => "RESET ROLE".to_owned(),
                "session_authorization" => "SET SESSION AUTHORIZATION DEFAULT".to_owned(),
                _ => format!("RESET {name}"),
            });
        }
        if let Some((_, statement)) = KNOWN_DEFAULTS.iter().find(|(known, _)| *known == name) {
            return Ok((*statement).to_owned());
        }
        self.condition.must_close = true;
        Err(Failure::new(
            Code::LEASE_REVOKED,
            format!("the default of the setting {name} is not known on this backend; try again"),
        ))
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
        let known = self.condition.defaults.contains_key(name);
        if !known && self.kind() != DatabaseKind::Postgres {
            match self.ask_default(name).await? {
                Some(default) => drop(self.condition.defaults.insert(name.to_owned(), default)),
                // What cannot be taken back must not reach the next user.
                None if !KNOWN_DEFAULTS.iter().any(|(known, _)| *known == name) => {
                    self.condition.needs_reset = true;
                }
                None => (),
            }
        }
        Ok(())
    }

    /// The statement that gives a setting back the value it has now, if the database tells.
    async fn ask_default(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let (question, begin) = match (self.kind(), name) {
            (DatabaseKind::Sqlite, _) => (format!("PRAGMA {name}"), format!("PRAGMA {name} = ")),
            (_, "names") => (NAMES.to_owned(), "SET NAMES ".to_owned()),
            (_, "transaction") => (ISOLATION.to_owned(), "SET SESSION TRANSACTION ".to_owned()),
            (_, name) => {
                let begin = format!("SET SESSION {name} = ");
                (format!("SELECT QUOTE(@@SESSION.{name})"), begin)
            }
        };
        let rows = match self.driver.query(&question).await {
            Ok(rows) => rows,
            Err(failure) => {
                // Not every server has every variable: the backend is closed when it matters.
                self.learn(failure);
                return self.usable().map(|()| None);
            }
        };
        let Some(value) = rows.into_iter().flatten().flatten().next() else {
            return Ok(None);
        };
        // A number is written without the quotes that text needs.
        let number = value.trim_matches('\'').parse::<i64>().ok();
        let value = number.map_or(value, |number| number.to_string());
        Ok(Some(format!("{begin}{value}")))
    }
}
