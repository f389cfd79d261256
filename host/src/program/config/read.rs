//! From a tree to settings: keys that do not exist, and values of the wrong kind.

use serde_json::Value;
use serde_path_to_error::Segment;

use super::problem::Problems;
use super::schema::Place;
use super::settings::Settings;
use super::tree::Tree;

/// Reads the settings. What is wrong is noted and left out, so that everything wrong is found at
/// once.
pub(super) fn settings(tree: &mut Tree, schema: &Value, problems: &mut Problems) -> Settings {
    let mut unknown = Vec::new();
    find_unknown(
        Place::root(schema),
        tree.value(),
        &mut Vec::new(),
        &mut unknown,
    );
    let known = Place::root(schema).paths();
    for (path, candidates) in unknown {
        problems.add(tree, &path, explain(&path, &candidates, &known));
        tree.remove(&path);
    }
    loop {
        let error = match serde_path_to_error::deserialize(tree.value()) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let path: Vec<_> = error
            .path()
            .iter()
            .map_while(|segment| match segment {
                Segment::Map { key } => Some(key.clone()),
                _ => None,
            })
            .collect();
        problems.add(tree, &path, in_words(&error.inner().to_string()));
        if !tree.remove(&path) {
            // Nothing is left to leave out.
            return Settings::default();
        }
    }
}

/// The unknown keys, each with those that its table has.
fn find_unknown(
    place: Place<'_>,
    value: &Value,
    path: &mut Vec<String>,
    unknown: &mut Vec<(Vec<String>, Vec<String>)>,
) {
    let (true, Value::Object(object)) = (place.is_table(), value) else {
        return;
    };
    for (key, value) in object {
        path.push(key.clone());
        match place.child(key) {
            Some(child) => find_unknown(child, value, path, unknown),
            None => unknown.push((path.clone(), place.keys().map(str::to_owned).collect())),
        }
        path.pop();
    }
}

fn explain(path: &[String], candidates: &[String], known: &[Vec<String>]) -> String {
    let key = path.last().map_or("", String::as_str);
    if let Some(near) = nearest(key, candidates.iter().map(String::as_str)) {
        return format!("there is no such key; did you mean {near:?}?");
    }
    // It may be in the wrong table; those that every host has are the likelier ones.
    let tables = known.iter().filter_map(|path| match path.split_last() {
        Some((last, table)) if last == key && !table.is_empty() => Some(table),
        _ => None,
    });
    let elsewhere = tables.min_by_key(|table| table.iter().any(|key| key == "*"));
    let elsewhere = elsewhere.map(|table| table.join("."));
    match elsewhere {
        Some(table) => format!("there is no such key here; it belongs into [{table}]"),
        None => format!("there is no such key; there are: {}", candidates.join(", ")),
    }
}

/// The one of these that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = (name.chars().count() / 3).max(2);
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, known)| known)
}

/// The reader's words for what Rust calls otherwise.
fn in_words(message: &str) -> String {
    let mut message = message.to_owned();
    for (theirs, ours) in [
        (
            "expected u32",
            "expected a whole number from 0 to 4294967295",
        ),
        ("expected u64", "expected a whole number, not negative"),
        ("expected usize", "expected a whole number, not negative"),
        (
            "expected a sequence",
            "expected a list, [\"like\", \"this\"]",
        ),
        ("expected a map", "expected a table"),
        ("sequence", "a list"),
        ("map,", "a table,"),
        ("path string", "a path in quotes"),
    ] {
        message = message.replace(theirs, ours);
    }
    if let Some(at) = message.find("expected struct ") {
        message.truncate(at);
        message.push_str("expected a table");
    }
    message
}
