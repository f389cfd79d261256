//! Where the database is, and how to connect.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use onepool_proto::{Code, DatabaseKind, Failure};
use tokio::time::Instant;

use super::answer::connected;
use super::driver::Driver;
use super::failure;
use super::login::Access;
use super::mysql::MySqlOptions;
use super::postgres::PostgresOptions;
use super::sqlite::SqliteOptions;

/// Gives the database's URL afresh for each connection, for passwords that do not last.
pub(crate) type Supplier =
    Arc<dyn Fn() -> BoxFuture<'static, Result<String, Box<dyn Error + Send + Sync>>> + Send + Sync>;

const NO_LOGINS: &str = "SQLite has no logins; leave it out. What keeps a plugin from writing \
                         there is read_only";
const NO_SCHEMAS: &str = "SQLite has no schemas; leave it out";

const SCHEMES: &str = "it must begin with sqlite:, postgres:, postgresql:, mysql: or mariadb:";

/// Between two attempts to connect to a server without room.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Where the database is, and how to connect.
#[derive(Clone)]
pub(crate) struct Source {
    target: Target,
    supplier: Option<Supplier>,
    statement_cache: Option<usize>,
    access: Access,
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
            access: Access::default(),
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

    /// The same database as somebody else.
    ///
    /// # Errors
    /// [`Code::CONFIGURATION`] if this database knows no such thing.
    pub(crate) fn accessed(self, access: Access) -> Result<Self, Failure> {
        let wrong = |what: &str| Err(Failure::new(Code::CONFIGURATION, what));
        match self.kind() {
            DatabaseKind::Sqlite if access.login.is_some() => return wrong(NO_LOGINS),
            DatabaseKind::Sqlite if access.schema.is_some() => return wrong(NO_SCHEMAS),
            _ => (),
        }
        if access
            .login
            .as_ref()
            .is_some_and(|login| !is_a_name(login.user()))
        {
            return wrong("a login needs a user: a name without control characters");
        }
        if access
            .schema
            .as_deref()
            .is_some_and(|schema| !is_a_name(schema))
        {
            return wrong("a schema needs a name, without control characters");
        }
        Ok(Self { access, ..self })
    }

    /// As whom it opens backends.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// Opens a backend.
    ///
    /// # Errors
    /// [`Code::DATABASE_DOWN`], [`Code::DATABASE_TLS`] or [`Code::CONFIGURATION`], and
    /// [`Code::LOGIN_REFUSED`] if the database is up and this is about a login or schema that is
    /// not the host's own.
    pub(crate) async fn connect(&self) -> Result<Driver, Failure> {
        let connected = connected(self.open()).await;
        connected.map_err(|failure| {
            if self.access == Access::default() || !failure::refuses_login(&failure) {
                return failure;
            }
            let who = self.access.who();
            Failure {
                code: Code::LOGIN_REFUSED,
                message: format!("the database refuses {who}: {}", failure.message),
                ..failure
            }
        })
    }

    async fn open(&self) -> Result<Driver, Failure> {
        let mut target = match &self.supplier {
            Some(supplier) => self.supplied(supplier).await?,
            None => self.target.clone(),
        };
        if let Some(capacity) = self.statement_cache {
            target = target.with_statement_cache(capacity);
        }
        target = self.as_somebody(target).await?;
        match target {
            Target::Sqlite(options) => options.connect().await.map(Driver::Sqlite),
            Target::Postgres(options) => options.connect().await.map(Driver::Postgres),
            Target::MySql(options) => options.connect().await.map(Driver::MySql),
        }
    }

    /// The target with the credentials and the schema of whoever this is for.
    async fn as_somebody(&self, mut target: Target) -> Result<Target, Failure> {
        let Access {
            login,
            schema,
            reads_only,
        } = &self.access;
        if let Some(login) = login {
            let password = login.fetch().await?;
            target = target.with_login(login.user(), password.as_deref());
        }
        if let Some(schema) = schema {
            target = target.with_schema(schema);
        }
        Ok(if *reads_only {
            target.reading_only()
        } else {
            target
        })
    }

    /// Opens a backend of a server that may still count the connections of a host that has just
    /// stopped: a refusal for want of room is only believed when it has been one for this long.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub(crate) async fn connect_when_there_is_room(
        &self,
        patience: Duration,
    ) -> Result<Driver, Failure> {
        let deadline = Instant::now() + patience;
        loop {
            match self.connect().await {
                Err(failure) if failure::is_crowded(&failure) && Instant::now() < deadline => {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                connected => return connected,
            }
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

    /// SQLite knows no logins.
    fn with_login(self, user: &str, password: Option<&str>) -> Self {
        match self {
            Self::Sqlite(options) => Self::Sqlite(options),
            Self::Postgres(options) => Self::Postgres(options.with_login(user, password)),
            Self::MySql(options) => Self::MySql(options.with_login(user, password)),
        }
    }

    /// SQLite knows no schemas.
    fn with_schema(self, schema: &str) -> Self {
        match self {
            Self::Sqlite(options) => Self::Sqlite(options),
            Self::Postgres(options) => Self::Postgres(options.with_schema(schema)),
            Self::MySql(options) => Self::MySql(options.with_schema(schema)),
        }
    }

    /// Servers see to it by the rights of a login.
    fn reading_only(self) -> Self {
        match self {
            Self::Sqlite(options) => Self::Sqlite(options.reading_only()),
            server => server,
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

fn is_a_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}

// Derived, it would print passwords.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} at {})", self.kind(), self.place())
    }
}
