//! Backends as the server sees them.

use onepool_proto::Code;
use onepool_proto::message::Want;

use super::{database, one, open};
use crate::db::testing::run;
use crate::db::{Identity, Source, Statement, is_broken, is_interrupted};

const LONG: &str = "SELECT COUNT(*) FROM information_schema.COLUMNS a, \
                    information_schema.COLUMNS b, information_schema.COLUMNS c";

#[tokio::test]
async fn a_backend_is_as_sqlx_sets_it_up() {
    let database = database().await;
    let mut driver = open(&database).await;
    assert_eq!(
        one(&mut driver, "SELECT @@time_zone").await.as_deref(),
        Some("+00:00")
    );
    assert_eq!(
        one(&mut driver, "SELECT 'a' || 'b'").await.as_deref(),
        Some("ab")
    );
    assert_eq!(driver.transaction_open().await, None);
}

#[tokio::test]
async fn a_cancel_stops_the_backend_it_names_and_no_other() {
    let database = database().await;
    let (mut victim, mut control) = (open(&database).await, open(&database).await);
    let interrupter = victim.interrupter();
    let identity = interrupter.victim().clone();
    assert!(identity.process > 0 && !identity.started.is_empty());
    assert!(control.lists(&identity).await.unwrap());

    // A connection of a server that ran before this one had the same number.
    let stranger = Identity {
        started: "1000000000".into(),
        ..identity.clone()
    };
    assert!(!control.lists(&stranger).await.unwrap());
    assert!(!control.cancel(&stranger).await.unwrap());

    let running = run(&mut victim, Statement::with(LONG, vec![]), Want::Rows);
    let cancel = async {
        let active = format!(
            "SELECT 1 FROM information_schema.PROCESSLIST \
             WHERE ID = {} AND COMMAND = 'Execute'",
            identity.process
        );
        while control.query(&active).await.unwrap().is_empty() {}
        assert!(interrupter.running().is_some());
        assert!(control.cancel(&identity).await.unwrap());
    };
    let (ran, ()) = tokio::join!(running, cancel);
    let failure = ran.unwrap_err();
    assert!(
        is_interrupted(&failure) && !is_broken(&failure),
        "{failure:?}"
    );
    assert_eq!(one(&mut victim, "SELECT 1").await.as_deref(), Some("1"));

    victim.close().await;
    while control.lists(&identity).await.unwrap() {}
    assert!(!control.cancel(&identity).await.unwrap());
}

#[tokio::test]
async fn a_killed_backend_is_broken() {
    let database = database().await;
    let (mut victim, mut control) = (open(&database).await, open(&database).await);
    let kill = format!("KILL {}", victim.identity().process);
    control.command(&kill).await.unwrap();
    while control.lists(&victim.identity()).await.unwrap() {}
    let failure = victim.query("SELECT 1").await.unwrap_err();
    assert!(is_broken(&failure), "{failure:?}");
    victim.close().await;
}

#[tokio::test]
async fn who_cannot_connect_learns_why_and_no_secret() {
    let nowhere = Source::parse("mysql://app:s3cret@localhost/db?socket=/no/such/socket").unwrap();
    let failure = nowhere.connect().await.unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_DOWN);
    assert!(
        failure.message.contains("MySQL at /no/such/socket/db"),
        "{failure}"
    );
    for told in [failure.message, format!("{nowhere:?}")] {
        assert!(!told.contains("s3cret"), "{told}");
    }
    let failure = Source::parse("mariadb://app:s3cret@h/db?ssl-mode=s3cret").unwrap_err();
    assert_eq!(failure.code, Code::CONFIGURATION);
    assert!(!failure.message.contains("s3cret"), "{failure}");
}

#[tokio::test]
async fn too_many_connections_are_a_database_that_is_down() {
    let database = onepool_tests::mariadb().await.database(1).await;
    let first = open(&database).await;
    let failure = Source::parse(&database.url)
        .unwrap()
        .connect()
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_DOWN);
    assert!(failure.database.unwrap().number.is_some());
    first.close().await;
}
