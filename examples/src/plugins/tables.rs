//! The names of a plugin's tables.

use std::fmt;

/// The tables of one plugin: no other plugin touches them.
#[derive(Clone, Debug)]
pub struct Tables {
    prefix: String,
}

impl Tables {
    /// The tables of the plugin of this name.
    pub fn of(plugin: &str) -> Self {
        let prefix = format!("onepool_demo_{}", plugin.replace('-', "_"));
        Self { prefix }
    }

    /// The table of this name, for a statement's text.
    pub fn table(&self, name: &'static str) -> impl fmt::Display + use<> {
        format!("{}_{name}", self.prefix)
    }
}
