//! A host that stops says so to whoever has a session, and one that starts waits for the last one
//! to be gone.

use std::time::Duration;

use onepool_host::Host;
use onepool_sdk::{
    Code, DatabaseKind, OnepoolConnectOptions, OnepoolError, OnepoolPool, OnepoolPoolOptions,
};
use sqlx::{Connection, MySqlConnection, PgConnection};

use super::place::{Place, eventually, soon};

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT count(*) FROM n";

/// A plugin in this process, and one behind the socket.
async fn both(host: &Host) -> [OnepoolPool; 2] {
    let socket = OnepoolConnectOptions::endpoint(host.endpoint().clone())
        .plugin("far")
        .token(host.issue_token("far").unwrap().secret());
    let near = OnepoolPoolOptions::new().connect_with(host.client("near").into());
    let far = OnepoolPoolOptions::new().connect_with(socket);
    [near.await.unwrap(), far.await.unwrap()]
}

fn code(error: &sqlx::Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}

/// They were once told that their session was lost, as if the host had died.
#[tokio::test]
async fn live_sessions_are_told_that_the_host_stops() {
    let place = Place::new(DatabaseKind::Sqlite, 3).await;
    let host = place.host().stop_timeout(Duration::from_millis(50));
    let host = host.start().await.unwrap();
    let pools = both(&host).await;
    let mut idle = Vec::new();
    let mut busy = Vec::new();
    for pool in &pools {
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query("SELECT 1")
            .execute(&mut *connection)
            .await
            .unwrap();
        idle.push(connection);
        let pool = pool.clone();
        busy.push(tokio::spawn(async move {
            let endless = sqlx::query_scalar::<_, i64>(ENDLESS).fetch_one(&pool);
            endless.await.unwrap_err()
        }));
    }
    eventually("two statements run", async || {
        host.pool_stats().backends.leased == 2
    })
    .await;
    soon("stop", host.stop()).await;
    for busy in busy {
        let error = soon("a running call", busy).await.unwrap();
        assert_eq!(code(&error), Some(Code::HOST_STOPPING), "{error}");
    }
    for mut connection in idle {
        let query = sqlx::query("SELECT 1").execute(&mut *connection);
        let error = soon("a new call", query).await.unwrap_err();
        assert_eq!(code(&error), Some(Code::HOST_STOPPING), "{error}");
    }
}

/// What closes when it is told to.
enum Direct {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// The server may count the connections of a host that has stopped for some milliseconds more, and
/// once the next one gave up at the first refusal.
async fn a_full_server_is_asked_again(kind: DatabaseKind) {
    let place = Place::new(kind, 1).await;
    let mut others = Vec::new();
    for _ in 0..place.cap {
        others.push(match kind {
            DatabaseKind::MySql => {
                Direct::MySql(MySqlConnection::connect(&place.url).await.unwrap())
            }
            _ => Direct::Postgres(PgConnection::connect(&place.url).await.unwrap()),
        });
    }
    let refused = place.host().start().await.unwrap_err().to_string();
    assert!(refused.contains("cannot connect"), "{refused}");

    let starting = tokio::spawn(place.host().start());
    let before = place.refusals().await;
    eventually("it is refused", async || place.refusals().await > before).await;
    for other in others {
        match other {
            Direct::Postgres(other) => other.close().await.unwrap(),
            Direct::MySql(other) => other.close().await.unwrap(),
        }
    }
    let host = soon("start", starting).await.unwrap().unwrap();
    let plugin = super::place::plugin(&host, "late").await;
    let one = sqlx::query("SELECT 1").execute(&plugin);
    soon("a query", one).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_full_server_is_asked_again_on_postgres() {
    a_full_server_is_asked_again(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn a_full_server_is_asked_again_on_mariadb() {
    a_full_server_is_asked_again(DatabaseKind::MySql).await;
}
