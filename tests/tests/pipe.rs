//! The whole way over the local socket of this system: a named pipe on Windows, elsewhere a Unix
//! socket. The database is SQLite, so that this runs wherever onepool does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures_util::TryStreamExt;
use onepool_host::{Code, Endpoint, Host, HostError, Plugin};
use onepool_sdk::{OnepoolConnectOptions, OnepoolError, OnepoolPool, OnepoolPoolOptions};
use onepool_tests::SqliteFile;
use sqlx::ConnectOptions;

/// The cap.
const CAP: u32 = 2;

async fn host() -> (Host, SqliteFile) {
    let file = onepool_tests::sqlite();
    let host = Host::builder()
        .database(&file.url)
        .max_connections(CAP)
        .start()
        .await
        .unwrap();
    (host, file)
}

/// How a process that the host did not launch attaches as the plugin of this name. A process has a
/// session for each name.
fn options(host: &Host, plugin: &str) -> OnepoolConnectOptions {
    let token = host.issue_token(plugin).unwrap();
    OnepoolConnectOptions::endpoint(host.endpoint().clone())
        .plugin(plugin)
        .token(token.secret())
}

async fn connect(options: OnepoolConnectOptions) -> sqlx::Result<OnepoolPool> {
    OnepoolPoolOptions::new().connect_with(options).await
}

fn code(error: &sqlx::Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

async fn count(pool: &OnepoolPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM note")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_endpoint_is_of_this_systems_kind() {
    let (host, _file) = host().await;
    let is_pipe = matches!(host.endpoint(), Endpoint::Pipe(_));
    assert_eq!(is_pipe, cfg!(windows), "{}", host.endpoint());
    host.stop().await;
}

#[tokio::test]
async fn a_url_names_the_endpoint() {
    let (host, _file) = host().await;
    let token = host.issue_token("url").unwrap();
    let mut url = options(&host, "url").to_url_lossy();
    url.query_pairs_mut().append_pair("token", token.secret());
    let pool = OnepoolPool::connect(url.as_str()).await.unwrap();
    let seven: i64 = sqlx::query_scalar("SELECT ?")
        .bind(7_i64)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(seven, 7);
    pool.close().await;
    host.stop().await;
}

#[tokio::test]
async fn two_sessions_share_the_pool() {
    let (host, _file) = host().await;
    let writer = connect(options(&host, "writer")).await.unwrap();
    let reader = connect(options(&host, "reader")).await.unwrap();

    sqlx::raw_sql("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL)")
        .execute(&writer)
        .await
        .unwrap();
    let insert = "INSERT INTO note (text) VALUES (?)";
    let done = sqlx::query(insert).bind("grün").execute(&writer).await;
    assert_eq!(done.unwrap().rows_affected(), 1);
    let again = sqlx::query(insert).bind("grün").execute(&writer).await;
    let error = again.unwrap_err();
    assert!(error.as_database_error().unwrap().is_unique_violation());

    let mut transaction = writer.begin().await.unwrap();
    sqlx::query(insert)
        .bind("dropped")
        .execute(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(count(&reader).await, 1, "not committed");
    assert_eq!(host.plugins().len(), 2);
    drop(transaction);
    let mut transaction = writer.begin().await.unwrap();
    sqlx::query(insert)
        .bind("kept")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let texts: Vec<String> = sqlx::query_scalar("SELECT text FROM note ORDER BY id")
        .fetch_all(&reader)
        .await
        .unwrap();
    assert_eq!(texts, ["grün", "kept"]);

    assert!(host.pool_stats().peak <= CAP);
    writer.close().await;
    reader.close().await;
    host.stop().await;
}

/// More rows than fit into the pages that are on the way at once, and cells larger than a page,
/// both ways.
#[tokio::test]
async fn much_goes_both_ways() {
    const ROWS: i64 = 20_000;
    let (host, _file) = host().await;
    let pool = connect(options(&host, "much")).await.unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
               SELECT i, 'row ' || i FROM n";
    let mut rows = sqlx::query_as::<_, (i64, String)>(sql)
        .bind(ROWS)
        .fetch(&pool);
    let mut seen = 0;
    while let Some((i, text)) = rows.try_next().await.unwrap() {
        seen += 1;
        assert_eq!((i, text), (seen, format!("row {seen}")));
    }
    assert_eq!(seen, ROWS);
    drop(rows);
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
    let echoed: Vec<u8> = sqlx::query_scalar("SELECT ?")
        .bind(&large)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(echoed == large);
    pool.close().await;
    host.stop().await;
}

#[tokio::test]
async fn wrong_tokens_are_refused() {
    let (host, _file) = host().await;
    let wrong = options(&host, "guest").token("wrong");
    let error = connect(wrong).await.unwrap_err();
    assert_eq!(code(&error), Some(Code::TOKEN_REFUSED), "{error}");

    // A token is for one name.
    let token = host.issue_token("owner").unwrap();
    let thief = options(&host, "thief").token(token.secret());
    let error = connect(thief).await.unwrap_err();
    assert_eq!(code(&error), Some(Code::TOKEN_REFUSED), "{error}");

    // Nobody is worse off for it.
    let guest = connect(options(&host, "guest")).await.unwrap();
    guest.close().await;
    assert_eq!(host.stats().handshakes_refused, 2);
    host.stop().await;
}

#[tokio::test]
async fn one_host_has_an_endpoint() {
    let (first, _file) = host().await;
    let other = onepool_tests::sqlite();
    let second = Host::builder()
        .database(&other.url)
        .endpoint(first.endpoint().clone())
        .start()
        .await;
    assert!(
        matches!(&second, Err(HostError::EndpointInUse(at)) if at == first.endpoint()),
        "{second:?}"
    );
    first.stop().await;
}

/// What the next test launches, as the one test of a process of its own. Run with the others it has
/// no host and nothing to do.
#[tokio::test]
async fn as_a_plugin() {
    if std::env::var_os("ONEPOOL_ENDPOINT").is_none() {
        return;
    }
    let pool = OnepoolPool::connect("onepool:").await.unwrap();
    sqlx::raw_sql("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('by a child')")
        .execute(&pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_launched_plugin_finds_its_host() {
    let file = onepool_tests::sqlite();
    let program = std::env::current_exe().unwrap();
    let host = Host::builder()
        .database(&file.url)
        .max_connections(CAP)
        .plugin(Plugin::new("child", program).args(["--exact", "as_a_plugin"]))
        .start()
        .await
        .unwrap();
    let status = host.plugin_ended("child").await.unwrap();
    assert!(status.success(), "{status}");
    let pool = connect(options(&host, "other")).await.unwrap();
    assert_eq!(count(&pool).await, 1);
    pool.close().await;
    host.stop().await;
}

#[tokio::test]
async fn a_stopped_host_ends_its_sessions() {
    let (host, _file) = host().await;
    let pool = connect(options(&host, "last")).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let select = "SELECT 1";
    sqlx::query(select).execute(&mut *connection).await.unwrap();
    host.stop().await;
    let error = sqlx::query(select)
        .execute(&mut *connection)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(Code::HOST_STOPPING), "{error}");
    assert!(error.to_string().contains("stopping"), "{error}");
    let error = connect(options(&host, "late")).await.unwrap_err();
    assert!(matches!(error, sqlx::Error::Io(_)), "{error}");
}
