//! One example at least of everything that crosses the wire.

#![expect(
    clippy::too_many_lines,
    reason = "a list of examples is as long as what it lists"
)]

use bytes::Bytes;
use onepool_proto::codec::{HostFrame, PluginFrame, Trace};
use onepool_proto::column::{Column, ColumnType, DatabaseKind, Format, Origin};
use onepool_proto::error::{DatabaseFailure, Holder, SourcePlace, Wait, kind};
use onepool_proto::handshake::{Answer, Hello, Token, Welcome};
use onepool_proto::id::{ConnectionId, RowSetId, SessionId, StatementId, TransactionId, UploadId};
use onepool_proto::message::*;
use onepool_proto::page::{Page, PageItem};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::value::{Array, Edge, Range, Scalar, ScalarType, Value, ValueType};
use onepool_proto::{Code, Failure, Limits};

/// How many calls the service has.
pub const CALLS: usize = 12;

/// Which call a request is. A new call does not compile until it is named here.
pub fn call_name(request: &BrokerRequest) -> &'static str {
    match request {
        BrokerRequest::Echo { .. } => "echo",
        BrokerRequest::Execute { .. } => "execute",
        BrokerRequest::Fetch { .. } => "fetch",
        BrokerRequest::Batch { .. } => "batch",
        BrokerRequest::Prepare { .. } => "prepare",
        BrokerRequest::Begin { .. } => "begin",
        BrokerRequest::Finish { .. } => "finish",
        BrokerRequest::PingDatabase { .. } => "ping_database",
        BrokerRequest::Flush { .. } => "flush",
        BrokerRequest::MigrationLock { .. } => "migration_lock",
        BrokerRequest::Upload { .. } => "upload",
        BrokerRequest::Uploaded { .. } => "uploaded",
    }
}

const CONNECTION: ConnectionId = ConnectionId::from_bytes([1; 16]);
const TRANSACTION: TransactionId = TransactionId::from_bytes([2; 16]);
const ROW_SET: RowSetId = RowSetId::from_bytes([3; 16]);
const STATEMENT: StatementId = StatementId::from_bytes([4; 16]);
const UPLOAD: UploadId = UploadId::from_bytes([5; 16]);

fn effects() -> Vec<Effect> {
    let kinds = [
        EffectKind::Open { read_only: true },
        EffectKind::Begin {
            transaction: TRANSACTION,
        },
        EffectKind::Savepoint {
            transaction: TRANSACTION,
            depth: 1,
        },
        EffectKind::RollbackTo {
            transaction: TRANSACTION,
            depth: 1,
        },
        EffectKind::Rollback {
            transaction: TRANSACTION,
        },
        EffectKind::CloseRowSet { row_set: ROW_SET },
        EffectKind::Release,
        EffectKind::Close,
    ];
    (1..)
        .zip(kinds)
        .map(|(sequence, kind)| Effect { sequence, kind })
        .collect()
}

fn call() -> Call {
    Call {
        connection: CONNECTION,
        effects: effects(),
        deadline_ms: Some(1500),
    }
}

fn quiet() -> Call {
    Call {
        connection: CONNECTION,
        effects: Vec::new(),
        deadline_ms: None,
    }
}

/// Every scalar.
pub fn scalars() -> Vec<Scalar> {
    vec![
        Scalar::Bool(true),
        Scalar::I8(i8::MIN),
        Scalar::I16(i16::MIN),
        Scalar::I32(i32::MIN),
        Scalar::I64(i64::MIN),
        Scalar::U8(u8::MAX),
        Scalar::U16(u16::MAX),
        Scalar::U32(u32::MAX),
        Scalar::U64(u64::MAX),
        Scalar::F32(1.5),
        Scalar::F64(-0.0),
        Scalar::Decimal("-12.50".to_owned()),
        Scalar::Text("text".to_owned()),
        Scalar::Bytes(Bytes::from_static(b"\0\xff")),
        Scalar::Uuid([7; 16]),
        Scalar::Date { days: -1 },
        Scalar::Time {
            nanos: 86_399_999_999_999,
        },
        Scalar::TimeTz {
            nanos: 1,
            offset_s: -3600,
        },
        Scalar::Timestamp {
            seconds: -62_135_596_800,
            nanos: 999_999_999,
        },
        Scalar::TimestampTz {
            seconds: 253_402_300_799,
            nanos: 1,
            offset_s: 19_800,
        },
        Scalar::Interval {
            months: -1,
            days: 2,
            micros: -3,
        },
        Scalar::Json("{}".to_owned()),
        Scalar::Inet {
            address: Bytes::from_static(&[127, 0, 0, 1]),
            prefix: 8,
        },
        Scalar::Named {
            type_name: "mood".to_owned(),
            text: "happy".to_owned(),
        },
    ]
}

fn values() -> Vec<Value> {
    let mut values: Vec<_> = scalars().into_iter().map(Value::Scalar).collect();
    values.push(Value::Null(ValueType::scalar(ScalarType::Named(
        "mood".to_owned(),
    ))));
    values.push(Value::Null(ValueType::array(ScalarType::I32)));
    values.push(Value::Null(ValueType::range(ScalarType::Date)));
    values.push(Value::Array(Array {
        element: ScalarType::I32,
        dimensions: vec![1, 2],
        elements: vec![Some(Scalar::I32(1)), None],
    }));
    let edges = Some((
        Edge::Included(Scalar::I32(1)),
        Edge::Excluded(Scalar::I32(5)),
    ));
    values.push(Value::Range(Range {
        element: ScalarType::I32,
        edges,
    }));
    let edges = Some((Edge::Unbounded, Edge::Unbounded));
    values.push(Value::Range(Range {
        element: ScalarType::I64,
        edges,
    }));
    values.push(Value::Range(Range {
        element: ScalarType::I64,
        edges: None,
    }));
    values
}

fn execute(sql: Sql, want: Want) -> Execute {
    Execute {
        call: call(),
        transaction: Some(TRANSACTION),
        sql,
        arguments: Some(values()),
        persistent: true,
        want,
        row_set: ROW_SET,
    }
}

/// Everything a plugin sends.
pub fn plugin_frames() -> Vec<(&'static str, PluginFrame)> {
    let text = || Sql::Text("SELECT 1".to_owned());
    let batch = Batch {
        call: quiet(),
        transaction: None,
        sql: text(),
        sets: vec![vec![Value::Scalar(Scalar::I32(1))], Vec::new()],
        mode: BatchMode::AllOrNothing,
    };
    let prepare = Prepare {
        call: quiet(),
        transaction: None,
        sql: text(),
        parameters: vec![ValueType::scalar(ScalarType::I64)],
        detail: PrepareDetail::Describe,
    };
    let finish = |how| Finish {
        call: quiet(),
        transaction: TRANSACTION,
        depth: 2,
        how,
    };
    let statement = "BEGIN IMMEDIATE".to_owned();
    let define = Sql::Define(STATEMENT, "SELECT $1".to_owned());
    let bytes = Bytes::from_static(b"part");
    let requests = vec![
        (
            "echo",
            BrokerRequest::Echo {
                payload: Bytes::from_static(b"hello"),
            },
        ),
        (
            "execute text",
            BrokerRequest::Execute {
                call: execute(text(), Want::Rows),
            },
        ),
        (
            "execute define",
            BrokerRequest::Execute {
                call: execute(define, Want::First),
            },
        ),
        (
            "execute known",
            BrokerRequest::Execute {
                call: Execute {
                    call: quiet(),
                    transaction: None,
                    arguments: None,
                    persistent: false,
                    ..execute(Sql::Known(STATEMENT), Want::Summary)
                },
            },
        ),
        (
            "fetch",
            BrokerRequest::Fetch {
                call: Fetch {
                    connection: CONNECTION,
                    row_set: ROW_SET,
                    page: 300,
                    deadline_ms: Some(u64::MAX),
                },
            },
        ),
        (
            "batch",
            BrokerRequest::Batch {
                call: batch.clone(),
            },
        ),
        (
            "batch stop at first",
            BrokerRequest::Batch {
                call: Batch {
                    mode: BatchMode::StopAtFirst,
                    ..batch.clone()
                },
            },
        ),
        (
            "prepare",
            BrokerRequest::Prepare {
                call: prepare.clone(),
            },
        ),
        (
            "begin",
            BrokerRequest::Begin {
                call: Begin {
                    call: quiet(),
                    transaction: TRANSACTION,
                    statement,
                },
            },
        ),
        (
            "finish commit",
            BrokerRequest::Finish {
                call: finish(FinishHow::Commit),
            },
        ),
        (
            "finish rollback",
            BrokerRequest::Finish {
                call: finish(FinishHow::Rollback),
            },
        ),
        (
            "ping database",
            BrokerRequest::PingDatabase { call: quiet() },
        ),
        (
            "flush",
            BrokerRequest::Flush {
                calls: vec![Effects {
                    connection: CONNECTION,
                    effects: effects(),
                }],
            },
        ),
        (
            "migration lock",
            BrokerRequest::MigrationLock {
                call: MigrationLock {
                    call: quiet(),
                    take: true,
                },
            },
        ),
        (
            "upload",
            BrokerRequest::Upload {
                part: UploadPart {
                    upload: UPLOAD,
                    offset: 70_000,
                    bytes,
                },
            },
        ),
        (
            "uploaded",
            BrokerRequest::Uploaded {
                call: Uploaded {
                    upload: UPLOAD,
                    length: 70_004,
                },
            },
        ),
    ];
    let mut frames: Vec<_> = requests
        .into_iter()
        .map(|(name, request)| {
            (
                name,
                PluginFrame::Call {
                    id: 7,
                    trace: None,
                    request,
                },
            )
        })
        .collect();
    let trace = Some(Trace {
        trace_id: [8; 16],
        span_id: [9; 8],
    });
    let request = BrokerRequest::Echo {
        payload: Bytes::new(),
    };
    frames.push((
        "traced",
        PluginFrame::Call {
            id: 300,
            trace,
            request,
        },
    ));
    frames.push(("cancel", PluginFrame::Cancel { id: u64::MAX }));
    frames
}

fn column() -> Column {
    Column {
        name: "id".to_owned(),
        column_type: ColumnType {
            id: 20,
            detail: 0,
            name: "INT8".to_owned(),
        },
        origin: Some(Origin {
            table: "t".to_owned(),
            column: "id".to_owned(),
        }),
    }
}

fn page() -> Page {
    let summary = Summary {
        rows_affected: 1,
        last_insert_id: Some(-1),
    };
    Page {
        items: vec![
            PageItem::Columns {
                format: Format::Binary,
                columns: vec![column()],
            },
            PageItem::Columns {
                format: Format::Text,
                columns: Vec::new(),
            },
            PageItem::Rows(Bytes::from_static(b"rows")),
            PageItem::Done(summary),
        ],
        more: true,
    }
}

/// A failure with every field.
pub fn failure() -> Failure {
    let some = |text: &str| Some(text.to_owned());
    Failure {
        code: Code::DATABASE,
        message: "message".to_owned(),
        database: Some(Box::new(DatabaseFailure {
            kind: kind::UNIQUE_VIOLATION,
            code: some("23505"),
            number: Some(1062),
            message: "message".to_owned(),
            detail: some("detail"),
            hint: some("hint"),
            constraint: some("constraint"),
            schema: some("schema"),
            table: some("table"),
            column: some("column"),
            data_type: some("type"),
            position: Some(3),
            context: some("context"),
            severity: some("ERROR"),
            source: Some(SourcePlace {
                file: some("f"),
                line: Some(1),
                routine: some("r"),
            }),
            offset: Some(9),
        })),
        wait: Some(Box::new(Wait {
            waited_ms: 30_000,
            position: 4,
            holders: vec![Holder {
                plugin: "p".to_owned(),
                held_ms: 5,
                purpose: "transaction".to_owned(),
            }],
        })),
    }
}

/// Everything a host sends.
pub fn host_frames() -> Vec<(&'static str, HostFrame)> {
    let summaries = vec![Summary::default()];
    let failed = Some(BatchFailed {
        set: 1,
        failure: failure(),
    });
    let batch = BatchReply { summaries, failed };
    let types = Some(Parameters::Types(vec![column().column_type]));
    let nullable = vec![Some(true), Some(false), None];
    let prepared = Prepared {
        columns: vec![column()],
        parameters: types,
        nullable,
    };
    let counted = Prepared {
        parameters: Some(Parameters::Count(2)),
        ..prepared.clone()
    };
    let execute = ExecuteReply { page: page() };
    let responses = vec![
        ("echo", BrokerResponse::Echo(Bytes::from_static(b"hello"))),
        ("execute", BrokerResponse::Execute(Ok(execute.clone()))),
        ("execute failed", BrokerResponse::Execute(Err(failure()))),
        ("fetch", BrokerResponse::Fetch(Ok(page()))),
        ("batch", BrokerResponse::Batch(Ok(batch.clone()))),
        ("prepare", BrokerResponse::Prepare(Ok(prepared.clone()))),
        ("prepare counted", BrokerResponse::Prepare(Ok(counted))),
        ("begin", BrokerResponse::Begin(Ok(()))),
        ("finish", BrokerResponse::Finish(Ok(()))),
        ("ping database", BrokerResponse::PingDatabase(Ok(()))),
        ("flush", BrokerResponse::Flush(Ok(()))),
        ("migration lock", BrokerResponse::MigrationLock(Ok(()))),
        ("upload", BrokerResponse::Upload(Ok(()))),
        (
            "uploaded execute",
            BrokerResponse::Uploaded(Ok(UploadedReply::Execute(execute))),
        ),
        (
            "uploaded batch",
            BrokerResponse::Uploaded(Ok(UploadedReply::Batch(batch))),
        ),
        (
            "uploaded prepare",
            BrokerResponse::Uploaded(Ok(UploadedReply::Prepare(prepared))),
        ),
    ];
    let mut frames: Vec<_> = responses
        .into_iter()
        .map(|(name, response)| (name, HostFrame::Answer { id: 7, response }))
        .collect();
    frames.push((
        "goodbye",
        HostFrame::Goodbye(Failure::new(Code::HOST_STOPPING, "bye")),
    ));
    frames
}

/// A greeting.
pub fn hello() -> Hello {
    Hello {
        features: 5,
        ..Hello::new("reports", Token::new("secret"))
    }
}

/// The answers to it.
pub fn answers() -> Vec<(&'static str, Answer)> {
    let welcome = |database| {
        Answer::Welcome(Welcome {
            version: 1,
            session: SessionId::from_bytes([6; 16]),
            database,
            limits: Limits::default(),
            features: 0,
            next_token: Token::new("next"),
        })
    };
    vec![
        ("welcome sqlite", welcome(DatabaseKind::Sqlite)),
        ("welcome postgres", welcome(DatabaseKind::Postgres)),
        ("welcome mysql", welcome(DatabaseKind::MySql)),
        (
            "refused",
            Answer::Refused(Failure::new(Code::TOKEN_USED, "used")),
        ),
    ]
}
