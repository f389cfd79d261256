//! The wire by hand: a peer that sends whatever bytes it likes.

use bytes::BytesMut;
use onepool_host::Host;
use onepool_proto::codec::{HostFrame, PluginCodec, PluginFrame};
use onepool_proto::handshake::{self, Answer, Hello};
use onepool_proto::id::{ConnectionId, RowSetId, TransactionId};
use onepool_proto::message::{Call, Effect, EffectKind, Execute, Sql, Want};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Value, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::codec::{Decoder, Encoder};

use super::place::soon;

pub(super) const CONNECTION: ConnectionId = ConnectionId::from_bytes([1; 16]);
pub(super) const TRANSACTION: TransactionId = TransactionId::from_bytes([2; 16]);
pub(super) const ROW_SET: RowSetId = RowSetId::from_bytes([3; 16]);

/// A socket to a host, and what has been read from it.
pub(super) struct Raw {
    socket: UnixStream,
    read: BytesMut,
    calls: u64,
}

impl Raw {
    /// Knocks, and says nothing.
    pub(super) async fn knock(host: &Host) -> Self {
        let socket = UnixStream::connect(host.endpoint().path().unwrap()).await;
        Self {
            socket: socket.unwrap(),
            read: BytesMut::new(),
            calls: 0,
        }
    }

    /// Comes in as the plugin `rogue`.
    pub(super) async fn enter(host: &Host) -> Self {
        let mut raw = Self::knock(host).await;
        let hello = Hello::new("rogue", host.issue_token("rogue").unwrap());
        raw.send(&handshake::encode(&hello).unwrap()).await;
        let answer = raw.answer().await;
        assert!(matches!(answer, Answer::Welcome(_)), "{answer:?}");
        raw
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        soon("the host's reading", self.socket.write_all(bytes))
            .await
            .unwrap();
    }

    /// Sends what it can of these bytes: the host may hang up before it has read them all.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) {
        let _ = soon("the host's reading", self.socket.write_all(bytes)).await;
    }

    /// A frame with this body.
    pub(super) async fn send_frame(&mut self, body: &[u8]) {
        let mut frame = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
        frame.extend_from_slice(body);
        self.send(&frame).await;
    }

    /// What the host says to a handshake.
    pub(super) async fn answer(&mut self) -> Answer {
        let answer = async {
            let mut header = [0; handshake::HEADER_BYTES];
            self.socket.read_exact(&mut header).await.unwrap();
            let mut body = vec![0; handshake::body_length(header).unwrap()];
            self.socket.read_exact(&mut body).await.unwrap();
            handshake::decode(&body).unwrap()
        };
        soon("the host's half of the handshake", answer).await
    }

    /// Makes a call and does not wait. Answers its number.
    pub(super) async fn start(&mut self, request: BrokerRequest) -> u64 {
        self.calls += 1;
        self.start_as(self.calls, request).await;
        self.calls
    }

    pub(super) async fn start_as(&mut self, id: u64, request: BrokerRequest) {
        self.send(&frame(id, request)).await;
    }

    /// The host's next frame; `None` once it has hung up.
    pub(super) async fn next(&mut self) -> Option<HostFrame> {
        let next = async {
            let mut codec = PluginCodec::new(limits::FRAME_BYTES);
            loop {
                if let Some(frame) = codec.decode(&mut self.read).unwrap() {
                    return Some(frame);
                }
                if self.socket.read_buf(&mut self.read).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        soon("the host's next frame", next).await
    }

    /// Makes a call; its answer, which must be the next frame.
    pub(super) async fn call(&mut self, request: BrokerRequest) -> BrokerResponse {
        let call = self.start(request).await;
        match self.next().await {
            Some(HostFrame::Answer { id, response }) if id == call => response,
            other => panic!("no answer, but {other:?}"),
        }
    }

    /// Makes a call that must fail, and answers with what code.
    pub(super) async fn refused(&mut self, request: BrokerRequest) -> Code {
        let response = self.call(request).await;
        code_of(&response).unwrap_or_else(|| panic!("not refused: {response:?}"))
    }

    /// Makes a call that must succeed.
    pub(super) async fn done(&mut self, request: BrokerRequest) -> BrokerResponse {
        let response = self.call(request).await;
        assert_eq!(code_of(&response), None, "{response:?}");
        response
    }

    /// The session still works.
    pub(super) async fn still_works(&mut self) {
        let payload = bytes::Bytes::from_static(b"hello");
        let answer = self.call(BrokerRequest::Echo { payload }).await;
        assert!(matches!(answer, BrokerResponse::Echo(echo) if echo == "hello"));
    }

    /// Whether the next call is answered, or the session ends with a reason.
    pub(super) async fn answers_or_ends(&mut self) -> bool {
        let payload = bytes::Bytes::from_static(b"hello");
        self.try_send(&frame(u64::MAX, BrokerRequest::Echo { payload }))
            .await;
        loop {
            match self.next().await {
                Some(HostFrame::Answer { id: u64::MAX, .. } | HostFrame::Goodbye(_)) => {
                    return true;
                }
                Some(HostFrame::Answer { .. }) => (),
                None => return false,
            }
        }
    }

    /// The host's last words, after which it hangs up. Answers may come before them.
    pub(super) async fn goodbye(&mut self) -> Code {
        loop {
            match self.next().await {
                Some(HostFrame::Answer { .. }) => (),
                Some(HostFrame::Goodbye(failure)) => {
                    assert!(self.next().await.is_none(), "goodbye is the last word");
                    return failure.code;
                }
                None => panic!("the host hung up without a word"),
            }
        }
    }
}

/// A call as a frame.
pub(super) fn frame(id: u64, request: BrokerRequest) -> BytesMut {
    let mut bytes = BytesMut::new();
    let call = PluginFrame::Call {
        id,
        trace: None,
        request,
    };
    let mut codec = PluginCodec::new(limits::FRAME_BYTES);
    codec.encode(call, &mut bytes).unwrap();
    bytes
}

/// The code with which a call was refused.
pub(super) fn code_of(response: &BrokerResponse) -> Option<Code> {
    let failure = match response {
        BrokerResponse::Echo(_) => None,
        BrokerResponse::Execute(result) => result.as_ref().err(),
        BrokerResponse::Fetch(result) => result.as_ref().err(),
        BrokerResponse::Batch(result) => result.as_ref().err(),
        BrokerResponse::Prepare(result) => result.as_ref().err(),
        BrokerResponse::Uploaded(result) => result.as_ref().err(),
        BrokerResponse::Begin(result)
        | BrokerResponse::Finish(result)
        | BrokerResponse::PingDatabase(result)
        | BrokerResponse::Flush(result)
        | BrokerResponse::MigrationLock(result)
        | BrokerResponse::AwaitShutdown(result)
        | BrokerResponse::Upload(result) => result.as_ref().err(),
    };
    failure.map(|failure| failure.code)
}

/// What a call on the Connection begins with, with effects that count from `first`.
pub(super) fn call(first: u64, effects: &[EffectKind]) -> Call {
    let effects = (first..).zip(effects).map(|(sequence, kind)| Effect {
        sequence,
        kind: kind.clone(),
    });
    Call {
        connection: CONNECTION,
        effects: effects.collect(),
        deadline_ms: None,
    }
}

pub(super) const OPEN: EffectKind = EffectKind::Open { read_only: false };
pub(super) const BEGIN: EffectKind = EffectKind::Begin {
    transaction: TRANSACTION,
};

/// One statement.
pub(super) fn statement(call: Call, sql: &str) -> Execute {
    Execute {
        call,
        transaction: None,
        sql: Sql::Text(sql.to_owned()),
        arguments: Some(Vec::new()),
        persistent: true,
        want: Want::Rows,
        row_set: ROW_SET,
        known_columns: None,
    }
}

/// One statement, as a request.
pub(super) fn execute(call: Call, sql: &str) -> BrokerRequest {
    BrokerRequest::Execute {
        call: statement(call, sql),
    }
}

/// One statement of the transaction.
pub(super) fn inside(call: Call, sql: &str) -> BrokerRequest {
    BrokerRequest::Execute {
        call: Execute {
            transaction: Some(TRANSACTION),
            ..statement(call, sql)
        },
    }
}

/// One statement with these arguments.
pub(super) fn with(call: Call, sql: &str, arguments: Vec<Value>) -> BrokerRequest {
    BrokerRequest::Execute {
        call: Execute {
            arguments: Some(arguments),
            persistent: false,
            ..statement(call, sql)
        },
    }
}
