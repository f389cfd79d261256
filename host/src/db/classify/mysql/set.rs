//! `SET`.

use super::super::calls::Calls;
use super::super::functions::FunctionList;
use super::super::lists;
use super::super::reason::{DoubtReason, PinReason};
use super::super::setting::{Form, Setting};
use super::super::statement::{Statement, shown, unquoted};
use super::super::tokens::Kind;
use super::super::verdict::{Dialect, What};
use super::calls::is_variable;
use super::transaction;

/// What `SET` does.
pub(super) fn set(statement: &Statement<'_>, extra: &FunctionList) -> What {
    if statement.word(1, "TRANSACTION") {
        return What::Pin(PinReason::NextTransaction);
    }
    if statement.one_of(1, &["SESSION", "LOCAL"]) && statement.word(2, "TRANSACTION") {
        return transaction::modes(statement, 3);
    }
    if statement.word(1, "ROLE") {
        return What::Pin(PinReason::Setting);
    }
    if statement.one_of(1, &["PASSWORD", "DEFAULT", "RESOURCE"]) {
        return What::Doubt(DoubtReason::Identity);
    }
    if statement.word(1, "STATEMENT") {
        return What::Doubt(DoubtReason::UnknownStatement(statement.head()));
    }
    together(
        assignments(statement)
            .into_iter()
            .map(|(from, to)| assignment(statement, from, to, extra)),
    )
}

/// What several assignments do at once. What stays with the backend pins it, and then whatever else
/// they set stays there, too.
fn together(assignments: impl Iterator<Item = What>) -> What {
    let mut all: Vec<What> = assignments.collect();
    if all.len() == 1
        && let Some(only) = all.pop()
    {
        return only;
    }
    let is_doubt = |what: &What| matches!(what, What::Doubt(reason) if !is_global(reason));
    if let Some(doubt) = all.iter().position(is_doubt) {
        return all.swap_remove(doubt);
    }
    let mut settings = Vec::new();
    let mut pin = None;
    let mut global = None;
    for what in all {
        match what {
            What::Settings(more) => settings.extend(more),
            What::Pin(PinReason::UserVariable) => pin = Some(PinReason::UserVariable),
            What::Doubt(reason) => global = Some(reason),
            _ => pin = pin.or(Some(PinReason::Setting)),
        }
    }
    match (pin, global) {
        (Some(reason), _) => What::Pin(reason),
        (None, Some(reason)) if settings.is_empty() => What::Doubt(reason),
        (None, Some(_)) => What::Pin(PinReason::Setting),
        (None, None) => What::Settings(settings),
    }
}

fn is_global(reason: &DoubtReason) -> bool {
    *reason == DoubtReason::GlobalSetting
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
        return unknown(&target.name);
    }
    if target.name == "autocommit" {
        return autocommit(statement, value, to);
    }
    let transaction = transaction::variable(&target.name);
    // Without a scope, @@ makes these a matter of the next transaction alone.
    if target.unscoped && transaction.is_some() {
        return What::Pin(PinReason::NextTransaction);
    }
    let literal = is_literal(statement, value, to);
    if let Some(setting) = transaction.filter(|_| literal) {
        return transaction::assigned(setting, statement.written(value, to));
    }
    if !lists::MYSQL_SETTINGS.contains(target.name.as_str()) {
        return unknown(&target.name);
    }
    // DEFAULT is a value like any other: the server's, from which the driver strays when it connects.
    let written = statement.written(value, to).to_owned();
    if literal {
        return kept(assigned_to(&target.name, written));
    }
    // The modes are commonly made out of what they were.
    if target.name == "sql_mode" && is_computed(statement, value, to, extra) {
        return kept(assigned_to(&target.name, written).relative());
    }
    What::Pin(PinReason::Setting)
}

/// The setting of a variable, under its canonical name.
fn assigned_to(name: &str, value: String) -> Setting {
    // Of these a value names parts, and leaves the others as they are.
    const PARTIAL: [&str; 3] = [
        "optimizer_switch",
        "optimizer_trace",
        "optimizer_trace_features",
    ];
    let partial = PARTIAL.contains(&name) && !value.eq_ignore_ascii_case("default");
    let alias = lists::MYSQL_ALIASES
        .iter()
        .find(|(alias, _)| *alias == name);
    let (form, name) = match alias {
        Some((alias, name)) => (Form::SetSessionAs(alias), *name),
        None => (Form::SetSession, name),
    };
    let setting = Setting::new(form, name, Some(value));
    // SET NAMES sets the collation too; the setting is the order of both.
    if partial || name == "names" {
        return setting.relative();
    }
    setting
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
        return What::Doubt(DoubtReason::SettingValue("names".to_owned()));
    }
    let value = statement.written(from, to).to_owned();
    kept(Setting::new(Form::SetNames, "names", Some(value)))
}

fn autocommit(statement: &Statement<'_>, value: usize, to: usize) -> What {
    let text = statement.text(value);
    let text = unquoted(text).unwrap_or(text).to_ascii_lowercase();
    match text.as_str() {
        _ if to != value + 1 => What::Pin(PinReason::Setting),
        "1" | "on" | "true" => What::Autocommit(true),
        "0" | "off" | "false" => What::Autocommit(false),
        _ => What::Pin(PinReason::Setting),
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

/// A setting that is not on the list.
fn unknown(name: &str) -> What {
    // Texts would be read otherwise than the database reads them.
    if name.starts_with("character") {
        return What::Doubt(DoubtReason::UnknownSetting(shown(name)));
    }
    What::Pin(PinReason::Setting)
}
