//! The right to cancel what other logins run, taken away while the host runs.

use super::*;

/// A backend that the host may no longer see was taken for one that is gone, and its place in the cap
/// given away too early.
#[tokio::test]
async fn the_cap_holds_without_the_right_to_cancel_on_postgres() {
    each_is_who_it_is(Kind::Postgres, true).await;
}

#[tokio::test]
async fn the_cap_holds_without_the_right_to_cancel_on_mariadb() {
    each_is_who_it_is(Kind::MariaDb, true).await;
}

/// The call ends by its deadline all the same. What it runs goes on in the database, on a backend
/// that counts, also when the host has given it up; others have the rest. With the right it is ended.
async fn without_the_right_to_cancel(kind: Kind, given_up: bool) {
    let stage = Stage::new(kind, 3).await;
    stage.grant().await;
    let host = stage.host(3).start().await.unwrap();
    let (a, b) = (plugin(&host, "a").await, plugin(&host, "b").await);
    stage.revoke().await;
    let sleep = match kind {
        Kind::Postgres => "SELECT pg_sleep(600)::text",
        Kind::MariaDb => "SELECT CONCAT(SLEEP(600))",
    };
    let late = with_deadline(Duration::from_millis(200), text(&a, sleep)).await;
    assert_eq!(code(&late.unwrap_err()), Some(Code::DEADLINE_EXCEEDED));
    let counts = || host.pool_stats().backends;
    let deadline = Instant::now() + PATIENCE;
    while given_up && counts().closing == 0 {
        assert!(Instant::now() < deadline, "it is never given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..50 {
        text(&b, stage.who()).await.unwrap();
        let counted = counts().leased + counts().closing;
        let goes_on = stage.sleeping().await == 1;
        assert!(counted == 1 || !goes_on, "it is there and does not count");
        // PostgreSQL sees by itself that nobody is there to tell the result.
        let ends = given_up && kind == Kind::Postgres;
        assert!(goes_on || ends, "nobody could cancel it");
    }
    stage.grant().await;
    if kind == Kind::MariaDb {
        // The host asks again on another connection.
        stage.cut_the_hosts_own().await;
    }
    while stage.sleeping().await > 0 || counts().leased + counts().closing > 0 {
        assert!(Instant::now() < deadline, "it is not ended any more");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    text(&a, stage.who()).await.unwrap();
    host.stop().await;
    assert_eq!(stage.database.refusals().await, 0);
}

#[tokio::test]
async fn without_the_right_to_cancel_a_statement_goes_on_alone_on_postgres() {
    without_the_right_to_cancel(Kind::Postgres, false).await;
}

#[tokio::test]
async fn without_the_right_to_cancel_a_statement_goes_on_alone_on_mariadb() {
    without_the_right_to_cancel(Kind::MariaDb, false).await;
}

#[tokio::test]
async fn what_is_given_up_and_goes_on_still_counts_on_postgres() {
    without_the_right_to_cancel(Kind::Postgres, true).await;
}

#[tokio::test]
async fn what_is_given_up_and_goes_on_still_counts_on_mariadb() {
    without_the_right_to_cancel(Kind::MariaDb, true).await;
}
