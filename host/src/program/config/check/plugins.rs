//! The plugins, and what each may have.

use onepool_host::Quota;

#[cfg(unix)]
use super::super::build::find_user;
use super::super::build::plugin;
use super::super::leaves::User;
use super::super::read::nearest;
use super::super::settings::{LoginSettings, PluginSettings, Settings};
use super::{Check, is_name, is_sqlite, path};

impl Check<'_> {
    pub(super) fn quotas(&mut self, settings: &Settings) {
        if settings.quota.min.is_some_and(|min| min > 0) {
            self.add(
                &["quota", "min"],
                "it would be kept for every plugin that ever connects; say it in the plugins' own \
                 quota",
            );
        }
        let base = settings.quota.over(Quota::default());
        self.quota(&["quota"], base, settings);
        for (name, plugin) in &settings.plugins {
            let at = ["plugins", name, "quota"];
            // What is wrong with the common one is said once.
            if self.tree.get(&path(&at)).is_some() {
                self.quota(&at, plugin.quota.over(base), settings);
            }
        }
    }

    fn quota(&mut self, at: &[&str], quota: Quota, settings: &Settings) {
        let key = |name| [at, &[name]].concat();
        match quota.max {
            Some(0) => self.add(
                &key("max"),
                "0 lets nothing run; give at least 1, or leave it out",
            ),
            Some(max) if max < quota.min => {
                let text = format!("{max} is less than the min, {}", quota.min);
                self.add(&key("max"), text);
            }
            Some(max) if max > settings.largest_cap() => {
                let cap = settings.largest_cap();
                let text =
                    format!("{max} is more than max_connections, {cap}; leave it out for all");
                self.add(&key("max"), text);
            }
            _ => {}
        }
        for (name, number) in [
            ("weight", quota.weight),
            ("queue_length", quota.queue_length),
        ] {
            if number == 0 {
                self.add(
                    &key(name),
                    "0 would keep it from everything; give at least 1",
                );
            }
        }
        for (name, limit) in [
            ("statement_timeout", quota.statement_timeout),
            ("transaction_timeout", quota.transaction_timeout),
            ("idle_in_transaction", quota.idle_in_transaction),
            ("pinned_idle_timeout", quota.pinned_idle_timeout),
        ] {
            self.not_zero(&key(name), limit);
        }
    }

    pub(super) fn plugin(&mut self, name: &str, settings: &PluginSettings, all: &Settings) {
        let at = ["plugins", name];
        let key = |key| [&at[..], &[key]].concat();
        if !is_name(name) {
            self.add(
                &at,
                "a plugin's name has 1 to 64 letters, digits, dots, hyphens and underscores",
            );
        }
        match &settings.program {
            None => self.add(&key("program"), "it is missing; give the plugin's program"),
            Some(program) if program.as_os_str().is_empty() => {
                self.add(&key("program"), "it is empty; give the plugin's program");
            }
            Some(_) => {
                let plugin = plugin(name, settings, Quota::default());
                if let Err(failure) = plugin.check_program() {
                    let at = path(&key("program"));
                    self.problems
                        .add_bearable(self.tree, &at, failure.to_string());
                }
            }
        }
        for other in settings
            .after
            .iter()
            .filter(|other| !all.plugins.contains_key(*other))
        {
            let near = nearest(other, all.plugins.keys().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            self.add(&key("after"), format!("there is no plugin {other:?}{near}"));
        }
        self.access(&at, settings, is_sqlite(&all.database));
        if let Some(user) = &settings.user {
            self.user(&key("user"), user);
            self.may_become(&key("user"), user);
        }
        if settings.restart_failures == 0 {
            self.add(
                &key("restart_failures"),
                "0 failures would be too many; give at least 1",
            );
        }
        self.not_zero(&key("restart_delay"), Some(settings.restart_delay.0));
        self.not_zero(&key("handshake_timeout"), settings.handshake_timeout.0);
    }

    /// The login and the schema of a plugin.
    fn access(&mut self, at: &[&str], settings: &PluginSettings, sqlite: bool) {
        let key = |name| [at, &[name]].concat();
        let login = [at, &["login"]].concat();
        let key_of_login = |name| [&login[..], &[name]].concat();
        let given = [
            ("password", settings.login.password.is_some()),
            ("password_file", settings.login.password_file.is_some()),
            (
                "password_command",
                settings.login.password_command.is_some(),
            ),
        ];
        let given: Vec<_> = given.iter().filter(|(_, given)| *given).collect();
        if let [.., _, (last, _)] = &given[..] {
            self.add(
                &key_of_login(last),
                "there is another password as well; keep one of password, password_file and \
                 password_command",
            );
        }
        self.command(
            &key_of_login("password_command"),
            &settings.login.password_command,
        );
        let user = settings.login.user.as_deref();
        if sqlite {
            if settings.login != LoginSettings::default() {
                self.add(
                    &login,
                    "SQLite has no logins; take it out, and say read_only = true where it is to \
                     keep the plugin from writing",
                );
            }
            if settings.schema.is_some() {
                self.add(&key("schema"), "SQLite has no schemas; take it out");
            }
            return;
        }
        if user.is_none() && self.tree.get(&path(&login)).is_some() {
            self.add(
                &key_of_login("user"),
                "it is missing; give the user of the login, or take the login out",
            );
        }
        for (at, name) in [
            (key_of_login("user"), user),
            (key("schema"), settings.schema.as_deref()),
        ] {
            if name.is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
                self.add(
                    &at,
                    "it is empty, or no name; give one, or take the key out",
                );
            }
        }
    }

    #[cfg(unix)]
    fn may_become(&mut self, at: &[&str], user: &User) {
        let own = rustix::process::geteuid();
        if !own.is_root() && find_user(user).is_some_and(|(uid, _)| uid != own.as_raw()) {
            self.add(
                at,
                "only a host that runs as root can start a plugin as another user",
            );
        }
    }

    #[cfg(not(unix))]
    fn may_become(&mut self, _: &[&str], _: &User) {}
}
