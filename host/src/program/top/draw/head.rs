//! The lines above the lists: whether anybody waits, and what the connections do.

use onepool_host::admin::{Backends, DatabaseStatus, Status};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;

use super::text::{fit, span, wrapped, wrapped_at};
use crate::program::top::board::Board;

/// Lines that a sentence may take.
const SENTENCE: usize = 3;

/// Databases that have a line, where there are several.
const DATABASES: usize = 6;

/// Where a line goes on below its name.
const INDENT: usize = 13;

/// The lines, in this room.
pub(super) fn lines(board: &Board, room: usize) -> Vec<Line<'static>> {
    let Some(status) = &board.status else {
        return Vec::new();
    };
    let title = format!(
        "onepool {}, {} at {}",
        status.version, status.database, status.endpoint
    );
    let mut lines = vec![Line::from(fit(&title, room)).bold()];
    if let Some((why, age)) = &board.lost {
        let told = format!(
            "{why}; asked again every second. What is shown is {} s old.",
            age.as_secs()
        );
        lines.extend(sentence(&told, room, Style::new().fg(Color::Red).bold()));
    } else {
        let colour = if status.waiting > 0 {
            Color::Yellow
        } else {
            Color::Green
        };
        lines.extend(sentence(&status.summary, room, Style::new().fg(colour)));
    }
    if status.databases.is_empty() {
        lines.extend(connections(status, room));
    }
    lines.extend(databases(&status.databases, room));
    let waiting = format!(
        "waiting      {}, the longest for {}",
        match status.waiting {
            1 => "1 call".to_owned(),
            calls => format!("{calls} calls"),
        },
        board.longest_wait().map_or_else(|| "-".to_owned(), span)
    );
    lines.push(Line::from(fit(&waiting, room)));
    lines
}

/// What the connections to the one database do.
fn connections(status: &Status, room: usize) -> impl Iterator<Item = Line<'static>> {
    let (all, backends) = (all(&status.backends), &status.backends);
    let connections = format!(
        "connections  {all} of {}, {} at peak: {} leased, {} free, {} connecting, {} resetting, {} \
         closing, {} control",
        status.max_connections,
        status.peak,
        backends.leased,
        backends.free,
        backends.connecting,
        backends.resetting,
        backends.closing,
        backends.control,
    );
    let lines = wrapped_at(", ", &connections, room, INDENT, SENTENCE);
    lines.into_iter().map(Line::from)
}

/// A line for each of several databases.
fn databases(databases: &[DatabaseStatus], room: usize) -> Vec<Line<'static>> {
    let line = |database: &DatabaseStatus| {
        let backends = &database.backends;
        let line = format!(
            "{:12} {} of {}, {} at peak: {} leased, {} free, {} waiting",
            database.name,
            all(backends),
            database.max_connections,
            database.peak,
            backends.leased,
            backends.free,
            database.waiting,
        );
        Line::from(fit(&line, room))
    };
    let mut lines: Vec<_> = databases.iter().take(DATABASES).map(line).collect();
    let rest = databases.len().saturating_sub(DATABASES);
    if rest > 0 {
        let more = format!("and {rest} more databases: `onepool status`");
        lines.push(Line::from(fit(&more, room)));
    }
    lines
}

fn all(backends: &Backends) -> u32 {
    backends.leased
        + backends.free
        + backends.connecting
        + backends.resetting
        + backends.closing
        + backends.control
}

fn sentence(text: &str, room: usize, style: Style) -> impl Iterator<Item = Line<'static>> {
    let lines = wrapped(text, room, SENTENCE).into_iter();
    lines.map(move |line| Line::styled(line, style))
}
