//! The supervisors of all plugins that the host launches.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use tokio::sync::{mpsc, oneshot};

use super::definition::Plugin;
use super::diagnosis::StartFailure;
use super::process::Launcher;
use super::restart::Restart;
use super::supervisor::{Command, Supervisor, What};
use crate::error::HostError;

/// Orders for one supervisor that may wait.
const COMMANDS: usize = 16;

/// The supervisors by the name of their plugin. Clones are handles to the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supervisors(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_name: Mutex<BTreeMap<String, Handle>>,
    /// What plugins are launched by while the host runs, and the runtime that they are watched on.
    workshop: OnceLock<(Weak<Launcher>, Runtime)>,
}

#[derive(Clone, Debug)]
struct Handle {
    plugin: Plugin,
    commands: mpsc::Sender<Command>,
}

impl Supervisors {
    /// Begins to supervise these plugins, on the current runtime. Those that come after no others
    /// have been launched when this returns.
    ///
    /// # Errors
    /// If a plugin that is never started again could not be launched.
    pub(crate) async fn start(
        &self,
        launcher: &Arc<Launcher>,
        plugins: &[Plugin],
    ) -> Result<(), HostError> {
        let workshop = (Arc::downgrade(launcher), Runtime::current());
        // A host starts once.
        let _ = self.0.workshop.set(workshop);
        for plugin in plugins {
            launcher.registry.expect(&plugin.name);
            launcher.order.set(plugin);
        }
        for plugin in plugins {
            let first = self.supervise(launcher, &Runtime::current(), plugin);
            if plugin.after.is_empty()
                && let Ok(Err(failure)) = first.await
                && plugin.restart == Restart::Never
            {
                return Err(did_not_start(plugin, failure));
            }
        }
        Ok(())
    }

    /// The plugins that the host launches, by name.
    pub(crate) fn plugins(&self) -> BTreeMap<String, Plugin> {
        let handles = self.0.by_name.lock();
        let plugin = |(name, handle): (&String, &Handle)| (name.clone(), handle.plugin.clone());
        handles.iter().map(plugin).collect()
    }

    /// Launches one more plugin, once those that it comes after are up, and supervises it.
    ///
    /// # Errors
    /// If the host has stopped.
    pub(crate) fn add(&self, plugin: &Plugin) -> Result<(), HostError> {
        let workshop = self.0.workshop.get();
        let running = workshop.and_then(|(launcher, runtime)| Some((launcher.upgrade()?, runtime)));
        let Some((launcher, runtime)) = running else {
            return Err(did_not_start(plugin, StartFailure::Stopped));
        };
        launcher.registry.expect(&plugin.name);
        launcher.order.set(plugin);
        drop(self.supervise(&launcher, runtime, plugin));
        Ok(())
    }

    fn supervise(
        &self,
        launcher: &Arc<Launcher>,
        runtime: &Runtime,
        plugin: &Plugin,
    ) -> oneshot::Receiver<Result<(), StartFailure>> {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (first, launched) = oneshot::channel();
        let launcher = Arc::clone(launcher);
        let tracker = launcher.tracker.clone();
        let supervisor = Supervisor::new(plugin.clone(), launcher, inbox, first);
        tracker.spawn_on(supervisor.run(), runtime);
        let handle = Handle {
            plugin: plugin.clone(),
            commands,
        };
        let mut handles = self.0.by_name.lock();
        handles.insert(plugin.name.clone(), handle);
        launched
    }

    /// Ends a plugin in order, if it runs, and starts it. Returns when it has connected, or has
    /// ended with success.
    ///
    /// # Errors
    /// If the host does not launch such a plugin, or it did not come up. What becomes of it then is
    /// what its [`Restart`] says.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing once the order is given.
    pub(crate) async fn restart(&self, name: &str) -> Result<(), HostError> {
        self.order(name, What::Restart).await
    }

    /// The same, and the plugin of this name is this one from then on.
    pub(crate) async fn replace(&self, plugin: &Plugin) -> Result<(), HostError> {
        self.set(plugin);
        let what = What::Replace(Box::new(plugin.clone()));
        self.order(&plugin.name, what).await
    }

    /// Notes that the plugin of this name is described otherwise, where that changes nothing of what
    /// runs.
    pub(crate) fn set(&self, plugin: &Plugin) {
        if let Some(handle) = self.0.by_name.lock().get_mut(&plugin.name) {
            handle.plugin = plugin.clone();
        }
    }

    /// Ends a plugin in order, if it runs, and forgets it.
    ///
    /// # Errors
    /// If the host does not launch such a plugin, or stops meanwhile.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), HostError> {
        self.order(name, What::Remove).await?;
        self.0.by_name.lock().remove(name);
        Ok(())
    }

    async fn order(&self, name: &str, what: What) -> Result<(), HostError> {
        let handle = self.0.by_name.lock().get(name).cloned();
        let handle = handle.ok_or_else(|| HostError::NoSuchPlugin(name.to_owned()))?;
        let (reply, answer) = oneshot::channel();
        // Without a supervisor the host has stopped, and so has the plugin.
        let sent = handle.commands.send(Command { what, reply }).await;
        let result = match sent {
            Ok(()) => answer.await.unwrap_or(Err(StartFailure::Stopped)),
            Err(_) => Err(StartFailure::Stopped),
        };
        result.map_err(|failure| did_not_start(&handle.plugin, failure))
    }
}

fn did_not_start(plugin: &Plugin, source: StartFailure) -> HostError {
    HostError::PluginStart {
        plugin: plugin.name.clone(),
        program: plugin.program.clone(),
        source,
    }
}
