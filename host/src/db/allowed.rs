//! How much a statement may still yield.

use onepool_proto::{Code, Failure};

use super::output::Cells;

/// How much a statement may still yield.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    rows: Option<Left>,
    bytes: Option<Left>,
}

#[derive(Debug)]
struct Left {
    limit: u64,
    left: u64,
}

impl Left {
    fn of(limit: u64) -> Self {
        Self { limit, left: limit }
    }

    fn take(&mut self, name: &str, amount: u64) -> Result<(), Failure> {
        if let Some(left) = self.left.checked_sub(amount) {
            self.left = left;
            return Ok(());
        }
        Err(Failure::new(
            Code::QUOTA_EXCEEDED,
            format!(
                "the result exceeds the plugin's {name} of {}, and its statement was cancelled; \
                 ask for less at once, or have the quota raised",
                self.limit
            ),
        ))
    }
}

impl Allowed {
    pub(super) fn new(rows: Option<u64>, bytes: Option<u64>) -> Self {
        Self {
            rows: rows.map(Left::of),
            bytes: bytes.map(Left::of),
        }
    }

    /// Whether there is no limit.
    pub(super) fn is_everything(&self) -> bool {
        self.rows.is_none() && self.bytes.is_none()
    }

    /// Counts a row.
    ///
    /// # Errors
    /// If it is one too many.
    pub(super) fn take<'c>(&mut self, cells: impl Cells<'c>) -> Result<(), Failure> {
        if let Some(rows) = &mut self.rows {
            rows.take("rows_per_result", 1)?;
        }
        if let Some(bytes) = &mut self.bytes {
            let row: usize = cells.flatten().map(|cell| cell.length()).sum();
            bytes.take("bytes_per_result", row as u64)?;
        }
        Ok(())
    }
}
