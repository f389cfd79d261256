//! The place of one session: opened on first use, opened anew when it was lost.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use onepool_proto::endpoint::{Endpoint, TOKEN_VARIABLE};
use onepool_proto::handshake::{Hello, Token};
use onepool_proto::memory::MemoryDialer;
use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx_core::error::Error;
use tokio::sync::Mutex as AsyncMutex;

use super::dial::{self, DialError};
use super::link::{Goodbye, Link};
use super::{Session, thread};
use crate::error::from_failure;

/// What a plugin shows to be let in; needed only while no session is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    pub(crate) token: Option<Token>,
    /// Who may own the host's socket besides root, if not the plugin's own user.
    pub(crate) host_uid: Option<u32>,
}

/// The place of one session.
#[derive(Debug)]
pub(crate) struct Slot {
    host: HostPlace,
    session: Mutex<Option<Arc<Session>>>,
    /// The token for the next session. Held while one is being opened, so that one is opened.
    opening: AsyncMutex<Option<Token>>,
}

#[derive(Debug)]
enum HostPlace {
    /// Another process.
    Socket { endpoint: Endpoint, plugin: String },
    /// This process.
    Memory(MemoryDialer),
}

impl Slot {
    pub(super) fn socket(endpoint: Endpoint, plugin: String) -> Arc<Self> {
        Self::new(HostPlace::Socket { endpoint, plugin })
    }

    pub(crate) fn memory(dialer: MemoryDialer) -> Arc<Self> {
        Self::new(HostPlace::Memory(dialer))
    }

    fn new(host: HostPlace) -> Arc<Self> {
        Arc::new(Self {
            host,
            session: Mutex::new(None),
            opening: AsyncMutex::new(None),
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

    async fn open(&self, admission: Admission) -> Result<Arc<Session>, Error> {
        let mut next_token = self.opening.lock().await;
        if let Some(session) = self.open_session() {
            return Ok(session);
        }
        let session = match &self.host {
            HostPlace::Socket { endpoint, plugin } => {
                open_socket(endpoint, plugin, admission, &mut next_token).await?
            }
            HostPlace::Memory(dialer) => {
                let link = dialer.dial().map_err(refused)?;
                Session::start(&link.welcome, link.channel, Goodbye::default())
            }
        };
        *self.lock() = Some(Arc::clone(&session));
        Ok(session)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Session>>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open_socket(
    endpoint: &Endpoint,
    plugin: &str,
    admission: Admission,
    next_token: &mut Option<Token>,
) -> Result<Arc<Session>, Error> {
    // The host told us the next token. If it was restarted since, ours may be of the new one.
    let mut tokens = next_token.clone().into_iter().chain(admission.token);
    let mut token = tokens.next().ok_or_else(no_token)?;
    loop {
        let hello = Hello::new(plugin, token);
        match dial::dial(endpoint, admission.host_uid, &hello).await {
            Ok(dialed) => {
                *next_token = Some(dialed.welcome.next_token.clone());
                let goodbye = Goodbye::default();
                let frame_bytes = dialed.welcome.limits.frame_bytes;
                let link = Link::new(dialed.socket, frame_bytes, Arc::clone(&goodbye));
                return Ok(Session::start(&dialed.welcome, link, goodbye));
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
