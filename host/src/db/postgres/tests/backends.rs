//! Backends as the server sees them.

use onepool_proto::message::Want;
use onepool_proto::{Code, Scalar};

use super::{database, one, open, rows};
use crate::db::testing::run;
use crate::db::{Identity, Source, Statement, is_broken, is_interrupted};

#[tokio::test]
async fn a_backend_is_set_up_for_the_pool() {
    let database = database().await;
    let mut driver = open(&database).await;
    for (name, value) in [
        ("application_name", "onepool"),
        ("client_connection_check_interval", "500ms"),
        ("extra_float_digits", "2"),
        ("timezone", "UTC"),
    ] {
        let show = format!("SHOW {name}");
        assert_eq!(
            one(&mut driver, &show).await.as_deref(),
            Some(value),
            "{name}"
        );
    }
    // What was set at the start is what a reset goes back to.
    driver.command("RESET ALL").await.unwrap();
    let interval = one(&mut driver, "SHOW client_connection_check_interval").await;
    assert_eq!(interval.as_deref(), Some("500ms"));

    let named = format!("{}&application_name=mine", database.url);
    let named = if database.url.contains('?') {
        named
    } else {
        named.replacen('&', "?", 1)
    };
    let mut driver = Source::parse(&named).unwrap().connect().await.unwrap();
    assert_eq!(
        one(&mut driver, "SHOW application_name").await.as_deref(),
        Some("mine")
    );
}

#[tokio::test]
async fn a_cancel_stops_the_backend_it_names_and_no_other() {
    let database = database().await;
    let (mut victim, mut control) = (open(&database).await, open(&database).await);
    let interrupter = victim.interrupter();
    let identity = interrupter.victim().clone();
    assert_eq!(identity, victim.identity());
    assert!(identity.process > 0 && !identity.started.is_empty());
    assert!(control.lists(&identity).await.unwrap());

    // The same process number with another beginning is somebody else.
    let stranger = Identity {
        started: "2001-01-01 00:00:00+00".into(),
        ..identity.clone()
    };
    assert!(!control.lists(&stranger).await.unwrap());
    assert!(!control.cancel(&stranger).await.unwrap());

    let sleep = Statement::with("SELECT pg_sleep(60)", vec![]);
    let sleep = run(&mut victim, sleep, Want::Rows);
    let cancel = async {
        let active = format!(
            "SELECT 1 FROM pg_stat_activity WHERE pid = {} AND wait_event = 'PgSleep'",
            identity.process
        );
        while control.query(&active).await.unwrap().is_empty() {}
        assert!(interrupter.running().is_some());
        assert!(control.cancel(&identity).await.unwrap());
    };
    let (slept, ()) = tokio::join!(sleep, cancel);
    let failure = slept.unwrap_err();
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
async fn a_terminated_backend_is_broken() {
    let database = database().await;
    let (mut victim, mut control) = (open(&database).await, open(&database).await);
    let process = victim.identity().process;
    let terminate = format!("SELECT pg_terminate_backend({process})");
    control.command(&terminate).await.unwrap();
    let failure = loop {
        // The server may answer a last time before it sees the signal.
        if let Err(failure) = rows(&mut victim, "SELECT $1", vec![Scalar::I32(1).into()]).await {
            break failure;
        }
    };
    assert!(is_broken(&failure), "{failure:?}");
    victim.close().await;
}

#[tokio::test]
async fn who_cannot_connect_learns_why_and_no_secret() {
    let database = database().await;
    let wrong = database.url.replacen(&database.name, "nobody", 1);
    let source = Source::parse(&wrong).unwrap();
    assert!(
        format!("{source:?}").starts_with("Source(PostgreSQL at /"),
        "{source:?}"
    );
    let failure = source.connect().await.unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_DOWN);
    assert!(
        failure.message.contains("cannot connect to PostgreSQL at"),
        "{failure}"
    );
    assert!(failure.database.is_some());

    let nowhere = Source::parse("postgres://app:s3cret@%2Fno%2Fsuch%2Ffolder/db").unwrap();
    let failure = nowhere.connect().await.unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_DOWN);
    assert!(failure.message.contains("/no/such/folder"), "{failure}");
    for told in [failure.message, format!("{nowhere:?}")] {
        assert!(!told.contains("s3cret"), "{told}");
    }
    for url in [
        "postgres://app:s3cret@host:port/db",
        "postgres://app:s3cret@host/db?sslmode=s3cret",
        "postgres://app:s3cret@host/db?statement-cache-capacity=s3cret",
    ] {
        let failure = Source::parse(url).unwrap_err();
        assert_eq!(failure.code, Code::CONFIGURATION);
        assert!(!failure.message.contains("s3cret"), "{failure}");
    }
}

#[tokio::test]
async fn too_many_connections_are_a_database_that_is_down() {
    let database = onepool_tests::postgres().await.database(1).await;
    let first = open(&database).await;
    let failure = Source::parse(&database.url)
        .unwrap()
        .connect()
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::DATABASE_DOWN);
    assert_eq!(failure.database.unwrap().code.as_deref(), Some("53300"));
    first.close().await;
}
