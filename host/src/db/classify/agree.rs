//! Whether a token of the tokenizer is what the database would read at the same place.
//!
//! The argument is by induction: both begin at the start of the text; and if, from where a token
//! begins, the database too would be between two tokens where the token ends, whatever it makes of
//! the characters between, then no quote, comment or word can be open for one and closed for the
//! other. So only forms are let through of which that is known; the rest is doubt. What it caught:
//! `--` inside an operator, `--` before a no-break space, `'\'` under other settings of the session,
//! `1L`, `a$b` and `$a(...)` in SQLite, `[a]]` there, `@;` in MySQL, `U&` with its own escape.

use sqlparser::tokenizer::{Token, Whitespace};

use super::tokens::Kind;
use super::verdict::Dialect;

/// The database may read these characters otherwise.
pub(super) struct MayDiffer;

type Agreed = Result<Option<Kind>, MayDiffer>;

/// What a token is, `None` for white space and comments.
///
/// `slice` is the token as written, `rest` is the text behind it.
pub(super) fn kind(dialect: Dialect, token: &Token, slice: &str, rest: &str) -> Agreed {
    match token {
        Token::Whitespace(space) => white(dialect, space, slice).map(|()| None),
        Token::Word(word) if word.quote_style.is_some() => {
            quoted(slice).map(|()| Some(Kind::Quoted))
        }
        Token::Word(_) => word(dialect, slice, rest).map(Some),
        Token::Number(..) => number(dialect, slice, rest),
        Token::HexStringLiteral(_) if slice.starts_with('0') => number(dialect, slice, rest),
        Token::SingleQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_) => {
            text(dialect, slice.trim_start_matches(|c: char| c != '\''))
        }
        Token::DoubleQuotedString(_) if dialect == Dialect::MySql => text(dialect, slice),
        Token::EscapedStringLiteral(_) if dialect == Dialect::Postgres => sure(
            slice
                .get(1..)
                .is_some_and(|body| ends_at_end(body, Escapes::Backslash)),
            Kind::Text,
        ),
        Token::UnicodeStringLiteral(_) if dialect == Dialect::Postgres => sure(
            slice
                .get(2..)
                .is_some_and(|body| ends_at_end(body, Escapes::None)),
            Kind::Text,
        ),
        Token::DollarQuotedString(_) if dialect == Dialect::Postgres => {
            sure(dollar_quoted(slice), Kind::Text)
        }
        Token::Placeholder(_) => sure(parameter(dialect, slice, rest), Kind::Parameter),
        _ => sure(symbol(dialect, slice, rest), Kind::Symbol),
    }
}

fn sure(agreed: bool, kind: Kind) -> Agreed {
    if agreed {
        Ok(Some(kind))
    } else {
        Err(MayDiffer)
    }
}

fn white(dialect: Dialect, space: &Whitespace, slice: &str) -> Result<(), MayDiffer> {
    let agreed = match space {
        Whitespace::SingleLineComment { prefix, .. } => match dialect {
            // MySQL wants white space or a control character behind the dashes; here only the
            // white space that is one byte long. (A line's end is not part of the token.)
            Dialect::MySql if prefix == "--" => {
                matches!(slice.as_bytes().get(2), None | Some(b' ' | b'\t' | b'\r'))
            }
            _ => true,
        },
        Whitespace::MultiLineComment(comment) => match dialect {
            // Optimizer hints have quoted names, in which MySQL does not look for the end.
            Dialect::MySql => !comment.starts_with('+') || !comment.contains(['\'', '"', '`']),
            _ => true,
        },
        _ => matches!(slice, " " | "\t" | "\n" | "\r" | "\r\n"),
    };
    if agreed { Ok(()) } else { Err(MayDiffer) }
}

/// A quoted name ends at the first quote that is not doubled; a bracket cannot be doubled.
fn quoted(slice: &str) -> Result<(), MayDiffer> {
    let agreed = match slice.strip_prefix('[') {
        Some(body) => ends_with_first(body, "]"),
        None => ends_at_end(slice, Escapes::None),
    };
    if agreed { Ok(()) } else { Err(MayDiffer) }
}

fn word(dialect: Dialect, slice: &str, rest: &str) -> Result<Kind, MayDiffer> {
    let (kind, name) = match (dialect, slice.strip_prefix("@@"), slice.strip_prefix('@')) {
        (Dialect::MySql, Some(name), _) => (Kind::SystemVariable, name),
        (Dialect::MySql, None, Some(name)) => (Kind::Variable, name),
        _ => (Kind::Word, slice),
    };
    let begins = !name.starts_with(|c: char| c.is_ascii_digit());
    // SQLite takes a byte order mark between two tokens for white space.
    let marked = dialect == Dialect::Sqlite && name.starts_with('\u{feff}');
    let ends = !rest.starts_with(is_name_char);
    let named = !name.is_empty() && name.chars().all(is_name_char);
    // A PostgreSQL name with escapes is not what it looks like.
    let escaped =
        dialect == Dialect::Postgres && slice.eq_ignore_ascii_case("u") && rest.starts_with("&\"");
    if begins && named && ends && !marked && !escaped {
        Ok(kind)
    } else {
        Err(MayDiffer)
    }
}

/// What may stand in a name behind its first character, in each of the three.
fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '$') || !char.is_ascii()
}

/// Digits, dots, underscores, an exponent with its sign, `0x`: none of them opens anything.
fn number(dialect: Dialect, slice: &str, rest: &str) -> Agreed {
    let hex = slice.starts_with("0x");
    let agreed = slice.bytes().all(|byte| match byte {
        b'0'..=b'9' | b'.' | b'_' => true,
        b'x' => hex,
        b'e' | b'E' => true,
        b'+' | b'-' => !hex,
        _ => hex && byte.is_ascii_hexdigit(),
    });
    let variable = dialect == Dialect::MySql && rest.starts_with('@');
    sure(
        agreed && !rest.starts_with(is_name_char) && !variable,
        Kind::Number,
    )
}

/// A string, from its opening quote on. Whether a backslash escapes depends on the session in
/// PostgreSQL (`standard_conforming_strings`, and what a string continues) and in MySQL
/// (`sql_mode`); so it has to end at the same place either way.
fn text(dialect: Dialect, body: &str) -> Agreed {
    let agreed = ends_at_end(body, Escapes::None)
        && (dialect == Dialect::Sqlite || ends_at_end(body, Escapes::Backslash));
    sure(agreed, Kind::Text)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Backslash,
}

/// Whether what begins with a quote is closed by its last character and not before, a doubled quote
/// standing for itself.
fn ends_at_end(body: &str, escapes: Escapes) -> bool {
    let mut chars = body.chars();
    let Some(quote) = chars.next() else {
        return false;
    };
    let mut chars = chars.peekable();
    while let Some(char) = chars.next() {
        if char == quote && chars.next_if_eq(&quote).is_none() {
            return chars.next().is_none();
        }
        if char == '\\' && escapes == Escapes::Backslash {
            chars.next();
        }
    }
    false
}

/// `$tag$...$tag$`, without the tag in between.
fn dollar_quoted(slice: &str) -> bool {
    let Some((tag, body)) = slice
        .strip_prefix('$')
        .and_then(|rest| rest.split_once('$'))
    else {
        return false;
    };
    let plain = tag.chars().all(|c| is_name_char(c) && c != '$')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    let delimiter = format!("${tag}$");
    plain && ends_with_first(body, &delimiter)
}

fn ends_with_first(body: &str, end: &str) -> bool {
    body.find(end)
        .is_some_and(|at| at.saturating_add(end.len()) == body.len())
}

fn parameter(dialect: Dialect, slice: &str, rest: &str) -> bool {
    let name = slice.get(1..).unwrap_or_default();
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    match dialect {
        Dialect::Postgres => {
            slice.starts_with('$') && digits && !name.is_empty() && !rest.starts_with(is_name_char)
        }
        Dialect::MySql => slice == "?",
        Dialect::Sqlite if slice.starts_with('?') => digits && !rest.starts_with(is_name_char),
        Dialect::Sqlite => {
            !name.is_empty() && name.chars().all(is_name_char) && named_parameter_ends(rest)
        }
    }
}

/// SQLite's named parameters go on over `::` and, once, over parentheses, whatever stands in them.
fn named_parameter_ends(rest: &str) -> bool {
    !rest
        .trim_start_matches(is_name_char)
        .starts_with([':', '('])
}

/// Operators and punctuation: no quote and no comment may begin in them, nor between them and what
/// follows.
fn symbol(dialect: Dialect, slice: &str, rest: &str) -> bool {
    let plain = slice
        .bytes()
        .all(|byte| b"(),;.[]{}:=<>+-*/%|&^~!@#?".contains(&byte));
    let pair = slice.chars().next_back().zip(rest.chars().next());
    let comment = |pair| matches!(pair, ('-', '-') | ('/', '*'));
    let opens = slice.contains("--") || slice.contains("/*") || pair.is_some_and(comment);
    let own = match dialect {
        Dialect::Postgres => true,
        // Alone, @ stands before a quoted name.
        Dialect::MySql => {
            !slice.contains(['#', '[', ']'])
                && (!slice.contains('@') || slice == "@" && rest.starts_with(['\'', '"', '`']))
        }
        Dialect::Sqlite => {
            !slice.contains(['#', '[', ']'])
                && (!slice.contains([':', '@']) || slice.len() == 1 && named_parameter_ends(rest))
        }
    };
    !slice.is_empty() && plain && !opens && own
}
