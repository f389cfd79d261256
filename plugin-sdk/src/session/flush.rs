//! The task that sends what no call picked up.

use std::sync::{Arc, Weak};
use std::time::Duration;

use onepool_proto::message::Effects;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::Session;
use crate::deadline::Deadline;
use crate::effects::{Carried, EffectQueue};

/// Effects in one flush: a fraction of a frame.
const FLUSH_EFFECTS: usize = 8192;
/// Flushes under way at once: one waits for the slowest rollback in it, and others need not.
const FLUSHES: usize = 16;

/// How soon effects must reach the host if no call takes them there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Nobody waits for it: pinned state that a pool gave back.
    Later,
    /// Others may wait for what it frees.
    Soon,
}

impl Urgency {
    fn delay(self) -> Duration {
        Duration::from_millis(match self {
            Self::Later => 20,
            Self::Soon => 1,
        })
    }
}

/// Where Connections ask for a flush.
///
/// Bounded by the number of Connections: each asks once for each urgency until it was visited.
#[derive(Clone, Debug)]
pub(crate) struct FlushQueue(mpsc::UnboundedSender<(Arc<EffectQueue>, Urgency)>);

/// What the task takes its work from.
pub(super) type FlushRequests = mpsc::UnboundedReceiver<(Arc<EffectQueue>, Urgency)>;

impl FlushQueue {
    pub(super) fn new() -> (Self, FlushRequests) {
        let (tx, rx) = mpsc::unbounded_channel();
        (Self(tx), rx)
    }

    pub(crate) fn ask(&self, effects: Arc<EffectQueue>, urgency: Urgency) {
        // Without a task the session is over, and the host has cleaned up by itself.
        let _ = self.0.send((effects, urgency));
    }
}

/// Serves the session's requests until it ends.
pub(super) async fn run(session: Weak<Session>, mut requests: FlushRequests) {
    let mut flushes = JoinSet::new();
    while let Some((first, urgency)) = requests.recv().await {
        let mut queues = vec![first];
        let mut due = Instant::now() + urgency.delay();
        while let Ok(Some((queue, urgency))) = timeout_at(due, requests.recv()).await {
            queues.push(queue);
            due = due.min(Instant::now() + urgency.delay());
        }
        let Some(session) = session.upgrade() else {
            return;
        };
        while flushes.len() >= FLUSHES || flushes.try_join_next().is_some() {
            flushes.join_next().await;
        }
        flushes.spawn(flush(session, queues));
    }
}

/// Sends what waits in `queues`. What is not answered waits for the next call or flush.
async fn flush(session: Arc<Session>, queues: Vec<Arc<EffectQueue>>) {
    let mut waiting = queues.iter().peekable();
    while waiting.peek().is_some() {
        let mut batch: Vec<Effects> = Vec::new();
        let mut taken: Vec<(&EffectQueue, Carried)> = Vec::new();
        let mut count = 0;
        while count < FLUSH_EFFECTS
            && let Some(queue) = waiting.next()
        {
            if let Some((effects, carried)) = queue.flush() {
                count += effects.effects.len();
                batch.push(effects);
                taken.push((queue, carried));
            }
        }
        if batch.is_empty() {
            continue;
        }
        let answer = session.flush(Deadline::NONE, batch).await;
        for (queue, carried) in taken {
            queue.settle(carried, &answer);
        }
    }
}
