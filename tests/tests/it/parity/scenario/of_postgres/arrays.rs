//! Arrays.

use sqlx::types::chrono::NaiveDate;
use sqlx::types::ipnetwork::IpNetwork;
use sqlx::types::{Decimal, Json, Uuid};

use super::Stage;
use super::scenario::values::{read_as, through};

#[expect(
    clippy::too_many_lines,
    reason = "a list of cases, one after the other"
)]
pub async fn arrays(stage: &mut Stage) {
    through(stage, "INT4[]", [vec![], vec![1, -1, i32::MAX]]).await;
    through(
        stage,
        "INT8[]",
        [vec![Some(i64::MIN), None, Some(0)], vec![None], vec![]],
    )
    .await;
    through(stage, "BOOL[]", [vec![true, false]]).await;
    through(
        stage,
        "FLOAT8[]",
        [vec![f64::NAN, -0.0, f64::INFINITY, 1.0 / 3.0]],
    )
    .await;
    let texts = [
        "", "a", "NULL", "null", "\"", "\\", "{}", "a,b", " a ", "grün", "\n",
    ];
    let texts: Vec<String> = texts.map(str::to_owned).to_vec();
    through(stage, "TEXT[]", [vec![], texts.clone()]).await;
    let gaps = vec![None, Some(String::new()), None, Some("x".to_owned())];
    through(stage, "TEXT[]", [gaps]).await;
    through(stage, "VARCHAR(9)[]", [texts]).await;
    through(stage, "BYTEA[]", [vec![vec![], vec![0_u8, 255]]]).await;
    through(stage, "UUID[]", [vec![Uuid::nil(), Uuid::max()]]).await;
    through(
        stage,
        "NUMERIC[]",
        [vec!["1.50".parse::<Decimal>().unwrap()]],
    )
    .await;
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    through(stage, "DATE[]", [vec![Some(day), None]]).await;
    through(
        stage,
        "TIMESTAMP[]",
        [vec![day.and_hms_micro_opt(1, 2, 3, 4).unwrap()]],
    )
    .await;
    through(stage, "JSONB[]", [vec![Json(1), Json(2)]]).await;
    through(
        stage,
        "INET[]",
        [vec!["10.0.0.1".parse::<IpNetwork>().unwrap()]],
    )
    .await;
    let pool = stage.pool.clone();
    let sql = "SELECT ARRAY[[1,2],[3,4]] AS square, '[5:6]={7,8}'::int[] AS shifted, \
               '{}'::int[] AS nothing, ARRAY[NULL]::int[] AS gap";
    for row in [
        sqlx::query(sql).fetch_one(&pool).await.unwrap(),
        sqlx::raw_sql(sql).fetch_one(&pool).await.unwrap(),
    ] {
        read_as!(
            stage,
            &row,
            Vec<i32>,
            Vec<Option<i32>>,
            Vec<i64>,
            Vec<i16>,
            String,
            [i32; 2]
        );
    }
    let any = stage.sql("SELECT count(*) FROM generate_series(1, 100) AS n WHERE n = ANY(?)");
    let any = sqlx::query_scalar::<_, i64>(any).bind(vec![1, 50, 999]);
    stage.result("any", any.fetch_one(&pool).await);
    let large: Vec<i64> = (0..100_000).collect();
    let sum = stage.sql("SELECT sum(n)::int8 FROM unnest(?) AS n");
    let sum = sqlx::query_scalar::<_, i64>(sum).bind(&large);
    stage.result("sum of a large one", sum.fetch_one(&pool).await);
    let all = stage.sql("SELECT array_agg(n) FROM unnest(?) AS n");
    let all = sqlx::query_scalar::<_, Vec<i64>>(all)
        .bind(&large)
        .fetch_one(&pool)
        .await;
    stage.note("a large one comes back", all.map(|all| all == large).ok());
}
