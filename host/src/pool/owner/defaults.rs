//! The defaults of settings, on databases that do not keep them for a session.

use std::collections::HashMap;

use onepool_proto::{DatabaseKind, Failure};

use crate::db::{Driver, settings};

/// The statements that give settings the values that the session began with.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    statements: HashMap<String, String>,
    asked: bool,
}

impl Defaults {
    /// The statement that gives a setting its default again, if it is known.
    pub(super) fn of(&self, name: &str) -> Option<String> {
        self.statements.get(name).cloned()
    }

    /// Finds out a setting's default, before it is changed for the first time. Whether the database
    /// tells it.
    ///
    /// MySQL is asked for all at once, before any was changed: a variable can have several names,
    /// and asked under the second it would tell what was set under the first.
    pub(super) async fn ask(&mut self, driver: &mut Driver, name: &str) -> Result<bool, Failure> {
        if driver.kind() == DatabaseKind::MySql {
            if !self.asked {
                let variables = driver.query(settings::MYSQL_VARIABLES).await?;
                self.statements = settings::mysql_defaults(variables);
                self.asked = true;
            }
        } else if !self.statements.contains_key(name)
            && let Some(default) = settings::sqlite_default(driver, name).await?
        {
            self.statements.insert(name.to_owned(), default);
        }
        Ok(self.statements.contains_key(name))
    }
}
