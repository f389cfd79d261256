//! An `INSERT` of one row that can be written as one of many.

use std::fmt::Write;

use super::statement::is_word;
use super::tokens::{Kind, Piece, Reading, read};
use super::verdict::Dialect;

/// Words that may stand in the place of a value.
const CONSTANTS: [&str; 4] = ["DEFAULT", "NULL", "TRUE", "FALSE"];

/// A PostgreSQL statement that inserts one row of arguments and constants into a relation, and does
/// nothing else: it takes nothing from tables, returns nothing and resolves no conflict.
///
/// The same text with more rows evaluates each of them as the statement for it would. Whether it
/// does the same as all of them together depends on the relation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InsertRow {
    /// As written, quotes included.
    relation: String,
    /// All up to the row.
    head: String,
    row: Vec<Item>,
    arguments: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Item {
    /// The argument of this number, from one.
    Argument(usize),
    Constant(String),
}

impl InsertRow {
    /// What `sql` inserts, if it is such a statement beyond doubt.
    pub(crate) fn read(sql: &str) -> Option<Self> {
        let Reading {
            pieces,
            stopped: None,
        } = read(Dialect::Postgres, sql)
        else {
            return None;
        };
        let mut rest = Rest(&pieces);
        rest.word("INSERT")?;
        rest.word("INTO")?;
        let (begin, end) = rest.relation()?;
        if rest.symbol("(").is_some() {
            rest.list(Rest::name)?;
        }
        let head = rest.word("VALUES")?.end();
        rest.symbol("(")?;
        let row = rest.list(Rest::item)?;
        let _ = rest.symbol(";");
        if !rest.0.is_empty() {
            return None;
        }
        Some(Self {
            relation: sql.get(begin..end)?.to_owned(),
            head: sql.get(..head)?.to_owned(),
            arguments: count_of(&row)?,
            row,
        })
    }

    /// The relation's name as written, quotes included.
    pub(crate) fn relation(&self) -> &str {
        &self.relation
    }

    /// How many arguments a row has.
    pub(crate) fn arguments(&self) -> usize {
        self.arguments
    }

    /// How long the text of a row may be, at most, in bytes.
    pub(crate) fn row_bytes(&self) -> usize {
        let item = |item: &Item| match item {
            Item::Argument(_) => "$65535, ".len(),
            Item::Constant(constant) => constant.len() + 2,
        };
        self.row.iter().map(item).sum::<usize>() + 4
    }

    /// The statement that inserts so many rows, whose arguments follow each other.
    pub(crate) fn of_rows(&self, rows: usize) -> String {
        let mut text = self.head.clone();
        for before in 0..rows {
            text.push_str(if before == 0 { " (" } else { ", (" });
            for (index, item) in self.row.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                match item {
                    Item::Constant(constant) => text.push_str(constant),
                    Item::Argument(number) => {
                        let number = before * self.arguments + number;
                        // Writing to a String cannot fail.
                        let _ = write!(text, "${number}");
                    }
                }
            }
            text.push(')');
        }
        text
    }
}

/// How many arguments there are, if they are numbered without gaps.
fn count_of(row: &[Item]) -> Option<usize> {
    let mut numbers: Vec<_> = row
        .iter()
        .filter_map(|item| match item {
            Item::Argument(number) => Some(*number),
            Item::Constant(_) => None,
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let count = numbers.len();
    (count > 0 && numbers.into_iter().eq(1..=count)).then_some(count)
}

/// The pieces that are not read yet. Each function takes what it is named after, if that comes next.
struct Rest<'a>(&'a [Piece<'a>]);

impl<'a> Rest<'a> {
    fn next_if(&mut self, fits: impl FnOnce(&Piece<'_>) -> bool) -> Option<&'a Piece<'a>> {
        let (first, rest) = self.0.split_first()?;
        fits(first).then(|| {
            self.0 = rest;
            first
        })
    }

    fn word(&mut self, word: &str) -> Option<&'a Piece<'a>> {
        self.next_if(|piece| is_word(piece, word))
    }

    fn symbol(&mut self, symbol: &str) -> Option<&'a Piece<'a>> {
        self.next_if(|piece| piece.kind == Kind::Symbol && piece.text == symbol)
    }

    fn name(&mut self) -> Option<&'a Piece<'a>> {
        self.next_if(|piece| matches!(piece.kind, Kind::Word | Kind::Quoted))
    }

    /// A name, perhaps with its schema's before it: where it begins and ends.
    fn relation(&mut self) -> Option<(usize, usize)> {
        let first = self.name()?;
        let last = match self.symbol(".") {
            Some(_) => self.name()?,
            None => first,
        };
        Some((first.start, last.end()))
    }

    /// What is left of a list, up to its closing parenthesis.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.symbol(")").is_some() {
                return Some(items);
            }
            self.symbol(",")?;
        }
    }

    fn item(&mut self) -> Option<Item> {
        let is_constant = |piece: &Piece<'_>| match piece.kind {
            Kind::Text | Kind::Number => true,
            _ => CONSTANTS.iter().any(|constant| is_word(piece, constant)),
        };
        if let Some(constant) = self.next_if(is_constant) {
            return Some(Item::Constant(constant.text.to_owned()));
        }
        let argument = self.next_if(|piece| piece.kind == Kind::Parameter)?;
        let number = argument.text.strip_prefix('$')?.parse().ok()?;
        Some(Item::Argument(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_arguments_and_constants_can_be_repeated() {
        let insert = InsertRow::read(
            "insert into app.\"My Table\" (a, \"b\", c, d)\n values ($2, 'x', $1, DEFAULT);",
        )
        .unwrap();
        assert_eq!(insert.relation(), "app.\"My Table\"");
        assert_eq!(insert.arguments(), 2);
        assert_eq!(
            insert.of_rows(3),
            "insert into app.\"My Table\" (a, \"b\", c, d)\n values ($2, 'x', $1, DEFAULT), \
             ($4, 'x', $3, DEFAULT), ($6, 'x', $5, DEFAULT)"
        );
        let insert = InsertRow::read("INSERT INTO t VALUES ($1,$1, 7)").unwrap();
        assert_eq!(
            insert.of_rows(2),
            "INSERT INTO t VALUES ($1, $1, 7), ($2, $2, 7)"
        );
    }

    #[test]
    fn whatever_does_more_is_left_alone() {
        for sql in [
            "INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING",
            "INSERT INTO t VALUES ($1) RETURNING id",
            "INSERT INTO t VALUES ($1), ($2)",
            "INSERT INTO t VALUES ($1); DELETE FROM t",
            "INSERT INTO t SELECT $1",
            "INSERT INTO t VALUES ((SELECT max(n) FROM t))",
            "INSERT INTO t VALUES ($1 + 1)",
            "INSERT INTO t VALUES ($1::int)",
            "INSERT INTO t VALUES (nextval('s'))",
            "INSERT INTO t VALUES (now)",
            "INSERT INTO t VALUES ($2)",
            "INSERT INTO t VALUES ($1, $3)",
            "INSERT INTO t VALUES ($0)",
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t AS u VALUES ($1)",
            "INSERT INTO t (a[1]) VALUES ($1)",
            "INSERT INTO t OVERRIDING SYSTEM VALUE VALUES ($1)",
            "INSERT INTO a.b.c VALUES ($1)",
            "WITH x AS (SELECT 1) INSERT INTO t VALUES ($1)",
            "UPDATE t SET a = $1",
            "INSERT INTO t VALUES ($1",
            "INSERT INTO t VALUES ()",
            "",
        ] {
            assert_eq!(InsertRow::read(sql), None, "{sql}");
        }
    }
}
