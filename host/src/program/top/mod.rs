//! `onepool top`: a running host in a terminal, live.

mod board;
mod draw;
mod keys;
mod source;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyEventKind};

use super::ProgramError;
use super::arguments::HostArguments;
use board::Board;
use keys::Wish;
use source::{News, Source};

/// How soon news are shown.
const GLANCE: Duration = Duration::from_millis(100);

/// Shows the host until it is told to stop.
pub(crate) fn run(arguments: &HostArguments) -> Result<(), ProgramError> {
    if arguments.json || !std::io::stdout().is_terminal() {
        return Err(ProgramError::Usage(
            "top draws on a terminal; `onepool status`, `plugins`, `leases` and `statements` print"
                .to_owned(),
        ));
    }
    let (source, look) = Source::connect(arguments)?;
    let mut board = Board::default();
    board.update(look);
    let shown = match ratatui::try_init() {
        Ok(mut terminal) => show(&mut terminal, &source, &mut board),
        Err(error) => Err(error),
    };
    // The terminal is the user's again, whatever has happened.
    let restored = ratatui::try_restore();
    shown
        .and(restored)
        .map_err(|error| ProgramError::Failed(format!("the terminal: {error}")))
}

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    source: &Source,
    board: &mut Board,
) -> std::io::Result<()> {
    loop {
        terminal.draw(|frame| draw::draw(frame, board))?;
        let mut changed = false;
        while !changed {
            if event::poll(GLANCE)? {
                changed = true;
                if !take(event::read()?, source, board) {
                    return Ok(());
                }
            }
            for news in source.news() {
                changed = true;
                match news {
                    News::Look(look) => board.update(*look),
                    News::Gone(why) => board.lose(why, Instant::now()),
                    News::Said(said) => board.note(said),
                    News::Leave => return Ok(()),
                }
            }
        }
    }
}

/// Does what a key is for. Whether the show goes on.
fn take(event: Event, source: &Source, board: &mut Board) -> bool {
    let pressed = match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => board.press(key),
        // Another size is drawn anew by itself.
        _ => None,
    };
    match pressed {
        Some(Wish::Leave) => return false,
        Some(Wish::Kill(target)) if !source.kill(target) => {
            board.note("the host has not answered to what was ended before".to_owned());
        }
        _ => {}
    }
    true
}
