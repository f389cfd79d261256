//! Types that arguments name: enums, domains, what extensions bring.

use std::collections::HashMap;

use onepool_proto::{Code, Failure};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};

use crate::db::failure;
use crate::db::words::mentions;

/// A type that is known by name.
#[derive(Clone, Debug)]
pub(in crate::db) struct NamedType {
    pub(in crate::db) oid: u32,
    /// The type of arrays of it; zero if there is none.
    pub(in crate::db) array_oid: u32,
    form: Form,
}

/// How a value of the type is sent in binary.
#[derive(Clone, Debug)]
enum Form {
    /// As its text.
    Text,
    /// As the server itself would send it, which it has to be asked for.
    Other { name: String, send: String },
}

/// The named types that a backend has met.
///
/// What a name means depends on `search_path` and the role, which plugins change. So every text
/// that may change what a name means makes this forget.
#[derive(Debug, Default)]
pub(super) struct TypeNames {
    known: HashMap<String, NamedType>,
}

/// Words without which a text leaves every name with its meaning. A `COMMIT` ends `SET LOCAL`, a
/// `ROLLBACK` undoes `SET`.
const TELLING: [&str; 13] = [
    "search_path",
    "set_config",
    "role",
    "authorization",
    "reset",
    "discard",
    "commit",
    "end",
    "rollback",
    "type",
    "domain",
    "schema",
    "extension",
];

const FIND: &str = "SELECT t.oid::int8 AS oid, t.typarray::int8 AS array_oid, \
       t.oid::regtype::text AS name, t.typsend::regproc::text AS send, \
       coalesce(b.typreceive, t.typreceive)::regproc::text IN ('textrecv', 'varcharrecv', \
         'bpcharrecv', 'namerecv', 'enum_recv', 'xml_recv', 'json_recv', 'unknownrecv') AS is_text \
     FROM pg_catalog.pg_type t \
     LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype \
     WHERE t.oid = pg_catalog.to_regtype($1)";

impl TypeNames {
    /// Learns of a text that is run.
    pub(super) fn observe(&mut self, sql: &str) {
        if !self.known.is_empty() && TELLING.iter().any(|word| mentions(sql, word)) {
            self.known.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// The type that `name` means now.
    pub(super) async fn find(
        &mut self,
        connection: &mut PgConnection,
        name: &str,
    ) -> Result<NamedType, Failure> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let row = sqlx::query(FIND)
            .bind(name)
            .fetch_optional(connection)
            .await;
        let row = row.map_err(failure::from_driver)?;
        let row = row.ok_or_else(|| Failure::new(Code::TYPE_NOT_FOUND, name))?;
        let found = read(&row).map_err(failure::from_driver)?;
        self.known.insert(name.to_owned(), found.clone());
        Ok(found)
    }
}

impl NamedType {
    /// `texts` as the server would send them, or `None` if that is as they are.
    pub(super) async fn convert(
        &self,
        connection: &mut PgConnection,
        texts: Vec<&str>,
    ) -> Result<Option<Vec<Vec<u8>>>, Failure> {
        let Form::Other { name, send } = &self.form else {
            return Ok(None);
        };
        // Both names come quoted from the catalogue.
        let sql = format!(
            "SELECT {send}(u.x::{name}) FROM unnest($1::text[]) WITH ORDINALITY AS u(x, n) \
             ORDER BY u.n"
        );
        let sent = sqlx::query_scalar(AssertSqlSafe(sql)).bind(texts);
        let sent = sent.persistent(false).fetch_all(connection).await;
        sent.map(Some).map_err(failure::from_driver)
    }
}

fn read(row: &PgRow) -> Result<NamedType, sqlx::Error> {
    let oid = |column| row.try_get(column).map(|oid: i64| oid as u32);
    Ok(NamedType {
        oid: oid("oid")?,
        array_oid: oid("array_oid")?,
        form: if row.try_get("is_text")? {
            Form::Text
        } else {
            Form::Other {
                name: row.try_get("name")?,
                send: row.try_get("send")?,
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_change_a_meaning_is_told() {
        let mut names = TypeNames::default();
        for (sql, kept) in [
            ("SELECT a FROM t WHERE mood = $1", true),
            ("set local Search_Path = x", false),
            ("SELECT set_config('a', 'b', true)", false),
            ("COMMIT", false),
            ("ALTER TYPE mood RENAME TO state", false),
        ] {
            let mood = NamedType {
                oid: 1,
                array_oid: 2,
                form: Form::Text,
            };
            names.known.insert("mood".into(), mood);
            names.observe(sql);
            assert_eq!(!names.known.is_empty(), kept, "{sql}");
        }
    }
}
