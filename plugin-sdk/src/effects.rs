//! Effects: what costs no round trip of its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onepool_proto::id::{ConnectionId, RowSetId};
use onepool_proto::limits;
use onepool_proto::message::{Effect, EffectKind, Effects};

use crate::error::CallError;
use crate::session::{FlushQueue, Urgency};

/// The effects of one Connection that no reply has acknowledged yet.
///
/// Every call carries all of them, and a call that succeeds acknowledges those it carried: one that
/// fails may have been refused before they took effect. What no call picks up soon, the session's
/// flush task sends. So an effect may arrive more than once, and its sequence number tells the host.
#[derive(Debug)]
pub(crate) struct EffectQueue {
    connection: ConnectionId,
    flush: FlushQueue,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    // Invariant: the sequence numbers are consecutive and end before `next`.
    pending: VecDeque<Effect>,
    /// The number of the next effect.
    next: u64,
    /// The last number that some call carried, whether or not that call was written.
    carried: u64,
    /// How urgently the flush task was last asked, if it has not come yet.
    asked: Option<Urgency>,
    /// An effect found no room. What was left out cannot be made up for, so only closing remains.
    overfull: bool,
}

/// The effects that one call carries: up to and with this number.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Carried(u64);

impl EffectQueue {
    pub(crate) fn open(connection: ConnectionId, flush: FlushQueue, read_only: bool) -> Arc<Self> {
        let open = Effect {
            sequence: 1,
            kind: EffectKind::Open { read_only },
        };
        Arc::new(Self {
            connection,
            flush,
            state: Mutex::new(State {
                pending: VecDeque::from([open]),
                next: 2,
                carried: 0,
                asked: None,
                overfull: false,
            }),
        })
    }

    /// Queues an effect that waits for the next call.
    pub(crate) fn defer(&self, kind: EffectKind) -> u64 {
        self.lock().push(kind)
    }

    /// Queues an effect that the flush task sends if no call comes soon.
    pub(crate) fn queue(self: &Arc<Self>, kind: EffectKind, urgency: Urgency) {
        let mut state = self.lock();
        state.push(kind);
        self.ask(state, urgency);
    }

    /// Takes back the effect with this number and all after it, if no call has carried them.
    pub(crate) fn retract(&self, sequence: u64) -> bool {
        let mut state = self.lock();
        if sequence <= state.carried {
            return false;
        }
        while state
            .pending
            .pop_back_if(|last| last.sequence >= sequence)
            .is_some()
        {}
        state.next = sequence;
        true
    }

    /// Ends the Connection; if the host has never heard of it, there is nothing to say.
    pub(crate) fn close(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.carried == 0 {
            state.pending.clear();
        } else {
            state.push(EffectKind::Close);
            self.ask(state, Urgency::Soon);
        }
    }

    /// Whether more effects had to wait than the host takes. Only a host that answers nothing while
    /// the plugin drops call after call gets here.
    pub(crate) fn is_overfull(&self) -> bool {
        self.lock().overfull
    }

    /// All effects, for a call that is about to be sent; `None` if one of them was left out.
    pub(crate) fn carry(&self) -> Option<(Vec<Effect>, Carried)> {
        let mut state = self.lock();
        (!state.overfull).then(|| state.carry())
    }

    /// Drops what a call carried, if it succeeded.
    pub(crate) fn settle<T>(&self, carried: Carried, answer: &Result<T, CallError>) {
        if answer.is_ok() {
            self.acknowledge(carried);
        }
    }

    fn acknowledge(&self, carried: Carried) {
        let mut state = self.lock();
        while state
            .pending
            .pop_front_if(|first| first.sequence <= carried.0)
            .is_some()
        {}
    }

    /// All effects, for the flush task; `None` if calls have carried them and were answered.
    pub(crate) fn flush(&self) -> Option<(Effects, Carried)> {
        let mut state = self.lock();
        state.asked = None;
        let (effects, carried) = state.carry();
        let connection = self.connection;
        (!effects.is_empty()).then_some((
            Effects {
                connection,
                effects,
            },
            carried,
        ))
    }

    // Asks under the lock, so that the task's visit and the next question cannot pass each other.
    fn ask(self: &Arc<Self>, mut state: MutexGuard<'_, State>, urgency: Urgency) {
        if state.asked < Some(urgency) {
            state.asked = Some(urgency);
            self.flush.ask(Arc::clone(self), urgency);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn carry(&mut self) -> (Vec<Effect>, Carried) {
        self.carried = self.next - 1;
        (
            self.pending.iter().cloned().collect(),
            Carried(self.carried),
        )
    }

    fn push(&mut self, kind: EffectKind) -> u64 {
        let sequence = self.next;
        // The last place is for the effect that closes the Connection.
        let closes = kind == EffectKind::Close;
        let room = limits::EFFECTS as usize - usize::from(!closes);
        if self.pending.len() < room {
            self.next += 1;
            self.pending.push_back(Effect { sequence, kind });
        } else {
            self.overfull = true;
        }
        sequence
    }
}

/// Closes a row set when it is dropped, unless the host has said that it is over.
#[derive(Debug)]
pub(crate) struct RowSetGuard {
    effects: Arc<EffectQueue>,
    row_set: RowSetId,
    over: bool,
}

impl RowSetGuard {
    pub(crate) fn new(effects: Arc<EffectQueue>, row_set: RowSetId) -> Self {
        Self {
            effects,
            row_set,
            over: false,
        }
    }

    pub(crate) fn row_set(&self) -> RowSetId {
        self.row_set
    }

    /// The row set needs no closing any more.
    pub(crate) fn over(&mut self) {
        self.over = true;
    }
}

impl Drop for RowSetGuard {
    fn drop(&mut self) {
        if !self.over {
            let kind = EffectKind::CloseRowSet {
                row_set: self.row_set,
            };
            self.effects.queue(kind, Urgency::Soon);
        }
    }
}

#[cfg(test)]
mod tests;
