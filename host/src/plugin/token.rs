//! One-time tokens.

use std::collections::VecDeque;

use onepool_proto::handshake::Token;
use subtle::{Choice, ConstantTimeEq};

const TOKEN_BYTES: usize = 32;

/// Tokens of one plugin that may wait to be used; the oldest is given up for a new one.
const MAX_UNUSED: usize = 1024;

/// Used tokens of one plugin that are remembered, to tell used from unknown.
const MAX_USED: usize = 64;

/// A token that nobody can guess.
pub(super) fn random() -> Token {
    use std::fmt::Write;
    let bytes: [u8; TOKEN_BYTES] = rand::random();
    let mut text = String::with_capacity(2 * TOKEN_BYTES);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Token::new(text)
}

/// The tokens of one plugin. `B` says who may use a token.
#[derive(Debug)]
pub(super) struct TokenBook<B> {
    unused: VecDeque<(Token, B)>,
    used: VecDeque<Token>,
}

/// Why a token does not admit anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenRefusal {
    /// It was never issued, or has been revoked.
    Unknown,
    /// It has admitted a session already.
    Used,
}

impl<B> TokenBook<B> {
    pub(super) fn new() -> Self {
        Self {
            unused: VecDeque::new(),
            used: VecDeque::new(),
        }
    }

    /// Makes a token usable, once.
    pub(super) fn add(&mut self, token: Token, bearer: B) {
        if self.unused.len() >= MAX_UNUSED {
            self.unused.pop_front();
        }
        self.unused.push_back((token, bearer));
    }

    /// Uses a token up. How long this takes says nothing of how near a guess came.
    pub(super) fn take(&mut self, token: &Token) -> Result<B, TokenRefusal> {
        let unused = self.unused.iter().map(|(known, _)| same(known, token));
        let position = position_of(unused);
        let used = position_of(self.used.iter().map(|known| same(known, token)));
        match position.and_then(|position| self.unused.remove(position)) {
            Some((token, bearer)) => {
                self.mark_used(token);
                Ok(bearer)
            }
            None if used.is_some() => Err(TokenRefusal::Used),
            None => Err(TokenRefusal::Unknown),
        }
    }

    /// Undoes a [`take`](Self::take) that admitted nobody after all.
    pub(super) fn give_back(&mut self, token: Token, bearer: B) {
        self.used.retain(|used| *used != token);
        self.add(token, bearer);
    }

    /// Forgets the unused tokens that match.
    pub(super) fn revoke(&mut self, matches: impl Fn(&Token, &B) -> bool) {
        self.unused
            .retain(|(token, bearer)| !matches(token, bearer));
    }

    fn mark_used(&mut self, token: Token) {
        if self.used.len() >= MAX_USED {
            self.used.pop_front();
        }
        self.used.push_back(token);
    }
}

fn same(known: &Token, given: &Token) -> Choice {
    known.secret().as_bytes().ct_eq(given.secret().as_bytes())
}

/// The position of the match, looking at all of them in any case.
fn position_of(matches: impl Iterator<Item = Choice>) -> Option<usize> {
    let mut found = None;
    for (position, matched) in matches.enumerate() {
        if bool::from(matched) {
            found = Some(position);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let token = random();
        assert_eq!(token.secret().len(), 2 * TOKEN_BYTES);
        assert_ne!(token, random());
    }

    #[test]
    fn a_token_admits_once() {
        let mut book = TokenBook::new();
        let token = random();
        book.add(token.clone(), 7);
        assert_eq!(book.take(&random()), Err(TokenRefusal::Unknown));
        assert_eq!(book.take(&token), Ok(7));
        assert_eq!(book.take(&token), Err(TokenRefusal::Used));
        book.give_back(token.clone(), 7);
        assert_eq!(book.take(&token), Ok(7));
    }

    #[test]
    fn revoked_tokens_are_unknown() {
        let mut book = TokenBook::new();
        let (first, second) = (random(), random());
        book.add(first.clone(), 1);
        book.add(second.clone(), 2);
        book.revoke(|_, bearer| *bearer == 1);
        assert_eq!(book.take(&first), Err(TokenRefusal::Unknown));
        assert_eq!(book.take(&second), Ok(2));
    }

    #[test]
    fn the_book_is_bounded() {
        let mut book = TokenBook::new();
        let first = random();
        book.add(first.clone(), 0);
        for number in 0..MAX_UNUSED {
            book.add(random(), number);
        }
        assert_eq!(book.take(&first), Err(TokenRefusal::Unknown));
        assert_eq!(book.unused.len(), MAX_UNUSED);
    }
}
