//! Columns of every kind, read as whatever comes to mind.

use sqlx::types::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use sqlx::types::ipnetwork::IpNetwork;
use sqlx::types::time::{Date, OffsetDateTime, PrimitiveDateTime};
use sqlx::types::{BigDecimal, Decimal, Json, Uuid};
use sqlx::{Connection, Row};

use super::scenario::values::{read_as, through};
use super::{Stage, pool_connection};

pub async fn networks(stage: &mut Stage) {
    let networks = [
        "10.0.0.1",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "::1",
        "2001:db8::/32",
    ];
    let networks = networks.map(|text| text.parse::<IpNetwork>().unwrap());
    through(stage, "INET", networks).await;
    let whole = ["10.0.0.0/8", "2001:db8::/32"].map(|text| text.parse::<IpNetwork>().unwrap());
    through(stage, "CIDR", whole).await;
    through(
        stage,
        "INET",
        ["10.0.0.1", "::1"].map(|text| text.parse::<std::net::IpAddr>().unwrap()),
    )
    .await;
}

pub async fn texts_of_all_kinds(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let sql = "SELECT 'a'::char(3) AS b, 'a'::name AS n, 'x'::\"char\" AS c, 'u' AS u, \
               '<a/>'::xml AS x, 12::money AS m, '101'::bit(3) AS bits, now()::text IS NULL AS no, \
               1::oid AS o, 'pg_class'::regclass AS r, pg_sleep(0) AS v, ROW(1, 'a') AS row_, \
               '(1,2)'::point AS p, '08:00:2b:01:02:03'::macaddr AS mac, 'a b'::tsvector AS ts, '1 2'::int2vector AS vec";
    // Only as a prepared statement: what the direct driver says of such columns of a plain text
    // depends on what its connection has looked up before.
    let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
    read_as!(stage, &row, String, i8, i32, bool, Vec<u8>, ());
}

pub async fn rows_without_columns(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let rows = sqlx::query("SELECT FROM generate_series(1, 3)")
        .fetch_all(&pool)
        .await
        .unwrap();
    stage.note("rows", rows.iter().map(|row| row.len()).collect::<Vec<_>>());
    let mut connection = pool_connection(stage).await;
    stage.result("ping", connection.ping().await);
}

/// Columns of every kind read as whatever comes to mind.
pub async fn conversions(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let sql = "SELECT 1::int2 AS i2, 2::int4 AS i4, 3::int8 AS i8, 1.5::float4 AS f4, 2.5::float8 AS f8, \
               3.5::numeric AS n, true AS b, 't' AS t, 'v'::varchar AS vc, 'b'::bytea AS by, \
               '{\"a\":1}'::json AS j, '[1]'::jsonb AS jb, '2024-02-29'::date AS d, \
               '12:30'::time AS ti, '12:30+01'::timetz AS ttz, '2024-02-29 12:30'::timestamp AS ts, \
               '2024-02-29 12:30+00'::timestamptz AS tstz, '1 day'::interval AS iv, \
               '00000000-0000-0000-0000-000000000001'::uuid AS u, '10.0.0.1'::inet AS inet, \
               '{1}'::int4[] AS ai, '{a}'::text[] AS at, '[1,2)'::int4range AS r, NULL AS gap";
    for row in [
        sqlx::query(sql).fetch_one(&pool).await.unwrap(),
        sqlx::raw_sql(sql).fetch_one(&pool).await.unwrap(),
    ] {
        read_as!(
            stage,
            &row,
            i8,
            i16,
            i32,
            i64,
            f32,
            f64,
            bool,
            String,
            Vec<u8>,
            Decimal,
            BigDecimal,
            Json<Vec<i32>>,
            sqlx::types::JsonValue,
            NaiveDate,
            NaiveTime,
            NaiveDateTime,
            DateTime<sqlx::types::chrono::Utc>,
            Date,
            sqlx::types::time::Time,
            PrimitiveDateTime,
            Uuid,
            IpNetwork,
            Vec<i32>,
            Vec<String>,
        );
    }
    let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
    read_as!(stage, &row, OffsetDateTime, Vec<Option<i64>>, Vec<Uuid>);
}
