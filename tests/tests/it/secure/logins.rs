//! Plugins with logins and schemas of their own.

mod rights;

use std::time::{Duration, Instant};

use onepool_host::{Code, Host, HostBuilder, Login, Quota};
use onepool_sdk::{OnepoolPool, with_deadline};
use onepool_tests::{Database, Kind};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::{code, plugin};

/// Longer than anything here takes, so that a test that hangs ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database with two logins beside the host's own.
struct Stage {
    kind: Kind,
    database: Database,
}

impl Stage {
    async fn new(kind: Kind, cap: u32) -> Self {
        let database = kind.server().await.database(cap).await;
        let stage = Self { kind, database };
        for nth in ["a", "b"] {
            let user = stage.user(nth);
            let name = &stage.database.name;
            stage
                .run(match kind {
                    Kind::Postgres => vec![
                        format!("CREATE ROLE {user} LOGIN PASSWORD 'pw-{nth}'"),
                        format!("CREATE SCHEMA {user} AUTHORIZATION {user}"),
                    ],
                    Kind::MariaDb => vec![
                        format!("CREATE USER {user}@localhost IDENTIFIED BY 'pw-{nth}'"),
                        format!("CREATE DATABASE {user}"),
                        format!("GRANT ALL ON {user}.* TO {user}@localhost"),
                        format!("GRANT ALL ON {name}.* TO {user}@localhost"),
                    ],
                })
                .await;
        }
        stage
    }

    /// What the host's own login needs.
    async fn grant(&self) {
        let name = &self.database.name;
        self.run(match self.kind {
            Kind::Postgres => ["a", "b"]
                .map(|nth| format!("GRANT {} TO {name}", self.user(nth)))
                .to_vec(),
            Kind::MariaDb => vec![format!(
                "GRANT CONNECTION ADMIN, PROCESS ON *.* TO {name}@localhost"
            )],
        })
        .await;
    }

    /// Takes it away again, also from the connections that the host's own login has by now: MariaDB
    /// asks for the right when a connection begins.
    async fn revoke(&self) {
        let name = &self.database.name;
        self.run(match self.kind {
            Kind::Postgres => ["a", "b"]
                .map(|nth| format!("REVOKE {} FROM {name}", self.user(nth)))
                .to_vec(),
            Kind::MariaDb => vec![format!(
                "REVOKE CONNECTION ADMIN, PROCESS ON *.* FROM {name}@localhost"
            )],
        })
        .await;
        if self.kind == Kind::MariaDb {
            self.cut_the_hosts_own().await;
        }
    }

    async fn cut_the_hosts_own(&self) {
        let name = &self.database.name;
        self.run(vec![format!("KILL CONNECTION USER {name}@localhost")])
            .await;
    }

    /// How many connections of plugin a's login sleep in a statement.
    async fn sleeping(&self) -> i64 {
        let user = self.user("a");
        self.count(match self.kind {
            Kind::Postgres => format!(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}' \
                 AND state = 'active' AND query LIKE '%pg_sleep%'"
            ),
            Kind::MariaDb => format!(
                "SELECT count(*) FROM information_schema.processlist WHERE user = '{user}' \
                 AND command <> 'Sleep' AND info LIKE '%SLEEP%'"
            ),
        })
        .await
    }

    fn user(&self, nth: &str) -> String {
        format!("{}_{nth}", self.database.name)
    }

    fn login(&self, nth: &str) -> Login {
        Login::new(self.user(nth)).password(format!("pw-{nth}"))
    }

    fn host(&self, cap: u32) -> HostBuilder {
        Host::builder()
            .database(&self.database.url)
            .max_connections(cap)
            .plugin_login("a", self.login("a"))
            .plugin_login("b", self.login("b"))
    }

    /// Runs statements as the superuser, on the database.
    async fn run(&self, statements: Vec<String>) {
        run(self.kind, &self.database.admin_url, &statements).await;
    }

    /// How many connections the server lists of the three logins together.
    async fn connections(&self) -> i64 {
        let name = &self.database.name;
        let sql = match self.kind {
            Kind::Postgres => format!(
                "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('{name}', '{name}_a', '{name}_b')"
            ),
            Kind::MariaDb => format!(
                "SELECT count(*) FROM information_schema.processlist \
                 WHERE user IN ('{name}', '{name}_a', '{name}_b')"
            ),
        };
        self.count(sql).await
    }

    /// A number, as the superuser sees it.
    async fn count(&self, sql: String) -> i64 {
        let sql = AssertSqlSafe(sql);
        let url = self.database.server().admin_url();
        match self.kind {
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&url).await.unwrap();
                let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
                connection.close().await.unwrap();
                count.unwrap()
            }
            Kind::MariaDb => {
                let mut connection = MySqlConnection::connect(&url).await.unwrap();
                let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
                connection.close().await.unwrap();
                count.unwrap()
            }
        }
    }

    /// No connection is left behind. The server takes a moment to see that the last one is gone.
    async fn is_left(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.connections().await > 0 {
            assert!(Instant::now() < deadline, "a connection was left behind");
        }
    }

    /// Who the server says that a plugin is.
    fn who(&self) -> &'static str {
        match self.kind {
            Kind::Postgres => "SELECT current_user::text",
            Kind::MariaDb => "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)",
        }
    }

    fn schema(&self) -> &'static str {
        match self.kind {
            Kind::Postgres => "SELECT current_schema()::text",
            Kind::MariaDb => "SELECT DATABASE()",
        }
    }

    fn sleep(&self) -> &'static str {
        match self.kind {
            Kind::Postgres => "SELECT pg_sleep(30)",
            Kind::MariaDb => "SELECT SLEEP(30)",
        }
    }
}

async fn run(kind: Kind, url: &str, statements: &[String]) {
    for sql in statements {
        let sql = AssertSqlSafe(sql.clone());
        match kind {
            Kind::Postgres => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Kind::MariaDb => {
                let mut connection = MySqlConnection::connect(url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

async fn text(pool: &OnepoolPool, sql: &'static str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(sql).fetch_one(pool).await
}

/// Three plugins want the one backend that a cap of two leaves for work, each with a login of its
/// own. On PostgreSQL the database's own connection limit is the referee of the cap.
async fn each_is_who_it_is(kind: Kind, revoked: bool) {
    let stage = Stage::new(kind, 2).await;
    stage.grant().await;
    if kind == Kind::Postgres {
        let name = &stage.database.name;
        let limit = format!("ALTER DATABASE {name} CONNECTION LIMIT 2");
        run(kind, &stage.database.server().admin_url(), &[limit]).await;
    }
    let host = stage.host(2).start().await.unwrap();
    if revoked {
        stage.revoke().await;
    }
    let stop = CancellationToken::new();
    let mut tasks = Vec::new();
    for (name, user) in [
        ("a", stage.user("a")),
        ("b", stage.user("b")),
        ("own", stage.database.name.clone()),
    ] {
        let pool = plugin(&host, name).await;
        for _ in 0..3 {
            let (pool, user, stop, who) = (pool.clone(), user.clone(), stop.clone(), stage.who());
            tasks.push(tokio::spawn(async move {
                let mut asked = 0;
                while !stop.is_cancelled() {
                    assert_eq!(text(&pool, who).await.unwrap(), Some(user.clone()));
                    let mut transaction = pool.begin().await.unwrap();
                    let own: String = sqlx::query_scalar(who)
                        .fetch_one(&mut *transaction)
                        .await
                        .unwrap();
                    assert_eq!(own, user);
                    transaction.commit().await.unwrap();
                    asked += 1;
                }
                asked
            }));
        }
    }
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        let seen = stage.connections().await;
        assert!(seen <= 2, "{seen} connections at a cap of 2");
    }
    stop.cancel();
    for task in tasks {
        let asked: u32 = task.await.unwrap();
        assert!(asked > 0, "somebody starved");
    }
    assert_eq!(host.pool_stats().peak, 2);
    host.stop().await;
    stage.is_left().await;
    assert_eq!(stage.database.refusals().await, 0);
}

#[tokio::test]
async fn each_is_who_it_is_on_postgres() {
    each_is_who_it_is(Kind::Postgres, false).await;
}

#[tokio::test]
async fn each_is_who_it_is_on_mariadb() {
    each_is_who_it_is(Kind::MariaDb, false).await;
}

/// The control backend has the host's login, and cancels what others run.
async fn a_statement_of_another_login_is_cancelled(kind: Kind) {
    let stage = Stage::new(kind, 3).await;
    let refused = stage.host(3).start().await.unwrap_err().to_string();
    assert!(refused.contains("the login of a:"), "{refused}");
    let (_, statement) = refused.split_once("have a superuser run: ").unwrap();
    assert!(statement.starts_with("GRANT "), "{refused}");
    stage.is_left().await;
    stage.run(vec![statement.to_owned()]).await;
    stage.grant().await;

    let quick = Quota {
        statement_timeout: Some(Duration::from_millis(200)),
        ..Quota::default()
    };
    let host = stage.host(3).default_quota(quick).start().await.unwrap();
    let pool = plugin(&host, "a").await;
    let began = Instant::now();
    let cancelled = text(&pool, stage.sleep()).await;
    // MariaDB's SLEEP ends early instead of failing.
    if let Err(error) = &cancelled {
        assert_eq!(code(error), Some(Code::DEADLINE_EXCEEDED), "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "it was abandoned");
    assert!(host.pool_stats().cancels.sent > 0);
    assert_eq!(
        text(&pool, stage.who()).await.unwrap(),
        Some(stage.user("a"))
    );
    host.stop().await;
}

#[tokio::test]
async fn a_statement_of_another_login_is_cancelled_on_postgres() {
    a_statement_of_another_login_is_cancelled(Kind::Postgres).await;
}

#[tokio::test]
async fn a_statement_of_another_login_is_cancelled_on_mariadb() {
    a_statement_of_another_login_is_cancelled(Kind::MariaDb).await;
}

/// A login that is locked while the host runs stops its plugin, until it is let in again, and
/// nobody else.
async fn a_login_that_is_refused_stops_its_plugin_alone(kind: Kind) {
    let stage = Stage::new(kind, 3).await;
    stage.grant().await;
    let host = stage.host(3).start().await.unwrap();
    let (a, b) = (plugin(&host, "a").await, plugin(&host, "b").await);
    let own = plugin(&host, "own").await;
    assert_eq!(text(&a, stage.who()).await.unwrap(), Some(stage.user("a")));
    let user = stage.user("a");
    stage
        .run(match kind {
            Kind::Postgres => vec![
                format!("ALTER ROLE {user} NOLOGIN"),
                format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'"
                ),
            ],
            Kind::MariaDb => vec![
                format!("ALTER USER {user}@localhost ACCOUNT LOCK"),
                format!("KILL CONNECTION USER {user}@localhost"),
            ],
        })
        .await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        // The first may find the link broken.
        let error = text(&a, stage.who()).await;
        if matches!(&error, Err(error) if code(error) == Some(Code::LOGIN_REFUSED)) {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(&user) && !error.contains("pw-a"), "{error}");
            break;
        }
        assert!(Instant::now() < deadline, "{error:?}");
        for other in [&b, &own] {
            // What broke had the others opened anew, which none of them notices.
            assert!(text(other, stage.who()).await.is_ok());
        }
    }
    for _ in 0..20 {
        assert_eq!(text(&b, stage.who()).await.unwrap(), Some(stage.user("b")));
        assert!(text(&own, stage.who()).await.is_ok());
        let error = text(&a, stage.who()).await.unwrap_err();
        assert_eq!(code(&error), Some(Code::LOGIN_REFUSED), "{error}");
    }
    stage
        .run(match kind {
            Kind::Postgres => vec![format!("ALTER ROLE {user} LOGIN")],
            Kind::MariaDb => vec![format!("ALTER USER {user}@localhost ACCOUNT UNLOCK")],
        })
        .await;
    while text(&a, stage.who()).await.is_err() {
        assert!(Instant::now() < deadline, "it is never let in again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    host.stop().await;
}

#[tokio::test]
async fn a_login_that_is_refused_stops_its_plugin_alone_on_postgres() {
    a_login_that_is_refused_stops_its_plugin_alone(Kind::Postgres).await;
}

#[tokio::test]
async fn a_login_that_is_refused_stops_its_plugin_alone_on_mariadb() {
    a_login_that_is_refused_stops_its_plugin_alone(Kind::MariaDb).await;
}

/// The schema is what a backend comes back to, whatever was done to it.
async fn a_schema_holds(kind: Kind, undoing: &[&'static str]) {
    let stage = Stage::new(kind, 2).await;
    stage.grant().await;
    let missing = stage.host(2).plugin_schema("a", "nowhere").start().await;
    let missing = missing.unwrap_err().to_string();
    assert!(missing.contains("nowhere"), "{missing}");
    let user = stage.user("a");
    let host = stage.host(2).plugin_schema("a", &user);
    let host = host.start().await.unwrap();
    let (a, own) = (plugin(&host, "a").await, plugin(&host, "own").await);
    let elsewhere = text(&own, stage.schema()).await.unwrap();
    assert_ne!(elsewhere.as_ref(), Some(&user));
    for sql in undoing {
        let mut connection = a.acquire().await.unwrap();
        sqlx::raw_sql(*sql).execute(&mut *connection).await.unwrap();
        connection.close().await.unwrap();
        for _ in 0..3 {
            let found = text(&a, stage.schema()).await.unwrap();
            assert_eq!(found.as_ref(), Some(&user), "after {sql}");
        }
        assert_eq!(text(&own, stage.schema()).await.unwrap(), elsewhere);
    }
    sqlx::raw_sql("CREATE TABLE here (id INTEGER)")
        .execute(&a)
        .await
        .unwrap();
    assert!(
        sqlx::raw_sql("SELECT * FROM here")
            .execute(&own)
            .await
            .is_err()
    );
    host.stop().await;
    assert_eq!(stage.database.refusals().await, 0);
}

#[tokio::test]
async fn a_schema_holds_on_postgres() {
    let undoing = [
        "SET search_path = public",
        "RESET ALL",
        "DO $$ BEGIN PERFORM set_config('search_path', 'public', false); END $$",
        "CREATE TEMPORARY TABLE t (id INTEGER)",
    ];
    a_schema_holds(Kind::Postgres, &undoing).await;
}

#[tokio::test]
async fn a_schema_holds_on_mariadb() {
    let undoing = [
        "USE information_schema",
        "CREATE TEMPORARY TABLE t (id INTEGER)",
    ];
    a_schema_holds(Kind::MariaDb, &undoing).await;
}

#[tokio::test]
async fn sqlite_knows_neither() {
    let file = onepool_tests::sqlite();
    let host = || Host::builder().database(&file.url).max_connections(1);
    for wrong in [
        host().plugin_login("a", Login::new("a")),
        host().plugin_schema("a", "a"),
    ] {
        let refused = wrong.start().await.unwrap_err().to_string();
        let parts = ["the login or schema of plugin a", "leave it out"];
        assert!(parts.iter().all(|part| refused.contains(part)), "{refused}");
    }
}

/// One connection in all: it is a writer's and a reader's in turn.
#[tokio::test]
async fn a_reader_and_a_writer_share_a_cap_of_one_on_sqlite() {
    let file = onepool_tests::sqlite();
    let host = Host::builder().database(&file.url).max_connections(1);
    let host = host.read_only_plugin("reader").start().await.unwrap();
    let (writer, reader) = (plugin(&host, "writer").await, plugin(&host, "reader").await);
    let create = "CREATE TABLE notes (id INTEGER PRIMARY KEY)";
    sqlx::raw_sql(create).execute(&writer).await.unwrap();
    for written in 1..=10_i64 {
        let insert = sqlx::query("INSERT INTO notes DEFAULT VALUES");
        insert.execute(&writer).await.unwrap();
        let count = sqlx::query_scalar("SELECT count(*) FROM notes");
        let read: i64 = count.fetch_one(&reader).await.unwrap();
        assert_eq!(read, written);
    }
    assert_eq!(host.pool_stats().peak, 1);
    host.stop().await;
}
