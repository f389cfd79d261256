//! Sessions without a wire: calls are handed over by hand, and their work is polled by hand.

mod dropped;
mod load;

use std::sync::Arc;
use std::time::Duration;

use onepool_proto::id::{ConnectionId, Mint, RowSetId, SessionId, TransactionId};
use onepool_proto::message::{Call, Effect, EffectKind, Execute, ExecuteReply, Sql, Want};
use onepool_proto::{Failure, Limits};
use onepool_tests::{Database, SqliteFile};
use tokio_util::sync::CancellationToken;

use super::handles::Session;
use super::operation::{Answer, Task};
use super::shutdown::ShutdownAsk;
use super::{SessionContext, Work};
use crate::db::Source;
use crate::pool::{Names, Pool, PoolConfig, PoolTimes, Quota};

/// Longer than anything takes that works.
const LONG: Duration = Duration::from_secs(30);

/// A pool with one backend for work.
struct Place {
    pool: Pool,
    _database: Option<Database>,
    _file: Option<SqliteFile>,
}

impl Place {
    async fn sqlite() -> Self {
        let file = onepool_tests::sqlite();
        Self {
            pool: pool(&file.url, 1).await,
            _database: None,
            _file: Some(file),
        }
    }

    async fn server(server: onepool_tests::Server) -> Self {
        let database = server.database(2).await;
        Self {
            pool: pool(&database.url, 2).await,
            _database: Some(database),
            _file: None,
        }
    }

    /// Nobody has a backend, waits for one or is owed the reason for having lost one.
    async fn is_quiet(&self, when: &str) {
        let quiet = async {
            loop {
                let stats = self.pool.stats();
                let counts = stats.backends;
                if (counts.leased, counts.resetting, stats.waiting) == (0, 0, 0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let quiet = tokio::time::timeout(LONG, quiet).await;
        assert!(quiet.is_ok(), "{when}: {:?}", self.pool.stats());
        assert_eq!(self.pool.owed(), (0, 0), "{when}: waiters, revocations");
        let stats = self.pool.stats();
        assert!(stats.peak <= stats.max_connections, "{when}: {stats:?}");
        assert_eq!(stats.panicked, 0, "{when}");
    }
}

async fn pool(url: &str, cap: u32) -> Pool {
    let config = PoolConfig {
        source: Source::parse(url).unwrap(),
        logins: Vec::new(),
        max_connections: cap,
        harmless_functions: Vec::new(),
        quotas: Vec::new(),
        default_quota: Quota::default(),
        times: PoolTimes::default(),
        statement_comments: false,
        names: Names::default(),
        label: None,
    };
    Pool::start(config).await.unwrap()
}

/// A plugin's session with one Connection.
struct Visit {
    session: Arc<Session>,
    connection: ConnectionId,
    mint: Mint,
    effects: u64,
}

impl Visit {
    fn new(pool: &Pool, plugin: &str) -> Self {
        let mint = Mint::new();
        let plugin: Arc<str> = plugin.into();
        let session = Session::new(SessionContext {
            id: SessionId::mint(&mint),
            quota: pool.quota(&plugin),
            tally: pool.tally(&plugin),
            holder: pool.new_holder(),
            plugin,
            pool: pool.clone(),
            read_only: false,
            limits: Limits::default(),
            shutdown: ShutdownAsk::default(),
            reader_timeout: LONG,
            stop: CancellationToken::new(),
        });
        let mut visit = Self {
            session,
            connection: ConnectionId::mint(&mint),
            mint,
            effects: 0,
        };
        visit.carry(&[EffectKind::Open { read_only: false }]);
        visit
    }

    /// A call that carries these effects.
    fn call(&mut self, kinds: &[EffectKind]) -> Call {
        let first = self.effects + 1;
        self.effects += kinds.len() as u64;
        let effects = (first..).zip(kinds.iter().cloned());
        Call {
            connection: self.connection,
            effects: effects
                .map(|(sequence, kind)| Effect { sequence, kind })
                .collect(),
            deadline_ms: None,
        }
    }

    /// Effects that take no time.
    fn carry(&mut self, kinds: &[EffectKind]) {
        let call = self.call(kinds);
        let (answer, mut waiting) = Answer::new();
        self.session.submit(call, None, Task::Effects(answer));
        for work in self.session.take_work() {
            assert!(futures_util::FutureExt::now_or_never(work).is_some());
        }
        waiting.try_recv().unwrap().unwrap();
    }

    fn statement(
        &mut self,
        transaction: Option<TransactionId>,
        sql: &str,
        kinds: &[EffectKind],
    ) -> Execute {
        Execute {
            call: self.call(kinds),
            transaction,
            sql: Sql::Text(sql.to_owned()),
            arguments: None,
            persistent: false,
            want: Want::Rows,
            row_set: RowSetId::mint(&self.mint),
            known_columns: None,
        }
    }

    /// Hands a call over, and returns its work if nobody drives the Connection yet.
    fn submit<T>(
        &self,
        call: Call,
        task: impl FnOnce(Answer<T>) -> Task,
    ) -> (
        tokio::sync::oneshot::Receiver<Result<T, Failure>>,
        Vec<Work>,
    ) {
        let (answer, waiting) = Answer::new();
        self.session.submit(call, None, task(answer));
        (waiting, self.session.take_work())
    }

    async fn execute(&mut self, sql: &str) -> Result<ExecuteReply, Failure> {
        let call = self.statement(None, sql, &[]);
        self.finish(call.call.clone(), |answer| Task::Execute(call, answer))
            .await
    }

    /// Makes a call and waits for its answer.
    async fn finish<T>(
        &self,
        call: Call,
        task: impl FnOnce(Answer<T>) -> Task,
    ) -> Result<T, Failure> {
        let (waiting, work) = self.submit(call, task);
        let all = async {
            for work in work {
                work.await;
            }
            waiting.await.unwrap()
        };
        tokio::time::timeout(LONG, all).await.expect("it hangs")
    }
}

impl Drop for Visit {
    /// As when the session's task ends.
    fn drop(&mut self) {
        self.session.end();
    }
}
