//! Choosing who goes next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ask::{Ask, WaiterId};
use super::queue::Queue;
use super::{Idle, Scheduler, awaken};
use crate::pool::ledger::{BackendId, Ledger, Loan, LoginId};

/// What is to be done for whoever waits.
#[derive(Debug)]
pub(super) enum Move {
    /// The plugin's waiter at this place gets a backend of its login, one of which is free.
    Lend(Arc<str>, usize),
    /// A backend of this login is opened.
    Open(LoginId),
    /// This one gives way to one of another login.
    Close(BackendId),
}

/// The first waiter of a plugin that may have one more backend.
struct Candidate<'a> {
    /// Whoever has the least goes first.
    rank: Rank,
    /// If it is a writer, its place among writers: whoever has had least of the lane goes first.
    writing: Option<(u64, WaiterId)>,
    plugin: &'a Arc<str>,
    at: usize,
    login: LoginId,
}

type Rank = ((u64, u64), WaiterId);

impl Candidate<'_> {
    fn lend(&self) -> Move {
        Move::Lend(Arc::clone(self.plugin), self.at)
    }
}

impl Scheduler {
    /// Lends one certain backend if it is free, past the queue: for reading what this Connection
    /// left on it a moment ago.
    pub(crate) fn take(&mut self, id: BackendId, loan: Loan) -> bool {
        let login = self.may_lend_to(&loan.plugin);
        if !login.is_some_and(|login| self.ledger.is_free_for(id, login)) {
            return false;
        }
        self.at_once(&loan.plugin);
        self.lend(id, loan);
        true
    }

    /// Notes that a plugin did not have to wait.
    fn at_once(&self, plugin: &Arc<str>) {
        if let Some(queue) = self.queues.get(plugin) {
            queue.tally.waited(Duration::ZERO, true);
        }
    }

    /// Lends a free backend on the spot, if nobody waits who could be passed over.
    pub(crate) fn lend_at_once(&mut self, ask: &Ask, now: Instant) -> Option<BackendId> {
        let held_up = ask.writer && !self.lane.is_free();
        let held_up = held_up || self.pauses.holds_back(&ask.plugin);
        if self.waiting > 0 || held_up || self.free.is_empty() {
            return None;
        }
        let login = self.may_lend_to(&ask.plugin)?;
        let id = self.pick(login, ask.prefer)?;
        self.at_once(&ask.plugin);
        if ask.writer
            && let Some(queue) = self.queues.get_mut(&ask.plugin)
        {
            self.lane.awaken(&ask.plugin, queue);
        }
        self.lend(id, ask.loan(now));
        Some(id)
    }

    /// The login of a plugin, if it may have one more of the backends that are free.
    fn may_lend_to(&mut self, plugin: &Arc<str>) -> Option<LoginId> {
        awaken(&mut self.queues, plugin, self.pace);
        let owed = owed(self.queues.values());
        let queue = self.queues.get(plugin)?;
        let may = !queue.is_at_max() && available(&self.ledger, owed, queue) > 0;
        may.then_some(queue.login)
    }

    /// A free backend of this login: the preferred one, or the one that was used last.
    pub(super) fn pick(&self, login: LoginId, prefer: Option<BackendId>) -> Option<BackendId> {
        let prefer = prefer.filter(|id| self.ledger.is_free_for(*id, login));
        let last = || self.free.iter().rfind(|idle| idle.login == login);
        prefer.or_else(|| last().map(|idle| idle.id))
    }

    /// What is to be done for those who wait, now that a backend is free: whoever goes first gets
    /// one of its login, or one is opened for it, or another gives way.
    pub(super) fn choose(&self, now: Instant) -> Option<Move> {
        if self.waiting == 0 || self.free.is_empty() {
            return None;
        }
        let first = self.first()?;
        if self.has_free(first.login) {
            return Some(first.lend());
        }
        self.choose_between_logins(now)
    }

    /// As [`choose`](Self::choose), where nothing is free for whoever goes first. What is free for
    /// those behind is only theirs if it is of no use before them.
    fn choose_between_logins(&self, now: Instant) -> Option<Move> {
        let candidates = self.in_turn();
        let mut vacating = self.vacating();
        let mut seen = Vec::new();
        for Candidate { login, .. } in &candidates {
            if self.has_free(*login) {
                break;
            }
            if seen.contains(login) || !self.is_in_want(*login) {
                continue;
            }
            seen.push(*login);
            if self.ledger.room() > 0 {
                if self.may_open() {
                    return Some(Move::Open(*login));
                }
            } else if vacating > 0 {
                vacating -= 1;
            } else if let Some(id) = self.spare(&candidates, now) {
                return Some(Move::Close(id));
            }
        }
        let served = |candidate: &&Candidate<'_>| self.has_free(candidate.login);
        candidates.iter().find(served).map(Candidate::lend)
    }

    /// The idle backend that gives way to one of a login of which none is free: the least recently
    /// used that is not kept for anybody, and that nobody waits for or that has had its time.
    fn spare(&self, candidates: &[Candidate<'_>], now: Instant) -> Option<BackendId> {
        let may_go = |idle: &&Idle| {
            let own = |queue: &&Queue| queue.login == idle.login;
            let kept = owed(self.queues.values().filter(own));
            let mut waiting = candidates.iter();
            self.ledger.counts_of(idle.login).free > kept
                && (self.has_had_its_time(idle.id, now)
                    || !waiting.any(|candidate| candidate.login == idle.login))
        };
        self.free.iter().find(may_go).map(|idle| idle.id)
    }

    /// The login of whoever goes first of those for whom a backend would have to be opened.
    pub(super) fn first_in_want(&self) -> Option<LoginId> {
        if self.waiting == 0 {
            return None;
        }
        let candidates = self.in_turn();
        let mut logins = candidates.iter().map(|candidate| candidate.login);
        logins.find(|login| self.is_in_want(*login))
    }

    /// Whoever goes first. The turn of a writer is that of whoever has had least of the lane.
    fn first(&self) -> Option<Candidate<'_>> {
        let first = self.candidates().min_by_key(|candidate| candidate.rank)?;
        if first.writing.is_none() {
            return Some(first);
        }
        let writers = self.candidates().filter(|other| other.writing.is_some());
        writers.min_by_key(|writer| writer.writing)
    }

    /// All candidates in the order of their turns. Those of the writers are given out among them.
    fn in_turn(&self) -> Vec<Candidate<'_>> {
        let mut candidates: Vec<_> = self.candidates().collect();
        candidates.sort_by_key(|candidate| candidate.writing);
        let writers = candidates.iter_mut().filter(|one| one.writing.is_some());
        let mut writers: Vec<_> = writers.collect();
        let mut ranks: Vec<_> = writers.iter().map(|writer| writer.rank).collect();
        ranks.sort();
        for (writer, rank) in writers.iter_mut().zip(ranks) {
            writer.rank = rank;
        }
        candidates.sort_by_key(|candidate| candidate.rank);
        candidates
    }

    fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        let (lane_is_free, owed) = (self.lane.is_free(), owed(self.queues.values()));
        self.queues.iter().filter_map(move |(plugin, queue)| {
            let at = queue.eligible(lane_is_free)?;
            let first = queue.waiters.get(at)?;
            let may = available(&self.ledger, owed, queue) > 0 && !self.pauses.holds_back(plugin);
            may.then_some(Candidate {
                rank: (queue.standing(), first.id),
                writing: first.writer.then_some((queue.wrote, first.id)),
                plugin,
                at,
                login: queue.login,
            })
        })
    }

    fn has_free(&self, login: LoginId) -> bool {
        self.ledger.counts_of(login).free > 0
    }

    /// How many backends, free or yet to be opened, a plugin may take.
    pub(super) fn available_to(&self, queue: &Queue) -> u32 {
        available(&self.ledger, owed(self.queues.values()), queue)
    }
}

/// Backends that are kept for plugins that do not have them.
fn owed<'a>(queues: impl Iterator<Item = &'a Queue>) -> u32 {
    queues.map(Queue::owed).sum()
}

/// How many backends, free or yet to be opened, a plugin may take when so many are kept for all
/// plugins together: those kept for others are not for it.
fn available(ledger: &Ledger, owed: u32, queue: &Queue) -> u32 {
    let there = ledger.counts().free + ledger.room();
    there.saturating_sub(owed - queue.owed())
}
