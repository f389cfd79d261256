//! What PostgreSQL has beside.

use std::ops::Bound;

use sqlx::types::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use sqlx::types::ipnetwork::IpNetwork;
use sqlx::types::time::{Date, OffsetDateTime, PrimitiveDateTime};
use sqlx::types::{BigDecimal, Decimal, Json, Uuid};
use sqlx::{Connection, Row};

use super::scenario::errors::fails;
use super::scenario::values::{Cell, read_as, through};
use super::scenario::{counter, integers, run};
use super::{Interval, Range, Stage, TimeTz};

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

pub async fn intervals(stage: &mut Stage) {
    let interval = |months, days, microseconds| Interval {
        months,
        days,
        microseconds,
    };
    let intervals = [
        interval(0, 0, 0),
        interval(1, 2, 3),
        interval(-1, -2, -3),
        interval(14, -3, 4_000_005),
        interval(-14, 3, -86_400_000_000),
        interval(i32::MAX, i32::MAX, 1),
        interval(0, 0, i64::MAX),
        interval(0, 0, i64::MIN + 1),
    ];
    let plain = |interval: Interval| (interval.months, interval.days, interval.microseconds);
    through_named(stage, "INTERVAL", intervals, plain).await;
}

pub async fn decimals(stage: &mut Stage) {
    let texts = [
        "0",
        "0.0000",
        "-0.00001",
        "1.10",
        "12345678901234567890.12345",
        "-9999.9999",
        "10000",
        "100000000",
        "0.000000000000000000001",
        "79228162514264337593543950335",
    ];
    // Of a zero read as text, rust_decimal's parser forgets how many there were.
    let fitting = texts.iter().filter(|text| **text != "0.0000");
    through(
        stage,
        "NUMERIC",
        fitting.filter_map(|text| text.parse::<Decimal>().ok()),
    )
    .await;
    through(
        stage,
        "NUMERIC",
        texts.map(|text| text.parse::<BigDecimal>().unwrap()),
    )
    .await;
    through(
        stage,
        "NUMERIC",
        ["1e100", "1e-100", "123456789e20"].map(|text| text.parse::<BigDecimal>().unwrap()),
    )
    .await;
    let pool = stage.pool.clone();
    for text in ["NaN", "1e30"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT '{text}'::numeric AS n"));
        let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
        read_as!(stage, &row, BigDecimal, Decimal);
    }
}

pub async fn dates(stage: &mut Stage) {
    let moment = DateTime::parse_from_rfc3339("2024-02-29T23:30:00.000001-05:30").unwrap();
    through(stage, "TIMESTAMPTZ", [moment]).await;
    let (date, time) = (
        NaiveDate::from_ymd_opt(-4000, 5, 6).unwrap(),
        NaiveTime::from_hms_nano_opt(1, 2, 3, 4_005_678).unwrap(),
    );
    through(stage, "DATE", [date]).await;
    through(stage, "TIMESTAMP", [date.and_time(time)]).await;
    through(
        stage,
        "DATE",
        [Date::from_ordinal_date(-4000, 127).unwrap()],
    )
    .await;
    let offset = |offset: i32| TimeTz {
        time,
        offset: chrono_offset(offset),
    };
    let plain = |time_tz: TimeTz<_, _>| (time_tz.time, time_tz.offset);
    through_named(
        stage,
        "TIMETZ",
        [offset(0), offset(19_800), offset(-3600)],
        plain,
    )
    .await;
    // Dates of one crate, read by the other, in the time zone of the connection.
    let mut connection = pool_connection(stage).await;
    run(&mut *connection, "SET TIME ZONE 'America/St_Johns'").await;
    let sql = "SELECT '2024-02-29 12:30:00.5+00'::timestamptz, '2024-02-29 12:30'::timestamp, \
               '0044-03-15 BC'::date, '24:00'::time";
    for (way, row) in [
        (
            "binary",
            sqlx::query(sql).fetch_one(&mut *connection).await.unwrap(),
        ),
        (
            "text",
            sqlx::raw_sql(sql)
                .fetch_one(&mut *connection)
                .await
                .unwrap(),
        ),
    ] {
        stage.result(
            "DateTime",
            row.try_get::<DateTime<sqlx::types::chrono::Utc>, _>(0),
        );
        stage.result(
            &format!("OffsetDateTime as {way}"),
            row.try_get::<OffsetDateTime, _>(0),
        );
        stage.result("NaiveDateTime", row.try_get::<NaiveDateTime, _>(1));
        stage.result("PrimitiveDateTime", row.try_get::<PrimitiveDateTime, _>(1));
    }
    run(&mut *connection, "RESET TIME ZONE").await;
}

fn chrono_offset(seconds: i32) -> sqlx::types::chrono::FixedOffset {
    sqlx::types::chrono::FixedOffset::east_opt(seconds).unwrap()
}

async fn pool_connection(stage: &Stage) -> sqlx::pool::PoolConnection<super::Db> {
    stage.pool.acquire().await.unwrap()
}

/// What the direct driver reads without a panic.
pub async fn special_dates(stage: &mut Stage) {
    let pool = stage.pool.clone();
    let sql = "SELECT 'epoch'::timestamptz AS a, '4713-01-01 BC'::date AS b, '4713-01-01 BC'::timestamp AS c, \
               '9999-12-31 23:59:59.999999'::timestamp AS d";
    let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
    read_as!(
        stage,
        &row,
        NaiveDate,
        NaiveDateTime,
        DateTime<sqlx::types::chrono::Utc>,
        Date,
        PrimitiveDateTime,
        OffsetDateTime,
    );
}

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

pub async fn ranges(stage: &mut Stage) {
    use Bound::{Excluded, Included, Unbounded};
    fn plain<T>(range: Range<T>) -> (Bound<T>, Bound<T>) {
        (range.start, range.end)
    }
    let range = |start, end| Range { start, end };
    let ranges = [
        range(Included(1), Excluded(5)),
        range(Excluded(1), Included(5)),
        range(Unbounded, Excluded(-5)),
        range(Included(i32::MIN), Unbounded),
        range(Unbounded, Unbounded),
    ];
    through_named(stage, "INT4RANGE", ranges, plain).await;
    let numbers = |number: &str| number.parse::<Decimal>().unwrap();
    let ranges = [
        Range {
            start: Included(numbers("1.5")),
            end: Included(numbers("2.50")),
        },
        Range {
            start: Excluded(numbers("-1")),
            end: Unbounded,
        },
    ];
    through_named(stage, "NUMRANGE", ranges, plain).await;
    let day = |day| NaiveDate::from_ymd_opt(2024, 2, day).unwrap();
    let ranges = [Range {
        start: Included(day(1)),
        end: Excluded(day(29)),
    }];
    through_named(stage, "DATERANGE", ranges, plain).await;
}

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

/// PostgreSQL has the most to say.
pub async fn errors(stage: &mut Stage) {
    let pool = stage.pool.clone();
    run(
        &pool,
        "CREATE TABLE stays (room INTEGER, during INT4RANGE, \
         CONSTRAINT one_guest_at_a_time EXCLUDE USING gist (during WITH &&)); \
         CREATE DOMAIN small AS INTEGER CONSTRAINT is_small CHECK (VALUE < 10); \
         CREATE TYPE colour AS ENUM ('red', 'green'); \
         CREATE TABLE things (size small, colour colour NOT NULL DEFAULT 'red')",
    )
    .await;
    run(&pool, "INSERT INTO stays VALUES (1, '[1,5)')").await;
    run(
        &pool,
        "CREATE FUNCTION refuse() RETURNS INTEGER LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'not today: %', 7 USING ERRCODE = 'ON001', DETAIL = 'the detail', \
         HINT = 'the hint', COLUMN = 'the column', CONSTRAINT = 'the constraint', \
         DATATYPE = 'the type', TABLE = 'the table', SCHEMA = 'the schema'; END $$",
    )
    .await;
    for sql in [
        "INSERT INTO stays VALUES (1, '[4,6)')",
        "INSERT INTO things (size) VALUES (11)",
        "INSERT INTO things (colour) VALUES ('blue')",
        "INSERT INTO things (colour) VALUES (NULL)",
        "SELECT refuse()",
        "DO $$ BEGIN PERFORM 1 / 0; END $$",
        "SELECT 'grün' || nowhere",
        "SELECT * FROM things WHERE size = 'red'::colour",
        "SET no_such_setting = 1",
        "SELECT pg_terminate_backend('x')",
    ] {
        fails(stage, sql).await;
    }
}

/// Two who read the same and write the same, one after the other.
pub async fn serialization_failures(stage: &mut Stage) {
    let pool = counter(stage).await;
    let mut late = pool
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .await
        .unwrap();
    stage.result(
        "before",
        integers(&mut *late, "SELECT n FROM counter ORDER BY id").await,
    );
    run(&pool, "UPDATE counter SET n = 5 WHERE id = 1").await;
    stage.result(
        "still before",
        integers(&mut *late, "SELECT n FROM counter ORDER BY id").await,
    );
    let update = sqlx::query("UPDATE counter SET n = n + 1 WHERE id = 1");
    stage.worked("too late", update.execute(&mut *late).await);
    stage.worked(
        "aborted",
        integers(&mut *late, "SELECT n FROM counter ORDER BY id").await,
    );
    stage.result("rollback", late.rollback().await);
    stage.result(
        "counted",
        integers(&pool, "SELECT n FROM counter ORDER BY id").await,
    );
}
