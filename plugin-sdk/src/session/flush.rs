//! The task that sends what no call picked up.

use std::sync::{Arc, Weak};
use std::time::Duration;

use onepool_proto::id::UploadId;
use onepool_proto::message::{Effects, Uploaded};
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
pub(crate) struct FlushQueue(mpsc::UnboundedSender<FlushRequest>);

/// What the task takes its work from.
pub(super) type FlushRequests = mpsc::UnboundedReceiver<FlushRequest>;

/// What is to be told to the host without anybody waiting for it.
#[derive(Debug)]
pub(super) enum FlushRequest {
    /// The effects of a Connection.
    Effects(Arc<EffectQueue>, Urgency),
    /// The parts of a large request that will not be complete.
    Abandon(UploadId),
}

impl FlushQueue {
    /// A queue that nobody serves.
    #[cfg(test)]
    pub(crate) fn unserved() -> Self {
        Self::new().0
    }

    pub(super) fn new() -> (Self, FlushRequests) {
        let (tx, rx) = mpsc::unbounded_channel();
        (Self(tx), rx)
    }

    pub(crate) fn ask(&self, effects: Arc<EffectQueue>, urgency: Urgency) {
        self.send(FlushRequest::Effects(effects, urgency));
    }

    pub(crate) fn abandon(&self, upload: UploadId) {
        self.send(FlushRequest::Abandon(upload));
    }

    fn send(&self, request: FlushRequest) {
        // Without a task the session is over, and the host has cleaned up by itself.
        let _ = self.0.send(request);
    }
}

/// What has been asked for and is not yet due.
#[derive(Default)]
struct Waiting {
    queues: Vec<Arc<EffectQueue>>,
    uploads: Vec<UploadId>,
    due: Option<Instant>,
}

impl Waiting {
    fn add(&mut self, request: FlushRequest) {
        let urgency = match request {
            FlushRequest::Effects(queue, urgency) => {
                self.queues.push(queue);
                urgency
            }
            FlushRequest::Abandon(upload) => {
                self.uploads.push(upload);
                Urgency::Soon
            }
        };
        let due = Instant::now() + urgency.delay();
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Takes requests until the most urgent one is due; `None` when the session has ended.
    async fn gather(requests: &mut FlushRequests) -> Option<Self> {
        let mut waiting = Self::default();
        waiting.add(requests.recv().await?);
        while let Some(due) = waiting.due
            && let Ok(Some(request)) = timeout_at(due, requests.recv()).await
        {
            waiting.add(request);
        }
        Some(waiting)
    }
}

/// Serves the session's requests until it ends.
pub(super) async fn run(session: Weak<Session>, mut requests: FlushRequests) {
    let mut flushes = JoinSet::new();
    while let Some(waiting) = Waiting::gather(&mut requests).await {
        let Some(session) = session.upgrade() else {
            return;
        };
        while flushes.try_join_next().is_some() {}
        if flushes.len() >= FLUSHES {
            flushes.join_next().await;
        }
        flushes.spawn(async move {
            abandon(&session, waiting.uploads).await;
            flush(&session, &waiting.queues).await;
        });
    }
}

/// Says that the requests are complete with a length that they cannot have: the host refuses them
/// and forgets their parts.
async fn abandon(session: &Session, uploads: Vec<UploadId>) {
    for upload in uploads {
        let length = u64::MAX;
        // A refusal is what is wanted; without an answer the session is over.
        let _ = session
            .uploaded(Deadline::NONE, Uploaded { upload, length })
            .await;
    }
}

/// Sends what waits in `queues`. What is not answered waits for the next call or flush.
async fn flush(session: &Session, queues: &[Arc<EffectQueue>]) {
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
