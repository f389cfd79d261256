use onepool_proto::Code;
use tokio::time::{Instant, pause, sleep};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::db::{Brake, Source};
use crate::pool::Limit;

/// What a statement is guarded by, without a database that heeds it.
struct Scene {
    interrupter: Interrupter,
    counts: CancelCounts,
    stop: Stop,
}

impl Scene {
    async fn new(unread: Unread) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("x").display());
        let driver = Source::parse(&url).unwrap().connect().await.unwrap();
        let interrupter = driver.interrupter();
        driver.close().await;
        // From here on time passes as soon as everybody waits for it.
        pause();
        Self {
            interrupter,
            counts: CancelCounts::default(),
            stop: Stop {
                brake: Brake::under(&CancellationToken::new()),
                deadline: None,
                unread,
            },
        }
    }

    /// Guards a statement that ends by its `enough`th cancel. Answers why it was cancelled.
    async fn guard(&self, enough: u64, unread: impl Future<Output = ()>) -> Option<Failure> {
        let statement = async {
            while self.counts.read().sent < enough {
                sleep(Duration::from_millis(1)).await;
            }
            Ok::<_, Failure>(())
        };
        let canceller = Canceller {
            interrupter: self.interrupter.clone(),
            control: None,
            counts: &self.counts,
        };
        guarded(statement, canceller, &self.stop, unread).await.1
    }
}

/// A cancel that arrived between a statement's preparing and its running hit nothing, and the
/// statement of a dead plugin ran for as long as it liked.
#[tokio::test]
async fn a_cancel_that_hits_nothing_is_followed_by_another() {
    let scene = Scene::new(Unread::Drain).await;
    scene.stop.brake.pull(db::killed());
    let why = scene.guard(4, std::future::pending()).await;
    assert_eq!(why.unwrap().code, Code::CANCELLED_RUNNING);
    assert_eq!(scene.counts.read().sent, 4);
}

#[tokio::test]
async fn cancels_of_what_does_not_end_grow_rare() {
    let scene = Scene::new(Unread::Drain).await;
    scene.stop.brake.pull(db::killed());
    let began = Instant::now();
    scene.guard(20, std::future::pending()).await;
    assert!(began.elapsed() > Duration::from_secs(10));
}

#[tokio::test]
async fn what_nobody_reads_is_drained_for_a_while() {
    let scene = Scene::new(Unread::Drain).await;
    let began = Instant::now();
    scene.guard(1, std::future::ready(())).await;
    assert!(began.elapsed() >= DRAIN_TIMEOUT, "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_only_reads_and_nobody_reads_is_cancelled_at_once() {
    let scene = Scene::new(Unread::Cancel).await;
    let began = Instant::now();
    scene.guard(1, std::future::ready(())).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_deadline_cancels_and_is_the_reason() {
    let mut scene = Scene::new(Unread::Drain).await;
    scene.stop.deadline = by((Instant::now() + Duration::from_secs(5)).into_std());
    let why = scene.guard(1, std::future::pending()).await;
    assert_eq!(why.unwrap().code, Code::DEADLINE_EXCEEDED);
    let reason = scene.stop.brake.reason().unwrap();
    assert_eq!(reason.code, Code::DEADLINE_EXCEEDED);
}

#[tokio::test]
async fn what_comes_too_late_does_not_begin() {
    let mut scene = Scene::new(Unread::Drain).await;
    assert_eq!(too_late(&scene.stop), None);
    scene.stop.deadline = by(std::time::Instant::now());
    let code = |stop| too_late(stop).map(|why| why.code);
    assert_eq!(code(&scene.stop), Some(Code::DEADLINE_EXCEEDED));
    scene.stop.brake.pull(db::killed());
    assert_eq!(code(&scene.stop), Some(Code::CANCELLED_WAITING));
}

fn by(at: std::time::Instant) -> Option<Deadline> {
    let of = Limit::Call;
    Some(Deadline { at, of })
}
