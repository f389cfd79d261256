//! Statement texts that the host knows by an id, so that they cross once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onepool_proto::id::{Mint, StatementId};
use onepool_proto::limits;
use onepool_proto::message::Sql;
use sqlx_core::common::StatementCache;

use crate::row::Columns;

/// The texts of one session, least recently used ones forgotten first, as on the host.
#[derive(Debug)]
pub(crate) struct Statements {
    entries: Mutex<StatementCache<Entry>>,
}

#[derive(Clone, Debug)]
enum Entry {
    /// Nobody has told the host, or it has forgotten. Ends as `Defining`.
    Unknown,
    /// A call is telling the host. Others send the text itself until that is answered, for a call
    /// that is dropped may never be written. Ends as `Known`, or `Unknown`.
    Defining(StatementId),
    /// The host has answered a call that told it; and the columns that it had last. Ends as
    /// `Unknown`.
    Known(StatementId, Option<KnownColumns>),
}

/// The columns of a statement, as the host described them before.
#[derive(Clone, Debug)]
pub(crate) struct KnownColumns {
    /// By which the host knows them, too.
    pub(crate) tag: u64,
    pub(crate) columns: Arc<Columns>,
}

/// How a statement is named in one call.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    pub(crate) sql: Sql,
    /// To be finished when that call is answered, if it tells the host the text.
    pub(crate) defining: Option<Defining<'a>>,
    /// What the host need not describe again.
    pub(crate) columns: Option<KnownColumns>,
}

/// A call is telling the host a text; dropped, the text counts as unknown.
#[derive(Debug)]
pub(crate) struct Defining<'a> {
    statements: &'a Statements,
    text: &'a str,
    id: StatementId,
    answered: bool,
}

impl Statements {
    /// Room for as many texts as the host remembers.
    pub(crate) fn new(capacity: u32) -> Self {
        Self {
            entries: Mutex::new(StatementCache::new(capacity as usize)),
        }
    }

    /// How to name `text` in the next call.
    pub(crate) fn name<'a>(&'a self, mint: &Mint, text: &'a str) -> Named<'a> {
        if text.len() > limits::STATEMENT_BYTES {
            return Named::once(text);
        }
        let mut entries = self.lock();
        let known = entries.get_mut(text).cloned();
        match known {
            Some(Entry::Known(id, columns)) => Named {
                sql: Sql::Known(id),
                defining: None,
                columns,
            },
            Some(Entry::Unknown) | None if entries.is_enabled() => {
                let id = StatementId::mint(mint);
                entries.insert(text, Entry::Defining(id));
                Named {
                    sql: Sql::Define(id, text.to_owned()),
                    defining: Some(Defining {
                        statements: self,
                        text,
                        id,
                        answered: false,
                    }),
                    columns: None,
                }
            }
            _ => Named::once(text),
        }
    }

    /// The columns of `text` are these, as the host says. Nothing happens if it goes by no id.
    pub(crate) fn describe(&self, text: &str, columns: KnownColumns) {
        if let Some(Entry::Known(_, known)) = self.lock().get_mut(text) {
            *known = Some(columns);
        }
    }

    /// The host has forgotten `text`.
    pub(crate) fn forget(&self, text: &str) {
        if let Some(entry) = self.lock().get_mut(text) {
            *entry = Entry::Unknown;
        }
    }

    /// Forgets all texts; the host forgets them in its own time.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// How many texts are remembered.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, StatementCache<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Named<'_> {
    /// A text that is not worth an id.
    pub(crate) fn once(text: &str) -> Self {
        Self {
            sql: Sql::Text(text.to_owned()),
            defining: None,
            columns: None,
        }
    }
}

impl Defining<'_> {
    /// The host has run the statement, so it knows the text.
    pub(crate) fn known(mut self) {
        self.answered = true;
    }
}

impl Drop for Defining<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.statements.lock().get_mut(self.text)
            && matches!(entry, Entry::Defining(id) if *id == self.id)
        {
            *entry = if self.answered {
                Entry::Known(self.id, None)
            } else {
                Entry::Unknown
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_crosses_once_and_is_known_only_when_that_was_answered() {
        let (mint, statements) = (Mint::new(), Statements::new(2));
        let first = statements.name(&mint, "a");
        let Sql::Define(id, text) = first.sql else {
            panic!("the first use tells the text");
        };
        assert_eq!(text, "a");
        assert_eq!(statements.name(&mint, "a").sql, Sql::Text("a".into()));
        first.defining.unwrap().known();
        assert_eq!(statements.name(&mint, "a").sql, Sql::Known(id));
    }

    #[test]
    fn a_text_too_long_to_be_remembered_gets_no_id() {
        let (mint, statements) = (Mint::new(), Statements::new(4));
        let long = "x".repeat(limits::STATEMENT_BYTES + 1);
        assert!(matches!(statements.name(&mint, &long).sql, Sql::Text(_)));
    }

    #[test]
    fn a_call_that_was_dropped_has_told_nothing() {
        let (mint, statements) = (Mint::new(), Statements::new(2));
        drop(statements.name(&mint, "a"));
        assert!(matches!(statements.name(&mint, "a").sql, Sql::Define(..)));
    }

    #[test]
    fn the_least_recently_used_text_goes() {
        let (mint, statements) = (Mint::new(), Statements::new(2));
        for text in ["a", "b", "a", "c"] {
            if let Some(defining) = statements.name(&mint, text).defining {
                defining.known();
            }
        }
        assert!(matches!(statements.name(&mint, "a").sql, Sql::Known(_)));
        assert_eq!(statements.len(), 2);
        assert!(matches!(statements.name(&mint, "b").sql, Sql::Define(..)));
    }

    #[test]
    fn a_forgotten_text_is_told_again_and_no_room_means_no_ids() {
        let (mint, statements) = (Mint::new(), Statements::new(2));
        statements.name(&mint, "a").defining.unwrap().known();
        statements.forget("a");
        assert!(matches!(statements.name(&mint, "a").sql, Sql::Define(..)));
        assert_eq!(
            Statements::new(0).name(&mint, "a").sql,
            Sql::Text("a".into())
        );
    }
}
