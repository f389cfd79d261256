use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::message::FinishHow;
use onepool_proto::{Code, Failure};
use tokio::sync::oneshot;

use crate::db::Source;
use crate::pool::{
    Ask, Caller, Finish, Job, Lease, Names, Patience, Pool, PoolConfig, PoolTimes, Purpose, Quota,
    Setup, Step,
};

/// A pool of one backend.
async fn start(folder: &Path, default_quota: Quota) -> Pool {
    let url = format!("sqlite://{}?mode=rwc", folder.join("x").display());
    let config = PoolConfig {
        source: Source::parse(&url).unwrap(),
        logins: Vec::new(),
        max_connections: 1,
        harmless_functions: Vec::new(),
        quotas: Vec::new(),
        default_quota,
        times: PoolTimes::default(),
        statement_comments: false,
        names: Names::default(),
        label: None,
    };
    Pool::start(config).await.unwrap()
}

async fn acquire(pool: &Pool) -> Result<Lease, Failure> {
    let ask = Ask {
        plugin: Arc::from("p"),
        holder: pool.new_holder(),
        purpose: Purpose::Statement,
        writer: false,
        prefer: None,
    };
    let patience = Patience {
        queue: Duration::from_secs(30),
        deadline: None,
    };
    pool.acquire(ask, None, patience).await
}

/// A statement of it may have been refused for that, so it must not be committed without.
#[tokio::test]
async fn a_transaction_that_took_too_long_is_not_committed() {
    const LIMIT: Duration = Duration::from_millis(20);
    let (folder, quota) = (
        tempfile::tempdir().unwrap(),
        Quota {
            transaction_timeout: Some(LIMIT),
            ..Quota::default()
        },
    );
    let pool = start(folder.path(), quota).await;
    let mut lease = acquire(&pool).await.unwrap();
    let setup = |before| Setup {
        settings: Arc::default(),
        before,
        in_transaction: true,
        quota: Some(pool.quota(&Arc::from("p"))),
        tally: Arc::default(),
        waited: Duration::ZERO,
        caller: Caller {
            plugin: Arc::from("p"),
            trace: None,
        },
    };
    let (done, begun) = oneshot::channel();
    let begin = vec![Step::Begin("BEGIN IMMEDIATE".to_owned())];
    lease.send(Job::Steps {
        setup: Box::new(setup(begin)),
        done,
    });
    begun.await.unwrap().unwrap();
    // The owner shares this thread: it finds the commit there before it sees how late it is.
    std::thread::sleep(2 * LIMIT);
    let (done, finished) = oneshot::channel();
    lease.send_last(|lease| {
        Job::Finish(Box::new(Finish {
            setup: setup(Vec::new()),
            depth: 0,
            how: FinishHow::Commit,
            done,
            lease: Some(lease),
        }))
    });
    let failure = finished.await.unwrap().result.unwrap_err();
    assert_eq!(failure.code, Code::LEASE_REVOKED, "{failure:?}");
    assert_eq!(pool.stats().revoked, 1);
    drop(acquire(&pool).await.unwrap());
    pool.stop().await;
}

/// A panic takes its backend with it and nothing else: the caller is told, the slot comes back.
#[tokio::test]
async fn a_panic_ends_one_backend() {
    let folder = tempfile::tempdir().unwrap();
    let pool = start(folder.path(), Quota::default()).await;
    let mut lease = acquire(&pool).await.unwrap();
    lease.send(Job::Panic);
    let (done, answered) = tokio::sync::oneshot::channel();
    lease.send(Job::Ping { done, lease: None });
    assert!(answered.await.is_err() || lease.revoked().is_some());
    let next = acquire(&pool).await.unwrap();
    drop((lease, next));
    let stats = pool.stats();
    assert_eq!((stats.panicked, stats.peak), (1, 1));
    pool.stop().await;
}
