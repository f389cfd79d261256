//! Reading an output back, for tests.

use std::time::Duration;

use onepool_proto::message::{Summary, Want};
use onepool_proto::page::{Page, PageItem, RowReader};
use onepool_proto::{Column, Failure, Format};
use tokio_util::sync::CancellationToken;

use super::{Brake, Driver, Output, Statement, pages};

impl<'a> Statement<'a> {
    /// A text that is sent as it is.
    pub(crate) fn text(sql: &'a str) -> Self {
        Self {
            sql,
            signed: None,
            arguments: None,
            persistent: false,
        }
    }
}

/// What a statement yielded.
#[derive(Debug, Default)]
pub(crate) struct Yield {
    pub(crate) pages: usize,
    pub(crate) formats: Vec<Format>,
    pub(crate) columns: Vec<Vec<Column>>,
    pub(crate) rows: Vec<Vec<Option<Vec<u8>>>>,
    pub(crate) summaries: Vec<Summary>,
}

/// Runs `statement` and gathers what it yields.
pub(crate) async fn run(
    driver: &mut Driver,
    statement: Statement<'_>,
    want: Want,
) -> Result<Yield, Failure> {
    let (tx, mut rx) = pages();
    let brake = Brake::under(&CancellationToken::new());
    let work = async {
        let mut output = Output::new(want, tx, brake, Duration::from_secs(60));
        let result = driver.run(statement, &mut output).await;
        output.finish(result).await;
    };
    let read = async {
        let mut pages = Vec::new();
        while let Some(page) = rx.next().await {
            pages.push(page?);
        }
        Ok::<_, Failure>(pages)
    };
    let ((), pages) = tokio::join!(work, read);
    Ok(gather(pages?))
}

fn gather(pages: Vec<Page>) -> Yield {
    let mut seen = Yield {
        pages: pages.len(),
        ..Yield::default()
    };
    let mut reader = RowReader::new(0);
    for item in pages.into_iter().flat_map(|page| page.items) {
        match item {
            PageItem::Columns {
                format, columns, ..
            } => {
                reader.finish().unwrap();
                reader = RowReader::new(columns.len());
                seen.formats.push(format);
                seen.columns.push(columns);
            }
            PageItem::KnownColumns => panic!("no columns are known"),
            PageItem::Rows(chunk) => {
                reader.push(chunk);
                while let Some(row) = reader.next_row().unwrap() {
                    let cells = (0..row.len()).map(|index| row.cell(index).map(Into::into));
                    seen.rows.push(cells.collect());
                }
            }
            PageItem::Done(summary) => seen.summaries.push(summary),
        }
    }
    reader.finish().unwrap();
    seen
}
