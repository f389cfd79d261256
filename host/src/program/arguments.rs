//! What can be said on the command line.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use onepool_host::{Endpoint, Plugin};

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
    /// Say what an error code means, or list all of them
    Explain {
        /// The code, as a number or a name: 300, QUEUE_TIMEOUT
        code: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
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
    pub(crate) database: DatabaseUrl,

    /// The cap: how many connections the database ever sees
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) max_connections: u32,

    /// How many plugin sessions there may be at once
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) max_sessions: usize,

    /// Where plugins connect: the path of a socket in a folder that only this user can enter, or
    /// on Windows the name of a pipe [default: a new one]
    #[arg(long, value_name = "PATH")]
    pub(crate) endpoint: Option<Endpoint>,

    /// A plugin to launch; may be repeated
    #[arg(long = "plugin", value_name = "NAME=PROGRAM", value_parser = plugin)]
    pub(crate) plugins: Vec<Plugin>,

    /// Another user whose processes may connect, by number; may be repeated
    #[cfg(unix)]
    #[arg(long = "allow-user", value_name = "UID")]
    pub(crate) allowed_users: Vec<u32>,

    /// How long plugins get to end when the host stops, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) stop_timeout: Duration,
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

fn plugin(text: &str) -> Result<Plugin, &'static str> {
    match text.split_once('=') {
        Some((name, program)) if !name.is_empty() && !program.is_empty() => {
            Ok(Plugin::new(name, PathBuf::from(program)))
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
            Command::Explain { .. } => unreachable!(),
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
        assert_eq!(
            arguments.plugins,
            [Plugin::new("a", "/bin/a"), Plugin::new("b", "b=c")]
        );
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
        assert_eq!(arguments.stop_timeout, Duration::from_millis(500));
        for wrong in ["x", "-1", "nan"] {
            let argument = format!("--stop-timeout={wrong}");
            assert!(serve(&["--database=x", &argument]).is_err(), "{wrong}");
        }
    }
}
