//! From settings to a host.

use std::time::Duration;

use onepool_host::{
    Endpoint, Host, HostBuilder, Limits, Login, NamedDatabase, Plugin, Quota, RestartLimits,
    StopGraces,
};

#[cfg(feature = "web")]
use onepool_host::web::{WebPlace, WebPlaceError};

use super::database::{DatabaseUrl, Password};
use super::leaves::{Limit, Text, User};
#[cfg(feature = "web")]
use super::settings::MetricsSettings;
use super::settings::{
    HostSettings, LimitSettings, LoginSettings, NamedSettings, PluginSettings, PoolSettings,
    Settings,
};

/// The host that these settings describe. What is wrong with them is left out.
pub(crate) fn builder(settings: &Settings) -> HostBuilder {
    let mut builder = Host::builder();
    let database = &settings.database;
    if let Some(url) = DatabaseUrl::of(database) {
        builder = builder.database_with(move || {
            let url = url.clone();
            async move { url.fetch().await }
        });
    }
    if let Some(statements) = database.statement_cache {
        builder = builder.statement_cache(statements);
    }
    builder = builder.statement_comments(database.statement_comments);
    builder = builder.harmless_functions(database.harmless_functions.iter().cloned());
    for (name, named) in &settings.databases {
        if let Some(database) = self::named(named) {
            builder = builder.add_database(name, database);
        }
    }
    builder = pool(builder, &settings.pool);
    builder = host(builder, &settings.host)
        .slow_statement(settings.log.slow_statement.0)
        .long_lease(settings.log.long_lease.0);
    let base = settings.quota.over(Quota::default());
    builder = builder.default_quota(base).limits(limits(&settings.limits));
    let mut logins: Vec<(&LoginSettings, Login)> = Vec::new();
    for (name, plugin) in &settings.plugins {
        let mut built = self::plugin(name, plugin, base);
        if let Some(user) = &plugin.login.user {
            // Plugins that have the same login share its connections.
            let known = logins.iter().find(|(known, _)| **known == plugin.login);
            let login =
                known.map_or_else(|| login(user, &plugin.login), |(_, known)| known.clone());
            built = built.login(login.clone());
            logins.push((&plugin.login, login));
        }
        for other in plugin
            .after
            .iter()
            .filter(|other| settings.plugins.contains_key(*other))
        {
            built = built.after(other);
        }
        builder = builder.plugin(built);
    }
    builder
}

fn named(settings: &NamedSettings) -> Option<NamedDatabase> {
    let url = DatabaseUrl::of(&settings.database())?;
    let mut database = NamedDatabase::with(move || {
        let url = url.clone();
        async move { url.fetch().await }
    })
    .max_connections(settings.max_connections)
    .min_connections(settings.min_connections)
    .statement_comments(settings.statement_comments)
    .harmless_functions(settings.harmless_functions.iter().cloned());
    if let Some(statements) = settings.statement_cache {
        database = database.statement_cache(statements);
    }
    Some(if settings.replica {
        database.replica()
    } else {
        database
    })
}

fn pool(builder: HostBuilder, settings: &PoolSettings) -> HostBuilder {
    builder
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .connecting_at_once(settings.connecting_at_once)
        .idle_timeout(settings.idle_timeout.0)
        .max_lifetime(settings.max_lifetime.0)
        .hold_and_wait_timeout(settings.hold_and_wait_timeout.0)
}

fn host(mut builder: HostBuilder, settings: &HostSettings) -> HostBuilder {
    builder = builder
        .max_sessions(settings.max_sessions)
        .stop_timeout(settings.stop_timeout.0)
        .reader_timeout(settings.reader_timeout.0);
    let endpoint = settings
        .endpoint
        .as_ref()
        .and_then(|endpoint| endpoint.parse::<Endpoint>().ok());
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint(endpoint);
    }
    for (uid, _) in settings.allowed_users.iter().filter_map(find_user) {
        builder = builder.allow_user(uid);
    }
    builder
}

fn limits(settings: &LimitSettings) -> Limits {
    Limits {
        frame_bytes: settings.frame_bytes,
        upload_bytes: settings.upload_bytes,
        connections: settings.connections,
        statements: settings.statements,
    }
}

/// The plugin that these settings describe, with `base` as what its quota does not say.
pub(super) fn plugin(name: &str, settings: &PluginSettings, base: Quota) -> Plugin {
    let program = settings.program.clone().unwrap_or_default();
    let mut plugin = Plugin::new(name, program)
        .args(&settings.arguments)
        .restart(settings.restart.into())
        .restart_limits(RestartLimits {
            first_delay: settings.restart_delay.0,
            longest_delay: settings.restart_longest_delay.0,
            failures: settings.restart_failures,
            window: settings.restart_window.0,
        })
        .on_host_death(settings.on_host_death.into())
        .handshake_timeout(unlimited(settings.handshake_timeout))
        .stop_graces(StopGraces {
            message: settings.message_grace.0,
            signal: settings.signal_grace.0,
        })
        .read_only(settings.read_only)
        .quota(settings.quota.over(base));
    if let Some(schema) = &settings.schema {
        plugin = plugin.schema(schema);
    }
    if let Some(databases) = &settings.databases {
        plugin = plugin.databases(databases);
    }
    for (name, Text(value)) in &settings.environment {
        plugin = plugin.env(name, value);
    }
    if let Some(folder) = &settings.working_folder {
        plugin = plugin.current_dir(folder);
    }
    if let Some((uid, gid)) = settings.user.as_ref().and_then(find_user) {
        plugin = plugin.run_as(uid, gid);
    }
    plugin
}

fn login(user: &str, settings: &LoginSettings) -> Login {
    let login = Login::new(user);
    match Password::of(settings) {
        None => login,
        Some(password) => login.password_with(move || {
            let password = password.clone();
            async move { password.fetch().await }
        }),
    }
}

#[cfg(feature = "web")]
impl MetricsSettings {
    /// Where the port is to be, if anywhere.
    pub(crate) fn place(&self) -> Option<Result<WebPlace, WebPlaceError>> {
        self.listen.as_ref().map(|listen| listen.parse())
    }
}

fn unlimited(limit: Limit) -> Duration {
    limit.0.unwrap_or(Duration::MAX)
}

/// The numbers of a user and of its group, if there is such a user.
#[cfg(unix)]
pub(super) fn find_user(User(user): &User) -> Option<(u32, u32)> {
    use nix::unistd::{Uid, User as Account};
    let account = match user.parse::<u32>() {
        Ok(uid) => Account::from_uid(Uid::from_raw(uid)),
        Err(_) => Account::from_name(user),
    };
    match account {
        Ok(Some(account)) => Some((account.uid.as_raw(), account.gid.as_raw())),
        // A number needs no name.
        _ => user.parse().ok().map(|uid| (uid, uid)),
    }
}

/// The number of a group, if there is such a group.
#[cfg(unix)]
pub(crate) fn find_group(User(group): &User) -> Option<u32> {
    use nix::unistd::Group;
    if let Ok(gid) = group.parse() {
        return Some(gid);
    }
    let found = Group::from_name(group).ok().flatten();
    found.map(|found| found.gid.as_raw())
}

/// Groups have no numbers here.
#[cfg(not(unix))]
pub(crate) fn find_group(_: &User) -> Option<u32> {
    None
}

/// Users have no numbers here.
#[cfg(not(unix))]
pub(super) fn find_user(_: &User) -> Option<(u32, u32)> {
    None
}
