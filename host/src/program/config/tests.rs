//! Every key, every default, and every mistake.

mod mistakes;

use std::collections::{BTreeMap, BTreeSet};

use onepool_host::Quota;
use serde_json::Value;

use super::problem::Problem;
use super::schema::Place;
use super::*;

const EXAMPLE: &str = include_str!("../../../../onepool.example.toml");

/// What comes of a file and of variables.
fn load_text(text: &str, variables: &[(&str, &str)]) -> (Settings, Vec<Problem>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.toml");
    std::fs::write(&file, text).unwrap();
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let loaded = load(Some(&file), variables.iter().map(owned), Vec::new());
    let mut problems = loaded.problems.sorted();
    for problem in &mut problems {
        if let Origin::Line(name, _) = &mut problem.origin {
            "test.toml".clone_into(name);
        }
    }
    (loaded.settings, problems)
}

fn problems_of(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let (_, problems) = load_text(text, variables);
    problems.iter().map(Problem::to_string).collect()
}

/// The example with every key in it, and the comment above each.
fn whole_example() -> (String, BTreeMap<usize, String>) {
    let (mut text, mut comments, mut comment) = (String::new(), BTreeMap::new(), String::new());
    for (number, line) in (1..).zip(EXAMPLE.lines()) {
        let bare = line.strip_prefix('#').unwrap_or(line);
        let is_key = !bare.starts_with(' ') && (bare.contains(" = ") || bare.starts_with('['));
        if is_key {
            comments.insert(number, std::mem::take(&mut comment));
            text.push_str(bare);
        } else if line.is_empty() {
            comment.clear();
        } else {
            comment.push_str(line.trim_start_matches('#'));
        }
        text.push('\n');
    }
    (text, comments)
}

/// What the settings are when nothing is said.
fn defaults() -> Value {
    let mut defaults = serde_json::to_value(Settings {
        quota: Quota::default().into(),
        ..Settings::default()
    })
    .unwrap();
    let plugin = settings::PluginSettings {
        quota: Quota::default().into(),
        ..Default::default()
    };
    defaults["plugins"]["reports"] = serde_json::to_value(plugin).unwrap();
    let database = settings::NamedSettings::default();
    defaults["databases"]["replica"] = serde_json::to_value(database).unwrap();
    defaults
}

#[test]
fn the_example_holds_every_key_with_its_meaning_and_its_real_default() {
    let (text, comments) = whole_example();
    let mut problems = Problems::default();
    let mut tree = file::parse("example", &text, &mut problems);
    let schema = schema();
    let settings = read::settings(&mut tree, &schema, &mut problems);
    assert!(problems.is_empty(), "{:?}", problems.sorted());
    let (shown, defaults) = (serde_json::to_value(settings).unwrap(), defaults());
    let mut seen = BTreeSet::new();
    for path in Place::root(&schema).paths() {
        // Of the variables of a plugin's environment there is no list.
        let ends_free = path.last().is_some_and(|key| key == "*");
        let path = if ends_free {
            path[..path.len() - 1].to_vec()
        } else {
            path
        };
        let name = |table: &str| {
            if table == "plugins" {
                "reports"
            } else {
                "replica"
            }
        };
        let mut concrete: Vec<String> = Vec::new();
        for key in &path {
            let table = concrete.last().map_or("", String::as_str);
            let key = if key == "*" { name(table) } else { key };
            concrete.push(key.to_owned());
        }
        let key = concrete.join(".");
        assert!(tree.get(&concrete).is_some(), "{key} is missing");
        let Origin::Line(_, line) = tree.origin(&concrete) else {
            panic!("{key} has no line");
        };
        let at = |value: &Value| {
            concrete
                .iter()
                .fold(value.clone(), |value, key| value[key].clone())
        };
        let documented_elsewhere = concrete[0] == "databases" || key.contains("reports.quota");
        let comment = &comments[&line];
        if at(&defaults).is_null() {
            let says = comment.replace('\n', " ");
            assert!(
                says.contains("No default") || says.contains("No  default") || documented_elsewhere,
                "{key}: {says}"
            );
        } else {
            assert_eq!(at(&shown), at(&defaults), "the default of {key}");
            assert!(
                comment.len() > 10 || documented_elsewhere,
                "{key} has no meaning"
            );
        }
        seen.insert(key);
    }
    assert!(seen.len() > 60, "{seen:?}");
}

#[test]
fn the_example_as_it_is_can_be_read() {
    let (settings, problems) = load_text(EXAMPLE, &[]);
    // The program is not on this machine.
    assert!(
        problems.iter().all(|problem| problem.bearable),
        "{problems:?}"
    );
    assert_eq!(settings.plugins.len(), 1);
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn look(schema: &Value, path: &str) {
        let properties = schema["properties"].as_object();
        for (key, inner) in properties.into_iter().flatten() {
            let path = format!("{path}.{key}");
            assert!(inner["description"].is_string(), "{path}: {inner}");
            look(inner, &path);
        }
        if schema["additionalProperties"].is_object() {
            look(&schema["additionalProperties"], path);
        }
    }
    look(&schema(), "");
    assert!(!schema().to_string().contains("null"));
}

#[test]
fn all_mistakes_are_explained_at_once_and_no_secret_is_shown() {
    let text = "[database]\nurl = 7\n[pool]\nmax_connections = 'x'\nidle_timeout = 3\nfoo = 1\n\
                [plugins.a]\nprogram = 'sh'\nquota.min = 6\n[plugins.b]\nprogram = 'sh'\nquota.min = 7\n";
    let problems = problems_of(
        text,
        &[
            ("ONEPOOL_DATABASE__PASSWORD_FILE", "[1]"),
            ("ONEPOOL_POOL__FOO", "1"),
        ],
    );
    let expected = [
        "test.toml:2: database.url: ",
        "test.toml:4: pool.max_connections: invalid",
        "test.toml:4: pool.max_connections: 10 leaves 10 for work, and 13 are kept for plugins (6 for a, 7 for b); raise it by 3",
        "test.toml:5: pool.idle_timeout: ",
        "test.toml:6: pool.foo: ",
        "the variable ONEPOOL_POOL__FOO: there is no key \"foo\" here",
    ];
    for part in expected {
        assert!(
            problems.iter().any(|problem| problem.contains(part)),
            "{part}\n{problems:#?}"
        );
    }
    let secret = problems_of("[database]\nurl = 12345\nurl_file = ['12345']", &[]).join("\n");
    assert!(!secret.contains("12345"), "{secret}");
}

#[test]
fn sqlite_has_neither_logins_nor_schemas() {
    let text = "[database]\nurl = 'sqlite:x.db'\n[plugins.p]\nprogram = 'sh'\nschema = 'p'\n\
                login = { user = 'p', password = 's3cret' }\n";
    let problems = problems_of(text, &[]).join("\n");
    for part in [
        "test.toml:5: plugins.p.schema: SQLite has no schemas; take it out",
        "test.toml:6: plugins.p.login: SQLite has no logins; take it out, and say read_only",
    ] {
        assert!(problems.contains(part), "{part}\n{problems}");
    }
    assert!(!problems.contains("s3cret"), "{problems}");
}

#[test]
fn variables_override_the_file() {
    let file = "[database]\nurl_file = '/x'\n[plugins.my-plugin]\nprogram = 'sh'\n\
                [databases.notes]\nurl_file = '/y'\n";
    let (settings, problems) = load_text(
        file,
        &[
            ("ONEPOOL_DATABASE__URL", "sqlite:12.db"),
            ("ONEPOOL_DATABASES__NOTES__URL", "sqlite:13.db"),
            ("ONEPOOL_DATABASES__NOTES__MAX_CONNECTIONS", "7"),
            ("ONEPOOL_POOL__MAX_CONNECTIONS", "20"),
            ("ONEPOOL_POOL__IDLE_TIMEOUT", "never"),
            ("ONEPOOL_PLUGINS__MY_PLUGIN__ARGUMENTS", "[\"a\", \"b\"]"),
            ("ONEPOOL_PLUGINS__MY_PLUGIN__ENVIRONMENT__Lang", "007"),
            ("ONEPOOL_PLUGINS__MY_PLUGIN__QUOTA__MAX", "3"),
            ("ONEPOOL_PLUGINS__MY_PLUGIN__RESTART", "always"),
            ("ONEPOOL_TOKEN", "not of the configuration"),
            ("OTHER__THING", "nor this"),
        ],
    );
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(settings.database.url.unwrap().0, "sqlite:12.db");
    assert!(settings.database.url_file.is_none());
    let notes = &settings.databases["notes"];
    assert_eq!(notes.url.as_ref().unwrap().0, "sqlite:13.db");
    assert!(notes.url_file.is_none());
    assert_eq!(notes.max_connections, 7);
    assert_eq!(settings.pool.max_connections, 20);
    assert_eq!(settings.pool.idle_timeout.0, None);
    let plugin = &settings.plugins["my-plugin"];
    assert_eq!(plugin.arguments, ["a", "b"]);
    assert_eq!(plugin.environment["Lang"].0, "007");
    assert_eq!(plugin.quota.max, Some(3));
    assert_eq!(plugin.restart, settings::RestartSetting::Always);
}

#[test]
fn a_variable_that_means_nothing_is_an_error() {
    let file = "[database]\nurl = 'sqlite:x'\n[plugins.a-b]\nprogram = 'sh'\n[plugins.a_b]\nprogram = 'sh'\n";
    for (name, value, says) in [
        (
            "ONEPOOL_POOL__MAX_CONECTIONS",
            "1",
            "\"max_connections\" is a key",
        ),
        ("ONEPOOL_POOL__", "1", "there is no key \"\""),
        (
            "ONEPOOL_PLUGINS__C__RESTART",
            "never",
            "the file has no [plugins.c]",
        ),
        (
            "ONEPOOL_PLUGINS__A_B__RESTART",
            "never",
            "it may mean \"a-b\" or \"a_b\"",
        ),
        ("ONEPOOL_PLUGINS__A_B", "1", "it may mean"),
        ("ONEPOOL_DATABASES__X", "1", "the file has no [databases.x]"),
        ("ONEPOOL_POOL__MAX_CONNECTIONS", "lots", "a whole number"),
    ] {
        let problems = problems_of(file, &[(name, value)]).join("\n");
        assert!(
            problems.contains(&format!("the variable {name}: ")),
            "{problems}"
        );
        assert!(problems.contains(says), "{problems}");
    }
}

#[test]
fn a_quota_says_only_what_differs() {
    let (settings, problems) = load_text(
        "[database]\nurl='sqlite:x'\n[quota]\nqueue_timeout='1s'\nstatement_timeout='2s'\n\
         [plugins.p]\nprogram='sh'\n[plugins.p.quota]\nstatement_timeout='never'\n",
        &[],
    );
    assert!(problems.is_empty(), "{problems:?}");
    let base = settings.quota.over(Quota::default());
    let quota = settings.plugins["p"].quota.over(base);
    assert_eq!(quota.queue_timeout, std::time::Duration::from_secs(1));
    assert_eq!(quota.statement_timeout, None);
    assert_eq!(quota.weight, 1);
}

#[test]
fn a_file_that_is_not_there_is_said_so() {
    let loaded = load(Some(Path::new("/nowhere/onepool.toml")), [], Vec::new());
    let problems = loaded.problems.sorted();
    assert!(
        problems[0]
            .to_string()
            .starts_with("/nowhere/onepool.toml: it cannot be read")
    );
}
