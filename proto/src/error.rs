//! Errors as they cross the wire: an integer code, a sentence, and what is known beside it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// Why something failed, as a number that never changes its meaning.
///
/// Codes are append-only. A code that this version does not know is still usable: it prints as
/// its number, and [`Code::explanation`] is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Code(u16);

/// What a [`Code`] means, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// Its name, as in `QUEUE_TIMEOUT`.
    pub name: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What whoever sees it can do.
    pub advice: &'static str,
}

impl Code {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The code with this number, known or not.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// What this code means, if this version knows it.
    #[must_use]
    pub fn explanation(self) -> Option<&'static Explanation> {
        EXPLANATIONS.iter().find(|known| known.code == self)
    }

    /// Every code that this version knows.
    pub fn all() -> impl Iterator<Item = &'static Explanation> {
        EXPLANATIONS.iter()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.explanation() {
            Some(known) => f.write_str(known.name),
            None => write!(f, "code {}", self.0),
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.0)
    }
}

macro_rules! codes {
    ($($number:literal $name:ident: $meaning:literal, $advice:literal;)*) => {
        impl Code {
            $(
                #[doc = concat!($meaning, ". Advice: ", $advice, ".")]
                pub const $name: Self = Self($number);
            )*
        }

        static EXPLANATIONS: &[Explanation] = &[$(Explanation {
            code: Code::$name,
            name: stringify!($name),
            meaning: $meaning,
            advice: $advice,
        }),*];
    };
}

codes! {
    // What a plugin sent.
    100 MALFORMED: "the request could not be decoded",
        "use an SDK of a version that the host speaks";
    101 UNKNOWN_ID: "the id names nothing in this session",
        "ids are scoped to the session that minted them; open the object first";
    102 STALE_ID: "the object that the id named has ended",
        "open a new one; a transaction, row set or connection cannot be used after its end";
    103 DUPLICATE_ID: "the id is already in use",
        "mint a new id for every object";
    104 OUT_OF_ORDER: "the request does not follow from what came before it",
        "send effects and pages in sequence; this is a fault of the SDK";
    105 REQUEST_TOO_LARGE: "the request exceeds the host's limit",
        "send less at once, or raise the host's upload limit";
    106 TOO_MANY_OBJECTS: "the session holds as many objects of this kind as it may",
        "close some first, or raise the limit on the host";
    107 INVALID_ARGUMENT: "an argument cannot be given to this database",
        "bind a type and a value that the column can hold";
    108 UNSUPPORTED: "onepool does not support this",
        "use the alternative that the message names";
    109 NOT_PERMITTED: "the plugin may not do this",
        "ask whoever configures the host";
    110 UNKNOWN_STATEMENT: "the host has forgotten this statement text",
        "send the text again; the SDK does so by itself";

    // The handshake.
    200 NOT_ONEPOOL: "the peer does not speak the onepool protocol",
        "check that the endpoint is that of a onepool host";
    201 VERSION_MISMATCH: "host and SDK share no protocol version",
        "build the plugin with an SDK of the host's version";
    202 TOKEN_REFUSED: "the host did not issue this token",
        "start the plugin through the host, or attach it with a token that the host issued";
    203 TOKEN_USED: "the token has been used before",
        "a token admits one session; get a new one from the host";
    204 PEER_REFUSED: "the operating system says that the peer is not who may connect",
        "run the plugin as the host's user, or allow its user in the host's configuration";
    205 HANDSHAKE_TIMEOUT: "the handshake took too long",
        "check that the peer is a onepool SDK and not stopped";
    206 HOST_FULL: "the host has as many sessions as it may",
        "stop plugins that are not needed, or raise the limit";
    207 UNKNOWN_DATABASE: "the host has no database of this name",
        "use one of those that the message names, or add it to the host's configuration";

    // The queue for backends.
    300 QUEUE_TIMEOUT: "no backend came free in time",
        "see who holds the backends; shorten transactions, or raise the cap";
    301 QUEUE_FULL: "the plugin's queue for backends is full",
        "let fewer calls wait at once, or raise the plugin's queue length";
    302 QUOTA_EXCEEDED: "a quota of the plugin was exceeded",
        "stay within the quota that the message names, or have it raised";
    303 DEADLINE_EXCEEDED: "the deadline passed",
        "set a longer deadline, or find out what was slow: the message says where it waited";
    304 CANCELLED_WAITING: "cancelled before it reached the database",
        "nothing was done; it may be tried again";
    305 CANCELLED_RUNNING: "cancelled while it was running in the database",
        "inside a transaction, roll back; outside, the statement was undone";
    306 LEASE_REVOKED: "the host took the backend back",
        "keep transactions within the transaction and idle timeouts";
    307 DRAINING: "the host is stopping and takes no new work",
        "wait for the host to come back";
    308 DEADLOCK: "every backend that could end this wait is held by somebody who waits too",
        "do not ask for a second connection while a transaction is open";
    309 PAUSED: "an operator has paused this plugin",
        "wait, or ask the operator";

    // The database.
    400 DATABASE: "the database refused the statement",
        "see the database's own error";
    401 DATABASE_DOWN: "the database cannot be reached",
        "check the database; the host tries again by itself";
    402 DATABASE_PROTOCOL: "the database driver did not understand the database",
        "the backend was closed; try again, and report it if it repeats";
    403 DATABASE_IO: "the link to the database broke",
        "try again; what was under way outside a commit was undone";
    404 DATABASE_TLS: "no secure link to the database",
        "check the TLS options of the host's database URL";
    405 TYPE_NOT_FOUND: "the database has no type of this name",
        "create the type, or qualify its name with a schema";
    406 ENCODE: "an argument could not be encoded",
        "bind a value that the type can hold";
    407 DECODE: "the driver could not decode what the database sent",
        "report it, with the type of the column";
    408 CONFIGURATION: "the host's database configuration is wrong",
        "correct the host's configuration as the message says";
    409 LOGIN_REFUSED: "the database refuses the login that is the plugin's own",
        "whoever configures the host sees that it exists, may connect and has the password given";

    // Transactions.
    500 TRANSACTION_FAILED: "the transaction had failed, and nothing of it was committed",
        "roll back and run the transaction again";
    501 TRANSACTION_ENDED: "the transaction is no longer open in the database",
        "roll back and run the transaction again";
    502 OUTCOME_UNKNOWN: "the link broke during a commit: it may or may not have taken effect",
        "look in the database before doing it again";
    503 SESSION_READ: "the value belongs to a backend that is no longer this connection's",
        "read it in the transaction that made it, or use the query result's last_insert_id";

    // The session.
    600 SESSION_LOST: "the session with the host has ended, and its objects with it",
        "begin again; the SDK opens a new session by itself";
    601 HOST_STOPPING: "the host is stopping",
        "stop too, or wait for the host to come back";
    602 INTERNAL: "a fault inside the host; it was contained",
        "report it with the host's log";

    // Migrations.
    700 MIGRATION_LOCK: "the migration lock is not held by this connection",
        "lock before migrating, unlock once";
}

/// What a database says of an error, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFailure {
    /// The kind, one of the numbers of [`kind`].
    pub kind: u8,
    /// The code as sqlx gives it: SQLSTATE (PostgreSQL, MySQL) or extended result code (SQLite).
    pub code: Option<String>,
    /// MySQL's error number.
    pub number: Option<u16>,
    /// The primary message.
    pub message: String,
    /// More detail.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The violated constraint.
    pub constraint: Option<String>,
    /// The schema.
    pub schema: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// The data type.
    pub data_type: Option<String>,
    /// Where in the statement, in characters from one.
    pub position: Option<u32>,
    /// In which context (PostgreSQL's `where`).
    pub context: Option<String>,
    /// The severity as the server wrote it.
    pub severity: Option<String>,
    /// The server's source file, line and routine.
    pub source: Option<SourcePlace>,
    /// SQLite: the byte offset of the error in the statement.
    pub offset: Option<u32>,
}

impl DatabaseFailure {
    fn cut(&mut self) {
        cut(&mut self.message);
        let texts = [&mut self.detail, &mut self.hint, &mut self.context];
        let names = [
            &mut self.constraint,
            &mut self.schema,
            &mut self.table,
            &mut self.column,
            &mut self.data_type,
        ];
        texts.into_iter().chain(names).flatten().for_each(cut);
    }
}

/// Cuts a text that would not fit a frame with the others.
fn cut(text: &mut String) {
    const MARK: &str = "... (cut)";
    if text.len() > limits::FAILURE_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(limits::FAILURE_TEXT_BYTES - MARK.len()));
        text.push_str(MARK);
    }
}

/// Where in the server's own source an error was raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// The file.
    pub file: Option<String>,
    /// The line.
    pub line: Option<u32>,
    /// The routine.
    pub routine: Option<String>,
}

/// The numbers of [`DatabaseFailure::kind`], in the order of `sqlx::error::ErrorKind`.
pub mod kind {
    /// Anything else.
    pub const OTHER: u8 = 0;
    /// A unique constraint.
    pub const UNIQUE_VIOLATION: u8 = 1;
    /// A foreign key.
    pub const FOREIGN_KEY_VIOLATION: u8 = 2;
    /// A NOT NULL constraint.
    pub const NOT_NULL_VIOLATION: u8 = 3;
    /// A check constraint.
    pub const CHECK_VIOLATION: u8 = 4;
    /// An exclusion constraint.
    pub const EXCLUSION_VIOLATION: u8 = 5;
}

/// What a call waited for when it gave up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// How long it waited, in milliseconds.
    pub waited_ms: u64,
    /// How many calls of the same plugin were before it.
    pub position: u32,
    /// Who held the backends.
    pub holders: Vec<Holder>,
}

/// Who holds a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The plugin.
    pub plugin: String,
    /// For how long, in milliseconds.
    pub held_ms: u64,
    /// For what: `transaction`, `rows`, `statement`, `pinned`, ...
    pub purpose: String,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code to match on.
    pub code: Code,
    /// A sentence for people: what, where, and what to do. Never holds arguments or secrets.
    pub message: String,
    /// The database's own error, with [`Code::DATABASE`].
    pub database: Option<Box<DatabaseFailure>>,
    /// What it waited for, with [`Code::QUEUE_TIMEOUT`] and its like.
    pub wait: Option<Box<Wait>>,
}

impl Failure {
    /// A failure with a code and a sentence.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            database: None,
            wait: None,
        }
    }

    /// A failure that the database reported. Texts beyond
    /// [`FAILURE_TEXT_BYTES`](limits::FAILURE_TEXT_BYTES) are cut.
    #[must_use]
    pub fn database(mut failure: DatabaseFailure) -> Self {
        failure.cut();
        Self {
            code: Code::DATABASE,
            message: failure.message.clone(),
            database: Some(Box::new(failure)),
            wait: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_and_names_are_unique() {
        let numbers: HashSet<_> = Code::all().map(|known| known.code).collect();
        let names: HashSet<_> = Code::all().map(|known| known.name).collect();
        assert_eq!(numbers.len(), Code::all().count());
        assert_eq!(names.len(), Code::all().count());
    }

    #[test]
    fn a_text_that_fits_no_frame_is_cut() {
        let message = "ä".repeat(limits::FAILURE_TEXT_BYTES);
        let database = DatabaseFailure {
            detail: Some(message.clone()),
            message,
            ..DatabaseFailure::default()
        };
        let failure = Failure::database(database);
        assert!(failure.message.len() <= limits::FAILURE_TEXT_BYTES);
        assert!(failure.message.ends_with("(cut)"));
        let detail = failure.database.and_then(|database| database.detail);
        assert!(detail.unwrap().len() <= limits::FAILURE_TEXT_BYTES);
    }

    #[test]
    fn an_unknown_code_is_usable() {
        let code = Code::from_number(65_000);
        assert_eq!(code.to_string(), "code 65000");
        assert_eq!(code.explanation(), None);
    }
}
