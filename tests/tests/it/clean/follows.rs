//! What a plugin sets is there for it, on whichever backend its statements run.
//!
//! The same statements go to a connection of sqlx's own; after each, both must have strayed from
//! where they began in the same way. A neighbour with settings of its own takes now this backend and
//! now that one in between.

use onepool_host::Host;
use onepool_sdk::{DatabaseKind, OnepoolConnectOptions, OnepoolConnection};
use sqlx::{AssertSqlSafe, Connection, Row};
use sqlx::{MySqlConnection, PgConnection, SqliteConnection};

use super::draw::{Draw, none_failed, seeds};
use super::plugin::{connect, read};
use super::stage::{Login, Stage};

const SEEDS: u64 = 60;
const STATEMENTS: u64 = 20;

#[tokio::test]
async fn on_sqlite() {
    live(&Stage::sqlite().await).await;
}

#[tokio::test]
async fn on_postgres() {
    live(&Stage::postgres(Login::Role).await).await;
}

#[tokio::test]
async fn on_mariadb() {
    live(&Stage::mariadb(Login::Role).await).await;
}

async fn live(stage: &Stage) {
    let mut failed = Vec::new();
    let host = stage.host(2).await;
    for seed in seeds(SEEDS) {
        if let Err(found) = life(stage, &host, seed).await {
            failed.push(format!("seed {seed}, {found}"));
        }
    }
    host.stop().await;
    none_failed(&failed);
}

async fn life(stage: &Stage, host: &Host, seed: u64) -> Result<(), String> {
    let mut draw = Draw::new(seed);
    let mut direct = Direct::connect(stage.kind, &stage.url).await;
    let mut pooled = connect(host, "plugin").await;
    // Read-only, since SQLite's writer lane is for the plugin.
    let neighbour: OnepoolConnectOptions = host.client("neighbour").into();
    let neighbour = neighbour.read_only();
    let mut neighbour = OnepoolConnection::connect_with(&neighbour).await.unwrap();
    let began = Strayed {
        direct: direct.read(stage.settings_read()).await,
        pooled: read(&mut pooled, stage.settings_read()).await.unwrap(),
    };
    let mut done = Vec::new();
    for _ in 0..STATEMENTS {
        let sql = if draw.once_in(5) {
            stage.bracket(&mut draw)
        } else {
            stage.setting(&mut draw)
        };
        let expected = direct.execute(&sql).await;
        let outcome = beside(stage, &mut neighbour, &mut draw, async || {
            let text = sqlx::raw_sql(AssertSqlSafe(sql.as_str()));
            text.execute(&mut pooled).await.is_ok()
        })
        .await;
        done.push(format!("{sql} ({expected})"));
        let told = || done.join("\n    ");
        // Only here is the commit of a failed transaction an error.
        if outcome != expected && sql != "COMMIT" {
            return Err(format!("\n    {}\n  ends otherwise", told()));
        }
        // In a failed transaction there is nothing to be read.
        let Some(expected) = direct.strayed(stage, &began).await else {
            continue;
        };
        let strayed = beside(stage, &mut neighbour, &mut draw, async || {
            let now = read(&mut pooled, stage.settings_read()).await;
            now.map(|now| beyond(&began.pooled, now))
        })
        .await;
        let strayed = strayed.map_err(|error| format!("\n    {}\n  then {error}", told()))?;
        if strayed != expected {
            let what = format!("expected {expected:?}\n  found    {strayed:?}");
            return Err(format!("\n    {}\n  {what}", told()));
        }
    }
    Ok(())
}

/// Where both began.
struct Strayed {
    direct: Vec<String>,
    pooled: Vec<String>,
}

/// What is so now and was not in the beginning.
fn beyond(began: &[String], now: Vec<String>) -> Vec<String> {
    let mut now: Vec<_> = now
        .into_iter()
        .filter(|line| !began.contains(line))
        .collect();
    now.sort();
    now
}

/// Does something while the neighbour, perhaps, holds a backend that has its settings.
async fn beside<T>(
    stage: &Stage,
    neighbour: &mut OnepoolConnection,
    draw: &mut Draw,
    work: impl AsyncFnOnce() -> T,
) -> T {
    if draw.once_in(2) {
        return work().await;
    }
    if draw.once_in(2) {
        let setting = stage.setting(draw);
        let setting = sqlx::raw_sql(AssertSqlSafe(setting.as_str()));
        // Not all can be set; and some keep a backend until the connection is given back.
        let _ = setting.execute(&mut *neighbour).await;
        neighbour.ping().await.unwrap();
    }
    let mut transaction = neighbour.begin().await.unwrap();
    let _ = sqlx::raw_sql("SELECT 1").execute(&mut *transaction).await;
    let done = work().await;
    transaction.rollback().await.unwrap();
    done
}

/// A connection of sqlx's own.
enum Direct {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

macro_rules! on {
    ($direct:expr, $connection:ident => $work:expr) => {
        match $direct {
            Direct::Sqlite($connection) => $work,
            Direct::Postgres($connection) => $work,
            Direct::MySql($connection) => $work,
        }
    };
}

impl Direct {
    async fn connect(kind: DatabaseKind, url: &str) -> Self {
        match kind {
            DatabaseKind::Sqlite => Self::Sqlite(SqliteConnection::connect(url).await.unwrap()),
            DatabaseKind::Postgres => Self::Postgres(PgConnection::connect(url).await.unwrap()),
            DatabaseKind::MySql => Self::MySql(MySqlConnection::connect(url).await.unwrap()),
        }
    }

    /// Whether the statement succeeds.
    async fn execute(&mut self, sql: &str) -> bool {
        let text = sqlx::raw_sql(AssertSqlSafe(sql));
        on!(self, connection => text.execute(connection).await.is_ok())
    }

    async fn read(&mut self, sql: &str) -> Vec<String> {
        self.try_read(sql).await.unwrap()
    }

    async fn try_read(&mut self, sql: &str) -> sqlx::Result<Vec<String>> {
        let text = sqlx::raw_sql(AssertSqlSafe(sql));
        on!(self, connection => {
            let rows = text.fetch_all(connection).await?;
            rows.iter().map(|row| row.try_get_unchecked::<String, _>(0)).collect()
        })
    }

    /// What is so now and was not in the beginning; `None` if nothing can be read.
    async fn strayed(&mut self, stage: &Stage, began: &Strayed) -> Option<Vec<String>> {
        let now = self.try_read(stage.settings_read()).await.ok()?;
        Some(beyond(&began.direct, now))
    }
}
