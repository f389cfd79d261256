//! Statement texts that the host knows by an id, so that they cross once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use onepool_proto::id::{Mint, StatementId};
use onepool_proto::limits;
use onepool_proto::message::Sql;
use sqlx_core::common::StatementCache;

/// The texts of one session, least recently used ones forgotten first, as on the host.
#[derive(Debug)]
pub(crate) struct Statements {
    entries: Mutex<StatementCache<Entry>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// Nobody has told the host, or it has forgotten. Ends as `Defining`.
    Unknown,
    /// A call is telling the host. Others send the text itself until that is answered, for a call
    /// that is dropped may never be written. Ends as `Known`, or `Unknown`.
    Defining(StatementId),
    /// The host has answered a call that told it. Ends as `Unknown`.
    Known(StatementId),
}

/// How a statement is named in one call.
#[derive(Debug)]
pub(crate) struct Named<'a> {
    pub(crate) sql: Sql,
    /// To be finished when that call is answered, if it tells the host the text.
    pub(crate) defining: Option<Defining<'a>>,
}

/// A call is telling the host a text; dropped, the text counts as unknown.
#[derive(Debug)]
pub(crate) struct Defining<'a> {
    statements: &'a Statements,
    text: &'a str,
    id: StatementId,
    finished: Entry,
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
        let known = entries.get_mut(text).copied();
        match known {
            Some(Entry::Known(id)) => Named {
                sql: Sql::Known(id),
                defining: None,
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
                        finished: Entry::Unknown,
                    }),
                }
            }
            _ => Named::once(text),
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
        }
    }
}

impl Defining<'_> {
    /// The host has run the statement, so it knows the text.
    pub(crate) fn known(mut self) {
        self.finished = Entry::Known(self.id);
    }
}

impl Drop for Defining<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.statements.lock().get_mut(self.text)
            && *entry == Entry::Defining(self.id)
        {
            *entry = self.finished;
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
