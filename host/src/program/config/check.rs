//! What cannot work, or not together.

use std::path::PathBuf;
use std::time::Duration;

use onepool_host::{Endpoint, Quota};
use tracing_subscriber::EnvFilter;

use super::build::{database, find_group, find_user, plugin};
use super::leaves::{Secret, User};
use super::problem::Problems;
use super::read::nearest;
use super::settings::{DatabaseSettings, LoginSettings, PluginSettings, Settings};
use super::tree::Tree;

/// The smallest frame that the protocol can do with.
const LEAST_FRAME_BYTES: u32 = 1024 * 1024;

/// Notes what cannot work.
pub(super) fn check(settings: &Settings, tree: &Tree, problems: &mut Problems) {
    let mut check = Check { tree, problems };
    check.databases(settings);
    check.pool(settings);
    check.host(settings);
    check.admin(settings);
    check.log(settings);
    check.metrics(settings);
    check.quotas(settings);
    for (name, plugin) in &settings.plugins {
        check.plugin(name, plugin, settings);
    }
}

struct Check<'a> {
    tree: &'a Tree,
    problems: &'a mut Problems,
}

fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

impl Check<'_> {
    fn add(&mut self, keys: &[&str], text: impl Into<String>) {
        self.problems.add(self.tree, &path(keys), text);
    }

    fn databases(&mut self, settings: &Settings) {
        let named: Vec<_> = settings.databases.keys().collect();
        if let [_, second, ..] = &named[..] {
            self.add(
                &["databases", second],
                "this version serves one database for each host; run a host for each, with an \
                 endpoint of its own",
            );
        }
        match named.first() {
            Some(name) if self.tree.get(&path(&["database"])).is_some() => self.add(
                &["databases", name],
                "there is a [database] as well, and this version serves one database for each host",
            ),
            Some(name) => self.database(&["databases", name], database(settings)),
            None => self.database(&["database"], &settings.database),
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
            [] => self.add(
                &key("url"),
                "no database is given; write its URL here (sqlite:..., postgres://..., \
                 mysql://...), set ONEPOOL_DATABASE, or say --database",
            ),
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

    fn command(&mut self, at: &[&str], command: &Option<Vec<String>>) {
        let nothing = |words: &Vec<String>| words.first().is_none_or(String::is_empty);
        if command.as_ref().is_some_and(nothing) {
            self.add(at, "the list is empty; give a program, then its arguments");
        }
    }

    fn pool(&mut self, settings: &Settings) {
        let pool = &settings.pool;
        let control = control_connections(settings);
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

    fn host(&mut self, settings: &Settings) {
        let host = &settings.host;
        if let Some(Err(error)) = host
            .endpoint
            .as_ref()
            .map(|endpoint| endpoint.parse::<Endpoint>())
        {
            self.add(&["host", "endpoint"], error.to_string());
        }
        for user in &host.allowed_users {
            self.user(&["host", "allowed_users"], user);
        }
        if host.max_sessions == 0 {
            self.add(
                &["host", "max_sessions"],
                "0 would let no plugin in; give at least 1",
            );
        }
        if settings.limits.frame_bytes < LEAST_FRAME_BYTES {
            let text = format!(
                "{} is less than the protocol's {LEAST_FRAME_BYTES}",
                settings.limits.frame_bytes
            );
            self.add(&["limits", "frame_bytes"], text);
        }
    }

    fn admin(&mut self, settings: &Settings) {
        let admin = &settings.admin;
        let relative = |socket: &&PathBuf| !socket.is_absolute();
        if admin
            .socket
            .as_ref()
            .is_some_and(|socket| relative(&socket))
        {
            let text = "the path must be absolute: /run/onepool/admin.sock";
            self.add(&["admin", "socket"], text);
        }
        for (key, groups) in [("operators", &admin.operators), ("readers", &admin.readers)] {
            for group in groups.iter().filter(|group| find_group(group).is_none()) {
                let text = format!("there is no group {:?} on this machine", group.0);
                self.add(&["admin", key], text);
            }
            if !groups.is_empty() && admin.socket.is_none() {
                let text = "the folder of the endpoint is closed to others, so they could not come \
                            in; give the admin socket a path of its own, in a folder that they can \
                            enter: socket = \"/run/onepool/admin.sock\"";
                self.add(&["admin", key], text);
            }
        }
    }

    fn user(&mut self, at: &[&str], user: &User) {
        if find_user(user).is_none() {
            let text = format!("there is no user {:?} on this machine", user.0);
            self.add(at, text);
        }
    }

    fn log(&mut self, settings: &Settings) {
        self.not_zero(&["log", "slow_statement"], settings.log.slow_statement.0);
        self.not_zero(&["log", "long_lease"], settings.log.long_lease.0);
        if let Err(error) = EnvFilter::try_new(&settings.log.filter) {
            let text =
                format!("{error}; write a level (\"info\"), or \"info,onepool_host::plugin=warn\"");
            self.add(&["log", "filter"], text);
        }
    }

    #[cfg(feature = "web")]
    fn metrics(&mut self, settings: &Settings) {
        let at = ["metrics", "listen"];
        match settings.metrics.place() {
            Some(Err(error)) => self.add(&at, error.to_string()),
            Some(Ok(place)) if !place.is_local() && !settings.metrics.exposed => self.add(
                &at,
                "other machines can reach this, and whoever does can read what the host does; \
                 write 127.0.0.1, or set exposed = true",
            ),
            _ => {}
        }
    }

    #[cfg(not(feature = "web"))]
    fn metrics(&mut self, settings: &Settings) {
        if settings.metrics.listen.is_some() {
            let text = "this program was built without the feature `web`; leave it out";
            self.add(&["metrics", "listen"], text);
        }
    }

    fn quotas(&mut self, settings: &Settings) {
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
            Some(max) if max > settings.pool.max_connections => {
                let cap = settings.pool.max_connections;
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

    fn not_zero(&mut self, at: &[&str], limit: Option<Duration>) {
        if limit == Some(Duration::ZERO) {
            self.add(at, "0 leaves no time for anything; give more");
        }
    }

    fn plugin(&mut self, name: &str, settings: &PluginSettings, all: &Settings) {
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
        self.access(&at, settings, is_sqlite(all));
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

/// Whether the database is SQLite's, as far as the URL is known.
fn is_sqlite(settings: &Settings) -> bool {
    let url = database(settings).url.as_ref();
    url.is_some_and(|Secret(url)| url.starts_with("sqlite:"))
}

/// Connections that are not for work, as far as the URL is known.
fn control_connections(settings: &Settings) -> u32 {
    let url = database(settings).url.as_ref();
    u32::from(url.is_some_and(|Secret(url)| !url.starts_with("sqlite:")))
}

fn is_name(name: &str) -> bool {
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(belongs)
}
