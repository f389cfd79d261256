//! The columns of a statement that runs again are described only when they are others.

use onepool_proto::message::Execute;
use onepool_proto::page::PageItem;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_sdk::DatabaseKind;
use sqlx::{Column, Row};

use super::place::{Place, plugin, soon};
use super::raw::{OPEN, Raw, call, statement};

/// What comes back for a statement whose columns the plugin says it knows, or does not.
async fn ask(raw: &mut Raw, opens: bool, sql: &str, known_columns: Option<u64>) -> Vec<PageItem> {
    let head = if opens {
        call(1, &[OPEN])
    } else {
        call(2, &[])
    };
    let call = Execute {
        known_columns,
        ..statement(head, sql)
    };
    match raw.done(BrokerRequest::Execute { call }).await {
        BrokerResponse::Execute(Ok(reply)) => reply.page.items,
        other => panic!("{other:?}"),
    }
}

fn described(items: &[PageItem]) -> u64 {
    match items.first() {
        Some(PageItem::Columns { columns, tag, .. }) => {
            assert_eq!(columns.len(), 1);
            *tag
        }
        other => panic!("not described: {other:?}"),
    }
}

async fn what_is_known_is_not_described(kind: DatabaseKind) {
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let mut raw = Raw::enter(&host).await;
    let first = ask(&mut raw, true, "SELECT 1 AS one", None).await;
    let tag = described(&first);
    let again = ask(&mut raw, false, "SELECT 1 AS one", Some(tag)).await;
    assert_eq!(again.first(), Some(&PageItem::KnownColumns));
    assert_eq!(again[1..], first[1..], "the rows are the same");
    let wrong = ask(&mut raw, false, "SELECT 1 AS one", Some(!tag)).await;
    assert_eq!(wrong, first);
    let other = ask(&mut raw, false, "SELECT 1 AS two", Some(tag)).await;
    assert_ne!(described(&other), tag);
    drop(raw);
    place.finish(host).await;
}

/// A plugin that has run a statement before sees what has become of its columns.
async fn a_change_is_seen(kind: DatabaseKind) {
    let place = Place::new(kind, 1).await;
    let host = place.host().start().await.unwrap();
    let pool = plugin(&host, "p").await;
    let run = async |sql: &'static str| {
        let done = sqlx::raw_sql(sql).execute(&pool);
        soon(sql, done).await.unwrap();
    };
    run("CREATE TABLE t (a BIGINT)").await;
    run("INSERT INTO t VALUES (7)").await;
    for (change, names) in [
        (None, vec!["a"]),
        (Some("ALTER TABLE t RENAME COLUMN a TO b"), vec!["b"]),
        (Some("ALTER TABLE t ADD COLUMN c BIGINT"), vec!["b", "c"]),
    ] {
        if let Some(change) = change {
            run(change).await;
        }
        // The second time they are known.
        for _ in 0..3 {
            let all = sqlx::query("SELECT * FROM t").fetch_one(&pool);
            let row = soon("the row", all).await.unwrap();
            let columns = row.columns().iter();
            assert_eq!(columns.map(Column::name).collect::<Vec<_>>(), names);
            assert_eq!(row.get::<i64, _>(names[0]), 7);
        }
    }
    drop(pool);
    place.finish(host).await;
}

#[tokio::test]
async fn what_is_known_is_not_described_on_sqlite() {
    what_is_known_is_not_described(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn what_is_known_is_not_described_on_postgres() {
    what_is_known_is_not_described(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn what_is_known_is_not_described_on_mariadb() {
    what_is_known_is_not_described(DatabaseKind::MySql).await;
}

#[tokio::test]
async fn a_change_is_seen_on_sqlite() {
    a_change_is_seen(DatabaseKind::Sqlite).await;
}

#[tokio::test]
async fn a_change_is_seen_on_postgres() {
    a_change_is_seen(DatabaseKind::Postgres).await;
}

#[tokio::test]
async fn a_change_is_seen_on_mariadb() {
    a_change_is_seen(DatabaseKind::MySql).await;
}
