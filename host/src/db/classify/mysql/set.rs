//! `SET`.

use super::super::calls::Calls;
use super::super::functions::FunctionList;
use super::super::lists;
use super::super::reason::{DoubtReason, PinReason, Refusal};
use super::super::setting::{Form, Setting};
use super::super::statement::{Statement, shown, unquoted};
use super::super::tokens::Kind;
use super::super::verdict::{Dialect, What};
use super::calls::is_variable;

/// What `SET` does.
pub(super) fn set(statement: &Statement<'_>, extra: &FunctionList) -> What {
    if statement.word(1, "TRANSACTION") {
        return What::Refused(Refusal::NextTransaction);
    }
    if statement.one_of(1, &["SESSION", "LOCAL"]) && statement.word(2, "TRANSACTION") {
        return transaction(statement);
    }
    if statement.one_of(1, &["PASSWORD", "ROLE", "DEFAULT", "RESOURCE"]) {
        return What::Doubt(DoubtReason::Identity);
    }
    let mut settings = Vec::new();
    let mut pin = None;
    for (from, to) in assignments(statement) {
        match assignment(statement, from, to, extra) {
            What::Settings(more) => settings.extend(more),
            What::Pin(reason) => pin = Some(reason),
            What::Autocommit(on) if from == 1 && to == statement.len() => {
                return What::Autocommit(on);
            }
            What::Autocommit(_) => return value_doubt("autocommit"),
            other => return other,
        }
    }
    match pin {
        Some(reason) => What::Pin(reason),
        None => What::Settings(settings),
    }
}

/// `SET SESSION TRANSACTION`, whose modes are kept as they are.
fn transaction(statement: &Statement<'_>) -> What {
    const MODES: [&str; 9] = [
        "ISOLATION",
        "LEVEL",
        "SERIALIZABLE",
        "REPEATABLE",
        "READ",
        "COMMITTED",
        "UNCOMMITTED",
        "WRITE",
        "ONLY",
    ];
    let mut modes = 3..statement.len();
    if modes.is_empty()
        || !modes.all(|at| statement.symbol(at, ",") || statement.one_of(at, &MODES))
    {
        return value_doubt("transaction");
    }
    let value = statement.written(3, statement.len()).to_owned();
    // Isolation and access mode are two settings under one name.
    What::Settings(vec![
        Setting::new(Form::SetTransaction, "transaction", Some(value)).relative(),
    ])
}

/// The positions of each assignment, between commas outside parentheses.
fn assignments(statement: &Statement<'_>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 1;
    let mut at = 1;
    while at < statement.len() {
        if statement.symbol(at, ",") {
            found.push((from, at));
            from = at + 1;
        }
        at = statement
            .partner(at)
            .filter(|&close| close > at)
            .unwrap_or(at)
            + 1;
    }
    found.push((from, statement.len()));
    found
}

fn assignment(statement: &Statement<'_>, from: usize, to: usize, extra: &FunctionList) -> What {
    if statement.word(from, "NAMES") {
        return names(statement, from + 1, to);
    }
    if is_variable(statement, from) {
        return What::Pin(PinReason::UserVariable);
    }
    let Some(target) = target(statement, from) else {
        return What::Doubt(DoubtReason::UnknownStatement(statement.head()));
    };
    if target.global {
        return What::Doubt(DoubtReason::GlobalSetting);
    }
    let assigned = statement.symbol(target.behind, "=") || statement.symbol(target.behind, ":=");
    let value = target.behind + 1;
    if !assigned || value >= to {
        return What::Doubt(DoubtReason::UnknownSetting(shown(&target.name)));
    }
    if target.name == "autocommit" {
        return autocommit(statement, value, to);
    }
    // Without a scope, @@ makes these two a matter of the next transaction alone.
    let next = [
        "tx_isolation",
        "tx_read_only",
        "transaction_isolation",
        "transaction_read_only",
    ];
    if target.unscoped && next.contains(&target.name.as_str()) {
        return What::Refused(Refusal::NextTransaction);
    }
    if !lists::MYSQL_SETTINGS.contains(target.name.as_str()) {
        return What::Doubt(DoubtReason::UnknownSetting(shown(&target.name)));
    }
    if to == value + 1 && statement.word(value, "DEFAULT") {
        return kept(Setting::new(Form::SetSession, target.name, None));
    }
    let written = Some(statement.written(value, to).to_owned());
    if is_literal(statement, value, to) {
        return kept(Setting::new(Form::SetSession, target.name, written));
    }
    // The modes are commonly made out of what they were.
    if target.name == "sql_mode" && is_computed(statement, value, to, extra) {
        return kept(Setting::new(Form::SetSession, target.name, written).relative());
    }
    value_doubt(&target.name)
}

/// The variable that an assignment is to.
struct Target {
    name: String,
    global: bool,
    /// Written with `@@` and without a scope.
    unscoped: bool,
    behind: usize,
}

fn target(statement: &Statement<'_>, from: usize) -> Option<Target> {
    const GLOBAL: [&str; 3] = ["GLOBAL", "PERSIST", "PERSIST_ONLY"];
    const SESSION: [&str; 2] = ["SESSION", "LOCAL"];
    let mut at = from;
    let mut scope = "";
    let system = statement.kind(from) == Some(Kind::SystemVariable);
    if system {
        let text = statement.text(from).trim_start_matches('@');
        if !statement.symbol(from + 1, ".") {
            return Some(Target {
                name: text.to_ascii_lowercase(),
                global: false,
                unscoped: true,
                behind: from + 1,
            });
        }
        scope = text;
        at = from + 2;
    } else if GLOBAL
        .iter()
        .chain(&SESSION)
        .any(|word| statement.word(from, word))
    {
        scope = statement.text(from);
        at = from + 1;
    }
    let is = |words: &[&str]| words.iter().any(|word| scope.eq_ignore_ascii_case(word));
    if system && !is(&GLOBAL) && !is(&SESSION) {
        return None;
    }
    let name = match statement.kind(at)? {
        Kind::Word => statement.text(at),
        Kind::Quoted => unquoted(statement.text(at))?,
        _ => return None,
    };
    Some(Target {
        name: name.to_ascii_lowercase(),
        global: is(&GLOBAL),
        unscoped: false,
        behind: at + 1,
    })
}

/// `SET NAMES`: only the character set in which texts are sent, lest they be read otherwise.
fn names(statement: &Statement<'_>, from: usize, to: usize) -> What {
    let charset = statement.text(from);
    let charset = unquoted(charset).unwrap_or(charset).to_ascii_lowercase();
    let utf8 = ["utf8", "utf8mb3", "utf8mb4"].contains(&charset.as_str());
    let collated = statement.word(from + 1, "COLLATE") && to == from + 3;
    if !utf8 || to != from + 1 && !collated {
        return value_doubt("names");
    }
    let value = statement.written(from, to).to_owned();
    kept(Setting::new(Form::SetNames, "names", Some(value)))
}

fn autocommit(statement: &Statement<'_>, value: usize, to: usize) -> What {
    let text = statement.text(value);
    let text = unquoted(text).unwrap_or(text).to_ascii_lowercase();
    match text.as_str() {
        _ if to != value + 1 => value_doubt("autocommit"),
        "1" | "on" | "true" => What::Autocommit(true),
        "0" | "off" | "false" => What::Autocommit(false),
        _ => value_doubt("autocommit"),
    }
}

/// A word, string or number, perhaps with a sign.
fn is_literal(statement: &Statement<'_>, from: usize, to: usize) -> bool {
    let sign = usize::from(statement.symbol(from, "-") || statement.symbol(from, "+"));
    to == from + sign + 1
        && match statement.kind(from + sign) {
            Some(Kind::Number) => true,
            Some(Kind::Word | Kind::Text) => sign == 0,
            _ => false,
        }
}

/// An expression of built-in functions over literals and system variables.
fn is_computed(statement: &Statement<'_>, from: usize, to: usize, extra: &FunctionList) -> bool {
    let constant = (from..to).all(|at| match statement.kind(at) {
        Some(Kind::Text | Kind::Number | Kind::SystemVariable | Kind::Word) => true,
        _ => ["(", ")", ",", "."]
            .iter()
            .any(|symbol| statement.symbol(at, symbol)),
    });
    let selects_rows = (from..to).any(|at| statement.one_of(at, &["FROM", "INTO"]));
    let calls = Calls::within(Dialect::MySql, statement, from..to, extra);
    let harmless = calls.refusal.is_none()
        && calls.pin.is_none()
        && calls.doubt.is_none()
        && calls.session_read.is_none()
        && !calls.writes;
    constant && !selects_rows && harmless
}

fn kept(setting: Setting) -> What {
    What::Settings(vec![setting])
}

fn value_doubt(name: &str) -> What {
    What::Doubt(DoubtReason::SettingValue(shown(name)))
}
