//! sqlx's own drivers, to the database itself or to PgBouncer.

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{
    Connection, MySql, MySqlConnection, MySqlPool, PgConnection, PgPool, Postgres, QueryBuilder,
    Sqlite, SqliteConnection, SqlitePool,
};

use super::Caller;
use super::calls::{bulk, insert, point, row_by_row, tx};
use super::texts::{self, Texts};
use crate::bench::error::Result;
use crate::bench::order::{Hold, Open, Work};

/// A connection that is held for as long as the process lives.
pub(super) struct Held<C> {
    connection: C,
    texts: Texts,
}

/// A pool that is shared by all callers: `&pool`.
pub(super) struct Pooled<P> {
    pool: P,
    texts: Texts,
}

macro_rules! work {
    ($work:expr, $self_:ident, $database:ty, $executor:expr, $begin:expr, hold: $hold:expr) => {
        match $work {
            Work::Point => point!($executor, $self_.texts),
            Work::Bulk { times } => bulk!($executor, times),
            Work::Tx => tx!($begin, $self_.texts),
            Work::Insert { rows, batch: None } => {
                insert!($begin, rows, |tx| {
                    row_by_row!(tx, $self_.texts, rows);
                })
            }
            Work::Insert {
                rows,
                batch: Some(batch),
            } => {
                insert!($begin, rows, |tx| {
                    let ids: Vec<i64> = (1..=i64::from(rows)).collect();
                    for part in ids.chunks(batch as usize) {
                        let rows = part.iter().map(|id| texts::named(*id));
                        let mut insert = QueryBuilder::<$database>::new(texts::INSERT);
                        insert.push_values(rows, |mut row, (id, name, value)| {
                            row.push_bind(id).push_bind(name).push_bind(value);
                        });
                        insert.build().execute(&mut *tx).await?;
                    }
                })
            }
            Work::Hold { connections } => $hold(connections),
            Work::Echo { .. } => Err("a database sends nothing back".into()),
        }
    };
}

macro_rules! direct {
    ($database:ty, $connection:ty, $pool:ty, $options:ty) => {
        impl Caller for Held<$connection> {
            async fn open(how: &Open) -> Result<Vec<Self>> {
                let mut callers = Vec::new();
                for _ in 0..how.callers {
                    callers.push(Self {
                        connection: <$connection>::connect(&how.url).await?,
                        texts: Texts::of(how.dialect),
                    });
                }
                Ok(callers)
            }

            async fn make_room(&mut self) -> Result<()> {
                let remove = sqlx::query(self.texts.remove);
                remove.execute(&mut self.connection).await?;
                Ok(())
            }

            async fn call(&mut self, work: Work) -> Result<()> {
                work!(work, self, $database, &mut self.connection, self.connection.begin(),
                    hold: |_| Err("it holds one".into()))
            }
        }

        impl Caller for Pooled<$pool> {
            async fn open(how: &Open) -> Result<Vec<Self>> {
                let mut options = <$options>::new();
                if let Hold::PoolOf(size) = how.hold {
                    options = options.max_connections(size);
                }
                let pool = options.connect(&how.url).await?;
                let caller = || Self {
                    pool: pool.clone(),
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
                work!(work, self, $database, &self.pool, self.pool.begin(),
                    hold: |_| Err("its connections are the database's".into()))
            }
        }
    };
}

direct!(Postgres, PgConnection, PgPool, PgPoolOptions);
direct!(MySql, MySqlConnection, MySqlPool, MySqlPoolOptions);
direct!(Sqlite, SqliteConnection, SqlitePool, SqlitePoolOptions);
