//! From a driver's stream of rows to the output.

use std::hash::{DefaultHasher, Hash, Hasher};

use futures_util::{Stream, StreamExt};
use onepool_proto::message::Summary;
use onepool_proto::{Column, Failure, Format};
use sqlx::{Database, Either};
use tokio::task::coop::consume_budget;

use super::output::{Cells, Output};

/// Reads a database's rows without decoding a cell.
pub(super) trait RowReader {
    type Database: Database;

    /// What the columns of `row`, and of the rows after it, are.
    fn columns(&self, row: &RowOf<Self>) -> (Format, Vec<Column>);

    /// Tells the columns of `row`, and how its cells are written, from others.
    fn tag(&self, row: &RowOf<Self>) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.columns(row).hash(&mut hasher);
        hasher.finish()
    }

    /// The cells of `row`.
    fn cells<'r>(&self, row: &'r RowOf<Self>) -> impl Cells<'r>;

    /// What a statement did.
    fn summary(&self, result: &ResultOf<Self>) -> Summary;

    /// What an error of the driver becomes.
    fn failure(&self, error: sqlx::Error) -> Failure;
}

pub(super) type RowOf<R> = <<R as RowReader>::Database as Database>::Row;
pub(super) type ResultOf<R> = <<R as RowReader>::Database as Database>::QueryResult;
type ItemOf<R> = Result<Either<ResultOf<R>, RowOf<R>>, sqlx::Error>;

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With the summary of its last statement.
    Summary,
    /// Without one: there was no statement, or it was left after a row, or it was cut short.
    Open,
}

/// Reads `stream` to its end and puts what it yields into `output`.
///
/// The stream is drained even when nothing of it is wanted any more: what it belongs to is a
/// connection that somebody else uses next.
pub(super) async fn deliver<R: RowReader>(
    reader: &R,
    mut stream: impl Stream<Item = ItemOf<R>> + Unpin,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let mut ending = Ending::Open;
    let mut described = false;
    let mut refused = None;
    while let Some(item) = stream.next().await {
        // A driver's socket never yields while rows are at hand, and everybody else on this thread
        // would wait, whoever is to cancel the statement included.
        consume_budget().await;
        match item {
            Ok(Either::Right(row)) => {
                ending = Ending::Open;
                if refused.is_some() || !output.takes_rows() {
                    continue;
                }
                if !described {
                    output.columns(reader.tag(&row), || reader.columns(&row));
                    described = true;
                }
                let cells = reader.cells(&row);
                if !output.row_at_once(cells.clone()) {
                    refused = output.row(cells).await.err();
                }
            }
            Ok(Either::Left(result)) => {
                output.done(reader.summary(&result)).await;
                ending = Ending::Summary;
                described = false;
            }
            // What broke the stream matters more than a row that was refused before.
            Err(error) => return Err(reader.failure(error)),
        }
    }
    refused.map_or(Ok(ending), Err)
}
