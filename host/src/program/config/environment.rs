//! Variables of the environment that override the file.
//!
//! `ONEPOOL_POOL__MAX_CONNECTIONS=20` is `max_connections = 20` in `[pool]`: two underscores for
//! each dot, in capitals. The value is written as in the file, and text without its quotes. In the
//! name of a plugin every character that a variable cannot have is an underscore. Variables
//! without two underscores are not of the configuration, but for `ONEPOOL_DATABASE`, which is the
//! command line's `--database`.

use serde_json::Value;

use super::file;
use super::problem::Problems;
use super::read::nearest;
use super::schema::Place;
use super::tree::{Origin, Tree};

const PREFIX: &str = "ONEPOOL_";
const SEPARATOR: &str = "__";

/// Lets the variables override what the file says.
pub(super) fn apply(
    tree: &mut Tree,
    schema: &Value,
    variables: impl IntoIterator<Item = (String, String)>,
    problems: &mut Problems,
) {
    let mut variables: Vec<_> = variables.into_iter().collect();
    variables.sort();
    for (name, text) in variables {
        let Some(key) = name
            .strip_prefix(PREFIX)
            .filter(|key| key.contains(SEPARATOR))
        else {
            continue;
        };
        let origin = Origin::Variable(name.clone());
        match path_of(tree, schema, key) {
            Ok((path, place)) => {
                let value = value(place, text);
                if !tree.set(&path, value, origin.clone()) {
                    problems.add_at(
                        origin,
                        &path.join("."),
                        "its table is not a table in the file",
                    );
                }
            }
            Err(problem) => problems.add_at(origin, "", problem),
        }
    }
}

/// A key, and what may be there.
#[cfg(unix)]
pub(super) struct Key {
    pub(super) keys: Vec<String>,
    schema: Value,
}

/// The key that a person names, with dots: `plugins.reports.quota.max`.
#[cfg(unix)]
pub(super) fn key_of(tree: &Tree, key: &str) -> Result<Key, String> {
    let schema = super::schema();
    let (keys, _) = path_of(tree, &schema, &key.replace('.', SEPARATOR))?;
    Ok(Key { keys, schema })
}

#[cfg(unix)]
impl Key {
    /// The value that a person writes.
    pub(super) fn value(&self, text: &str) -> Value {
        let root = Some(Place::root(&self.schema));
        let place = self.keys.iter().fold(root, |place, key| place?.child(key));
        place.map_or(Value::Null, |place| value(place, text.to_owned()))
    }
}

/// The key that a variable names.
fn path_of<'a>(
    tree: &Tree,
    schema: &'a Value,
    key: &str,
) -> Result<(Vec<String>, Place<'a>), String> {
    let (mut path, mut place) = (Vec::new(), Place::root(schema));
    for part in key.split(SEPARATOR) {
        let name = if place.has_free_names() {
            free_name(tree, &path, part)?
        } else {
            part.to_ascii_lowercase()
        };
        let child = place.child(&name).ok_or_else(|| {
            let meant = nearest(&name, place.keys());
            let meant = meant.map_or_else(String::new, |near| format!("; {near:?} is a key"));
            format!("there is no key {name:?} here{meant}")
        })?;
        path.push(name);
        place = child;
    }
    if place.is_table() {
        return Err(format!(
            "{} is a table; name one of its keys",
            path.join(".")
        ));
    }
    Ok((path, place))
}

/// The name in the file that a variable means. The names of a plugin's variables are its own.
fn free_name(tree: &Tree, path: &[String], part: &str) -> Result<String, String> {
    if path.last().is_some_and(|table| table == "environment") {
        return Ok(part.to_owned());
    }
    let known = tree.get(path).and_then(Value::as_object);
    let known = known.into_iter().flat_map(|known| known.keys());
    let as_variable = |name: &str| {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        name.chars().map(plain).collect::<String>()
    };
    let mut found = known.filter(|name| as_variable(name) == part.to_ascii_uppercase());
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name.clone()),
        (None, _) => Err(format!(
            "the file has no [{}.{}]; a variable can only change what is there",
            path.join("."),
            part.to_ascii_lowercase()
        )),
        (Some(one), Some(other)) => Err(format!("it may mean {one:?} or {other:?}")),
    }
}

fn value(place: Place<'_>, text: String) -> Value {
    if place.takes_text() {
        return Value::String(text);
    }
    file::value(&text).unwrap_or(Value::String(text))
}
