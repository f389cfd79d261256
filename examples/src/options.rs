//! What can be said on the command line.

use std::fmt;
use std::num::{NonZeroU32, ParseFloatError};
use std::str::FromStr;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::plugins::Kind;

/// Many plugin processes at work on one database, through one small pool
#[derive(Debug, Parser)]
#[command(name = "onepool-examples", version)]
pub struct Options {
    /// The database: sqlite:..., postgres://..., mysql://... [default: a new SQLite file]
    ///
    /// The plugins' tables there begin with `onepool_demo_`, and stay.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,

    /// How many plugin processes there are
    #[arg(long, value_name = "N", default_value = "12")]
    pub plugins: NonZeroU32,

    /// How many connections the database ever sees
    #[arg(long, value_name = "N", default_value = "4")]
    pub cap: NonZeroU32,

    /// How long the plugins work
    #[arg(long, default_value = "8")]
    pub seconds: Seconds,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Be a plugin; the host application says so to the processes that it starts
    #[command(hide = true)]
    Plugin {
        kind: Kind,
        #[arg(long)]
        seconds: Seconds,
    },
}

/// A time span, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seconds(f64);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text
            .parse()
            .map_err(|error: ParseFloatError| error.to_string())?;
        Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
        Ok(Self(seconds))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Seconds> for Duration {
    fn from(Seconds(seconds): Seconds) -> Self {
        Self::from_secs_f64(seconds)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn seconds_are_a_time_span() {
        assert_eq!("0.5".parse(), Ok(Seconds(0.5)));
        for wrong in ["", "-1", "x", "inf", "nan"] {
            assert!(wrong.parse::<Seconds>().is_err(), "{wrong}");
        }
    }
}
