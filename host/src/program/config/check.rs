//! What cannot work, or not together.

mod databases;
mod plugins;

use std::path::PathBuf;
use std::time::Duration;

use onepool_host::{DatabaseKind, Endpoint};
use tracing_subscriber::EnvFilter;

use super::build::{find_group, find_user};
use super::leaves::{Secret, User};
use super::problem::Problems;
use super::settings::{DatabaseSettings, Settings};
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

    fn not_zero(&mut self, at: &[&str], limit: Option<Duration>) {
        if limit == Some(Duration::ZERO) {
            self.add(at, "0 leaves no time for anything; give more");
        }
    }
}

/// Whether the database is SQLite's, as far as the URL is known.
fn is_sqlite(settings: &DatabaseSettings) -> bool {
    kind(settings) == Some(DatabaseKind::Sqlite)
}

/// The kind of database, as far as the URL is known.
fn kind(settings: &DatabaseSettings) -> Option<DatabaseKind> {
    let Secret(url) = settings.url.as_ref()?;
    match url.split_once(':')?.0 {
        "sqlite" => Some(DatabaseKind::Sqlite),
        "postgres" | "postgresql" => Some(DatabaseKind::Postgres),
        "mysql" | "mariadb" => Some(DatabaseKind::MySql),
        _ => None,
    }
}

/// Connections that are not for work, as far as the URL is known.
fn control_connections(settings: &DatabaseSettings) -> u32 {
    let url = settings.url.as_ref();
    u32::from(url.is_some_and(|Secret(url)| !url.starts_with("sqlite:")))
}

fn is_name(name: &str) -> bool {
    let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(belongs)
}
