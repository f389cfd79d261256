//! Answers of a scripted host, and arguments to ask it with.

use bytes::Bytes;
use onepool_proto::column::{Column, ColumnType, Format, sqlite_tag};
use onepool_proto::message::{BatchReply, ExecuteReply, Prepared, Sql, Summary, UploadedReply};
use onepool_proto::page::{Page, PageItem, RowWriter};
use onepool_proto::service::{BrokerRequest, BrokerResponse};
use onepool_proto::{Code, Failure, Scalar, ScalarType};
use onepool_sdk::{Onepool, OnepoolArgumentBuffer, OnepoolArguments, OnepoolTypeInfo};
use sqlx_core::arguments::Arguments;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use crate::host::Reply;

/// What a host answers that has nothing to say.
pub fn success(request: &BrokerRequest) -> BrokerResponse {
    match request {
        BrokerRequest::Echo { payload } => BrokerResponse::Echo(payload.clone()),
        BrokerRequest::Execute { call } => BrokerResponse::Execute(Ok(ExecuteReply {
            holds_state: leaves_state(&call.sql),
            ..executed(done(1))
        })),
        BrokerRequest::Fetch { .. } => BrokerResponse::Fetch(Err(stale())),
        BrokerRequest::Batch { call } => BrokerResponse::Batch(Ok(BatchReply {
            summaries: vec![Summary::default(); call.sets.len()],
            failed: None,
        })),
        BrokerRequest::Prepare { .. } => BrokerResponse::Prepare(Ok(Prepared {
            columns: Vec::new(),
            parameters: None,
            nullable: Vec::new(),
        })),
        BrokerRequest::Begin { .. } => BrokerResponse::Begin(Ok(())),
        BrokerRequest::Finish { .. } => BrokerResponse::Finish(Ok(())),
        BrokerRequest::PingDatabase { .. } => BrokerResponse::PingDatabase(Ok(())),
        BrokerRequest::Flush { .. } => BrokerResponse::Flush(Ok(())),
        BrokerRequest::MigrationLock { .. } => BrokerResponse::MigrationLock(Ok(())),
        BrokerRequest::Upload { .. } => BrokerResponse::Upload(Ok(())),
        BrokerRequest::AwaitShutdown {} => BrokerResponse::AwaitShutdown(Ok(())),
        BrokerRequest::Uploaded { .. } => {
            BrokerResponse::Uploaded(Ok(UploadedReply::Execute(executed(done(1)))))
        }
    }
}

pub fn execute_reply(page: Page) -> BrokerResponse {
    BrokerResponse::Execute(Ok(executed(page)))
}

/// Whether a statement leaves behind what a real host keeps for its Connection.
fn leaves_state(sql: &Sql) -> bool {
    let (Sql::Text(text) | Sql::Define(_, text)) = sql else {
        return false;
    };
    text.starts_with("CREATE TEMPORARY")
}

fn executed(page: Page) -> ExecuteReply {
    ExecuteReply {
        page,
        holds_state: false,
    }
}

pub fn execute_failure(code: Code) -> Reply {
    Reply::Now(BrokerResponse::Execute(Err(Failure::new(code, "scripted"))))
}

pub fn stale() -> Failure {
    Failure::new(Code::STALE_ID, "the row set has ended")
}

/// A page that says what a statement without rows did.
pub fn done(rows_affected: u64) -> Page {
    Page {
        items: vec![PageItem::Done(Summary {
            rows_affected,
            last_insert_id: None,
        })],
        more: false,
    }
}

/// One column of text.
pub fn columns() -> PageItem {
    PageItem::Columns {
        format: Format::Text,
        columns: vec![Column {
            name: "word".into(),
            column_type: ColumnType {
                id: 25,
                detail: 0,
                name: "TEXT".into(),
            },
            origin: None,
        }],
        tag: 1,
    }
}

/// Rows of that column, as SQLite's.
pub fn rows(words: &[&str]) -> Bytes {
    let mut writer = RowWriter::new();
    for word in words {
        writer
            .begin_row([Some(1 + word.len())].into_iter())
            .unwrap();
        writer.cell(&[sqlite_tag::TEXT]);
        writer.cell(word.as_bytes());
    }
    writer.take()
}

/// A result that fits a page.
pub fn words(words: &[&str]) -> Page {
    let mut page = done(words.len() as u64);
    page.items.insert(0, columns());
    page.items.insert(1, PageItem::Rows(rows(words)));
    page
}

/// Arguments with these values.
pub fn arguments(values: impl IntoIterator<Item = Scalar>) -> OnepoolArguments {
    let mut arguments = OnepoolArguments::default();
    for value in values {
        arguments.add(Bound(value)).unwrap();
    }
    arguments
}

/// A value that is bound as it is.
pub struct Bound(pub Scalar);

impl Type<Onepool> for Bound {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::scalar(ScalarType::Text)
    }
}

impl Encode<'_, Onepool> for Bound {
    fn encode_by_ref(&self, buffer: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.put(self.0.clone());
        Ok(IsNull::No)
    }
}
