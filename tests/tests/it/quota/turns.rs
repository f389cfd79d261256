//! Who of a plugin's callers goes first.

use onepool_host::Host;

use super::{UNLIMITED, bounded, eventually, execute, host, plugin};

const CALLERS: i64 = 30;

/// Those who wait are served as they came, however many more wait behind them.
async fn as_they_came(url: &str, cap: u32) {
    let host: Host = host(url, cap)
        .default_quota(UNLIMITED)
        .start()
        .await
        .unwrap();
    let pool = plugin(&host, "p").await;
    execute(&pool, "CREATE TABLE served (n BIGINT)")
        .await
        .unwrap();
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO served VALUES (-1)")
        .execute(&mut *holder)
        .await
        .unwrap();
    let mut calls = Vec::new();
    for n in 0..CALLERS {
        let pool = pool.clone();
        calls.push(tokio::spawn(async move {
            // Each asks for its own backend, and sees who was served before.
            let mut transaction = pool.begin().await.unwrap();
            let insert = sqlx::AssertSqlSafe(format!("INSERT INTO served VALUES ({n})"));
            sqlx::query(insert)
                .execute(&mut *transaction)
                .await
                .unwrap();
            let before = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM served WHERE n >= 0");
            let before = before.fetch_one(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
            before - 1
        }));
        let queued = usize::try_from(n).unwrap() + 1;
        eventually("it waits", async || host.pool_stats().waiting == queued).await;
    }
    holder.commit().await.unwrap();
    let mut places = Vec::new();
    for call in calls {
        places.push(bounded(call).await.unwrap());
    }
    assert_eq!(
        places,
        (0..CALLERS).collect::<Vec<_>>(),
        "the place of each"
    );
    host.stop().await;
}

#[tokio::test]
async fn as_they_came_on_sqlite() {
    let file = onepool_tests::sqlite();
    // There are backends enough, and one may write.
    as_they_came(&file.url, 4).await;
}

#[tokio::test]
async fn as_they_came_on_postgres() {
    let database = onepool_tests::postgres().await.database(2).await;
    as_they_came(&database.url, 2).await;
    assert_eq!(database.refusals().await, 0);
}

#[tokio::test]
async fn as_they_came_on_mariadb() {
    let database = onepool_tests::mariadb().await.database(2).await;
    as_they_came(&database.url, 2).await;
    assert_eq!(database.refusals().await, 0);
}
