//! Statement texts and what is known of them.

use std::collections::HashMap;
use std::sync::Arc;

use onepool_proto::{DatabaseKind, limits};
use parking_lot::Mutex;

use super::job::Text;
use crate::db::classify::{Dialect, FunctionList, classify};

/// Statement texts whose verdict is remembered, and how long they may be together, in bytes.
const VERDICTS: usize = 4096;
const VERDICT_BYTES: usize = 16 << 20;

/// A text of more statements is judged anew each time: what is known of it is far larger than it.
const VERDICT_STATEMENTS: usize = 64;

/// Judges statement texts, and remembers the verdicts.
pub(super) struct Texts {
    dialect: Dialect,
    functions: FunctionList,
    known: Mutex<Known>,
}

/// What is remembered.
#[derive(Default)]
struct Known {
    texts: HashMap<Arc<str>, Arc<Text>>,
    // Invariant: how long the texts are together.
    bytes: usize,
}

impl Texts {
    pub(super) fn new(kind: DatabaseKind, harmless_functions: Vec<String>) -> Self {
        Self {
            dialect: dialect(kind),
            functions: FunctionList::new(harmless_functions),
            known: Mutex::default(),
        }
    }

    /// The text with its verdict, remembered from before or found out now.
    pub(super) fn judge(&self, sql: String) -> Arc<Text> {
        if let Some(known) = self.known.lock().texts.get(sql.as_str()) {
            return Arc::clone(known);
        }
        let verdict = classify(self.dialect, &sql, &self.functions);
        if let Some(reason) = verdict.doubt() {
            // A text is judged once for as long as it is remembered, so this does not repeat.
            tracing::debug!(%reason, "a reset follows each run of a statement");
        }
        let text = Arc::new(Text::new(sql, verdict));
        let length = text.sql.len();
        if length > limits::STATEMENT_BYTES || text.verdict.statements() > VERDICT_STATEMENTS {
            return text;
        }
        let key = Arc::from(text.sql.as_str());
        let mut known = self.known.lock();
        // Texts made up on the fly would fill any cache: forgetting all of it now and then costs
        // less than keeping count of what is used.
        if known.texts.len() >= VERDICTS || known.bytes + length > VERDICT_BYTES {
            *known = Known::default();
        }
        if known.texts.insert(key, Arc::clone(&text)).is_none() {
            known.bytes += length;
        }
        text
    }
}

fn dialect(kind: DatabaseKind) -> Dialect {
    match kind {
        DatabaseKind::Sqlite => Dialect::Sqlite,
        DatabaseKind::Postgres => Dialect::Postgres,
        DatabaseKind::MySql => Dialect::MySql,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        Texts::new(DatabaseKind::Postgres, Vec::new())
    }

    #[test]
    fn long_texts_are_forgotten_before_there_are_many() {
        let texts = texts();
        let mut most = 0;
        for number in 0..270 {
            let padding = " ".repeat(limits::STATEMENT_BYTES - 100);
            texts.judge(format!("SELECT {number}{padding}"));
            let known = texts.known.lock();
            let bytes: usize = known.texts.keys().map(|text| text.len()).sum();
            assert_eq!(bytes, known.bytes);
            most = most.max(bytes);
        }
        assert!(most <= VERDICT_BYTES, "{most}");
        assert!(most > VERDICT_BYTES / 2, "{most}");
    }

    #[test]
    fn a_text_of_many_statements_is_not_remembered() {
        let texts = texts();
        texts.judge("SELECT 1;".repeat(VERDICT_STATEMENTS));
        assert_eq!(texts.known.lock().texts.len(), 1);
        texts.judge("SELECT 1;".repeat(VERDICT_STATEMENTS + 1));
        assert_eq!(texts.known.lock().texts.len(), 1);
    }
}
