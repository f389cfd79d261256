//! `onepool serve`: a host in a process of its own.

use std::sync::Arc;
use std::time::Duration;

#[cfg(unix)]
use onepool_host::admin::{AdminSocket, Configuration};
#[cfg(feature = "web")]
use onepool_host::web::WebServer;
use onepool_host::{Code, Host, HostError, StopSignals};
#[cfg(unix)]
use tokio::signal::unix::SignalKind;

#[cfg(any(unix, feature = "web"))]
use tokio_util::task::AbortOnDropHandle;

use super::arguments::ServeArguments;
#[cfg(feature = "web")]
use super::config::MetricsSettings;
use super::config::{Loaded, Override};
use super::log::Filter;
#[cfg(unix)]
use super::running::Running;
use super::spans::Spans;
use super::{ProgramError, config, log, print, runtime, variables};

/// How long the end of the program may be held up by what is still running in it.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs a host until it is told to stop.
pub(crate) fn run(arguments: &ServeArguments) -> Result<(), ProgramError> {
    let file = arguments.file.config.as_deref();
    let overrides = arguments.overrides()?;
    let mut loaded = config::load(file, variables(), overrides.clone());
    if loaded.problems.are_unbearable() {
        return Err(ProgramError::Configuration(loaded.problems.sorted()));
    }
    let spans = Spans::start();
    let log = log::start(&loaded.settings.log, &spans)?;
    spans.tell();
    for problem in std::mem::take(&mut loaded.problems).sorted() {
        tracing::warn!("{problem}");
    }
    let given = Given {
        loaded,
        overrides,
        log,
    };
    let runtime = runtime()?;
    let done = runtime.block_on(serve(given));
    // A host that was told twice to stop leaves something to clean up, which must not take long.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    spans.stop();
    done
}

/// The configuration, and where it came from.
struct Given {
    loaded: Loaded,
    overrides: Vec<Override>,
    log: Filter,
}

async fn serve(given: Given) -> Result<(), ProgramError> {
    // Before anything is started: where this fails, it is the configuration that is wrong.
    #[cfg(feature = "web")]
    let web = open_web(&given.loaded.settings.metrics).await?;
    let mut signals = StopSignals::watch()?;
    let host = tokio::select! {
        started = config::builder(&given.loaded.settings).start() => started?,
        () = signals.next() => return Ok(()),
    };
    let host = Arc::new(host);
    let admin = open_admin(&host, given)?;
    #[cfg(feature = "web")]
    let _web = web.map(|web| AbortOnDropHandle::new(tokio::spawn(web.run(Arc::clone(&host)))));
    if let Err(error) = print(&ready(&host)) {
        // A host serves its plugins, whoever reads this.
        tracing::warn!("{error}");
    }
    #[cfg(target_os = "linux")]
    let service = super::service::Service::ready(&host);
    signals.next().await;
    #[cfg(target_os = "linux")]
    service.stopping();
    // Before the folder of both sockets goes.
    stop_admin(admin).await;
    tokio::select! {
        () = host.stop() => Ok(()),
        () = signals.next() => Err(ProgramError::Interrupted),
    }
}

/// Opens the port for metrics, if there is to be one.
#[cfg(feature = "web")]
async fn open_web(settings: &MetricsSettings) -> Result<Option<WebServer>, ProgramError> {
    // What is not a place has been reported.
    let Some(Ok(place)) = settings.place() else {
        return Ok(None);
    };
    let opened = if settings.exposed {
        WebServer::bind_exposed(&place).await
    } else {
        WebServer::bind(&place).await
    };
    let web = opened.map_err(|error| ProgramError::Failed(error.to_string()))?;
    tracing::info!(at = %web.place(), "metrics are served");
    Ok(Some(web))
}

/// Opens the admin socket; it is served until what is returned is dropped.
#[cfg(unix)]
fn open_admin(host: &Arc<Host>, given: Given) -> Result<AbortOnDropHandle<()>, ProgramError> {
    let settings = given.loaded.settings.admin.clone();
    let running = Running::new(Arc::clone(host), given.log, given.overrides, given.loaded);
    let configuration = Arc::new(running);
    let mut hangups = tokio::signal::unix::signal(SignalKind::hangup())
        .map_err(|error| ProgramError::Failed(format!("cannot watch for SIGHUP: {error}")))?;
    let socket = match &settings.socket {
        Some(path) => AdminSocket::open_at(path)?,
        None => AdminSocket::open(host.endpoint())?,
    };
    let groups = |listed: &[config::User]| -> Vec<u32> {
        listed.iter().filter_map(config::find_group).collect()
    };
    let admin = socket
        .with_groups(&groups(&settings.operators), &groups(&settings.readers))?
        .with_configuration(Arc::clone(&configuration) as _);
    let serving = admin.run(Arc::clone(host));
    let serving = tokio::spawn(async move {
        let reloading = async {
            while hangups.recv().await.is_some() {
                // It has logged what came of it.
                let _ = Configuration::reload(&*configuration).await;
            }
        };
        tokio::join!(serving, reloading);
    });
    Ok(AbortOnDropHandle::new(serving))
}

/// Closes and removes the admin socket.
#[cfg(unix)]
async fn stop_admin(admin: AbortOnDropHandle<()>) {
    admin.abort();
    // That it was aborted is no news.
    let _ = admin.await;
}

#[cfg(not(unix))]
async fn stop_admin((): ()) {}

/// There is no admin socket here.
#[cfg(not(unix))]
fn open_admin(_: &Arc<Host>, _: Given) -> Result<(), ProgramError> {
    Ok(())
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
    let others = host.databases().into_iter().skip(1);
    let others: String = others
        .filter_map(|name| {
            let cap = host.pool_stats_of(&name)?.max_connections;
            Some(format!(", at most {cap} to {name}"))
        })
        .collect();
    format!(
        "onepool is ready at {}: {}, at most {} connections{others}, {plugins}\n",
        host.endpoint(),
        host.database(),
        host.max_connections()
    )
}

impl From<HostError> for ProgramError {
    fn from(error: HostError) -> Self {
        let text = error.to_string();
        match error {
            HostError::Database(failure) | HostError::NamedDatabase { failure, .. }
                if failure.code == Code::CONFIGURATION =>
            {
                Self::Usage(text)
            }
            HostError::NoDatabase
            | HostError::Setting(_)
            | HostError::Quota { .. }
            | HostError::Login { .. }
            | HostError::PluginName(_)
            | HostError::PluginTwice(_)
            | HostError::PluginUnknown { .. }
            | HostError::PluginCycle(_)
            | HostError::UserAtStart { .. }
            | HostError::AccessAtStart(_)
            | HostError::UnknownPlugin(_)
            | HostError::EndpointName(_)
            | HostError::EndpointKind(_) => Self::Usage(text),
            _ => Self::Failed(text),
        }
    }
}
