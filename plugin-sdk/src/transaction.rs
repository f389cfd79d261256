//! Transactions and savepoints.

use onepool_proto::id::TransactionId;
use onepool_proto::message::{Begin, EffectKind, Finish, FinishHow};
use onepool_proto::{Code, Failure};
use sqlx_core::error::Error;
use sqlx_core::sql_str::SqlStr;
use sqlx_core::transaction::TransactionManager;

use crate::error::CallError;
use crate::session::Urgency;
use crate::{Onepool, OnepoolConnection};

/// Begins, commits and rolls back.
///
/// A plain `begin` and every savepoint travel with the next statement, so they cost no round trip
/// and their errors surface there; if no statement follows, nothing travels at all.
#[derive(Debug)]
pub struct OnepoolTransactionManager;

/// The transaction that a Connection is in.
#[derive(Debug)]
pub(crate) struct OpenTransaction {
    id: TransactionId,
    // Invariant: never empty; the transaction itself, then its savepoints, outermost first.
    levels: Vec<Level>,
}

/// What opened a level.
#[derive(Clone, Copy, Debug)]
enum Level {
    /// The effect with this sequence number.
    Effect(u64),
    /// A call of its own.
    Call,
    /// Nothing: it was refused. sqlx rolls back after a refusal too, and must not hit the
    /// level below.
    Refused,
}

impl OpenTransaction {
    pub(crate) fn id(&self) -> TransactionId {
        self.id
    }

    /// The savepoint that is innermost, or zero for the transaction itself.
    fn depth(&self) -> u32 {
        u32::try_from(self.levels.len() - 1).unwrap_or(u32::MAX)
    }
}

impl TransactionManager for OnepoolTransactionManager {
    type Database = Onepool;

    async fn begin(
        connection: &mut OnepoolConnection,
        statement: Option<SqlStr>,
    ) -> Result<(), Error> {
        match (&mut connection.transaction, statement) {
            (Some(transaction), Some(_)) => {
                transaction.levels.push(Level::Refused);
                Err(Error::InvalidSavePointStatement)
            }
            (Some(transaction), None) => {
                let savepoint = EffectKind::Savepoint {
                    transaction: transaction.id,
                    depth: transaction.depth() + 1,
                };
                let sequence = connection.effects.defer(savepoint);
                transaction.levels.push(Level::Effect(sequence));
                Ok(())
            }
            (None, Some(statement)) if !is_plain(statement.as_str()) => {
                begin_now(connection, statement.as_str()).await
            }
            (None, _) => {
                let id = TransactionId::mint(connection.session.mint());
                let sequence = connection
                    .effects
                    .defer(EffectKind::Begin { transaction: id });
                connection.transaction = Some(OpenTransaction {
                    id,
                    levels: vec![Level::Effect(sequence)],
                });
                Ok(())
            }
        }
    }

    async fn commit(connection: &mut OnepoolConnection) -> Result<(), Error> {
        finish(connection, FinishHow::Commit).await
    }

    async fn rollback(connection: &mut OnepoolConnection) -> Result<(), Error> {
        finish(connection, FinishHow::Rollback).await
    }

    fn start_rollback(connection: &mut OnepoolConnection) {
        let Some(transaction) = &connection.transaction else {
            return;
        };
        if !retract(connection) {
            let kind = match transaction.depth() {
                0 => EffectKind::Rollback {
                    transaction: transaction.id,
                },
                depth => EffectKind::RollbackTo {
                    transaction: transaction.id,
                    depth,
                },
            };
            connection.effects.queue(kind, Urgency::Soon);
        }
        leave(connection);
    }

    fn get_transaction_depth(connection: &OnepoolConnection) -> usize {
        connection
            .transaction
            .as_ref()
            .map_or(0, |transaction| transaction.levels.len())
    }
}

/// Whether `statement` opens the same transaction as a plain `begin`.
fn is_plain(statement: &str) -> bool {
    const PLAIN: [&str; 4] = [
        "BEGIN",
        "BEGIN TRANSACTION",
        "BEGIN WORK",
        "START TRANSACTION",
    ];
    let statement = statement.trim().trim_end_matches(';').trim_end();
    PLAIN
        .iter()
        .any(|plain| statement.eq_ignore_ascii_case(plain))
}

async fn begin_now(connection: &mut OnepoolConnection, statement: &str) -> Result<(), Error> {
    let deadline = connection.deadline();
    let (call, carried) = connection.begin_call(deadline)?;
    let id = TransactionId::mint(connection.session.mint());
    // Before the call, so that a rollback follows if the call is dropped.
    connection.transaction = Some(OpenTransaction {
        id,
        levels: vec![Level::Call],
    });
    let begin = Begin {
        call,
        transaction: id,
        statement: statement.to_owned(),
    };
    let answer = connection.session.begin(deadline, begin).await;
    let mut begins = true;
    if let Err(CallError::Refused(failure)) = &answer {
        connection.transaction = None;
        begins = failure.code != Code::INVALID_ARGUMENT;
    }
    let settled = connection.settle(carried, answer);
    if begins {
        settled
    } else {
        Err(Error::BeginFailed)
    }
}

/// Ends the innermost level. On an error the level stays open, for sqlx to roll it back.
async fn finish(connection: &mut OnepoolConnection, how: FinishHow) -> Result<(), Error> {
    let Some(transaction) = &connection.transaction else {
        return Ok(());
    };
    if retract(connection) {
        leave(connection);
        return Ok(());
    }
    let (transaction, depth) = (transaction.id, transaction.depth());
    let deadline = connection.deadline();
    let held = connection.holds;
    let (call, carried) = connection.begin_call(deadline)?;
    let finish = Finish {
        call,
        transaction,
        depth,
        how,
    };
    let mut answer = connection.session.finish(deadline, finish).await;
    if how == FinishHow::Commit
        && depth == 0
        && let Err(CallError::Unanswered(failure)) = answer
    {
        answer = Err(CallError::Unanswered(unknown_outcome(&failure)));
    }
    connection.settle(carried, answer)?;
    // What its statements left behind was said in their answers.
    connection.holds = held;
    leave(connection);
    Ok(())
}

/// Takes the innermost level back if the host has never heard of it.
fn retract(connection: &OnepoolConnection) -> bool {
    let transaction = connection.transaction.as_ref();
    match transaction.and_then(|transaction| transaction.levels.last()) {
        Some(Level::Effect(sequence)) => connection.effects.retract(*sequence),
        Some(Level::Refused) => true,
        Some(Level::Call) | None => false,
    }
}

fn leave(connection: &mut OnepoolConnection) {
    if let Some(transaction) = &mut connection.transaction {
        transaction.levels.pop();
        if transaction.levels.is_empty() {
            connection.transaction = None;
        }
    }
}

fn unknown_outcome(failure: &Failure) -> Failure {
    Failure::new(
        Code::OUTCOME_UNKNOWN,
        format!("the commit was sent and not answered: {failure}"),
    )
}
