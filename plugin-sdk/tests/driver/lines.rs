//! A session's socket under several runtimes, and under more than it can hold.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use futures_util::future::try_join_all;
use onepool_proto::message::Sql;
use onepool_proto::service::BrokerRequest;
use onepool_sdk::OnepoolPool;
use sqlx_core::query::query;
use tokio::runtime::{Builder, Runtime};

use crate::answers::{execute_reply, words};
use crate::host::{Event, Host, Reply};
use crate::socket::Socket;

const SELECT: &str = "SELECT word FROM words";

/// A host that does not answer everything.
fn host() -> Host {
    Host::scripted(|request| match request {
        BrokerRequest::Execute { call } => Some(match &call.sql {
            Sql::Text(text) if text == "NEVER" => Reply::Never,
            _ => Reply::Now(execute_reply(words(&["a"]))),
        }),
        _ => None,
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn select(pool: &OnepoolPool, times: usize) {
    for _ in 0..times {
        let row = query(SELECT).fetch_one(pool).await;
        assert!(row.is_ok(), "{row:?}");
    }
}

#[test]
fn runtimes_share_a_session_at_the_same_time() {
    let host = host();
    let socket = Socket::listen(&host);
    let url = socket.url();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                runtime().block_on(async {
                    let pool = OnepoolPool::connect(&url).await.unwrap();
                    let callers = (0..8).map(|_| select(&pool, 50));
                    futures_util::future::join_all(callers).await;
                });
            });
        }
    });
    assert_eq!(host.sessions(), 1);
}

#[test]
fn a_runtime_that_ends_leaves_the_others_their_session() {
    let host = host();
    let socket = Socket::listen(&host);
    let url = socket.url();
    let stays = runtime();
    let pool = stays.block_on(OnepoolPool::connect(&url)).unwrap();
    for _ in 0..5 {
        let ends = runtime();
        ends.block_on(async {
            let pool = OnepoolPool::connect(&url).await.unwrap();
            select(&pool, 1).await;
            tokio::spawn(async move {
                let _ = sqlx_core::raw_sql::raw_sql("NEVER").execute(&pool).await;
            });
            tokio::task::yield_now().await;
        });
        drop(ends);
        stays.block_on(select(&pool, 10));
    }
    assert_eq!(host.sessions(), 1);
}

/// Wakes a thread that waits for a future without a runtime.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

/// Where the last runtime that read the line has ended, the thread of all sessions reads it again.
#[test]
fn a_connection_outlives_all_runtimes() {
    let host = host();
    let socket = Socket::listen(&host);
    let ends = runtime();
    let mut connection = ends.block_on(async {
        let pool = OnepoolPool::connect(&socket.url()).await.unwrap();
        pool.acquire().await.unwrap().detach()
    });
    drop(ends);
    let (answered, answer) = mpsc::channel();
    thread::spawn(move || {
        let row = wait_for(query(SELECT).fetch_one(&mut connection));
        let _ = answered.send(row.map(|_| ()));
    });
    let row = answer.recv_timeout(Duration::from_secs(30));
    row.expect("nobody reads the line").unwrap();
    assert_eq!(host.sessions(), 1);
}

#[tokio::test]
async fn a_caller_who_gives_up_is_taken_off_the_line() {
    let host = host();
    let socket = Socket::listen(&host);
    let pool = OnepoolPool::connect(&socket.url()).await.unwrap();
    let never = sqlx_core::raw_sql::raw_sql("NEVER").execute(&pool);
    let given_up = tokio::time::timeout(Duration::from_millis(20), never).await;
    assert!(given_up.is_err());
    select(&pool, 1).await;
    let is_cancel = |event: &&Event| matches!(event, Event::Cancel);
    let cancels = host.look(|events| events.iter().filter(is_cancel).count());
    assert_eq!(cancels, 1);
}

#[tokio::test]
async fn more_than_a_socket_holds_goes_out_bit_by_bit() {
    let host = host();
    let socket = Socket::listen(&host);
    let pool = OnepoolPool::connect(&socket.url()).await.unwrap();
    let large = "x".repeat(200_000);
    let callers = (0..100).map(|_| query("SELECT ?").bind(&large).fetch_one(&pool));
    assert_eq!(try_join_all(callers).await.unwrap().len(), 100);
}
