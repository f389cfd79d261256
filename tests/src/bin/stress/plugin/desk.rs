//! What every task of a plugin works with.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use onepool_sdk::{Code, DatabaseKind, OnepoolError, OnepoolPool};
use sqlx::AssertSqlSafe;

use crate::Error;
use crate::diary::{Diary, Entry};

/// How long a task rests after the database failed it.
const REST: Duration = Duration::from_millis(20);

/// What every task of a plugin works with.
pub(super) struct Desk {
    pub(super) pool: OnepoolPool,
    kind: DatabaseKind,
    diary: Diary,
    closed: PathBuf,
    next_id: Cell<i64>,
}

impl Desk {
    pub(super) async fn new(
        pool: OnepoolPool,
        diary: Diary,
        closed: PathBuf,
    ) -> Result<Self, Error> {
        let kind = pool.acquire().await?.database();
        // Every life of every plugin has numbers of its own.
        let life = i64::from(rand::random::<u32>() >> 2);
        Ok(Self {
            pool,
            kind,
            diary,
            closed,
            next_id: Cell::new(life << 32),
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.exists()
    }

    /// A row's number that nobody else has.
    pub(super) fn mint(&self) -> i64 {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        id
    }

    /// The text with the placeholders of this database in place of `?`.
    pub(super) fn sql(&self, text: &str) -> AssertSqlSafe<String> {
        if self.kind != DatabaseKind::Postgres {
            return AssertSqlSafe(text.to_owned());
        }
        let mut parts = text.split('?');
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for (number, part) in (1..).zip(parts) {
            sql.push_str(&format!("${number}{part}"));
        }
        AssertSqlSafe(sql)
    }

    /// Passes on what a statement was answered, and counts it.
    pub(super) fn answered<T>(&self, answer: Result<T, sqlx::Error>) -> Result<T, Failed> {
        self.diary.count().map_err(Failed::Stress)?;
        answer.map_err(Failed::Call)
    }

    pub(super) fn kept(&self, id: i64) -> Result<(), Failed> {
        self.diary.write(&Entry::Kept(id)).map_err(Failed::Stress)
    }

    pub(super) fn undone(&self, id: i64) -> Result<(), Failed> {
        self.diary.write(&Entry::Undone(id)).map_err(Failed::Stress)
    }

    /// Goes on after what may fail in a run like this, and says so of what may not.
    pub(super) async fn judge(&self, failed: &Failed) -> Result<(), Error> {
        let violation = match failed {
            Failed::Call(error) if may_happen(error) => {
                tokio::time::sleep(REST).await;
                return Ok(());
            }
            Failed::Call(error) => format!("a call failed: {error} ({error:?})"),
            Failed::Wrong(what) => what.clone(),
            Failed::Stress(error) => return Err(error.to_string().into()),
        };
        self.diary.write(&Entry::Violation(violation))
    }
}

/// Why a round was not finished.
pub(super) enum Failed {
    /// A call failed.
    Call(sqlx::Error),
    /// An answer was wrong.
    Wrong(String),
    /// The stress itself does not work.
    Stress(Error),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Call(error)
    }
}

/// Whether the database's restarts, and others who use it, explain an error.
fn may_happen(error: &sqlx::Error) -> bool {
    const OF_ONEPOOL: [Code; 6] = [
        Code::DATABASE_DOWN,
        Code::DATABASE_IO,
        Code::OUTCOME_UNKNOWN,
        Code::LEASE_REVOKED,
        Code::TRANSACTION_ENDED,
        Code::TRANSACTION_FAILED,
    ];
    // Deadlocks, conflicts, and a server that goes: PostgreSQL's and MariaDB's.
    const OF_SERVERS: [&str; 7] = [
        "40P01", "40001", "57P01", "57P02", "57P03", "08S01", "70100",
    ];
    // SQLITE_BUSY and SQLITE_BUSY_SNAPSHOT.
    const OF_SQLITE: [&str; 2] = ["5", "517"];
    if let Some(error) = OnepoolError::of(error) {
        return OF_ONEPOOL.contains(&error.code());
    }
    let Some(code) = error.as_database_error().and_then(|error| error.code()) else {
        return false;
    };
    OF_SERVERS.contains(&&*code) || OF_SQLITE.contains(&&*code)
}
