//! The configuration: one file, overridden by the environment, overridden by the command line.
//!
//! A [tree] holds what was said and where; [reading](read) it into [settings] notes every
//! key that does not exist and every value of the wrong kind, [checking](check) what cannot work
//! together, and what is left is [built](build) into a host.

mod build;
mod check;
mod database;
mod environment;
mod file;
mod leaves;
mod problem;
mod read;
#[cfg(unix)]
mod said;
mod schema;
mod settings;
#[cfg(unix)]
mod shown;
mod tree;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) use build::{builder, find_group};
pub(crate) use problem::{Problem, Problems};
#[cfg(unix)]
pub(crate) use said::Said;
pub(crate) use schema::schema;
#[cfg(feature = "web")]
pub(crate) use settings::MetricsSettings;
pub(crate) use settings::{LogFormat, LogSettings, Settings};
#[cfg(unix)]
pub(crate) use shown::shown;
pub(crate) use tree::Origin;

#[cfg(unix)]
pub(crate) use leaves::User;
use tree::Tree;

/// The file that is read when none is named, if there is one.
pub(crate) const DEFAULT_FILE: &str = "onepool.toml";

/// What the command line says: the key, its value, and the flag.
pub(crate) type Override = (Vec<String>, Value, &'static str);

/// A configuration that has been read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) problems: Problems,
    /// The file that it came from, if there was one.
    pub(crate) file: Option<PathBuf>,
    #[cfg(unix)]
    pub(crate) said: Said,
}

/// Reads the configuration and notes everything that is wrong with it.
pub(crate) fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
    overrides: Vec<Override>,
) -> Loaded {
    let default = Path::new(DEFAULT_FILE);
    let file = file.or_else(|| default.is_file().then_some(default));
    let mut problems = Problems::default();
    let mut tree = match file {
        Some(file) => file::read(file, &mut problems),
        None => Tree::default(),
    };
    let schema = schema();
    environment::apply(&mut tree, &schema, variables, &mut problems);
    for (path, value, flag) in overrides {
        tree.set(&path, value, Origin::Flag(flag));
    }
    prefer_override(&mut tree);
    settle(tree, problems, file)
}

/// What comes of what was said.
fn settle(mut tree: Tree, mut problems: Problems, file: Option<&Path>) -> Loaded {
    #[cfg(unix)]
    let said = Said::new(&tree);
    let settings = read::settings(&mut tree, &schema(), &mut problems);
    check::check(&settings, &tree, &mut problems);
    Loaded {
        settings,
        problems,
        file: file.map(Path::to_owned),
        #[cfg(unix)]
        said,
    }
}

/// A URL that overrides the file does so however the file gives its own.
fn prefer_override(tree: &mut Tree) {
    let named = tree
        .get(&["databases".to_owned()])
        .and_then(Value::as_object);
    let named = named.into_iter().flat_map(serde_json::Map::keys);
    let named = named.map(|name| vec!["databases".to_owned(), name.clone()]);
    let tables: Vec<_> = named.chain([vec!["database".to_owned()]]).collect();
    for table in tables {
        prefer_override_in(tree, &table);
    }
}

fn prefer_override_in(tree: &mut Tree, table: &[String]) {
    let key = |name: &str| [table, &[name.to_owned()]].concat();
    let overrides = |origin| matches!(origin, Origin::Variable(_) | Origin::Flag(_));
    let names = ["url", "url_file", "url_command"];
    let given = |tree: &Tree, name| tree.get(&key(name)).is_some();
    if names
        .iter()
        .any(|name| given(tree, name) && overrides(tree.origin(&key(name))))
    {
        for name in names {
            if given(tree, name) && !overrides(tree.origin(&key(name))) {
                tree.remove(&key(name));
            }
        }
    }
}
