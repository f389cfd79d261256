//! The lists: plugins, statements, leases.

use onepool_host::admin::StateName;
use onepool_host::{LeaseInfo, LeaseState, StatementInfo, StatementState};
use ratatui::style::{Color, Style};
use ratatui::widgets::Table;

use super::columns::{Column, Line, WIDE, table};
use super::text::{fit, millis, rate, span};
use crate::program::top::board::{Board, PluginRow};

/// Cells that the name of a plugin, or of what can be ended, takes at most beside a text.
const NAME: u16 = 18;

pub(super) fn plugins(board: &Board, room: u16) -> Table<'static> {
    let wide = room >= WIDE;
    let mut columns = vec![Column::flexible("PLUGIN", 64)];
    if wide {
        columns.push(Column::text("STATE", 10));
    }
    columns.extend([
        Column::number(if wide { "SESSIONS" } else { "SESS" }, 4),
        Column::number("LEASES", 6),
        Column::number("QUEUE", 5),
        Column::number("CALLS/S", 7),
        Column::number("WAIT P50", 8),
        Column::number("P99", 6),
        Column::number("RUN P50", 7),
        Column::number("P99", 6),
        Column::number(if wide { "ERRORS" } else { "ERR" }, 3),
    ]);
    let rows = board.plugins();
    let lines: Vec<_> = rows.into_iter().map(|row| plugin(row, wide)).collect();
    table(&columns, &lines, room)
}

fn plugin(row: &PluginRow, wide: bool) -> Line {
    let (view, pace) = (&row.view, &row.pace);
    let (state, style) = state(row);
    let mut cells = match (wide, view.state) {
        (true, _) => vec![view.name.clone(), state.to_owned()],
        (false, StateName::Running | StateName::Attached) if !row.paused => {
            vec![view.name.clone()]
        }
        // Without a column of its own only what is out of order is said, and that in any case.
        (false, _) => {
            let rest = usize::from(NAME).saturating_sub(state.len() + " ()".len());
            vec![format!("{} ({state})", fit(&view.name, rest))]
        }
    };
    cells.extend([
        view.sessions.to_string(),
        row.leased.to_string(),
        row.waiting.to_string(),
        rate(pace.calls),
        millis(pace.wait, |wait| wait.p50),
        millis(pace.wait, |wait| wait.p99),
        millis(pace.execution, |run| run.p50),
        millis(pace.execution, |run| run.p99),
        pace.errors.to_string(),
    ]);
    (cells, style)
}

fn state(row: &PluginRow) -> (&'static str, Style) {
    let state = row.view.state;
    match state {
        StateName::GaveUp => (state.in_words(), Style::new().fg(Color::Red)),
        StateName::Restarting => (state.in_words(), Style::new().fg(Color::Yellow)),
        _ if row.paused => ("paused", Style::new().fg(Color::Yellow)),
        _ => (state.in_words(), Style::new()),
    }
}

pub(super) fn statements(board: &Board, room: u16) -> Table<'static> {
    let columns = [
        Column::text("STATEMENT", NAME),
        Column::text("PLUGIN", NAME),
        Column::text("STATE", 5),
        Column::number("FOR", 6),
        Column::flexible("TEXT", u16::MAX),
    ];
    let line = |row: &StatementInfo| {
        let (state, age, style) = match row.state {
            StatementState::Waiting => ("waits", row.waited, Style::new().fg(Color::Yellow)),
            _ => ("runs", row.running, Style::new()),
        };
        let cells = [
            row.id.to_string(),
            whose(&row.plugin, row.database.as_deref()),
            state.to_owned(),
            span(age),
        ];
        (cells.into_iter().chain([row.text.clone()]).collect(), style)
    };
    let lines: Vec<_> = board.statements().into_iter().map(line).collect();
    table(&columns, &lines, room)
}

pub(super) fn leases(board: &Board, room: u16) -> Table<'static> {
    let wide = room >= WIDE;
    let mut columns = vec![
        Column::text("LEASE", NAME),
        Column::text("PLUGIN", NAME),
        Column::text("FOR A", 11),
        Column::number("HELD", 6),
        Column::text("STATE", 5),
    ];
    if wide {
        columns.extend([Column::number("SINCE", 6), Column::number("PROCESS", 7)]);
    }
    columns.push(Column::flexible("LAST STATEMENT", u16::MAX));
    let line = |row: &LeaseInfo| {
        let (state, style) = match row.state {
            LeaseState::Running => ("runs", Style::new()),
            _ => ("rests", Style::new().fg(Color::Yellow)),
        };
        let purpose = row.purpose.to_string();
        let mut cells = vec![
            row.id.to_string(),
            whose(&row.plugin, row.database.as_deref()),
            purpose,
            span(row.held),
        ];
        cells.push(state.to_owned());
        if wide {
            let process = row.process.map(|process| process.to_string());
            cells.extend([
                span(row.state_for),
                process.unwrap_or_else(|| "-".to_owned()),
            ]);
        }
        cells.push(row.statement.clone().unwrap_or_default());
        (cells, style)
    };
    let lines: Vec<_> = board.leases().into_iter().map(line).collect();
    table(&columns, &lines, room)
}

/// Whose something is, and where there are several databases in which.
fn whose(plugin: &str, database: Option<&str>) -> String {
    match database {
        Some(database) => format!("{plugin}@{database}"),
        None => plugin.to_owned(),
    }
}
