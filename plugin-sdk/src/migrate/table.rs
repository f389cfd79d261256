//! The table that remembers what was applied.

use std::borrow::Cow;

use crate::OnepoolConnection;
use crate::options::MigrationsTable;

/// The name that sqlx's migrators use unless told otherwise.
const PLAIN: &str = "_sqlx_migrations";

/// The longest name: PostgreSQL cuts names to 63 bytes, which could make two of them one.
const NAME_BYTES: usize = 63;

/// The hash of a name that had to be changed, in hexadecimal, with the line before it.
const HASH_BYTES: usize = 9;

impl OnepoolConnection {
    /// The table that `named` means for this plugin.
    pub(super) fn migrations_table<'n>(&self, named: &'n str) -> Cow<'n, str> {
        match (self.settings().migrations, self.plugin()) {
            (MigrationsTable::Plugin, Some(plugin)) if named == PLAIN => {
                Cow::Owned(of_plugin(plugin))
            }
            _ => Cow::Borrowed(named),
        }
    }
}

/// A name that needs no quotes in any database and is no other plugin's.
fn of_plugin(plugin: &str) -> String {
    let plain = |char: char| matches!(char, 'a'..='z' | '0'..='9' | '_');
    let whole = format!("{PLAIN}_{plugin}");
    if plugin.chars().all(plain) && whole.len() <= NAME_BYTES {
        return whole;
    }
    let readable = whole
        .chars()
        .map(|char| if plain(char) { char } else { '_' })
        .take(NAME_BYTES - HASH_BYTES);
    let readable: String = readable.collect();
    format!("{readable}_{:08x}", hash(plugin))
}

/// FNV-1a: small, and the same in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_stays_readable() {
        assert_eq!(of_plugin("reports_2"), "_sqlx_migrations_reports_2");
    }

    #[test]
    fn other_names_are_made_fit_and_stay_apart() {
        let names = ["my-plugin", "my.plugin", "My_plugin", "Zürich", "x\"; DROP"];
        for plugin in names {
            let name = of_plugin(plugin);
            assert!(name.len() <= NAME_BYTES, "{name}");
            assert!(
                name.bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
            );
        }
        assert_ne!(of_plugin("my-plugin"), of_plugin("my.plugin"));
        assert_eq!(
            of_plugin("my-plugin"),
            "_sqlx_migrations_my_plugin_a653d045"
        );
        let long = "a".repeat(64);
        assert_eq!(of_plugin(&long).len(), NAME_BYTES);
        assert_ne!(of_plugin(&long), of_plugin(&format!("{long}b")));
    }
}
