//! A day in the life of one plugin, on each database, with no step that hangs.

use std::pin::pin;
use std::time::Duration;

use futures_util::{TryStreamExt, poll};
use onepool_host::Host;
use onepool_sdk::{OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use sqlx::Acquire;

/// Many rows, slowly enough that a reader can go away in between.
const ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) \
                    SELECT a.i, b.i FROM n a, n b";

struct Plugin {
    host: Host,
    pool: OnepoolPool,
}

impl Plugin {
    async fn start(url: &str, cap: u32) -> Self {
        let host = Host::builder().database(url).max_connections(cap);
        let host = host.start().await.unwrap();
        let options: OnepoolConnectOptions = host.client("flow").into();
        let pool = OnepoolPoolOptions::new()
            .connect_with(options)
            .await
            .unwrap();
        Self { host, pool }
    }

    async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    async fn drops_streams(&self) {
        {
            let mut rows = sqlx::query(ROWS).fetch(&self.pool);
            rows.try_next().await.unwrap();
            rows.try_next().await.unwrap();
        }
        let mut tx = self.pool.begin().await.unwrap();
        {
            let mut rows = sqlx::query(ROWS).fetch(&mut *tx);
            rows.try_next().await.unwrap();
        }
        let one: i32 = sqlx::query_scalar("SELECT 1")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(one, 1);
        tx.commit().await.unwrap();
    }

    async fn drops_a_transaction(&self) {
        let mut tx = self.pool.begin().await.unwrap();
        sqlx::raw_sql("CREATE TABLE seen (i int)")
            .execute(&mut *tx)
            .await
            .unwrap();
        drop(tx);
        let again = "CREATE TABLE IF NOT EXISTS seen (i int)";
        sqlx::raw_sql(again).execute(&self.pool).await.unwrap();
    }

    async fn begins_by_text(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        for sql in ["BEGIN", "INSERT INTO seen VALUES (1)", "COMMIT"] {
            sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap();
        }
        assert_eq!(self.count("seen").await, 1);
    }

    async fn nests(&self) {
        let mut tx = self.pool.begin().await.unwrap();
        sqlx::query("INSERT INTO seen VALUES (2)")
            .execute(&mut *tx)
            .await
            .unwrap();
        for (value, end) in [(3, "rollback"), (4, "drop"), (5, "commit")] {
            let mut inner = tx.begin().await.unwrap();
            let insert = sqlx::AssertSqlSafe(format!("INSERT INTO seen VALUES ({value})"));
            sqlx::query(insert).execute(&mut *inner).await.unwrap();
            match end {
                "rollback" => inner.rollback().await.unwrap(),
                "commit" => inner.commit().await.unwrap(),
                _ => drop(inner),
            }
        }
        tx.commit().await.unwrap();
        assert_eq!(self.count("seen").await, 3);
    }

    async fn pins_a_temporary_table(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        let create = "CREATE TEMPORARY TABLE mine (i int)";
        sqlx::raw_sql(create)
            .execute(&mut *connection)
            .await
            .unwrap();
        for committed in [true, false] {
            let mut tx = connection.begin().await.unwrap();
            sqlx::query("INSERT INTO mine VALUES (1)")
                .execute(&mut *tx)
                .await
                .unwrap();
            if committed {
                tx.commit().await.unwrap();
            }
        }
        let count = "SELECT count(*) FROM mine";
        let mine: i64 = sqlx::query_scalar(count)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(
            mine, 1,
            "a temporary table outlives the transactions that use it"
        );
        drop(connection);
        let gone = sqlx::query_scalar::<_, i64>(count)
            .fetch_one(&self.pool)
            .await;
        gone.expect_err("a temporary table does not outlive its connection's use");
    }

    async fn drops_a_write(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        let before = self.count("seen").await;
        {
            let write = sqlx::query("INSERT INTO seen VALUES (9)").execute(&mut *connection);
            let mut write = pin!(write);
            // Until it has reached the database, and no longer.
            while poll!(&mut write).is_pending() && self.host.pool_stats().backends.leased == 0 {
                tokio::task::yield_now().await;
            }
        }
        let count = "SELECT count(*) FROM seen";
        let after: i64 = sqlx::query_scalar(count)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(after, before + 1, "nothing overtakes a dropped write");
    }

    async fn runs_side_by_side(&self) {
        let tasks = (0..50).map(|_| {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let one = sqlx::query_scalar("SELECT 1").fetch_one(&pool);
                    let _: i32 = one.await.unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
}

async fn step(name: &str, work: impl Future<Output = ()>) {
    let bounded = tokio::time::timeout(Duration::from_secs(20), work);
    bounded.await.unwrap_or_else(|_| panic!("{name} hangs"));
}

async fn live(url: &str, cap: u32) {
    let plugin = Plugin::start(url, cap).await;
    step("dropping streams", plugin.drops_streams()).await;
    step("dropping a transaction", plugin.drops_a_transaction()).await;
    step("a transaction by text", plugin.begins_by_text()).await;
    step("nested transactions", plugin.nests()).await;
    step("a temporary table", plugin.pins_a_temporary_table()).await;
    step("dropping a write", plugin.drops_a_write()).await;
    step("many at once", plugin.runs_side_by_side()).await;
    let stats = plugin.host.pool_stats();
    assert!(stats.peak <= cap, "{stats:?}");
    step("closing", plugin.pool.close()).await;
    step("stopping", plugin.host.stop()).await;
}

#[tokio::test]
async fn on_sqlite() {
    let file = onepool_tests::sqlite();
    live(&file.url, 2).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = onepool_tests::postgres().await.database(3).await;
    live(&database.url, 3).await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn on_mariadb() {
    let database = onepool_tests::mariadb().await.database(3).await;
    live(&database.url, 3).await;
    assert_eq!(database.refusals().await, 0);
}
