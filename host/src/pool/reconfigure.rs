//! Changing the cap and the quotas all at once, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use onepool_proto::Failure;

use super::config::{check_allowance, check_cap, check_minimums};
use super::{Pool, Quota, State};

/// The cap and the quotas as they shall be.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) cap: u32,
    pub(crate) default_quota: Quota,
    /// The plugins that have a quota of their own.
    pub(crate) own: Vec<(Arc<str>, Quota)>,
    /// The plugins that had one and follow the default from now on.
    pub(crate) follow: Vec<Arc<str>>,
}

impl Shape {
    /// The same for a database beside the main one: with its own cap, and nothing kept for anybody.
    pub(crate) fn beside_main(mut self, cap: u32) -> Self {
        self.cap = cap;
        for (_, quota) in &mut self.own {
            quota.min = 0;
        }
        self
    }
}

impl Pool {
    /// Whether the pool can have this shape.
    ///
    /// # Errors
    /// If the cap leaves nothing for work, cannot hold the guaranteed minimums, or is more than the
    /// database allows.
    pub(crate) async fn check_shape(&self, shape: &Shape) -> Result<(), Failure> {
        check_cap(shape.cap, self.kind())?;
        if shape.cap > self.max_connections()
            && let Some(control) = &self.0.control
        {
            check_allowance(shape.cap, control.allowance().await)?;
        }
        self.check_shape_in(&self.0.state.lock(), shape)
    }

    fn check_shape_in(&self, state: &State, shape: &Shape) -> Result<(), Failure> {
        let mut minimums: BTreeMap<_, _> = state.scheduler.minimums().collect();
        minimums.extend(shape.follow.iter().map(|plugin| (plugin, 0)));
        minimums.extend(shape.own.iter().map(|(plugin, quota)| (plugin, quota.min)));
        check_minimums(shape.cap, self.kind(), minimums.into_iter())
    }

    /// Gives the pool another shape, which has been [checked](Self::check_shape); in force at once,
    /// also for what is already under way.
    ///
    /// # Errors
    /// If the cap cannot hold the guaranteed minimums, of which there may be more meanwhile.
    /// Everything is then as before.
    pub(crate) fn reconfigure(&self, shape: Shape) -> Result<(), Failure> {
        {
            let mut state = self.0.state.lock();
            self.check_shape_in(&state, &shape)?;
            let quotas = &self.0.quotas;
            quotas.follow_default(&shape.follow);
            let mut changed = quotas.set_default(shape.default_quota);
            for (plugin, quota) in &shape.own {
                quotas.set(plugin, *quota);
                changed.push(Arc::clone(plugin));
            }
            for plugin in changed {
                let share = quotas.of(&plugin).get().share();
                state.scheduler.set_share(&plugin, share);
            }
            state.scheduler.set_cap(shape.cap);
        }
        self.recheck();
        self.pump();
        Ok(())
    }
}
