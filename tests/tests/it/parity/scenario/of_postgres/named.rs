//! Types that the database knows by a name of its user's.

use sqlx::Row;

use super::Stage;
use super::scenario::run;
use super::scenario::values::read_as;

pub async fn enums_and_domains(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TYPE colour AS ENUM ('red', 'dark green'); CREATE DOMAIN small AS INT4; \
         CREATE DOMAIN words AS TEXT[]; CREATE TYPE pair AS (a INT4, b TEXT); \
         CREATE TABLE things (c colour, cs colour[], s small, w words, p pair)",
    )
    .await;
    run(
        &pool,
        "INSERT INTO things VALUES ('dark green', '{red,dark green}', 7, '{a,b}', '(1,x)')",
    )
    .await;
    // Not as text, where the direct driver panics.
    let row = sqlx::query("SELECT * FROM things")
        .fetch_one(&pool)
        .await
        .unwrap();
    for column in row.columns() {
        let name = sqlx::TypeInfo::name(sqlx::Column::type_info(column)).to_owned();
        stage.note("column", (sqlx::Column::name(column), name));
    }
    read_as!(stage, &row, i32, i64, String, Vec<String>);
    let insert = stage.sql("INSERT INTO things (s, c) VALUES (?, ?::text::colour)");
    let insert = sqlx::query(insert).bind(8).bind("red").execute(&pool).await;
    stage.result("put", insert.map(|done| done.rows_affected()));
    let insert = stage.sql("INSERT INTO things (c) VALUES (?)");
    let insert = sqlx::query(insert).bind("red").execute(&pool).await;
    stage.worked("text into an enum", insert);
    let texts = sqlx::query_scalar::<_, String>("SELECT c::text FROM things ORDER BY c");
    stage.result("left", texts.fetch_all(&pool).await);
}
