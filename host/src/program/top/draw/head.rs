//! The lines above the lists: whether anybody waits, and what the connections do.

use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;

use super::text::{fit, span, wrapped, wrapped_at};
use crate::program::top::board::Board;

/// Lines that a sentence may take.
const SENTENCE: usize = 3;

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
    let backends = &status.backends;
    let all = backends.leased
        + backends.free
        + backends.connecting
        + backends.resetting
        + backends.closing
        + backends.control;
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
    lines.extend(
        wrapped_at(", ", &connections, room, INDENT, SENTENCE)
            .into_iter()
            .map(Line::from),
    );
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

fn sentence(text: &str, room: usize, style: Style) -> impl Iterator<Item = Line<'static>> {
    let lines = wrapped(text, room, SENTENCE).into_iter();
    lines.map(move |line| Line::styled(line, style))
}
