//! `onepool check`: what is wrong with a configuration.

use onepool_host::{Code, HostError};

use super::arguments::FileArguments;
use super::config::{self, Loaded, Origin, Problems, Settings};
use super::{ProgramError, print, runtime, variables};

/// Says everything that is wrong with the configuration, or that nothing is.
pub(crate) fn run(arguments: &FileArguments) -> Result<(), ProgramError> {
    let url = std::env::var("ONEPOOL_DATABASE").ok();
    let key = ["database", "url"].map(str::to_owned).to_vec();
    let overrides = url.map(|url| (key, url.into(), "ONEPOOL_DATABASE"));
    let Loaded {
        settings,
        mut problems,
        file,
        ..
    } = config::load(
        arguments.config.as_deref(),
        variables(),
        overrides.into_iter().collect(),
    );
    let checking = config::builder(&settings);
    if let Err(errors) = runtime()?.block_on(checking.check()) {
        let origin = match &file {
            Some(file) => Origin::File(file.display().to_string()),
            None => Origin::Nowhere,
        };
        add(&mut problems, &origin, errors);
    }
    if !problems.is_empty() {
        return Err(ProgramError::Configuration(problems.sorted()));
    }
    print(&summary(&settings, &origin_name(file.as_deref())))
}

/// Notes what only the host knows, unless it follows from what is noted already.
fn add(problems: &mut Problems, origin: &Origin, errors: Vec<HostError>) {
    let clean = problems.is_empty();
    for error in errors {
        match error {
            HostError::PluginCycle(_) => {
                problems.add_at(origin.clone(), "plugins", error.to_string())
            }
            HostError::Database(failure) if failure.code == Code::CONFIGURATION => {
                problems.add_at(origin.clone(), "database", failure.to_string());
            }
            HostError::NamedDatabase { name, failure } if failure.code == Code::CONFIGURATION => {
                let key = format!("databases.{name}");
                problems.add_at(origin.clone(), &key, failure.to_string());
            }
            HostError::NoDatabase => {}
            error if clean => problems.add_at(origin.clone(), "", error.to_string()),
            _ => {}
        }
    }
}

fn origin_name(file: Option<&std::path::Path>) -> String {
    file.map_or_else(
        || "the environment".to_owned(),
        |file| file.display().to_string(),
    )
}

fn summary(settings: &Settings, origin: &str) -> String {
    let names: Vec<_> = settings.plugins.keys().map(String::as_str).collect();
    let plugins = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    let others = settings.databases.iter();
    let others: String = others
        .map(|(name, other)| format!(", at most {} to {name}", other.max_connections))
        .collect();
    format!(
        "{origin} is fine: at most {} connections{others}, plugins: {plugins}\n",
        settings.pool.max_connections
    )
}
