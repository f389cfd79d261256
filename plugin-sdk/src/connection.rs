//! Connections.

use std::sync::Arc;

use bytes::Bytes;
use onepool_proto::id::ConnectionId;
use onepool_proto::message::{Call, EffectKind};
use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx_core::connection::{Connection, LogSettings};
use sqlx_core::error::Error;
use sqlx_core::transaction::Transaction;

use crate::deadline::Deadline;
use crate::effects::{Carried, EffectQueue};
use crate::error::{CallError, broker_error, from_failure};
use crate::options::{Access, OnepoolConnectOptions, Settings};
use crate::session::{Session, Urgency};
use crate::transaction::OpenTransaction;
use crate::{Onepool, OnepoolTransaction};

/// A virtual connection to the database behind a host.
///
/// It is cheap: opening and closing it cost no round trip, and it occupies a database connection
/// only while it runs a statement, has a transaction or unread rows open, or holds session state
/// such as a temporary table.
///
/// ```no_run
/// use onepool_sdk::OnepoolConnection;
/// use sqlx_core::connection::Connection;
///
/// # async fn example() -> Result<(), sqlx_core::Error> {
/// let mut connection = OnepoolConnection::connect("onepool:").await?;
/// sqlx_core::query::query("DELETE FROM sessions WHERE expired")
///     .execute(&mut connection)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// Any future or stream of a Connection may be dropped. A statement that still waits for a backend
/// then never runs. One that runs already outside a transaction and only reads is cancelled in the
/// database; any other is run to its end, and what remains of its rows is discarded, as with every
/// sqlx driver. The Connection can be used again at once.
#[derive(Debug)]
pub struct OnepoolConnection {
    pub(crate) session: Arc<Session>,
    pub(crate) id: ConnectionId,
    pub(crate) effects: Arc<EffectQueue>,
    pub(crate) transaction: Option<OpenTransaction>,
    settings: Settings,
    plugin: Option<String>,
    pub(crate) holds: Holds,
}

/// What the host may be keeping for a Connection between calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Nothing.
    Nothing,
    /// Perhaps session state: since the last release a statement ran that may leave some, or there
    /// was a call of which that is not known.
    Perhaps,
    /// The lock between migrators.
    MigrationLock,
}

impl OnepoolConnection {
    pub(crate) fn open(session: Arc<Session>, options: &OnepoolConnectOptions) -> Self {
        let settings = options.settings().clone();
        let id = ConnectionId::mint(session.mint());
        let read_only = settings.access == Access::ReadOnly;
        Self {
            effects: EffectQueue::open(id, session.flush_queue(), read_only),
            id,
            session,
            transaction: None,
            settings,
            plugin: options.plugin_name(),
            holds: Holds::Nothing,
        }
    }

    /// The kind of database behind the host.
    #[must_use]
    pub fn database(&self) -> DatabaseKind {
        self.session.kind()
    }

    /// Asks the database for a sign of life.
    ///
    /// Unlike [`ping`](Connection::ping), which is answered from the state of the session, this
    /// waits for a backend and costs a round trip to the database.
    ///
    /// # Errors
    /// Whatever keeps the database from answering.
    ///
    /// # Cancel safety
    /// Nothing happens if the future is dropped.
    pub async fn ping_database(&mut self) -> Result<(), Error> {
        let deadline = self.deadline();
        let (call, carried) = self.begin_call(deadline)?;
        let answer = self.session.ping_database(deadline, call).await;
        self.settle(carried, answer)
    }

    /// Sends `payload` to the host and back: what a call costs at least, without a statement and
    /// without the database.
    ///
    /// # Errors
    /// If the session is lost, the deadline passes, or the payload does not fit a frame.
    ///
    /// # Cancel safety
    /// Nothing happens if the future is dropped.
    pub async fn echo(&self, payload: Bytes) -> Result<Bytes, Error> {
        self.check_session()?;
        let answer = self.session.echo(self.deadline(), payload).await;
        answer.map_err(|error| error.into_error(self.session.kind()))
    }

    /// The deadline of a call that begins now.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::begin(self.settings.deadline)
    }

    pub(crate) fn log_settings(&self) -> &LogSettings {
        &self.settings.log
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn plugin(&self) -> Option<&str> {
        self.plugin.as_deref()
    }

    /// What a call on this Connection begins with.
    pub(crate) fn begin_call(&mut self, deadline: Deadline) -> Result<(Call, Carried), Error> {
        self.check_session()?;
        let deadline_ms = deadline
            .remaining_ms()
            .map_err(|failure| self.error(failure))?;
        let (effects, carried) = self.effects.carry().ok_or_else(overfull)?;
        if self.holds == Holds::Nothing {
            self.holds = Holds::Perhaps;
        }
        let call = Call {
            connection: self.id,
            effects,
            deadline_ms,
        };
        Ok((call, carried))
    }

    /// Notes what an answer acknowledges, and turns a failure into an error.
    pub(crate) fn settle<T>(
        &self,
        carried: Carried,
        answer: Result<T, CallError>,
    ) -> Result<T, Error> {
        self.effects.settle(carried, &answer);
        answer.map_err(|error| error.into_error(self.session.kind()))
    }

    pub(crate) fn error(&self, failure: Failure) -> Error {
        from_failure(self.session.kind(), failure)
    }

    fn check_session(&self) -> Result<(), Error> {
        if self.session.is_lost() {
            return Err(self.error(self.session.lost_failure()));
        }
        Ok(())
    }
}

fn overfull() -> Error {
    let message = "the host has not acknowledged what this connection dropped; close it";
    broker_error(Code::TOO_MANY_OBJECTS, message)
}

impl Drop for OnepoolConnection {
    fn drop(&mut self) {
        self.effects.close();
    }
}

impl Connection for OnepoolConnection {
    type Database = Onepool;
    type Options = OnepoolConnectOptions;

    /// Ends the Connection. The host is told by the way; nothing is waited for.
    async fn close(self) -> Result<(), Error> {
        Ok(())
    }

    async fn close_hard(self) -> Result<(), Error> {
        Ok(())
    }

    /// Answers from the state of the session, without a round trip, and lets go of the session
    /// state that the host keeps for this Connection: a pool does this whenever it takes a
    /// Connection back. To reach the database use
    /// [`ping_database`](OnepoolConnection::ping_database).
    async fn ping(&mut self) -> Result<(), Error> {
        self.check_session()?;
        if self.effects.is_overfull() {
            return Err(overfull());
        }
        if self.holds != Holds::Nothing && self.transaction.is_none() {
            let urgency = match self.holds {
                // A migration failed after it had taken the lock.
                Holds::MigrationLock => Urgency::Soon,
                Holds::Perhaps | Holds::Nothing => Urgency::Later,
            };
            self.effects.queue(EffectKind::Release, urgency);
            self.holds = Holds::Nothing;
        }
        Ok(())
    }

    fn begin(&mut self) -> impl Future<Output = Result<OnepoolTransaction<'_>, Error>> + Send + '_ {
        Transaction::begin(self, None)
    }

    /// How many statement texts the session remembers; all its Connections share them.
    fn cached_statements_size(&self) -> usize {
        self.session.statements().len()
    }

    async fn clear_cached_statements(&mut self) -> Result<(), Error> {
        self.session.statements().clear();
        Ok(())
    }

    fn shrink_buffers(&mut self) {}

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn should_flush(&self) -> bool {
        false
    }
}
