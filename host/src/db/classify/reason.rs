//! Why a backend is pinned, doubted, or not given the statement at all.

use std::fmt;

/// State that one Connection made for itself and will want to find again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PinReason {
    /// A temporary table, view, sequence or function.
    TemporaryTable,
    /// A session-level advisory lock, or `GET_LOCK`.
    AdvisoryLock,
    /// `PREPARE`, `EXECUTE`, `DEALLOCATE` in the text.
    PreparedText,
    /// A cursor `WITH HOLD`, or MySQL's `HANDLER`.
    Cursor,
    /// MySQL's `@name`.
    UserVariable,
    /// `LOCK TABLES` and the global locks of MySQL.
    LockTables,
    /// A database attached to a SQLite connection.
    Attach,
    /// A setting that cannot be made again on another backend.
    Setting,
    /// MySQL's modes of the next transaction alone, until there has been one.
    NextTransaction,
}

/// Why the classifier cannot say that a statement leaves nothing behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DoubtReason {
    /// It calls a function that is not on the list.
    UnknownFunction(String),
    /// It begins with a word, or goes on in a way, that has no rule.
    UnknownStatement(String),
    /// It sets something that is not known to follow the Connection.
    UnknownSetting(String),
    /// It sets a known setting to something that cannot be set again elsewhere, or must not be.
    SettingValue(String),
    /// It sets something for other sessions too.
    GlobalSetting,
    /// It changes who the session is.
    Identity,
    /// `CALL`.
    Call,
    /// An anonymous block, or a compound statement outside a stored program.
    Block,
    /// SQL that is put together while it runs.
    DynamicText,
    /// A comment that MySQL or MariaDB executes.
    ExecutableComment,
    /// `USE`: another default database.
    UseDatabase,
    /// `COMMIT PREPARED`, `ROLLBACK PREPARED`.
    TwoPhase,
    /// A stored program whose end the tokens do not show.
    StoredProgram,
    /// A body that opens and does not close.
    UnfinishedBody,
    /// Parentheses that do not pair up.
    Unbalanced,
    /// The tokenizer gave up, or may read the text otherwise than the database.
    Unreadable,
    /// The text goes on beyond what is read.
    TooLong,
}

/// A statement that is not run, because nothing good can come of it behind a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// `COPY ... FROM STDIN`, `COPY ... TO STDOUT`.
    Copy,
    /// `LISTEN`, `UNLISTEN`.
    Listen,
    /// `LOAD DATA LOCAL INFILE`, `LOAD XML LOCAL INFILE`.
    LoadLocal,
    /// `load_extension()`.
    LoadExtension,
    /// `COMMIT AND CHAIN`, `ROLLBACK AND CHAIN`.
    Chain,
    /// `COMMIT RELEASE`, `ROLLBACK RELEASE`.
    Release,
    /// `PREPARE TRANSACTION`, `XA`.
    TwoPhase,
    /// `DISCARD ALL`, `DEALLOCATE ALL`, and the names the driver gives its own statements.
    DriverStatements,
    /// A journal mode other than WAL.
    JournalMode,
    /// A setting of SQLite that holds for the whole process.
    WholeProcess,
}

impl Refusal {
    /// What is refused, as it is called in SQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Copy => "COPY FROM STDIN and COPY TO STDOUT",
            Self::Listen => "LISTEN and UNLISTEN",
            Self::LoadLocal => "LOAD DATA LOCAL INFILE",
            Self::LoadExtension => "load_extension()",
            Self::Chain => "AND CHAIN",
            Self::Release => "COMMIT RELEASE and ROLLBACK RELEASE",
            Self::TwoPhase => "PREPARE TRANSACTION and XA",
            Self::DriverStatements => "dropping the prepared statements of the driver",
            Self::JournalMode => "a journal_mode other than WAL",
            Self::WholeProcess => "a setting of the whole host process",
        }
    }

    /// What to do instead.
    pub(crate) fn alternative(self) -> &'static str {
        match self {
            Self::Copy => "insert many rows with UNNEST or a multi-row VALUES; read with SELECT",
            Self::Listen => "poll a table, or keep a connection of your own for notifications",
            Self::LoadLocal => "insert many rows with a multi-row VALUES",
            Self::LoadExtension => "have the host load the extension when it opens the database",
            Self::Chain => "end the transaction and begin another",
            Self::Release => "end the transaction and close the connection",
            Self::TwoPhase => "commit in one phase",
            Self::DriverStatements => "close the connection: the host resets what it used",
            Self::JournalMode => "leave it out: the host keeps the database in WAL",
            Self::WholeProcess => "leave it to the host, whose memory and folders these are",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not supported: {}",
            self.name(),
            self.alternative()
        )
    }
}

impl fmt::Display for PinReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TemporaryTable => "temporary table",
            Self::AdvisoryLock => "advisory lock",
            Self::PreparedText => "prepared statement in the text",
            Self::Cursor => "cursor",
            Self::UserVariable => "user variable",
            Self::LockTables => "locked tables",
            Self::Attach => "attached database",
            Self::Setting => "setting",
            Self::NextTransaction => "modes of the next transaction",
        })
    }
}

impl fmt::Display for DoubtReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFunction(name) => write!(f, "function {name} is not on the list"),
            Self::UnknownStatement(word) => write!(f, "no rule for {word}"),
            Self::UnknownSetting(name) => write!(f, "setting {name} is not on the list"),
            Self::SettingValue(name) => write!(f, "value of setting {name} cannot be kept"),
            Self::GlobalSetting => f.write_str("setting for other sessions"),
            Self::Identity => f.write_str("change of user or role"),
            Self::Call => f.write_str("CALL"),
            Self::Block => f.write_str("anonymous block"),
            Self::DynamicText => f.write_str("SQL put together while it runs"),
            Self::ExecutableComment => f.write_str("executable comment"),
            Self::UseDatabase => f.write_str("change of the default database"),
            Self::TwoPhase => f.write_str("two-phase commit"),
            Self::StoredProgram => f.write_str("stored program followed by more text"),
            Self::UnfinishedBody => f.write_str("body without an end"),
            Self::Unbalanced => f.write_str("parentheses do not pair up"),
            Self::Unreadable => f.write_str("text cannot be read with certainty"),
            Self::TooLong => f.write_str("text is too long to be read"),
        }
    }
}
