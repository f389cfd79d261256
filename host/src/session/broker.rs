//! The service, as one session offers it.
//!
//! Each function hands its call over before it first waits, which is what keeps calls in order;
//! after that it only waits for the answer, so being aborted loses nothing but the answer.

use std::sync::Arc;

use bytes::Bytes;
use onepool_proto::Failure;
use onepool_proto::codec::Trace;
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

    fn submit<T>(
        &self,
        context: Context,
        call: Call,
        task: impl FnOnce(Answer<T>) -> Task,
    ) -> Waiting<T> {
        let (answer, waiting) = Answer::new();
        let trace = Trace::of(&context);
        self.session.submit(call, trace, task(answer));
        waiting
    }

    /// Waits for an answer. A task that is dropped unanswered belongs to a session that has ended.
    async fn answered<T>(&self, waiting: Waiting<T>) -> Result<T, Failure> {
        let answer = waiting.await;
        let result = answer.unwrap_or_else(|_| Err(super::handles::lost()));
        if let Err(failure) = &result {
            self.note(failure);
        }
        result
    }

    fn note(&self, failure: &Failure) {
        self.session.context.tally.failed(failure);
        #[cfg(feature = "opentelemetry")]
        super::trace::fail(failure);
    }
}

type Waiting<T> = tokio::sync::oneshot::Receiver<Result<T, Failure>>;

impl Broker for Handler {
    async fn echo(self, _: Context, payload: Bytes) -> Bytes {
        payload
    }

    async fn execute(self, context: Context, mut call: Execute) -> Result<ExecuteReply, Failure> {
        let head = Call {
            effects: std::mem::take(&mut call.call.effects),
            ..call.call
        };
        let waiting = self.submit(context, head, |answer| Task::Execute(call, answer));
        self.answered(waiting).await
    }

    async fn fetch(self, context: Context, call: Fetch) -> Result<Page, Failure> {
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
        let waiting = self.submit(context, head, |answer| Task::Fetch(call, answer));
        self.answered(waiting).await
    }

    async fn batch(self, context: Context, call: Batch) -> Result<BatchReply, Failure> {
        let waiting = self.submit(context, call.call.clone(), |answer| {
            Task::Batch(call, answer)
        });
        let reply = self.answered(waiting).await?;
        if let Some(failed) = &reply.failed {
            self.note(&failed.failure);
        }
        Ok(reply)
    }

    async fn prepare(self, context: Context, call: Prepare) -> Result<Prepared, Failure> {
        let waiting = self.submit(context, call.call.clone(), |answer| {
            Task::Prepare(call, answer)
        });
        self.answered(waiting).await
    }

    async fn begin(self, context: Context, call: Begin) -> Result<(), Failure> {
        let waiting = self.submit(context, call.call.clone(), |answer| {
            Task::Begin(call, answer)
        });
        self.answered(waiting).await
    }

    async fn finish(self, context: Context, call: Finish) -> Result<(), Failure> {
        let waiting = self.submit(context, call.call.clone(), |answer| {
            Task::Finish(call, answer)
        });
        self.answered(waiting).await
    }

    async fn ping_database(self, context: Context, call: Call) -> Result<(), Failure> {
        self.answered(self.submit(context, call, Task::Ping)).await
    }

    async fn flush(self, context: Context, calls: Vec<Effects>) -> Result<(), Failure> {
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
                    self.submit(context, call, Task::Effects)
                },
            )
            .collect();
        let mut result = Ok(());
        for waiting in waiting {
            result = self.answered(waiting).await.and(result);
        }
        result
    }

    async fn migration_lock(self, context: Context, call: MigrationLock) -> Result<(), Failure> {
        let take = call.take;
        self.answered(
            self.submit(context, call.call, |answer| Task::MigrationLock {
                take,
                answer,
            }),
        )
        .await
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

    async fn await_shutdown(self, _: Context) -> Result<(), Failure> {
        self.session.context.shutdown.asked().await
    }
}
