//! `onepool serve`: a host in a process of its own.

use std::time::Duration;

use onepool_host::{Code, Host, HostBuilder, HostError, StopSignals};

use super::arguments::ServeArguments;
use super::{ProgramError, log, print};

/// How long the end of the program may be held up by what is still running in it.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs a host until it is told to stop.
pub(crate) fn run(arguments: ServeArguments) -> Result<(), ProgramError> {
    log::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| ProgramError::Failed(format!("cannot start the runtime: {error}")))?;
    let done = runtime.block_on(serve(builder(arguments)));
    // A host that was told twice to stop leaves something to clean up, which must not take long.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    done
}

fn builder(arguments: ServeArguments) -> HostBuilder {
    let mut builder = Host::builder()
        .database(arguments.database.0)
        .max_connections(arguments.max_connections)
        .max_sessions(arguments.max_sessions)
        .stop_timeout(arguments.stop_timeout);
    if let Some(endpoint) = arguments.endpoint {
        builder = builder.endpoint(endpoint);
    }
    #[cfg(unix)]
    for uid in arguments.allowed_users {
        builder = builder.allow_user(uid);
    }
    for plugin in arguments.plugins {
        builder = builder.plugin(plugin);
    }
    builder
}

async fn serve(builder: HostBuilder) -> Result<(), ProgramError> {
    let mut signals = StopSignals::watch()?;
    let host = tokio::select! {
        started = builder.start() => started?,
        () = signals.next() => return Ok(()),
    };
    if let Err(error) = print(&ready(&host)) {
        // A host serves its plugins, whoever reads this.
        tracing::warn!("{error}");
    }
    signals.next().await;
    tokio::select! {
        () = host.stop() => Ok(()),
        () = signals.next() => Err(ProgramError::Interrupted),
    }
}

/// The one line that says that everything is up.
fn ready(host: &Host) -> String {
    let names: Vec<_> = host
        .plugins()
        .into_iter()
        .map(|plugin| plugin.name)
        .collect();
    let plugins = if names.is_empty() {
        "no plugins".to_owned()
    } else {
        format!("plugins: {}", names.join(", "))
    };
    format!(
        "onepool is ready at {}: {}, at most {} connections, {plugins}\n",
        host.endpoint(),
        host.database(),
        host.max_connections()
    )
}

impl From<HostError> for ProgramError {
    fn from(error: HostError) -> Self {
        let text = error.to_string();
        match error {
            HostError::Database(failure) if failure.code == Code::CONFIGURATION => {
                Self::Usage(text)
            }
            HostError::NoDatabase
            | HostError::Setting(_)
            | HostError::PluginName(_)
            | HostError::PluginTwice(_)
            | HostError::EndpointName(_)
            | HostError::EndpointKind(_) => Self::Usage(text),
            _ => Self::Failed(text),
        }
    }
}
