//! The service, as one session offers it.
//!
//! Each function hands its call over before it first waits, which is what keeps calls in order;
//! after that it only waits for the answer, so being aborted loses nothing but the answer.

use std::sync::Arc;

use bytes::Bytes;
use onepool_proto::Failure;
use onepool_proto::message::{
    Batch, BatchReply, Begin, Call, Effects, Execute, ExecuteReply, Fetch, Finish, LargeRequest,
    MigrationLock, Prepare, Prepared, UploadPart, Uploaded, UploadedReply,
};
use onepool_proto::page::Page;
use onepool_proto::service::Broker;
use tarpc::context::Context;

use super::handles::Session;
use super::operation::{Answer, Task};

/// Serves one request.
#[derive(Clone)]
pub(super) struct Handler {
    session: Arc<Session>,
}

impl Handler {
    pub(super) fn new(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
        }
    }

    fn submit<T>(&self, call: Call, task: impl FnOnce(Answer<T>) -> Task) -> Waiting<T> {
        let (answer, waiting) = Answer::new();
        self.session.submit(call, task(answer));
        waiting
    }
}

type Waiting<T> = tokio::sync::oneshot::Receiver<Result<T, Failure>>;

/// Waits for an answer. A task that is dropped unanswered belongs to a session that has ended.
async fn answered<T>(waiting: Waiting<T>) -> Result<T, Failure> {
    waiting
        .await
        .unwrap_or_else(|_| Err(super::handles::lost()))
}

impl Broker for Handler {
    async fn echo(self, _: Context, payload: Bytes) -> Bytes {
        payload
    }

    async fn execute(self, _: Context, call: Execute) -> Result<ExecuteReply, Failure> {
        let waiting = self.submit(call.call.clone(), |answer| Task::Execute(call, answer));
        answered(waiting).await
    }

    async fn fetch(self, _: Context, call: Fetch) -> Result<Page, Failure> {
        let Fetch {
            connection,
            deadline_ms,
            ..
        } = call;
        let head = Call {
            connection,
            effects: Vec::new(),
            deadline_ms,
        };
        let waiting = self.submit(head, |answer| Task::Fetch(call, answer));
        answered(waiting).await
    }

    async fn batch(self, _: Context, call: Batch) -> Result<BatchReply, Failure> {
        let waiting = self.submit(call.call.clone(), |answer| Task::Batch(call, answer));
        answered(waiting).await
    }

    async fn prepare(self, _: Context, call: Prepare) -> Result<Prepared, Failure> {
        let waiting = self.submit(call.call.clone(), |answer| Task::Prepare(call, answer));
        answered(waiting).await
    }

    async fn begin(self, _: Context, call: Begin) -> Result<(), Failure> {
        let waiting = self.submit(call.call.clone(), |answer| Task::Begin(call, answer));
        answered(waiting).await
    }

    async fn finish(self, _: Context, call: Finish) -> Result<(), Failure> {
        let waiting = self.submit(call.call.clone(), |answer| Task::Finish(call, answer));
        answered(waiting).await
    }

    async fn ping_database(self, _: Context, call: Call) -> Result<(), Failure> {
        answered(self.submit(call, Task::Ping)).await
    }

    async fn flush(self, _: Context, calls: Vec<Effects>) -> Result<(), Failure> {
        let waiting: Vec<_> = calls
            .into_iter()
            .map(
                |Effects {
                     connection,
                     effects,
                 }| {
                    let call = Call {
                        connection,
                        effects,
                        deadline_ms: None,
                    };
                    self.submit(call, Task::Effects)
                },
            )
            .collect();
        let mut result = Ok(());
        for waiting in waiting {
            result = answered(waiting).await.and(result);
        }
        result
    }

    async fn migration_lock(self, _: Context, call: MigrationLock) -> Result<(), Failure> {
        let take = call.take;
        answered(self.submit(call.call, |answer| Task::MigrationLock { take, answer })).await
    }

    async fn upload(self, _: Context, part: UploadPart) -> Result<(), Failure> {
        self.session.upload(part)
    }

    async fn uploaded(self, context: Context, call: Uploaded) -> Result<UploadedReply, Failure> {
        // Each of these hands its call over before it first waits, as this function must.
        match self.session.uploaded(&call)? {
            LargeRequest::Execute(call) => self
                .execute(context, call)
                .await
                .map(UploadedReply::Execute),
            LargeRequest::Batch(call) => self.batch(context, call).await.map(UploadedReply::Batch),
            LargeRequest::Prepare(call) => self
                .prepare(context, call)
                .await
                .map(UploadedReply::Prepare),
        }
    }
}
