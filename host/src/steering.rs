//! What an operator does to a running host.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use onepool_proto::{Code, Failure};

use crate::error::HostError;
use crate::host::Host;
use crate::pool::{self, Holder, NotKilled, Paused, Target};
use crate::transport::Parting;

impl Host {
    /// Lends nothing new to the plugin of this name, or without a name to anybody, until
    /// [`resume`](Self::resume). What is lent may be used to its end; calls wait for as long as their
    /// quota lets them. While everybody is paused no connection is opened.
    ///
    /// # Errors
    /// [`HostError::UnknownPlugin`] if the host has never heard of this plugin.
    pub fn pause(&self, plugin: Option<&str>) -> Result<(), HostError> {
        let plugin = plugin.map(|plugin| self.known(plugin)).transpose()?;
        for place in self.roster.databases().all() {
            place.pool.hold_back(plugin.as_ref());
        }
        Ok(())
    }

    /// Ends the pause, or the drain, of this plugin, or without a name that of everybody. Plugins
    /// that were paused by themselves stay so. Returns whether there was one.
    ///
    /// # Errors
    /// [`HostError::UnknownPlugin`] if the host has never heard of this plugin.
    pub fn resume(&self, plugin: Option<&str>) -> Result<bool, HostError> {
        if let Some(plugin) = plugin {
            self.known(plugin)?;
        }
        let places = self.roster.databases().all();
        // Each is to be told, so no short cut.
        let resumed = places.map(|place| place.pool.resume(plugin));
        Ok(resumed.fold(false, |any, paused| any | paused))
    }

    /// Whom nothing new is lent to.
    #[must_use]
    pub fn paused(&self) -> Paused {
        self.roster.pool().paused()
    }

    /// [Pauses](Self::pause) this plugin and waits until it has given back all that it had; without a
    /// name, pauses everybody, and waits until every connection but the one for cancels is closed.
    /// Transactions end as their plugins end them.
    ///
    /// # Errors
    /// [`HostError::UnknownPlugin`] if the host has never heard of this plugin, and
    /// [`HostError::NotDrained`] if something is still held after `patience`. The pause goes on in
    /// that case, too, and connections are closed as they come free.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pause.
    pub async fn drain(&self, plugin: Option<&str>, patience: Duration) -> Result<(), HostError> {
        let plugin = plugin.map(|plugin| self.known(plugin)).transpose()?;
        let places = self.roster.databases().all();
        let draining = places.map(|place| place.pool.drain(plugin.as_ref(), patience));
        let drained = join_all(draining).await.into_iter();
        let held: Vec<_> = drained.filter_map(Result::err).collect();
        if held.is_empty() {
            return Ok(());
        }
        let held = held.concat();
        Err(HostError::NotDrained {
            patience,
            held: pool::in_words(&held),
        })
    }

    /// Replaces every connection to the databases: the idle ones at once, the others when they come
    /// free. Returns how many there are.
    pub fn reconnect(&self) -> u32 {
        let places = self.roster.databases().all();
        places.map(|place| place.pool.reconnect()).sum()
    }

    /// Ends what has this name, in the database, too: a statement or the wait of a call is cancelled,
    /// a transaction rolled back, pinned state lost, a session cut with all that it has. Its plugin
    /// is told that `by` did it. A name is never used twice, so nothing else is ever hit.
    ///
    /// Returns when the order is given, which may be before the database has obeyed.
    ///
    /// # Errors
    /// [`HostError::NoSuchTarget`] if it has ended, and [`HostError::NotCancellable`] if it is a
    /// step that begins or ends a transaction.
    pub fn kill(&self, target: Target, by: &str) -> Result<(), HostError> {
        if let Target::Session(holder) = target {
            let failure = Failure::new(Code::SESSION_LOST, format!("{by} has ended the session"));
            let parting = Parting::Now(failure);
            let found = self.roster.part_holder(Holder(holder), &parting);
            return if found {
                Ok(())
            } else {
                Err(HostError::NoSuchTarget(target))
            };
        }
        for place in self.roster.databases().all() {
            match place.pool.kill(target, by) {
                Ok(()) => return Ok(()),
                Err(NotKilled::Ending) => return Err(HostError::NotCancellable(target)),
                // It may be of another database: a name is given once by all of them together.
                Err(NotKilled::Gone) => {}
            }
        }
        Err(HostError::NoSuchTarget(target))
    }

    /// The name of a plugin that is launched, has a session, or had one.
    fn known(&self, plugin: &str) -> Result<Arc<str>, HostError> {
        let listed = || self.plugins().iter().any(|known| known.name == plugin);
        let mut places = self.roster.databases().all();
        if places.any(|place| place.pool.knows(plugin)) || listed() {
            return Ok(plugin.into());
        }
        Err(HostError::UnknownPlugin(plugin.to_owned()))
    }
}
