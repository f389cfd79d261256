//! A recorded session of each protocol version, replayed against today's host.
//!
//! `proto/tests/golden/session-v1.txt` holds the frames that a plugin of version 1 sent (`>`) and
//! those that its host answered (`<`), in hexadecimal, on a new SQLite file. Today's host must
//! still understand the former and answer with the latter. A recording is made once, when its
//! version is new, with `ONEPOOL_BLESS=1`, and never again.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use onepool_host::Host;
use onepool_proto::codec::{PluginCodec, PluginFrame};
use onepool_proto::handshake::{self, Answer, Hello};
use onepool_proto::id::{ConnectionId, RowSetId, StatementId, TransactionId};
use onepool_proto::message::{
    Call, Effect, EffectKind, Effects, Execute, Finish, FinishHow, Sql, Want,
};
use onepool_proto::service::BrokerRequest;
use onepool_proto::{OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, Scalar, Value, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_util::codec::Encoder;

const CONNECTION: ConnectionId = ConnectionId::from_bytes([1; 16]);
const TRANSACTION: TransactionId = TransactionId::from_bytes([2; 16]);
const STATEMENT: StatementId = StatementId::from_bytes([3; 16]);

fn file(version: u16) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/tests/golden");
    PathBuf::from(folder).join(format!("session-v{version}.txt"))
}

fn call(effects: &[(u64, EffectKind)]) -> Call {
    let effect = |(sequence, kind): &(u64, EffectKind)| Effect {
        sequence: *sequence,
        kind: kind.clone(),
    };
    Call {
        connection: CONNECTION,
        effects: effects.iter().map(effect).collect(),
        deadline_ms: None,
    }
}

fn execute(call: Call, sql: Sql, arguments: Option<Vec<Value>>, row_set: u8) -> BrokerRequest {
    let transaction = call.effects.iter().find_map(|effect| match effect.kind {
        EffectKind::Begin { transaction } => Some(transaction),
        _ => None,
    });
    BrokerRequest::Execute {
        call: Execute {
            call,
            transaction,
            sql,
            arguments,
            persistent: true,
            want: Want::Rows,
            row_set: RowSetId::from_bytes([row_set; 16]),
            known_columns: None,
        },
    }
}

/// What a plugin of this version says in a short life.
fn session() -> Vec<BrokerRequest> {
    let open = (1, EffectKind::Open { read_only: false });
    let begin = (
        2,
        EffectKind::Begin {
            transaction: TRANSACTION,
        },
    );
    let close = vec![Effect {
        sequence: 3,
        kind: EffectKind::Close,
    }];
    let text = |sql: &str| Sql::Text(sql.to_owned());
    let set = vec![
        Value::Scalar(Scalar::I64(7)),
        Value::Scalar(Scalar::Text("seven".to_owned())),
    ];
    let define = Sql::Define(STATEMENT, "INSERT INTO t VALUES (?, ?)".to_owned());
    let again = execute(call(&[]), Sql::Known(STATEMENT), Some(set.clone()), 5);
    vec![
        BrokerRequest::Echo {
            payload: bytes::Bytes::from_static(b"hello"),
        },
        execute(
            call(&[open]),
            text("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)"),
            None,
            3,
        ),
        execute(call(&[begin]), define, Some(set), 4),
        BrokerRequest::Finish {
            call: Finish {
                call: call(&[]),
                transaction: TRANSACTION,
                depth: 0,
                how: FinishHow::Commit,
            },
        },
        // The same row once more: a unique violation.
        again,
        execute(
            call(&[]),
            text("SELECT id, name, NULL FROM t"),
            Some(Vec::new()),
            6,
        ),
        BrokerRequest::Flush {
            calls: vec![Effects {
                connection: CONNECTION,
                effects: close,
            }],
        },
        BrokerRequest::PingDatabase { call: call(&[]) },
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Comes in as a plugin of this version.
async fn enter(host: &Host, version: u16) -> UnixStream {
    let mut socket = UnixStream::connect(host.endpoint().path().unwrap())
        .await
        .unwrap();
    let hello = Hello {
        oldest_version: version,
        newest_version: version,
        ..Hello::new("replay", host.issue_token("replay").unwrap())
    };
    socket
        .write_all(&handshake::encode(&hello).unwrap())
        .await
        .unwrap();
    let mut header = [0; handshake::HEADER_BYTES];
    socket.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; handshake::body_length(header).unwrap()];
    socket.read_exact(&mut body).await.unwrap();
    let Answer::Welcome(welcome) = handshake::decode(&body).unwrap() else {
        panic!("not admitted");
    };
    assert_eq!(welcome.version, version);
    socket
}

async fn read_frame(socket: &mut UnixStream) -> Vec<u8> {
    let mut frame = vec![0; 4];
    socket.read_exact(&mut frame).await.unwrap();
    let length = u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize;
    frame.resize(4 + length, 0);
    socket.read_exact(&mut frame[4..]).await.unwrap();
    frame
}

/// Sends each frame and waits for its answer.
async fn replay(version: u16, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let file = onepool_tests::sqlite();
    let host = Host::builder()
        .database(&file.url)
        .max_connections(1)
        .start()
        .await
        .unwrap();
    let mut socket = enter(&host, version).await;
    let mut answers = Vec::new();
    for frame in frames {
        socket.write_all(frame).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(30), read_frame(&mut socket));
        answers.push(answer.await.expect("an answer"));
    }
    drop(socket);
    host.stop().await;
    answers
}

async fn record() {
    let frames: Vec<Vec<u8>> = (1..)
        .zip(session())
        .map(|(id, request)| {
            let mut frame = bytes::BytesMut::new();
            let call = PluginFrame::Call {
                id,
                trace: None,
                request,
            };
            PluginCodec::new(limits::FRAME_BYTES)
                .encode(call, &mut frame)
                .unwrap();
            frame.to_vec()
        })
        .collect();
    let answers = replay(PROTOCOL_VERSION, &frames).await;
    let text = frames
        .iter()
        .zip(&answers)
        .fold(String::new(), |mut text, (sent, got)| {
            let _ = writeln!(text, "> {}\n< {}", hex(sent), hex(got));
            text
        });
    std::fs::write(file(PROTOCOL_VERSION), text).unwrap();
}

#[tokio::test]
async fn a_recorded_session_of_every_version_spoken_still_works() {
    if std::env::var_os("ONEPOOL_BLESS").is_some() {
        record().await;
    }
    for version in OLDEST_PROTOCOL_VERSION..=PROTOCOL_VERSION {
        let text = std::fs::read_to_string(file(version)).expect("a recording of this version");
        let lines = |mark: &str| -> Vec<Vec<u8>> {
            text.lines()
                .filter_map(|line| line.strip_prefix(mark))
                .map(unhex)
                .collect()
        };
        let answers = replay(version, &lines("> ")).await;
        for (at, (now, then)) in answers.iter().zip(lines("< ")).enumerate() {
            assert_eq!(hex(now), hex(&then), "answer {at} of version {version}");
        }
    }
}
