//! The life of a plugin.

use std::env;
use std::time::{Duration, Instant};

use onepool_sdk::OnepoolPoolOptions;

use super::desk::{Acknowledged, Desk, Fault};
use super::figures::Figures;
use super::kind::Kind;
use super::tables::Tables;
use super::{bank, inbox, scanner, schema};

/// The part of its time that a plugin leaves to the others' migrations, before it begins to work.
const OPENING: u32 = 8;

/// Runs a plugin of this kind: migrate, work until so much time has passed, report.
pub async fn run(kind: Kind, work: Duration) -> Result<(), Fault> {
    let start = Instant::now();
    // The host says who this is, where the host is, and with which token to come in.
    let name = env::var("ONEPOOL_PLUGIN")?;
    let options = OnepoolPoolOptions::new().max_connections(kind.pool_size());
    let pool = options.connect("onepool:").await?;
    let tables = Tables::of(&name);
    schema::migrator(kind, &tables).run(&pool).await?;

    tokio::time::sleep_until((start + work / OPENING).into()).await;
    let desk = Desk::open(pool, tables, start + work);
    let Acknowledged {
        rows,
        id_sum,
        handled,
    } = match kind {
        Kind::Bank => bank::work(&desk).await?,
        Kind::Scanner => scanner::work(&desk).await?,
        Kind::Inbox => inbox::work(&desk).await?,
    };
    let figures = Figures {
        connections: desk.pool.size().into(),
        rows,
        id_sum,
        handled,
        ..desk.meter.figures()
    };
    figures.save(&desk.pool, &desk.tables).await?;
    desk.pool.close().await;
    Ok(())
}
