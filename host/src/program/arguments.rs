//! What can be said on the command line.

use std::collections::HashSet;
use std::convert::Infallible;
#[cfg(unix)]
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use onepool_host::Endpoint;
#[cfg(unix)]
use onepool_host::Target;
use serde_json::Value;

use super::ProgramError;
use super::config::Override;

/// One database connection pool for an application and all its plugins.
#[derive(Debug, Parser)]
#[command(name = "onepool", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a host until Ctrl-C or SIGTERM; a second one ends it at once
    Serve(ServeArguments),
    /// Say everything that is wrong with a configuration, without starting anything
    Check(FileArguments),
    /// Print the JSON Schema of the configuration file
    Schema,
    /// Say how a running host is doing
    #[cfg(unix)]
    Status(HostArguments),
    /// Say how its plugins are doing
    #[cfg(unix)]
    Plugins(HostArguments),
    /// List the connections that plugins have: who has each, since when, and what runs on it
    #[cfg(unix)]
    Leases(HostArguments),
    /// List the statements that run, and the calls that wait for a connection
    #[cfg(unix)]
    Statements(HostArguments),
    /// Print the configuration that a running host has in force, without secrets
    #[cfg(unix)]
    Config(HostArguments),
    /// Read the configuration anew and do as it says; what is wrong with it leaves everything as it
    /// was
    #[cfg(unix)]
    Reload(HostArguments),
    /// Change one key of the configuration until it is read anew
    #[cfg(unix)]
    Set(SetArguments),
    /// Lend nothing new to one of its plugins, or to all; what is lent may be used to its end
    #[cfg(unix)]
    Pause(WhomArguments),
    /// End a pause or a drain
    #[cfg(unix)]
    Resume(WhomArguments),
    /// Pause a plugin and wait until it has given everything back, or pause all and close every
    /// connection to the database
    #[cfg(unix)]
    Drain(DrainArguments),
    /// End a session, a lease, a statement, or the wait of a call, in the database, too
    #[cfg(unix)]
    Kill(KillArguments),
    /// Replace every connection to the database as it comes free
    #[cfg(unix)]
    Reconnect(HostArguments),
    /// Show it in the terminal, live: connections, plugins, statements and leases; kill from there
    #[cfg(all(unix, feature = "top"))]
    Top(HostArguments),
    /// Write all that helps to find out what is wrong into one file, without secrets
    #[cfg(unix)]
    Dump(DumpArguments),
    /// End one of its plugins in order, and start it again from its program, which may be a new one
    #[cfg(unix)]
    Restart(RestartArguments),
    /// Run a program here as a plugin of a running host
    #[cfg(unix)]
    Attach(AttachArguments),
    /// Say what an error code means, or list all of them
    Explain {
        /// The code, as a number or a name: 300, QUEUE_TIMEOUT
        code: Option<String>,
    },
    /// Print what a shell needs to complete these commands
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the pages of the manual into a folder
    Manual {
        /// The folder, which is made if it is not there
        folder: PathBuf,
    },
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct FileArguments {
    /// The configuration file [default: onepool.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "ONEPOOL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Which running host, and how its answer is printed.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct HostArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,

    /// Where the host's plugins connect [default: the endpoint of the configuration]
    #[arg(long, value_name = "PATH")]
    pub(crate) endpoint: Option<Endpoint>,

    /// The host's admin socket, where that has a path of its own [default: as the configuration
    /// says]
    #[arg(long, value_name = "PATH", conflicts_with = "endpoint")]
    pub(crate) socket: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which key of which host.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// The key with its tables: pool.max_connections, plugins.reports.quota.max
    #[arg(value_name = "KEY")]
    pub(crate) key: String,

    /// Its value, as the file would hold it; the quotes of a text may be left out
    #[arg(value_name = "VALUE")]
    pub(crate) value: String,

    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// Whom of which host.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct WhomArguments {
    /// The plugin [default: all of them]
    #[arg(value_name = "NAME")]
    pub(crate) plugin: Option<String>,

    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// Whom of which host, and for how long to wait.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct DrainArguments {
    #[command(flatten)]
    pub(crate) whom: WhomArguments,

    /// How long to wait for what is held, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "30")]
    pub(crate) timeout: Duration,
}

/// What of which host.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct KillArguments {
    /// Its name, as `leases` and `statements` list it: session-3, lease-7.12, statement-7.33, wait-9
    #[arg(value_name = "WHAT")]
    pub(crate) target: Target,

    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// What is told of which host, and where it is written.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct DumpArguments {
    /// The file, which must not be there yet [default: onepool-dump-TIME.json]
    #[arg(value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,

    /// Leave the texts of statements out: they hold no arguments, and what is written into a text
    /// itself stays in it
    #[arg(long)]
    pub(crate) without_texts: bool,

    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// Which plugin of which host.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct RestartArguments {
    /// The plugin
    #[arg(value_name = "NAME")]
    pub(crate) plugin: String,

    #[command(flatten)]
    pub(crate) host: HostArguments,
}

/// What is run as which plugin.
#[cfg(unix)]
#[derive(Debug, Args)]
pub(crate) struct AttachArguments {
    /// The plugin
    #[arg(value_name = "NAME")]
    pub(crate) plugin: String,

    /// Lift the time-outs of the plugin's quota until the host stops, for a debugger
    #[arg(long)]
    pub(crate) no_timeouts: bool,

    #[command(flatten)]
    pub(crate) host: HostArguments,

    /// The program, and its arguments; with --json the variables that it would need are printed
    #[arg(last = true, value_name = "PROGRAM", required_unless_present = "json")]
    pub(crate) program: Vec<OsString>,
}

/// What overrides the file, and the variables of the environment.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) file: FileArguments,

    /// The database: sqlite:..., postgres://..., mysql://...
    ///
    /// Others can read the arguments of a process, so a URL with a password belongs into the
    /// environment.
    #[arg(
        long,
        value_name = "URL",
        env = "ONEPOOL_DATABASE",
        hide_env_values = true
    )]
    pub(crate) database: Option<DatabaseUrl>,

    /// The cap: how many connections the database ever sees [default: 10]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<u32>,

    /// How many plugin sessions there may be at once [default: 256]
    #[arg(long, value_name = "N")]
    pub(crate) max_sessions: Option<usize>,

    /// Where plugins connect: the path of a socket in a folder that only this user can enter, or
    /// on Windows the name of a pipe [default: a new one]
    #[arg(long, value_name = "PATH")]
    pub(crate) endpoint: Option<Endpoint>,

    /// A plugin to launch; may be repeated
    #[arg(long = "plugin", value_name = "NAME=PROGRAM", value_parser = plugin)]
    pub(crate) plugins: Vec<(String, String)>,

    /// Another user whose processes may connect, by number; may be repeated
    #[cfg(unix)]
    #[arg(long = "allow-user", value_name = "UID")]
    pub(crate) allowed_users: Vec<u32>,

    /// How long plugins get to end when the host stops, in seconds [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) stop_timeout: Option<Duration>,
}

impl ServeArguments {
    /// What is said here, as keys of the configuration.
    pub(crate) fn overrides(&self) -> Result<Vec<Override>, ProgramError> {
        let mut overrides: Vec<Override> = Vec::new();
        let mut set = |keys: &[&str], value: Option<Value>, flag| {
            let path = keys.iter().map(|key| (*key).to_owned()).collect();
            overrides.extend(value.map(|value| (path, value, flag)));
        };
        let url = self.database.as_ref().map(|url| url.0.as_str().into());
        set(&["database", "url"], url, "--database or ONEPOOL_DATABASE");
        let max_connections = self.max_connections.map(Value::from);
        set(
            &["pool", "max_connections"],
            max_connections,
            "--max-connections",
        );
        let max_sessions = self.max_sessions.map(Value::from);
        set(&["host", "max_sessions"], max_sessions, "--max-sessions");
        let endpoint = self
            .endpoint
            .as_ref()
            .map(|endpoint| endpoint.to_string().into());
        set(&["host", "endpoint"], endpoint, "--endpoint");
        let stop_timeout = self
            .stop_timeout
            .map(|timeout| format!("{}ms", timeout.as_millis()).into());
        set(&["host", "stop_timeout"], stop_timeout, "--stop-timeout");
        #[cfg(unix)]
        let users =
            (!self.allowed_users.is_empty()).then(|| Value::from(self.allowed_users.clone()));
        #[cfg(unix)]
        set(&["host", "allowed_users"], users, "--allow-user");
        let mut names = HashSet::new();
        for (name, program) in &self.plugins {
            if !names.insert(name) {
                return Err(ProgramError::Usage(format!(
                    "--plugin: there are two plugins named {name}; give each a name of its own"
                )));
            }
            let program = Some(program.as_str().into());
            set(&["plugins", name, "program"], program, "--plugin");
        }
        Ok(overrides)
    }
}

/// The URL of a database, which may hold a password and does not print.
#[derive(Clone)]
pub(crate) struct DatabaseUrl(pub(crate) String);

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(Self(url.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

fn plugin(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, program)) if !name.is_empty() && !program.is_empty() => {
            Ok((name.to_owned(), program.to_owned()))
        }
        _ => Err("give a name and a program, as in reports=/usr/lib/app/reports"),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn serve(arguments: &[&str]) -> Result<ServeArguments, clap::Error> {
        let words = ["onepool", "serve"].iter().chain(arguments);
        match Arguments::try_parse_from(words)?.command {
            Command::Serve(arguments) => Ok(arguments),
            _ => unreachable!(),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn plugins_have_a_name_and_a_program() {
        let database = "--database=sqlite:x";
        let arguments = serve(&[database, "--plugin=a=/bin/a", "--plugin", "b=b=c"]).unwrap();
        let pair = |name: &str, program: &str| (name.to_owned(), program.to_owned());
        assert_eq!(arguments.plugins, [pair("a", "/bin/a"), pair("b", "b=c")]);
        for wrong in ["a", "a=", "=b"] {
            assert!(serve(&[database, "--plugin", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_database_does_not_print() {
        let arguments = serve(&["--database=postgres://u:secret@h/d"]).unwrap();
        assert!(!format!("{arguments:?}").contains("secret"));
    }

    #[test]
    fn a_stop_timeout_is_a_number_of_seconds() {
        let arguments = serve(&["--database=x", "--stop-timeout=0.5"]).unwrap();
        assert_eq!(arguments.stop_timeout, Some(Duration::from_millis(500)));
        for wrong in ["x", "-1", "nan"] {
            let argument = format!("--stop-timeout={wrong}");
            assert!(serve(&["--database=x", &argument]).is_err(), "{wrong}");
        }
    }
}
