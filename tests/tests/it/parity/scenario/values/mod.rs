//! Values of every type, in and out, with the edges of each.

use std::fmt::Debug;

use sqlx::{AssertSqlSafe, Column, Decode, Encode, Row, Type, TypeInfo};

use super::{Db, Stage, run};

pub mod dates;
pub mod numbers;
pub mod texts;

/// What can be bound and read.
pub trait Cell:
    Clone
    + Debug
    + Send
    + Sync
    + Unpin
    + Type<Db>
    + for<'q> Encode<'q, Db>
    + for<'r> Decode<'r, Db>
    + 'static
{
}

impl<T> Cell for T where
    T: Clone
        + Debug
        + Send
        + Sync
        + Unpin
        + Type<Db>
        + for<'q> Encode<'q, Db>
        + for<'r> Decode<'r, Db>
        + 'static
{
}

/// Puts values, and NULL, into a column and takes them out again, prepared and as text, and once
/// more without a column.
pub async fn through<T: Cell>(
    stage: &mut Stage,
    sql_type: &str,
    values: impl IntoIterator<Item = T>,
) {
    let (pool, table) = (stage.pool.clone(), format!("v{}", stage.number()));
    run(
        &pool,
        format!("CREATE TABLE {table} (id INTEGER, v {sql_type})"),
    )
    .await;
    let what = format!("{} as {sql_type}", std::any::type_name::<T>());
    let values: Vec<Option<T>> = values.into_iter().map(Some).chain([None]).collect();
    for (id, value) in (0_i32..).zip(&values) {
        let insert = stage.sql(&format!("INSERT INTO {table} VALUES (?, ?)"));
        let done = sqlx::query(insert)
            .bind(id)
            .bind(value.clone())
            .execute(&pool)
            .await;
        stage.result(&format!("{what}: put {value:?}"), done.map(|_| ()));
    }
    let all = || AssertSqlSafe(format!("SELECT v FROM {table} ORDER BY id"));
    for (way, rows) in [
        (
            "prepared",
            sqlx::query(all()).fetch_all(&pool).await.unwrap(),
        ),
        ("text", sqlx::raw_sql(all()).fetch_all(&pool).await.unwrap()),
    ] {
        let values: Vec<_> = rows
            .iter()
            .map(|row| row.try_get::<Option<T>, _>(0))
            .collect();
        for value in values {
            stage.result(&format!("{what}: {way}"), value);
        }
    }
    for value in values {
        let select = stage.sql(&format!("SELECT ? AS {table}"));
        let row = sqlx::query(select).bind(value).fetch_one(&pool).await;
        let value = row.and_then(|row| {
            let name = row.column(0).type_info().name().to_owned();
            Ok((name, row.try_get::<Option<T>, _>(0)?))
        });
        stage.result(&format!("{what}: bare"), value);
    }
}

/// Reads every column of a row as each of several types, whether or not that can be.
macro_rules! read_as {
    ($stage:ident, $row:expr, $($type:ty),+ $(,)?) => {
        for column in sqlx::Row::columns($row) {
            let name = sqlx::Column::name(column);
            $(
                let what = format!("{name} as {}", stringify!($type));
                $stage.result(&what, sqlx::Row::try_get::<Option<$type>, _>($row, name));
            )+
        }
    };
}
pub(crate) use read_as;
