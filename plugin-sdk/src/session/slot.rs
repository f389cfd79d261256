//! The place of one session: opened on first use, opened anew when it was lost.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use onepool_proto::endpoint::{Endpoint, TOKEN_VARIABLE};
use onepool_proto::handshake::{Hello, Token};
use onepool_proto::memory::{Goodbye, MemoryDialer};
use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx_core::error::Error;
use tokio::sync::Mutex as AsyncMutex;

use super::channel::Channel;
use super::dial::{self, DialError};
use super::{Session, host_death, link, thread};
use crate::error::{OnepoolError, from_failure};

/// What a plugin shows to be let in; needed only while no session is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    pub(crate) token: Option<Token>,
    /// Who may own the host's socket besides root, if not the plugin's own user.
    pub(crate) host_uid: Option<u32>,
}

/// The token for the next session with a host, whichever of its databases that is with. A session
/// that is opened has it and leaves the one after it.
pub(super) type NextToken = Arc<AsyncMutex<Option<Token>>>;

/// The place of one session.
#[derive(Debug)]
pub(crate) struct Slot {
    host: HostPlace,
    session: Mutex<Option<Arc<Session>>>,
    /// Held while a session is being opened, so that one is opened.
    opening: NextToken,
}

#[derive(Debug)]
enum HostPlace {
    /// Another process.
    Socket {
        endpoint: Endpoint,
        plugin: String,
        database: Option<String>,
    },
    /// This process.
    Memory {
        dialer: MemoryDialer,
        database: Option<String>,
    },
}

impl Slot {
    pub(super) fn socket(
        endpoint: Endpoint,
        plugin: String,
        database: Option<String>,
        opening: NextToken,
    ) -> Arc<Self> {
        let host = HostPlace::Socket {
            endpoint,
            plugin,
            database,
        };
        Self::new(host, opening)
    }

    pub(crate) fn memory(dialer: MemoryDialer, database: Option<String>) -> Arc<Self> {
        Self::new(HostPlace::Memory { dialer, database }, NextToken::default())
    }

    fn new(host: HostPlace, opening: NextToken) -> Arc<Self> {
        Arc::new(Self {
            host,
            session: Mutex::new(None),
            opening,
        })
    }

    /// The open session, or a new one.
    ///
    /// # Cancel safety
    /// The opening goes on without the caller, so that a one-time token is not lost.
    pub(crate) async fn session(
        self: &Arc<Self>,
        admission: Admission,
    ) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.open_session() {
            return Ok(session);
        }
        let slot = Arc::clone(self);
        thread::spawn(async move { slot.open(admission).await })?
            .await
            .unwrap_or(Err(Error::WorkerCrashed))
    }

    fn open_session(&self) -> Option<Arc<Session>> {
        self.lock().clone().filter(|session| !session.is_lost())
    }

    /// Opens a session unless one is open. Must run on the thread of all sessions.
    pub(super) async fn open(
        self: &Arc<Self>,
        admission: Admission,
    ) -> Result<Arc<Session>, Error> {
        let mut next_token = self.opening.lock().await;
        if let Some(session) = self.open_session() {
            return Ok(session);
        }
        let session = match &self.host {
            HostPlace::Socket {
                endpoint,
                plugin,
                database,
            } => {
                let again = Admission {
                    token: None,
                    ..admission.clone()
                };
                let opened =
                    open_socket(endpoint, (plugin, database), admission, &mut next_token).await;
                let session = opened.map_err(|error| self.explain(error))?;
                host_death::watch(self, endpoint, again, &session);
                session
            }
            HostPlace::Memory { dialer, database } => {
                let link = match database {
                    Some(database) => dialer.dial_to(database),
                    None => dialer.dial(),
                };
                let link = link.map_err(refused)?;
                let channel = Channel::dispatched(link.channel);
                Session::start(&link.welcome, channel, link.goodbye)
            }
        };
        *self.lock() = Some(Arc::clone(&session));
        Ok(session)
    }

    /// A plugin's pool waits while there is no host yet. It does not wait for one that was there
    /// and has died: whoever calls learns it at once.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Io(source) if self.lock().is_some() => {
                let message = format!("the host has gone: {source}");
                let lost = OnepoolError::new(Failure::new(Code::SESSION_LOST, message));
                Error::Io(io::Error::other(lost))
            }
            error => error,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Session>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open_socket(
    endpoint: &Endpoint,
    (plugin, database): (&str, &Option<String>),
    admission: Admission,
    next_token: &mut Option<Token>,
) -> Result<Arc<Session>, Error> {
    // The host told us the next token. If it was restarted since, ours may be of the new one.
    let mut tokens = next_token.clone().into_iter().chain(admission.token);
    let mut token = tokens.next().ok_or_else(no_token)?;
    loop {
        let hello = Hello {
            database: database.clone(),
            ..Hello::new(plugin, token)
        };
        match dial::dial(endpoint, admission.host_uid, &hello).await {
            Ok(dialed) => {
                *next_token = Some(dialed.welcome.next_token.clone());
                let goodbye = Goodbye::default();
                let frame_bytes = dialed.welcome.limits.frame_bytes;
                let channel = link::over(dialed.socket, frame_bytes, Arc::clone(&goodbye))?;
                let session = Session::start(&dialed.welcome, channel, goodbye);
                session.listen();
                return Ok(session);
            }
            Err(DialError::Refused(failure)) if is_about_the_token(&failure) => {
                token = tokens.next().ok_or_else(|| refused(failure))?;
            }
            Err(error) => return Err(dial_error(error)),
        }
    }
}

fn is_about_the_token(failure: &Failure) -> bool {
    matches!(failure.code, Code::TOKEN_REFUSED | Code::TOKEN_USED)
}

fn no_token() -> Error {
    let message = format!("no token: set {TOKEN_VARIABLE}, or say `token=` in the onepool URL");
    Error::Configuration(message.into())
}

fn dial_error(error: DialError) -> Error {
    match error {
        DialError::Refused(failure) => refused(failure),
        // A plugin's pool waits while a connection is refused, so the kind is kept.
        DialError::Connect { ref source, .. } | DialError::Io(ref source) => {
            Error::Io(io::Error::new(source.kind(), error.to_string()))
        }
    }
}

/// No database has been named yet, and none of these failures is one's own.
fn refused(failure: Failure) -> Error {
    from_failure(DatabaseKind::Sqlite, failure)
}
