//! Telling a deadlock from ordinary queueing.
//!
//! Waiting while one holds a backend oneself is common and mostly harmless. It is a deadlock when
//! every loan whose end could end the wait belongs to somebody who waits in the same way.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Scheduler;
use super::ask::{Holder, WaiterId};
use super::queue::{Queue, Waiter};
use crate::pool::ledger::{BackendId, Loan};

/// A waiter with the queue that it waits in.
type Waiting<'a> = (&'a Arc<str>, &'a Queue, &'a Waiter);

impl Scheduler {
    /// The youngest of those that wait for each other, if there are any: everybody else's wait
    /// ends when it gives back what it holds.
    ///
    /// `rests` tells for how long the holder of a backend has not used it. Only loans that rest
    /// for `patience`, and only holders that have waited as long, make a deadlock.
    pub(crate) fn deadlocked(
        &self,
        now: Instant,
        patience: Duration,
        rests: impl Fn(BackendId) -> Duration,
    ) -> Option<WaiterId> {
        let mut stuck: Vec<(BackendId, &Loan)> = self
            .ledger
            .loans()
            .filter(|(id, loan)| {
                let had = now.saturating_duration_since(loan.since);
                rests(*id).min(had) >= patience
            })
            .collect();
        if self.waiting == 0 || stuck.is_empty() {
            return None;
        }
        let waiting = self.waiting_holders(&stuck);
        // A loan whose holder may yet be served is not stuck, which may free others.
        loop {
            let vain = |(_, loan): &(BackendId, &Loan)| {
                waiting.get(&loan.holder).is_some_and(|waits| {
                    let long = |(.., waiter): &Waiting<'_>| {
                        now.saturating_duration_since(waiter.since) >= patience
                    };
                    waits.iter().any(long) && waits.iter().all(|wait| self.in_vain(wait, &stuck))
                })
            };
            let still: Vec<_> = stuck.iter().filter(|loan| vain(loan)).copied().collect();
            if still.len() == stuck.len() {
                break;
            }
            stuck = still;
        }
        let holders = stuck
            .iter()
            .filter_map(|(_, loan)| waiting.get(&loan.holder));
        holders.flatten().map(|(.., waiter)| waiter.id).max()
    }

    /// How many wait while they hold a backend, by plugin.
    pub(crate) fn holding_and_waiting(&self) -> HashMap<Arc<str>, u32> {
        let loans: Vec<_> = self.ledger.loans().collect();
        let mut plugins = HashMap::new();
        for (plugin, _, _) in self.waiting_holders(&loans).into_values().flatten() {
            *plugins.entry(Arc::clone(plugin)).or_default() += 1;
        }
        plugins
    }

    /// How many backends a holder has.
    pub(crate) fn held_by(&self, holder: Holder) -> usize {
        let loans = self.ledger.loans();
        loans.filter(|(_, loan)| loan.holder == holder).count()
    }

    /// The waiters of everybody who has one of these loans.
    fn waiting_holders(&self, loans: &[(BackendId, &Loan)]) -> HashMap<Holder, Vec<Waiting<'_>>> {
        let mut waiting: HashMap<_, _> = loans
            .iter()
            .map(|(_, loan)| (loan.holder, Vec::new()))
            .collect();
        for (plugin, queue) in &self.queues {
            for waiter in &queue.waiters {
                if let Some(waits) = waiting.get_mut(&waiter.holder) {
                    waits.push((plugin, queue, waiter));
                }
            }
        }
        waiting
    }

    /// Whether nothing but the end of one of the stuck loans could end this wait.
    fn in_vain(&self, (plugin, queue, waiter): &Waiting<'_>, stuck: &[(BackendId, &Loan)]) -> bool {
        let is_stuck = |id: BackendId| stuck.iter().any(|(other, _)| *other == id);
        // An operator ends it.
        if self.holds_back(plugin) {
            return false;
        }
        if waiter.writer
            && let Some(lane) = self.lane.backend()
        {
            return is_stuck(lane);
        }
        let mut loans = self.ledger.loans();
        if queue.is_at_max() {
            return loans.all(|(id, loan)| loan.plugin != **plugin || is_stuck(id));
        }
        let counts = self.ledger.counts();
        let coming = counts.connecting + counts.resetting + counts.closing;
        if coming > 0 || self.available_to(queue) > 0 {
            return false;
        }
        // What a plugin gives back of its guaranteed minimum stays kept for it.
        let helps = |loan: &Loan| {
            loan.plugin == **plugin
                || self
                    .queues
                    .get(&loan.plugin)
                    .is_none_or(|other| other.leased > other.share.min)
        };
        loans.all(|(id, loan)| is_stuck(id) || !helps(loan))
    }
}
