//! Statement texts and what is known of them.

use std::collections::HashMap;
use std::sync::Arc;

use onepool_proto::{DatabaseKind, limits};
use parking_lot::Mutex;

use super::job::Text;
use crate::db::SignedText;
use crate::db::classify::{Dialect, FunctionList, classify};

/// Statement texts whose verdict is remembered.
const VERDICTS: usize = 4096;

/// Judges statement texts, and remembers the verdicts.
pub(super) struct Texts {
    dialect: Dialect,
    functions: FunctionList,
    known: Mutex<HashMap<Arc<str>, Arc<Text>>>,
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
        if let Some(known) = self.known.lock().get(sql.as_str()) {
            return Arc::clone(known);
        }
        let verdict = classify(self.dialect, &sql, &self.functions);
        if let Some(reason) = verdict.doubt() {
            // A text is judged once for as long as it is remembered, so this does not repeat.
            tracing::debug!(%reason, "a reset follows each run of a statement");
        }
        let text = Arc::new(Text {
            sql,
            verdict,
            signed: SignedText::default(),
        });
        if text.sql.len() > limits::STATEMENT_BYTES {
            return text;
        }
        let key = Arc::from(text.sql.as_str());
        let mut known = self.known.lock();
        // Texts made up on the fly would fill any cache: forgetting all of it now and then costs
        // less than keeping count of what is used.
        if known.len() >= VERDICTS {
            known.clear();
        }
        known.insert(key, Arc::clone(&text));
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
