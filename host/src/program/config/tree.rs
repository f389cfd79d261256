//! What was said, and where.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of a file, counted from 1.
    Line(String, usize),
    /// A file as a whole.
    File(String),
    /// A variable of the environment.
    Variable(String),
    /// The command line.
    Flag(&'static str),
    /// Nowhere: something is missing.
    Nowhere,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}"),
            Self::File(file) => f.write_str(file),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Flag(flag) => f.write_str(flag),
            Self::Nowhere => f.write_str("the configuration"),
        }
    }
}

/// Everything that was said, by key.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// Invariant: an object.
    value: Value,
    origins: BTreeMap<Vec<String>, Origin>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            value: Value::Object(Map::new()),
            origins: BTreeMap::new(),
        }
    }
}

impl Tree {
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// Says something, in place of what was said before. Returns whether there was a place for it.
    pub(super) fn set(&mut self, path: &[String], value: Value, origin: Origin) -> bool {
        let Some((last, parents)) = path.split_last() else {
            return false;
        };
        let mut table = &mut self.value;
        for parent in parents {
            let Value::Object(object) = table else {
                return false;
            };
            table = object
                .entry(parent)
                .or_insert_with(|| Value::Object(Map::new()));
        }
        let Value::Object(object) = table else {
            return false;
        };
        object.insert(last.clone(), value);
        self.origins.insert(path.to_vec(), origin);
        true
    }

    /// Notes where a table begins.
    pub(super) fn note(&mut self, path: &[String], origin: Origin) {
        self.origins.insert(path.to_vec(), origin);
    }

    /// Takes away what was said. Returns whether it was there.
    pub(super) fn remove(&mut self, path: &[String]) -> bool {
        let Some((last, parents)) = path.split_last() else {
            return false;
        };
        let mut table = &mut self.value;
        for parent in parents {
            match table.get_mut(parent) {
                Some(inner) => table = inner,
                None => return false,
            }
        }
        table
            .as_object_mut()
            .is_some_and(|object| object.remove(last).is_some())
    }

    /// What was said at this key.
    pub(super) fn get(&self, path: &[String]) -> Option<&Value> {
        path.iter()
            .try_fold(&self.value, |value, key| value.get(key))
    }

    /// Where this was said, or else the table that it belongs to.
    pub(super) fn origin(&self, path: &[String]) -> Origin {
        (0..=path.len())
            .rev()
            .filter_map(|length| path.get(..length))
            .find_map(|path| self.origins.get(path).cloned())
            .unwrap_or(Origin::Nowhere)
    }
}
