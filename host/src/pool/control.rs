//! The control backend: cancels statements, and watches that closed backends are gone.

use std::time::Duration;

use onepool_proto::Failure;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::db::{self, Driver, Identity, Source};

/// Questions that may wait for the control backend.
const QUEUE: usize = 1024;
/// Between two looks at whether a backend is gone.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Between two attempts to open the control backend anew.
const RECONNECT: Duration = Duration::from_millis(200);
/// How often a question is asked anew after the link broke before it is given up.
const ATTEMPTS: u32 = 3;

/// Talks to the task that owns the control backend.
#[derive(Debug)]
pub(super) struct Control {
    requests: mpsc::Sender<Request>,
    task: TaskTracker,
    ended: CancellationToken,
}

#[derive(Debug)]
struct Request {
    question: Question,
    answer: oneshot::Sender<bool>,
}

#[derive(Clone, Debug)]
enum Question {
    /// Cancel what this backend runs. The answer says whether it was told.
    Cancel(Identity),
    /// Does the database still list this backend?
    Lists(Identity),
}

impl Control {
    /// Opens the control backend.
    pub(super) async fn start(source: Source) -> Result<Self, Failure> {
        let driver = source.connect().await?;
        let (sender, requests) = mpsc::channel(QUEUE);
        let (task, ended) = (TaskTracker::new(), CancellationToken::new());
        task.spawn(serve(source, driver, requests, ended.clone()));
        Ok(Self {
            requests: sender,
            task,
            ended,
        })
    }

    /// Closes the control backend, after every backend that it watches.
    pub(super) async fn stop(&self) {
        self.ended.cancel();
        self.task.close();
        self.task.wait().await;
    }

    /// Cancels what a backend runs; returns when the database has been told, or cannot be.
    pub(super) async fn cancel(&self, victim: Identity) {
        self.ask(Question::Cancel(victim)).await;
    }

    /// Returns when the database no longer lists a backend, or cannot be asked.
    pub(super) async fn wait_until_gone(&self, identity: Identity) {
        while self.ask(Question::Lists(identity.clone())).await {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn ask(&self, question: Question) -> bool {
        let (answer, answered) = oneshot::channel();
        if self
            .requests
            .send(Request { question, answer })
            .await
            .is_err()
        {
            return false;
        }
        answered.await.unwrap_or(false)
    }
}

async fn serve(
    source: Source,
    driver: Driver,
    mut requests: mpsc::Receiver<Request>,
    ended: CancellationToken,
) {
    let mut driver = Some(driver);
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            () = ended.cancelled() => None,
        };
        let Some(Request { question, answer }) = request else {
            break;
        };
        let mut said = false;
        for _ in 0..ATTEMPTS {
            let Some(open) = &mut driver else {
                driver = reopen(&source, &ended).await;
                if driver.is_none() {
                    break;
                }
                continue;
            };
            match put(open, &question).await {
                Ok(answer) => {
                    said = answer;
                    break;
                }
                Err(failure) => {
                    tracing::warn!(code = %failure.code, "the control backend failed: {failure}");
                    if db::is_broken(&failure) {
                        driver = None;
                    }
                }
            }
        }
        let _ = answer.send(said);
    }
    if let Some(driver) = driver {
        driver.close().await;
    }
}

async fn put(driver: &mut Driver, question: &Question) -> Result<bool, Failure> {
    match question {
        Question::Cancel(victim) => driver.cancel(victim).await,
        Question::Lists(identity) => driver.lists(identity).await,
    }
}

/// Opens the control backend anew, in the slot that it never gave up.
async fn reopen(source: &Source, ended: &CancellationToken) -> Option<Driver> {
    match source.connect().await {
        Ok(driver) => Some(driver),
        Err(failure) => {
            tracing::warn!(code = %failure.code, "cannot reopen the control backend: {failure}");
            tokio::select! {
                () = tokio::time::sleep(RECONNECT) => (),
                () = ended.cancelled() => (),
            }
            None
        }
    }
}
