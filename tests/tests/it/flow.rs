//! A day in the life of one plugin, on each database, with no step that hangs.

use std::time::Duration;

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_sdk::{OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};

const N: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT i, 'row ' || i FROM n";

async fn open(url: &str, cap: u32) -> (Host, OnepoolPool) {
    let host = Host::builder()
        .database(url)
        .max_connections(cap)
        .start()
        .await
        .unwrap();
    let options: OnepoolConnectOptions = host.client("smoke").into();
    let pool = OnepoolPoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    (host, pool)
}

async fn step<T>(name: &str, f: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), f)
        .await
        .unwrap_or_else(|_| panic!("{name} hangs"))
}

async fn all(url: &str, cap: u32, n: &'static str) {
    let (host, pool) = open(url, cap).await;
    step("drop outside", async {
        let mut rows = sqlx::query(n).fetch(&pool);
        rows.try_next().await.unwrap();
        rows.try_next().await.unwrap();
    })
    .await;
    let one: i32 = step("next", sqlx::query_scalar("SELECT 1").fetch_one(&pool))
        .await
        .unwrap();
    assert_eq!(one, 1);
    step("drop inside", async {
        let mut tx = pool.begin().await.unwrap();
        {
            let mut rows = sqlx::query(n).fetch(&mut *tx);
            rows.try_next().await.unwrap();
        }
        let one: i32 = sqlx::query_scalar("SELECT 1")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(one, 1);
        tx.commit().await.unwrap();
    })
    .await;
    step("dropped tx", async {
        let mut tx = pool.begin().await.unwrap();
        sqlx::raw_sql("CREATE TABLE gone (i int)")
            .execute(&mut *tx)
            .await
            .unwrap();
        drop(tx);
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS gone (i int)")
            .execute(&pool)
            .await
            .unwrap();
    })
    .await;
    step("text begin", async {
        let mut c = pool.acquire().await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut *c).await.unwrap();
        sqlx::query("INSERT INTO gone VALUES (1)")
            .execute(&mut *c)
            .await
            .unwrap();
        sqlx::raw_sql("COMMIT").execute(&mut *c).await.unwrap();
        let n: i64 = sqlx::query_scalar("SELECT count(*) FROM gone")
            .fetch_one(&mut *c)
            .await
            .unwrap();
        assert_eq!(n, 1);
    })
    .await;
    step("nested", async {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("INSERT INTO gone VALUES (2)")
            .execute(&mut *tx)
            .await
            .unwrap();
        let mut inner = sqlx::Acquire::begin(&mut tx).await.unwrap();
        sqlx::query("INSERT INTO gone VALUES (3)")
            .execute(&mut *inner)
            .await
            .unwrap();
        inner.rollback().await.unwrap();
        let mut inner = sqlx::Acquire::begin(&mut tx).await.unwrap();
        sqlx::query("INSERT INTO gone VALUES (4)")
            .execute(&mut *inner)
            .await
            .unwrap();
        drop(inner);
        let mut inner = sqlx::Acquire::begin(&mut tx).await.unwrap();
        sqlx::query("INSERT INTO gone VALUES (5)")
            .execute(&mut *inner)
            .await
            .unwrap();
        inner.commit().await.unwrap();
        tx.commit().await.unwrap();
        let n: i64 = sqlx::query_scalar("SELECT count(*) FROM gone")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(n, 3);
    })
    .await;
    step("pinned", async {
        let mut c = pool.acquire().await.unwrap();
        let create = "CREATE TEMPORARY TABLE mine (i int)";
        sqlx::raw_sql(create).execute(&mut *c).await.unwrap();
        for committed in [true, false] {
            let mut tx = sqlx::Acquire::begin(&mut c).await.unwrap();
            sqlx::query("INSERT INTO mine VALUES (1)")
                .execute(&mut *tx)
                .await
                .unwrap();
            if committed {
                tx.commit().await.unwrap();
            }
        }
        let count = "SELECT count(*) FROM mine";
        let mine: i64 = sqlx::query_scalar(count).fetch_one(&mut *c).await.unwrap();
        assert_eq!(
            mine, 1,
            "a temporary table outlives the transactions that use it"
        );
        drop(c);
        let gone = sqlx::query_scalar::<_, i64>(count).fetch_one(&pool).await;
        gone.expect_err("a temporary table does not outlive its connection's use");
    })
    .await;
    step("dropped write", async {
        let mut c = pool.acquire().await.unwrap();
        let before: i64 = sqlx::query_scalar("SELECT count(*) FROM gone")
            .fetch_one(&mut *c)
            .await
            .unwrap();
        {
            let write = sqlx::query("INSERT INTO gone VALUES (9)").execute(&mut *c);
            let mut write = std::pin::pin!(write);
            // Sent, and its answer not waited for.
            while futures_util::poll!(&mut write).is_pending() {
                if host.pool_stats().backends.leased > 0 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let after: i64 = sqlx::query_scalar("SELECT count(*) FROM gone")
            .fetch_one(&mut *c)
            .await
            .unwrap();
        assert_eq!(
            after,
            before + 1,
            "the next statement does not overtake a dropped write"
        );
    })
    .await;
    step("many", async {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    for _ in 0..20 {
                        let _: i32 = sqlx::query_scalar("SELECT 1")
                            .fetch_one(&pool)
                            .await
                            .unwrap();
                    }
                })
            })
            .collect();
        for t in tasks {
            t.await.unwrap();
        }
    })
    .await;
    assert!(host.pool_stats().peak <= cap);
    step("close", pool.close()).await;
    step("stop", host.stop()).await;
}

#[tokio::test]
async fn on_sqlite() {
    let f = onepool_tests::sqlite();
    all(&f.url, 2, N).await
}
#[tokio::test]
async fn on_postgres() {
    let d = onepool_tests::postgres().await.database(3).await;
    all(&d.url, 3, N).await;
    assert_eq!(d.refusals().await, 0)
}
#[tokio::test]
async fn on_mariadb() {
    let d = onepool_tests::mariadb().await.database(3).await;
    all(&d.url, 3, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT a.i, b.i FROM n a, n b").await;
    assert_eq!(d.refusals().await, 0)
}
