//! Calls under way.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use onepool_proto::service::BrokerResponse;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::{Line, LineError, lock};
use crate::session::thread;

type Answer = Result<BrokerResponse, LineError>;

/// Who waits for which answer.
#[derive(Debug, Default)]
pub(super) struct CallTable {
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    closed: bool,
}

impl CallTable {
    /// Hands an answer to whoever waits for it. The caller may have gone in the meantime.
    pub(super) fn answer(&mut self, id: u64, response: BrokerResponse) {
        self.finish(id, Ok(response));
    }

    fn finish(&mut self, id: u64, answer: Answer) {
        if let Some(waiting) = self.waiting.remove(&id) {
            let _ = waiting.send(answer);
        }
    }

    /// Takes no more calls and drops those under way, which tells their callers.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.waiting.clear();
    }
}

/// A call under way. Dropped before its answer has come, it tells the host.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    line: &'a Arc<Line>,
    id: u64,
    answer: oneshot::Receiver<Answer>,
}

impl<'a> UnderWay<'a> {
    /// Enters a call into the table; also tells whether it is as good as alone there.
    pub(super) fn begin(line: &'a Arc<Line>, id: u64) -> Result<(Self, bool), LineError> {
        let (sender, answer) = oneshot::channel();
        let mut calls = lock(&line.calls);
        if calls.closed {
            return Err(LineError::Lost);
        }
        // The host is asked all the time whether this process is to end.
        let alone = calls.waiting.len() <= 1;
        calls.waiting.insert(id, sender);
        Ok((Self { line, id, answer }, alone))
    }

    /// Gives up at this time, so that a host which answers nothing is not waited for.
    pub(super) fn expire(&self, at: Instant) -> Option<Expiry> {
        let (line, id) = (Arc::downgrade(self.line), self.id);
        let task = thread::spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            if let Some(line) = line.upgrade() {
                lock(&line.calls).finish(id, Err(LineError::Late));
                line.cancel(id);
            }
        });
        // Without a thread there is no session either.
        task.ok().map(|task| Expiry(task.abort_handle()))
    }

    pub(super) async fn answered(mut self) -> Answer {
        (&mut self.answer).await.unwrap_or(Err(LineError::Lost))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        // Still in the table: neither answered nor given up.
        let unanswered = lock(&self.line.calls).waiting.remove(&self.id).is_some();
        if unanswered {
            self.line.cancel(self.id);
        }
    }
}

/// Ends a call when its time has come, unless dropped before.
#[derive(Debug)]
pub(super) struct Expiry(AbortHandle);

impl Drop for Expiry {
    fn drop(&mut self) {
        self.0.abort();
    }
}
