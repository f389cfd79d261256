//! An open session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use onepool_proto::codec::CodecError;
use onepool_proto::handshake::Welcome;
use onepool_proto::id::Mint;
use onepool_proto::message::{
    Batch, BatchReply, Begin, Call, Effects, Execute, ExecuteReply, Fetch, Finish, MigrationLock,
    Prepare, Prepared, UploadPart, Uploaded, UploadedReply,
};
use onepool_proto::page::Page;
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, DatabaseKind, Failure, Limits, limits};
use tarpc::client::{Channel, Config, RpcError};
use tarpc::{ClientMessage, Response, Transport};

use super::flush::{self, FlushQueue};
use super::link::Goodbye;
use crate::deadline::Deadline;
use crate::error::{CallError, unexpected_answer};
use crate::statements::Statements;

/// Calls that may wait to be written. A caller beyond that waits for a place.
const WRITE_QUEUE: usize = 1024;

/// An open session with a host, shared by all Connections to it.
#[derive(Debug)]
pub(crate) struct Session {
    kind: DatabaseKind,
    limits: Limits,
    mint: Mint,
    channel: Channel<BrokerRequest, BrokerResponse>,
    /// What every call starts from; making one anew costs as much as the rest of a call.
    context: tarpc::context::Context,
    goodbye: Goodbye,
    lost: AtomicBool,
    statements: Statements,
    flush: FlushQueue,
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
    /// Starts a session over `transport`. Must run on the thread of all sessions.
    pub(super) fn start<T>(welcome: &Welcome, transport: T, goodbye: Goodbye) -> Arc<Self>
    where
        T: Transport<ClientMessage<BrokerRequest>, Response<BrokerResponse>> + Send + 'static,
        T::Error: Send + Sync,
    {
        let mut config = Config::default();
        config.max_in_flight_requests = limits::CALLS as usize;
        config.pending_request_buffer = WRITE_QUEUE;
        let started = tarpc::client::new(config, transport);
        let (flush, requests) = FlushQueue::new();
        let session = Arc::new(Self {
            kind: welcome.database,
            limits: welcome.limits,
            mint: Mint::new(),
            channel: started.client,
            context: tarpc::context::current(),
            goodbye,
            lost: AtomicBool::new(false),
            statements: Statements::new(welcome.limits.statements),
            flush,
        });
        tokio::spawn(flush::run(Arc::downgrade(&session), requests));
        let ended = Arc::downgrade(&session);
        tokio::spawn(async move {
            let result = started.dispatch.await;
            if let Some(session) = ended.upgrade() {
                session.lose();
                match result {
                    Ok(()) => tracing::debug!("the session with the onepool host has ended"),
                    Err(error) => tracing::warn!(%error, "the session with the onepool host broke"),
                }
            }
        });
        session
    }

    /// The kind of database behind the host.
    pub(crate) fn kind(&self) -> DatabaseKind {
        self.kind
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
        self.lost.load(Ordering::Acquire)
    }

    /// Why nothing more can be done in this session.
    pub(crate) fn lost_failure(&self) -> Failure {
        let message = match self.goodbye.get() {
            Some(reason) => format!("the host ended the session: {reason}"),
            None => "the link to the host broke".to_owned(),
        };
        Failure::new(Code::SESSION_LOST, message)
    }

    fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    async fn call(
        &self,
        deadline: Deadline,
        request: BrokerRequest,
    ) -> Result<BrokerResponse, CallError> {
        let mut context = self.context;
        context.deadline = deadline.for_tarpc();
        match self.channel.call(context, request).await {
            Ok(response) => Ok(response),
            Err(error) => Err(CallError::Unanswered(self.explain(error))),
        }
    }

    fn explain(&self, error: RpcError) -> Failure {
        match error {
            RpcError::Shutdown | RpcError::Channel(_) => {}
            RpcError::Send(error) => match error.downcast_ref() {
                Some(error @ CodecError::TooLarge { .. }) => {
                    return Failure::new(Code::REQUEST_TOO_LARGE, error.to_string());
                }
                Some(error @ CodecError::Encode) => {
                    return Failure::new(Code::ENCODE, error.to_string());
                }
                _ => {}
            },
            RpcError::DeadlineExceeded => {
                let message = "the deadline passed, and the host has not said why";
                return Failure::new(Code::DEADLINE_EXCEEDED, message);
            }
            RpcError::Server(error) => return Failure::new(Code::INTERNAL, error.detail),
        }
        // The dispatch task may not have come to it yet, and the next Connection looks here.
        self.lose();
        self.lost_failure()
    }
}
