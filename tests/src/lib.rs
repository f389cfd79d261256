//! Real databases for tests: private PostgreSQL and MariaDB servers, and SQLite files.
//!
//! A test asks for a database and gets one of its own:
//!
//! ```no_run
//! # async fn example() {
//! let database = onepool_tests::postgres().await.database(4).await;
//! // ... run the thing under test on `database.url` ...
//! assert_eq!(database.refusals().await, 0);
//! # }
//! ```
//!
//! The first test of a run that asks for a kind of server starts it, in a temporary folder, on a
//! Unix socket, as an unprivileged user; the tests after it share it. The servers stop, and their
//! folder goes, when `cargo test` ends, in whatever way it ends; those of a program that was started
//! by hand, when it does. The machine's own database servers are never touched.
//!
//! The server is the referee: a database's role may hold `cap` connections and no more, so whoever
//! opens one too many is refused by the server itself, and [`Database::refusals`] says so.

#[doc(hidden)]
pub mod fuzz;
mod moment;
mod plugin;
#[cfg(unix)]
mod private;
#[cfg(unix)]
mod proxy;
mod sqlite;

pub use moment::{Moment, Stepped};
pub use plugin::{EXERCISE_ROWS, be_busy, exercise};
#[cfg(unix)]
pub use private::{Database, Kind, OwnServer, Server, mariadb, postgres};
#[cfg(unix)]
pub use proxy::{Fault, Kept, Mark, Proxy, Which};
pub use sqlite::{SqliteFile, sqlite};

/// For the plugins of the host's own tests, which must not depend on the SDK itself.
#[doc(hidden)]
pub use onepool_sdk as sdk;

/// What the guides say must compile, and run where it can.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/porting.md")]
    struct Porting;
}
