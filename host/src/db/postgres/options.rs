//! Where a PostgreSQL server is, and how a backend of it is opened.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::PostgresDriver;
use crate::db::failure;
use crate::db::interrupt::Identity;
use crate::db::reach::quoted;
use crate::db::url;

/// How soon the server notices that a client has gone while its statement runs. Servers before
/// version 14, and some platforms, do not know the setting.
const CHECK: (&str, &str) = ("client_connection_check_interval", "500");

/// Statements that sqlx keeps prepared by default.
const STATEMENT_CACHE: usize = 100;

/// A server and how to open a backend of it.
#[derive(Clone)]
pub(in crate::db) struct PostgresOptions {
    options: PgConnectOptions,
    statement_cache: usize,
    /// Set once the server has refused [`CHECK`].
    plain: Arc<AtomicBool>,
}

impl PostgresOptions {
    /// Reads a `postgres:` URL.
    pub(in crate::db) fn parse(url: &str) -> Result<Self, Failure> {
        let mut options = PgConnectOptions::from_str(url)
            .map_err(|error| failure::misconfigured(url, failure::from_driver(error)))?
            .disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name("onepool");
        }
        let given = options.get_options().unwrap_or_default().contains(CHECK.0);
        Ok(Self {
            options,
            statement_cache: url::statement_cache(url).unwrap_or(STATEMENT_CACHE),
            plain: Arc::new(AtomicBool::new(given)),
        })
    }

    /// The same with what was learnt about the server through `known`, another URL of it.
    pub(in crate::db) fn knowing(self, known: &Self) -> Self {
        Self {
            plain: Arc::clone(&known.plain),
            ..self
        }
    }

    /// Host, port and database.
    pub(in crate::db) fn place(&self) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        let server = match self.options.get_socket() {
            Some(folder) => format!("{}:{port}", folder.display()),
            None => format!("{host}:{port}"),
        };
        // The server's own default is the user's name.
        let database = self.options.get_database();
        let database = database.unwrap_or_else(|| self.options.get_username());
        format!("{server}/{database}")
    }

    /// The same with this many statements kept by each backend.
    pub(in crate::db) fn with_statement_cache(mut self, capacity: usize) -> Self {
        self.statement_cache = capacity;
        self
    }

    /// The same server and database as somebody else.
    pub(in crate::db) fn with_login(mut self, user: &str, password: Option<&str>) -> Self {
        // Without one, that of the URL must not be tried: it is the host's.
        let password = password.unwrap_or_default();
        self.options = self.options.username(user).password(password);
        self
    }

    /// The same with backends that begin in this schema, and come back to it when they are reset.
    pub(in crate::db) fn with_schema(mut self, schema: &str) -> Self {
        let path = ("search_path", quoted(schema));
        self.options = self.options.options([path]);
        self
    }

    /// Opens a backend.
    pub(in crate::db) async fn connect(&self) -> Result<PostgresDriver, Failure> {
        let mut connection = self.open().await?;
        let identity = identity(&mut connection).await.map_err(|failure| {
            failure::at_connect(DatabaseKind::Postgres, self.place(), failure)
        })?;
        let caches = self.statement_cache > 0;
        let application = self.options.get_application_name().unwrap_or_default();
        let application = application.to_owned();
        Ok(PostgresDriver::new(
            connection,
            identity,
            caches,
            application,
        ))
    }

    async fn open(&self) -> Result<PgConnection, Failure> {
        // Without a cache, a statement that is only described would stay on the server for ever.
        let capacity = self.statement_cache.max(1);
        let plain = self.options.clone().statement_cache_capacity(capacity);
        if !self.plain.load(Ordering::Relaxed) {
            match plain.clone().options([CHECK]).connect().await {
                Err(error) if refuses_check(&error) => self.plain.store(true, Ordering::Relaxed),
                connected => return connected.map_err(|error| self.unreachable(error)),
            }
        }
        let connected = plain.connect().await;
        connected.map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: sqlx::Error) -> Failure {
        failure::unreachable(DatabaseKind::Postgres, self.place(), error)
    }
}

/// Whether the server, or a pooler before it, does not take [`CHECK`].
fn refuses_check(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        let message = error.message();
        message.contains(CHECK.0) || message.contains("startup parameter")
    })
}

/// Who the backend is. Its process number may come again, but not with the same beginning.
async fn identity(connection: &mut PgConnection) -> Result<Identity, Failure> {
    const WHO: &str = "SELECT pid::int8, backend_start::text \
                       FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())";
    let who: (i64, Option<String>) = sqlx::query_as(WHO)
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(failure::from_driver)?;
    let started = who.1.ok_or_else(|| {
        let what = "the server does not tell when a backend of this login started";
        Failure::new(Code::CONFIGURATION, what)
    })?;
    Ok(Identity {
        process: who.0.unsigned_abs(),
        started: started.into(),
    })
}
