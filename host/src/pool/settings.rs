//! Session settings that follow a Connection from backend to backend.

use std::collections::BTreeMap;

use crate::db::classify::{Scope, Verdict};

/// The settings of a Connection: for each name, the statement that sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Records what a text has set, after it succeeded.
    pub(crate) fn follow(&mut self, verdict: &Verdict) {
        for setting in verdict
            .settings()
            .filter(|setting| setting.scope == Scope::Session)
        {
            match setting.value {
                _ if setting.is_all() => self.0.clear(),
                Some(_) => self.set(&setting.name, &setting.sql()),
                None => drop(self.0.remove(&setting.name)),
            }
        }
    }

    /// Records that `statement` has set `name`.
    pub(crate) fn set(&mut self, name: &str, statement: &str) {
        self.0.insert(name.to_owned(), statement.to_owned());
    }

    /// The names that are set here and not in `wanted`: they need their default again.
    pub(crate) fn beyond<'a>(&'a self, wanted: &'a Self) -> impl Iterator<Item = &'a str> {
        self.0
            .keys()
            .filter(|name| !wanted.0.contains_key(*name))
            .map(String::as_str)
    }

    /// The statements that bring a backend with these settings to `wanted`.
    pub(crate) fn missing<'a>(
        &'a self,
        wanted: &'a Self,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let differs =
            |(name, statement): &(&String, &String)| self.0.get(*name) != Some(*statement);
        wanted
            .0
            .iter()
            .filter(differs)
            .map(|(name, statement)| (name.as_str(), statement.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_brings_one_to_the_other() {
        let (mut has, mut wants) = (Settings::default(), Settings::default());
        has.set("timezone", "SET timezone = 'UTC'");
        has.set("work_mem", "SET work_mem = '1MB'");
        wants.set("work_mem", "SET work_mem = '2MB'");
        wants.set("search_path", "SET search_path = a, b");
        assert_eq!(has.beyond(&wants).collect::<Vec<_>>(), ["timezone"]);
        let statements: Vec<_> = has
            .missing(&wants)
            .map(|(_, statement)| statement)
            .collect();
        assert_eq!(
            statements,
            ["SET search_path = a, b", "SET work_mem = '2MB'"]
        );
    }
}
