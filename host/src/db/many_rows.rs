//! The statements by which many rows are inserted at once, for a statement that inserts one.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use onepool_proto::Value;

use super::classify::InsertRow;
use super::statement::SignedText;

/// How many rows such a statement has. Few sizes, so that few statements are prepared.
const SIZES: [usize; 5] = [256, 64, 32, 16, 4];

/// How long such a text may be, in bytes.
const TEXT_BYTES: usize = 32 * 1024;

/// How long the arguments of such a statement may be together, in bytes: they are copied for it, since
/// the sets are still needed should a row fail.
const ARGUMENT_BYTES: usize = 512 * 1024;

/// Before so many sets of a statement have come, preparing others costs more than it saves.
const WORTHWHILE: usize = 500;

/// How many arguments such a statement may have. The server keeps a plan with each of them in it.
const ARGUMENTS: usize = 4096;

/// The statements that insert many rows in place of one that inserts one.
#[derive(Debug)]
pub(crate) struct ManyRows {
    insert: InsertRow,
    /// How many sets of it have come.
    came: AtomicUsize,
    texts: [OnceLock<ManyText>; SIZES.len()],
}

/// Such a statement.
#[derive(Debug)]
pub(crate) struct ManyText {
    pub(crate) sql: String,
    pub(crate) signed: SignedText,
}

impl ManyRows {
    /// Those of a statement of PostgreSQL's, if it has any.
    pub(crate) fn of(sql: &str) -> Option<Self> {
        let insert = InsertRow::read(sql)?;
        Some(Self {
            insert,
            came: AtomicUsize::new(0),
            texts: Default::default(),
        })
    }

    /// Counts so many more sets. Whether they are worth being inserted together, after those that came
    /// before.
    pub(crate) fn are_worthwhile(&self, sets: usize) -> bool {
        let before = self.came.fetch_add(sets, Ordering::Relaxed);
        before.saturating_add(sets) >= WORTHWHILE
    }

    /// The name of the relation, as it is written.
    pub(crate) fn relation(&self) -> &str {
        self.insert.relation()
    }

    /// The statement that inserts as many of these sets as may go at once, and how many it inserts:
    /// none if there are too few, or if they are large.
    pub(crate) fn next(&self, sets: &[Vec<Value>]) -> Option<(&ManyText, usize)> {
        let row = self.insert.row_bytes();
        let arguments = self.insert.arguments();
        let fits = |rows: &usize| rows * row <= TEXT_BYTES && rows * arguments <= ARGUMENTS;
        let mut sizes = SIZES.iter().zip(&self.texts).filter(|(rows, _)| fits(rows));
        sizes.find_map(|(rows, text)| {
            let sets = sets.get(..*rows)?;
            let whole = sets.iter().all(|set| set.len() == arguments);
            let bytes: usize = sets.iter().flatten().map(Value::wire_bytes).sum();
            (whole && bytes <= ARGUMENT_BYTES).then(|| (self.text(*rows, text), *rows))
        })
    }

    fn text<'t>(&self, rows: usize, text: &'t OnceLock<ManyText>) -> &'t ManyText {
        text.get_or_init(|| ManyText {
            sql: self.insert.of_rows(rows),
            signed: SignedText::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use onepool_proto::value::Scalar;

    use super::*;

    fn sets(count: usize, text: &str) -> Vec<Vec<Value>> {
        let value = Value::Scalar(Scalar::Text(text.to_owned()));
        vec![vec![value.clone(), value]; count]
    }

    #[test]
    fn as_many_go_at_once_as_there_is_a_statement_for() {
        let many = ManyRows::of("INSERT INTO t VALUES ($1, $2)").unwrap();
        let rows = |count, text: &str| many.next(&sets(count, text)).map(|(_, rows)| rows);
        assert_eq!(rows(1000, "a"), Some(256));
        assert_eq!(rows(255, "a"), Some(64));
        assert_eq!(rows(33, "a"), Some(32));
        assert_eq!(rows(5, "a"), Some(4));
        assert_eq!(rows(3, "a"), None);
        let large = "a".repeat(10_000);
        assert_eq!(rows(1000, &large), Some(16));
        assert_eq!(rows(1000, &large.repeat(10)), None);
        let mut uneven = sets(1000, "a");
        uneven[10].pop();
        assert_eq!(many.next(&uneven).map(|(_, rows)| rows), Some(4));
        let (text, _) = many.next(&sets(4, "a")).unwrap();
        let rows = "($1, $2), ($3, $4), ($5, $6), ($7, $8)";
        assert_eq!(text.sql, format!("INSERT INTO t VALUES {rows}"));
    }

    #[test]
    fn it_is_worth_it_once_many_have_come() {
        let many = ManyRows::of("INSERT INTO t VALUES ($1)").unwrap();
        let worthwhile: Vec<_> = (0..10).map(|_| many.are_worthwhile(100)).collect();
        assert!(worthwhile.iter().is_sorted() && !worthwhile[3] && worthwhile[4]);
    }

    #[test]
    fn long_rows_make_no_long_texts() {
        let constant = "x".repeat(1500);
        let many = ManyRows::of(&format!("INSERT INTO t VALUES ($1, $2, '{constant}')"));
        let many = many.unwrap();
        let (text, rows) = many.next(&sets(1000, "a")).unwrap();
        assert_eq!(rows, 16);
        assert!(text.sql.len() < TEXT_BYTES);
    }
}
