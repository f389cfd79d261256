//! What comes is what the documents, the dashboard and the alert rules say.

use std::collections::{BTreeMap, BTreeSet};

use super::exposition::Exposition;
use super::serving::{Listen, Serving};

const METRICS: &str = include_str!("../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../packaging/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../../packaging/alerts.yml");

/// Those of the plugins that are of no one database.
const OF_THE_WHOLE: [&str; 3] = [
    "onepool_plugin_up",
    "onepool_sessions",
    "onepool_plugin_restarts_total",
];

/// The tables of the document: each name's kind and labels, where a host has so many databases.
fn documentation(databases: usize) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let (mut pool, mut plugins) = (false, false);
    let mut rows = BTreeMap::new();
    for line in METRICS.lines() {
        if line.starts_with("## ") {
            pool = line.contains("pool");
            plugins = line.contains("plugins");
        }
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let [_, name, kind, labels, ..] = &cells[..]
            && let Some(name) = name.strip_prefix('`')
        {
            let quoted = labels.split(", ").filter(|label| !label.is_empty());
            let mut labels: BTreeSet<_> = quoted
                .map(|label| label.trim_matches('`').to_owned())
                .collect();
            if plugins {
                labels.insert("plugin".to_owned());
            }
            let of_one = pool || plugins && !OF_THE_WHOLE.contains(&name.trim_matches('`'));
            if of_one && databases > 1 {
                labels.insert("database".to_owned());
            }
            rows.insert(
                name.trim_matches('`').to_owned(),
                ((*kind).to_owned(), labels),
            );
        }
    }
    rows
}

/// The metrics that a text of queries names.
fn named_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|word| word.starts_with("onepool_") || word.starts_with("process_"));
    let histogram = |word: &str| word.strip_suffix("_bucket").unwrap_or(word).to_owned();
    ours.map(histogram).collect()
}

/// The queries of the dashboard's panels and variables.
fn queries(value: &serde_json::Value, found: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(text) if key == "expr" || key == "query" => found.extend([text, "\n"]),
                    _ => queries(value, found),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => (),
    }
}

#[test]
fn what_comes_is_what_is_documented_shown_and_watched() {
    let serving = Serving::start("exercise", Listen::Socket);
    let scraped = Exposition::parse(&serving.get("/metrics"));
    serving.stop();
    counts_are_right(&scraped);
    let families = scraped.names();
    for (name, family) in &families {
        assert!(
            !family.help.is_empty() && !family.samples.is_empty(),
            "{name}"
        );
        if family.kind == "histogram" {
            assert!(name.ends_with("_seconds"), "{name} has no unit");
            family.is_sound();
        }
    }
    let names: BTreeSet<_> = families.keys().cloned().collect();

    is_as_documented(&scraped, 1);
    let mut shown = String::new();
    queries(&serde_json::from_str(DASHBOARD).unwrap(), &mut shown);
    assert_eq!(named_in(&shown), names, "packaging/grafana-dashboard.json");
    let rules = ALERTS
        .lines()
        .filter(|line| !line.trim_start().starts_with("description"));
    let watched = named_in(&rules.collect::<Vec<_>>().join("\n"));
    assert!(
        watched.is_subset(&names),
        "packaging/alerts.yml: {:?}",
        watched.difference(&names)
    );
    assert!(watched.len() > 10, "{watched:?}");
}

fn is_as_documented(scraped: &Exposition, databases: usize) {
    let (families, documentation) = (scraped.names(), documentation(databases));
    let names: BTreeSet<_> = families.keys().cloned().collect();
    let documented: BTreeSet<_> = documentation.keys().cloned().collect();
    assert_eq!(names, documented, "docs/metrics.md");
    for (name, (kind, labels)) in &documentation {
        let family = families[name];
        assert_eq!(&family.kind, kind, "docs/metrics.md: {name}");
        for (_, has, _) in &family.samples {
            let has: BTreeSet<_> = has.keys().filter(|key| *key != "le").cloned().collect();
            assert_eq!(&has, labels, "docs/metrics.md: {name}");
        }
    }
}

/// With several databases what is of one of them says of which.
#[test]
fn with_several_databases_they_are_named() {
    let more = "[databases.notes]\nurl = 'sqlite:notes.db?mode=rwc'\nmax_connections = 5\n";
    let serving = Serving::start_with("exercise", Listen::Socket, more);
    let scraped = Exposition::parse(&serving.get("/metrics"));
    serving.stop();
    is_as_documented(&scraped, 2);
    for (database, cap) in [("main", 3.0), ("notes", 5.0)] {
        let label = [("database", database)];
        assert_eq!(scraped.value("onepool_max_connections", &label), cap);
    }
}

/// What the plugin did is what was counted.
fn counts_are_right(scraped: &Exposition) {
    let of_plugin = |sample: &str| scraped.value(sample, &[("plugin", "exercise")]);
    assert_eq!(scraped.value("onepool_max_connections", &[]), 3.0);
    assert_eq!(of_plugin("onepool_plugin_up"), 1.0);
    assert_eq!(of_plugin("onepool_sessions"), 1.0);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let rows = onepool_tests::EXERCISE_ROWS as f64;
    assert_eq!(of_plugin("onepool_rows_total"), rows);
    assert!(of_plugin("onepool_row_bytes_total") >= 8.0 * rows);
    let label = [("plugin", "exercise"), ("code", "DATABASE")];
    assert_eq!(scraped.value("onepool_errors_total", &label), 1.0);
    let label = [("plugin", "exercise"), ("call", "execute")];
    // The table, as many inserts as rows, the query, and what fails.
    assert_eq!(scraped.value("onepool_calls_total", &label), rows + 3.0);
    assert_eq!(of_plugin("onepool_execution_seconds_count"), rows + 3.0);
    assert_eq!(of_plugin("onepool_transaction_seconds_count"), 1.0);
    // All inserts are on one lease.
    let leases = of_plugin("onepool_leases_total");
    assert!(leases >= 4.0, "{leases}");
    assert_eq!(of_plugin("onepool_wait_seconds_count"), leases);
    assert_eq!(of_plugin("onepool_hold_seconds_count"), leases);
    assert!(of_plugin("onepool_hold_seconds_sum") > of_plugin("onepool_transaction_seconds_sum"));
    let opened = scraped.value("onepool_backends_opened_total", &[]);
    assert!((1.0..=3.0).contains(&opened), "{opened}");
    assert!(scraped.value("process_resident_memory_bytes", &[]) > 1e6);
    assert!(scraped.value("process_cpu_seconds_total", &[]) > 0.0);
}
