//! `PRAGMA`.

use super::super::reason::{DoubtReason, PinReason, Refusal};
use super::super::setting::{Form, Setting};
use super::super::statement::{Statement, shown, unquoted};
use super::super::tokens::Kind;
use super::super::verdict::{Step, What};

/// Pragmas that describe the database, with what they are asked about.
const DESCRIBING: [&str; 16] = [
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "pragma_list",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Pragmas that only tell something, as long as they are given nothing.
const TELLING: [&str; 14] = [
    "application_id",
    "auto_vacuum",
    "data_version",
    "encoding",
    "freelist_count",
    "hard_heap_limit",
    "journal_mode",
    "locking_mode",
    "max_page_count",
    "page_count",
    "page_size",
    "schema_version",
    "soft_heap_limit",
    "user_version",
];

/// Settings of a connection, that it can be told again.
const SETTINGS: [&str; 26] = [
    "analysis_limit",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "case_sensitive_like",
    "cell_size_check",
    "checkpoint_fullfsync",
    "foreign_keys",
    "full_column_names",
    "fullfsync",
    "ignore_check_constraints",
    "journal_size_limit",
    "legacy_alter_table",
    "mmap_size",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "secure_delete",
    "short_column_names",
    "synchronous",
    "temp_store",
    "threads",
    "trusted_schema",
    "wal_autocheckpoint",
];

/// Settings that hold for every connection of the process, the host's own and other databases' too.
const WHOLE_PROCESS: [&str; 4] = [
    "data_store_directory",
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
];

/// Pragmas that do their work at once, in the file.
const WORKING: [&str; 4] = [
    "incremental_vacuum",
    "optimize",
    "shrink_memory",
    "wal_checkpoint",
];

/// Numbers that are kept in the header of the file.
const KEPT_IN_FILE: [&str; 2] = ["application_id", "user_version"];

/// Whether a pragma, with this value, does no more than tell something or change how the connection
/// reads. What keeps a connection from writing stays as it is.
pub(crate) fn reads_as_pragma(name: &str, value: Option<&str>) -> bool {
    let name = name.to_ascii_lowercase();
    let is = |names: &[&str]| names.contains(&name.as_str());
    if is(&DESCRIBING) || (is(&TELLING) && value.is_none()) {
        return true;
    }
    let loosens = name == "query_only" && value.is_some_and(|value| !is_on(value));
    is(&SETTINGS) && !loosens
}

/// As SQLite reads it, if plainly.
fn is_on(value: &str) -> bool {
    ["1", "on", "yes", "true"]
        .iter()
        .any(|on| on.eq_ignore_ascii_case(value))
}

/// What a pragma does.
pub(super) fn step(statement: &Statement<'_>) -> Step {
    let Some((name, behind)) = name(statement) else {
        return Step::doubt(DoubtReason::UnknownStatement(statement.head()));
    };
    let is = |names: &[&str]| names.contains(&name.as_str());
    if behind == statement.len() {
        if is(&DESCRIBING) || is(&TELLING) || is(&SETTINGS) {
            return Step::read();
        }
        if is(&WORKING) {
            return Step::clean();
        }
        return Step::doubt(DoubtReason::UnknownSetting(shown(&name)));
    }
    if is(&WHOLE_PROCESS) {
        return Step::refused(Refusal::WholeProcess);
    }
    let Some(value) = value(statement, behind) else {
        return Step::doubt(DoubtReason::SettingValue(shown(&name)));
    };
    if is(&DESCRIBING) {
        return Step::read();
    }
    if is(&WORKING) || is(&KEPT_IN_FILE) {
        return Step::clean();
    }
    match name.as_str() {
        // The host opens the database in WAL, where this changes nothing.
        "journal_mode" if is_wal(&value) => Step::read(),
        "journal_mode" => Step::refused(Refusal::JournalMode),
        _ if is(&SETTINGS) => {
            let setting = Setting::new(Form::Pragma, name, Some(value));
            Step::new(What::Settings(vec![setting]))
        }
        // Whoever has the file for itself keeps everybody else out for as long.
        "locking_mode" => Step::doubt(DoubtReason::UnknownSetting(name)),
        _ => Step::pin(PinReason::Setting),
    }
}

/// The pragma's name, and what stands behind it. Of the databases of a connection `main` is the one
/// that is there everywhere.
fn name(statement: &Statement<'_>) -> Option<(String, usize)> {
    let mut at = 1;
    if statement.symbol(2, ".") {
        if !statement.word(1, "MAIN") {
            return None;
        }
        at = 3;
    }
    let name = statement.text(at).to_ascii_lowercase();
    (statement.kind(at) == Some(Kind::Word)).then_some((name, at + 1))
}

/// The value behind `=` or in parentheses: a word, a string or a number.
fn value(statement: &Statement<'_>, at: usize) -> Option<String> {
    let end = if statement.symbol(at, "=") {
        statement.len()
    } else {
        let close = statement.partner(at)?;
        (close + 1 == statement.len()).then_some(close)?
    };
    let from = at + 1;
    let sign = usize::from(statement.symbol(from, "-") || statement.symbol(from, "+"));
    let literal = match statement.kind(from + sign)? {
        Kind::Number => true,
        Kind::Word | Kind::Quoted | Kind::Text => sign == 0,
        _ => false,
    };
    (literal && end == from + sign + 1).then(|| statement.written(from, end).to_owned())
}

fn is_wal(value: &str) -> bool {
    unquoted(value).unwrap_or(value).eq_ignore_ascii_case("wal")
}
