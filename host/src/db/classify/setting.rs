//! Settings that follow the Connection from backend to backend.

/// How long a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Until it is set again: it follows the Connection.
    Session,
    /// Until the transaction ends: it stays where it is.
    Local,
}

/// One known setting that a statement makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The canonical name, in lower case: variables that are one under several names have one here.
    /// Two are not variables of the database: `all` (PostgreSQL's `RESET ALL`) and `names` (MySQL's
    /// `SET NAMES`, and the collation, which that sets too).
    pub name: String,
    /// How long it holds.
    pub scope: Scope,
    /// The SQL of the value exactly as written; `None` for the default.
    pub value: Option<String>,
    /// The value builds on the one before (`CONCAT(@@sql_mode, ...)`), or is of a part only: to set it
    /// again elsewhere, set what came before it first.
    pub relative: bool,
    /// The value is the argument of this number, the first being one, and not known yet: see
    /// [`Verdict::with_arguments`](super::Verdict::with_arguments).
    pub parameter: Option<usize>,
    /// What SQL sets it again.
    form: Form,
}

/// The ways to write a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// PostgreSQL's `SET` and `RESET`.
    Set,
    /// PostgreSQL's `set_config()`, whose text is not read as a list of names.
    SetConfig,
    /// MySQL's `SET SESSION`.
    SetSession,
    /// MySQL's `SET SESSION` of a variable that the database calls so, too.
    SetSessionAs(&'static str),
    /// MySQL's `SET NAMES`.
    SetNames,
    /// MySQL's `SET SESSION TRANSACTION`.
    SetTransaction,
    /// SQLite's `PRAGMA`.
    Pragma,
}

impl Setting {
    /// A setting of the session.
    pub(super) fn new(form: Form, name: impl Into<String>, value: Option<String>) -> Self {
        Self {
            name: name.into(),
            scope: Scope::Session,
            value,
            relative: false,
            parameter: None,
            form,
        }
    }

    /// The same setting with another scope.
    pub(super) fn scoped(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// The same setting, whose value builds on the one before.
    pub(super) fn relative(self) -> Self {
        Self {
            relative: true,
            ..self
        }
    }

    /// The same setting, whose value is the argument of this number.
    pub(super) fn bound(self, number: usize) -> Self {
        Self {
            parameter: Some(number),
            ..self
        }
    }

    /// It is `RESET ALL`: whatever was set is back to its default, the host's own settings too.
    pub(crate) fn is_all(&self) -> bool {
        self.name == "all" && self.value.is_none()
    }

    /// The statement that makes this setting on another backend.
    pub(crate) fn sql(&self) -> String {
        let name = &self.name;
        let value = self.value.as_deref();
        let local = self.scope == Scope::Local;
        match (self.form, value) {
            (Form::Set, Some(value)) if local => format!("SET LOCAL {name} = {value}"),
            (Form::Set, Some(value)) => format!("SET {name} = {value}"),
            (Form::Set | Form::SetConfig, None) if local => format!("SET LOCAL {name} TO DEFAULT"),
            (Form::Set | Form::SetConfig, None) => format!("RESET {name}"),
            (Form::SetConfig, Some(value)) => {
                format!("SELECT set_config('{name}', {value}, {local})")
            }
            (Form::SetSession, value) => {
                format!("SET SESSION {name} = {}", value.unwrap_or("DEFAULT"))
            }
            (Form::SetNames, value) => format!("SET NAMES {}", value.unwrap_or("DEFAULT")),
            (Form::SetSessionAs(name), value) => {
                format!("SET SESSION {name} = {}", value.unwrap_or("DEFAULT"))
            }
            // These two are never without a value.
            (Form::SetTransaction, value) => {
                format!("SET SESSION TRANSACTION {}", value.unwrap_or_default())
            }
            (Form::Pragma, value) => format!("PRAGMA {name} = {}", value.unwrap_or_default()),
        }
    }
}
