//! The screen.

mod columns;
mod dialogue;
mod head;
mod lists;
mod text;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Table, TableState};

use super::board::{Board, Mode, Panel};
use text::wrapped;

/// Lines of a list beside its rows.
const AROUND: u16 = 2;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, board: &Board) {
    let screen = frame.area();
    let room = usize::from(screen.width);
    let (head, foot) = (head::lines(board, room), foot(board, room));
    let height = |lines: &[Line<'_>]| u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let plugins = u16::try_from(board.plugins().len()).unwrap_or(u16::MAX);
    let areas = Layout::vertical([
        Constraint::Length(height(&head)),
        Constraint::Length(plugins.saturating_add(AROUND).min(screen.height / 3)),
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Length(height(&foot)),
    ])
    .split(screen);
    let &[top, plugins, statements, leases, bottom] = &areas[..] else {
        return;
    };
    frame.render_widget(Paragraph::new(head), top);
    let list = lists::plugins(board, plugins.width);
    draw_list(frame, board, Panel::Plugins, list, plugins);
    let list = lists::statements(board, statements.width);
    draw_list(frame, board, Panel::Statements, list, statements);
    let list = lists::leases(board, leases.width);
    draw_list(frame, board, Panel::Leases, list, leases);
    frame.render_widget(Paragraph::new(foot), bottom);
    if let Mode::Confirm(target) = board.mode {
        dialogue::draw(frame, board, target);
    }
}

fn draw_list(
    frame: &mut Frame<'_>,
    board: &Board,
    panel: Panel,
    table: Table<'static>,
    area: Rect,
) {
    let style = if board.panel == panel {
        Style::new().fg(Color::Cyan).bold()
    } else {
        Style::new()
    };
    let block = Block::new()
        .borders(Borders::TOP)
        .title(title(board, panel))
        .border_style(style);
    let old = if board.lost.is_some() {
        Modifier::DIM
    } else {
        Modifier::empty()
    };
    let table = table
        .block(block)
        .style(Style::new().add_modifier(old))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = TableState::new().with_selected(board.selected(panel));
    frame.render_stateful_widget(table, area, &mut state);
}

fn title(board: &Board, panel: Panel) -> String {
    let (name, shown, how) = match panel {
        Panel::Plugins => {
            let how = format!(
                ", by {}; rates, times and errors of 10 s",
                board.order.name()
            );
            ("Plugins", board.plugins().len(), how)
        }
        Panel::Statements => ("Statements", board.statements().len(), String::new()),
        Panel::Leases => {
            let how = ", the longest held first".to_owned();
            ("Leases", board.leases().len(), how)
        }
    };
    match board.count(panel) {
        all if all == shown => format!(" {name} ({all}){how} "),
        all => format!(" {name} ({shown} of {all}){how} "),
    }
}

/// What came of the last key, and which keys there are.
fn foot(board: &Board, room: usize) -> Vec<Line<'static>> {
    const NOTE: usize = 3;
    let mut lines = Vec::new();
    if !board.note.is_empty() {
        let note = wrapped(&board.note, room, NOTE).into_iter();
        lines.extend(note.map(|line| Line::from(line).bold()));
    }
    let keys = match &board.mode {
        Mode::Filter => format!("filter: {}_  Enter keeps it, Esc clears it", board.filter),
        Mode::Confirm(_) => "y ends it, any other key does not".to_owned(),
        Mode::Watch if board.filter.is_empty() => {
            "q quit  Tab list  ↑↓ select  s sort plugins  / filter  k kill".to_owned()
        }
        Mode::Watch => format!(
            "filter: {}  Esc clears it  / edits it  q quit",
            board.filter
        ),
    };
    lines.push(Line::from(keys));
    lines
}
