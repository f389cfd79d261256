//! The commands that ask a running host.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use onepool_host::admin::{AdminClient, AdminError, Backends, PluginView, Reply, Request, Status};
use onepool_host::{Endpoint, LeaseInfo, LeaseState, StatementInfo, StatementState};
use serde::Serialize;
use serde_json::Value;

use super::arguments::{
    AttachArguments, DrainArguments, HostArguments, KillArguments, RestartArguments, SetArguments,
    WhomArguments,
};
use super::table::Table;
use super::{ProgramError, config as configuration, print, runtime, variables};

/// `onepool status`
pub(crate) fn status(arguments: &HostArguments) -> Result<(), ProgramError> {
    match ask(arguments, &Request::Status)? {
        Reply::Status(status) if arguments.json => json(&status),
        Reply::Status(status) => print(&in_words(&status)),
        other => Err(refused(other)),
    }
}

/// `onepool plugins`
pub(crate) fn plugins(arguments: &HostArguments) -> Result<(), ProgramError> {
    match ask(arguments, &Request::Plugins)? {
        Reply::Plugins(plugins) if arguments.json => json(&plugins),
        Reply::Plugins(plugins) => print(&plugin_table(&plugins)),
        other => Err(refused(other)),
    }
}

/// `onepool leases`
pub(crate) fn leases(arguments: &HostArguments) -> Result<(), ProgramError> {
    match ask(arguments, &Request::Leases)? {
        Reply::Leases(leases) if arguments.json => json(&leases),
        Reply::Leases(leases) => print(&lease_table(&leases)),
        other => Err(refused(other)),
    }
}

/// `onepool statements`
pub(crate) fn statements(arguments: &HostArguments) -> Result<(), ProgramError> {
    match ask(arguments, &Request::Statements)? {
        Reply::Statements { statements, .. } if arguments.json => json(&statements),
        Reply::Statements {
            statements,
            left_out,
        } => print(&statement_table(&statements, left_out)),
        other => Err(refused(other)),
    }
}

/// `onepool config`
pub(crate) fn config(arguments: &HostArguments) -> Result<(), ProgramError> {
    match ask(arguments, &Request::Config)? {
        Reply::Config(config) if arguments.json => json(&config),
        Reply::Config(config) => {
            let mut lines = String::new();
            key_lines("", &config, &mut lines);
            print(&lines)
        }
        other => Err(refused(other)),
    }
}

/// `onepool reload`
pub(crate) fn reload(arguments: &HostArguments) -> Result<(), ProgramError> {
    change(arguments, &Request::Reload)
}

/// `onepool set`
pub(crate) fn set(arguments: &SetArguments) -> Result<(), ProgramError> {
    let (key, value) = (arguments.key.clone(), arguments.value.clone());
    change(&arguments.host, &Request::Set { key, value })
}

fn change(arguments: &HostArguments, request: &Request) -> Result<(), ProgramError> {
    match ask(arguments, request)? {
        Reply::Changed(changes) if arguments.json => json(&changes),
        Reply::Changed(changes) => print(&format!("{changes}\n")),
        other => Err(refused(other)),
    }
}

/// `onepool pause`
pub(crate) fn pause(arguments: &WhomArguments) -> Result<(), ProgramError> {
    let plugin = arguments.plugin.clone();
    let text = format!("{} paused; `onepool resume` ends that", whom(arguments));
    order(&arguments.host, &Request::Pause { plugin }, &text)
}

/// `onepool resume`
pub(crate) fn resume(arguments: &WhomArguments) -> Result<(), ProgramError> {
    let plugin = arguments.plugin.clone();
    order(&arguments.host, &Request::Resume { plugin }, "resumed")
}

/// `onepool drain`
pub(crate) fn drain(arguments: &DrainArguments) -> Result<(), ProgramError> {
    let whom = &arguments.whom;
    let drain = Request::Drain {
        plugin: whom.plugin.clone(),
        patience_ms: u64::try_from(arguments.timeout.as_millis()).unwrap_or(u64::MAX),
    };
    let text = match &whom.plugin {
        Some(plugin) => format!("{plugin} holds nothing any more, and is paused"),
        None => "every connection for work is closed, and everybody is paused".to_owned(),
    };
    order(&whom.host, &drain, &text)
}

/// `onepool kill`
pub(crate) fn kill(arguments: &KillArguments) -> Result<(), ProgramError> {
    let target = arguments.target;
    let text = format!("{target} is being ended");
    order(&arguments.host, &Request::Kill { target }, &text)
}

/// `onepool reconnect`
pub(crate) fn reconnect(arguments: &HostArguments) -> Result<(), ProgramError> {
    order(arguments, &Request::Reconnect, "")
}

/// `onepool restart`
pub(crate) fn restart(arguments: &RestartArguments) -> Result<(), ProgramError> {
    let plugin = arguments.plugin.clone();
    let text = format!("{plugin} is up again");
    order(&arguments.host, &Request::Restart { plugin }, &text)
}

/// `onepool attach`: becomes the program, with what it needs in its environment.
pub(crate) fn attach(arguments: &AttachArguments) -> Result<(), ProgramError> {
    let request = Request::Attach {
        plugin: arguments.plugin.clone(),
        no_timeouts: arguments.no_timeouts,
    };
    let attachment = match ask(&arguments.host, &request)? {
        Reply::Attached(attachment) => attachment,
        other => return Err(refused(other)),
    };
    let Some((program, rest)) = arguments.program.split_first() else {
        return json(&attachment);
    };
    let mut command = process::Command::new(program);
    command.args(rest).envs(attachment.variables);
    // Only returns if it could not.
    let error = command.exec();
    Err(ProgramError::Failed(format!(
        "cannot run {}: {error}",
        program.display()
    )))
}

/// Has something done, and prints what came of it, or else `text`.
fn order(arguments: &HostArguments, request: &Request, text: &str) -> Result<(), ProgramError> {
    let said = match ask(arguments, request)? {
        Reply::Done => text.to_owned(),
        Reply::Said(said) => said,
        other => return Err(refused(other)),
    };
    if arguments.json {
        return json(&serde_json::json!({ "done": said }));
    }
    print(&format!("{said}\n"))
}

fn whom(arguments: &WhomArguments) -> String {
    match &arguments.plugin {
        Some(plugin) => format!("{plugin} is"),
        None => "everybody is".to_owned(),
    }
}

fn ask(arguments: &HostArguments, request: &Request) -> Result<Reply, ProgramError> {
    let place = place(arguments)?;
    let asking = async {
        let mut client = place.connect().await?;
        client.ask(request).await
    };
    let reply: Result<Reply, AdminError> = runtime()?.block_on(asking);
    reply.map_err(|error| ProgramError::Failed(error.to_string()))
}

/// Where a host is asked.
pub(crate) enum Place {
    Socket(PathBuf),
    Beside(Endpoint),
}

impl Place {
    /// Connects to the host there.
    pub(crate) async fn connect(&self) -> Result<AdminClient, AdminError> {
        match self {
            Self::Socket(path) => AdminClient::connect_at(path).await,
            Self::Beside(endpoint) => AdminClient::connect(endpoint).await,
        }
    }
}

/// Where the host is: as said, or else as its configuration says.
pub(crate) fn place(arguments: &HostArguments) -> Result<Place, ProgramError> {
    if let Some(socket) = &arguments.socket {
        return Ok(Place::Socket(socket.clone()));
    }
    if let Some(endpoint) = &arguments.endpoint {
        return Ok(Place::Beside(endpoint.clone()));
    }
    let loaded = configuration::load(arguments.file.config.as_deref(), variables(), Vec::new());
    let settings = loaded.settings;
    let endpoint = settings.host.endpoint;
    let endpoint = endpoint.and_then(|endpoint| endpoint.parse().ok());
    let socket = settings.admin.socket.map(Place::Socket);
    socket.or(endpoint.map(Place::Beside)).ok_or_else(|| {
        ProgramError::Usage(
            "which host? Say --endpoint PATH (its log names it when it starts), or give its \
             configuration, with an endpoint in [host], with --config"
                .to_owned(),
        )
    })
}

pub(crate) fn refused(reply: Reply) -> ProgramError {
    ProgramError::Failed(match reply {
        Reply::Failed(reason) => reason,
        _ => "the host answers something else; is it of the same version?".to_owned(),
    })
}

pub(crate) fn json(answer: &impl Serialize) -> Result<(), ProgramError> {
    let text = serde_json::to_string_pretty(answer);
    let text = text.map_err(|error| ProgramError::Failed(error.to_string()))?;
    print(&format!("{text}\n"))
}

fn in_words(status: &Status) -> String {
    let others = status.databases.iter().map(|database| {
        let kind = &database.database;
        let replica = if database.replica { ", a replica" } else { "" };
        let connections = connections(&database.backends, database.max_connections, database.peak);
        format!("{:12} {kind}{replica}: {connections}\n", database.name)
    });
    let connections = if status.databases.is_empty() {
        let connections = connections(&status.backends, status.max_connections, status.peak);
        format!("connections  {connections}\n")
    } else {
        others.collect()
    };
    format!(
        "{}\n\
         {connections}\
         plugins      {} of {} running, {} sessions\n\
         host         version {}, {}, at {}\n",
        status.summary,
        status.running,
        status.launched,
        status.sessions,
        status.version,
        status.database,
        status.endpoint,
    )
}

fn connections(backends: &Backends, cap: u32, peak: u32) -> String {
    format!(
        "{} leased, {} free, {} connecting, {} resetting, {} closing, {} control; at most {cap}, \
         {peak} at peak",
        backends.leased,
        backends.free,
        backends.connecting,
        backends.resetting,
        backends.closing,
        backends.control,
    )
}

fn plugin_table(plugins: &[PluginView]) -> String {
    let mut table = Table::new([
        "NAME",
        "STATE",
        "PID",
        "SESSIONS",
        "RESTARTS",
        "LEASES",
        "LONGEST WAIT",
        "PROBLEM",
    ]);
    for plugin in plugins {
        table.row([
            plugin.name.clone(),
            plugin.state.in_words().to_owned(),
            or_dash(plugin.pid),
            plugin.sessions.to_string(),
            plugin.restarts.to_string(),
            plugin.leases.to_string(),
            format!("{} ms", plugin.longest_wait_ms),
            plugin.problem.clone().unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn lease_table(leases: &[LeaseInfo]) -> String {
    let mut table = Table::new([
        "LEASE",
        "DATABASE",
        "PLUGIN",
        "SESSION",
        "PROCESS",
        "FOR",
        "HELD",
        "STATE",
        "SINCE",
        "STATEMENT",
    ]);
    for lease in leases {
        table.row([
            lease.id.to_string(),
            lease.database.clone().unwrap_or_default(),
            lease.plugin.clone(),
            lease.session.to_string(),
            or_dash(lease.process),
            lease.purpose.to_string(),
            in_time(lease.held),
            match lease.state {
                LeaseState::Running => "running",
                _ => "resting",
            }
            .to_owned(),
            in_time(lease.state_for),
            lease.statement.clone().unwrap_or_default(),
        ]);
    }
    table.without_if_empty(1).to_string()
}

fn statement_table(statements: &[StatementInfo], left_out: usize) -> String {
    let mut table = Table::new([
        "STATEMENT",
        "DATABASE",
        "PLUGIN",
        "SESSION",
        "LEASE",
        "STATE",
        "WAITED",
        "RUNNING",
        "TEXT",
    ]);
    for statement in statements {
        table.row([
            statement.id.to_string(),
            statement.database.clone().unwrap_or_default(),
            statement.plugin.clone(),
            statement.session.to_string(),
            or_dash(statement.lease),
            match statement.state {
                StatementState::Waiting => "waiting",
                _ => "running",
            }
            .to_owned(),
            in_time(statement.waited),
            in_time(statement.running),
            statement.text.clone(),
        ]);
    }
    let more = match left_out {
        0 => String::new(),
        left_out => format!("and {left_out} more wait\n"),
    };
    format!("{}{more}", table.without_if_empty(1))
}

/// Each key on a line.
fn key_lines(key: &str, value: &Value, lines: &mut String) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (name, value) in table {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                key_lines(&key, value, lines);
            }
        }
        Value::Null => {}
        value => lines.push_str(&format!("{key} = {value}\n")),
    }
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Milliseconds for what is short, and what people say for the rest.
fn in_time(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        return format!("{} ms", duration.as_millis());
    }
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}
