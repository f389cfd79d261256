//! Settings as they may be shown: without secrets.

use serde_json::Value;

use super::settings::Settings;

const HIDDEN: &str = "(hidden)";

/// The settings by key, without what may be secret: a URL, the values of a plugin's variables, the
/// arguments of programs.
pub(crate) fn shown(settings: &Settings) -> Value {
    // Settings are plain data, which always can be written.
    let mut value = serde_json::to_value(settings).unwrap_or_default();
    hide(&mut value);
    value
}

fn hide(value: &mut Value) {
    let Value::Object(table) = value else {
        return;
    };
    for (key, value) in table {
        match (key.as_str(), value) {
            ("environment", Value::Object(variables)) => {
                variables
                    .values_mut()
                    .for_each(|value| *value = HIDDEN.into());
            }
            ("arguments", Value::Array(arguments)) => hide_all(arguments, 0),
            // The program itself tells where the secret comes from.
            ("url_command" | "password_command", Value::Array(words)) => hide_all(words, 1),
            (_, value) => hide(value),
        }
    }
}

fn hide_all(words: &mut [Value], from: usize) {
    words
        .iter_mut()
        .skip(from)
        .for_each(|word| *word = HIDDEN.into());
}
