//! The database's own list of what runs says for which plugin, and the host's log for which trace.

use onepool_sdk::{DatabaseKind, OnepoolDatabaseError};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};

use super::place::{LONG, Place, eventually, plugin};

/// What the server tells of the connection that runs a statement with `mark` in it: the name that it
/// goes by, if there is one, and the text.
async fn seen(place: &Place, mark: &str) -> Option<(String, String)> {
    let like = format!("%{mark}%");
    let url = place.admin_url();
    if place.kind == DatabaseKind::MySql {
        let sql = "SELECT '', info FROM information_schema.processlist \
                   WHERE info LIKE ? AND id <> connection_id()";
        let mut admin = MySqlConnection::connect(url).await.unwrap();
        let seen = sqlx::query_as(sql).bind(like).fetch_optional(&mut admin);
        return seen.await.unwrap();
    }
    let sql = "SELECT application_name, query FROM pg_stat_activity \
               WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()";
    let mut admin = PgConnection::connect(url).await.unwrap();
    let seen = sqlx::query_as(sql).bind(like).fetch_optional(&mut admin);
    seen.await.unwrap()
}

/// What the server tells while `running` runs, which is then ended.
async fn while_it_runs(
    place: &Place,
    mark: &str,
    running: impl Future<Output = ()> + Send + 'static,
) -> (String, String) {
    let task = tokio::spawn(running);
    let mut found = None;
    eventually("the statement to run", async || {
        found = seen(place, mark).await;
        found.is_some()
    })
    .await;
    if place.kind == DatabaseKind::Postgres {
        // In a transaction it would go on after its caller.
        let sql = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity \
                   WHERE query LIKE $1 AND pid <> pg_backend_pid()";
        let mut admin = PgConnection::connect(place.admin_url()).await.unwrap();
        let cancel = sqlx::query(sql).bind(format!("%{mark}%"));
        cancel.execute(&mut admin).await.unwrap();
        task.await.unwrap();
    } else {
        task.abort();
    }
    found.unwrap()
}

fn slow(kind: DatabaseKind, mark: &str) -> String {
    let seconds = LONG.as_secs();
    match kind {
        DatabaseKind::MySql => format!("SELECT sleep({seconds}) AS {mark}"),
        _ => format!("SELECT pg_sleep({seconds}) AS {mark}"),
    }
}

async fn a_comment_tells_the_plugin(kind: DatabaseKind) {
    let place = Place::new(kind, 3).await;
    let host = place.host().statement_comments(true).start().await.unwrap();
    let (inbox, outbox) = (plugin(&host, "inbox").await, plugin(&host, "outbox").await);
    for (pool, name) in [(&inbox, "inbox"), (&outbox, "outbox")] {
        for prepared in [true, false] {
            let mark = format!("{name}_{prepared}");
            let (pool, sql) = (pool.clone(), slow(kind, &mark));
            let running = async move {
                let _ = match prepared {
                    true => sqlx::query(AssertSqlSafe(sql)).execute(&pool).await,
                    false => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await,
                };
            };
            let (_, text) = while_it_runs(&place, &mark, running).await;
            let told = format!("/*plugin='{name}'*/ {}", slow(kind, &mark));
            assert!(text.starts_with(&told), "{text}");
        }
    }
    place.finish(host).await;
}

#[tokio::test]
async fn a_comment_tells_the_plugin_on_postgres() {
    a_comment_tells_the_plugin(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn a_comment_tells_the_plugin_on_mariadb() {
    a_comment_tells_the_plugin(DatabaseKind::MySql).await;
}

/// The comment goes before the text, which moved the place that PostgreSQL gives of an error.
#[tokio::test]
async fn the_place_of_an_error_is_that_in_the_plugins_text() {
    let place = Place::new(DatabaseKind::Postgres, 1).await;
    for comments in [false, true] {
        let host = place.host().statement_comments(comments);
        let host = host.start().await.unwrap();
        let pool = plugin(&host, "inbox").await;
        let at = |error: sqlx::Error| {
            let error = error.as_database_error().unwrap();
            let error = error.downcast_ref::<OnepoolDatabaseError>();
            error.position().unwrap()
        };
        let sql = "SELECT 1, nowhere";
        let prepared = sqlx::query(sql).execute(&pool).await.unwrap_err();
        let raw = sqlx::raw_sql(sql).execute(&pool).await.unwrap_err();
        let described = sqlx::Executor::prepare(&pool, sqlx::SqlSafeStr::into_sql_str(sql));
        let described = described.await.err().unwrap();
        assert_eq!(
            [at(prepared), at(raw), at(described)],
            [11; 3],
            "{comments}"
        );
        host.stop().await;
    }
    place.referee().await;
}

/// A transaction bears its plugin's name, the next user of the backend does not, and a name that the
/// Connection gave itself stays.
#[tokio::test]
async fn a_transaction_bears_the_plugins_name_on_postgres() {
    const NAME: &str = "SELECT current_setting('application_name')";
    let kind = DatabaseKind::Postgres;
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "inbox").await;
    let sql = slow(kind, "in_transaction");
    let running = {
        let pool = pool.clone();
        async move {
            let mut transaction = pool.begin().await.unwrap();
            let _ = sqlx::query(AssertSqlSafe(sql))
                .execute(&mut *transaction)
                .await;
        }
    };
    let (name, text) = while_it_runs(&place, "in_transaction", running).await;
    assert_eq!(name, "onepool/inbox");
    assert_eq!(
        text,
        slow(kind, "in_transaction"),
        "and nothing else has changed"
    );

    let other = plugin(&host, "outbox").await;
    let name: String = sqlx::query_scalar(NAME).fetch_one(&other).await.unwrap();
    assert_eq!(name, "onepool", "after it");

    let mut own = other.acquire().await.unwrap();
    sqlx::query("SET application_name = 'mine'")
        .execute(&mut *own)
        .await
        .unwrap();
    let mut transaction = sqlx::Connection::begin(&mut *own).await.unwrap();
    let name: String = sqlx::query_scalar(NAME)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(name, "mine");
    transaction.commit().await.unwrap();

    // A comment at the end of a statement that opens one does not swallow the name.
    let mut transaction = pool
        .begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE -- all of it")
        .await
        .unwrap();
    let name: String = sqlx::query_scalar(NAME)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(name, "onepool/inbox");
    let level: String = sqlx::query_scalar("SHOW transaction_isolation")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    assert_eq!(level, "serializable");
    // As the first statement of a transaction may.
    transaction.rollback().await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    drop(own);
    place.finish(host).await;
}
