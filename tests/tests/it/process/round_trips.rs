//! What crosses the wire, counted. When one of these numbers grows, every plugin gets slower.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_proto::codec::{HostCodec, PluginFrame};
use onepool_proto::handshake::{self, HEADER_BYTES};
use onepool_proto::limits;
use onepool_proto::service::BrokerRequest;
use onepool_sdk::{
    BatchExecutor, BatchMode, Endpoint, OnepoolArguments, OnepoolConnectOptions, OnepoolPool,
    OnepoolPoolOptions,
};
use sqlx::{Acquire, Connection};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::Decoder;

use super::place::eventually;

/// How often each function of the service was called.
type Calls = BTreeMap<&'static str, u32>;

/// A socket before that of the host, which reads along.
struct Relay {
    endpoint: Endpoint,
    calls: Arc<Mutex<Calls>>,
    _folder: TempDir,
}

impl Relay {
    fn before(host: &Host) -> Self {
        let folder = tempfile::Builder::new().prefix("onepool-").tempdir();
        let folder = folder.unwrap();
        let path = folder.path().join("relay");
        let listener = UnixListener::bind(&path).unwrap();
        let calls = Arc::<Mutex<Calls>>::default();
        let (host, counted) = (host.endpoint().clone(), Arc::clone(&calls));
        tokio::spawn(async move {
            while let Ok((plugin, _)) = listener.accept().await {
                let host = UnixStream::connect(host.path().unwrap()).await.unwrap();
                tokio::spawn(pass_on(plugin, host, Arc::clone(&counted)));
            }
        });
        Self {
            endpoint: Endpoint::unix(path).unwrap(),
            calls,
            _folder: folder,
        }
    }

    /// The calls since the last time.
    fn take(&self) -> Calls {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

async fn pass_on(plugin: UnixStream, host: UnixStream, calls: Arc<Mutex<Calls>>) {
    let (mut from_plugin, mut to_plugin) = plugin.into_split();
    let (mut from_host, mut to_host) = host.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_host, &mut to_plugin).await });
    let mut header = [0; HEADER_BYTES];
    from_plugin.read_exact(&mut header).await.unwrap();
    let mut hello = vec![0; handshake::body_length(header).unwrap()];
    from_plugin.read_exact(&mut hello).await.unwrap();
    to_host.write_all(&header).await.unwrap();
    to_host.write_all(&hello).await.unwrap();
    let mut codec = HostCodec::new(limits::FRAME_BYTES);
    let (mut seen, mut chunk) = (bytes::BytesMut::new(), vec![0; 64 * 1024]);
    while let Ok(length @ 1..) = from_plugin.read(&mut chunk).await {
        seen.extend_from_slice(&chunk[..length]);
        while let Some(frame) = codec.decode(&mut seen).unwrap() {
            let name = match frame {
                PluginFrame::Call { request, .. } => name_of(&request),
                PluginFrame::Cancel { .. } => "cancel",
            };
            *calls.lock().unwrap().entry(name).or_default() += 1;
        }
        if to_host.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}

fn name_of(request: &BrokerRequest) -> &'static str {
    match request {
        BrokerRequest::Echo { .. } => "echo",
        BrokerRequest::Execute { .. } => "execute",
        BrokerRequest::Fetch { .. } => "fetch",
        BrokerRequest::Batch { .. } => "batch",
        BrokerRequest::Prepare { .. } => "prepare",
        BrokerRequest::Begin { .. } => "begin",
        BrokerRequest::Finish { .. } => "finish",
        BrokerRequest::PingDatabase { .. } => "ping database",
        BrokerRequest::Flush { .. } => "flush",
        BrokerRequest::MigrationLock { .. } => "migration lock",
        BrokerRequest::Upload { .. } => "upload",
        BrokerRequest::Uploaded { .. } => "uploaded",
        BrokerRequest::AwaitShutdown {} => "await_shutdown",
    }
}

struct Scene {
    host: Host,
    relay: Relay,
    pool: OnepoolPool,
    _file: onepool_tests::SqliteFile,
}

impl Scene {
    async fn new() -> Self {
        let file = onepool_tests::sqlite();
        let host = Host::builder().database(&file.url).max_connections(2);
        let host = host.start().await.unwrap();
        let relay = Relay::before(&host);
        let options = OnepoolConnectOptions::endpoint(relay.endpoint.clone())
            .plugin("counted")
            .token(host.issue_token("counted").unwrap().secret());
        let pool = OnepoolPoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .unwrap();
        sqlx::raw_sql("CREATE TABLE t (n INTEGER)")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(relay.take(), Calls::from([("execute", 1)]));
        Self {
            host,
            relay,
            pool,
            _file: file,
        }
    }

    /// What has been called since the last time. A release may be on its own way (`flush`): it is
    /// not waited for, so it does not count.
    fn calls(&self) -> Calls {
        let mut calls = self.relay.take();
        calls.remove("flush");
        calls
    }
}

const INSERT: &str = "INSERT INTO t VALUES (?)";

#[tokio::test]
async fn what_only_concerns_the_plugin_costs_nothing() {
    let scene = Scene::new().await;
    for _ in 0..20 {
        let mut connection = scene.pool.acquire().await.unwrap();
        connection.ping().await.unwrap();
        drop(connection);
    }
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(scene.pool.acquire().await.unwrap());
    }
    for connection in held {
        connection.close().await.unwrap();
    }
    let empty = scene.pool.begin().await.unwrap();
    empty.commit().await.unwrap();
    let empty = scene.pool.begin().await.unwrap();
    empty.rollback().await.unwrap();
    drop(scene.pool.begin().await.unwrap());
    let mut outer = scene.pool.begin().await.unwrap();
    outer.begin().await.unwrap().commit().await.unwrap();
    outer.commit().await.unwrap();
    assert_eq!(scene.calls(), Calls::new());
    scene.host.stop().await;
}

#[tokio::test]
async fn a_statement_whose_rows_fit_a_page_costs_one() {
    let scene = Scene::new().await;
    for round in 0..3 {
        sqlx::query(INSERT)
            .bind(round)
            .execute(&scene.pool)
            .await
            .unwrap();
        assert_eq!(scene.calls(), Calls::from([("execute", 1)]));
    }
    let select = "SELECT n FROM t ORDER BY n";
    let rows = sqlx::query(select).fetch_all(&scene.pool).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(scene.calls(), Calls::from([("execute", 1)]));
    sqlx::query(select).fetch_one(&scene.pool).await.unwrap();
    assert_eq!(scene.calls(), Calls::from([("execute", 1)]));
    sqlx::query("SELECT n FROM nowhere")
        .fetch_one(&scene.pool)
        .await
        .unwrap_err();
    assert_eq!(scene.calls(), Calls::from([("execute", 1)]));
    scene.host.stop().await;
}

#[tokio::test]
async fn a_transaction_costs_its_statements_and_its_commit() {
    let scene = Scene::new().await;
    let mut transaction = scene.pool.begin().await.unwrap();
    assert_eq!(scene.calls(), Calls::new());
    for n in 0..3 {
        sqlx::query(INSERT)
            .bind(n)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    assert_eq!(scene.calls(), Calls::from([("execute", 3)]));
    transaction.commit().await.unwrap();
    assert_eq!(scene.calls(), Calls::from([("finish", 1)]));

    // A dropped one is not waited for, and undone all the same.
    let mut transaction = scene.pool.begin().await.unwrap();
    sqlx::query(INSERT)
        .bind(9)
        .execute(&mut *transaction)
        .await
        .unwrap();
    drop(transaction);
    assert_eq!(scene.calls(), Calls::from([("execute", 1)]));
    eventually("the rollback", async || {
        scene.host.pool_stats().backends.leased == 0
    })
    .await;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t")
        .fetch_one(&scene.pool)
        .await
        .unwrap();
    assert_eq!(count, 3);
    assert_eq!(scene.calls(), Calls::from([("execute", 1)]));
    scene.host.stop().await;
}

#[tokio::test]
async fn many_sets_of_arguments_cost_one() {
    let scene = Scene::new().await;
    let mut connection = scene.pool.acquire().await.unwrap();
    let set = |n: i64| OnepoolArguments::default().bind(n).unwrap();
    let sets: Vec<_> = (0..500).map(set).collect();
    let results = connection
        .execute_batch(INSERT, sets, BatchMode::AllOrNothing)
        .await
        .unwrap();
    assert_eq!(results.len(), 500);
    assert_eq!(scene.calls(), Calls::from([("batch", 1)]));
    drop(connection);
    scene.host.stop().await;
}

#[tokio::test]
async fn rows_cost_one_for_each_page() {
    let scene = Scene::new().await;
    // 512 rows of 1 KiB: eight pages of 64 KiB, or one or two more, as rows are not cut.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 512) \
               SELECT randomblob(1024) FROM n";
    let mut rows = sqlx::query(sql).fetch(&scene.pool);
    let mut count = 0;
    while rows.try_next().await.unwrap().is_some() {
        count += 1;
    }
    drop(rows);
    assert_eq!(count, 512);
    let calls = scene.calls();
    assert_eq!(calls.get("execute"), Some(&1));
    let fetches = calls.get("fetch").copied().unwrap_or(0);
    assert!((7..=10).contains(&fetches), "{calls:?}");
    scene.host.stop().await;
}
