//! What the classifier says of a text: a [`Verdict`] of one [`Step`] per statement.

use onepool_proto::value::Value;

use super::postgres;
use super::reason::{DoubtReason, PinReason, Refusal};
#[cfg(test)]
use super::setting::Scope;
use super::setting::Setting;

/// Whose SQL a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// What the statements of one text may leave behind on the backend that runs it.
///
/// A text without a statement (empty, or comments alone) has no steps: it is clean and reads only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    steps: Vec<Step>,
}

/// What one statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// What it may leave behind on the backend.
    pub what: What,
    /// It surely writes nothing, so that cancelling it outside a transaction loses no work.
    pub reads_only: bool,
    /// It commits an open transaction by itself when it succeeds (MySQL). When it fails, it may or
    /// may not have done so.
    pub implicit_commit: bool,
    /// It reads what an earlier statement left on this very backend; the name of what it reads.
    pub session_read: Option<&'static str>,
}

/// What a statement may leave behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Nothing.
    Clean,
    /// Settings of the session, or of the transaction; one statement can make several.
    Settings(Vec<Setting>),
    /// An open transaction.
    Begin(Begin),
    /// The end of the transaction, its work kept.
    Commit,
    /// The end of the transaction, its work dropped.
    Rollback,
    /// A savepoint. Outside a transaction SQLite opens one with it.
    Savepoint(String),
    /// The end of a savepoint, its work kept. In SQLite that of the outermost savepoint commits, if
    /// a savepoint opened the transaction.
    ReleaseSavepoint(String),
    /// A return to a savepoint, which stays.
    RollbackTo(String),
    /// MySQL's `autocommit`; turning it on, where it was off, commits an open transaction.
    Autocommit(bool),
    /// State that the Connection will want to find again: the backend stays with it.
    Pin(PinReason),
    /// Anything at all: a reset follows before the backend goes to another Connection, at once if no
    /// transaction is open and nothing is pinned.
    Doubt(DoubtReason),
    /// Nothing, because it must not be run.
    Refused(Refusal),
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    /// Declared `READ ONLY`.
    pub read_only: bool,
    /// Declared `READ WRITE`, or with SQLite's `IMMEDIATE` or `EXCLUSIVE`, which take its lock.
    pub read_write: bool,
    /// SQLite's `BEGIN` that takes no lock before it needs one.
    pub deferred: bool,
}

impl Verdict {
    /// A verdict of these steps, in the order of the text.
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// One step for each statement of the text, in order.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many statements the text has.
    pub(crate) fn statements(&self) -> usize {
        self.steps.len()
    }

    /// Why a reset must follow, if a doubt is the reason.
    pub(crate) fn doubt(&self) -> Option<&DoubtReason> {
        self.steps.iter().find_map(|step| match &step.what {
            What::Doubt(reason) => Some(reason),
            _ => None,
        })
    }

    /// Every statement is known to leave nothing behind once its transaction is over: the backend
    /// may go to anyone.
    #[cfg(test)]
    pub(crate) fn is_clean(&self) -> bool {
        self.steps.iter().all(|step| match &step.what {
            What::Clean => true,
            What::Settings(settings) => settings.iter().all(|one| one.scope == Scope::Local),
            _ => false,
        })
    }

    /// Every statement surely writes nothing.
    pub(crate) fn reads_only(&self) -> bool {
        self.steps.iter().all(|step| step.reads_only)
    }

    /// The same verdict where the arguments say what is set; `None` where they do not matter.
    pub(crate) fn with_arguments(&self, arguments: &[Value]) -> Option<Self> {
        let bound = |setting: &Setting| setting.parameter.is_some();
        if !self.settings().any(bound) {
            return None;
        }
        let steps = self.steps.iter().map(|step| Step {
            what: step.what.with_arguments(arguments),
            ..step.clone()
        });
        Some(Self::new(steps.collect()))
    }

    /// Some statement may write. Settings are not read only, as they leave something behind, and
    /// write nothing.
    pub(crate) fn may_write(&self) -> bool {
        let writes_nothing = |step: &Step| {
            step.reads_only || matches!(step.what, What::Settings(_)) && !step.implicit_commit
        };
        !self.steps.iter().all(writes_nothing)
    }

    /// Why the text must not be run, if so.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.steps.iter().find_map(|step| match step.what {
            What::Refused(refusal) => Some(refusal),
            _ => None,
        })
    }

    /// What the text reads that an earlier statement left on the backend. Behind a statement that
    /// writes it is that one's.
    pub(crate) fn session_read(&self) -> Option<&'static str> {
        let first = self.steps.iter().position(|step| !step.reads_only);
        let until = first.map_or(self.steps.len(), |first| first + 1);
        let mut reads = self.steps.iter().take(until);
        reads.find_map(|step| step.session_read)
    }

    /// The backend must be reset before it goes to another Connection, even when nothing is pinned
    /// and no transaction is open. Pins and settings are not counted: the pool knows what to do.
    pub(crate) fn needs_reset(&self) -> bool {
        self.steps.iter().any(|step| match &step.what {
            What::Doubt(_) => true,
            What::Settings(settings) => settings.iter().any(Setting::is_all),
            _ => false,
        })
    }

    /// Why the backend must stay with the Connection, in the order of the text.
    pub(crate) fn pins(&self) -> impl Iterator<Item = PinReason> {
        self.steps.iter().filter_map(|step| match step.what {
            What::Pin(reason) => Some(reason),
            _ => None,
        })
    }

    /// The settings the text makes, in order.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.steps
            .iter()
            .filter_map(|step| match &step.what {
                What::Settings(settings) => Some(settings.as_slice()),
                _ => None,
            })
            .flatten()
    }
}

impl What {
    fn with_arguments(&self, arguments: &[Value]) -> Self {
        let Self::Settings(settings) = self else {
            return self.clone();
        };
        let mut known = Vec::new();
        for setting in settings {
            let argument = setting
                .parameter
                .map(|number| arguments.get(number.wrapping_sub(1)));
            match argument.map(|argument| postgres::with_argument(setting, argument)) {
                None => known.push(setting.clone()),
                Some(Self::Settings(more)) => known.extend(more),
                Some(other) => return other,
            }
        }
        Self::Settings(known)
    }
}

impl Step {
    /// A statement that may write, of this kind.
    pub(super) fn new(what: What) -> Self {
        Self {
            what,
            reads_only: false,
            implicit_commit: false,
            session_read: None,
        }
    }

    /// A statement that leaves nothing behind and writes nothing.
    pub(super) fn read() -> Self {
        Self {
            reads_only: true,
            ..Self::new(What::Clean)
        }
    }

    /// A statement that leaves nothing behind but may write.
    pub(super) fn clean() -> Self {
        Self::new(What::Clean)
    }

    /// A statement that may leave anything behind.
    pub(super) fn doubt(reason: DoubtReason) -> Self {
        Self::new(What::Doubt(reason))
    }

    /// A statement that keeps the backend with its Connection.
    pub(super) fn pin(reason: PinReason) -> Self {
        Self::new(What::Pin(reason))
    }

    /// A statement that must not be run.
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::new(What::Refused(refusal))
    }

    /// The same statement, which commits by itself.
    pub(super) fn committing(self) -> Self {
        Self {
            implicit_commit: true,
            ..self
        }
    }
}
