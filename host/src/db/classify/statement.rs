//! One statement, with the questions the rules ask of it.
//!
//! Positions are counted in pieces. A question about a position that does not exist is answered no,
//! so that rules can look around freely.

use super::split::Chunk;
use super::tokens::{Kind, Piece};

/// The pieces of one statement, its parentheses paired.
pub(super) struct Statement<'a> {
    sql: &'a str,
    pieces: &'a [Piece<'a>],
    /// For each parenthesis the position of its partner.
    partners: Vec<Option<usize>>,
    balanced: bool,
}

/// Whether a piece is this word, not quoted. Words are given in capitals.
pub(super) fn is_word(piece: &Piece<'_>, word: &str) -> bool {
    piece.kind == Kind::Word && piece.text.eq_ignore_ascii_case(word)
}

impl<'a> Statement<'a> {
    /// The statement of a chunk of `sql`.
    pub(super) fn new(sql: &'a str, chunk: Chunk<'a>) -> Self {
        let pieces = chunk.pieces;
        let mut partners = vec![None; pieces.len()];
        let mut open = Vec::new();
        let mut balanced = true;
        for (position, piece) in pieces.iter().enumerate() {
            if piece.kind != Kind::Symbol {
                continue;
            }
            match piece.text {
                "(" => open.push(position),
                ")" => match open.pop() {
                    Some(partner) => {
                        set(&mut partners, partner, position);
                        set(&mut partners, position, partner);
                    }
                    None => balanced = false,
                },
                _ => {}
            }
        }
        Self {
            sql,
            pieces,
            partners,
            balanced: balanced && open.is_empty(),
        }
    }

    /// How many pieces it has.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Every parenthesis has a partner.
    pub(super) fn is_balanced(&self) -> bool {
        self.balanced
    }

    pub(super) fn piece(&self, at: usize) -> Option<&'a Piece<'a>> {
        self.pieces.get(at)
    }

    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.piece(at).map(|piece| piece.kind)
    }

    /// The text of a piece, nothing where there is none.
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.piece(at).map_or("", |piece| piece.text)
    }

    /// Whether there is this word.
    pub(super) fn word(&self, at: usize, word: &str) -> bool {
        self.piece(at).is_some_and(|piece| is_word(piece, word))
    }

    /// Whether there is one of these words.
    pub(super) fn one_of(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.word(at, word))
    }

    /// Whether these words follow each other from there on.
    pub(super) fn words(&self, at: usize, words: &[&str]) -> bool {
        words
            .iter()
            .zip(at..)
            .all(|(word, position)| self.word(position, word))
    }

    /// Whether there is this symbol.
    pub(super) fn symbol(&self, at: usize, symbol: &str) -> bool {
        self.piece(at)
            .is_some_and(|piece| piece.kind == Kind::Symbol && piece.text == symbol)
    }

    /// Whether there is a name, quoted or not.
    pub(super) fn is_name(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Word | Kind::Quoted))
    }

    /// Whether one of these words stands anywhere from there on.
    pub(super) fn has_word(&self, from: usize, words: &[&str]) -> bool {
        self.find(from, words).is_some()
    }

    /// Where the first of these words stands, from there on.
    pub(super) fn find(&self, from: usize, words: &[&str]) -> Option<usize> {
        (from..self.len()).find(|&at| self.one_of(at, words))
    }

    /// Where the partner of a parenthesis is.
    pub(super) fn partner(&self, at: usize) -> Option<usize> {
        self.partners.get(at).copied().flatten()
    }

    /// How the pieces from one position to before another were written, with what is between them.
    pub(super) fn written(&self, from: usize, to: usize) -> &'a str {
        let range = || {
            let first = self.piece(from)?;
            let last = self.piece(to.checked_sub(1)?)?;
            self.sql.get(first.start..last.end())
        };
        range().unwrap_or_default()
    }

    /// The first word, or whatever the statement begins with, short enough to be shown.
    pub(super) fn head(&self) -> String {
        match self.kind(0) {
            Some(Kind::Number) => LITERAL.to_owned(),
            _ => shown(self.text(0)),
        }
    }
}

/// What is shown in the place of a literal.
const LITERAL: &str = "(a literal)";

/// A name as it is shown in reasons: in capitals or small letters as written, and not endless.
/// Reasons are logged, so what is a literal, or may be one, is not shown.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    if name.contains(['\'', '"']) {
        return LITERAL.to_owned();
    }
    name.chars().take(LONGEST).collect()
}

/// What is between the quotes of a quoted name or a plain string; `None` where the quotes are not
/// plain, or something in between is escaped.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    let quote = text.chars().next()?;
    let close = if quote == '[' { ']' } else { quote };
    let inner = text.strip_prefix(quote)?.strip_suffix(close)?;
    let plain = "'\"`[".contains(quote) && !inner.contains([quote, close, '\\']);
    plain.then_some(inner)
}

fn set(partners: &mut [Option<usize>], at: usize, partner: usize) {
    if let Some(slot) = partners.get_mut(at) {
        *slot = Some(partner);
    }
}
