//! What was said, to be compared with what is said later, and changed in one place.

use std::collections::BTreeMap;

use serde_json::Value;

use super::problem::Problems;
use super::tree::{Origin, Tree};
use super::{Loaded, environment, settle};

/// What was said, by key, before it was read into settings. It holds secrets, and shows none.
#[derive(Clone)]
pub(crate) struct Said(Tree);

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said(..)")
    }
}

/// Whether a running host follows a change of this key. Of a database that is there only from the
/// next start on, or no more, it follows none.
fn is_live(path: &[String]) -> bool {
    let mut keys = path.iter().map(String::as_str);
    match (keys.next(), keys.next()) {
        (Some("quota" | "plugins"), _) => true,
        (Some("pool"), key) => key == Some("max_connections"),
        (Some("databases"), Some(_)) => keys.next() == Some("max_connections"),
        (Some("log"), key) => key == Some("filter"),
        _ => false,
    }
}

impl Said {
    pub(super) fn new(tree: &Tree) -> Self {
        Self(tree.clone())
    }

    /// The same with another value of one key, as if the command line had said it.
    ///
    /// # Errors
    /// If there is no such key, or a running host would not follow it.
    pub(crate) fn with(&self, key: &str, text: &str) -> Result<Loaded, String> {
        let mut tree = self.0.clone();
        let path =
            environment::key_of(&tree, key).map_err(|problem| format!("{key}: {problem}"))?;
        if !is_live(&path.keys) {
            return Err(format!(
                "{key} only changes when the host starts; change the file, and restart the host"
            ));
        }
        let value = path.value(text);
        if !tree.set(&path.keys, value, Origin::Flag("set")) {
            return Err(format!("{key}: there is no place for it"));
        }
        Ok(settle(tree, Problems::default(), None))
    }

    /// The same with what the other says of keys that a running host follows.
    pub(crate) fn with_live(&self, other: &Self) -> Self {
        let mut tree = self.0.clone();
        let differing = self.differing(other);
        for path in differing.iter().filter(|path| self.follows(other, path)) {
            match other.0.get(path) {
                Some(value) => drop(tree.set(path, value.clone(), other.0.origin(path))),
                None => drop(tree.remove(path)),
            }
        }
        Self(tree)
    }

    /// Whether a running host that was started with these follows the others in this key.
    pub(crate) fn follows(&self, other: &Self, path: &[String]) -> bool {
        let has = |said: &Self| match path {
            [table, name, ..] if table == "databases" => {
                said.0.get(&[table.clone(), name.clone()]).is_some()
            }
            _ => true,
        };
        is_live(path) && has(self) && has(other)
    }

    /// The keys of which the two say something else.
    pub(crate) fn differing(&self, other: &Self) -> Vec<Vec<String>> {
        let (mut one, mut two) = (BTreeMap::new(), BTreeMap::new());
        leaves(&mut Vec::new(), self.0.value(), &mut one);
        leaves(&mut Vec::new(), other.0.value(), &mut two);
        let keys: std::collections::BTreeSet<_> = one.keys().chain(two.keys()).collect();
        let differs = |path: &&Vec<String>| one.get(*path) != two.get(*path);
        keys.into_iter().filter(differs).cloned().collect()
    }
}

fn leaves<'a>(
    path: &mut Vec<String>,
    value: &'a Value,
    found: &mut BTreeMap<Vec<String>, &'a Value>,
) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (key, value) in table {
                path.push(key.clone());
                leaves(path, value, found);
                path.pop();
            }
        }
        Value::Object(_) if path.is_empty() => {}
        value => drop(found.insert(path.clone(), value)),
    }
}
