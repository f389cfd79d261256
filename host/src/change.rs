//! Making a running host as another description says.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::builder::HostBuilder;
use crate::config::Config;
use crate::db::Access;
use crate::error::HostError;
use crate::host::Host;
use crate::plugin::Plugin;
use crate::pool::Shape;

/// What became of a running host; see [`Host::apply`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Applied {
    /// The plugins that were launched for the first time.
    pub added: Vec<String>,
    /// The plugins that were ended for good.
    pub removed: Vec<String>,
    /// The plugins that were ended and launched anew, as they are described now.
    pub replaced: Vec<String>,
    /// What did not come up. It is started again as its description says.
    pub failed: Vec<HostError>,
}

impl Host {
    /// Makes a running host as this builder describes it: its caps, its quotas with their weights, and
    /// the plugins that it launches. Plugins that are described as before are not touched, and one
    /// whose quota alone has changed goes on. All else that a builder says is for a host's start.
    ///
    /// Plugins that are described no more are ended in order, changed ones are restarted, and new ones
    /// launched; this returns when they have ended and come up, or have failed to.
    ///
    /// # Errors
    /// If the description cannot work, or one of its caps not on that database. Everything is then as
    /// before.
    ///
    /// # Cancel safety
    /// Not cancel-safe: some of the plugins may be as described and others not. Do it again.
    pub async fn apply(&self, builder: HostBuilder) -> Result<Applied, HostError> {
        let config = builder.into_config();
        config.check()?;
        let _changing = self.changing.lock().await;
        for plugin in &config.plugins {
            if let Some((uid, _)) = plugin.run_as
                && !self.users.include(uid)
            {
                return Err(HostError::UserAtStart {
                    plugin: plugin.name().to_owned(),
                    uid,
                });
            }
        }
        self.check_accesses(&config)?;
        let before = self.supervisors.plugins();
        self.reshape(&config, &before).await?;
        let allowed = config.allowed_databases();
        self.roster.databases().set_allowed(allowed);
        self.roster.set_readers(config.readers());
        Ok(self.exchange(&config, before).await)
    }

    /// Gives every pool its shape, once all of them can have it.
    async fn reshape(
        &self,
        config: &Config,
        before: &BTreeMap<String, Plugin>,
    ) -> Result<(), HostError> {
        let databases = self.roster.databases();
        let shapes = databases.all().map(|place| {
            let shape = shape(config, before);
            if place.name == databases.main().name {
                return (place, shape);
            }
            let named = config.databases.get(&*place.name);
            let cap = named.map(|named| named.max_connections);
            let cap = cap.unwrap_or_else(|| place.pool.max_connections());
            (place, shape.beside_main(cap))
        });
        let shapes: Vec<_> = shapes.collect();
        for (place, shape) in &shapes {
            let possible = place.pool.check_shape(shape).await;
            possible.map_err(|failure| place.wrong(failure))?;
        }
        for (place, shape) in shapes {
            let changed = place.pool.reconfigure(shape);
            changed.map_err(|failure| place.wrong(failure))?;
        }
        Ok(())
    }

    /// Refuses a plugin that would be somebody else in the database: that is settled at the start.
    fn check_accesses(&self, config: &Config) -> Result<(), HostError> {
        let (none, accesses) = (Access::default(), config.all_accesses(self.database()));
        for plugin in config.plugins.iter().map(Plugin::name) {
            let now = accesses.get(plugin).unwrap_or(&none);
            let before = self.accesses.get(plugin).unwrap_or(&none);
            if !now.is_like(before) {
                return Err(HostError::AccessAtStart(plugin.to_owned()));
            }
        }
        Ok(())
    }

    async fn exchange(&self, config: &Config, before: BTreeMap<String, Plugin>) -> Applied {
        let mut applied = Applied::default();
        let mut replacing = Vec::new();
        let described = |name: &str| config.plugins.iter().find(|plugin| plugin.name() == name);
        let gone = before.keys().filter(|name| described(name).is_none());
        let removing = gone.map(async |name| (name.clone(), self.supervisors.remove(name).await));
        for (name, removed) in join_all(removing).await {
            match removed {
                Ok(()) => applied.removed.push(name),
                Err(error) => applied.failed.push(error),
            }
        }
        for plugin in &config.plugins {
            match before.get(plugin.name()) {
                Some(known) if known.runs_as(plugin) => self.supervisors.set(plugin),
                Some(_) => replacing.push(plugin),
                None => match self.supervisors.add(plugin) {
                    Ok(()) => applied.added.push(plugin.name().to_owned()),
                    Err(error) => applied.failed.push(error),
                },
            }
        }
        let replacing = replacing.into_iter().map(async |plugin| {
            let replaced = self.supervisors.replace(plugin).await;
            (plugin.name().to_owned(), replaced)
        });
        for (name, replaced) in join_all(replacing).await {
            applied.replaced.push(name);
            applied.failed.extend(replaced.err());
        }
        applied
    }
}

fn shape(config: &Config, before: &BTreeMap<String, Plugin>) -> Shape {
    let own = config.quotas();
    let had = before.values().filter(|plugin| plugin.quota.is_some());
    let follows = |name: &str| own.iter().all(|(plugin, _)| **plugin != *name);
    let follow = had.filter(|plugin| follows(plugin.name()));
    Shape {
        cap: config.max_connections,
        default_quota: config.default_quota,
        follow: follow.map(|plugin| Arc::from(plugin.name())).collect(),
        own,
    }
}
