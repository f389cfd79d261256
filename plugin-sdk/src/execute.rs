//! Sending a statement, and what it answers with.

use std::sync::Arc;

use onepool_proto::id::RowSetId;
use onepool_proto::message::{Execute, ExecuteReply, LargeRequest, Sql, UploadedReply, Want};
use onepool_proto::page::Page;
use onepool_proto::{Code, Value};
use sqlx_core::error::Error;
use sqlx_core::executor::Execute as Executable;
use sqlx_core::logger::QueryLogger;
use sqlx_core::sql_str::SqlStr;

use crate::deadline::Deadline;
use crate::effects::RowSetGuard;
use crate::error::{CallError, unexpected_answer};
use crate::rows::Rows;
use crate::statements::{Defining, KnownColumns, Named};
use crate::{Onepool, OnepoolArguments, OnepoolConnection, placeholders, upload};

/// Arguments up to this size are copied, to be sent again when the host has forgotten the text
/// that they belong to. Larger ones travel with their text, which hardly adds to them.
const COPIED_BYTES: usize = 4096;

/// A statement as sqlx hands it over.
pub(crate) struct Query {
    sql: SqlStr,
    arguments: Option<OnepoolArguments>,
    persistent: bool,
}

impl Query {
    pub(crate) fn new<'q>(mut query: impl Executable<'q, Onepool>) -> Result<Self, Error> {
        let arguments = query.take_arguments().map_err(Error::Encode)?;
        Ok(Self {
            persistent: query.persistent() && arguments.is_some(),
            arguments,
            sql: query.sql(),
        })
    }

    pub(crate) fn with(sql: SqlStr, arguments: Option<OnepoolArguments>, persistent: bool) -> Self {
        Self {
            sql,
            persistent: persistent && arguments.is_some(),
            arguments,
        }
    }
}

/// A statement on its way to the host.
struct Outgoing<'a> {
    text: &'a str,
    arguments: Option<Vec<Value>>,
    argument_bytes: usize,
    persistent: bool,
    want: Want,
}

/// A statement that was answered.
pub(crate) struct Sent {
    /// The first page.
    pub(crate) page: Page,
    pub(crate) guard: RowSetGuard,
    /// What the host did not describe again, if it has not changed.
    pub(crate) known: Option<KnownColumns>,
}

type Answer = Result<ExecuteReply, CallError>;

impl OnepoolConnection {
    /// Runs a statement up to its first page.
    pub(crate) async fn run(&mut self, query: Query, want: Want) -> Result<Rows, Error> {
        let kind = self.session.kind();
        let (sql, arguments) = match query.arguments {
            Some(arguments) => (
                placeholders::resolve(query.sql, kind),
                Some(arguments.into_values(kind)?),
            ),
            None => (query.sql, None),
        };
        let logger = QueryLogger::new(sql, self.log_settings().clone());
        let outgoing = Outgoing {
            text: logger.sql().as_str(),
            argument_bytes: arguments.iter().flatten().map(Value::wire_bytes).sum(),
            arguments,
            persistent: query.persistent,
            want,
        };
        let deadline = self.deadline();
        let sent = self.send(outgoing, deadline).await?;
        Ok(Rows::new(self, sent, deadline, want, logger))
    }

    async fn send(
        &mut self,
        mut outgoing: Outgoing<'_>,
        deadline: Deadline,
    ) -> Result<Sent, Error> {
        let session = Arc::clone(&self.session);
        let text = outgoing.text;
        loop {
            let named = if outgoing.persistent && outgoing.argument_bytes <= COPIED_BYTES {
                session.statements().name(session.mint(), text)
            } else {
                Named::once(text)
            };
            let spare = match named.sql {
                Sql::Known(_) => outgoing.arguments.clone(),
                _ => None,
            };
            let known = named.columns.as_ref().map(|known| known.tag);
            let attempt = self.attempt(&mut outgoing, named.sql, known, deadline);
            let (answer, mut guard) = attempt.await?;
            match answer {
                Ok(reply) => {
                    named.defining.into_iter().for_each(Defining::known);
                    return Ok(Sent {
                        page: reply.page,
                        guard,
                        known: named.columns,
                    });
                }
                Err(CallError::Refused(failure))
                    if failure.code == Code::UNKNOWN_STATEMENT && spare.is_some() =>
                {
                    guard.over();
                    session.statements().forget(text);
                    outgoing.arguments = spare;
                }
                Err(error) => {
                    if matches!(error, CallError::Refused(_)) {
                        guard.over();
                    }
                    return Err(error.into_error(session.kind()));
                }
            }
        }
    }

    /// Sends `outgoing` once, without its arguments from then on.
    async fn attempt(
        &mut self,
        outgoing: &mut Outgoing<'_>,
        sql: Sql,
        known_columns: Option<u64>,
        deadline: Deadline,
    ) -> Result<(Answer, RowSetGuard), Error> {
        let held = self.holds;
        let (call, carried) = self.begin_call(deadline)?;
        let row_set = RowSetId::mint(self.session.mint());
        let guard = RowSetGuard::new(Arc::clone(&self.effects), row_set);
        let execute = Execute {
            call,
            transaction: self.transaction.as_ref().map(|open| open.id()),
            sql,
            arguments: outgoing.arguments.take(),
            persistent: outgoing.persistent,
            want: outgoing.want,
            row_set,
            known_columns,
        };
        let bytes = outgoing.text.len() + outgoing.argument_bytes;
        let answer = if upload::is_large(&self.session, bytes) {
            let request = LargeRequest::Execute(execute);
            match upload::send(&self.session, deadline, &request).await {
                Ok(UploadedReply::Execute(reply)) => Ok(reply),
                Ok(_) => Err(unexpected_answer()),
                Err(error) => Err(error),
            }
        } else {
            self.session.execute(deadline, execute).await
        };
        if answer.as_ref().is_ok_and(|reply| !reply.holds_state) {
            self.holds = held;
        }
        self.effects.settle(carried, &answer);
        Ok((answer, guard))
    }
}
