//! The link between a plugin and its host tears during a commit. Both live on.

use std::collections::BTreeMap;

use onepool_host::Host;
use onepool_sdk::Endpoint;
use onepool_sdk::{Code, DatabaseKind, OnepoolConnectOptions, OnepoolPool, OnepoolPoolOptions};
use onepool_tests::{Fault, Mark, Proxy};
use sqlx::Error;

use super::deadlines::code;
use super::place::{Place, eventually, plugin, quiet, soon};

const ROUNDS: i64 = 5;

/// What must have become of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Committed,
    Undone,
    /// The host may have been told in time.
    Either,
}

/// How the link tears, and what that means for the transaction.
const TEARS: [(Fault, Fate); 4] = [
    (Fault::LoseRequest(Mark::Commit), Fate::Undone),
    (Fault::LoseHalf(Mark::Commit), Fate::Undone),
    (Fault::LoseLink(Mark::Commit), Fate::Either),
    (Fault::LoseAnswer(Mark::Commit), Fate::Committed),
];

/// Writes two rows and commits.
async fn pair(pool: &OnepoolPool, n: i64, fault: Option<(&Proxy, Fault)>) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    let two = sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO pairs VALUES ({n}), ({n})"
    )));
    two.execute(&mut *transaction).await?;
    if let Some((proxy, fault)) = fault {
        proxy.arm(fault);
    }
    transaction.commit().await
}

async fn torn(kind: DatabaseKind) {
    let place = Place::new(kind, 2).await;
    let host = place.host().start().await.unwrap();
    let proxy = Proxy::before_host(host.endpoint().path().unwrap());
    let endpoint = Endpoint::unix(proxy.path()).unwrap();
    let options = OnepoolConnectOptions::endpoint(endpoint)
        .plugin("torn")
        .token(host.issue_token("torn").unwrap().secret());
    let pool = OnepoolPoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    let neighbour = plugin(&host, "neighbour").await;
    sqlx::raw_sql("CREATE TABLE pairs (n BIGINT)")
        .execute(&neighbour)
        .await
        .unwrap();
    let mut fates = BTreeMap::new();
    for n in (0..).step_by(2).take(ROUNDS as usize * TEARS.len()) {
        let (fault, fate) = TEARS[n as usize / 2 % TEARS.len()];
        // The session is opened anew, with the token that came with the last welcome.
        soon("a commit", pair(&pool, n, None)).await.unwrap();
        fates.insert(n, Fate::Committed);
        let error = soon("the commit", pair(&pool, n + 1, Some((&proxy, fault)))).await;
        let error = error.expect_err("nobody can know");
        assert_eq!(
            code(&error),
            Some(Code::OUTCOME_UNKNOWN),
            "{fault:?}: {error}"
        );
        assert!(proxy.has_happened(), "{fault:?}");
        fates.insert(n + 1, fate);
    }
    undisturbed(&host, &neighbour, &fates).await;
    let opened = u64::try_from(ROUNDS).unwrap() * TEARS.len() as u64;
    // Those of the plugin, one after the other, and the neighbour's.
    assert!(host.stats().sessions_opened > opened);
    pool.close().await;
    place.finish(host).await;
}

/// Everything acknowledged is there, nothing is there by half, and nothing is held.
async fn undisturbed(host: &Host, neighbour: &OnepoolPool, fates: &BTreeMap<i64, Fate>) {
    soon("nothing is held", quiet(host)).await;
    eventually("the torn sessions have ended", async || {
        host.stats().sessions <= 2
    })
    .await;
    let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT n, count(*) FROM pairs GROUP BY n")
        .fetch_all(neighbour)
        .await
        .unwrap();
    let rows: BTreeMap<_, _> = rows.into_iter().collect();
    for (n, fate) in fates {
        let count = rows.get(n).copied().unwrap_or(0);
        let fits = match fate {
            Fate::Committed => count == 2,
            Fate::Undone => count == 0,
            Fate::Either => count == 0 || count == 2,
        };
        assert!(fits, "{count} rows of pair {n}, which was {fate:?}");
    }
}

#[tokio::test]
async fn during_a_commit_on_sqlite() {
    torn(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn during_a_commit_on_postgres() {
    torn(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn during_a_commit_on_mariadb() {
    torn(DatabaseKind::MySql).await;
}
