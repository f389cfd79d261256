//! Whether anybody waits, and what for: the answer to "is the database slow, or is the queue full?"

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::snapshot::{LeaseInfo, LeaseState, StatementInfo, StatementState};
use super::{Counts, Paused, Pool};

/// A statement that has run for this long is a slow one, as far as this verdict goes.
const SLOW: Duration = Duration::from_secs(1);

/// Whether anybody waits for a connection, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// In one word.
    pub kind: VerdictKind,
    /// In one sentence, with the numbers that tell.
    pub summary: String,
}

/// What holds calls up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VerdictKind {
    /// Nobody waits.
    Fine,
    /// An operator holds calls back.
    Paused,
    /// The database cannot be reached.
    DatabaseDown,
    /// All connections are in use, most of them by statements that have run for long.
    DatabaseSlow,
    /// All connections are in use, most of them by plugins that do nothing with them.
    Held,
    /// All connections are in use, by short statements: there are more calls than connections.
    QueueFull,
    /// Connections are on their way.
    Connecting,
    /// There are connections, and none for those who wait: a quota, or SQLite's one writer.
    Limited,
}

impl Verdict {
    /// What comes of those of several databases, each with its name; one without a name is alone.
    pub(crate) fn of_all(verdicts: Vec<(Option<String>, Self)>) -> Self {
        let kinds = verdicts.iter().map(|(_, verdict)| verdict.kind);
        let kind = kinds.min_by_key(|kind| kind.rank());
        let kind = kind.unwrap_or(VerdictKind::Fine);
        let is_told = |(_, verdict): &&(_, Self)| {
            kind == VerdictKind::Fine || verdict.kind != VerdictKind::Fine
        };
        let mut told: Vec<_> = verdicts.iter().filter(is_told).collect();
        told.sort_by_key(|(_, verdict)| verdict.kind.rank());
        let sentence = |(name, verdict): &(Option<String>, Self)| match name {
            Some(name) => format!("{name}: {}", verdict.summary),
            None => verdict.summary.clone(),
        };
        let summary: Vec<_> = told.into_iter().map(sentence).collect();
        Self {
            kind,
            summary: summary.join("; "),
        }
    }
}

impl VerdictKind {
    /// Which is the worse: that with the lower rank.
    fn rank(self) -> u8 {
        match self {
            Self::DatabaseDown => 0,
            Self::DatabaseSlow => 1,
            Self::Held => 2,
            Self::QueueFull => 3,
            Self::Limited => 4,
            Self::Connecting => 5,
            Self::Paused => 6,
            Self::Fine => 7,
        }
    }
}

/// What a verdict is reached from.
struct Evidence<'a> {
    counts: Counts,
    cap: u32,
    down: Option<String>,
    paused: Paused,
    leases: &'a [LeaseInfo],
    statements: &'a [StatementInfo],
}

impl Pool {
    /// Whether anybody waits for a connection, and what for.
    pub(crate) fn verdict(&self) -> Verdict {
        let (leases, statements) = (self.leases(), self.statements());
        let (counts, cap, down) = {
            let state = self.0.state.lock();
            let down = state.outage.as_ref().map(|outage| outage.failure().message);
            (state.scheduler.counts(), state.scheduler.cap(), down)
        };
        let evidence = Evidence {
            counts,
            cap,
            down,
            paused: self.paused(),
            leases: &leases,
            statements: &statements,
        };
        evidence.verdict()
    }
}

impl Evidence<'_> {
    fn verdict(self) -> Verdict {
        let (kind, summary) = self.reached();
        Verdict { kind, summary }
    }

    fn reached(&self) -> (VerdictKind, String) {
        let work = self.cap.saturating_sub(self.counts.control);
        let leased = self.counts.leased;
        let in_use = format!("{leased} of {work} connections are in use");
        if let Some(down) = &self.down {
            return (
                VerdictKind::DatabaseDown,
                format!("the database is down: {down}"),
            );
        }
        if let Some(paused) = self.paused(&in_use) {
            return (VerdictKind::Paused, paused);
        }
        let mut waiting = self.waiting().peekable();
        let Some(longest) = waiting.clone().map(|waiting| waiting.waited).max() else {
            return (VerdictKind::Fine, format!("nobody waits: {in_use}"));
        };
        let count = waiting.by_ref().count();
        let calls = if count == 1 {
            "1 call waits"
        } else {
            "calls wait"
        };
        let number = if count == 1 {
            String::new()
        } else {
            format!("{count} ")
        };
        let wait = format!("{number}{calls}, the longest for {}", Span(longest));
        if leased == 0 && self.counts.connecting > 0 {
            let summary = format!("{wait}: the database has not accepted a connection yet");
            return (VerdictKind::Connecting, summary);
        }
        if leased < work {
            let summary = format!(
                "{wait}, while {in_use}: for a quota, for a connection that is on its way, or for \
                 SQLite's one writer"
            );
            return (VerdictKind::Limited, summary);
        }
        self.all_in_use(&wait)
    }

    /// Whether an operator holds everybody back, or all of those who wait.
    fn paused(&self, in_use: &str) -> Option<String> {
        let count = self.waiting().count();
        let calls = match count {
            0 => "nobody waits".to_owned(),
            1 => "1 call waits".to_owned(),
            count => format!("{count} calls wait"),
        };
        if self.paused.all {
            return Some(format!(
                "paused by an operator: {calls}, {in_use}; `onepool resume` goes on"
            ));
        }
        let mut waiting = self.waiting();
        let held_back = |waiting: &StatementInfo| self.paused.plugins.contains(&waiting.plugin);
        if count == 0 || !waiting.all(held_back) {
            return None;
        }
        let plugins = self.paused.plugins.join(", ");
        Some(format!(
            "paused by an operator ({plugins}): {calls}, {in_use}; `onepool resume NAME` goes on"
        ))
    }

    fn all_in_use(&self, wait: &str) -> (VerdictKind, String) {
        let all = self.leases.len();
        let resting = self
            .leases
            .iter()
            .filter(|lease| lease.state == LeaseState::Resting);
        let slow =
            |lease: &&LeaseInfo| lease.state == LeaseState::Running && lease.state_for >= SLOW;
        let slow = self.leases.iter().filter(slow);
        let (resting_count, slow_count) = (resting.clone().count(), slow.clone().count());
        let worst = |leases: &mut dyn Iterator<Item = &LeaseInfo>| {
            let worst = leases.max_by_key(|lease| lease.state_for);
            worst.map_or_else(String::new, |lease| {
                format!(
                    "; the longest: {}, {} for {}",
                    lease.id,
                    lease.plugin,
                    Span(lease.state_for)
                )
            })
        };
        if slow_count * 2 >= all && slow_count >= resting_count {
            let worst = worst(&mut slow.into_iter());
            let summary = format!(
                "the database is slow: {wait}, for {slow_count} of {all} connections run a \
                 statement that has taken more than {}{worst}",
                Span(SLOW)
            );
            return (VerdictKind::DatabaseSlow, summary);
        }
        if resting_count * 2 >= all {
            let worst = worst(&mut resting.into_iter());
            let summary = format!(
                "connections are held: {wait}, for {resting_count} of {all} connections rest in \
                 transactions or session state of plugins{worst}"
            );
            return (VerdictKind::Held, summary);
        }
        let summary = format!(
            "the queue is full: {wait}; all {all} connections are in use by short statements: more \
             calls come than they can serve"
        );
        (VerdictKind::QueueFull, summary)
    }

    fn waiting(&self) -> impl Iterator<Item = &StatementInfo> + Clone {
        let waits = |statement: &&StatementInfo| statement.state == StatementState::Waiting;
        self.statements.iter().filter(waits)
    }
}

/// A duration in words: milliseconds below ten seconds.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_secs(10) {
            write!(f, "{} ms", self.0.as_millis())
        } else {
            write!(f, "{} s", self.0.as_secs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_databases_the_worst_is_told_first_and_the_well_ones_only_if_all_are() {
        let verdict = |name: &str, kind, summary: &str| {
            let summary = summary.to_owned();
            (Some(name.to_owned()), Verdict { kind, summary })
        };
        let well = || verdict("main", VerdictKind::Fine, "nobody waits");
        let all = Verdict::of_all(vec![
            well(),
            verdict("a", VerdictKind::QueueFull, "the queue is full"),
            verdict("b", VerdictKind::DatabaseDown, "the database is down"),
        ]);
        assert_eq!(all.kind, VerdictKind::DatabaseDown);
        assert_eq!(all.summary, "b: the database is down; a: the queue is full");
        let all = Verdict::of_all(vec![well(), verdict("a", VerdictKind::Fine, "nor here")]);
        assert_eq!(all.kind, VerdictKind::Fine);
        assert_eq!(all.summary, "main: nobody waits; a: nor here");
        let (_, alone) = well();
        assert_eq!(Verdict::of_all(vec![(None, alone.clone())]), alone);
    }
}
