//! Where the database is, and how to connect.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use onepool_proto::{Code, DatabaseKind, Failure};

use super::driver::Driver;
use super::failure;
use super::mysql::MySqlOptions;
use super::postgres::PostgresOptions;
use super::sqlite::SqliteOptions;

/// Gives the database's URL afresh for each connection, for passwords that do not last.
pub(crate) type Supplier =
    Arc<dyn Fn() -> BoxFuture<'static, Result<String, Box<dyn Error + Send + Sync>>> + Send + Sync>;

const SCHEMES: &str = "it must begin with sqlite:, postgres:, postgresql:, mysql: or mariadb:";

/// Where the database is, and how to connect.
#[derive(Clone)]
pub(crate) struct Source {
    target: Target,
    supplier: Option<Supplier>,
    statement_cache: Option<usize>,
}

#[derive(Clone)]
enum Target {
    Sqlite(SqliteOptions),
    Postgres(PostgresOptions),
    MySql(MySqlOptions),
}

impl Source {
    /// The database at `url`.
    ///
    /// # Errors
    /// [`Code::CONFIGURATION`] says what is wrong with the URL, and never shows its password.
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        Ok(Self {
            target: Target::parse(url)?,
            supplier: None,
            statement_cache: None,
        })
    }

    /// The database whose URL `supplier` gives anew for every connection; `first` is such a URL
    /// and says which kind of database it is.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), for `first`.
    pub(crate) fn from_supplier(first: &str, supplier: Supplier) -> Result<Self, Failure> {
        Ok(Self {
            supplier: Some(supplier),
            ..Self::parse(first)?
        })
    }

    /// The kind of database.
    pub(crate) fn kind(&self) -> DatabaseKind {
        self.target.kind()
    }

    /// Where the database is, for people. Holds no secrets.
    pub(crate) fn place(&self) -> String {
        match &self.target {
            Target::Sqlite(options) => options.place(),
            Target::Postgres(options) => options.place(),
            Target::MySql(options) => options.place(),
        }
    }

    /// The same with this many prepared statements kept by each backend.
    pub(crate) fn with_statement_cache(mut self, capacity: usize) -> Self {
        self.statement_cache = Some(capacity);
        self
    }

    /// Opens a backend.
    ///
    /// # Errors
    /// [`Code::DATABASE_DOWN`], [`Code::DATABASE_TLS`] or [`Code::CONFIGURATION`].
    pub(crate) async fn connect(&self) -> Result<Driver, Failure> {
        let mut target = match &self.supplier {
            Some(supplier) => self.supplied(supplier).await?,
            None => self.target.clone(),
        };
        if let Some(capacity) = self.statement_cache {
            target = target.with_statement_cache(capacity);
        }
        match target {
            Target::Sqlite(options) => options.connect().await.map(Driver::Sqlite),
            Target::Postgres(options) => options.connect().await.map(Driver::Postgres),
            Target::MySql(options) => options.connect().await.map(Driver::MySql),
        }
    }

    async fn supplied(&self, supplier: &Supplier) -> Result<Target, Failure> {
        let url = supplier().await.map_err(|error| {
            let what = format!("the database URL could not be obtained: {error}");
            Failure::new(Code::DATABASE_DOWN, what)
        })?;
        let target = self.target.renewed(&url)?;
        if target.kind() != self.kind() {
            let what = "it names another kind of database than at the start";
            return Err(failure::misconfigured(&url, what));
        }
        Ok(target)
    }
}

impl Target {
    fn parse(url: &str) -> Result<Self, Failure> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => SqliteOptions::parse(url).map(Self::Sqlite),
            Some("postgres" | "postgresql") => PostgresOptions::parse(url).map(Self::Postgres),
            Some("mysql" | "mariadb") => MySqlOptions::parse(url).map(Self::MySql),
            _ => Err(failure::misconfigured(url, SCHEMES)),
        }
    }

    /// The target that `url` names, with what was learnt about this one if it is the same kind.
    fn renewed(&self, url: &str) -> Result<Self, Failure> {
        Ok(match (self, Self::parse(url)?) {
            (Self::Postgres(known), Self::Postgres(new)) => Self::Postgres(new.knowing(known)),
            (_, target) => target,
        })
    }

    fn kind(&self) -> DatabaseKind {
        match self {
            Self::Sqlite(_) => DatabaseKind::Sqlite,
            Self::Postgres(_) => DatabaseKind::Postgres,
            Self::MySql(_) => DatabaseKind::MySql,
        }
    }

    fn with_statement_cache(self, capacity: usize) -> Self {
        match self {
            Self::Sqlite(options) => Self::Sqlite(options.with_statement_cache(capacity)),
            Self::Postgres(options) => Self::Postgres(options.with_statement_cache(capacity)),
            Self::MySql(options) => Self::MySql(options.with_statement_cache(capacity)),
        }
    }
}

// Derived, it would print passwords.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} at {})", self.kind(), self.place())
    }
}
