//! Plugins that do a little of everything, for hosts to be looked at.

use std::time::Duration;

use onepool_sdk::OnepoolPool;

/// How many rows a plugin reads that runs [`exercise`].
pub const EXERCISE_ROWS: u64 = 3;

/// Writes in a transaction, reads [`EXERCISE_ROWS`] rows, and fails once, on the host that the
/// environment names. Returns the pool, so that the session goes on.
///
/// # Errors
/// If anything else fails.
pub async fn exercise() -> Result<OnepoolPool, sqlx::Error> {
    let pool = OnepoolPool::connect("onepool:").await?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS exercise (id INTEGER PRIMARY KEY)")
        .execute(&pool)
        .await?;
    let mut transaction = pool.begin().await?;
    for _ in 0..EXERCISE_ROWS {
        let insert = "INSERT INTO exercise (id) SELECT COALESCE(MAX(id), 0) + 1 FROM exercise";
        sqlx::query(insert).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    sqlx::query("SELECT id FROM exercise ORDER BY id LIMIT 3")
        .fetch_all(&pool)
        .await?;
    match sqlx::query("SELECT wrong FROM exercise")
        .execute(&pool)
        .await
    {
        Err(sqlx::Error::Database(_)) => Ok(pool),
        Err(error) => Err(error),
        Ok(_) => Err(sqlx::Error::Protocol("there is no such column".into())),
    }
}

/// Keeps connections busy, and calls waiting, for as long as it is driven: transactions in turn, slow
/// queries, and short ones.
pub async fn be_busy(pool: OnepoolPool) {
    let create = "CREATE TABLE IF NOT EXISTS busy (id INTEGER PRIMARY KEY, n INTEGER)";
    let _ = sqlx::raw_sql(create).execute(&pool).await;
    let _ = sqlx::raw_sql("INSERT INTO busy VALUES (1, 0)")
        .execute(&pool)
        .await;
    let writers = (0..3).map(|_| write(&pool));
    tokio::join!(
        futures_util::future::join_all(writers),
        count(&pool),
        look(&pool),
    );
}

/// Transactions that rest for a moment. There is one writer at a time, so that the others wait.
async fn write(pool: &OnepoolPool) {
    loop {
        let Ok(mut transaction) = pool.begin().await else {
            return;
        };
        let update = sqlx::query("UPDATE busy SET n = n + 1 WHERE id = ?").bind(1);
        if update.execute(&mut *transaction).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(120)).await;
        if transaction.commit().await.is_err() {
            return;
        }
    }
}

/// Queries that take a while.
async fn count(pool: &OnepoolPool) {
    let sql = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \
               400000) SELECT count(*) FROM numbers";
    while sqlx::query(sql).fetch_one(pool).await.is_ok() {}
}

/// Short queries, with a moment in between.
async fn look(pool: &OnepoolPool) {
    while sqlx::query("SELECT n FROM busy")
        .fetch_one(pool)
        .await
        .is_ok()
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
