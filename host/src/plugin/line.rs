//! One line that a plugin has written.

use serde_json::{Map, Value};
use tracing::Level;

/// Where loggers put the level, and where the message.
const LEVELS: [&str; 4] = ["level", "severity", "lvl", "@level"];
const MESSAGES: [&str; 3] = ["message", "msg", "@message"];

/// A line, and how serious it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) level: Level,
    pub(super) message: String,
    /// What else a structured line says, as JSON.
    pub(super) fields: Option<String>,
    /// Whether it announces a panic, or is its message.
    pub(super) of_panic: bool,
}

/// Reads lines, one after the other.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    /// The line before has announced a panic, whose message comes next.
    panic_follows: bool,
}

impl LineReader {
    /// What a line says; without its end.
    pub(super) fn read(&mut self, text: &str) -> Line {
        let follows = std::mem::take(&mut self.panic_follows);
        if let Some(line) = structured(text) {
            return line;
        }
        let announced = announces_panic(text);
        self.panic_follows = announced;
        let of_panic = announced || (follows && !text.starts_with("note: "));
        Line {
            level: if of_panic { Level::ERROR } else { Level::INFO },
            message: printable(text),
            fields: None,
            of_panic,
        }
    }
}

/// `thread 'main' panicked at src/main.rs:1:5:`, and with the thread's number before "panicked".
fn announces_panic(text: &str) -> bool {
    text.starts_with("thread '") && text.contains(" panicked at ")
}

/// A line of JSON that says a message or a level.
fn structured(text: &str) -> Option<Line> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
        return None;
    };
    let level = take(&mut object, &LEVELS).as_ref().and_then(level_of);
    let message = take(&mut object, &MESSAGES).or_else(|| match object.get_mut("fields") {
        // As `tracing` writes it.
        Some(Value::Object(fields)) => take(fields, &MESSAGES),
        _ => None,
    });
    if level.is_none() && message.is_none() {
        return None;
    }
    let message = match message {
        Some(Value::String(message)) => message,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    Some(Line {
        level: level.unwrap_or(Level::INFO),
        message: printable(&message),
        fields: (!object.is_empty()).then(|| printable(&Value::Object(object).to_string())),
        of_panic: false,
    })
}

fn take(object: &mut Map<String, Value>, names: &[&str]) -> Option<Value> {
    let name = names.iter().find(|name| object.contains_key(**name))?;
    object.remove(*name)
}

fn level_of(value: &Value) -> Option<Level> {
    if let Some(number) = value.as_i64() {
        // As bunyan and pino count.
        return Some(match number {
            ..20 => Level::TRACE,
            20..30 => Level::DEBUG,
            30..40 => Level::INFO,
            40..50 => Level::WARN,
            50.. => Level::ERROR,
        });
    }
    let name = value.as_str()?.to_ascii_lowercase();
    Some(match name.as_str() {
        "trace" => Level::TRACE,
        "debug" => Level::DEBUG,
        "info" | "information" | "notice" => Level::INFO,
        "warn" | "warning" => Level::WARN,
        "error" | "err" | "fatal" | "critical" | "panic" | "alert" | "emergency" => Level::ERROR,
        _ => return None,
    })
}

/// The text without what would move the cursor of whoever reads the log, or begin a line of it.
pub(super) fn printable(text: &str) -> String {
    let harmless = |c: char| !c.is_control() || c == '\t';
    if text.chars().all(harmless) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmless(c) {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Level, String, Option<String>) {
        let line = LineReader::default().read(text);
        (line.level, line.message, line.fields)
    }

    #[test]
    fn structured_lines_keep_their_level_and_fields() {
        for (text, level, message, fields) in [
            (
                r#"{"level":"WARN","message":"slow","ms":7}"#,
                Level::WARN,
                "slow",
                Some(r#"{"ms":7}"#),
            ),
            (
                r#"{"level":50,"msg":"broken"}"#,
                Level::ERROR,
                "broken",
                None,
            ),
            (r#"{"level":-1,"msg":""}"#, Level::TRACE, "", None),
            (r#"{"severity":"critical"}"#, Level::ERROR, "", None),
            (
                r#"{"level":"INFO","fields":{"message":"hello","n":1}}"#,
                Level::INFO,
                "hello",
                Some(r#"{"fields":{"n":1}}"#),
            ),
            (r#"{"msg":{"a":1}}"#, Level::INFO, r#"{"a":1}"#, None),
        ] {
            let expected = (level, message.to_owned(), fields.map(str::to_owned));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_structured_is_text() {
        for text in [
            "",
            "{",
            "{}",
            "[1]",
            r#"{"level":"loud"}"#,
            r#"{"a":1}"#,
            "plain",
        ] {
            assert_eq!(read(text), (Level::INFO, text.to_owned(), None));
        }
    }

    #[test]
    fn a_panic_is_an_error_and_so_is_its_message() {
        let mut reader = LineReader::default();
        let mut level = |text: &str| reader.read(text).level;
        assert_eq!(
            level("thread 'main' panicked at src/main.rs:2:5:"),
            Level::ERROR
        );
        assert_eq!(level("index out of bounds"), Level::ERROR);
        assert_eq!(level("note: run with `RUST_BACKTRACE=1`"), Level::INFO);
        assert_eq!(
            level("thread 'main' (71) panicked at 'oh', src/main.rs:2:5"),
            Level::ERROR
        );
        assert_eq!(level("note: run with `RUST_BACKTRACE=1`"), Level::INFO);
        assert_eq!(level("the reason why it panicked at noon"), Level::INFO);
    }

    #[test]
    fn a_line_cannot_pretend_to_be_another() {
        assert_eq!(printable("a\tb\u{1b}[2Jc\rd"), "a\tb\\u{1b}[2Jc\\rd");
        let (_, message, _) = read("{\"msg\":\"first\\nsecond\"}");
        assert_eq!(message, "first\\nsecond");
    }
}
