//! A plugin.

use bytes::Bytes;
use futures_util::TryStreamExt;
use onepool_sdk::{
    BatchExecutor, BatchMode, Onepool, OnepoolArguments, OnepoolPool, OnepoolPoolOptions,
};
use sqlx::pool::PoolConnection;

use super::Caller;
use super::calls::{bulk, insert, point, row_by_row, tx};
use super::texts::{self, Texts};
use crate::bench::error::Result;
use crate::bench::order::{Hold, Open, Work};

/// One of the tasks of a plugin, which share its pool.
pub(super) struct Plugin {
    pool: OnepoolPool,
    /// For echoes, which are calls of the session: the pool has no part in them.
    held: Option<PoolConnection<Onepool>>,
    texts: Texts,
}

impl Caller for Plugin {
    async fn open(how: &Open) -> Result<Vec<Self>> {
        let mut options = OnepoolPoolOptions::new();
        if let Hold::PoolOf(size) = how.hold {
            options = options.max_connections(size);
        }
        let pool = options.connect(&how.url).await?;
        let caller = || Self {
            pool: pool.clone(),
            held: None,
            texts: Texts::of(how.dialect),
        };
        Ok((0..how.callers).map(|_| caller()).collect())
    }

    async fn make_room(&mut self) -> Result<()> {
        let remove = sqlx::query(self.texts.remove);
        remove.execute(&self.pool).await?;
        Ok(())
    }

    async fn call(&mut self, work: Work) -> Result<()> {
        match work {
            Work::Echo { bytes } => self.echo(bytes).await,
            Work::Point => point!(&self.pool, self.texts),
            Work::Bulk { times } => bulk!(&self.pool, times),
            Work::Tx => tx!(self.pool.begin(), self.texts),
            Work::Insert { rows, batch: None } => {
                insert!(self.pool.begin(), rows, |tx| {
                    row_by_row!(tx, self.texts, rows);
                })
            }
            Work::Insert {
                rows,
                batch: Some(batch),
            } => self.insert_in_batches(rows, batch).await,
            Work::Hold { connections } => self.hold(connections).await,
        }
    }
}

impl Plugin {
    async fn echo(&mut self, bytes: usize) -> Result<()> {
        let payload = Bytes::from(vec![7; bytes]);
        let connection = match &mut self.held {
            Some(connection) => connection,
            held => held.insert(self.pool.acquire().await?),
        };
        let back = connection.echo(payload.clone()).await?;
        if back == payload {
            Ok(())
        } else {
            Err("another payload came back".into())
        }
    }

    async fn insert_in_batches(&self, rows: u32, batch: u32) -> Result<()> {
        insert!(self.pool.begin(), rows, |tx| {
            let ids: Vec<i64> = (1..=i64::from(rows)).collect();
            for part in ids.chunks(batch as usize) {
                let mut sets = Vec::with_capacity(part.len());
                for id in part {
                    let (id, name, value) = texts::named(*id);
                    let set = OnepoolArguments::default();
                    sets.push(set.bind(id)?.bind(name)?.bind(value)?);
                }
                let done = tx
                    .execute_batch(self.texts.insert, sets, BatchMode::AllOrNothing)
                    .await?;
                if done.len() != part.len() {
                    return Err("a set of the batch has no result".into());
                }
            }
        })
    }

    async fn hold(&self, connections: u32) -> Result<()> {
        let mut held = Vec::new();
        for _ in 0..connections {
            held.push(self.pool.acquire().await?);
        }
        for connection in &mut held {
            point!(&mut **connection, self.texts)?;
        }
        Ok(())
    }
}
