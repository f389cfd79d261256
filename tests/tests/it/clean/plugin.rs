//! What a plugin does with a connection, and what it is told.

use futures_util::TryStreamExt;
use onepool_host::Host;
use onepool_sdk::{OnepoolConnectOptions, OnepoolConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, Row, SqlSafeStr};

use super::draw::Draw;

/// A new connection in a session of this plugin.
pub(super) async fn connect(host: &Host, plugin: &str) -> OnepoolConnection {
    let options: OnepoolConnectOptions = host.client(plugin).into();
    OnepoolConnection::connect_with(&options).await.unwrap()
}

/// How a statement is run. Whatever comes of it is nobody's business here: it may well fail.
#[derive(Clone, Copy, Debug)]
enum Way {
    Text,
    Prepared,
    /// Prepared and never run.
    NotRun,
    /// As one text with another that fails behind it.
    BeforeFailure,
    /// The rows are dropped after the first.
    FirstRow,
    InTransaction(End),
    InSavepoint(End),
}

#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Rollback,
    Drop,
}

const WAYS: [&Way; 14] = [
    &Way::Text,
    &Way::Text,
    &Way::Text,
    &Way::Text,
    &Way::Prepared,
    &Way::Prepared,
    &Way::NotRun,
    &Way::BeforeFailure,
    &Way::FirstRow,
    &Way::InTransaction(End::Commit),
    &Way::InTransaction(End::Rollback),
    &Way::InTransaction(End::Drop),
    &Way::InSavepoint(End::Rollback),
    &Way::InSavepoint(End::Drop),
];

/// Runs one statement in a drawn way; says what was done.
pub(super) async fn run(connection: &mut OnepoolConnection, draw: &mut Draw, sql: &str) -> String {
    let way = *draw.one_of(&WAYS);
    let outcome = run_as(connection, way, sql).await;
    let outcome = outcome.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
    format!("{way:?}: {sql}\n      {outcome}")
}

async fn run_as(connection: &mut OnepoolConnection, way: Way, sql: &str) -> sqlx::Result<()> {
    let safe = || AssertSqlSafe(sql);
    match way {
        Way::Text => {
            sqlx::raw_sql(safe()).execute(connection).await?;
        }
        Way::Prepared => drop(sqlx::query(safe()).fetch_all(connection).await?),
        Way::NotRun => drop(connection.prepare(safe().into_sql_str()).await?),
        Way::BeforeFailure => {
            let both = format!("{sql}; SELECT nothing FROM nowhere");
            sqlx::raw_sql(AssertSqlSafe(both))
                .execute(connection)
                .await?;
        }
        Way::FirstRow => drop(sqlx::query(safe()).fetch(connection).try_next().await?),
        Way::InTransaction(end) => {
            let mut transaction = connection.begin().await?;
            let done = sqlx::raw_sql(safe()).execute(&mut *transaction).await;
            finish(transaction, end).await?;
            done?;
        }
        Way::InSavepoint(end) => {
            let mut transaction = connection.begin().await?;
            let mut inner = transaction.begin().await?;
            let done = sqlx::raw_sql(safe()).execute(&mut *inner).await;
            finish(inner, end).await?;
            transaction.commit().await?;
            done?;
        }
    }
    Ok(())
}

async fn finish(transaction: onepool_sdk::OnepoolTransaction<'_>, end: End) -> sqlx::Result<()> {
    match end {
        End::Commit => transaction.commit().await,
        End::Rollback => transaction.rollback().await,
        End::Drop => Ok(()),
    }
}

/// The first column of a text's rows, as text.
pub(super) async fn read(
    connection: &mut OnepoolConnection,
    sql: &str,
) -> sqlx::Result<Vec<String>> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await?;
    let cell = |row: &onepool_sdk::OnepoolRow| {
        row.try_get_unchecked::<Option<String>, _>(0)
            .map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()))
    };
    rows.iter().map(cell).collect()
}
