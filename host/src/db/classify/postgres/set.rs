//! `SET` and `RESET`.

use super::super::lists;
use super::super::modes::Modes;
use super::super::reason::{DoubtReason, PinReason};
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
    if statement.word(at, "AUTHORIZATION") {
        return What::Pin(PinReason::Setting);
    }
    if statement.words(at, &["CHARACTERISTICS", "AS", "TRANSACTION"]) {
        return characteristics(statement, at + 3);
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
            return unknown(&name, scope);
        }
        (name, behind + 1)
    };
    let written = match value_from(statement, value) {
        Ok(written) => written,
        Err(NotKept) => return not_kept(&name, scope),
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
        return What::Pin(PinReason::Setting);
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

/// `SET SESSION CHARACTERISTICS AS TRANSACTION`, which sets the defaults of transactions.
fn characteristics(statement: &Statement<'_>, from: usize) -> What {
    let Some(modes) = Modes::read(statement, from) else {
        return What::Pin(PinReason::Setting);
    };
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let level = |level: &str| format!("'{}'", level.to_ascii_lowercase());
    let settings = [
        ("default_transaction_isolation", modes.isolation.map(level)),
        ("default_transaction_read_only", modes.read_only.map(on)),
        ("default_transaction_deferrable", modes.deferrable.map(on)),
    ];
    let settings = settings.into_iter().filter_map(|(name, value)| {
        let value = value?;
        Some(Setting::new(Form::Set, name, Some(value)))
    });
    What::Settings(settings.collect())
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
    let zone = statement.word(from - 1, "ZONE");
    if end == from + 1 && (statement.word(from, "DEFAULT") || zone && statement.word(from, "LOCAL"))
    {
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
pub(super) fn setting(form: Form, name: String, value: Option<String>, scope: Scope) -> What {
    let custom = name
        .split_once('.')
        .is_some_and(|(space, own)| is_plain_name(space) && is_plain_name(own));
    let special = ["all", "client_encoding", "role"].contains(&name.as_str());
    if !custom && !special && !lists::POSTGRES_SETTINGS.contains(name.as_str()) {
        return unknown(&name, scope);
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
        return not_kept(&name, scope);
    }
    What::Settings(vec![Setting::new(form, name, value).scoped(scope)])
}

/// A setting that is not on the list, which is nothing for the transaction alone.
fn unknown(name: &str, scope: Scope) -> What {
    match (scope, name) {
        (Scope::Local, _) => What::Clean,
        // Texts would be read otherwise than the database reads them.
        (Scope::Session, "standard_conforming_strings") => {
            What::Doubt(DoubtReason::UnknownSetting(shown(name)))
        }
        (Scope::Session, _) => What::Pin(PinReason::Setting),
    }
}

/// A setting whose value cannot be written again.
fn not_kept(name: &str, scope: Scope) -> What {
    match (scope, name) {
        // Texts would be read otherwise than the database reads them.
        (Scope::Local, _) | (Scope::Session, "client_encoding") => {
            What::Doubt(DoubtReason::SettingValue(shown(name)))
        }
        (Scope::Session, _) => What::Pin(PinReason::Setting),
    }
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
