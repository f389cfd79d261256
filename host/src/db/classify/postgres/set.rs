//! `SET`, `RESET` and `set_config()`.

use super::super::lists;
use super::super::reason::DoubtReason;
use super::super::setting::{Form, Scope, Setting};
use super::super::statement::{Statement, shown, unquoted};
use super::super::tokens::Kind;
use super::super::verdict::What;

/// What `SET` does.
pub(super) fn set(statement: &Statement<'_>) -> What {
    let scope = if statement.word(1, "LOCAL") {
        Scope::Local
    } else {
        Scope::Session
    };
    let at = 1 + usize::from(statement.one_of(1, &["LOCAL", "SESSION"]));
    if statement.one_of(at, &["TRANSACTION", "CONSTRAINTS"]) {
        // Both are for the open transaction; without one they do nothing.
        return What::Clean;
    }
    if statement.one_of(at, &["AUTHORIZATION", "CHARACTERISTICS"]) {
        return What::Doubt(DoubtReason::Identity);
    }
    let (name, value) = if statement.words(at, &["TIME", "ZONE"]) {
        ("timezone".to_owned(), at + 2)
    } else if statement.word(at, "NAMES") {
        ("client_encoding".to_owned(), at + 1)
    } else if statement.word(at, "SCHEMA") {
        ("search_path".to_owned(), at + 1)
    } else if statement.word(at, "ROLE") {
        ("role".to_owned(), at + 1)
    } else {
        let Some((name, behind)) = name(statement, at) else {
            return What::Doubt(DoubtReason::UnknownStatement(statement.head()));
        };
        if !statement.symbol(behind, "=") && !statement.word(behind, "TO") {
            return What::Doubt(DoubtReason::UnknownSetting(shown(&name)));
        }
        (name, behind + 1)
    };
    let written = match value_from(statement, value) {
        Ok(written) => written,
        Err(NotKept) => return What::Doubt(DoubtReason::SettingValue(shown(&name))),
    };
    setting(Form::Set, name, written, scope)
}

/// What `RESET` does. `RESET ALL` is the setting `all` without a value.
pub(super) fn reset(statement: &Statement<'_>) -> What {
    let (name, behind) = if statement.words(1, &["TIME", "ZONE"]) {
        ("timezone".to_owned(), 3)
    } else if statement.word(1, "ALL") {
        ("all".to_owned(), 2)
    } else if statement.words(1, &["SESSION", "AUTHORIZATION"]) {
        return What::Doubt(DoubtReason::Identity);
    } else if let Some(named) = name(statement, 1) {
        named
    } else {
        return What::Doubt(DoubtReason::UnknownStatement(statement.head()));
    };
    if behind < statement.len() {
        return What::Doubt(DoubtReason::UnknownStatement(statement.head()));
    }
    setting(Form::Set, name, None, Scope::Session)
}

/// The settings of `SELECT set_config('name', 'value', false)`, alone or several at once; `None` if
/// the statement is anything else, or if no value can be kept.
pub(super) fn configs(statement: &Statement<'_>) -> Option<What> {
    if !statement.word(0, "SELECT") {
        return None;
    }
    let mut settings = Vec::new();
    let mut at = 1;
    loop {
        if statement.word(at, "pg_catalog") && statement.symbol(at + 1, ".") {
            at += 2;
        }
        if !statement.word(at, "set_config") {
            return None;
        }
        let close = statement.partner(at + 1)?;
        let (one, value) = (at + 2, at + 4);
        let shaped = statement.symbol(one + 1, ",")
            && statement.symbol(value + 1, ",")
            && statement.kind(value) == Some(Kind::Text)
            && value + 3 == close;
        let name = unquoted(statement.text(one)).filter(|_| shaped)?;
        let local = statement.word(value + 2, "TRUE");
        if !local && !statement.word(value + 2, "FALSE") {
            return None;
        }
        let scope = if local { Scope::Local } else { Scope::Session };
        let written = Some(statement.text(value).to_owned());
        match setting(Form::SetConfig, name.to_ascii_lowercase(), written, scope) {
            What::Settings(more) => settings.extend(more),
            What::Clean => {}
            doubt => return Some(doubt),
        }
        at = close + 1;
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

/// Whether the `set_config(` that opens there is for the transaction alone, whatever the value.
pub(in super::super) fn is_local_config(statement: &Statement<'_>, open: usize) -> bool {
    let name = unquoted(statement.text(open + 1)).unwrap_or_default();
    // Of `search_path` the value matters even within the transaction.
    let known = !name.is_empty() && !name.eq_ignore_ascii_case("search_path");
    let close = statement.partner(open).unwrap_or_default();
    known
        && statement.symbol(open + 2, ",")
        && close > open + 4
        && statement.symbol(close - 2, ",")
        && statement.word(close - 1, "TRUE")
}

/// The name of a parameter, perhaps one of an extension or of the application, `app.user`; and what
/// stands behind it.
fn name(statement: &Statement<'_>, at: usize) -> Option<(String, usize)> {
    let part = |at| match statement.kind(at)? {
        Kind::Word => Some(statement.text(at)),
        Kind::Quoted => unquoted(statement.text(at)),
        _ => None,
    };
    let first = part(at)?.to_ascii_lowercase();
    if !statement.symbol(at + 1, ".") {
        return Some((first, at + 1));
    }
    let second = part(at + 2)?.to_ascii_lowercase();
    Some((format!("{first}.{second}"), at + 3))
}

/// The value cannot be written again as it stands.
struct NotKept;

/// The value that takes up the rest of the statement; `None` for the default.
fn value_from(statement: &Statement<'_>, from: usize) -> Result<Option<String>, NotKept> {
    let end = statement.len();
    if from >= end {
        return Err(NotKept);
    }
    if end == from + 1 && statement.one_of(from, &["DEFAULT", "LOCAL"]) {
        return Ok(None);
    }
    // One literal or word between two commas: strings side by side are one string to the server.
    let mut items = 0_usize;
    for at in from..end {
        let sign = ["-", "+"].iter().any(|sign| statement.symbol(at, sign));
        match statement.kind(at) {
            Some(Kind::Word | Kind::Quoted | Kind::Text | Kind::Number) if items == 0 => items = 1,
            Some(Kind::Symbol) if statement.symbol(at, ",") && items == 1 => items = 0,
            Some(Kind::Symbol) if sign && statement.kind(at + 1) == Some(Kind::Number) => {}
            _ => return Err(NotKept),
        }
    }
    match items {
        0 => Err(NotKept),
        _ => Ok(Some(statement.written(from, end).to_owned())),
    }
}

/// A setting of this name, if it is a known one and the value does not change how SQL is read. For
/// the transaction alone an unknown one is nothing.
fn setting(form: Form, name: String, value: Option<String>, scope: Scope) -> What {
    let custom = name
        .split_once('.')
        .is_some_and(|(space, own)| is_plain_name(space) && is_plain_name(own));
    let special = ["all", "client_encoding", "role"].contains(&name.as_str());
    if !custom && !special && !lists::POSTGRES_SETTINGS.contains(name.as_str()) {
        if scope == Scope::Local {
            return What::Clean;
        }
        return What::Doubt(DoubtReason::UnknownSetting(shown(&name)));
    }
    let text = value.as_deref().unwrap_or_default().to_ascii_lowercase();
    let kept = match name.as_str() {
        // Behind these, the names of built-in functions could mean others.
        "search_path" => !["pg_catalog", "pg_temp", "\\"]
            .iter()
            .any(|part| text.contains(part)),
        "client_encoding" => value.is_none() || text.contains("utf8") || text.contains("utf-8"),
        "all" => value.is_none(),
        _ => true,
    };
    if !kept {
        return What::Doubt(DoubtReason::SettingValue(shown(&name)));
    }
    What::Settings(vec![Setting::new(form, name, value).scoped(scope)])
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
