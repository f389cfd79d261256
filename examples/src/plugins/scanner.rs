//! A plugin that reads long results as streams, while it feeds rows in batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use onepool_sdk::{BatchExecutor, BatchMode};
use tokio::task::JoinSet;

use super::batch;
use super::desk::{Acknowledged, Desk, Fault};

/// Tasks that read everything.
const SCANNERS: i64 = 2;
/// Rows that are written at once.
const ROWS_AT_ONCE: i64 = 250;
/// Between two batches.
const FEED_EVERY: Duration = Duration::from_millis(100);
/// The scanners look at the start of the table this many times for each full scan.
const GLANCES: usize = 3;
/// A glance ends after so many rows.
const GLANCE_ROWS: i64 = 100;

/// Feeds and reads until the desk closes.
pub async fn work(desk: &Desk) -> Result<Acknowledged, Fault> {
    desk.empty("readings").await?;
    let written = Arc::new(AtomicI64::new(0));
    let mut tasks = JoinSet::new();
    tasks.spawn(feed(desk.clone(), Arc::clone(&written)));
    for _ in 0..SCANNERS {
        tasks.spawn(scan(desk.clone(), Arc::clone(&written)));
    }
    let mut acknowledged = Acknowledged::default();
    while let Some(done) = tasks.join_next().await {
        acknowledged.add(done??);
    }
    Ok(acknowledged)
}

/// Writes batch after batch. `written` is what the database has acknowledged.
async fn feed(desk: Desk, written: Arc<AtomicI64>) -> Result<Acknowledged, Fault> {
    let columns = ["id", "sensor", "measured"];
    let insert = batch::insert(desk.tables.table("readings"), &columns);
    let mut acknowledged = Acknowledged::default();
    loop {
        let ids = acknowledged.rows + 1..=acknowledged.rows + ROWS_AT_ONCE;
        let rows = ids.clone().map(|id| {
            let sensor = format!("sensor {}", id % 16);
            batch::row()
                .bind(id)
                .bind(sensor)
                .bind(id as f64 / 8.0)
                .done()
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let mut tx = desk.pool.begin().await?;
        let batch = tx.execute_batch(insert.clone(), rows, BatchMode::AllOrNothing);
        desk.meter.statement(batch).await?;
        tx.commit().await?;
        desk.meter.transaction();
        ids.for_each(|id| acknowledged.row(id));
        written.store(acknowledged.rows, Ordering::SeqCst);
        if desk.is_closed() {
            return Ok(acknowledged);
        }
        tokio::time::sleep(FEED_EVERY).await;
    }
}

/// Reads the whole table, then looks at its start a few times.
async fn scan(desk: Desk, written: Arc<AtomicI64>) -> Result<Acknowledged, Fault> {
    while !desk.is_closed() {
        let at_least = written.load(Ordering::SeqCst);
        let found = desk.meter.statement(read(&desk, i64::MAX)).await?;
        if found < at_least {
            return Err(format!("{at_least} rows were written, and {found} found").into());
        }
        for _ in 0..GLANCES {
            desk.meter.statement(read(&desk, GLANCE_ROWS)).await?;
        }
    }
    Ok(Acknowledged::default())
}

/// Reads at most so many rows and leaves the others alone; answers how many it has read.
async fn read(desk: &Desk, at_most: i64) -> Result<i64, Fault> {
    let mut select = desk.sql(
        "SELECT id, sensor, measured FROM",
        "readings",
        "ORDER BY id",
    );
    let mut rows = select
        .build_query_as::<(i64, String, f64)>()
        .fetch(&desk.pool);
    let mut read = 0;
    while read < at_most
        && let Some((id, sensor, measured)) = rows.try_next().await?
    {
        read += 1;
        if id != read || sensor != format!("sensor {}", id % 16) || measured != id as f64 / 8.0 {
            return Err(format!("row {read} was read as {id}, {sensor}, {measured}").into());
        }
    }
    Ok(read)
}
