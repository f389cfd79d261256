//! The settings, as the file holds them. Their documentation is that of the JSON Schema.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use onepool_host::{OnHostDeath, Quota, Restart, RestartLimits, StopGraces};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::leaves::{Limit, Secret, Span, Text, User};

/// The configuration of `onepool serve`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The database.
    pub(crate) database: DatabaseSettings,
    /// Further databases, by name; `database` is the one named main.
    pub(crate) databases: BTreeMap<String, NamedSettings>,
    /// The connections to the database.
    pub(crate) pool: PoolSettings,
    /// What each plugin may have, unless its own section says otherwise.
    pub(crate) quota: QuotaSettings,
    /// The host itself.
    pub(crate) host: HostSettings,
    /// The admin socket.
    pub(crate) admin: AdminSettings,
    /// What each session of a plugin may use.
    pub(crate) limits: LimitSettings,
    /// The log.
    pub(crate) log: LogSettings,
    /// The port for Prometheus.
    pub(crate) metrics: MetricsSettings,
    /// The plugins to launch, by name.
    pub(crate) plugins: BTreeMap<String, PluginSettings>,
}

impl Settings {
    /// The largest cap of all databases.
    pub(crate) fn largest_cap(&self) -> u32 {
        let others = self.databases.values().map(|other| other.max_connections);
        others.fold(self.pool.max_connections, u32::max)
    }

    /// These, with what a running host follows of the others.
    #[cfg(unix)]
    pub(crate) fn with_live(&self, other: &Self) -> Self {
        let mut settings = self.clone();
        settings.pool.max_connections = other.pool.max_connections;
        for (name, database) in &mut settings.databases {
            if let Some(other) = other.databases.get(name) {
                database.max_connections = other.max_connections;
            }
        }
        settings.quota = other.quota.clone();
        settings.plugins = other.plugins.clone();
        settings.log.filter.clone_from(&other.log.filter);
        settings
    }
}

/// A database. One of `url`, `url_file` and `url_command` is required.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatabaseSettings {
    /// The URL: `sqlite:...`, `postgres://...`, `mysql://...`.
    pub(crate) url: Option<Secret>,
    /// A file that holds the URL; read anew for each connection.
    pub(crate) url_file: Option<PathBuf>,
    /// A program and its arguments, which prints the URL; run anew for each connection.
    pub(crate) url_command: Option<Vec<String>>,
    /// A file that holds the password; read anew for each connection.
    pub(crate) password_file: Option<PathBuf>,
    /// A program and its arguments, which prints the password; run anew for each connection.
    pub(crate) password_command: Option<Vec<String>>,
    /// Prepared statements that each connection keeps.
    pub(crate) statement_cache: Option<usize>,
    /// Whether a comment before each statement tells the database which plugin runs it.
    pub(crate) statement_comments: bool,
    /// Functions of the database that leave nothing behind on a session.
    pub(crate) harmless_functions: Vec<String>,
}

/// A further database.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NamedSettings {
    /// As in `database`.
    pub(crate) url: Option<Secret>,
    /// As in `database`.
    pub(crate) url_file: Option<PathBuf>,
    /// As in `database`.
    pub(crate) url_command: Option<Vec<String>>,
    /// As in `database`.
    pub(crate) password_file: Option<PathBuf>,
    /// As in `database`.
    pub(crate) password_command: Option<Vec<String>>,
    /// As in `database`.
    pub(crate) statement_cache: Option<usize>,
    /// As in `database`.
    pub(crate) statement_comments: bool,
    /// As in `database`.
    pub(crate) harmless_functions: Vec<String>,
    /// Its cap: how many connections this database ever sees.
    pub(crate) max_connections: u32,
    /// Connections that are kept open even when nobody uses them.
    pub(crate) min_connections: u32,
    /// Whether it is a read replica of `database`.
    pub(crate) replica: bool,
}

impl Default for NamedSettings {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            url_command: None,
            password_file: None,
            password_command: None,
            statement_cache: None,
            statement_comments: false,
            harmless_functions: Vec::new(),
            max_connections: PoolSettings::default().max_connections,
            min_connections: 0,
            replica: false,
        }
    }
}

impl NamedSettings {
    /// What it has in common with the main one.
    pub(crate) fn database(&self) -> DatabaseSettings {
        let own = self.clone();
        DatabaseSettings {
            url: own.url,
            url_file: own.url_file,
            url_command: own.url_command,
            password_file: own.password_file,
            password_command: own.password_command,
            statement_cache: own.statement_cache,
            statement_comments: own.statement_comments,
            harmless_functions: own.harmless_functions,
        }
    }
}

/// The connections to the database.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PoolSettings {
    /// The cap: how many connections the database ever sees.
    pub(crate) max_connections: u32,
    /// Connections that are kept open even when nobody uses them.
    pub(crate) min_connections: u32,
    /// Connections that may be on their way to the database at once.
    pub(crate) connecting_at_once: u32,
    /// How long a connection that nobody uses is kept, or "never" to keep it.
    pub(crate) idle_timeout: Limit,
    /// How old a connection may get, or "never" to end for its age.
    pub(crate) max_lifetime: Limit,
    /// For how long plugins that hold connections must all wait before that is a deadlock.
    pub(crate) hold_and_wait_timeout: Span,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 10,
            min_connections: 0,
            connecting_at_once: 4,
            idle_timeout: Limit(Some(Duration::from_secs(600))),
            max_lifetime: Limit(Some(Duration::from_secs(1800))),
            hold_and_wait_timeout: Span::seconds(5),
        }
    }
}

/// What a plugin may have of the pool.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QuotaSettings {
    /// Connections that it may have at once.
    pub(crate) max: Option<u32>,
    /// Connections that are kept for it.
    pub(crate) min: Option<u32>,
    /// How much it gets beside others that wait, too.
    pub(crate) weight: Option<u32>,
    /// Calls that may wait for a connection at once.
    pub(crate) queue_length: Option<u32>,
    /// How long a call may wait for a connection.
    pub(crate) queue_timeout: Option<Span>,
    /// How long a statement may take.
    pub(crate) statement_timeout: Option<Limit>,
    /// How long a transaction may take.
    pub(crate) transaction_timeout: Option<Limit>,
    /// How long a transaction may rest between statements.
    pub(crate) idle_in_transaction: Option<Limit>,
    /// How long a connection that is pinned by session state may rest.
    pub(crate) pinned_idle_timeout: Option<Limit>,
    /// Rows that one statement may yield.
    pub(crate) rows_per_result: Option<u64>,
    /// Bytes that the rows of one statement may have together.
    pub(crate) bytes_per_result: Option<u64>,
}

impl QuotaSettings {
    /// What is said here, and for the rest `base`.
    pub(crate) fn over(&self, base: Quota) -> Quota {
        let limit = |own: Option<Limit>, base| own.map_or(base, |limit| limit.0);
        Quota {
            max: self.max.or(base.max),
            min: self.min.unwrap_or(base.min),
            weight: self.weight.unwrap_or(base.weight),
            queue_length: self.queue_length.unwrap_or(base.queue_length),
            queue_timeout: self.queue_timeout.map_or(base.queue_timeout, |span| span.0),
            statement_timeout: limit(self.statement_timeout, base.statement_timeout),
            transaction_timeout: limit(self.transaction_timeout, base.transaction_timeout),
            idle_in_transaction: limit(self.idle_in_transaction, base.idle_in_transaction),
            pinned_idle_timeout: limit(self.pinned_idle_timeout, base.pinned_idle_timeout),
            rows_per_result: self.rows_per_result.or(base.rows_per_result),
            bytes_per_result: self.bytes_per_result.or(base.bytes_per_result),
        }
    }
}

impl From<Quota> for QuotaSettings {
    fn from(quota: Quota) -> Self {
        Self {
            max: quota.max,
            min: Some(quota.min),
            weight: Some(quota.weight),
            queue_length: Some(quota.queue_length),
            queue_timeout: Some(Span(quota.queue_timeout)),
            statement_timeout: Some(Limit(quota.statement_timeout)),
            transaction_timeout: Some(Limit(quota.transaction_timeout)),
            idle_in_transaction: Some(Limit(quota.idle_in_transaction)),
            pinned_idle_timeout: Some(Limit(quota.pinned_idle_timeout)),
            rows_per_result: quota.rows_per_result,
            bytes_per_result: quota.bytes_per_result,
        }
    }
}

/// The host itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HostSettings {
    /// Where plugins connect: the path of a socket, or on Windows the name of a pipe.
    pub(crate) endpoint: Option<String>,
    /// Other users whose processes may connect, by name or number.
    pub(crate) allowed_users: Vec<User>,
    /// Sessions of plugins that there may be at once.
    pub(crate) max_sessions: usize,
    /// How long plugins get, all in all, to end when the host stops.
    pub(crate) stop_timeout: Span,
    /// How long a page of rows may wait for a plugin that does not go on reading.
    pub(crate) reader_timeout: Span,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            allowed_users: Vec::new(),
            max_sessions: 256,
            stop_timeout: Span::seconds(10),
            reader_timeout: Span::seconds(60),
        }
    }
}

/// The admin socket, which the commands use that ask a running host.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminSettings {
    /// Where it is.
    pub(crate) socket: Option<PathBuf>,
    /// Groups whose members may steer the host.
    pub(crate) operators: Vec<User>,
    /// Groups whose members may see how the host is doing.
    pub(crate) readers: Vec<User>,
}

/// What each session of a plugin may use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LimitSettings {
    /// The largest frame on the socket, in bytes.
    pub(crate) frame_bytes: u32,
    /// The largest request, in bytes.
    pub(crate) upload_bytes: u64,
    /// Virtual connections that a session may hold.
    pub(crate) connections: u32,
    /// Statement texts that the host remembers for a session.
    pub(crate) statements: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let limits = onepool_host::Limits::default();
        Self {
            frame_bytes: limits.frame_bytes,
            upload_bytes: limits.upload_bytes,
            connections: limits.connections,
            statements: limits.statements,
        }
    }
}

/// The log, which goes to the standard error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// What is logged, as in `RUST_LOG`, which overrides it.
    pub(crate) filter: String,
    /// How lines look.
    pub(crate) format: LogFormat,
    /// From when on a statement is logged as slow, or "never".
    pub(crate) slow_statement: Limit,
    /// From when on a connection that is held is warned of, or "never".
    pub(crate) long_lease: Limit,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
            slow_statement: Limit(None),
            long_lease: Limit(Some(Duration::from_secs(300))),
        }
    }
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The port for Prometheus.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MetricsSettings {
    /// Where it is: an address, as "127.0.0.1:9187", or the absolute path of a Unix socket.
    pub(crate) listen: Option<String>,
    /// Whether other machines may reach it.
    pub(crate) exposed: bool,
}

/// A plugin to launch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PluginSettings {
    /// The program; without a folder it is looked for in `PATH`. Required.
    pub(crate) program: Option<PathBuf>,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
    /// Variables of its environment, beside those of the host.
    pub(crate) environment: BTreeMap<String, Text>,
    /// The folder that it runs in.
    pub(crate) working_folder: Option<PathBuf>,
    /// The user that it runs as, by name or number.
    pub(crate) user: Option<User>,
    /// Whether it is kept from writing to the database.
    pub(crate) read_only: bool,
    /// The login that its connections have, in place of that of the database's URL.
    pub(crate) login: LoginSettings,
    /// The schema that its connections begin in; on MySQL the database.
    pub(crate) schema: Option<String>,
    /// The databases that it may use, by name.
    pub(crate) databases: Option<Vec<String>>,
    /// The plugins that must be up before it is launched.
    pub(crate) after: Vec<String>,
    /// When it is started again.
    pub(crate) restart: RestartSetting,
    /// The delay before it is started again after one failure; it doubles with each further one.
    pub(crate) restart_delay: Span,
    /// The longest delay.
    pub(crate) restart_longest_delay: Span,
    /// With this many failures within `restart_window` it is not started again.
    pub(crate) restart_failures: u32,
    /// For how long a failure counts.
    pub(crate) restart_window: Span,
    /// How long it may take to connect, or "never" to end it for that.
    pub(crate) handshake_timeout: Limit,
    /// What becomes of it when the host dies without having stopped it.
    pub(crate) on_host_death: HostDeathSetting,
    /// How long it gets to end when it is told to, before SIGTERM.
    pub(crate) message_grace: Span,
    /// How long it gets to end after SIGTERM, before it is killed.
    pub(crate) signal_grace: Span,
    /// What it may have of the pool, where that is not the `quota` of all.
    pub(crate) quota: QuotaSettings,
}

impl Default for PluginSettings {
    fn default() -> Self {
        let (limits, graces) = (RestartLimits::default(), StopGraces::default());
        Self {
            program: None,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            working_folder: None,
            user: None,
            read_only: false,
            login: LoginSettings::default(),
            schema: None,
            databases: None,
            after: Vec::new(),
            restart: RestartSetting::OnFailure,
            restart_delay: Span(limits.first_delay),
            restart_longest_delay: Span(limits.longest_delay),
            restart_failures: limits.failures,
            restart_window: Span(limits.window),
            handshake_timeout: Limit(Some(Duration::from_secs(30))),
            on_host_death: HostDeathSetting::Exit,
            message_grace: Span(graces.message),
            signal_grace: Span(graces.signal),
            quota: QuotaSettings::default(),
        }
    }
}

/// A login of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LoginSettings {
    /// The user. Required, if there is a login.
    pub(crate) user: Option<String>,
    /// The password.
    pub(crate) password: Option<Secret>,
    /// A file that holds the password; read anew for each connection.
    pub(crate) password_file: Option<PathBuf>,
    /// A program and its arguments, which prints the password; run anew for each connection.
    pub(crate) password_command: Option<Vec<String>>,
}

/// When a plugin is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RestartSetting {
    /// Not at all.
    Never,
    /// If it failed.
    OnFailure,
    /// However it ended.
    Always,
}

impl From<RestartSetting> for Restart {
    fn from(setting: RestartSetting) -> Self {
        match setting {
            RestartSetting::Never => Self::Never,
            RestartSetting::OnFailure => Self::OnFailure,
            RestartSetting::Always => Self::Always,
        }
    }
}

/// What becomes of a plugin whose host dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HostDeathSetting {
    /// It ends.
    Exit,
    /// It goes on, and its calls fail.
    Survive,
}

impl From<HostDeathSetting> for OnHostDeath {
    fn from(setting: HostDeathSetting) -> Self {
        match setting {
            HostDeathSetting::Exit => Self::Exit,
            HostDeathSetting::Survive => Self::Survive,
        }
    }
}
