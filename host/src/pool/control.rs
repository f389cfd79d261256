//! The control backend: cancels statements, and watches that closed backends are gone.

use std::time::{Duration, Instant};

use onepool_proto::Failure;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::db::{self, Allowance, Driver, Identity, Source};

/// Questions that may wait for the control backend.
const QUEUE: usize = 1024;
/// Between two looks at whether a backend is gone, at first and at most.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const LOOK_RARELY: Duration = Duration::from_millis(200);
/// How long a host that stops, or has opened its control backend anew, waits for a backend that does
/// not go.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
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
    answer: oneshot::Sender<Answer>,
}

#[derive(Clone, Debug)]
enum Question {
    /// Cancel what this backend runs. The answer says whether it was told.
    Cancel(Identity),
    /// End this backend, which is closed on this side and does not go.
    Terminate(Identity),
    /// Does the database still list this backend?
    Lists(Identity),
    /// Is this backend at work?
    Works(Identity),
    /// How many backends may there be?
    Allowance,
    /// What is missing to cancel what this backend of another login runs?
    Lacks(Identity, String),
}

/// Nothing, if the database could not be asked.
#[derive(Debug, Default)]
enum Answer {
    #[default]
    Nothing,
    /// The control backend is gone, and so seems the database.
    Down(Failure),
    Yes,
    No,
    Allowed(Allowance),
    Missing(String),
}

impl Answer {
    fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl Control {
    /// Opens the control backend. If the server has no room, it is asked again for this long.
    pub(super) async fn start(source: Source, patience: Duration) -> Result<Self, Failure> {
        let driver = source.connect_when_there_is_room(patience).await?;
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

    /// Returns when the database no longer lists a backend that is closed on this side. What it
    /// still runs is ended, for it keeps its place in the cap.
    ///
    /// A database that cannot be asked may still have it: it is asked again, and `down` is told where
    /// it cannot be reached. What does not go keeps nobody from stopping.
    pub(super) async fn wait_until_gone(
        &self,
        backend: Identity,
        stopping: &CancellationToken,
        down: impl Fn(Failure),
    ) {
        let too_long = async {
            stopping.cancelled().await;
            tokio::time::sleep(STOP_PATIENCE).await;
        };
        let process = backend.process;
        tokio::select! {
            () = self.look_until_gone(backend, stopping, down) => (),
            () = too_long => tracing::warn!(process, "the database still has a backend that was closed"),
        }
    }

    async fn look_until_gone(
        &self,
        backend: Identity,
        stopping: &CancellationToken,
        down: impl Fn(Failure),
    ) {
        let mut pause = LOOK_AGAIN;
        loop {
            match self.ask(Question::Lists(backend.clone())).await {
                Answer::Yes if pause < LOOK_RARELY => (),
                Answer::Yes => drop(self.ask(Question::Terminate(backend.clone())).await),
                Answer::No => return,
                // Who stops has nothing left that needs the place.
                _ if stopping.is_cancelled() => return,
                Answer::Down(failure) => {
                    down(failure);
                    pause = LOOK_RARELY;
                }
                _ => pause = LOOK_RARELY,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_RARELY);
        }
    }

    /// Whether a backend is at work; false if the database cannot be asked.
    pub(super) async fn works(&self, identity: Identity) -> bool {
        matches!(self.ask(Question::Works(identity)).await, Answer::Yes)
    }

    /// How many backends the database lets the host have, as far as it tells.
    pub(super) async fn allowance(&self) -> Option<Allowance> {
        match self.ask(Question::Allowance).await {
            Answer::Allowed(allowance) => Some(allowance),
            _ => None,
        }
    }

    /// What somebody must run so that this backend, of the login `user`, can be cancelled and
    /// watched.
    pub(super) async fn lacks_to_reach(&self, other: Identity, user: &str) -> Option<String> {
        match self.ask(Question::Lacks(other, user.to_owned())).await {
            Answer::Missing(statement) => Some(statement),
            _ => None,
        }
    }

    async fn ask(&self, question: Question) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self
            .requests
            .send(Request { question, answer })
            .await
            .is_err()
        {
            return Answer::Nothing;
        }
        answered.await.unwrap_or_default()
    }
}

/// The control backend's link, which is opened anew when it breaks.
struct Link {
    source: Source,
    driver: Option<Driver>,
    /// Those of which only this side of the link is known to be gone. The database may go on counting
    /// them, for hours if the network swallowed the end, so they are ended before anything else.
    left_behind: Vec<Identity>,
    ended: CancellationToken,
}

async fn serve(
    source: Source,
    driver: Driver,
    mut requests: mpsc::Receiver<Request>,
    ended: CancellationToken,
) {
    let mut link = Link {
        source,
        driver: Some(driver),
        left_behind: Vec::new(),
        ended: ended.clone(),
    };
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            () = ended.cancelled() => None,
        };
        let Some(Request { question, answer }) = request else {
            break;
        };
        let said = link.find_out(&question).await;
        let _ = answer.send(said.unwrap_or_default());
    }
    if let Some(driver) = link.driver {
        driver.close().await;
    }
}

impl Link {
    /// Puts a question to the control backend, and to another one if that fails.
    async fn find_out(&mut self, question: &Question) -> Option<Answer> {
        for _ in 0..ATTEMPTS {
            let open = match self.open().await {
                Ok(open) => open,
                Err(failure) if failure.database.is_none() => return Some(Answer::Down(failure)),
                Err(_) => return None,
            };
            match put(open, question).await {
                Ok(answer) => return Some(answer),
                Err(failure) => {
                    tracing::warn!(code = %failure.code, "the control backend failed: {failure}");
                    // What is not the database's own error may have left the link out of step.
                    if db::is_broken(&failure) || failure.database.is_none() {
                        self.lose();
                        pause(&self.ended).await;
                    } else {
                        // It would say the same again.
                        return None;
                    }
                }
            }
        }
        None
    }

    /// The control backend, in the slot that it never gave up.
    async fn open(&mut self) -> Result<&mut Driver, Failure> {
        let driver = match self.driver.take() {
            Some(driver) => driver,
            None => self.connect().await?,
        };
        Ok(self.driver.insert(driver))
    }

    /// Opens it anew, and ends those before it that the database still has.
    async fn connect(&mut self) -> Result<Driver, Failure> {
        let opened = self.source.connect().await;
        if let Err(failure) = &opened {
            tracing::warn!(code = %failure.code, "cannot reopen the control backend: {failure}");
            pause(&self.ended).await;
        }
        let mut driver = opened?;
        while let Some(old) = self.left_behind.last() {
            if let Err(failure) = end(&mut driver, old).await {
                self.left_behind.push(driver.identity());
                return Err(failure);
            }
            self.left_behind.pop();
        }
        Ok(driver)
    }

    fn lose(&mut self) {
        let lost = self.driver.take().map(|driver| driver.identity());
        self.left_behind.extend(lost);
    }
}

/// Ends a backend that nobody speaks to any more.
async fn end(driver: &mut Driver, old: &Identity) -> Result<(), Failure> {
    let began = Instant::now();
    while driver.lists(old).await? {
        if began.elapsed() > STOP_PATIENCE {
            let process = old.process;
            tracing::warn!(
                process,
                "the database still has a control backend that was lost"
            );
            break;
        }
        driver.terminate(old).await?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn put(driver: &mut Driver, question: &Question) -> Result<Answer, Failure> {
    match question {
        Question::Cancel(victim) => driver.cancel(victim).await.map(Answer::of),
        Question::Terminate(victim) => driver.terminate(victim).await.map(Answer::of),
        Question::Lists(identity) => driver.lists(identity).await.map(Answer::of),
        Question::Works(identity) => driver.works(identity).await.map(Answer::of),
        Question::Lacks(other, user) => {
            let lacks = driver.lacks_to_reach(other, user).await?;
            Ok(lacks.map_or(Answer::Nothing, Answer::Missing))
        }
        Question::Allowance => Ok(match driver.allowance().await? {
            Some(allowance) => Answer::Allowed(allowance),
            None => Answer::Nothing,
        }),
    }
}

async fn pause(ended: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(RECONNECT) => (),
        () = ended.cancelled() => (),
    }
}
