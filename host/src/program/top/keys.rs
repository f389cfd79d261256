//! What keys do.

use onepool_host::Target;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::board::{Board, Mode, Panel};

/// Rows that PageUp and PageDown go.
const PAGE: usize = 10;

/// What a key asks for beyond the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Leave,
    Kill(Target),
}

impl Board {
    /// A key was pressed.
    pub(super) fn press(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Wish::Leave);
        }
        self.note.clear();
        match self.mode.clone() {
            Mode::Watch => return self.command(key.code),
            Mode::Filter => self.edit_filter(key.code),
            Mode::Confirm(target) => {
                self.mode = Mode::Watch;
                if key.code == KeyCode::Char('y') {
                    return Some(Wish::Kill(target));
                }
                self.note("nothing was ended".to_owned());
            }
        }
        None
    }

    fn command(&mut self, key: KeyCode) -> Option<Wish> {
        let row = self.selected(self.panel).unwrap_or(0);
        match key {
            KeyCode::Char('q') => return Some(Wish::Leave),
            KeyCode::Tab => self.turn_to(self.panel.next()),
            KeyCode::BackTab => self.turn_to(self.panel.next().next()),
            KeyCode::Down => self.select(row + 1),
            KeyCode::Up => self.select(row.saturating_sub(1)),
            KeyCode::PageDown => self.select(row + PAGE),
            KeyCode::PageUp => self.select(row.saturating_sub(PAGE)),
            KeyCode::Home => self.select(0),
            KeyCode::End => self.select(usize::MAX),
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('/') => self.mode = Mode::Filter,
            KeyCode::Esc => {
                self.filter.clear();
                self.settle();
            }
            KeyCode::Char('k') => self.ask_to_kill(),
            _ => {}
        }
        None
    }

    fn turn_to(&mut self, panel: Panel) {
        self.panel = panel;
        self.select(0);
    }

    fn ask_to_kill(&mut self) {
        match self.target() {
            Some(target) => self.mode = Mode::Confirm(target),
            None if self.panel == Panel::Plugins => {
                self.note("choose a statement or a lease: Tab, then the arrows".to_owned());
            }
            None => self.note("there is nothing to end".to_owned()),
        }
    }

    fn edit_filter(&mut self, key: KeyCode) {
        match key {
            KeyCode::Enter => self.mode = Mode::Watch,
            KeyCode::Esc => {
                self.filter.clear();
                self.mode = Mode::Watch;
            }
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(letter) => self.filter.push(letter),
            _ => {}
        }
        self.settle();
    }
}
