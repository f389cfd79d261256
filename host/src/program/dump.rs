//! `onepool dump`: all that helps to find out what is wrong, in one file.
//!
//! The file is JSON rather than an archive: whoever sends it on can read and search it before, and so
//! see what it holds.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use onepool_host::admin::{self as host, AdminError, Reply, Request};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::admin::{self, Place};
use super::arguments::{DumpArguments, FileArguments};
use super::{ProgramError, config, print, runtime, variables};

/// What a reader of the file should know.
const NOTES: [&str; 3] = [
    "Passwords, URLs, arguments of programs and values of variables are left out.",
    "Statements are told by the beginning of their text, without arguments; what is written into a \
     text itself is in it, unless they were left out with --without-texts.",
    "What kept a plugin from running (`problem`) may repeat the last lines that it printed.",
];

/// What a host is asked for, by the name that it has in the file.
const PARTS: [(&str, Request); 8] = [
    ("status", Request::Status),
    ("plugins", Request::Plugins),
    ("leases", Request::Leases),
    ("statements", Request::Statements),
    ("activity", Request::Activity),
    ("configuration", Request::Config),
    ("metrics", Request::Metrics),
    ("machine", Request::Machine),
];

/// What is never in it, and where it is instead.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "log",
        "the host keeps none; add what its standard error went to, as with `journalctl -u onepool`",
    ),
    (
        "database",
        "the host knows its kind alone (`status`); add its version and its own log",
    ),
];

/// Writes the file.
pub(crate) fn run(arguments: &DumpArguments) -> Result<(), ProgramError> {
    let now = SystemTime::now();
    let to = arguments.to.clone().unwrap_or_else(|| default_name(now));
    let mut bundle = Bundle::default();
    match admin::place(&arguments.host) {
        Ok(place) => runtime()?.block_on(bundle.ask(&place)),
        Err(error) => bundle.lack_all(&error.to_string()),
    }
    if !bundle.parts.contains_key("configuration") {
        bundle.read_configuration(&arguments.host.file);
        bundle
            .parts
            .insert("machine_of_this_command".to_owned(), host::machine());
    }
    for (part, why) in ELSEWHERE {
        bundle.lack(part, why);
    }
    if arguments.without_texts {
        bundle.parts.values_mut().for_each(leave_texts_out);
    }
    let bytes = write(&to, &bundle.told(now))?;
    if arguments.host.json {
        return admin::json(&json!({ "file": to, "bytes": bytes, "missing": bundle.missing }));
    }
    let missing = bundle.missing.iter();
    let missing: String = missing
        .map(|missing| format!("\n  {}: {}", missing.part, missing.why))
        .collect();
    print(&format!(
        "{}: {bytes} bytes, for you alone (mode 0600); read it before you send it on\nnot in \
         it:{missing}\n",
        to.display()
    ))
}

fn default_name(now: SystemTime) -> PathBuf {
    let time = humantime::format_rfc3339_seconds(now).to_string();
    format!("onepool-dump-{}.json", time.replace(':', "-")).into()
}

/// What is gathered.
#[derive(Debug, Default)]
struct Bundle {
    parts: Map<String, Value>,
    missing: Vec<Missing>,
}

/// What is not in it.
#[derive(Debug, Serialize)]
struct Missing {
    part: String,
    why: String,
}

impl Bundle {
    /// Asks a host for everything. One part that it does not tell costs no other.
    async fn ask(&mut self, place: &Place) {
        for (part, request) in &PARTS {
            match ask(place, request).await {
                Ok(told) => drop(self.parts.insert((*part).to_owned(), told)),
                Err(why) => self.lack(part, &why),
            }
        }
    }

    fn lack(&mut self, part: &str, why: &str) {
        self.missing.push(Missing {
            part: part.to_owned(),
            why: why.to_owned(),
        });
    }

    fn lack_all(&mut self, why: &str) {
        PARTS.iter().for_each(|(part, _)| self.lack(part, why));
    }

    /// What a host that was started now would be told.
    fn read_configuration(&mut self, arguments: &FileArguments) {
        let loaded = config::load(arguments.config.as_deref(), variables(), Vec::new());
        let problems = loaded.problems.sorted();
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let read = json!({
            "file": loaded.file,
            "settings": config::shown(&loaded.settings),
            "problems": problems,
        });
        self.parts
            .insert("configuration_as_read_now".to_owned(), read);
    }

    /// The whole of it.
    fn told(&self, now: SystemTime) -> Value {
        let mut told = Map::new();
        let about = json!({
            "made": humantime::format_rfc3339_seconds(now).to_string(),
            "by": format!("onepool {}", env!("CARGO_PKG_VERSION")),
            "notes": NOTES,
            "missing": self.missing,
        });
        told.insert("about".to_owned(), about);
        told.extend(self.parts.clone());
        Value::Object(told)
    }
}

async fn ask(place: &Place, request: &Request) -> Result<Value, String> {
    let asking = async {
        let mut client = place.connect().await?;
        client.ask(request).await
    };
    let reply: Result<Reply, AdminError> = asking.await;
    let told = match reply.map_err(|error| error.to_string())? {
        Reply::Status(status) => serde_json::to_value(status),
        Reply::Plugins(plugins) => serde_json::to_value(plugins),
        Reply::Leases(leases) => serde_json::to_value(leases),
        Reply::Statements {
            statements,
            left_out,
        } => Ok(json!({ "statements": statements, "left_out": left_out })),
        Reply::Activity(activity) => serde_json::to_value(activity),
        Reply::Config(told) | Reply::Machine(told) => Ok(told),
        // Line by line it can be read in the file.
        Reply::Metrics(text) => Ok(text.lines().collect::<Vec<_>>().into()),
        other => return Err(admin::refused(other).to_string()),
    };
    told.map_err(|error| error.to_string())
}

/// Texts have these names wherever they are told.
fn leave_texts_out(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("text" | "statement", Value::String(text)) => {
                        "(left out)".clone_into(text);
                    }
                    (_, value) => leave_texts_out(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(leave_texts_out),
        _ => {}
    }
}

/// Writes what nobody but this user may read, and returns how many bytes it is.
fn write(to: &Path, told: &Value) -> Result<usize, ProgramError> {
    let failed = |error: std::io::Error| {
        ProgramError::Failed(format!("cannot write {}: {error}", to.display()))
    };
    let text = format!("{told:#}\n");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(text.len())
}
