//! The configuration of a running host.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use onepool_host::admin::{Changes, Configuration};
use onepool_host::{Host, HostError};
use parking_lot::Mutex;
use serde_json::Value;

use super::config::{self, Loaded, Override, Said, Settings};
use super::log::Filter;
use super::variables;

/// The configuration that `onepool serve` runs with, and where it came from.
#[derive(Debug)]
pub(crate) struct Running {
    host: Arc<Host>,
    log: Filter,
    file: Option<PathBuf>,
    overrides: Vec<Override>,
    in_force: Mutex<InForce>,
    /// Held by whoever changes it.
    changing: tokio::sync::Mutex<()>,
}

/// What the host does, and what was said.
#[derive(Debug)]
struct InForce {
    settings: Settings,
    said: Said,
}

impl Running {
    pub(crate) fn new(host: Arc<Host>, log: Filter, overrides: Vec<Override>, of: Loaded) -> Self {
        Self {
            host,
            log,
            file: of.file,
            overrides,
            in_force: Mutex::new(InForce {
                settings: of.settings,
                said: of.said,
            }),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Makes the host as this says, as far as a running host can be.
    async fn follow(&self, loaded: Loaded) -> Result<Changes, Vec<String>> {
        if loaded.problems.are_unbearable() {
            let problems = loaded.problems.sorted();
            let unbearable = problems.iter().filter(|problem| !problem.bearable);
            return Err(unbearable.map(ToString::to_string).collect());
        }
        let (changed, at_next_start) = {
            let in_force = self.in_force.lock();
            let differing = in_force.said.differing(&loaded.said);
            differing
                .into_iter()
                .partition(|path| in_force.said.follows(&loaded.said, path))
        };
        let settings = self.in_force.lock().settings.with_live(&loaded.settings);
        let applied = self.host.apply(config::builder(&settings)).await;
        let applied = applied.map_err(|error: HostError| vec![error.to_string()])?;
        self.log.set(&settings.log)?;
        for problem in loaded.problems.sorted() {
            tracing::warn!("{problem}");
        }
        let mut in_force = self.in_force.lock();
        in_force.said = in_force.said.with_live(&loaded.said);
        in_force.settings = settings;
        let mut changes = Changes::none();
        changes.changed = named(changed);
        changes.at_next_start = named(at_next_start);
        changes.added = applied.added;
        changes.removed = applied.removed;
        changes.replaced = applied.replaced;
        changes.failed = applied.failed.iter().map(ToString::to_string).collect();
        Ok(changes)
    }

    async fn reload(&self) -> Result<Changes, Vec<String>> {
        let _changing = self.changing.lock().await;
        let file = self.file.as_deref();
        let loaded = config::load(file, variables(), self.overrides.clone());
        self.follow(loaded).await
    }

    async fn set(&self, key: &str, value: &str) -> Result<Changes, Vec<String>> {
        let _changing = self.changing.lock().await;
        let loaded = {
            let in_force = self.in_force.lock();
            in_force.said.with(key, value)
        };
        self.follow(loaded.map_err(|problem| vec![problem])?).await
    }
}

fn named(paths: Vec<Vec<String>>) -> Vec<String> {
    paths.iter().map(|path| path.join(".")).collect()
}

impl Configuration for Running {
    fn show(&self) -> Value {
        config::shown(&self.in_force.lock().settings)
    }

    fn reload(&self) -> BoxFuture<'_, Result<Changes, Vec<String>>> {
        async {
            let changes = self.reload().await;
            match &changes {
                Ok(changes) => tracing::info!("the configuration was read anew: {changes}"),
                Err(problems) => tracing::error!(
                    "the configuration cannot be followed, and the old one stays in force: {}",
                    problems.join("; ")
                ),
            }
            changes
        }
        .boxed()
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Changes, Vec<String>>> {
        self.set(key, value).boxed()
    }
}
