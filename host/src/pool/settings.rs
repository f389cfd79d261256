//! Session settings that follow a Connection from backend to backend.

use std::collections::BTreeMap;

use crate::db::classify::{Scope, Setting};

/// How long the statements that make one setting may be. One that builds on what was before keeps
/// those before it, and a plugin may make it again and again.
const LONGEST: usize = 4096;

/// The settings of a Connection: for each name, what makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, Made>);

/// What makes a setting on a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// One or more statements, with `;` between.
    pub(crate) statements: String,
    /// They build on the setting's default.
    pub(crate) relative: bool,
}

/// Too much has gone into a setting for it to be made again.
#[derive(Debug)]
pub(crate) struct TooLong;

impl Settings {
    /// Records what a statement has set.
    ///
    /// # Errors
    /// If the setting can from now on only be had on the backend that has it.
    pub(crate) fn follow(&mut self, setting: &Setting) -> Result<(), TooLong> {
        match setting.value {
            _ if setting.scope == Scope::Local => (),
            // Nobody knows what it was set to, so the backend is pinned.
            _ if setting.parameter.is_some() => (),
            _ if setting.is_all() => self.0.clear(),
            None => drop(self.0.remove(&setting.name)),
            Some(_) if setting.relative => return self.extend(&setting.name, &setting.sql()),
            Some(_) => self.set(&setting.name, &setting.sql()),
        }
        Ok(())
    }

    /// Whether it has been set.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Records that `statement` has set `name`.
    pub(crate) fn set(&mut self, name: &str, statement: &str) {
        let made = Made {
            statements: statement.to_owned(),
            relative: false,
        };
        self.0.insert(name.to_owned(), made);
    }

    /// Records that `statement` has changed what `name` was.
    fn extend(&mut self, name: &str, statement: &str) -> Result<(), TooLong> {
        let made = self.0.entry(name.to_owned()).or_insert_with(|| Made {
            statements: String::new(),
            relative: true,
        });
        if made.statements.len() + statement.len() > LONGEST {
            return Err(TooLong);
        }
        if !made.statements.is_empty() {
            made.statements.push_str("; ");
        }
        made.statements.push_str(statement);
        Ok(())
    }

    /// The names that have to have their default again before a backend with these settings can be
    /// brought to `wanted`.
    pub(crate) fn beyond<'a>(&'a self, wanted: &'a Self) -> impl Iterator<Item = &'a str> {
        let stays = |name, made: &Made| {
            let other = wanted.0.get(name);
            other.is_some_and(|other| other == made || !other.relative)
        };
        self.0
            .iter()
            .filter(move |(name, made)| !stays(name.as_str(), made))
            .map(|(name, _)| name.as_str())
    }

    /// The statements that then bring it there.
    pub(crate) fn missing<'a>(
        &'a self,
        wanted: &'a Self,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        wanted
            .0
            .iter()
            .filter(|(name, made)| self.0.get(*name) != Some(*made))
            .map(|(name, made)| (name.as_str(), made.statements.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::classify::{Dialect, FunctionList, classify};

    /// The settings of a Connection that has run these.
    fn after(statements: &[&str]) -> Settings {
        let mut settings = Settings::default();
        for sql in statements {
            let verdict = classify(Dialect::MySql, sql, &FunctionList::default());
            for setting in verdict.settings() {
                settings.follow(setting).unwrap();
            }
        }
        settings
    }

    fn way(has: &Settings, wants: &Settings) -> Vec<String> {
        let defaults = has.beyond(wants).map(|name| format!("default of {name}"));
        let made = has
            .missing(wants)
            .map(|(_, statement)| statement.to_owned());
        defaults.chain(made).collect()
    }

    #[test]
    fn the_difference_brings_one_to_the_other() {
        let (mut has, mut wants) = (Settings::default(), Settings::default());
        has.set("timezone", "SET timezone = 'UTC'");
        has.set("work_mem", "SET work_mem = '1MB'");
        wants.set("work_mem", "SET work_mem = '2MB'");
        wants.set("search_path", "SET search_path = a, b");
        assert_eq!(
            way(&has, &wants),
            [
                "default of timezone",
                "SET search_path = a, b",
                "SET work_mem = '2MB'"
            ]
        );
    }

    /// What builds on what was before was made again on top of whatever the backend's last user
    /// had, and of several such statements only the last was made again.
    #[test]
    fn what_builds_on_what_was_before_begins_at_the_default() {
        let modes = "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')";
        let wants = after(&[
            "SET sql_mode = ''",
            modes,
            "SET optimizer_switch = 'mrr=on'",
        ]);
        let has = after(&["SET optimizer_switch = 'index_merge=off'", modes]);
        assert_eq!(
            way(&has, &wants),
            [
                "default of optimizer_switch",
                "SET SESSION optimizer_switch = 'mrr=on'",
                "SET SESSION sql_mode = ''; SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI')",
            ]
        );
    }

    /// `SET NAMES` sets the collation too, so that the order of the two counts.
    #[test]
    fn names_and_collation_keep_their_order() {
        let collation = "SET collation_connection = utf8mb4_bin";
        let both = after(&["SET NAMES utf8", collation]);
        assert_eq!(
            way(&Settings::default(), &both),
            ["SET NAMES utf8; SET SESSION collation_connection = utf8mb4_bin"]
        );
        let names = after(&[collation, "SET NAMES utf8"]);
        assert_eq!(way(&both, &names), ["SET NAMES utf8"]);
        assert_eq!(
            way(&after(&[collation]), &Settings::default()),
            ["default of names"]
        );
    }

    #[test]
    fn what_is_made_again_stays_short() {
        let mut settings = Settings::default();
        let sql = "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')";
        let verdict = classify(Dialect::MySql, sql, &FunctionList::default());
        let setting = verdict.settings().next().unwrap();
        let kept = (0..1000)
            .filter(|_| settings.follow(setting).is_ok())
            .count();
        assert!((2..500).contains(&kept), "{kept}");
    }
}
