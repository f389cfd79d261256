use onepool_proto::error::{Wait, kind};
use onepool_proto::{Code, DatabaseFailure, DatabaseKind, Failure};
use sqlx_core::error::{Error, ErrorKind};

use super::*;

#[test]
fn a_violated_constraint_is_what_the_driver_makes_of_it() {
    let failure = Failure::database(DatabaseFailure {
        kind: kind::UNIQUE_VIOLATION,
        code: Some("23505".into()),
        message: "duplicate key".into(),
        detail: Some("Key (id)=(1) already exists.".into()),
        constraint: Some("users_pkey".into()),
        table: Some("users".into()),
        ..DatabaseFailure::default()
    });
    let error = from_failure(DatabaseKind::Postgres, failure);
    let error = error.as_database_error().unwrap();
    assert_eq!(error.kind(), ErrorKind::UniqueViolation);
    assert_eq!(error.code().as_deref(), Some("23505"));
    assert_eq!(error.constraint(), Some("users_pkey"));
    assert_eq!(error.table(), Some("users"));
    let own = error.downcast_ref::<OnepoolDatabaseError>();
    assert_eq!(own.detail(), Some("Key (id)=(1) already exists."));
    assert_eq!(own.to_string(), "duplicate key");
}

#[test]
fn databases_print_as_their_drivers_do() {
    let failure = |code: &str, number| DatabaseFailure {
        code: Some(code.into()),
        number,
        message: "no".into(),
        ..DatabaseFailure::default()
    };
    let sqlite = OnepoolDatabaseError::new(DatabaseKind::Sqlite, failure("5", None));
    assert_eq!(sqlite.to_string(), "(code: 5) no");
    let mysql = OnepoolDatabaseError::new(DatabaseKind::MySql, failure("40001", Some(1213)));
    assert_eq!(mysql.to_string(), "1213 (40001): no");
}

#[test]
fn every_code_is_an_error_and_those_of_onepool_keep_their_code() {
    for known in Code::all() {
        let error = from_failure(
            DatabaseKind::Sqlite,
            Failure::new(known.code, "why it failed"),
        );
        assert!(error.to_string().contains("why it failed"), "{error}");
        match known.code {
            Code::DATABASE_PROTOCOL => assert!(matches!(error, Error::Protocol(_))),
            Code::TYPE_NOT_FOUND => assert!(matches!(error, Error::TypeNotFound { .. })),
            code => assert_eq!(OnepoolError::of(&error).map(OnepoolError::code), Some(code)),
        }
    }
}

#[test]
fn a_queue_timeout_says_what_it_waited_for() {
    let wait = Wait {
        waited_ms: 30,
        position: 2,
        holders: Vec::new(),
    };
    let failure = Failure {
        wait: Some(Box::new(wait.clone())),
        ..Failure::new(Code::QUEUE_TIMEOUT, "waited 30 ms")
    };
    let error = from_failure(DatabaseKind::Sqlite, failure);
    assert!(matches!(error, Error::Database(_)));
    assert_eq!(OnepoolError::of(&error).unwrap().wait(), Some(&wait));
}
