//! Where a statement's results go: into pages, and out to whoever asked.

use std::time::Duration;

use bytes::Bytes;
use onepool_proto::message::{Summary, Want};
use onepool_proto::page::{InParts, Page, PageItem, RowWriter};
use onepool_proto::{Code, Column, Failure, Format, limits};

use super::allowed::Allowed;
use super::brake::Brake;
use super::failure;
use super::pages::{PageWriter, Unread};

/// One cell, as the database wrote it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    /// SQLite's tag, which goes before the bytes.
    pub(crate) tag: Option<u8>,
    pub(crate) bytes: CellBytes<'a>,
}

/// The bytes of a cell: borrowed from the driver's row, or a word made on the spot.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CellBytes<'a> {
    Borrowed(&'a [u8]),
    Word([u8; 8]),
}

impl<'a> Cell<'a> {
    /// A cell that is just bytes.
    pub(crate) fn bytes(bytes: &'a [u8]) -> Self {
        Self {
            tag: None,
            bytes: CellBytes::Borrowed(bytes),
        }
    }

    pub(super) fn length(&self) -> usize {
        self.as_bytes().len() + usize::from(self.tag.is_some())
    }

    fn as_bytes(&self) -> &[u8] {
        match &self.bytes {
            CellBytes::Borrowed(bytes) => bytes,
            CellBytes::Word(word) => word,
        }
    }
}

impl InParts for Cell<'_> {
    fn parts(&self) -> [&[u8]; 2] {
        [self.tag.as_slice(), self.as_bytes()]
    }
}

/// The cells of a row, in order; `None` is NULL.
pub(crate) trait Cells<'r>:
    ExactSizeIterator<Item = Option<Cell<'r>>> + Clone + Send
{
}

impl<'r, I: ExactSizeIterator<Item = Option<Cell<'r>>> + Clone + Send> Cells<'r> for I {}

/// Gathers a statement's results into pages and hands each over when it is full.
///
/// Handing over waits while the reader is behind, which is what bounds memory. A reader that has
/// gone away is not an error: what follows is discarded.
#[derive(Debug)]
pub(crate) struct Output {
    want: Want,
    pages: PageWriter,
    brake: Brake,
    /// How long a page may wait for the reader.
    patience: Duration,
    page: Page,
    rows: RowWriter,
    /// Rows seen of the result that is being written.
    seen: u64,
    /// Rows, and their bytes, of all results.
    yielded: (u64, u64),
    allowed: Allowed,
    /// Whether a page has left already.
    started: bool,
    /// Whether the brake was pulled, so that nothing more is handed over.
    cut: bool,
    /// Whether the statement changes nothing, whatever the driver says it changed.
    reads_only: bool,
    /// The tag of the columns that the reader knows.
    known_columns: Option<u64>,
}

impl Output {
    /// An output that hands pages to `pages`. A reader that lets a page wait for longer than
    /// `patience` gets no more: the brake is pulled, as it may be by others.
    pub(crate) fn new(want: Want, pages: PageWriter, brake: Brake, patience: Duration) -> Self {
        let (page, rows) = (Page::default(), RowWriter::new());
        Self {
            want,
            pages,
            brake,
            patience,
            page,
            rows,
            seen: 0,
            yielded: (0, 0),
            allowed: Allowed::default(),
            started: false,
            cut: false,
            reads_only: false,
            known_columns: None,
        }
    }

    /// The same for a reader that knows the columns of this tag.
    pub(crate) fn knowing(mut self, columns: Option<u64>) -> Self {
        self.known_columns = columns;
        self
    }

    /// Says that the statement only reads. SQLite then repeats what the statement before it, maybe
    /// somebody else's, has changed.
    pub(crate) fn reads_only(&mut self) {
        self.reads_only = true;
    }

    /// Says how many rows, and bytes of cells, the statement may yield. Beyond them the brake is
    /// pulled.
    pub(crate) fn limit(&mut self, rows: Option<u64>, bytes: Option<u64>) {
        self.allowed = Allowed::new(rows, bytes);
    }

    /// A way to notice that the reader has gone away.
    pub(crate) fn unread(&self) -> Unread {
        self.pages.unread()
    }

    /// The summary of the last statement, for whoever reads no pages.
    pub(crate) fn into_summary(self) -> Summary {
        let summary = |item| match item {
            PageItem::Done(summary) => Some(summary),
            _ => None,
        };
        self.page
            .items
            .into_iter()
            .rev()
            .find_map(summary)
            .unwrap_or_default()
    }

    /// Whether anything has been handed over, so that the statement cannot be tried again.
    pub(crate) fn has_started(&self) -> bool {
        self.started
    }

    /// Forgets what was gathered but not handed over, before another try.
    pub(crate) fn restart(&mut self) {
        self.page = Page::default();
        self.seen = 0;
        let _ = self.rows.take();
    }

    /// Whether a row given now would be kept. Drivers may skip making cells that would not.
    pub(crate) fn takes_rows(&self) -> bool {
        let wanted = match self.want {
            Want::Rows => true,
            Want::First => self.seen == 0,
            Want::Summary => false,
        };
        wanted && !self.pages.is_unread() && !self.cut
    }

    /// Whether rows after the first are of no use, so that a driver may stop there.
    pub(crate) fn wants_first(&self) -> bool {
        self.want == Want::First
    }

    /// Says what the columns of the rows that follow are: `describe` does, where the reader does not
    /// know them by their tag.
    pub(crate) fn columns(&mut self, tag: u64, describe: impl FnOnce() -> (Format, Vec<Column>)) {
        self.close_rows();
        let item = match self.want {
            Want::Summary => return,
            _ if self.known_columns == Some(tag) => PageItem::KnownColumns,
            _ => {
                let (format, mut columns) = describe();
                cut_names(&mut columns);
                PageItem::Columns {
                    format,
                    columns,
                    tag,
                }
            }
        };
        self.page.items.push(item);
    }

    /// Takes one row that is wanted, if that is all there is to do: nothing bounds the result, and
    /// the row fits the page. Whether it did.
    pub(crate) fn row_at_once<'c>(&mut self, cells: impl Cells<'c>) -> bool {
        let taken = self.allowed.is_everything() && self.rows.whole_row(cells);
        if taken {
            self.count_row();
        }
        taken
    }

    /// Takes one row.
    ///
    /// # Errors
    /// If the row is larger than a row may be, or one more than the statement may yield.
    pub(crate) async fn row<'c>(&mut self, cells: impl Cells<'c>) -> Result<(), Failure> {
        if !self.takes_rows() {
            return Ok(());
        }
        if let Err(exceeded) = self.allowed.take(cells.clone()) {
            // What came before is the plugin's, as before any other error.
            self.hand_over().await;
            self.brake.pull(exceeded.clone());
            self.cut = true;
            return Err(exceeded);
        }
        self.count_row();
        if self.rows.whole_row(cells.clone()) {
            return Ok(());
        }
        // On a page of its own it may be whole.
        if !self.rows.is_empty() {
            self.hand_over().await;
            if self.cut || self.rows.whole_row(cells.clone()) {
                return Ok(());
            }
        }
        self.write_row(cells).await
    }

    fn count_row(&mut self) {
        self.seen += 1;
        self.yielded.0 += 1;
    }

    /// Takes the summary of a statement that has ended.
    pub(crate) async fn done(&mut self, summary: Summary) {
        self.close_rows();
        self.seen = 0;
        let summary = if self.reads_only {
            Summary::default()
        } else {
            summary
        };
        self.page.items.push(PageItem::Done(summary));
        if self.page.items.len() >= limits::PAGE_SUMMARIES {
            self.hand_over().await;
        }
    }

    /// Hands over the last page, or the failure that ended the statement. Returns how many rows
    /// there were, and their bytes.
    pub(crate) async fn finish(mut self, result: Result<(), Failure>) -> (u64, u64) {
        // A statement may end well just when it is stopped, but its rows are no longer whole.
        let result = match (result, self.brake.reason()) {
            (Ok(()), Some(why)) if self.want != Want::Summary => Err(why),
            (result, _) => result,
        };
        self.close_rows();
        let last = match result {
            Ok(()) => Ok(std::mem::take(&mut self.page)),
            Err(failure) => {
                // What came before the failure is the plugin's, as with any driver.
                let has_results = |item: &PageItem| {
                    !matches!(item, PageItem::Columns { .. } | PageItem::KnownColumns)
                };
                if self.want == Want::Rows && self.page.items.iter().any(has_results) {
                    self.hand_over().await;
                }
                Err(failure)
            }
        };
        self.pages.hand_over(last);
        self.yielded
    }

    /// Tells the reader why the statement was not even begun.
    pub(crate) fn refuse(self, failure: Failure) {
        self.pages.hand_over(Err(failure));
    }

    /// Writes a row, over as many pages as it needs.
    async fn write_row<'c>(&mut self, cells: impl Cells<'c>) -> Result<(), Failure> {
        let lengths = cells.clone().map(|cell| cell.map(|cell| cell.length()));
        self.rows.begin_row(lengths).map_err(failure::from_page)?;
        for cell in cells.flatten() {
            for part in cell.parts() {
                self.write(part).await;
            }
        }
        Ok(())
    }

    /// Writes a cell's bytes, over as many pages as they need.
    async fn write(&mut self, mut bytes: &[u8]) {
        loop {
            let (now, later) = bytes.split_at(bytes.len().min(self.rows.room()));
            self.rows.cell(now);
            if later.is_empty() {
                return;
            }
            bytes = later;
            self.hand_over().await;
        }
    }

    fn close_rows(&mut self) {
        let chunk = self.rows.take();
        self.push_rows(chunk);
    }

    fn push_rows(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.yielded.1 += chunk.len() as u64;
            self.page.items.push(PageItem::Rows(chunk));
        }
    }

    /// Hands over a page that others follow. Discards it if nobody will read it.
    async fn hand_over(&mut self) {
        let chunk = self.rows.take_page();
        self.push_rows(chunk);
        self.started = true;
        let page = Page {
            more: true,
            ..std::mem::take(&mut self.page)
        };
        tokio::select! {
            biased;
            _ = self.brake.pulled() => self.cut = true,
            () = self.pages.room() => self.pages.hand_over(Ok(page)),
            () = tokio::time::sleep(self.patience) => {
                self.brake.pull(stalled(self.patience));
                self.cut = true;
            }
        }
    }
}

fn stalled(patience: Duration) -> Failure {
    Failure::new(
        Code::LEASE_REVOKED,
        format!(
            "the rows of this statement were not read for {} ms, so it was cancelled; read them \
             without long pauses, or ask for fewer",
            patience.as_millis()
        ),
    )
}

/// Cuts names that would not fit a frame together.
pub(crate) fn cut_names(columns: &mut [Column]) {
    let budget = limits::COLUMN_NAMES_BYTES as usize;
    let together: usize = columns.iter().map(|column| column.name.len()).sum();
    if together <= budget {
        return;
    }
    let each = budget / columns.len().max(1);
    for column in columns {
        let end = column.name.floor_char_boundary(each);
        column.name.truncate(end);
    }
}
