//! Does what is asked for on the admin socket.

use std::process::ExitStatus;
use std::time::Duration;

use onepool_proto::endpoint::{ENDPOINT_VARIABLE, PLUGIN_VARIABLE, TOKEN_VARIABLE};

use super::Configuration;
use super::message::{
    Attachment, Backends, DatabaseStatus, PluginView, Reply, Request, StateName, Status,
};
use crate::databases::Place;
use crate::error::HostError;
use crate::host::Host;
use crate::plugin::{PluginState, PluginStatus};
use crate::pool::{Counts, PluginStats, Quota};

/// Statements that are told at once; more would not fit into a message, nor be read by anybody.
const STATEMENTS: usize = 1000;

/// Does it.
pub(super) async fn answer(
    host: &Host,
    configuration: Option<&dyn Configuration>,
    by: &str,
    request: Request,
) -> Reply {
    let done = match request {
        Request::Status => return Reply::Status(status(host)),
        Request::Plugins => return Reply::Plugins(plugins(host)),
        Request::Leases => return Reply::Leases(host.leases()),
        Request::Activity => return Reply::Activity(host.activity()),
        Request::Statements => return statements(host),
        Request::Config => return config(configuration),
        Request::Metrics => return metrics(host),
        Request::Machine => return Reply::Machine(super::machine()),
        Request::Attach {
            plugin,
            no_timeouts,
        } => attach(host, &plugin, no_timeouts).map(Reply::Attached),
        Request::Reload => return change(configuration, None).await,
        Request::Set { key, value } => return change(configuration, Some((&key, &value))).await,
        Request::Pause { plugin } => host.pause(plugin.as_deref()).map(|()| Reply::Done),
        Request::Resume { plugin } => resume(host, plugin.as_deref()),
        Request::Drain {
            plugin,
            patience_ms,
        } => {
            let patience = Duration::from_millis(patience_ms);
            let drained = host.drain(plugin.as_deref(), patience).await;
            drained.map(|()| Reply::Done)
        }
        Request::Kill { target } => host.kill(target, by).map(|()| Reply::Done),
        Request::Reconnect => {
            let count = host.reconnect();
            return Reply::Said(format!(
                "{count} connections are replaced as they come free"
            ));
        }
        Request::Restart { plugin } => host.restart_plugin(&plugin).await.map(|()| Reply::Done),
    };
    done.unwrap_or_else(|error| Reply::Failed(error.to_string()))
}

fn resume(host: &Host, plugin: Option<&str>) -> Result<Reply, HostError> {
    let was_paused = host.resume(plugin)?;
    let rest = host.paused();
    let said = if was_paused {
        "resumed"
    } else {
        "it was not paused"
    };
    let rest = match (rest.all, &rest.plugins[..]) {
        (true, _) => "; everybody is still paused: `onepool resume`".to_owned(),
        (false, []) => String::new(),
        (false, plugins) => format!("; still paused by themselves: {}", plugins.join(", ")),
    };
    Ok(Reply::Said(format!("{said}{rest}")))
}

fn statements(host: &Host) -> Reply {
    let mut statements = host.statements();
    let left_out = statements.len().saturating_sub(STATEMENTS);
    statements.truncate(STATEMENTS);
    Reply::Statements {
        statements,
        left_out,
    }
}

const NO_CONFIGURATION: &str =
    "this host was put together by its application and has no configuration file";

fn config(configuration: Option<&dyn Configuration>) -> Reply {
    match configuration {
        Some(configuration) => Reply::Config(configuration.show()),
        None => Reply::Failed(NO_CONFIGURATION.to_owned()),
    }
}

#[cfg(feature = "metrics")]
fn metrics(host: &Host) -> Reply {
    Reply::Metrics(host.metrics())
}

#[cfg(not(feature = "metrics"))]
fn metrics(_: &Host) -> Reply {
    Reply::Failed("this host was built without the feature `metrics`".to_owned())
}

/// Reads the configuration anew, or changes one key of it.
async fn change(configuration: Option<&dyn Configuration>, one: Option<(&str, &str)>) -> Reply {
    let Some(configuration) = configuration else {
        return Reply::Failed(NO_CONFIGURATION.to_owned());
    };
    let changed = match one {
        Some((key, value)) => configuration.set(key, value).await,
        None => configuration.reload().await,
    };
    match changed {
        Ok(changes) => Reply::Changed(changes),
        Err(problems) => {
            let problems: String = problems
                .iter()
                .map(|problem| format!("\n  {problem}"))
                .collect();
            Reply::Failed(format!(
                "the configuration in force stays as it is:{problems}"
            ))
        }
    }
}

fn status(host: &Host) -> Status {
    let pool = host.pool_stats();
    let launched = host.plugins();
    let launched = launched
        .iter()
        .filter(|plugin| plugin.state != PluginState::Attached);
    let running = launched
        .clone()
        .filter(|plugin| plugin.state == PluginState::Running);
    let databases = databases(host);
    let elsewhere: usize = databases.iter().skip(1).map(|other| other.waiting).sum();
    let verdict = host.verdict();
    let paused = host.paused();
    Status {
        summary: verdict.summary,
        verdict: verdict.kind,
        paused: paused.all,
        paused_plugins: paused.plugins,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: host.database().to_string(),
        endpoint: host.endpoint().to_string(),
        max_connections: pool.max_connections,
        backends: pool.backends.into(),
        peak: pool.peak,
        waiting: pool.waiting + elsewhere,
        databases,
        sessions: host.stats().sessions,
        launched: launched.count(),
        running: running.count(),
    }
}

/// Each database, where there are several.
fn databases(host: &Host) -> Vec<DatabaseStatus> {
    let places = host.roster.databases();
    if places.others().is_empty() {
        return Vec::new();
    }
    let status = |place: &Place| {
        let (stats, verdict) = (place.pool.stats(), place.pool.verdict());
        DatabaseStatus {
            name: place.name.to_string(),
            database: place.pool.kind().to_string(),
            replica: place.replica,
            summary: verdict.summary,
            verdict: verdict.kind,
            max_connections: stats.max_connections,
            backends: stats.backends.into(),
            peak: stats.peak,
            waiting: stats.waiting,
        }
    };
    places.all().map(status).collect()
}

impl From<Counts> for Backends {
    fn from(counts: Counts) -> Self {
        Self {
            connecting: counts.connecting,
            free: counts.free,
            leased: counts.leased,
            resetting: counts.resetting,
            closing: counts.closing,
            control: counts.control,
        }
    }
}

fn plugins(host: &Host) -> Vec<PluginView> {
    let stats = host.plugin_stats();
    let view = |plugin: PluginStatus| {
        let stats = stats.get(&plugin.name).copied().unwrap_or_default();
        view(plugin, stats)
    };
    host.plugins().into_iter().map(view).collect()
}

fn view(plugin: PluginStatus, stats: PluginStats) -> PluginView {
    let ended = match plugin.state {
        PluginState::Exited(status) | PluginState::GaveUp(status) => status,
        _ => None,
    };
    PluginView {
        name: plugin.name,
        state: StateName::from(plugin.state),
        ended: ended.as_ref().map(ExitStatus::to_string),
        pid: plugin.pid,
        sessions: plugin.sessions,
        restarts: plugin.restarts,
        problem: plugin.problem,
        leases: stats.leases,
        refused: stats.refused,
        waited_ms: milliseconds(stats.waited),
        longest_wait_ms: milliseconds(stats.longest_wait),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn attach(host: &Host, plugin: &str, no_timeouts: bool) -> Result<Attachment, HostError> {
    let token = host.issue_token(plugin)?;
    if no_timeouts {
        let quota = Quota {
            queue_timeout: Duration::from_secs(24 * 3600),
            statement_timeout: None,
            transaction_timeout: None,
            idle_in_transaction: None,
            pinned_idle_timeout: None,
            ..host.quota(plugin)
        };
        host.set_quota(plugin, quota)?;
        tracing::warn!(
            plugin,
            "the plugin's time-outs are lifted until the host stops"
        );
    }
    let variables = [
        (ENDPOINT_VARIABLE, host.endpoint().to_string()),
        (TOKEN_VARIABLE, token.secret().to_owned()),
        (PLUGIN_VARIABLE, plugin.to_owned()),
    ];
    let variables = variables
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
    Ok(Attachment { variables })
}
