//! What PostgreSQL has beside.

mod arrays;
mod conversions;
mod dates;
mod failures;
mod named;
mod numbers;
mod ranges;

use super::{Interval, Range, Stage, TimeTz, scenario};

pub use arrays::arrays;
pub use conversions::{conversions, networks, rows_without_columns, texts_of_all_kinds};
pub use dates::{dates, special_dates};
pub use failures::{errors, serialization_failures};
pub use named::enums_and_domains;
pub use numbers::{decimals, intervals};
pub use ranges::{arrays_of_ranges, ranges};

use scenario::values::Cell;
use sqlx::Row;

/// The name of a type, without the driver's prefix and the path to it.
fn name<T>() -> &'static str {
    let path = std::any::type_name::<T>()
        .split('<')
        .next()
        .unwrap_or_default();
    let name = path.rsplit("::").next().unwrap_or_default();
    name.trim_start_matches("Pg").trim_start_matches("Onepool")
}

/// As [`through`], for a type whose name is the driver's.
async fn through_named<T: Cell, N: std::fmt::Debug>(
    stage: &mut Stage,
    sql_type: &str,
    values: impl IntoIterator<Item = T>,
    plain: impl Fn(T) -> N,
) {
    let number = stage.number();
    for value in values {
        for sql in [
            format!("SELECT ?::{sql_type}"),
            format!("SELECT ? AS v{number}"),
        ] {
            let select = stage.sql(&sql);
            let back = sqlx::query_scalar::<_, T>(select).bind(value.clone());
            let back = back.fetch_one(&stage.pool.clone()).await.map(&plain);
            stage.result(&format!("{:?} by {sql}", plain(value.clone())), back);
        }
        let text = stage.sql(&format!("SELECT ?::{sql_type}::text"));
        let text = sqlx::query_scalar::<_, String>(text).bind(value.clone());
        let text = text.fetch_one(&stage.pool.clone()).await.unwrap();
        stage.note("the database's text", &text);
        let again = format!("SELECT '{text}'::{sql_type}");
        let again = sqlx::raw_sql(sqlx::AssertSqlSafe(again))
            .fetch_one(&stage.pool.clone())
            .await;
        let again = again.and_then(|row| row.try_get::<T, _>(0)).map(&plain);
        stage.result(&format!("{} read as text", name::<T>()), again);
    }
    let null = stage.sql(&format!("SELECT ?::{sql_type}"));
    let null = sqlx::query_scalar::<_, Option<T>>(null).bind(None::<T>);
    let null = null.fetch_one(&stage.pool.clone()).await;
    stage.result("NULL", null.map(|null| null.map(&plain)));
}

async fn pool_connection(stage: &Stage) -> sqlx::pool::PoolConnection<super::Db> {
    stage.pool.acquire().await.unwrap()
}
