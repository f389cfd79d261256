//! Where a MySQL or MariaDB server is, and how a backend of it is opened.

use std::str::FromStr;

use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;

use super::MySqlDriver;
use crate::db::failure;
use crate::db::interrupt::Identity;
use crate::db::url;

/// Statements that sqlx keeps prepared by default.
const STATEMENT_CACHE: usize = 100;

/// A server and how to open a backend of it.
#[derive(Clone)]
pub(in crate::db) struct MySqlOptions {
    options: MySqlConnectOptions,
    socket: Option<String>,
    statement_cache: usize,
}

impl MySqlOptions {
    /// Reads a `mysql:` or `mariadb:` URL.
    pub(in crate::db) fn parse(url: &str) -> Result<Self, Failure> {
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|error| failure::misconfigured(url, failure::from_driver(error)))?
            .disable_statement_logging();
        Ok(Self {
            socket: options.get_socket().map(|path| path.display().to_string()),
            options,
            statement_cache: url::statement_cache(url).unwrap_or(STATEMENT_CACHE),
        })
    }

    /// Host and port or socket, and database.
    pub(in crate::db) fn place(&self) -> String {
        let server = match &self.socket {
            Some(socket) => socket.clone(),
            None => format!("{}:{}", self.options.get_host(), self.options.get_port()),
        };
        match self.options.get_database() {
            Some(database) => format!("{server}/{database}"),
            None => server,
        }
    }

    /// The same with this many statements kept by each backend.
    pub(in crate::db) fn with_statement_cache(mut self, capacity: usize) -> Self {
        self.statement_cache = capacity;
        self
    }

    /// The same server as somebody else.
    pub(in crate::db) fn with_login(mut self, user: &str, password: Option<&str>) -> Self {
        // Without one, that of the URL must not be tried: it is the host's.
        let password = password.unwrap_or_default();
        self.options = self.options.username(user).password(password);
        self
    }

    /// The same with backends that begin in this database.
    pub(in crate::db) fn with_schema(mut self, schema: &str) -> Self {
        self.options = self.options.database(schema);
        self
    }

    /// Opens a backend.
    pub(in crate::db) async fn connect(&self) -> Result<MySqlDriver, Failure> {
        let options = self.options.clone();
        let options = options.statement_cache_capacity(self.statement_cache);
        let connection = options
            .connect()
            .await
            .map_err(|error| failure::unreachable(DatabaseKind::MySql, self.place(), error))?;
        let mut driver = MySqlDriver::new(connection, self.statement_cache > 0);
        let identity = identity(&mut driver)
            .await
            .map_err(|failure| failure::at_connect(DatabaseKind::MySql, self.place(), failure))?;
        Ok(driver.identified(identity))
    }
}

/// Who the backend is. Connections are numbered from one again when the server starts anew, so
/// when it started belongs to it: the time now, less the time it has been up.
async fn identity(driver: &mut MySqlDriver) -> Result<Identity, Failure> {
    const WHO: &str = "SELECT CONNECTION_ID(), UNIX_TIMESTAMP(); SHOW GLOBAL STATUS LIKE 'Uptime'";
    let rows = driver.query(WHO).await?;
    let mut numbers = rows.into_iter().flatten().flatten().filter_map(|cell| {
        // Among the cells is the word `Uptime`.
        cell.parse::<u64>().ok()
    });
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(process), Some(now), Some(up)) => Ok(Identity {
            process,
            started: now.saturating_sub(up).to_string().into(),
        }),
        _ => {
            let what = "the server does not say which connection this is";
            Err(Failure::new(Code::DATABASE_PROTOCOL, what))
        }
    }
}
