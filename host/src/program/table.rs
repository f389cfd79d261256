//! Tables for people.

/// A table; each column is as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
    /// A column that is left out if there is nothing in it.
    optional: Option<usize>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(head: [&str; COLUMNS]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned)],
            optional: None,
        }
    }

    /// The same without this column, counted from 0, if there is nothing in it.
    pub(crate) fn without_if_empty(mut self, column: usize) -> Self {
        self.optional = Some(column);
        self
    }

    fn is_shown(&self, column: usize) -> bool {
        let mut rows = self.rows.iter().skip(1);
        let filled = |row: &[String; COLUMNS]| row.get(column).is_some_and(|cell| !cell.is_empty());
        self.optional != Some(column) || rows.any(filled)
    }

    pub(crate) fn row(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }
}

impl<const COLUMNS: usize> std::fmt::Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let shown: [bool; COLUMNS] = std::array::from_fn(|column| self.is_shown(column));
        for row in &self.rows {
            let cells = row
                .iter()
                .zip(widths)
                .zip(shown)
                .filter(|(_, shown)| *shown);
            let line: Vec<_> = cells
                .map(|((cell, width), _)| format!("{cell:width$}"))
                .collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}
