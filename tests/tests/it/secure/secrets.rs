//! Passwords, tokens and arguments are in no log, no error of the host's and no `Debug`.
//!
//! All happens in a process of its own, whose every event at every level, of the host, the SDK and
//! the drivers, goes to its standard error, and so does whatever else could show a secret. The test
//! reads what it wrote.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use onepool_host::{Code, Host, Login, Plugin, Quota};
use onepool_sdk::{
    BatchExecutor, BatchMode, OnepoolArguments, OnepoolConnectOptions, OnepoolPool,
    OnepoolPoolOptions,
};
use onepool_tests::{Kind, OwnServer};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, PgConnection};

use super::{code, plugin};

const ROLE: &str = "TEST_SECRETS_ROLE";
const KIND: &str = "TEST_SECRETS_KIND";
const FOLDER: &str = "TEST_SECRETS_FOLDER";
const ARGUMENTS: [&str; 3] = ["--exact", "secure::secrets::a_process", "--nocapture"];

/// In the URL of the database.
const PASSWORD: &str = "7c1f-of-the-database";
/// Of a login that a plugin is given by mistake.
const WRONG: &str = "7c1f-of-nobody";
/// In the environment and the command line of a plugin.
const OF_THE_PLUGIN: &str = "7c1f-of-the-plugin";
/// A value that a plugin binds, or writes into a statement.
const VALUE: &str = "7c1f-a-value";
/// A token that the host never issued.
const GUESS: &str = "7c1f-a-guess";
/// Of all of these.
const MARK: &str = "7c1f";

/// Rows of a result that are too many.
const TOO_MANY: u64 = 3;

#[test]
fn none_is_told_on_postgres() {
    none_is_told("postgres");
}

#[test]
fn none_is_told_on_mariadb() {
    none_is_told("mariadb");
}

#[test]
fn none_is_told_on_sqlite() {
    none_is_told("sqlite");
}

fn none_is_told(kind: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(ARGUMENTS)
        .env(ROLE, "host")
        .env(KIND, kind)
        .env(FOLDER, folder.path())
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let mut told = String::from_utf8_lossy(&output.stdout).into_owned();
    told.push_str(&String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", last(&told));
    let tokens = std::fs::read_to_string(folder.path().join("tokens")).unwrap();
    for secret in tokens.lines().chain([MARK]) {
        let lines: Vec<_> = told.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{secret} was told: {lines:#?}");
    }
    // Had nothing been said, this would not mean much.
    for said in [
        "the host is up",
        "plugin launched",
        "done in a process",
        "TRACE",
        "DEBUG",
    ] {
        assert!(told.contains(said), "{said}: {}", last(&told));
    }
}

fn last(told: &str) -> &str {
    let from = told.len().saturating_sub(4_000);
    let from = (from..told.len()).find(|&at| told.is_char_boundary(at));
    &told[from.unwrap_or_default()..]
}

/// The process that is listened to, and its plugin. In the suite itself there is nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_process() {
    match std::env::var(ROLE).as_deref() {
        Ok("host") => be_the_host(&std::env::var(KIND).unwrap()).await,
        Ok("plugin") => be_a_plugin(&std::env::var(KIND).unwrap()).await,
        _ => {}
    }
}

/// Tells all that happens from here on.
fn listen() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(std::io::stderr);
    subscriber.init();
}

async fn be_a_plugin(kind: &str) {
    listen();
    let pool = OnepoolPool::connect("onepool:").await.unwrap();
    misbehave(&pool, kind, "in_a_process").await;
    println!("done in a process");
    std::fs::write(in_folder("done"), "").unwrap();
    onepool_sdk::shutdown_requested().await;
}

async fn be_the_host(kind: &str) {
    let server = match kind {
        "postgres" => Some(OwnServer::start(Kind::Postgres).await),
        "mariadb" => Some(OwnServer::start(Kind::MariaDb).await),
        _ => None,
    };
    let database = match &server {
        Some(server) => Some(server.database(4).await),
        None => None,
    };
    let url = match &database {
        Some(database) => with_the_password(kind, &database.url).await,
        None => format!("sqlite://{}?mode=rwc", in_folder("test.db").display()),
    };
    listen();
    let own = Plugin::new("own", std::env::current_exe().unwrap())
        .args(ARGUMENTS)
        // To the program, one more name of tests.
        .arg(OF_THE_PLUGIN)
        .env(ROLE, "plugin")
        .env("PLUGINS_OWN", OF_THE_PLUGIN);
    let quota = Quota {
        rows_per_result: Some(TOO_MANY - 1),
        ..Quota::default()
    };
    let mut builder = Host::builder()
        .database(&url)
        .max_connections(4)
        .default_quota(quota)
        .plugin(own);
    if let Some(database) = &database {
        let login = Login::new(&database.name);
        is_refused(&url, login.clone().password(WRONG)).await;
        builder = builder.plugin_login("in_memory", login.password(PASSWORD));
    }
    tell(&builder);
    let host = builder.start().await.unwrap();
    tell(&host);
    knock(&host).await;
    let pool = plugin(&host, "in_memory").await;
    tell(&pool);
    misbehave(&pool, kind, "in_memory").await;
    eventually(|| in_folder("done").exists()).await;
    if let Some(server) = &server {
        server.kill().await;
        let mut error = write(&pool, kind, "in_memory", 100).await.unwrap_err();
        for _ in 0..3 {
            tell_error(&error);
            error = write(&pool, kind, "in_memory", 100).await.unwrap_err();
        }
    }
    host.stop().await;
    cannot_start(&url).await;
}

/// The same login with the password of this test.
async fn with_the_password(kind: &str, url: &str) -> String {
    if kind == "postgres" {
        let sql = format!("ALTER ROLE CURRENT_USER PASSWORD '{PASSWORD}'");
        let mut own = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut own)
            .await
            .unwrap();
    } else {
        let sql = format!("SET PASSWORD = PASSWORD('{PASSWORD}')");
        let mut own = MySqlConnection::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut own)
            .await
            .unwrap();
    }
    let with = url.replace(":secret@", &format!(":{PASSWORD}@"));
    assert_ne!(with, url);
    with
}

/// Cannot start, since a plugin's login is not what it should be.
async fn is_refused(url: &str, login: Login) {
    tell(&login);
    let host = Host::builder().database(url).max_connections(4);
    let error = host
        .plugin_login("in_memory", login)
        .start()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("the login of in_memory"),
        "{error}"
    );
    tell(&error);
    tell(&error.to_string().as_str());
}

/// Comes in with a token, comes again with it, and with one of its own making.
async fn knock(host: &Host) {
    let token = host.issue_token("knocks").unwrap();
    tell(&token);
    std::fs::write(in_folder("tokens"), format!("{}\n", token.secret())).unwrap();
    let endpoint = host.endpoint().clone();
    for secret in [token.secret(), token.secret(), GUESS] {
        // Each with a session of its own, or the second would share the first.
        let options = OnepoolConnectOptions::endpoint(endpoint.clone());
        let options = options.plugin("knocks").token(secret);
        tell(&options);
        tell(&options.to_url_lossy().as_str());
        match options.connect().await {
            Ok(connection) => {
                tell(&connection);
                connection.close().await.unwrap();
            }
            Err(error) => tell_error(&error),
        }
    }
}

/// Does with `VALUE` what a plugin may do, and what fails.
async fn misbehave(pool: &OnepoolPool, kind: &str, table: &str) {
    let text = if kind == "mariadb" {
        "LONGTEXT"
    } else {
        "TEXT"
    };
    let create = format!(
        "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name VARCHAR(100) UNIQUE, much {text})"
    );
    sqlx::raw_sql(AssertSqlSafe(create))
        .execute(pool)
        .await
        .unwrap();
    write(pool, kind, table, 1).await.unwrap();
    // What the database says of the value, its own plugin learns.
    let error = write(pool, kind, table, 2).await.unwrap_err();
    let error = error.as_database_error().expect("a violation");
    assert!(error.is_unique_violation());
    if kind != "sqlite" {
        assert!(format!("{error:?}").contains(VALUE), "{error:?}");
    }
    wrong_types(pool, kind, table).await;
    much(pool, kind, table).await;
    literals(pool, table).await;
    settings(pool, kind).await;
}

async fn write(pool: &OnepoolPool, kind: &str, table: &str, id: i32) -> sqlx::Result<()> {
    let sql = marks(
        kind,
        &format!("INSERT INTO {table} (id, name) VALUES (?, ?)"),
    );
    let insert = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(VALUE);
    insert.execute(pool).await.map(|_| ())
}

async fn wrong_types(pool: &OnepoolPool, kind: &str, table: &str) {
    for sql in [
        format!("INSERT INTO {table} (id) VALUES (?)"),
        "SELECT CAST(? AS INTEGER)".to_owned(),
        "SELECT nothing(?)".to_owned(),
        "SELEC ?".to_owned(),
        "LISTEN ?".to_owned(),
    ] {
        let sql = marks(kind, &sql);
        let query = sqlx::query(AssertSqlSafe(sql)).bind(VALUE);
        if let Err(error) = query.fetch_all(pool).await {
            tell_error(&error);
        }
    }
    // A name that is no type, and a value that no column of any database holds.
    let sql = marks(kind, "SELECT ?");
    let named = sqlx::query(AssertSqlSafe(sql)).bind(i64::MAX).bind(VALUE);
    if let Err(error) = named.fetch_all(pool).await {
        tell_error(&error);
    }
}

/// Batches, uploads, results over the quota, and a deadline.
async fn much(pool: &OnepoolPool, kind: &str, table: &str) {
    let insert = marks(
        kind,
        &format!("INSERT INTO {table} (id, name, much) VALUES (?, ?, ?)"),
    );
    let set = |id: i32| {
        let arguments = OnepoolArguments::default();
        let arguments = arguments.bind(id).unwrap().bind(format!("{VALUE}-{id}"));
        arguments.unwrap().bind(VALUE.repeat(300_000)).unwrap()
    };
    let sets = [3, 4, 5, 5].map(set);
    let error = pool
        .execute_batch(AssertSqlSafe(insert.clone()), sets, BatchMode::StopAtFirst)
        .await
        .unwrap_err();
    assert_eq!(error.set, Some(3));
    let all = format!("SELECT id, name FROM {table}");
    let error = sqlx::query(AssertSqlSafe(all.clone()))
        .fetch_all(pool)
        .await;
    tell_error(&error.unwrap_err());
    let late = onepool_sdk::with_deadline(
        Duration::ZERO,
        sqlx::query(AssertSqlSafe(all)).fetch_all(pool),
    );
    tell_error(&late.await.unwrap_err());
}

/// The value in the text. The plugin's own driver may log texts, as any driver; the host does not.
async fn literals(pool: &OnepoolPool, table: &str) {
    let options = pool.connect_options().as_ref().clone();
    let quiet = OnepoolPoolOptions::new().max_connections(1);
    let quiet = quiet.connect_with(options.disable_statement_logging());
    let quiet = quiet.await.unwrap();
    for sql in [
        format!("INSERT INTO {table} (id, name) VALUES (6, '{VALUE}')"),
        format!("SELECT '{VALUE}' FROM nothing"),
        format!("'{VALUE}' is no statement"),
        format!("SELECT nothing('{VALUE}')"),
        format!("SELECT '{VALUE}"),
        format!("SET '{VALUE}' = '{VALUE}'"),
        format!("SET nothing = '{VALUE}'"),
        format!("PRAGMA nothing = '{VALUE}'"),
        format!("BEGIN '{VALUE}'"),
    ] {
        for error in [
            sqlx::query(AssertSqlSafe(sql.clone()))
                .execute(&quiet)
                .await,
            sqlx::raw_sql(AssertSqlSafe(sql.clone()))
                .execute(&quiet)
                .await,
        ] {
            if let Err(error) = error {
                tell_error(&error);
            }
        }
    }
}

/// A setting that follows the connection, and is made again on every backend it comes to.
async fn settings(pool: &OnepoolPool, kind: &str) {
    if kind != "postgres" {
        return;
    }
    let mut connection = pool.acquire().await.unwrap();
    for name in ["app.user", "timezone"] {
        let sql = format!("SELECT set_config('{name}', $1, false)");
        let set = sqlx::query(AssertSqlSafe(sql)).bind(VALUE);
        if let Err(error) = set.execute(&mut *connection).await {
            tell_error(&error);
        }
    }
    for _ in 0..3 {
        let told = sqlx::query_scalar("SELECT current_setting('app.user')");
        let told: String = told.fetch_one(&mut *connection).await.unwrap();
        assert_eq!(told, VALUE);
    }
}

/// URLs that lead nowhere, or cannot be read.
async fn cannot_start(url: &str) {
    let place = "localhost:1/nowhere";
    for url in [
        url.to_owned(),
        url.replace(PASSWORD, GUESS),
        format!("postgres://app:{PASSWORD}@{place}"),
        format!("mysql://app:{PASSWORD}@{place}"),
        format!("mysql://app:{PASSWORD}@localhost:port/nowhere"),
        format!("postgres://app@localhost/nowhere?password={PASSWORD}&sslmode=strange"),
        format!("mysql://app:{PASSWORD}@localhost/nowhere?ssl-mode=strange"),
        format!("postgres://app:{PASSWORD}@local host/nowhere"),
        format!("oracle://app:{PASSWORD}@localhost/nowhere"),
        PASSWORD.to_owned(),
    ] {
        let builder = Host::builder().database(url);
        tell(&builder);
        if let Err(errors) = builder.check().await {
            for error in errors {
                tell_error(&error);
            }
        }
        match builder.start().await {
            Ok(host) => host.stop().await,
            Err(error) => tell_error(&error),
        }
    }
}

/// The statement with parameters as this database writes them.
fn marks(kind: &str, sql: &str) -> String {
    if kind != "postgres" {
        return sql.to_owned();
    }
    let mut parts = sql.split('?');
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for (number, part) in (1..).zip(parts) {
        marked.push_str(&format!("${number}{part}"));
    }
    marked
}

fn tell(what: &dyn std::fmt::Debug) {
    println!("{what:?} {what:#?}");
}

/// What an error says, unless it is the database's own, which is its plugin's business.
fn tell_error(error: &(dyn std::error::Error + 'static)) {
    let own = error.downcast_ref::<sqlx::Error>();
    let of_the_database = |error: &sqlx::Error| {
        matches!(error, sqlx::Error::Database(_))
            && matches!(code(error), None | Some(Code::DATABASE))
    };
    if own.is_some_and(of_the_database) {
        return;
    }
    println!("{error} {error:?}");
}

fn in_folder(name: &str) -> PathBuf {
    PathBuf::from(std::env::var(FOLDER).unwrap()).join(name)
}

async fn eventually(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the plugin is not done"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
