//! Streaming: a long result comes page by page, and only as far as it is read.
//!
//! `cargo run -p onepool-examples --example streaming`

use futures_util::TryStreamExt;
use onepool_sdk::OnepoolPoolOptions;

const ROWS: i64 = 200_000;
/// So many rows, each with a text of about a hundred bytes: some 20 MB.
const LONG: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    SELECT i, printf('%0100d', i) FROM n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = onepool_host::testing::host().await;
    let pool = OnepoolPoolOptions::new()
        .connect_with(host.dialer("reader").into())
        .await?;

    // Neither the host nor the plugin ever has more than a few pages of 64 KiB.
    let mut rows = sqlx::query_as::<_, (i64, String)>(LONG)
        .bind(ROWS)
        .fetch(&pool);
    let (mut count, mut bytes) = (0, 0);
    while let Some((i, text)) = rows.try_next().await? {
        count += 1;
        bytes += text.len();
        assert_eq!(i, count);
    }
    drop(rows);
    eprintln!("{count} rows, {bytes} bytes of text");
    assert_eq!(count, ROWS);

    // Who has seen enough drops the stream: the statement, which only reads, is cancelled, and its
    // database connection is free for others.
    let mut rows = sqlx::query_as::<_, (i64, String)>(LONG)
        .bind(1_000_000_000_i64)
        .fetch(&pool);
    let (first, _) = rows.try_next().await?.ok_or("no row")?;
    drop(rows);
    let after: i64 = sqlx::query_scalar("SELECT 7").fetch_one(&pool).await?;
    eprintln!("read row {first} of a billion, and went on: {after}");
    assert_eq!((first, after), (1, 7));
    Ok(())
}
