//! What a plugin that only reads may run.
//!
//! The database is told to refuse its writes, by a setting that each of its Connections has. So
//! that no statement takes that setting away, what runs is what is known to leave it alone: reads
//! of built-in functions alone, transactions, and other settings. A pin may hide a call that is a
//! doubt, and is refused like one.

use std::fmt;

use super::setting::Setting;
use super::verdict::{Step, Verdict, What};

/// Why a text is not for a plugin that only reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// It writes, or may.
    Writes,
    /// It lets the session write.
    Access,
    /// It may do anything, also let the session write.
    Unknown,
}

impl Verdict {
    /// Why the text must not be run for a plugin that only reads, if so.
    pub(crate) fn beyond_reading(&self) -> Option<Beyond> {
        self.steps().iter().find_map(beyond)
    }
}

fn beyond(step: &Step) -> Option<Beyond> {
    match &step.what {
        What::Clean => (!step.reads_only).then_some(Beyond::Writes),
        What::Settings(settings) => settings.iter().any(is_access).then_some(Beyond::Access),
        What::Begin(begin) => begin.read_write.then_some(Beyond::Access),
        What::Commit
        | What::Rollback
        | What::Savepoint(_)
        | What::ReleaseSavepoint(_)
        | What::RollbackTo(_)
        | What::Autocommit(_) => None,
        What::Pin(_) | What::Doubt(_) | What::Refused(_) => Some(Beyond::Unknown),
    }
}

/// Whether the setting says that transactions may write, on any of the databases, or takes the
/// host's own settings back.
fn is_access(setting: &Setting) -> bool {
    setting.is_all() || setting.name.contains("read_only") || setting.name == "query_only"
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Writes => {
                "the statement may write: it is no query, or one with INTO, FOR UPDATE or a function \
                 that is not known to read alone (quote a column that has such a word for its name)"
            }
            Self::Access => "the statement would let its connection write",
            Self::Unknown => "of the statement it cannot be told that it reads alone",
        };
        write!(
            f,
            "the host lets this plugin only read, and {what}; leave it out, or have the host take \
             read_only away from the plugin"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, FunctionList, classify};
    use super::*;

    fn judge(dialect: Dialect, sql: &str) -> Option<Beyond> {
        classify(dialect, sql, &FunctionList::new([""; 0])).beyond_reading()
    }

    const ALL: [Dialect; 3] = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite];

    #[test]
    fn reads_and_transactions_are_let_through() {
        for dialect in ALL {
            for sql in [
                "",
                "SELECT count(*) FROM t WHERE a = 'INSERT'",
                "WITH a AS (SELECT 1 AS x) SELECT max(x) FROM a",
                "BEGIN; SELECT 1; SAVEPOINT s; ROLLBACK TO s; COMMIT",
            ] {
                assert_eq!(judge(dialect, sql), None, "{dialect:?} {sql}");
            }
        }
        for sql in [
            "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
            "SET statement_timeout = '1s'",
            "SET LOCAL timezone TO 'UTC'",
        ] {
            assert_eq!(judge(Dialect::Postgres, sql), None, "{sql}");
        }
        assert_eq!(judge(Dialect::MySql, "SHOW TABLES"), None);
        assert_eq!(judge(Dialect::Sqlite, "PRAGMA table_info(t)"), None);
        assert_eq!(judge(Dialect::Sqlite, "PRAGMA query_only"), None);
    }

    #[test]
    fn writes_are_refused() {
        for dialect in ALL {
            for sql in [
                "INSERT INTO t VALUES (1)",
                "SELECT 1; DELETE FROM t",
                "WITH a AS (SELECT 1) UPDATE t SET x = 1",
                "CREATE TABLE t (x INTEGER)",
                "DROP TABLE t",
            ] {
                assert_eq!(
                    judge(dialect, sql),
                    Some(Beyond::Writes),
                    "{dialect:?} {sql}"
                );
            }
        }
    }

    /// What would let the connection write again, in every way that each database knows.
    #[test]
    fn what_undoes_it_is_refused() {
        const POSTGRES: [&str; 19] = [
            "SET default_transaction_read_only = off",
            "set session \"default_transaction_read_only\" to off",
            "SET LOCAL transaction_read_only = off",
            "SET transaction_read_only TO DEFAULT",
            "SET TRANSACTION READ WRITE",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
            "RESET default_transaction_read_only",
            "RESET ALL",
            "DISCARD ALL",
            "BEGIN READ WRITE",
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
            "SELECT set_config('default_transaction_read_only', 'off', false)",
            "SELECT set_config('transaction_read_only', 'off', true)",
            "SELECT set_config('default_transaction_' || 'read_only', 'off', false)",
            "SELECT set_config($1, $2, false)",
            "SELECT 1, pg_catalog.set_config('transaction_read_only', 'off', true)",
            "DO $$ BEGIN SET transaction_read_only = off; END $$",
            "CALL allow()",
            "SELECT pg_advisory_lock(1), allow()",
        ];
        const MYSQL: [&str; 12] = [
            "SET SESSION TRANSACTION READ WRITE",
            "SET TRANSACTION READ WRITE",
            "SET SESSION transaction_read_only = 0",
            "SET tx_read_only = OFF",
            "SET @@session.tx_read_only = 0",
            "SET @@transaction_read_only = 0",
            "SET @a = 1, SESSION tx_read_only = 0",
            "START TRANSACTION READ WRITE",
            "SET STATEMENT tx_read_only = 0 FOR INSERT INTO t VALUES (1)",
            "/*!50000 SET SESSION TRANSACTION READ WRITE */",
            "CALL allow()",
            "SELECT allow()",
        ];
        const SQLITE: [&str; 7] = [
            "PRAGMA query_only = 0",
            "PRAGMA query_only(off)",
            "PRAGMA main.query_only = 0",
            "PRAGMA temp.query_only = 0",
            "EXPLAIN PRAGMA query_only = 0",
            "BEGIN IMMEDIATE",
            "ATTACH 'other.db' AS other",
        ];
        let refused = |dialect, texts: &[&str]| {
            for sql in texts {
                assert!(judge(dialect, sql).is_some(), "{dialect:?} {sql}");
            }
        };
        refused(Dialect::Postgres, &POSTGRES);
        refused(Dialect::MySql, &MYSQL);
        refused(Dialect::Sqlite, &SQLITE);
    }
}
