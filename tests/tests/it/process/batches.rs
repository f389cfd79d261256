//! A batch of rows leaves what a statement for each would, however few statements it takes.

use onepool_host::Host;
use onepool_sdk::{BatchError, BatchExecutor, BatchMode, OnepoolArguments, OnepoolPool};
use onepool_tests::{Database, Kind};
use sqlx::{Connection, PgConnection};

use super::place::plugin;

/// One, and twice as many as one statement inserts: so what limits the rows of a table by what is there
/// before a statement would let all of them through.
const SETS: i32 = 1 + 2 * 256;

/// The first with which something is wrong, where something is. Keys of others are beyond it.
const WRONG: i32 = 300;

/// A counter of the rows of `t`, and a limit to them, of which the server knows no more than that
/// they may be anything.
const FUNCTIONS: &str = "
    CREATE FUNCTION rows_so_far() RETURNS bigint STABLE LANGUAGE plpgsql AS
        'BEGIN RETURN (SELECT count(*) FROM t); END';
    CREATE FUNCTION may_grow(n int) RETURNS boolean STABLE LANGUAGE plpgsql AS
        'BEGIN RETURN (SELECT count(*) FROM t) < 300; END';";

/// A relation into which rows `(n, m)` are inserted.
struct Case {
    name: &'static str,
    create: &'static str,
    insert: &'static str,
    sets: fn(i32) -> (i32, i32),
    /// What is there afterwards, as one text.
    left: &'static str,
    /// Whether one statement may insert many.
    together: bool,
}

const PLAIN: Case = Case {
    name: "plain",
    create: "CREATE TABLE t (n int, m int)",
    insert: "INSERT INTO t (n, m) VALUES ($1, $2)",
    sets: |n| (n, n),
    left: "SELECT string_agg(t::text, ' ' ORDER BY ctid) FROM t",
    together: true,
};

const CASES: [Case; 15] = [
    PLAIN,
    Case {
        name: "defaults, checks and keys that look at the row alone",
        create: "CREATE TABLE other (n int PRIMARY KEY); INSERT INTO other VALUES (1);
            CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, n int PRIMARY KEY CHECK (n >= 0),
                m int NOT NULL, serial serial, label text DEFAULT 'x' || 'y', at timestamptz DEFAULT now(),
                twice int GENERATED ALWAYS AS (n * 2) STORED, one int DEFAULT 1 REFERENCES other)",
        left: "SELECT string_agg(concat_ws(' ', id, n, m, serial, label, twice), ',' ORDER BY ctid)
            FROM t",
        ..PLAIN
    },
    Case {
        name: "a row that breaks a key",
        create: "CREATE TABLE t (n int PRIMARY KEY, m int)",
        sets: |n| (if n == WRONG { 5 } else { n }, n),
        ..PLAIN
    },
    Case {
        name: "a row that breaks a key which is looked at in the end",
        create: "CREATE TABLE t (n int PRIMARY KEY DEFERRABLE, m int)",
        sets: |n| (if n == WRONG { 5 } else { n }, n),
        ..PLAIN
    },
    Case {
        name: "a row that fits no column",
        create: "CREATE TABLE t (n smallint, m int)",
        sets: |n| (if n == WRONG { 70_000 } else { n }, n),
        ..PLAIN
    },
    Case {
        name: "a trigger for each statement",
        create: "CREATE TABLE t (n int, m int); CREATE TABLE counted (n int);
            CREATE FUNCTION counting() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO counted VALUES (1); RETURN NULL; END';
            CREATE TRIGGER counts AFTER INSERT ON t EXECUTE FUNCTION counting()",
        left: "SELECT count(*)::text FROM counted",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a trigger that looks at the table",
        create: "CREATE TABLE t (n int, m int);
            CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN NEW.m = (SELECT count(*) FROM t); RETURN NEW; END';
            CREATE TRIGGER numbers AFTER INSERT ON t REFERENCING NEW TABLE AS fresh
                FOR EACH STATEMENT EXECUTE FUNCTION number()",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a reference to a row that comes later",
        create: "CREATE TABLE t (n int PRIMARY KEY, m int REFERENCES t)",
        sets: |n| (n, if n == WRONG { n + 1 } else { n }),
        together: false,
        ..PLAIN
    },
    Case {
        name: "a default that looks at the table",
        create: "CREATE TABLE t (n int, m int, before bigint DEFAULT rows_so_far())",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a check that looks at the table",
        create: "CREATE TABLE t (n int CHECK (may_grow(n)), m int)",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a domain that looks at the table",
        create: "CREATE DOMAIN growing AS int CHECK (may_grow(VALUE));
            CREATE TABLE t (n growing, m int)",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a policy that looks at the table",
        create: "CREATE TABLE t (n int, m int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            ALTER TABLE t FORCE ROW LEVEL SECURITY;
            CREATE POLICY reading ON t FOR SELECT USING (true);
            CREATE POLICY growing ON t FOR INSERT WITH CHECK (may_grow(n))",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a rule",
        create: "CREATE TABLE t (n int, m int); CREATE TABLE counted (n bigint);
            CREATE RULE counts AS ON INSERT TO t DO ALSO INSERT INTO counted VALUES (rows_so_far())",
        left: "SELECT string_agg(n::text, ' ' ORDER BY ctid) FROM counted",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a view, and a column whose default is the statement's time",
        create: "CREATE TABLE t (n int, m int, at timestamptz DEFAULT statement_timestamp());
            CREATE VIEW v AS SELECT * FROM t",
        insert: "INSERT INTO v (n, m) VALUES ($1, $2)",
        left: "SELECT concat(count(DISTINCT at) > 1, count(*)) FROM t",
        together: false,
        ..PLAIN
    },
    Case {
        name: "a partition's own trigger",
        create: "CREATE TABLE t (n int, m int) PARTITION BY RANGE (n);
            CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (300);
            CREATE TABLE high PARTITION OF t FOR VALUES FROM (300) TO (1000);
            CREATE TABLE counted (n bigint);
            CREATE FUNCTION counting() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO counted VALUES (rows_so_far()); RETURN NEW; END';
            CREATE TRIGGER counts BEFORE INSERT ON high FOR EACH ROW EXECUTE FUNCTION counting()",
        left: "SELECT string_agg(n::text, ' ' ORDER BY ctid) FROM counted",
        together: false,
        ..PLAIN
    },
];

/// What became of the sets: which failed and with what, what is there, and how many statements it
/// took.
type Outcome = (Option<(usize, String)>, Option<String>, i64);

impl Case {
    fn all_sets(&self) -> impl Iterator<Item = (i32, i32)> {
        (0..SETS).map(self.sets)
    }

    async fn database(&self) -> Database {
        let database = Kind::Postgres.server().await.database(3).await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        for text in [FUNCTIONS, self.create] {
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        database
    }

    async fn outcome(&self, failed: Option<(usize, String)>, database: &Database) -> Outcome {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let left = sqlx::query_scalar(self.left).fetch_one(&mut connection);
        let left = left.await.unwrap();
        let commands = sqlx::query_scalar("SELECT count(DISTINCT cmin::text) FROM t");
        let commands = commands.fetch_one(&mut connection).await.unwrap();
        (failed, left, commands)
    }

    /// With sqlx's own driver, in a transaction.
    async fn one_by_one(&self) -> Outcome {
        let database = self.database().await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let mut transaction = connection.begin().await.unwrap();
        let mut failed = None;
        for (set, (n, m)) in self.all_sets().enumerate() {
            let insert = sqlx::query(self.insert).bind(n).bind(m);
            if let Err(error) = insert.execute(&mut *transaction).await {
                failed = Some((set, sqlstate(&error)));
                break;
            }
        }
        match failed {
            None => transaction.commit().await.unwrap(),
            Some(_) => transaction.rollback().await.unwrap(),
        }
        self.outcome(failed, &database).await
    }

    /// As one batch.
    async fn together(&self) -> Outcome {
        let (database, host, pool) = self.plugin().await;
        let done = self.batch(&pool).await;
        if let Ok(done) = &done {
            assert_eq!(done.len(), SETS as usize);
            assert!(done.iter().all(|one| one.rows_affected() == 1));
        }
        host.stop().await;
        self.outcome(done.err().map(failure), &database).await
    }

    async fn plugin(&self) -> (Database, Host, OnepoolPool) {
        let database = self.database().await;
        let host = Host::builder().database(&database.url).max_connections(2);
        let host = host.start().await.unwrap();
        let pool = plugin(&host, "p").await;
        (database, host, pool)
    }

    async fn batch<'c>(
        &self,
        executor: impl BatchExecutor<'c>,
    ) -> Result<Vec<onepool_sdk::OnepoolQueryResult>, BatchError> {
        let set = |(n, m): (i32, i32)| OnepoolArguments::default().bind(n)?.bind(m);
        let sets: Result<Vec<_>, _> = self.all_sets().map(set).collect();
        executor
            .execute_batch(self.insert, sets.unwrap(), BatchMode::AllOrNothing)
            .await
    }
}

fn failure(error: BatchError) -> (usize, String) {
    (error.set.expect("a set failed"), sqlstate(&error.source))
}

fn sqlstate(error: &sqlx::Error) -> String {
    let database = error.as_database_error();
    let code = database.and_then(|database| database.code());
    code.unwrap_or_else(|| panic!("{error}")).into_owned()
}

#[tokio::test]
async fn leave_what_statements_leave() {
    for case in CASES {
        let (failed, left, commands) = case.one_by_one().await;
        let together = case.together().await;
        assert_eq!(
            (&together.0, &together.1),
            (&failed, &left),
            "{}",
            case.name
        );
        if failed.is_none() {
            assert_eq!(commands, i64::from(SETS), "{}", case.name);
            assert_eq!(together.2 < commands, case.together, "{}", case.name);
        }
    }
}

/// The host asks about the table in the plugin's own session, whatever that has set.
#[tokio::test]
async fn are_judged_alike_under_any_settings() {
    let looks = |case: &Case| case.name == "a default that looks at the table";
    let case = CASES.into_iter().find(looks).unwrap();
    let expected = case.one_by_one().await;
    let (database, host, pool) = case.plugin().await;
    let mut transaction = pool.begin().await.unwrap();
    let settings = "SET LOCAL standard_conforming_strings = off;
        SET LOCAL search_path = public, pg_catalog";
    sqlx::raw_sql(settings)
        .execute(&mut *transaction)
        .await
        .unwrap();
    case.batch(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    host.stop().await;
    assert_eq!(case.outcome(None, &database).await, expected);
}

/// In a transaction of the plugin's, which goes on after a batch that failed as a whole.
#[tokio::test]
async fn fail_alone_in_a_transaction() {
    let case = Case {
        create: "CREATE TABLE t (n int PRIMARY KEY, m int)",
        ..PLAIN
    };
    let (database, host, pool) = case.plugin().await;
    let mut transaction = pool.begin().await.unwrap();
    case.batch(&mut *transaction).await.unwrap();
    let sets = (0..SETS).map(|n| {
        let n = if n == WRONG { 5 } else { 1000 + n };
        OnepoolArguments::default().bind(n)?.bind(n)
    });
    let sets: Result<Vec<_>, _> = sets.collect();
    let batch = transaction.execute_batch(case.insert, sets.unwrap(), BatchMode::AllOrNothing);
    let error = batch.await.unwrap_err();
    assert!(error.completed.is_empty());
    assert_eq!(failure(error), (WRONG as usize, "23505".to_owned()));
    let rows = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&mut *transaction);
    let rows: i64 = rows.await.unwrap();
    assert_eq!(rows, i64::from(SETS));
    transaction.commit().await.unwrap();
    host.stop().await;
    let (_, _, commands) = case.outcome(None, &database).await;
    assert!(commands < i64::from(SETS), "{commands} statements");
}
