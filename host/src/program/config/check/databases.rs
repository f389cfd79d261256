//! The databases, and how many connections each has.

use super::super::read::nearest;
use super::super::settings::{DatabaseSettings, NamedSettings, Settings};
use super::{Check, control_connections, is_name, is_sqlite, kind};

/// The name of `[database]`.
const MAIN: &str = "main";

impl Check<'_> {
    pub(super) fn databases(&mut self, settings: &Settings) {
        self.database(&["database"], &settings.database);
        for (name, named) in &settings.databases {
            self.named(name, named, &settings.database);
        }
        for (plugin, own) in &settings.plugins {
            if own.databases.as_ref().is_some_and(Vec::is_empty) {
                self.add(
                    &["plugins", plugin, "databases"],
                    "the list is empty, so it could use none; name one, or leave it out for all",
                );
            }
            let known = |name: &&String| *name == MAIN || settings.databases.contains_key(*name);
            for name in own.databases.iter().flatten().filter(|name| !known(name)) {
                let names = settings.databases.keys().map(String::as_str);
                let near = nearest(name, names.chain([MAIN]));
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                self.add(
                    &["plugins", plugin, "databases"],
                    format!("there is no [databases.{name}]{near}"),
                );
            }
        }
    }

    fn named(&mut self, name: &str, settings: &NamedSettings, main: &DatabaseSettings) {
        let at = ["databases", name];
        let key = |key| [&at[..], &[key]].concat();
        if name == MAIN {
            self.add(&at, "this is the name of [database]; choose another");
        } else if !is_name(name) {
            self.add(
                &at,
                "a database's name has 1 to 64 letters, digits, dots, hyphens and underscores",
            );
        }
        let database = settings.database();
        self.database(&at, &database);
        let (cap, control) = (settings.max_connections, control_connections(&database));
        if cap <= control {
            let text = format!("{cap} is too few; give at least {}", control + 1);
            self.add(&key("max_connections"), text);
        } else if settings.min_connections > cap - control {
            let text = format!(
                "{} connections cannot be kept open when max_connections leaves {} for work",
                settings.min_connections,
                cap - control
            );
            self.add(&key("min_connections"), text);
        }
        if !settings.replica {
            return;
        }
        if is_sqlite(&database) {
            self.add(
                &key("replica"),
                "SQLite has no replicas; for a file that is only read, say ?mode=ro in its URL",
            );
        } else if let (Some(kind), Some(of_main)) = (kind(&database), kind(main))
            && kind != of_main
        {
            let text = format!(
                "{kind} does not follow {of_main}; a replica is of the kind of [database], so take \
                 this out, or change the URL"
            );
            self.add(&key("replica"), text);
        }
    }

    fn database(&mut self, at: &[&str], settings: &DatabaseSettings) {
        let key = |name| [at, &[name]].concat();
        let given = [
            ("url", settings.url.is_some()),
            ("url_file", settings.url_file.is_some()),
            ("url_command", settings.url_command.is_some()),
        ];
        let given: Vec<_> = given.iter().filter(|(_, given)| *given).collect();
        match &given[..] {
            [] => {
                // These two are of the main one.
                let or = if at == ["database"] {
                    ", set ONEPOOL_DATABASE, or say --database"
                } else {
                    ""
                };
                let text = format!(
                    "no database is given; write its URL here (sqlite:..., postgres://..., \
                     mysql://...){or}"
                );
                self.add(&key("url"), text);
            }
            [_] => {}
            [.., (last, _)] => self.add(
                &key(last),
                "there is another URL as well; keep one of url, url_file and url_command",
            ),
        }
        if settings.password_file.is_some() && settings.password_command.is_some() {
            self.add(
                &key("password_command"),
                "there is a password_file as well; keep one of them",
            );
        }
        self.command(&key("url_command"), &settings.url_command);
        self.command(&key("password_command"), &settings.password_command);
    }

    pub(super) fn command(&mut self, at: &[&str], command: &Option<Vec<String>>) {
        let nothing = |words: &Vec<String>| words.first().is_none_or(String::is_empty);
        if command.as_ref().is_some_and(nothing) {
            self.add(at, "the list is empty; give a program, then its arguments");
        }
    }

    pub(super) fn pool(&mut self, settings: &Settings) {
        let pool = &settings.pool;
        let control = control_connections(&settings.database);
        if pool.max_connections <= control {
            let why = if control == 0 {
                ""
            } else {
                ": 1 for work, and 1 to cancel statements"
            };
            let least = control + 1;
            let text = format!(
                "{} is too few; give at least {least}{why}",
                pool.max_connections
            );
            self.add(&["pool", "max_connections"], text);
            return;
        }
        let work = pool.max_connections - control;
        if pool.min_connections > work {
            let text = format!(
                "{} connections cannot be kept open when max_connections leaves {work} for work",
                pool.min_connections
            );
            self.add(&["pool", "min_connections"], text);
        }
        if pool.connecting_at_once == 0 {
            self.add(
                &["pool", "connecting_at_once"],
                "0 would connect nobody; give at least 1",
            );
        }
        for (name, limit) in [
            ("idle_timeout", pool.idle_timeout),
            ("max_lifetime", pool.max_lifetime),
        ] {
            self.not_zero(&["pool", name], limit.0);
        }
        self.not_zero(
            &["pool", "hold_and_wait_timeout"],
            Some(pool.hold_and_wait_timeout.0),
        );
        self.not_zero(
            &["host", "reader_timeout"],
            Some(settings.host.reader_timeout.0),
        );
        self.minimums(settings, work);
    }

    /// What is kept for each plugin must fit the cap.
    fn minimums(&mut self, settings: &Settings, work: u32) {
        let plugins = settings.plugins.iter();
        let minimums: Vec<_> = plugins
            .filter_map(|(name, plugin)| Some((name, plugin.quota.min.filter(|min| *min > 0)?)))
            .collect();
        let sum: u64 = minimums.iter().map(|(_, min)| u64::from(*min)).sum();
        if sum > u64::from(work) {
            let parts: Vec<_> = minimums
                .iter()
                .map(|(name, min)| format!("{min} for {name}"))
                .collect();
            let text = format!(
                "{} leaves {work} for work, and {sum} are kept for plugins ({}); raise it by {}, or \
                 lower a quota.min",
                settings.pool.max_connections,
                parts.join(", "),
                sum - u64::from(work),
            );
            self.add(&["pool", "max_connections"], text);
        }
    }
}
