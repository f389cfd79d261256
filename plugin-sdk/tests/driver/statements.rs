//! How statement texts and their arguments cross.

use std::collections::HashSet;
use std::sync::Mutex;

use onepool_proto::message::{Parameters, PrepareDetail, Prepared, Sql};
use onepool_proto::page::PageItem;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, ColumnType, DatabaseKind, Limits, Scalar, Value};
use onepool_sdk::Onepool;
use sqlx_core::Either;
use sqlx_core::column::Column;
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::executor::Executor;
use sqlx_core::query::{query, query_with};
use sqlx_core::query_builder::QueryBuilder;
use sqlx_core::row::Row;
use sqlx_core::sql_str::SqlSafeStr;
use sqlx_core::statement::Statement;
use sqlx_core::type_info::TypeInfo;

use crate::answers::{Bound, arguments, columns, execute_failure, execute_reply, words};
use crate::host::{Event, Host, Reply};

fn sent(host: &Host) -> Vec<&'static str> {
    host.executed(|execute| match execute.sql {
        Sql::Text(_) => "text",
        Sql::Define(..) => "define",
        Sql::Known(_) => "known",
    })
}

#[tokio::test]
async fn a_text_crosses_once_for_all_connections() {
    let host = Host::new();
    let options = host.options();
    let mut one = options.connect().await.unwrap();
    let mut two = options.connect().await.unwrap();
    for connection in [&mut one, &mut two] {
        query("DELETE FROM words")
            .execute(&mut *connection)
            .await
            .unwrap();
        query("SELECT 1").fetch_optional(connection).await.unwrap();
    }
    assert_eq!(sent(&host), ["define", "define", "known", "known"]);
    assert_eq!(one.cached_statements_size(), 2);
}

/// A host that describes the columns to whoever does not know them, and says so of nothing else.
#[tokio::test]
async fn columns_cross_once_for_all_connections() {
    let host = Host::scripted(|request| {
        let BrokerRequest::Execute { call } = request else {
            return None;
        };
        let mut page = words(&["a"]);
        if call.known_columns == Some(1) {
            page.items[0] = PageItem::KnownColumns;
        }
        Some(Reply::Now(execute_reply(page)))
    });
    let options = host.options();
    let mut one = options.connect().await.unwrap();
    let mut two = options.connect().await.unwrap();
    for connection in [&mut one, &mut two] {
        let row = query("SELECT word").fetch_one(connection).await.unwrap();
        assert_eq!(row.columns()[0].name(), "word");
        assert_eq!(row.get::<String, _>("word"), "a");
    }
    assert_eq!(
        host.executed(|execute| execute.known_columns),
        [None, Some(1)]
    );
}

#[tokio::test]
async fn columns_that_were_never_described_are_an_error() {
    let host = Host::scripted(|request| {
        let BrokerRequest::Execute { .. } = request else {
            return None;
        };
        let mut page = words(&["a"]);
        page.items[0] = PageItem::KnownColumns;
        Some(Reply::Now(execute_reply(page)))
    });
    let mut connection = host.options().connect().await.unwrap();
    let error = query("SELECT word").fetch_one(&mut connection).await;
    assert!(matches!(error, Err(sqlx_core::Error::Protocol(_))));
}

#[tokio::test]
async fn texts_that_are_used_once_get_no_id() {
    let host = Host::new();
    let mut connection = host.options().connect().await.unwrap();
    for _ in 0..2 {
        let plain = query("DELETE").persistent(false);
        plain.execute(&mut connection).await.unwrap();
        connection.execute("DELETE").await.unwrap();
        let large = arguments([Scalar::Text("x".repeat(5000))]);
        query_with("DELETE WHERE word = ?", large)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    assert_eq!(sent(&host), ["text"; 6]);
    let persistent = host.executed(|execute| execute.persistent);
    assert_eq!(persistent, [false, false, true, false, false, true]);
    let arguments = host.executed(|execute| execute.arguments.as_ref().map(Vec::len));
    assert_eq!(arguments[..3], [Some(0), None, Some(1)]);
}

#[tokio::test]
async fn a_text_that_the_host_forgot_is_sent_again_with_its_arguments() {
    let known = Mutex::new(HashSet::new());
    let uses = Mutex::new(0);
    let host = Host::scripted(move |request| {
        let BrokerRequest::Execute { call } = request else {
            return None;
        };
        let mut known = known.lock().unwrap();
        let mut uses = uses.lock().unwrap();
        *uses += 1;
        if *uses == 3 {
            known.clear();
        }
        match call.sql {
            Sql::Define(id, _) => assert!(known.insert(id), "a new id for every text"),
            Sql::Known(id) if !known.contains(&id) => {
                return Some(execute_failure(Code::UNKNOWN_STATEMENT));
            }
            _ => {}
        }
        None
    });
    let mut connection = host.options().connect().await.unwrap();
    for _ in 0..4 {
        query_with("DELETE WHERE id = ?", arguments([Scalar::I64(7)]))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    assert_eq!(sent(&host), ["define", "known", "known", "define", "known"]);
    let seven = vec![Value::Scalar(Scalar::I64(7))];
    let arguments = host.executed(|execute| execute.arguments.clone());
    assert_eq!(arguments, vec![Some(seven); 5]);
}

#[tokio::test]
async fn the_host_says_how_many_texts_it_remembers() {
    let limits = Limits {
        statements: 2,
        ..Limits::default()
    };
    let host = Host::with(DatabaseKind::Sqlite, limits, |_| None);
    let mut connection = host.options().connect().await.unwrap();
    for text in ["A", "B", "C", "C", "A"] {
        let text = sqlx_core::sql_str::AssertSqlSafe(text);
        query(text).execute(&mut connection).await.unwrap();
    }
    assert_eq!(
        sent(&host),
        ["define", "define", "define", "known", "define"]
    );
    connection.clear_cached_statements().await.unwrap();
    assert_eq!(connection.cached_statements_size(), 0);
}

#[tokio::test]
async fn a_built_query_has_the_databases_placeholders() {
    for (kind, expected) in [
        (DatabaseKind::Postgres, "SELECT $1, $2"),
        (DatabaseKind::Sqlite, "SELECT ?, ?"),
        (DatabaseKind::MySql, "SELECT ?, ?"),
    ] {
        let host = Host::with(kind, Limits::default(), |_| None);
        let mut connection = host.options().connect().await.unwrap();
        let mut builder = QueryBuilder::<Onepool>::new("SELECT ");
        builder.push_bind(Bound(Scalar::I32(1))).push(", ");
        builder.push_bind(Bound(Scalar::I32(2)));
        builder.build().execute(&mut connection).await.unwrap();
        let texts = host.executed(|execute| match &execute.sql {
            Sql::Define(_, text) => text.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(texts, [expected]);
    }
}

#[tokio::test]
async fn preparing_tells_parameters_and_columns() {
    let host = Host::scripted(|request| match request {
        BrokerRequest::Prepare { .. } => {
            let onepool_proto::page::PageItem::Columns { columns, .. } = columns() else {
                unreachable!()
            };
            Some(Reply::Now(BrokerResponse::Prepare(Ok(Prepared {
                columns,
                parameters: Some(Parameters::Types(vec![ColumnType {
                    id: 20,
                    detail: 0,
                    name: "INT8".into(),
                }])),
                nullable: vec![Some(true)],
            }))))
        }
        _ => None,
    });
    let mut connection = host.options().connect().await.unwrap();
    let sql = "SELECT word FROM words WHERE id = $1";
    let statement = (&mut connection).prepare(sql.into_sql_str()).await.unwrap();
    assert_eq!(statement.sql().as_str(), sql);
    assert_eq!(statement.columns()[0].name(), "word");
    assert_eq!(statement.column("word").type_info().name(), "TEXT");
    let Some(Either::Left([parameter])) = statement.parameters() else {
        panic!("{statement:?}");
    };
    assert_eq!(parameter.name(), "INT8");
    statement.query().execute(&mut connection).await.unwrap();
    let described = (&mut connection)
        .describe(sql.into_sql_str())
        .await
        .unwrap();
    assert_eq!(described.nullable(0), Some(true));
    assert_eq!(host.calls(), ["prepare", "execute", "prepare"]);
    let details = host.look(|events| {
        let prepares = events.iter().filter_map(|event| match event {
            Event::Call(BrokerRequest::Prepare { call }) => Some(call.detail),
            _ => None,
        });
        prepares.collect::<Vec<_>>()
    });
    assert_eq!(details, [PrepareDetail::Statement, PrepareDetail::Describe]);
}
