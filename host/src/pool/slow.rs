//! Saying in the log what takes long.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::activity::Statement;
use super::ledger::BackendId;
use super::snapshot::cut;
use super::{LeaseInfo, Pool, Target};

impl Pool {
    /// Says that a statement took long, and whether that was the database or the wait for it.
    pub(super) fn tell_slow(&self, id: BackendId, slow: &Statement) {
        let plugin = {
            let state = self.0.state.lock();
            let mut loans = state.scheduler.loans();
            let loan = loans.find(|(other, _)| *other == id);
            loan.map(|(_, loan)| loan.plugin.to_string())
        };
        let ended = slow.ended.unwrap_or_else(Instant::now);
        let ran = ended.saturating_duration_since(slow.since);
        let statement = Target::Statement {
            backend: id.number(),
            number: slow.number,
        };
        tracing::warn!(
            plugin,
            database = self.0.label.as_deref(),
            %statement,
            waited_ms = millis(slow.waited),
            ran_ms = millis(ran),
            text = cut(slow.said.sql()),
            trace_id = slow.trace.map(|trace| trace.trace_text()),
            parent_id = slow.trace.map(|trace| trace.span_text()),
            "a slow statement"
        );
    }

    /// Warns of each lease that is held for long, once.
    pub(super) fn warn_of_long_leases(&self, warned: &mut HashSet<Target>) {
        let Some(from) = self.0.times.long_lease else {
            return;
        };
        let now = Instant::now();
        let is_long = {
            let state = self.0.state.lock();
            let mut loans = state.scheduler.loans();
            loans.any(|(_, loan)| now.saturating_duration_since(loan.since) >= from)
        };
        if !is_long {
            return warned.clear();
        }
        let mut leases = self.leases();
        leases.retain(|lease| lease.held >= from);
        warned.retain(|known| leases.iter().any(|lease| lease.id == *known));
        for lease in leases {
            if warned.insert(lease.id) {
                warn_of(&lease);
            }
        }
    }
}

fn warn_of(lease: &LeaseInfo) {
    tracing::warn!(
        plugin = lease.plugin,
        database = lease.database,
        lease = %lease.id,
        session = %lease.session,
        purpose = %lease.purpose,
        held_ms = millis(lease.held),
        state = ?lease.state,
        text = lease.statement,
        "a connection is held for long"
    );
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
