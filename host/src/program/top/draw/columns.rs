//! Tables whose columns are as wide as what is in them.

use ratatui::layout::Constraint;
use ratatui::style::{Style, Stylize};
use ratatui::text::Text;
use ratatui::widgets::{Cell, Row, Table};

use super::text::{fit, width};

/// From so many cells on there is room for what can be done without.
pub(super) const WIDE: u16 = 100;

/// Between two columns.
fn gap(room: u16) -> u16 {
    if room < WIDE { 1 } else { 2 }
}

/// A column.
pub(super) struct Column {
    head: &'static str,
    /// Cells that it takes at least, so that it does not jump as numbers grow, and at most.
    between: (u16, u16),
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Beginnings below each other.
    Text,
    /// Ends below each other.
    Number,
    /// A text that gives way where there is too little room.
    Flexible,
}

impl Column {
    pub(super) fn text(head: &'static str, most: u16) -> Self {
        Self {
            head,
            between: (0, most),
            kind: Kind::Text,
        }
    }

    pub(super) fn number(head: &'static str, least: u16) -> Self {
        Self {
            head,
            between: (least, u16::MAX),
            kind: Kind::Number,
        }
    }

    pub(super) fn flexible(head: &'static str, most: u16) -> Self {
        Self {
            head,
            between: (0, most),
            kind: Kind::Flexible,
        }
    }
}

/// A row, and how it looks.
pub(super) type Line = (Vec<String>, Style);

/// A table in this room.
pub(super) fn table(columns: &[Column], lines: &[Line], room: u16) -> Table<'static> {
    let widths = widths(columns, lines, room);
    let cells = |texts: &mut dyn Iterator<Item = &str>| -> Vec<Cell<'static>> {
        let each = texts.zip(columns).zip(&widths);
        let cell = |((text, column), cells): ((&str, &Column), &u16)| {
            let text = Text::from(fit(text, usize::from(*cells)));
            Cell::new(match column.kind {
                Kind::Number => text.right_aligned(),
                Kind::Text | Kind::Flexible => text.left_aligned(),
            })
        };
        each.map(cell).collect()
    };
    let rows: Vec<_> = lines
        .iter()
        .map(|(texts, style)| Row::new(cells(&mut texts.iter().map(String::as_str))).style(*style))
        .collect();
    let head = Row::new(cells(&mut columns.iter().map(|column| column.head))).bold();
    let widths = widths.iter().copied().map(Constraint::Length);
    Table::new(rows, widths)
        .header(head)
        .column_spacing(gap(room))
}

fn widths(columns: &[Column], lines: &[Line], room: u16) -> Vec<u16> {
    let natural = |(at, column): (usize, &Column)| {
        let cells = lines.iter().filter_map(|(texts, _)| texts.get(at));
        let widest = cells.map(|text| width(text)).max().unwrap_or(0);
        let (least, most) = column.between;
        let widest = u16::try_from(widest.max(width(column.head))).unwrap_or(u16::MAX);
        widest.max(least).min(most)
    };
    let mut widths: Vec<u16> = columns.iter().enumerate().map(natural).collect();
    let gaps = gap(room) * u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    let wanted = widths
        .iter()
        .fold(gaps, |sum, width| sum.saturating_add(*width));
    let excess = wanted.saturating_sub(room);
    let flexible = columns
        .iter()
        .position(|column| column.kind == Kind::Flexible);
    if let Some(width) = flexible.and_then(|at| widths.get_mut(at)) {
        *width = width.saturating_sub(excess);
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str], room: u16) -> Vec<u16> {
        let columns = [
            Column::text("NAME", 6),
            Column::number("N", 3),
            Column::flexible("TEXT", u16::MAX),
        ];
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        widths(&columns, &[(texts, Style::new())], room)
    }

    #[test]
    fn columns_take_what_they_need_and_one_gives_way() {
        assert_eq!(of(&["a", "1", "b"], 80), [4, 3, 4]);
        assert_eq!(of(&["long name", "12345", "SELECT 1"], 80), [6, 5, 8]);
        assert_eq!(of(&["long name", "12345", "SELECT 1"], 18), [6, 5, 5]);
        assert_eq!(of(&["long name", "12345", "SELECT 1"], 4), [6, 5, 0]);
    }
}
