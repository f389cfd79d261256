//! The screen as it is drawn for hosts in all sorts of states, and what keys do to it.

mod databases;
mod keys;
mod screens;

use std::time::{Duration, Instant};

use onepool_host::{PluginActivity, Target};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use super::board::{Board, Panel};
use super::draw;
use super::keys::Wish;
use super::source::Look;

/// A host in its parts, as a test changes them.
struct Given {
    status: Value,
    plugins: Vec<Value>,
    activity: Vec<(String, PluginActivity)>,
    statements: Vec<Value>,
    leases: Vec<Value>,
}

impl Given {
    /// Nobody is there, and nothing is done.
    fn idle() -> Self {
        let status = json!({
            "summary": "nobody waits: 0 of 4 connections are in use",
            "verdict": "fine", "version": "0.1.0", "paused": false, "paused_plugins": [],
            "database": "PostgreSQL", "endpoint": "/run/app/host.sock", "max_connections": 5,
            "backends": {
                "connecting": 0, "free": 0, "leased": 0, "resetting": 0, "closing": 0, "control": 1
            },
            "peak": 1, "waiting": 0, "sessions": 0, "launched": 0, "running": 0
        });
        Self {
            status,
            plugins: Vec::new(),
            activity: Vec::new(),
            statements: Vec::new(),
            leases: Vec::new(),
        }
    }

    /// Two plugins: one runs something, and one waits.
    fn busy() -> Self {
        let mut given = Self::idle();
        given.plugin("reports", "running");
        given.plugin("billing", "gave_up");
        given.runs(
            "statement-7.33",
            "reports",
            12_300,
            "SELECT sum(price) FROM sales",
        );
        given.waits(
            "wait-9",
            "billing",
            754_000,
            "UPDATE accounts SET balance = $1",
        );
        given.lease(
            "lease-7.12",
            "reports",
            "transaction",
            "SELECT sum(price) FROM sales",
        );
        given.status["summary"] = "connections are held: 1 call waits".into();
        given.status["waiting"] = 1.into();
        given
    }

    fn plugin(&mut self, name: &str, state: &str) {
        self.plugins.push(json!({
            "name": name, "state": state, "ended": null, "pid": 4711, "sessions": 2,
            "restarts": 0, "problem": null, "leases": 0, "refused": 0, "waited_ms": 0,
            "longest_wait_ms": 0
        }));
    }

    fn calls(&mut self, plugin: &str, calls: u64, errors: u64) {
        let mut activity = PluginActivity::default();
        activity.calls = vec![(onepool_host::CallKind::Execute, calls)];
        activity.errors = vec![("SYNTAX".to_owned(), errors)];
        self.activity.push((plugin.to_owned(), activity));
    }

    fn runs(&mut self, id: &str, plugin: &str, ms: u64, text: &str) {
        self.statements.push(json!({
            "id": id, "plugin": plugin, "session": "session-1", "lease": "lease-7.12",
            "state": "running", "waited_ms": 0, "running_ms": ms, "text": text
        }));
    }

    fn waits(&mut self, id: &str, plugin: &str, ms: u64, text: &str) {
        self.statements.push(json!({
            "id": id, "plugin": plugin, "session": "session-2", "lease": null,
            "state": "waiting", "waited_ms": ms, "running_ms": 0, "text": text
        }));
    }

    fn lease(&mut self, id: &str, plugin: &str, purpose: &str, text: &str) {
        self.leases.push(json!({
            "id": id, "plugin": plugin, "session": "session-1", "process": 4242,
            "purpose": purpose, "held_ms": 61_000, "state": "resting", "state_ms": 3_000,
            "statement": text
        }));
    }

    /// As the host tells it at this moment.
    fn look(&self, at: Instant) -> Look {
        let read = "the parts are as the host tells them";
        Look {
            at,
            status: serde_json::from_value(self.status.clone()).expect(read),
            plugins: serde_json::from_value(self.plugins.clone().into()).expect(read),
            activity: self.activity.clone(),
            statements: serde_json::from_value(self.statements.clone().into()).expect(read),
            left_out: 0,
            leases: serde_json::from_value(self.leases.clone().into()).expect(read),
        }
    }

    fn board(&self) -> Board {
        let mut board = Board::default();
        board.update(self.look(Instant::now()));
        board
    }
}

/// What is on a screen of this size, line by line.
fn screen(board: &Board, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, board)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let line = |y| {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..width {
            // A wide character covers the cell behind it, too.
            if covered == 0 {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                covered = ratatui::text::Span::raw(symbol).width().max(1);
            }
            covered -= 1;
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// The one line that has this.
fn line<'a>(screen: &'a [String], part: &str) -> &'a str {
    let mut lines = screen.iter().filter(|line| line.contains(part));
    let line = lines.next();
    assert!(
        lines.next().is_none(),
        "twice: {part}\n{}",
        screen.join("\n")
    );
    line.unwrap_or_else(|| panic!("nowhere: {part}\n{}", screen.join("\n")))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn press(board: &mut Board, key: KeyCode) -> Option<Wish> {
    board.press(KeyEvent::new(key, KeyModifiers::NONE))
}

fn types(board: &mut Board, text: &str) {
    for letter in text.chars() {
        assert_eq!(press(board, KeyCode::Char(letter)), None);
    }
}
