//! The configuration file.

use std::path::Path;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problems;
use super::tree::{Origin, Tree};

/// Reads a file. What is no TOML is noted, and the rest is read.
pub(super) fn read(file: &Path, problems: &mut Problems) -> Tree {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => parse(&name, &text, problems),
        Err(error) => {
            problems.add_at(
                Origin::File(name),
                "",
                format!("it cannot be read: {error}"),
            );
            Tree::default()
        }
    }
}

/// What a file of this name says.
pub(super) fn parse(name: &str, text: &str, problems: &mut Problems) -> Tree {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let origin = match error.span() {
            Some(span) => Origin::Line(name.to_owned(), line_of(text, span.start)),
            None => Origin::File(name.to_owned()),
        };
        problems.add_at(origin, "", error.message());
    }
    let mut reader = Reader {
        name,
        text,
        tree: Tree::default(),
    };
    reader.tree.note(&[], Origin::File(name.to_owned()));
    reader.table(&mut Vec::new(), table.get_ref());
    reader.tree
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    tree: Tree,
}

impl Reader<'_> {
    fn table(&mut self, path: &mut Vec<String>, table: &DeTable<'_>) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            let line = line_of(self.text, key.span().start);
            let origin = Origin::Line(self.name.to_owned(), line);
            match value.get_ref() {
                DeValue::Table(inner) => {
                    // A table that says nothing is there all the same.
                    if self.tree.get(path).is_none() {
                        self.tree
                            .set(path, Value::Object(serde_json::Map::new()), origin);
                    }
                    self.table(path, inner);
                }
                value => {
                    self.tree.set(path, json(value), origin);
                }
            }
            path.pop();
        }
    }
}

/// A value alone, as TOML writes it; `None` if it does not.
pub(super) fn value(text: &str) -> Option<Value> {
    let parsed = DeValue::parse(text).ok()?;
    Some(json(parsed.get_ref()))
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::from),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        DeValue::Boolean(is) => Value::Bool(*is),
        DeValue::Datetime(at) => Value::String(at.to_string()),
        DeValue::Array(items) => items.iter().map(Spanned::get_ref).map(json).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.bytes().take(at);
    1 + before.filter(|byte| *byte == b'\n').count()
}
