//! What a plugin sends.

#![expect(
    clippy::too_many_lines,
    reason = "a list of examples is as long as what it lists"
)]

use bytes::Bytes;
use onepool_proto::codec::{PluginFrame, Trace};
use onepool_proto::id::{ConnectionId, RowSetId, StatementId, TransactionId, UploadId};
use onepool_proto::message::*;
use onepool_proto::service::BrokerRequest;
use onepool_proto::value::{Scalar, ScalarType, Value, ValueType};

use super::values::values;

const CONNECTION: ConnectionId = ConnectionId::from_bytes([1; 16]);
const TRANSACTION: TransactionId = TransactionId::from_bytes([2; 16]);
const ROW_SET: RowSetId = RowSetId::from_bytes([3; 16]);
const STATEMENT: StatementId = StatementId::from_bytes([4; 16]);
const UPLOAD: UploadId = UploadId::from_bytes([5; 16]);

fn execute(sql: Sql, want: Want) -> Execute {
    Execute {
        call: call(),
        transaction: Some(TRANSACTION),
        sql,
        arguments: Some(values()),
        persistent: true,
        known_columns: (want == Want::First).then_some(7),
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
        ("await shutdown", BrokerRequest::AwaitShutdown {}),
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
