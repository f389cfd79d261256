//! Telling the database who runs a statement.

use std::fmt::Write;
use std::sync::Arc;

/// How long a name PostgreSQL keeps, in bytes.
const NAME_BYTES: usize = 63;

/// The comment that goes before a plugin's statements, as sqlcommenter writes them.
///
/// It comes first because a server's list of statements is cut at the end. Whatever the name is, it
/// cannot end the comment.
pub(crate) fn comment(plugin: &str) -> String {
    let mut comment = String::from("/*plugin='");
    for byte in plugin.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            comment.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(comment, "%{byte:02X}");
        }
    }
    comment.push_str("'*/ ");
    comment
}

/// The text with the comment before it.
pub(super) fn prefixed(comment: &str, sql: impl AsRef<str> + Into<Arc<str>>) -> Arc<str> {
    if comment.is_empty() {
        return sql.into();
    }
    [comment, sql.as_ref()].concat().into()
}

/// The statement by which a transaction of PostgreSQL bears a plugin's name behind `application`,
/// which is what the whole host goes by.
pub(super) fn name_transaction(application: &str, plugin: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !"'\\".contains(c) || c == ' ';
    let name: String = format!("{application}/{plugin}")
        .chars()
        .map(|c| if plain(c) { c } else { '?' })
        .take(NAME_BYTES)
        .collect();
    format!("SET LOCAL application_name = '{name}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_the_comment() {
        assert_eq!(comment("mail.in-2"), "/*plugin='mail.in-2'*/ ");
        assert_eq!(
            comment("a*/ DROP 'ü"),
            "/*plugin='a%2A%2F%20DROP%20%27%C3%BC'*/ "
        );
    }

    #[test]
    fn no_name_ends_the_literal() {
        let named = name_transaction("crm", "mail");
        assert_eq!(named, "SET LOCAL application_name = 'crm/mail'");
        let named = name_transaction("it's \\ me\n", "ü");
        assert_eq!(named, "SET LOCAL application_name = 'it?s ? me?/?'");
        let named = name_transaction("onepool", &"x".repeat(100));
        assert_eq!(
            named.len(),
            "SET LOCAL application_name = ''".len() + NAME_BYTES
        );
    }
}
