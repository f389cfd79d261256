//! The few words of a statement that the drivers must know.

/// The first word of `sql`, after comments and opening parentheses.
pub(super) fn first_word(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
        if let Some(comment) = sql.strip_prefix("--") {
            sql = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = sql.strip_prefix("/*") {
            // Where comments nest, no word is found, and nobody relies on one.
            sql = comment.split_once("*/").map_or("", |(_, rest)| rest);
        } else {
            let end = sql.find(|c: char| !c.is_ascii_alphabetic());
            return sql.get(..end.unwrap_or(sql.len())).unwrap_or_default();
        }
    }
}

/// Whether `words` holds `word`, in any case.
pub(super) fn is_among(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

/// Whether `sql` holds `word` anywhere, in any case.
pub(super) fn mentions(sql: &str, word: &str) -> bool {
    let mut windows = sql.as_bytes().windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_behind_comments() {
        for (sql, word) in [
            ("SELECT 1", "SELECT"),
            (" -- why\n/* a */ (select 1)", "select"),
            ("\tBEGIN;", "BEGIN"),
            ("/* select */", ""),
            ("--", ""),
            ("", ""),
            ("1", ""),
        ] {
            assert_eq!(first_word(sql), word, "{sql}");
        }
        assert!(mentions("set Search_Path = x", "search_path"));
        assert!(!mentions("", "x"));
    }
}
