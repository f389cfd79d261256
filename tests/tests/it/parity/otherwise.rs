//! Where onepool does otherwise than a direct driver on purpose, and what the driver does.

use onepool_host::Host;
use onepool_sdk::{Code, DatabaseKind, OnepoolError, OnepoolPool, OnepoolPoolOptions};
use sqlx::types::chrono::NaiveDate;
use sqlx::types::time::Date;
use sqlx::{Acquire, Connection, Executor, MySqlConnection, PgPool, Row};

use super::runner::Place;

/// A plugin in this process, on a database of its own.
struct Plugin {
    pool: OnepoolPool,
    host: Host,
    place: Place,
}

impl Plugin {
    async fn on(kind: DatabaseKind) -> Self {
        let place = Place::new(kind).await;
        let host = Host::builder()
            .database(place.url())
            .max_connections(4)
            .start()
            .await
            .unwrap();
        let pool = OnepoolPoolOptions::new().connect_with(host.client("plugin").into());
        Self {
            pool: pool.await.unwrap(),
            host,
            place,
        }
    }

    async fn with_a_table(kind: DatabaseKind) -> Self {
        let plugin = Self::on(kind).await;
        plugin
            .pool
            .execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)")
            .await
            .unwrap();
        plugin
            .pool
            .execute("INSERT INTO t VALUES (1, 0), (2, 0)")
            .await
            .unwrap();
        plugin
    }

    async fn ids(&self) -> Vec<i32> {
        sqlx::query_scalar("SELECT id FROM t ORDER BY id")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }
}

const KINDS: [DatabaseKind; 3] = [
    DatabaseKind::Sqlite,
    DatabaseKind::Postgres,
    DatabaseKind::MySql,
];

#[track_caller]
fn code<T>(result: sqlx::Result<T>) -> Code {
    let error = result.err().expect("it fails");
    OnepoolError::of(&error)
        .unwrap_or_else(|| panic!("{error:?} is not onepool's"))
        .code()
}

/// PostgreSQL rolls a failed transaction back when told to commit. The direct driver says Ok.
#[tokio::test]
async fn the_commit_of_a_failed_transaction_is_an_error() {
    let plugin = Plugin::with_a_table(DatabaseKind::Postgres).await;
    let direct = PgPool::connect(plugin.place.url());
    let direct = direct.await.unwrap();
    let mut transaction = direct.begin().await.unwrap();
    transaction
        .execute("INSERT INTO t VALUES (3)")
        .await
        .unwrap();
    transaction
        .execute("INSERT INTO t VALUES (1)")
        .await
        .unwrap_err();
    transaction.commit().await.unwrap();
    assert_eq!(
        plugin.ids().await,
        [1, 2],
        "the driver said Ok, and it was not so"
    );
    direct.close().await;

    let mut transaction = plugin.pool.begin().await.unwrap();
    transaction
        .execute("INSERT INTO t VALUES (3)")
        .await
        .unwrap();
    transaction
        .execute("INSERT INTO t VALUES (1)")
        .await
        .unwrap_err();
    assert_eq!(code(transaction.commit().await), Code::TRANSACTION_FAILED);

    let mut connection = plugin.pool.acquire().await.unwrap();
    for end in ["COMMIT", "END", "commit work"] {
        connection.execute("BEGIN").await.unwrap();
        connection
            .execute("INSERT INTO t VALUES (3)")
            .await
            .unwrap();
        connection
            .execute("INSERT INTO t VALUES (1)")
            .await
            .unwrap_err();
        assert_eq!(
            code(connection.execute(end).await),
            Code::TRANSACTION_FAILED
        );
    }
    // Nothing of it is open any more.
    connection
        .execute("INSERT INTO t VALUES (4)")
        .await
        .unwrap();
    assert_eq!(plugin.ids().await, [1, 2, 4]);
}

/// A failure inside a savepoint that is released all the same, and one that was given up.
#[tokio::test]
async fn a_failed_savepoint_cannot_be_committed_and_can_be_left() {
    for kind in KINDS {
        let plugin = Plugin::with_a_table(kind).await;
        let mut transaction = plugin.pool.begin().await.unwrap();
        transaction
            .execute("INSERT INTO t VALUES (3, 0)")
            .await
            .unwrap();
        let mut inner = transaction.begin().await.unwrap();
        inner
            .execute("INSERT INTO t VALUES (1, 0)")
            .await
            .unwrap_err();
        let committed = inner.commit().await;
        match kind {
            DatabaseKind::Postgres => assert_eq!(code(committed), Code::TRANSACTION_FAILED),
            _ => committed.unwrap(),
        }
        transaction
            .execute("INSERT INTO t VALUES (4, 0)")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(plugin.ids().await, [1, 2, 3, 4], "{kind}");
    }
}

/// The direct drivers refuse it too, but roll back what was open and go on as if it still were.
#[tokio::test]
async fn a_begin_inside_a_transaction_is_refused_and_harms_nothing() {
    for kind in KINDS {
        let plugin = Plugin::with_a_table(kind).await;
        let mut transaction = plugin.pool.begin().await.unwrap();
        transaction
            .execute("INSERT INTO t VALUES (3, 0)")
            .await
            .unwrap();
        let refused = Connection::begin_with(&mut *transaction, "BEGIN")
            .await
            .map(|_| ());
        assert!(matches!(
            refused,
            Err(sqlx::Error::InvalidSavePointStatement)
        ));
        transaction
            .execute("INSERT INTO t VALUES (4, 0)")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(plugin.ids().await, [1, 2, 3, 4], "{kind}");
    }
}

/// The direct drivers fail (PostgreSQL) or panic (SQLite) here.
#[tokio::test]
async fn a_table_may_change_under_prepared_statements() {
    for kind in KINDS {
        let plugin = Plugin::with_a_table(kind).await;
        let width = async || {
            let row = sqlx::query("SELECT * FROM t WHERE id = 1")
                .fetch_one(&plugin.pool)
                .await;
            row.unwrap().len()
        };
        assert_eq!(width().await, 2);
        for columns in 3..6 {
            let change = format!("ALTER TABLE t ADD COLUMN c{columns} INTEGER");
            plugin
                .pool
                .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(change)))
                .await
                .unwrap();
            assert_eq!(width().await, columns, "{kind}");
        }
    }
}

/// The direct driver finds out in the middle of the protocol, and hangs afterwards.
#[tokio::test]
async fn a_wrong_number_of_arguments_is_told_and_forgotten_on_mariadb() {
    let plugin = Plugin::with_a_table(DatabaseKind::MySql).await;
    let mut connection = plugin.pool.acquire().await.unwrap();
    for _ in 0..3 {
        let select = || sqlx::query("SELECT id FROM t WHERE id = ? OR n = ?");
        for wrong in [select(), select().bind(1), select().bind(1).bind(2).bind(3)] {
            assert_eq!(
                code(wrong.fetch_all(&mut *connection).await),
                Code::INVALID_ARGUMENT
            );
        }
        let right = select()
            .bind(1)
            .bind(7)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
        assert_eq!(right.len(), 1);
    }
}

/// The victim of a deadlock has lost its whole transaction: what follows must not run outside it.
#[tokio::test]
async fn the_victim_of_a_deadlock_cannot_go_on() {
    let plugin = Plugin::with_a_table(DatabaseKind::MySql).await;
    let mut one = plugin.pool.begin().await.unwrap();
    let mut two = plugin.pool.begin().await.unwrap();
    one.execute("UPDATE t SET n = n + 1 WHERE id = 1")
        .await
        .unwrap();
    two.execute("UPDATE t SET n = n + 10 WHERE id = 2")
        .await
        .unwrap();
    let (first, second) = tokio::join!(
        one.execute("UPDATE t SET n = n + 1 WHERE id = 2"),
        two.execute("UPDATE t SET n = n + 10 WHERE id = 1"),
    );
    let (first, second) = (first.map(|_| ()), second.map(|_| ()));
    let (mut victim, winner, sum, failed) = match (first, second) {
        (Err(error), Ok(())) => (one, two, 20, error),
        (Ok(()), Err(error)) => (two, one, 2, error),
        other => panic!("not a deadlock: {other:?}"),
    };
    assert_eq!(
        failed.as_database_error().unwrap().code().as_deref(),
        Some("40001")
    );
    let next = victim.execute("INSERT INTO t VALUES (3, 0)").await;
    assert_eq!(code(next), Code::TRANSACTION_ENDED);
    assert_eq!(code(victim.commit().await), Code::TRANSACTION_FAILED);
    winner.commit().await.unwrap();
    assert_eq!(plugin.ids().await, [1, 2]);
    let all: i64 = sqlx::query_scalar("SELECT CAST(SUM(n) AS SIGNED) FROM t")
        .fetch_one(&plugin.pool)
        .await
        .unwrap();
    assert_eq!(all, sum);
}

/// An older server goes on with the victim as if it had begun another transaction: what the next
/// borrower of that backend writes would be acknowledged, and lost when the backend is closed.
#[tokio::test]
async fn the_victim_of_a_deadlock_leaves_no_transaction_behind() {
    let plugin = Plugin::with_a_table(DatabaseKind::MySql).await;
    let mut one = plugin.pool.begin().await.unwrap();
    let mut two = plugin.pool.begin().await.unwrap();
    let update = "UPDATE t SET n = n + 1 WHERE id = 1";
    one.execute(update).await.unwrap();
    let other = "UPDATE t SET n = n + 1 WHERE id = 2";
    two.execute(other).await.unwrap();
    let (first, second) = tokio::join!(one.execute(other), two.execute(update));
    assert!(first.is_err() != second.is_err(), "not a deadlock");
    drop((one, two));
    // So long that they run on all backends there are.
    let insert = async |id: i64| {
        let insert = sqlx::query("INSERT INTO t SELECT ?, SLEEP(0.5)").bind(id);
        insert.execute(&plugin.pool).await.unwrap();
    };
    tokio::join!(insert(10), insert(11), insert(12));
    plugin.host.stop().await;
    let mut direct = MySqlConnection::connect(plugin.place.url()).await.unwrap();
    let ids: Vec<i32> = sqlx::query_scalar("SELECT id FROM t ORDER BY id")
        .fetch_all(&mut direct)
        .await
        .unwrap();
    assert_eq!(ids, [1, 2, 10, 11, 12]);
}

/// A retry did the work twice.
#[tokio::test]
async fn the_commit_of_what_a_text_has_committed_does_not_say_it_was_rolled_back() {
    for kind in [
        DatabaseKind::Sqlite,
        DatabaseKind::Postgres,
        DatabaseKind::MySql,
    ] {
        let plugin = Plugin::with_a_table(kind).await;
        let mut transaction = plugin.pool.begin().await.unwrap();
        transaction
            .execute("INSERT INTO t VALUES (3, 0)")
            .await
            .unwrap();
        transaction.execute("COMMIT").await.unwrap();
        assert_eq!(code(transaction.commit().await), Code::TRANSACTION_ENDED);
        assert_eq!(plugin.ids().await, [1, 2, 3]);
        plugin.host.stop().await;
    }
}

/// The direct driver panics on some of these.
#[tokio::test]
async fn dates_without_an_end_are_errors_on_postgres() {
    let plugin = Plugin::on(DatabaseKind::Postgres).await;
    let sql = "SELECT 'infinity'::date, '-infinity'::date, '5874897-12-31'::date";
    let binary = sqlx::query(sql).fetch_one(&plugin.pool).await.unwrap();
    let text = sqlx::raw_sql(sql).fetch_one(&plugin.pool).await.unwrap();
    for row in [binary, text] {
        for column in 0..3 {
            row.try_get::<NaiveDate, _>(column).unwrap_err();
            row.try_get::<Date, _>(column).unwrap_err();
        }
    }
    plugin.host.stop().await;
}

/// A driver that is left in copy mode hangs with the next statement.
#[tokio::test]
async fn what_would_hang_is_refused_with_an_alternative() {
    let plugin = Plugin::with_a_table(DatabaseKind::Postgres).await;
    for refused in ["COPY t FROM STDIN", "COPY t TO STDOUT", "LISTEN news"] {
        for result in [
            sqlx::query(refused).execute(&plugin.pool).await,
            sqlx::raw_sql(refused).execute(&plugin.pool).await,
        ] {
            let error = result.unwrap_err();
            let broker = OnepoolError::of(&error).unwrap();
            assert_eq!(broker.code(), Code::UNSUPPORTED, "{refused}");
            println!("{refused}: {error}");
        }
    }
    assert_eq!(plugin.ids().await, [1, 2]);
}
