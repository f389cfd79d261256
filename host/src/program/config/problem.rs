//! What is wrong with a configuration.

use std::fmt;

use super::tree::{Origin, Tree};

/// One thing that is wrong: where, at which key, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) origin: Origin,
    /// The key with its tables, as in `pool.max_connections`; empty for the file as a whole.
    pub(crate) key: String,
    pub(crate) text: String,
    /// Whether a host could run in spite of it.
    pub(crate) bearable: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return write!(f, "{}: {}", self.origin, self.text);
        }
        write!(f, "{}: {}: {}", self.origin, self.key, self.text)
    }
}

/// Everything that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes that the value of a key cannot work.
    pub(super) fn add(&mut self, tree: &Tree, path: &[String], text: impl Into<String>) {
        self.add_at(tree.origin(path), &path.join("."), text);
    }

    /// Notes what does not keep a host from running.
    pub(super) fn add_bearable(&mut self, tree: &Tree, path: &[String], text: impl Into<String>) {
        self.0.push(Problem {
            origin: tree.origin(path),
            key: path.join("."),
            text: text.into(),
            bearable: true,
        });
    }

    pub(crate) fn add_at(&mut self, origin: Origin, key: &str, text: impl Into<String>) {
        self.0.push(Problem {
            origin,
            key: key.to_owned(),
            text: text.into(),
            bearable: false,
        });
    }

    /// The problems by their place: those of the file first, line by line.
    pub(crate) fn sorted(mut self) -> Vec<Problem> {
        self.0.sort_by_key(|problem| match &problem.origin {
            Origin::Line(_, line) => (0, *line),
            Origin::File(_) => (1, 0),
            Origin::Variable(_) => (2, 0),
            Origin::Flag(_) => (3, 0),
            Origin::Nowhere => (4, 0),
        });
        self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a host could not run.
    pub(crate) fn are_unbearable(&self) -> bool {
        self.0.iter().any(|problem| !problem.bearable)
    }
}
