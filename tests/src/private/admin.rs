//! What the superuser does on a server. Each call has a connection of its own, because a connection
//! belongs to the runtime it was opened in, and every test has another one.

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use super::Kind;
use super::error::Error;

/// Runs statements one by one. Whether the farewell arrives says nothing: MariaDB hangs up on it
/// before TLS has said its own.
pub(crate) async fn execute(kind: Kind, url: &str, statements: &[String]) -> Result<(), Error> {
    match kind {
        Kind::Postgres => {
            let mut connection = PgConnection::connect(url)
                .await
                .map_err(failed("connect"))?;
            for sql in statements {
                sqlx::raw_sql(AssertSqlSafe(sql.as_str()))
                    .execute(&mut connection)
                    .await
                    .map_err(failed(sql))?;
            }
            let _ = connection.close().await;
        }
        Kind::MariaDb => {
            let mut connection = MySqlConnection::connect(url)
                .await
                .map_err(failed("connect"))?;
            for sql in statements {
                sqlx::raw_sql(AssertSqlSafe(sql.as_str()))
                    .execute(&mut connection)
                    .await
                    .map_err(failed(sql))?;
            }
            let _ = connection.close().await;
        }
    }
    Ok(())
}

/// Runs a query for one number.
pub(crate) async fn number(kind: Kind, url: &str, sql: &str) -> Result<i64, Error> {
    match kind {
        Kind::Postgres => {
            let mut connection = PgConnection::connect(url)
                .await
                .map_err(failed("connect"))?;
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await
                .map_err(failed(sql))
        }
        Kind::MariaDb => {
            let mut connection = MySqlConnection::connect(url)
                .await
                .map_err(failed("connect"))?;
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await
                .map_err(failed(sql))
        }
    }
}

fn failed(sql: &str) -> impl FnOnce(sqlx::Error) -> Error {
    let sql = sql.to_owned();
    move |source| Error::Sql { sql, source }
}
