//! Where a scenario plays.

use std::fmt::Debug;

use onepool_sdk::DatabaseKind;
use sqlx::{AssertSqlSafe, Error, Pool};

use super::driver::Driver;
use super::transcript::{self, Transcript};

/// A pool of some driver, the kind of database that is behind, and what has been seen so far.
pub struct Stage<DB: Driver> {
    pub kind: DatabaseKind,
    pub pool: Pool<DB>,
    pub transcript: Transcript,
    number: u32,
}

impl<DB: Driver> Stage<DB> {
    pub fn new(kind: DatabaseKind, pool: Pool<DB>) -> Self {
        Self {
            kind,
            pool,
            transcript: Transcript::default(),
            number: 0,
        }
    }

    /// A number that this scenario has not had yet.
    ///
    /// It keeps statements apart whose texts would be the same: the direct drivers mix up the
    /// parameter and result types of statements with one text.
    pub fn number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    /// A statement with the placeholders of the database; the scenario writes `?`.
    pub fn sql(&self, sql: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(placeholders(self.kind, sql))
    }

    /// One of three texts, by the kind of the database.
    pub fn per<T>(&self, sqlite: T, postgres: T, mysql: T) -> T {
        match self.kind {
            DatabaseKind::Sqlite => sqlite,
            DatabaseKind::Postgres => postgres,
            DatabaseKind::MySql => mysql,
        }
    }

    /// Writes down a value.
    pub fn note(&mut self, what: &str, value: impl Debug) {
        self.transcript.add(format!("{what}: {value:?}"));
    }

    /// Writes down what came back, value or error.
    pub fn result<T: Debug>(&mut self, what: &str, result: Result<T, Error>) {
        match result {
            Ok(value) => self.note(what, value),
            Err(error) => self.error(what, &error),
        }
    }

    /// Writes down what a statement did.
    pub fn done(&mut self, what: &str, result: Result<DB::QueryResult, Error>) {
        self.result(what, result.map(|result| DB::done(&result)));
    }

    /// Writes down only whether it worked, and if not, why.
    pub fn worked<T>(&mut self, what: &str, result: Result<T, Error>) {
        self.result(what, result.map(|_| "ok"));
    }

    /// Writes down an error.
    pub fn error(&mut self, what: &str, error: &Error) {
        self.transcript
            .add(format!("{what}: {}", transcript::error::<DB>(error)));
    }
}

/// Writes `?` as the database does. No scenario has a question mark for anything else.
fn placeholders(kind: DatabaseKind, sql: &str) -> String {
    if kind != DatabaseKind::Postgres {
        return sql.to_owned();
    }
    let mut pieces = sql.split('?');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (number, piece) in (1..).zip(pieces) {
        text.push_str(&format!("${number}{piece}"));
    }
    text
}
