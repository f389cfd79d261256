//! The demo's plugins stand where anybody's plugins would: they know the SDK, and nothing of the
//! host or of the program around them.

use std::fs;
use std::path::Path;

/// `futures_util` is how sqlx's own streams are read.
const KNOWN: [&str; 7] = [
    "std",
    "sqlx",
    "tokio",
    "onepool_sdk",
    "futures_util",
    "super",
    "self",
];

#[test]
fn plugins_import_the_sdk_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plugins");
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.is_file(), "{} is not looked into", path.display());
        files += 1;
        let strangers = strangers(&fs::read_to_string(&path).unwrap(), is_root(&path));
        assert!(strangers.is_empty(), "{}: {strangers:?}", path.display());
    }
    assert!(files > 5, "the plugins have moved");
}

/// `super` leads out of the folder from here, and not from the files beside it.
fn is_root(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "mod.rs")
}

/// The lines that name a crate, or a place in this one, that plugins do not know.
fn strangers(source: &str, is_root: bool) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("//") {
            continue;
        }
        let import = line
            .strip_prefix("pub use ")
            .or_else(|| line.strip_prefix("use "));
        let first = import.and_then(|path| path.split(['{', ':', ';', ' ']).next());
        let is_known = |first: &str| {
            let own_module = is_root && source.contains(&format!("mod {first};"));
            own_module || (KNOWN.contains(&first) && !(is_root && first == "super"))
        };
        if first.is_some_and(|first| !is_known(first))
            || line.contains("crate::")
            || line.contains("super::super")
            || line.contains("onepool_host")
        {
            found.push(line.to_owned());
        }
    }
    found
}

#[test]
fn a_stranger_is_found() {
    for stranger in [
        "use onepool_host::Host;",
        "use crate::cast::Member;",
        "let host = onepool_host::Host::builder();",
        "use super::super::cast;",
        "use rand::random;",
    ] {
        assert_eq!(strangers(stranger, false), [stranger]);
    }
    assert_eq!(
        strangers("mod bank;\npub use bank::X;\nuse super::cast;", true),
        ["use super::cast;"]
    );
    assert!(strangers("use super::desk::{Desk, Fault};\nuse std::env;", false).is_empty());
}
