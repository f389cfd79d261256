//! What a host sends.

use bytes::Bytes;
use onepool_proto::codec::HostFrame;
use onepool_proto::column::{Column, ColumnType, Format, Origin};
use onepool_proto::error::{DatabaseFailure, Holder, SourcePlace, Wait, kind};
use onepool_proto::message::*;
use onepool_proto::page::{Page, PageItem};
use onepool_proto::service::BrokerResponse;
use onepool_proto::{Code, Failure};

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
    let execute = ExecuteReply {
        page: page(),
        holds_state: true,
    };
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
        ("await shutdown", BrokerResponse::AwaitShutdown(Ok(()))),
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
                tag: u64::MAX,
            },
            PageItem::Columns {
                format: Format::Text,
                columns: Vec::new(),
                tag: 0,
            },
            PageItem::KnownColumns,
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
