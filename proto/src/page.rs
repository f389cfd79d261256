//! Pages: one reply's worth of a row set, and the codec of its rows.
//!
//! A row set is a stream of rows, and a row is a header of cell ends followed by the cells'
//! bytes, exactly as the database sent them:
//!
//! ```text
//! row  = end[0] .. end[n-1]  cell[0] .. cell[n-1]
//! end  = u32 little-endian: where the cell ends, counted from the end of the header;
//!        the top bit is set for NULL, which has no bytes
//! ```
//! A row without columns has one end, zero, so that it can be told from no row.
//!
//! A page holds a chunk of that stream. The stream is cut after a row wherever possible, and
//! anywhere if one row is larger than a page: the rest of it comes in the next pages.

use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::column::{Column, Format};
use crate::limits;
use crate::message::Summary;

const NULL: u32 = 1 << 31;
const END_BYTES: usize = 4;

/// One reply's worth of a statement's results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// What comes, in order.
    pub items: Vec<PageItem>,
    /// Whether more pages follow.
    pub more: bool,
}

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PageItem {
    /// The columns of the rows that follow.
    Columns {
        /// How the cells are written.
        format: Format,
        /// The columns.
        columns: Vec<Column>,
        /// Says of a later result of the same session whether it has these columns, written so: the
        /// host's tag then is the same.
        tag: u64,
    },
    /// The rows that follow have the columns of which the plugin said that it
    /// [knows](crate::message::Execute::known_columns) them.
    KnownColumns,
    /// A chunk of the stream of rows.
    Rows(Bytes),
    /// A statement of the text has ended.
    Done(Summary),
}

/// What is wrong with a chunk of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// A cell ends before it begins.
    #[error("a cell of the row ends before it begins")]
    Ends,
    /// The row set ended in the middle of a row.
    #[error("the row set ended in the middle of a row")]
    CutShort,
    /// The row is larger than a row may be.
    #[error("a row of {0} bytes is larger than 2 GiB")]
    TooLarge(u64),
}

/// Writes rows into chunks of about a page each.
///
/// ```
/// use onepool_proto::page::{RowReader, RowWriter};
///
/// let mut writer = RowWriter::new();
/// writer.begin_row([Some(2), None].into_iter())?;
/// writer.cell(b"hi");
/// let mut reader = RowReader::new(2);
/// reader.push(writer.take());
/// let row = reader.next_row()?.expect("one row");
/// assert_eq!(row.cell(0), Some(&b"hi"[..]));
/// assert_eq!(row.cell(1), None);
/// # Ok::<(), onepool_proto::page::PageError>(())
/// ```
#[derive(Debug, Default)]
pub struct RowWriter {
    chunk: Vec<u8>,
}

impl RowWriter {
    /// A writer with an empty chunk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a row of cells with these lengths in bytes; `None` is NULL. The bytes of the cells
    /// that are not NULL follow through [`cell`](Self::cell), in order, whole or in parts.
    ///
    /// # Errors
    /// [`PageError::TooLarge`] if the row has 2 GiB or more. Nothing is written then.
    pub fn begin_row(
        &mut self,
        lengths: impl Iterator<Item = Option<usize>>,
    ) -> Result<(), PageError> {
        let start = self.chunk.len();
        let mut total = 0_u64;
        for length in lengths {
            let null = if length.is_none() { NULL } else { 0 };
            total = total.saturating_add(length.unwrap_or(0) as u64);
            // One that does not fit is taken back below.
            let end = u32::try_from(total).unwrap_or(0);
            self.chunk.extend_from_slice(&(end | null).to_le_bytes());
        }
        if total >= u64::from(NULL) {
            self.chunk.truncate(start);
            return Err(PageError::TooLarge(total));
        }
        if self.chunk.len() == start {
            self.chunk.extend_from_slice(&0_u32.to_le_bytes());
        }
        let cells = usize::try_from(total).unwrap_or(usize::MAX);
        self.chunk.reserve(cells.min(self.room()));
        Ok(())
    }

    /// Writes a whole row of cells, if it leaves no more in the chunk than a full page. Whether it
    /// did; if not, nothing is written.
    ///
    /// ```
    /// use onepool_proto::page::{RowReader, RowWriter};
    ///
    /// let mut writer = RowWriter::new();
    /// assert!(writer.whole_row([Some(&b"hi"[..]), None].into_iter()));
    /// let mut reader = RowReader::new(2);
    /// reader.push(writer.take());
    /// let row = reader.next_row()?.expect("one row");
    /// assert_eq!((row.cell(0), row.cell(1)), (Some(&b"hi"[..]), None));
    /// # Ok::<(), onepool_proto::page::PageError>(())
    /// ```
    pub fn whole_row<C: InParts>(
        &mut self,
        cells: impl ExactSizeIterator<Item = Option<C>>,
    ) -> bool {
        let start = self.chunk.len();
        let header = header_bytes(cells.len());
        let Some(free) = self.room().checked_sub(header) else {
            return false;
        };
        self.chunk.resize(start + header, 0);
        let (mut at, mut room) = (start, free);
        for cell in cells {
            let mut null = NULL;
            if let Some(cell) = cell {
                null = 0;
                for part in cell.parts() {
                    if part.is_empty() {
                        continue;
                    }
                    let Some(left) = room.checked_sub(part.len()) else {
                        self.chunk.truncate(start);
                        return false;
                    };
                    room = left;
                    self.chunk.extend_from_slice(part);
                }
            }
            // No more than a page, so it fits.
            let end = u32::try_from(free - room).unwrap_or(0);
            if let Some(word) = self.chunk.get_mut(at..at + END_BYTES) {
                word.copy_from_slice(&(end | null).to_le_bytes());
            }
            at += END_BYTES;
        }
        true
    }

    /// Writes bytes of the row's next cell.
    pub fn cell(&mut self, bytes: &[u8]) {
        self.chunk.extend_from_slice(bytes);
    }

    /// How many more bytes the chunk takes before it is a full page.
    #[must_use]
    pub fn room(&self) -> usize {
        (limits::PAGE_BYTES as usize).saturating_sub(self.chunk.len())
    }

    /// Whether nothing has been written since the last [`take`](Self::take).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunk.is_empty()
    }

    /// Takes the chunk written so far.
    #[must_use]
    pub fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.chunk).into()
    }

    /// The same for one that others of its size will follow.
    #[must_use]
    pub fn take_page(&mut self) -> Bytes {
        let next = Vec::with_capacity(self.chunk.capacity());
        std::mem::replace(&mut self.chunk, next).into()
    }
}

/// The bytes of a cell, where they may lie in two places.
pub trait InParts {
    /// The parts, in order; either may be empty.
    fn parts(&self) -> [&[u8]; 2];
}

impl InParts for &[u8] {
    fn parts(&self) -> [&[u8]; 2] {
        [self, &[]]
    }
}

/// Reads rows from chunks.
#[derive(Debug)]
pub struct RowReader {
    columns: usize,
    /// The chunk being read; usually ends with a row.
    chunk: Bytes,
    /// The beginning of a row that the chunks so far have not completed.
    partial: BytesMut,
}

impl RowReader {
    /// A reader of rows with this many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            chunk: Bytes::new(),
            partial: BytesMut::new(),
        }
    }

    /// Adds the next chunk.
    pub fn push(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() && self.partial.is_empty() {
            self.chunk = chunk;
        } else {
            self.partial.extend_from_slice(&self.chunk);
            self.partial.extend_from_slice(&chunk);
            self.chunk = Bytes::new();
        }
    }

    /// The next row, or `None` if the next chunk is needed first.
    ///
    /// # Errors
    /// [`PageError::Ends`] if the bytes are not rows.
    pub fn next_row(&mut self) -> Result<Option<RowBytes>, PageError> {
        if !self.partial.is_empty() {
            let Some(length) = row_length(&self.partial, self.columns)? else {
                return Ok(None);
            };
            let whole = self.partial.split().freeze();
            self.chunk = whole;
            return Ok(Some(self.split(length)));
        }
        match row_length(&self.chunk, self.columns)? {
            Some(length) if !self.chunk.is_empty() => Ok(Some(self.split(length))),
            _ => {
                // What is left begins a row that the next chunk goes on with.
                self.partial.extend_from_slice(&self.chunk);
                self.chunk = Bytes::new();
                Ok(None)
            }
        }
    }

    /// Confirms that the stream has ended with a row.
    ///
    /// # Errors
    /// [`PageError::CutShort`] if a row is incomplete.
    pub fn finish(&self) -> Result<(), PageError> {
        if self.partial.is_empty() && self.chunk.is_empty() {
            Ok(())
        } else {
            Err(PageError::CutShort)
        }
    }

    fn split(&mut self, length: usize) -> RowBytes {
        let bytes = self.chunk.split_to(length.min(self.chunk.len()));
        RowBytes {
            columns: self.columns,
            bytes,
        }
    }
}

fn header_bytes(columns: usize) -> usize {
    columns.max(1) * END_BYTES
}

/// The length of the row at the beginning of `bytes`, or `None` if it is not all there.
fn row_length(bytes: &[u8], columns: usize) -> Result<Option<usize>, PageError> {
    let header = header_bytes(columns);
    let Some(ends) = bytes.get(..header) else {
        return Ok(None);
    };
    let mut last = 0;
    for mut word in ends.chunks_exact(END_BYTES) {
        let end = word.get_u32_le() & !NULL;
        if end < last {
            return Err(PageError::Ends);
        }
        last = end;
    }
    let length = header + last as usize;
    Ok((bytes.len() >= length).then_some(length))
}

/// One row, still as the database wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowBytes {
    // Invariant: `bytes` is one whole row whose ends were checked by `row_length`.
    columns: usize,
    bytes: Bytes,
}

impl RowBytes {
    /// How many cells the row has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns
    }

    /// Whether the row has no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns == 0
    }

    /// The bytes of a cell, or `None` if it is NULL or there is no such cell.
    #[must_use]
    pub fn cell(&self, index: usize) -> Option<&[u8]> {
        let (start, end) = self.bounds(index)?;
        self.bytes.get(start..end)
    }

    /// The memory that the row and all its cells lie in.
    #[must_use]
    pub fn memory(&self) -> &Bytes {
        &self.bytes
    }

    fn bounds(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.columns {
            return None;
        }
        let end = self.end(index)?;
        if end & NULL != 0 {
            return None;
        }
        let start = match index.checked_sub(1) {
            Some(before) => self.end(before)? & !NULL,
            None => 0,
        };
        let header = header_bytes(self.columns);
        Some((header + start as usize, header + end as usize))
    }

    fn end(&self, index: usize) -> Option<u32> {
        let at = index * END_BYTES;
        self.bytes
            .get(at..at + END_BYTES)
            .map(|mut word| word.get_u32_le())
    }
}

#[cfg(test)]
mod tests;
