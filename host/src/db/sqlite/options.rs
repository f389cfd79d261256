//! Where a SQLite database is, and how it is opened.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use tokio::sync::Mutex;

use super::{SqliteDriver, authorizer};
use crate::db::failure;
use crate::db::interrupt::Signal;
use crate::db::url;

/// How many instructions SQLite's machine runs between two looks at the interrupt flag: tens of
/// microseconds.
const INSTRUCTIONS: i32 = 1000;

/// How often, and at what distance, opening is tried while another process holds the lock that
/// the change to write-ahead logging needs. SQLite's busy timeout does not cover that lock.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

const IN_MEMORY: &str = "an in-memory database cannot be pooled, because each backend would be \
                         another database; name a file, for example sqlite:app.db?mode=rwc";

const NO_FILE: &str = "there is no such file; with ?mode=rwc in the URL it is created, in a folder \
                       that exists";

/// A file and how to open it.
#[derive(Clone, Debug)]
pub(in crate::db) struct SqliteOptions {
    options: SqliteConnectOptions,
    /// One at a time in this process, so that the first turns write-ahead logging on in peace.
    turn: Arc<Mutex<()>>,
    /// Whether whoever opens it turns write-ahead logging on.
    writes_ahead: bool,
    reads_only: bool,
}

impl SqliteOptions {
    /// Reads a `sqlite:` URL.
    pub(in crate::db) fn parse(url: &str) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| failure::misconfigured(url, failure::from_driver(error)))?;
        if is_in_memory(url, &options) {
            return Err(failure::misconfigured(url, IN_MEMORY));
        }
        let options = options
            .disable_statement_logging()
            .thread_name(|id| format!("onepool-sqlite-{id}"));
        Ok(Self {
            options,
            writes_ahead: !is_read_only(url),
            turn: Arc::default(),
            reads_only: false,
        })
    }

    /// The file.
    pub(in crate::db) fn place(&self) -> String {
        self.options.get_filename().display().to_string()
    }

    /// The same with this many statements kept by each backend.
    pub(in crate::db) fn with_statement_cache(mut self, capacity: usize) -> Self {
        self.options = self.options.statement_cache_capacity(capacity);
        self
    }

    /// The same for reading: the file is opened for that alone, and SQLite is told to prepare
    /// nothing that does more.
    pub(in crate::db) fn reading_only(mut self) -> Self {
        self.options = self.options.read_only(true).create_if_missing(false);
        // The mode of the journal is for those to choose who write.
        self.writes_ahead = false;
        self.reads_only = true;
        self
    }

    /// Opens the database once more.
    pub(in crate::db) async fn connect(&self) -> Result<SqliteDriver, Failure> {
        let mut connection = self.open().await?;
        let signal = Arc::new(Signal::default());
        let seen = Arc::clone(&signal);
        connection
            .lock_handle()
            .await
            .map_err(failure::from_driver)?
            .set_progress_handler(INSTRUCTIONS, move || seen.may_go_on());
        if self.reads_only {
            authorizer::install(&mut connection).await?;
        }
        let mut driver = SqliteDriver::new(connection, signal);
        // Whatever the URL looked like, a main database without a file is one in memory.
        let databases = driver
            .query("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .await
            .map_err(|failure| failure::at_connect(DatabaseKind::Sqlite, self.place(), failure))?;
        let file = databases.into_iter().flatten().flatten().next();
        if file.is_none_or(|file| file.is_empty()) {
            driver.close().await;
            return Err(Failure::new(Code::CONFIGURATION, IN_MEMORY));
        }
        Ok(driver)
    }

    async fn open(&self) -> Result<SqliteConnection, Failure> {
        let mut options = self.options.clone();
        if self.writes_ahead {
            options = options.journal_mode(SqliteJournalMode::Wal);
        }
        let _turn = self.turn.lock().await;
        let mut tries = 1;
        loop {
            match options.connect().await {
                Err(error) if tries < TRIES && is_busy(&error) => {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(self.unreachable(error)),
                Ok(connection) => return Ok(connection),
            }
        }
    }

    /// SQLite itself does not say that there is no file.
    fn unreachable(&self, error: sqlx::Error) -> Failure {
        let failure = failure::unreachable(DatabaseKind::Sqlite, self.place(), error);
        if self.options.get_filename().exists() {
            return failure;
        }
        let message = format!("{}: {NO_FILE}", failure.message);
        Failure { message, ..failure }
    }
}

fn is_in_memory(url: &str, options: &SqliteConnectOptions) -> bool {
    let name = options.get_filename().to_string_lossy();
    name.is_empty()
        || name.contains(":memory:")
        || name.contains("mode=memory")
        || url.contains(":memory:")
        || url::parameters(url).any(|pair| pair == ("mode", "memory"))
}

/// Whether the journal mode cannot be changed.
fn is_read_only(url: &str) -> bool {
    url::parameters(url).any(|pair| {
        matches!(
            pair,
            ("mode", "ro") | ("immutable", "1") | ("immutable", "true")
        )
    })
}

/// `SQLITE_BUSY` and its kin.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

#[cfg(test)]
mod tests;
