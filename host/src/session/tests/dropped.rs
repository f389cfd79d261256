//! Calls whose caller goes, or whose whole session ends, at each point where the host's work for
//! them waits.

use onepool_proto::message::{
    Batch, BatchMode, Begin, Fetch, Finish, FinishHow, Prepare, PrepareDetail,
};
use onepool_proto::page::PageItem;
use onepool_proto::value::Scalar;
use onepool_proto::{DatabaseKind, Value};
use onepool_tests::{Moment, Stepped};

use super::*;
use crate::pool::{Ask, Patience, Purpose};

/// More points than anything has.
const ENDLESS: usize = 200;

/// Pages that are asked for at once, of a result that has more.
const PAGES: u32 = 20;

/// A call. Each but the first finds its Connection as it needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Execute,
    Fetch,
    Batch,
    Prepare,
    Begin,
    /// The first statement of a transaction, behind one that is being rolled back.
    ExecuteBehindRollback,
    Commit,
    Rollback,
    Ping,
    Release,
}

const ALL: [What; 10] = [
    What::Execute,
    What::Fetch,
    What::Batch,
    What::Prepare,
    What::Begin,
    What::ExecuteBehindRollback,
    What::Commit,
    What::Rollback,
    What::Ping,
    What::Release,
];

impl What {
    /// How many rows there may be after it: as if it had never been, or all of it.
    fn rows(self) -> [u64; 2] {
        match self {
            Self::Execute => [0, 1],
            Self::Batch => [0, 3],
            Self::Commit => [0, 1],
            _ => [0, 0],
        }
    }

    /// Whether it waits for a backend before anything else.
    fn queues(self) -> bool {
        matches!(
            self,
            Self::Execute | Self::Batch | Self::Prepare | Self::Begin | Self::Ping
        )
    }
}

/// How the caller goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Caller,
    Session,
}

fn many(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::Sqlite => {
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 2000) \
             SELECT n, hex(zeroblob(500)) FROM s"
        }
        DatabaseKind::Postgres => "SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n",
        DatabaseKind::MySql => "SELECT seq, repeat('x', 1000) FROM seq_1_to_2000",
    }
}

const INSERT: &str = "INSERT INTO t VALUES (1)";

impl Visit {
    /// Opens a transaction and writes a row in it.
    async fn write_in_transaction(&mut self) -> TransactionId {
        let transaction = TransactionId::mint(&self.mint);
        let call = self.statement(
            Some(transaction),
            INSERT,
            &[EffectKind::Begin { transaction }],
        );
        let done = self.finish(call.call.clone(), |answer| Task::Execute(call, answer));
        done.await.unwrap();
        transaction
    }

    /// Does what comes before, and then hands over the call; answers how the caller is told and
    /// what is to be driven.
    async fn prepare(&mut self, what: What, kind: DatabaseKind) -> Handed {
        match what {
            What::Execute => {
                let call = self.statement(None, INSERT, &[]);
                self.hand(call.call.clone(), |answer| Task::Execute(call, answer))
            }
            What::Fetch => self.prepare_fetch(kind).await,
            What::Batch => {
                let sql = match kind {
                    DatabaseKind::Postgres => "INSERT INTO t VALUES ($1)",
                    _ => "INSERT INTO t VALUES (?)",
                };
                let call = Batch {
                    call: self.call(&[]),
                    transaction: None,
                    sql: Sql::Text(sql.to_owned()),
                    sets: (0..3)
                        .map(|n| vec![Value::Scalar(Scalar::I64(n))])
                        .collect(),
                    mode: BatchMode::AllOrNothing,
                };
                self.hand(call.call.clone(), |answer| Task::Batch(call, answer))
            }
            What::Prepare => {
                let call = Prepare {
                    call: self.call(&[]),
                    transaction: None,
                    sql: Sql::Text("SELECT n FROM t WHERE n = 7".to_owned()),
                    parameters: Vec::new(),
                    detail: PrepareDetail::Describe,
                };
                self.hand(call.call.clone(), |answer| Task::Prepare(call, answer))
            }
            What::Begin => {
                let call = Begin {
                    call: self.call(&[]),
                    transaction: TransactionId::mint(&self.mint),
                    statement: "BEGIN".to_owned(),
                };
                self.hand(call.call.clone(), |answer| Task::Begin(call, answer))
            }
            What::Ping => {
                let call = self.call(&[]);
                self.hand(call, Task::Ping)
            }
            _ => self.prepare_end(what).await,
        }
    }

    /// The same for pages, more of them at once than are read ahead.
    async fn prepare_fetch(&mut self, kind: DatabaseKind) -> Handed {
        let call = self.statement(None, many(kind), &[]);
        let row_set = call.row_set;
        let first = self.finish(call.call.clone(), |answer| Task::Execute(call, answer));
        assert!(first.await.unwrap().page.more);
        let mut callers = Vec::new();
        let mut work = Vec::new();
        for page in 1..=PAGES {
            let call = Fetch {
                connection: self.connection,
                row_set,
                page,
                deadline_ms: None,
            };
            let head = self.call(&[]);
            let (waiting, began) = self.submit(head, |answer| Task::Fetch(call, answer));
            callers.push(waiting);
            work.extend(began);
        }
        Handed::new(callers, work)
    }

    /// The same for what ends something.
    async fn prepare_end(&mut self, what: What) -> Handed {
        if what == What::Release {
            self.execute("CREATE TEMPORARY TABLE mine (n BIGINT)")
                .await
                .unwrap();
            let call = self.statement(None, "SELECT 1", &[EffectKind::Release]);
            return self.hand(call.call.clone(), |answer| Task::Execute(call, answer));
        }
        let transaction = self.write_in_transaction().await;
        if what == What::ExecuteBehindRollback {
            let next = TransactionId::mint(&self.mint);
            let kinds = [
                EffectKind::Rollback { transaction },
                EffectKind::Begin { transaction: next },
            ];
            let call = self.statement(Some(next), INSERT, &kinds);
            return self.hand(call.call.clone(), |answer| Task::Execute(call, answer));
        }
        let how = match what {
            What::Commit => FinishHow::Commit,
            _ => FinishHow::Rollback,
        };
        let call = Finish {
            call: self.call(&[]),
            transaction,
            depth: 0,
            how,
        };
        self.hand(call.call.clone(), |answer| Task::Finish(call, answer))
    }

    fn hand<T: Send + 'static>(&self, call: Call, task: impl FnOnce(Answer<T>) -> Task) -> Handed {
        let (waiting, work) = self.submit(call, task);
        Handed::new(waiting, work)
    }
}

/// A call under way.
struct Handed {
    /// Who waits for the answer, as long as this lives.
    caller: Box<dyn Send>,
    work: Stepped<Work>,
}

impl Handed {
    fn new(caller: impl Send + 'static, mut work: Vec<Work>) -> Self {
        assert_eq!(work.len(), 1, "nothing else is under way");
        Self {
            caller: Box::new(caller),
            work: Stepped::new(work.remove(0)),
        }
    }
}

impl Place {
    /// Has the work stop at each point where it waits, and the caller or the session go. Answers
    /// at how many.
    async fn at_every_wait(&self, what: What, loss: Loss) -> usize {
        for (stopped, moment) in Moment::all().enumerate() {
            let when = format!("{what:?}, {loss:?}, {moment:?}");
            assert!(stopped < ENDLESS, "{when}");
            let mut visit = Visit::new(&self.pool, "visitor");
            let mut holder = None;
            if what.queues() {
                holder = Some(self.holder().await);
            }
            let Handed { caller, mut work } = visit.prepare(what, self.pool.kind()).await;
            let mut ended = work.until(Moment::Waits(1)).await.is_some();
            if moment != Moment::Waits(1) {
                // Somebody had the backend until the work had come to wait for it.
                drop(holder.take());
                ended = ended || work.until(moment).await.is_some();
            }
            let mut more = 0;
            match loss {
                _ if ended => (),
                Loss::Session => drop(work),
                Loss::Caller => {
                    drop(caller);
                    // It leaves the queue although nothing has come free.
                    let rest = tokio::time::timeout(LONG, work.finish()).await;
                    rest.expect(&when);
                    drop(holder.take());
                    more = self.goes_on(&mut visit, what, &when).await;
                }
            }
            drop(holder);
            drop(visit);
            self.is_whole(what, ended, more, &when).await;
            if ended {
                return stopped;
            }
        }
        unreachable!("there is always another moment")
    }

    /// Takes the only backend.
    async fn holder(&self) -> crate::pool::Lease {
        let ask = Ask {
            plugin: "holder".into(),
            holder: self.pool.new_holder(),
            purpose: Purpose::Statement,
            writer: true,
            prefer: None,
        };
        let patience = Patience {
            queue: LONG,
            deadline: None,
        };
        self.pool.acquire(ask, None, patience).await.unwrap()
    }

    /// Writes a row; answers how many there are of those.
    async fn goes_on(&self, visit: &mut Visit, what: What, when: &str) -> u64 {
        match what {
            // Whether it has begun is not known to the caller, who rolls back; here, by leaving.
            What::Begin | What::ExecuteBehindRollback => 0,
            _ => affected(&visit.execute(INSERT).await.expect(when)),
        }
    }

    /// Nothing is held, and of what was done there is all or nothing.
    async fn is_whole(&self, what: What, ended: bool, more: u64, when: &str) {
        self.is_quiet(when).await;
        let mut next = Visit::new(&self.pool, "next");
        next.execute("CREATE TEMPORARY TABLE mine (n BIGINT)")
            .await
            .expect(when);
        next.carry(&[EffectKind::Release]);
        let deleted = next.execute("DELETE FROM t").await.expect(when);
        let count = affected(&deleted);
        let allowed = if ended {
            &what.rows()[1..]
        } else {
            &what.rows()
        };
        assert!(
            allowed.contains(&(count - more)),
            "{when}: {count} rows of {allowed:?}"
        );
        drop(next);
        self.is_quiet(when).await;
    }

    async fn everything(self) {
        let mut visit = Visit::new(&self.pool, "maker");
        visit.execute("CREATE TABLE t (n BIGINT)").await.unwrap();
        drop(visit);
        for what in ALL {
            for loss in [Loss::Caller, Loss::Session] {
                let points = self.at_every_wait(what, loss).await;
                println!("{what:?}: stopped at {points} points, {loss:?} lost");
                let least = if what.queues() { 4 } else { 2 };
                assert!(points >= least, "{what:?}: {points} points alone");
            }
        }
        self.pool.stop().await;
    }
}

fn affected(reply: &ExecuteReply) -> u64 {
    let done = reply.page.items.iter().find_map(|item| match item {
        PageItem::Done(summary) => Some(summary.rows_affected),
        _ => None,
    });
    done.unwrap()
}

#[tokio::test]
async fn on_sqlite() {
    Place::sqlite().await.everything().await;
}

#[tokio::test]
async fn on_postgres() {
    let server = onepool_tests::postgres().await;
    Place::server(server).await.everything().await;
}

#[tokio::test]
async fn on_mariadb() {
    let server = onepool_tests::mariadb().await;
    Place::server(server).await.everything().await;
}

/// A lease that is on its way to somebody who has gone comes back, at every point of its way.
#[tokio::test]
async fn a_lease_that_is_asked_for() {
    let place = Place::sqlite().await;
    let mut points = 0;
    for moment in Moment::all() {
        let when = format!("{moment:?}");
        let mut holder = Some(place.holder().await);
        let mut asking = Stepped::new(place.holder());
        let mut ended = asking.until(Moment::Waits(1)).await;
        assert_eq!(place.pool.stats().waiting, 1);
        if moment != Moment::Waits(1) {
            drop(holder.take());
            ended = asking.until(moment).await;
        }
        drop(asking);
        assert_eq!(place.pool.stats().waiting, 0, "{when}");
        drop(holder);
        let over = ended.is_some();
        drop(ended);
        place.is_quiet(&when).await;
        if over {
            break;
        }
        points += 1;
    }
    assert!(points >= 2, "dropped at {points} points alone");
    place.pool.stop().await;
}
