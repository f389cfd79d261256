//! The question whether something is to be ended.

use onepool_host::{StatementState, Target};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::text::{span, wrapped};
use crate::program::top::board::Board;

/// Lines of a statement that are shown.
const TEXT: usize = 4;

/// Asks in the middle of the screen.
pub(super) fn draw(frame: &mut Frame<'_>, board: &Board, target: Target) {
    let screen = frame.area();
    let width = screen.width.saturating_sub(4).min(76);
    let room = usize::from(width.saturating_sub(4));
    let (what, text, then) = said(board, target);
    let mut lines = Vec::new();
    lines.extend(wrapped(&what, room, 2).into_iter().map(Line::from));
    lines.extend(
        wrapped(&text, room, TEXT)
            .into_iter()
            .map(|line| Line::from(line).dim()),
    );
    lines.extend(wrapped(then, room, 2).into_iter().map(Line::from));
    lines.push(Line::from("y  end it    any other key  leave it").bold());
    let height = u16::try_from(lines.len() + 2)
        .unwrap_or(u16::MAX)
        .min(screen.height);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: (screen.height - height) / 2,
        width,
        height,
    };
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(Style::new().fg(Color::Red))
        .title(format!(" End {target}? "))
        .padding(ratatui::widgets::Padding::horizontal(1));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// What it is, its text, and what comes of ending it.
fn said(board: &Board, target: Target) -> (String, String, &'static str) {
    if let Some(statement) = board.statement(target) {
        let plugin = &statement.plugin;
        let (what, then) = match statement.state {
            StatementState::Waiting => (
                format!(
                    "A call of {plugin} that has waited for {}:",
                    span(statement.waited)
                ),
                "The plugin gets the error CANCELLED_WAITING; nothing of it has run.",
            ),
            _ => (
                format!(
                    "A statement of {plugin} that has run for {}:",
                    span(statement.running)
                ),
                "It is cancelled in the database, and the plugin gets the error CANCELLED_RUNNING.",
            ),
        };
        return (what, statement.text.clone(), then);
    }
    if let Some(lease) = board.lease(target) {
        let (plugin, held) = (&lease.plugin, span(lease.held));
        let what = format!(
            "A connection that {plugin} has had for {held} ({}):",
            lease.purpose
        );
        let then = "What runs on it is cancelled, a transaction is rolled back, and the plugin gets \
                    the error LEASE_REVOKED.";
        return (what, lease.statement.clone().unwrap_or_default(), then);
    }
    let gone = format!("{target} has ended by itself.");
    (
        gone,
        String::new(),
        "Its name is never used again: nothing else is hit.",
    )
}
