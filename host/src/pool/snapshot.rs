//! Who has which backend, what runs on it, and who waits: the pool as it is at one instant.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Pool;
use super::activity::Statement;
use super::desk::OwnerHandle;
use super::ledger::{BackendId, Loan, Purpose};
use super::scheduler::{Scheduler, Waiting};
use super::target::Target;

/// Characters of a statement that are shown.
const TEXT_CHARS: usize = 200;

/// A backend on loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeaseInfo {
    /// Its name.
    pub id: Target,
    /// The database, where the host has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Who has it.
    pub plugin: String,
    /// Whose session has it.
    pub session: Target,
    /// What the database calls the backend: `pg_backend_pid()`, `CONNECTION_ID()`; `None` on
    /// SQLite.
    pub process: Option<u64>,
    /// What it is held for.
    pub purpose: Purpose,
    /// Since when, in milliseconds.
    #[serde(rename = "held_ms", with = "millis")]
    pub held: Duration,
    /// Whether anything runs.
    pub state: LeaseState,
    /// How long nothing has run, or what runs has been running, in milliseconds.
    #[serde(rename = "state_ms", with = "millis")]
    pub state_for: Duration,
    /// What runs, or ran last in this lease: the beginning of its text, without arguments.
    pub statement: Option<String>,
}

/// A lease that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EndedLease {
    /// Its name.
    pub id: Target,
    /// The database, where the host has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Who had it.
    pub plugin: String,
    /// What it was held for at last.
    pub purpose: Purpose,
    /// For how long, in milliseconds.
    #[serde(rename = "held_ms", with = "millis")]
    pub held: Duration,
    /// How long ago it ended, in milliseconds.
    #[serde(rename = "ago_ms", with = "millis")]
    pub ago: Duration,
}

/// Whether anything runs in a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeaseState {
    /// The database is at work, or its rows are being read.
    Running,
    /// The plugin has it and does nothing with it.
    Resting,
}

/// A statement that runs, or a call that waits for a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatementInfo {
    /// Its name.
    pub id: Target,
    /// The database, where the host has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Whose it is.
    pub plugin: String,
    /// Of which session.
    pub session: Target,
    /// The lease that it runs in.
    pub lease: Option<Target>,
    /// Whether it runs.
    pub state: StatementState,
    /// How long it has waited for a backend, in milliseconds.
    #[serde(rename = "waited_ms", with = "millis")]
    pub waited: Duration,
    /// How long it has been running, in milliseconds: in the database, and while its rows are
    /// read.
    #[serde(rename = "running_ms", with = "millis")]
    pub running: Duration,
    /// The beginning of its text, without arguments.
    pub text: String,
}

/// Whether a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StatementState {
    /// It waits for a backend.
    Waiting,
    /// It runs.
    Running,
}

impl Pool {
    /// The backends on loan, those held longest first.
    pub(crate) fn leases(&self) -> Vec<LeaseInfo> {
        let mut leases = self.each_loan(|look| Some(look.lease()));
        leases.sort_by_key(|lease| std::cmp::Reverse(lease.held));
        leases
    }

    /// The leases that ended within a time and were not too short, in the order in which they did.
    pub(crate) fn ended_leases(&self, within: Duration) -> Vec<EndedLease> {
        let now = Instant::now();
        let state = self.0.state.lock();
        let ended = state.scheduler.ended().map(|ended| EndedLease {
            id: Target::Lease {
                backend: ended.backend.number(),
                turn: ended.turn,
            },
            database: self.label(),
            plugin: ended.loan.plugin.to_string(),
            purpose: ended.loan.purpose,
            held: ended.until.saturating_duration_since(ended.loan.since),
            ago: now.saturating_duration_since(ended.until),
        });
        ended.filter(|ended| ended.ago <= within).collect()
    }

    /// What runs, the longest first, and then what waits, in the order it came.
    pub(crate) fn statements(&self) -> Vec<StatementInfo> {
        let mut statements = self.each_loan(|look| look.statement());
        statements.sort_by_key(|statement| std::cmp::Reverse(statement.running));
        let now = Instant::now();
        let state = self.0.state.lock();
        let mut waiting: Vec<_> = state
            .scheduler
            .waiters()
            .map(|waiting| {
                let known = state.waiters.get(&waiting.id);
                let text = known.and_then(|known| known.text.clone());
                (waiting.since, of_waiting(&waiting, self.label(), now), text)
            })
            .collect();
        drop(state);
        waiting.sort_by_key(|(since, ..)| *since);
        statements.extend(waiting.into_iter().map(|(_, info, text)| StatementInfo {
            text: text.map_or_else(String::new, |text| cut(&text.sql)),
            ..info
        }));
        statements
    }

    /// What is to be told of each loan. Nothing is written while the pool is held up.
    fn each_loan<T>(&self, tell: impl Fn(&Look<'_>) -> Option<T>) -> Vec<T> {
        let now = Instant::now();
        let looked: Vec<_> = {
            let state = self.0.state.lock();
            let loans = state.scheduler.loans();
            loans
                .map(|(id, loan)| {
                    let lease = lease_name(&state.scheduler, id);
                    (id, lease, loan.clone(), state.owners.get(&id).cloned())
                })
                .collect()
        };
        let tell = |(id, lease, loan, owner): &(BackendId, Target, Loan, Option<OwnerHandle>)| {
            let latest = owner.as_ref().and_then(|owner| owner.activity().latest());
            tell(&Look {
                id: *id,
                database: self.label(),
                lease: *lease,
                loan,
                process: owner.as_ref().and_then(OwnerHandle::process),
                // What came before belongs to somebody else.
                latest: latest.filter(|latest| latest.since >= loan.since),
                now,
            })
        };
        looked.iter().filter_map(tell).collect()
    }
}

/// A loan, and what is known of its backend.
struct Look<'a> {
    id: BackendId,
    database: Option<String>,
    lease: Target,
    loan: &'a Loan,
    process: Option<u64>,
    latest: Option<Statement>,
    now: Instant,
}

impl Look<'_> {
    fn lease(&self) -> LeaseInfo {
        let running = self
            .latest
            .as_ref()
            .is_some_and(|latest| latest.ended.is_none());
        let since = match &self.latest {
            Some(latest) => latest.ended.unwrap_or(latest.since),
            None => self.loan.since,
        };
        LeaseInfo {
            id: self.lease,
            database: self.database.clone(),
            plugin: self.loan.plugin.to_string(),
            session: Target::Session(self.loan.holder.0),
            process: self.process,
            purpose: self.loan.purpose,
            held: self.now.saturating_duration_since(self.loan.since),
            state: if running {
                LeaseState::Running
            } else {
                LeaseState::Resting
            },
            state_for: self.now.saturating_duration_since(since),
            statement: self.latest.as_ref().map(|latest| cut(latest.said.sql())),
        }
    }

    fn statement(&self) -> Option<StatementInfo> {
        let running = self
            .latest
            .as_ref()
            .filter(|latest| latest.ended.is_none())?;
        Some(StatementInfo {
            id: Target::Statement {
                backend: self.id.number(),
                number: running.number,
            },
            database: self.database.clone(),
            plugin: self.loan.plugin.to_string(),
            session: Target::Session(self.loan.holder.0),
            lease: Some(self.lease),
            state: StatementState::Running,
            waited: running.waited,
            running: self.now.saturating_duration_since(running.since),
            text: cut(running.said.sql()),
        })
    }
}

fn lease_name(scheduler: &Scheduler, id: BackendId) -> Target {
    Target::Lease {
        backend: id.number(),
        turn: scheduler.turn(id).number(),
    }
}

fn of_waiting(waiting: &Waiting<'_>, database: Option<String>, now: Instant) -> StatementInfo {
    StatementInfo {
        id: Target::Wait(waiting.id.0),
        database,
        plugin: waiting.plugin.to_string(),
        session: Target::Session(waiting.holder.0),
        lease: None,
        state: StatementState::Waiting,
        waited: now.saturating_duration_since(waiting.since),
        running: Duration::ZERO,
        text: String::new(),
    }
}

/// The beginning of a statement, on one line.
pub(super) fn cut(sql: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for word in sql.split_whitespace() {
        if length > 0 {
            shown.push(' ');
            length += 1;
        }
        for letter in word.chars() {
            if length >= TEXT_CHARS {
                shown.push('…');
                return shown;
            }
            // What moves a terminal's cursor has no place here.
            shown.push(if letter.is_control() { '·' } else { letter });
            length += 1;
        }
    }
    shown
}

/// Durations as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_stays_on_its_line() {
        assert_eq!(cut("SELECT\n  1,\t\u{1b}[2J"), "SELECT 1, ·[2J");
        let long = cut(&"ä ".repeat(300));
        assert_eq!(long.chars().count(), TEXT_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
