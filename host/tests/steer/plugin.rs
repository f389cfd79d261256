//! A plugin in a process of its own: this test binary once more, told line by line what to do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onepool_tests::sdk::{OnepoolConnection, OnepoolPool, OnepoolPoolOptions, with_traceparent};
use sqlx::AssertSqlSafe;
use sqlx::pool::PoolConnection;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::serving::PATIENCE;

const STAGE: &str = "TEST_STAGE";

/// Arguments with which this binary is a plugin.
pub(crate) const ARGUMENTS: [&str; 3] = ["--exact", "plugin::does_as_it_is_told", "--nocapture"];

/// Variables of its environment that go with them.
pub(crate) fn environment(stage: &Path) -> (&'static str, String) {
    (STAGE, stage.display().to_string())
}

/// Where plugins report.
pub(crate) struct Stage(UnixListener);

impl Stage {
    pub(crate) fn new(path: &Path) -> Self {
        Self(UnixListener::bind(path).unwrap())
    }

    /// The plugin that reports next.
    pub(crate) async fn enter(&self) -> Remote {
        let accepted = tokio::time::timeout(PATIENCE, self.0.accept()).await;
        let (socket, _) = accepted.expect("no plugin came up").unwrap();
        let mut remote = Remote {
            socket: BufReader::new(socket),
            name: String::new(),
        };
        remote.name = remote.hear().await;
        remote
    }
}

/// A plugin, as the test has it.
pub(crate) struct Remote {
    socket: BufReader<UnixStream>,
    pub(crate) name: String,
}

impl Remote {
    /// Has it do something, and waits for what came of it.
    pub(crate) async fn does(&mut self, what: &str) -> String {
        self.begins(what).await;
        self.hear().await
    }

    /// The same for what must go well.
    pub(crate) async fn must(&mut self, what: &str) {
        assert_eq!(self.does(what).await, "ok", "{what}");
    }

    /// Has it begin something; [`hear`](Self::hear) says what came of it.
    pub(crate) async fn begins(&mut self, what: &str) {
        let line = format!("{what}\n");
        self.socket.write_all(line.as_bytes()).await.unwrap();
    }

    pub(crate) async fn hear(&mut self) -> String {
        let heard = tokio::time::timeout(PATIENCE, self.try_hear()).await;
        heard
            .expect("the plugin says nothing")
            .expect("the plugin has ended")
    }

    /// What it says next; `None` if it has ended.
    pub(crate) async fn try_hear(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.socket.read_line(&mut line).await.unwrap_or(0);
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

/// What a plugin process runs. In the suite itself there is nobody to do as.
#[tokio::test]
async fn does_as_it_is_told() {
    let Ok(stage) = std::env::var(STAGE) else {
        return;
    };
    let pool = OnepoolPoolOptions::new().max_connections(1_000);
    let pool = pool.connect("onepool:").await.unwrap();
    let socket = UnixStream::connect(stage).await.unwrap();
    let mut socket = BufReader::new(socket);
    let mut told = Told::new(pool);
    let mut answer = std::env::var("ONEPOOL_PLUGIN").unwrap();
    loop {
        let line = format!("{answer}\n");
        socket.write_all(line.as_bytes()).await.unwrap();
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        answer = told.does(line.trim_end()).await;
    }
}

/// A plugin that does as it is told.
struct Told {
    pool: OnepoolPool,
    /// The connection that it keeps.
    kept: Option<PoolConnection<onepool_tests::sdk::Onepool>>,
    load: Option<Load>,
}

/// Callers that run a statement over and over.
struct Load {
    stop: CancellationToken,
    done: Arc<AtomicU64>,
    callers: JoinSet<Result<(), sqlx::Error>>,
}

impl Told {
    fn new(pool: OnepoolPool) -> Self {
        Self {
            pool,
            kept: None,
            load: None,
        }
    }

    async fn does(&mut self, what: &str) -> String {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let done = match verb {
            // Runs a statement.
            "run" => run(&self.pool, rest).await,
            // Is with this database from now on.
            "at" => self.be_at(rest).await,
            // Runs a statement with an argument, which comes first.
            "bind" => {
                let (argument, sql) = rest.split_once(' ').unwrap();
                let query = sqlx::query(AssertSqlSafe(sql)).bind(argument);
                query.execute(&self.pool).await.map(|_| ())
            }
            // Does something in a trace.
            "trace" => {
                let (parent, what) = rest.split_once(' ').unwrap();
                let parent = parent.parse().unwrap();
                return Box::pin(with_traceparent(parent, self.does(what))).await;
            }
            // Runs a statement on the connection that it keeps.
            "keep" => self.keep(rest).await,
            // Gives that back.
            "release" => {
                self.kept = None;
                Ok(())
            }
            // Does not end when it is told to.
            "ignore" => {
                let kind = tokio::signal::unix::SignalKind::terminate();
                let mut signals = tokio::signal::unix::signal(kind).unwrap();
                tokio::spawn(async move { while signals.recv().await.is_some() {} });
                Ok(())
            }
            // Lets so many callers run a statement over and over.
            "load" => {
                self.load(rest);
                Ok(())
            }
            // How often they have.
            "count" => {
                return self
                    .load
                    .as_ref()
                    .unwrap()
                    .done
                    .load(Ordering::Relaxed)
                    .to_string();
            }
            // Ends them; fails if any of them had an error.
            "rest" => self.rest().await,
            _ => panic!("what is {what}?"),
        };
        match done {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string().replace('\n', " "),
        }
    }

    async fn be_at(&mut self, database: &str) -> Result<(), sqlx::Error> {
        let pool = OnepoolPoolOptions::new().max_connections(1_000);
        let url = format!("onepool:?database={database}");
        self.pool = pool.connect(&url).await?;
        Ok(())
    }

    async fn keep(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let kept = match &mut self.kept {
            Some(kept) => kept,
            None => self.kept.insert(self.pool.acquire().await?),
        };
        let kept: &mut OnepoolConnection = kept;
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(kept)
            .await
            .map(|_| ())
    }

    fn load(&mut self, rest: &str) {
        let (callers, sql) = rest.split_once(' ').unwrap();
        let mut load = Load {
            stop: CancellationToken::new(),
            done: Arc::default(),
            callers: JoinSet::new(),
        };
        for _ in 0..callers.parse().unwrap() {
            let (pool, sql) = (self.pool.clone(), sql.to_owned());
            let (stop, done) = (load.stop.clone(), Arc::clone(&load.done));
            load.callers.spawn(async move {
                while !stop.is_cancelled() {
                    run(&pool, &sql).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                    // A turn for whoever else there is.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Ok(())
            });
        }
        self.load = Some(load);
    }

    async fn rest(&mut self) -> Result<(), sqlx::Error> {
        let mut load = self.load.take().unwrap();
        load.stop.cancel();
        while let Some(ended) = load.callers.join_next().await {
            ended.unwrap()?;
        }
        Ok(())
    }
}

async fn run(pool: &OnepoolPool, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(pool)
        .await
        .map(|_| ())
}
