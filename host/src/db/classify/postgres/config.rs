//! `set_config()`.

use onepool_proto::value::{Scalar, Value};

use super::super::reason::PinReason;
use super::super::setting::{Form, Scope, Setting};
use super::super::statement::{Statement, unquoted};
use super::super::tokens::Kind;
use super::super::verdict::What;
use super::set;

/// The settings of `SELECT set_config('name', 'value', false)`, alone or several at once; `None` if
/// the statement is anything else, or if no value can be kept.
pub(super) fn configs(statement: &Statement<'_>) -> Option<What> {
    if !statement.word(0, "SELECT") {
        return None;
    }
    let mut settings = Vec::new();
    let mut at = 1;
    loop {
        let (made, behind) = config(statement, at)?;
        match made {
            What::Settings(more) => settings.extend(more),
            What::Clean => {}
            other => return Some(other),
        }
        at = behind;
        if statement.word(at, "AS") && statement.is_name(at + 1) {
            at += 2;
        }
        if at == statement.len() {
            break;
        }
        if !statement.symbol(at, ",") {
            return None;
        }
        at += 1;
    }
    Some(if settings.is_empty() {
        What::Clean
    } else {
        What::Settings(settings)
    })
}

/// One call, and what stands behind it.
fn config(statement: &Statement<'_>, at: usize) -> Option<(What, usize)> {
    let qualified = statement.word(at, "pg_catalog") && statement.symbol(at + 1, ".");
    let at = at + if qualified { 2 } else { 0 };
    if !statement.word(at, "set_config") {
        return None;
    }
    let close = statement.partner(at + 1)?;
    let (name, value) = (at + 2, at + 4);
    let cast = statement.symbol(value + 1, "::") && statement.word(value + 2, "TEXT");
    let last = value + if cast { 4 } else { 2 };
    let shaped =
        statement.symbol(name + 1, ",") && statement.symbol(last - 1, ",") && last + 1 == close;
    let name = unquoted(statement.text(name)).filter(|_| shaped)?;
    let scope = match statement.text(last).to_ascii_lowercase().as_str() {
        "true" => Scope::Local,
        "false" => Scope::Session,
        _ => return None,
    };
    let name = name.to_ascii_lowercase();
    let made = match (statement.kind(value)?, scope) {
        (Kind::Text, _) => {
            let written = statement.text(value).to_owned();
            set::setting(Form::SetConfig, name, Some(written), scope)
        }
        (Kind::Parameter, Scope::Session) => {
            let number = statement.text(value).strip_prefix('$')?.parse().ok()?;
            bound(set::setting(Form::SetConfig, name, None, scope), number)
        }
        _ => return None,
    };
    Some((made, close + 1))
}

/// The same, with a value that the argument of this number is. Whether it is one to keep is asked
/// when it is known.
fn bound(made: What, number: usize) -> What {
    match made {
        What::Settings(settings) => {
            let bound = |setting: Setting| setting.bound(number);
            What::Settings(settings.into_iter().map(bound).collect())
        }
        other => other,
    }
}

/// Whether the `set_config(` that opens there is for the transaction alone, whatever the value.
pub(in super::super) fn is_local_config(statement: &Statement<'_>, open: usize) -> bool {
    let name = unquoted(statement.text(open + 1)).unwrap_or_default();
    // Of `search_path` the value matters even within the transaction.
    let known = !name.is_empty() && !name.eq_ignore_ascii_case("search_path");
    known && statement.symbol(open + 2, ",") && ends_with_true(statement, open)
}

/// Whether the last argument of the `set_config(` that opens there makes it one for the transaction
/// alone.
pub(in super::super) fn ends_with_true(statement: &Statement<'_>, open: usize) -> bool {
    let close = statement.partner(open).unwrap_or_default();
    close > open + 4 && statement.symbol(close - 2, ",") && statement.word(close - 1, "TRUE")
}

/// What a setting does whose value is this argument.
pub(in super::super) fn with_argument(setting: &Setting, argument: Option<&Value>) -> What {
    let value = match argument {
        Some(Value::Scalar(Scalar::Text(text))) => Some(literal(text)),
        Some(Value::Null(_)) => None,
        _ => return What::Pin(PinReason::Setting),
    };
    set::setting(Form::SetConfig, setting.name.clone(), value, setting.scope)
}

/// A text as SQL writes it, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}
