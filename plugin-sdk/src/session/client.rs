//! An open session.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use onepool_proto::handshake::Welcome;
use onepool_proto::id::Mint;
use onepool_proto::memory::Goodbye;
use onepool_proto::message::{
    Batch, BatchReply, Begin, Call, Effects, Execute, ExecuteReply, Fetch, Finish, MigrationLock,
    Prepare, Prepared, UploadPart, Uploaded, UploadedReply,
};
use onepool_proto::page::Page;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, DatabaseKind, Failure, Limits};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::channel::{Channel, Unanswered};
use super::flush::{self, FlushQueue};
use crate::deadline::Deadline;
use crate::error::{CallError, unexpected_answer};
use crate::shutdown;
use crate::statements::Statements;

/// An open session with a host, shared by all Connections to it.
#[derive(Debug)]
pub(crate) struct Session {
    kind: DatabaseKind,
    /// The database to read from, if that is another one.
    replica: Option<String>,
    limits: Limits,
    mint: Mint,
    channel: Arc<Channel>,
    goodbye: Goodbye,
    statements: Statements,
    flush: FlushQueue,
    /// Waits for the host to ask this process to end.
    listening: OnceLock<AbortOnDropHandle<()>>,
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident: $variant:ident { $field:ident: $request:ty } -> $reply:ty;)*) => {
        impl Session {
            $($(#[$doc])*
            pub(crate) async fn $name(
                &self,
                deadline: Deadline,
                $field: $request,
            ) -> Result<$reply, CallError> {
                let request = BrokerRequest::$variant { $field };
                match self.call(deadline, request).await? {
                    BrokerResponse::$variant(reply) => reply.map_err(CallError::Refused),
                    _ => Err(unexpected_answer()),
                }
            })*
        }
    };
}

calls! {
    execute: Execute { call: Execute } -> ExecuteReply;
    fetch: Fetch { call: Fetch } -> Page;
    batch: Batch { call: Batch } -> BatchReply;
    prepare: Prepare { call: Prepare } -> Prepared;
    begin: Begin { call: Begin } -> ();
    finish: Finish { call: Finish } -> ();
    ping_database: PingDatabase { call: Call } -> ();
    flush: Flush { calls: Vec<Effects> } -> ();
    migration_lock: MigrationLock { call: MigrationLock } -> ();
    upload: Upload { part: UploadPart } -> ();
    uploaded: Uploaded { call: Uploaded } -> UploadedReply;
}

impl Session {
    /// Starts a session over `channel`. Must run on the thread of all sessions.
    pub(super) fn start(welcome: &Welcome, channel: Channel, goodbye: Goodbye) -> Arc<Self> {
        let (flush, requests) = FlushQueue::new();
        let session = Arc::new(Self {
            kind: welcome.database,
            replica: welcome.replica.clone(),
            limits: welcome.limits,
            mint: Mint::new(),
            channel: Arc::new(channel),
            goodbye,
            statements: Statements::new(welcome.limits.statements),
            flush,
            listening: OnceLock::new(),
        });
        tokio::spawn(flush::run(Arc::downgrade(&session), requests));
        session
    }

    /// Begins to listen for the host's wish that this process ends, as soon as anybody in it cares.
    /// Must run on the thread of all sessions.
    pub(super) fn listen(&self) {
        let channel = Arc::clone(&self.channel);
        self.listening
            .get_or_init(|| AbortOnDropHandle::new(tokio::spawn(listen(channel))));
    }

    /// The kind of database behind the host.
    pub(crate) fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The name of the database to read from, if that is another one.
    pub(crate) fn replica(&self) -> Option<&str> {
        self.replica.as_deref()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn mint(&self) -> &Mint {
        &self.mint
    }

    pub(crate) fn statements(&self) -> &Statements {
        &self.statements
    }

    pub(crate) fn flush_queue(&self) -> FlushQueue {
        self.flush.clone()
    }

    /// Whether the session has ended. Its objects are gone with it.
    pub(crate) fn is_lost(&self) -> bool {
        self.channel.over().is_cancelled()
    }

    /// Why nothing more can be done in this session.
    pub(crate) fn lost_failure(&self) -> Failure {
        let message = match self.goodbye.get() {
            // Whoever waits for the host to come back wants to know that it went on purpose.
            Some(reason) if reason.code == Code::HOST_STOPPING => return reason.clone(),
            Some(reason) => format!("the host ended the session: {reason}"),
            None => "the link to the host broke".to_owned(),
        };
        Failure::new(Code::SESSION_LOST, message)
    }

    /// Sends bytes to the host and back.
    pub(crate) async fn echo(
        &self,
        deadline: Deadline,
        payload: Bytes,
    ) -> Result<Bytes, CallError> {
        match self.call(deadline, BrokerRequest::Echo { payload }).await? {
            BrokerResponse::Echo(payload) => Ok(payload),
            _ => Err(unexpected_answer()),
        }
    }

    /// Cancelled when the session has ended.
    pub(super) fn ended(&self) -> CancellationToken {
        self.channel.over().clone()
    }

    /// Whether the host has said why it ends the session.
    pub(super) fn was_told(&self) -> bool {
        self.goodbye.get().is_some()
    }

    async fn call(
        &self,
        deadline: Deadline,
        request: BrokerRequest,
    ) -> Result<BrokerResponse, CallError> {
        let answer = self.channel.call(deadline, request).await;
        answer.map_err(|unanswered| {
            CallError::Unanswered(match unanswered {
                Unanswered::Refused(failure) => failure,
                Unanswered::Lost => self.lost_failure(),
            })
        })
    }
}

/// Waits for the host to ask this process to end, as long as the session lasts.
async fn listen(channel: Arc<Channel>) {
    shutdown::heeded().await;
    let request = BrokerRequest::AwaitShutdown {};
    // Any other answer means that the session ends.
    if let Ok(BrokerResponse::AwaitShutdown(Ok(()))) = channel.call(Deadline::NONE, request).await {
        shutdown::request();
    }
}
