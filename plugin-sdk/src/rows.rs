//! The results of a statement, page by page.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use onepool_proto::limits::READ_AHEAD_PAGES;
use onepool_proto::message::{Fetch, Summary, Want};
use onepool_proto::page::{Page, PageError, PageItem, RowReader};
use sqlx_core::Either;
use sqlx_core::error::Error;
use sqlx_core::logger::QueryLogger;
use tokio::task::coop::poll_proceed;

use crate::deadline::Deadline;
use crate::effects::RowSetGuard;
use crate::error::CallError;
use crate::execute::Sent;
use crate::row::Columns;
use crate::session::Session;
use crate::statements::KnownColumns;
use crate::{OnepoolConnection, OnepoolQueryResult, OnepoolRow};

/// The results of one statement text: rows, and after the rows of each statement its summary.
///
/// Holds the page being read and up to [`READ_AHEAD_PAGES`] that were asked for. Dropped before
/// the last page has arrived, it tells the host that the rest is not wanted.
pub(crate) struct Rows {
    session: Arc<Session>,
    guard: RowSetGuard,
    fetch: Fetch,
    deadline: Deadline,
    /// What is left of the page being read.
    items: vec::IntoIter<PageItem>,
    /// The columns that the statement had before.
    known: Option<KnownColumns>,
    reading: Option<Reading>,
    /// Pages after that one, in order.
    ahead: VecDeque<Ahead>,
    /// Whether the last page asked for may not be the last of all.
    more: bool,
    want: Want,
    /// Items since the last step.
    since_step: u32,
    logger: QueryLogger,
}

/// The rows of the statement that is being read.
struct Reading {
    columns: Arc<Columns>,
    reader: RowReader,
}

impl Reading {
    fn new(columns: Arc<Columns>) -> Self {
        Self {
            reader: RowReader::new(columns.columns.len()),
            columns,
        }
    }
}

type PageResult = Result<Page, CallError>;

/// How many rows at hand count as one step of tokio's budget for a task, which has 128: giving way
/// after every 128 rows would wake another thread of the runtime for the next, and move the task there.
const ROWS_A_STEP: u32 = 8;

/// A page that was asked for. Ends when its turn to be read comes.
enum Ahead {
    /// Not here yet.
    Asked(BoxFuture<'static, PageResult>),
    /// Here.
    Arrived(PageResult),
}

impl Rows {
    /// The results of a statement, of which the first page is there.
    pub(crate) fn new(
        connection: &OnepoolConnection,
        sent: Sent,
        deadline: Deadline,
        want: Want,
        logger: QueryLogger,
    ) -> Self {
        let Sent {
            page,
            mut guard,
            known,
        } = sent;
        if !page.more {
            guard.over();
        }
        Self {
            session: Arc::clone(&connection.session),
            fetch: Fetch {
                connection: connection.id,
                row_set: guard.row_set(),
                page: 0,
                deadline_ms: None,
            },
            guard,
            deadline,
            items: page.items.into_iter(),
            known,
            reading: None,
            ahead: VecDeque::new(),
            more: page.more,
            want,
            since_step: 0,
            logger,
        }
    }

    /// The next row or summary.
    pub(crate) async fn next(&mut self) -> Option<Result<Item, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// The next row, whichever statement of the text it is from.
    pub(crate) async fn next_row(&mut self) -> Result<Option<OnepoolRow>, Error> {
        while let Some(item) = self.next().await {
            if let Either::Right(row) = item? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// All rows of all statements of the text.
    pub(crate) async fn all_rows(mut self) -> Result<Vec<OnepoolRow>, Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next_row().await? {
            rows.push(row);
        }
        Ok(rows)
    }

    /// What all statements of the text did together; their rows are discarded.
    pub(crate) async fn summary(mut self) -> Result<OnepoolQueryResult, Error> {
        let mut result = OnepoolQueryResult::default();
        while let Some(item) = self.next().await {
            if let Either::Left(done) = item? {
                result.extend([done]);
            }
        }
        Ok(result)
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item, Error>>> {
        self.since_step += 1;
        if self.since_step < ROWS_A_STEP {
            return self.poll_item_at_once(cx);
        }
        // Rows at hand yield to nobody by themselves, and a page of them is a long time for other
        // tasks of the same thread.
        let turn = ready!(poll_proceed(cx));
        let item = self.poll_item_at_once(cx);
        if item.is_ready() {
            turn.made_progress();
        }
        self.since_step = 0;
        item
    }

    fn poll_item_at_once(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item, Error>>> {
        loop {
            // Who wants all rows will want the next pages: they come while this one is read.
            if self.want == Want::Rows {
                self.ask_ahead(cx);
            }
            match self.read() {
                Ok(Some(item)) => return Poll::Ready(Some(Ok(item))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
            }
            self.ask_ahead(cx);
            match self.poll_page(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Ok(page))) => self.turn_to(page),
                Poll::Ready(Some(Err(error))) => {
                    let error = error.into_error(self.session.kind());
                    return Poll::Ready(Some(Err(self.fail(error))));
                }
            }
        }
    }

    /// The next item of the page being read, or `None` if the next page is needed first.
    fn read(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(Reading { columns, reader }) = &mut self.reading
                && let Some(bytes) = reader.next_row().map_err(malformed)?
            {
                self.logger.increment_rows_returned();
                return Ok(Some(Either::Right(OnepoolRow {
                    columns: Arc::clone(columns),
                    bytes,
                })));
            }
            match self.items.next() {
                None if self.more || !self.ahead.is_empty() => return Ok(None),
                None => {
                    self.end_rows()?;
                    return Ok(None);
                }
                Some(PageItem::Columns {
                    format,
                    columns,
                    tag,
                }) => {
                    self.end_rows()?;
                    let columns = Columns::from_wire(self.session.kind(), format, columns);
                    let columns = Arc::new(columns);
                    self.reading = Some(Reading::new(Arc::clone(&columns)));
                    let known = KnownColumns { tag, columns };
                    let statements = self.session.statements();
                    statements.describe(self.logger.sql().as_str(), known);
                }
                Some(PageItem::KnownColumns) => {
                    self.end_rows()?;
                    let known = self.known.as_ref().ok_or_else(|| {
                        Error::protocol("the host described no columns, and none are known")
                    })?;
                    self.reading = Some(Reading::new(Arc::clone(&known.columns)));
                }
                Some(PageItem::Rows(chunk)) => match &mut self.reading {
                    Some(reading) => reading.reader.push(chunk),
                    None => return Err(Error::protocol("the host sent rows without columns")),
                },
                Some(PageItem::Done(summary)) => {
                    self.end_rows()?;
                    return Ok(Some(Either::Left(self.done(summary))));
                }
            }
        }
    }

    fn done(&mut self, summary: Summary) -> OnepoolQueryResult {
        self.logger.increase_rows_affected(summary.rows_affected);
        summary.into()
    }

    fn end_rows(&mut self) -> Result<(), Error> {
        match self.reading.take() {
            Some(reading) => reading.reader.finish().map_err(malformed),
            None => Ok(()),
        }
    }

    /// Asks for as many pages as may be on their way; each is polled once, which sends it.
    fn ask_ahead(&mut self, cx: &mut Context<'_>) {
        while self.more && self.ahead.len() < READ_AHEAD_PAGES as usize {
            let mut asked = Ahead::Asked(self.ask());
            self.more &= !asked.poll_is_last(cx);
            self.ahead.push_back(asked);
        }
    }

    fn ask(&mut self) -> BoxFuture<'static, PageResult> {
        self.fetch.page = self.fetch.page.saturating_add(1);
        let deadline = self.deadline;
        let session = Arc::clone(&self.session);
        let mut fetch = self.fetch.clone();
        Box::pin(async move {
            fetch.deadline_ms = deadline.remaining_ms().map_err(CallError::Refused)?;
            session.fetch(deadline, fetch).await
        })
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<PageResult>> {
        // All of them: a page behind the next may still wait to be sent.
        for ahead in &mut self.ahead {
            if ahead.poll_is_last(cx) {
                self.more = false;
            }
        }
        match self.ahead.pop_front() {
            None => Poll::Ready(None),
            Some(Ahead::Arrived(page)) => Poll::Ready(Some(page)),
            Some(asked @ Ahead::Asked(_)) => {
                self.ahead.push_front(asked);
                Poll::Pending
            }
        }
    }

    fn turn_to(&mut self, page: Page) {
        if !page.more {
            // What was asked for beyond the last page is not there.
            self.more = false;
            self.ahead.clear();
            self.guard.over();
        }
        self.items = page.items.into_iter();
    }

    /// Ends the results: nothing can follow an error.
    fn fail(&mut self, error: Error) -> Error {
        self.items = Vec::new().into_iter();
        self.reading = None;
        self.ahead.clear();
        self.more = false;
        error
    }
}

impl Ahead {
    /// Whether the page has arrived and is the last.
    fn poll_is_last(&mut self, cx: &mut Context<'_>) -> bool {
        if let Self::Asked(asked) = self
            && let Poll::Ready(page) = asked.as_mut().poll(cx)
        {
            *self = Self::Arrived(page);
        }
        matches!(self, Self::Arrived(Ok(Page { more: false, .. })))
    }
}

/// A row, or what a statement did.
pub(crate) type Item = Either<OnepoolQueryResult, OnepoolRow>;

impl Stream for Rows {
    type Item = Result<Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

fn malformed(error: PageError) -> Error {
    Error::protocol(error)
}
