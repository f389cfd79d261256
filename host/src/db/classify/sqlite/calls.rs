//! What is called before a parenthesis in SQLite.

use super::super::calls::Callee;
use super::super::lists;
use super::super::statement::{Statement, unquoted};
use super::super::tokens::Kind;

/// Keywords that are functions too.
const CALLED: [&str; 4] = ["replace", "like", "glob", "regexp"];

/// The name from `first` to `last`, before a parenthesis: a function, or grammar.
pub(in super::super) fn callee(statement: &Statement<'_>, first: usize, last: usize) -> Callee {
    let text = statement.text(last);
    if first != last {
        return Callee::Function(statement.written(first, last + 1).to_ascii_lowercase());
    }
    if statement.kind(last) == Some(Kind::Quoted) {
        return Callee::Function(unquoted(text).unwrap_or(text).to_ascii_lowercase());
    }
    let name = text.to_ascii_lowercase();
    let keyword = lists::SQLITE_KEYWORDS.contains(name.as_str());
    if keyword && !CALLED.contains(&name.as_str()) {
        return Callee::Grammar;
    }
    Callee::Function(name)
}
