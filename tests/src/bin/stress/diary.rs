//! What plugins were told, written down so that it survives them.
//!
//! A line goes to the operating system in one write, so a plugin that is killed leaves whole lines.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::Error;

/// So many statements are counted before they are written down.
const STATEMENTS_A_LINE: u64 = 64;

/// One entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The row was acknowledged: it must be there.
    Kept(i64),
    /// The row was given up before it was committed, or refused: it must not be there.
    Undone(i64),
    /// So many more statements were answered.
    Statements(u64),
    /// Something happened that must never happen.
    Violation(String),
}

impl Entry {
    fn line(&self) -> String {
        match self {
            Self::Kept(id) => format!("+ {id}\n"),
            Self::Undone(id) => format!("- {id}\n"),
            Self::Statements(count) => format!("# {count}\n"),
            Self::Violation(what) => format!("! {}\n", what.replace('\n', " ")),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let (mark, rest) = line.split_once(' ')?;
        Some(match mark {
            "+" => Self::Kept(rest.parse().ok()?),
            "-" => Self::Undone(rest.parse().ok()?),
            "#" => Self::Statements(rest.parse().ok()?),
            "!" => Self::Violation(rest.to_owned()),
            _ => return None,
        })
    }
}

/// A plugin's diary. Those of its later lives go on in the same file.
#[derive(Debug)]
pub(crate) struct Diary {
    file: File,
    uncounted: Cell<u64>,
}

impl Diary {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let uncounted = Cell::new(0);
        Ok(Self { file, uncounted })
    }

    pub(crate) fn write(&self, entry: &Entry) -> Result<(), Error> {
        Ok((&self.file).write_all(entry.line().as_bytes())?)
    }

    /// Counts a statement that was answered.
    pub(crate) fn count(&self) -> Result<(), Error> {
        let count = self.uncounted.get() + 1;
        self.uncounted.set(count % STATEMENTS_A_LINE);
        if count == STATEMENTS_A_LINE {
            self.write(&Entry::Statements(count))?;
        }
        Ok(())
    }
}

/// Reads a diary while it is written.
#[derive(Debug)]
pub(crate) struct Reading {
    path: PathBuf,
    file: Option<BufReader<File>>,
    partial: String,
}

impl Reading {
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            partial: String::new(),
        }
    }

    /// What was written since the last time.
    pub(crate) fn news(&mut self, mut take: impl FnMut(Entry)) -> Result<(), Error> {
        let file = match &mut self.file {
            Some(file) => file,
            // The plugin has not come so far yet.
            None if !self.path.exists() => return Ok(()),
            None => self.file.insert(BufReader::new(File::open(&self.path)?)),
        };
        while file.read_line(&mut self.partial)? > 0 && self.partial.ends_with('\n') {
            let entry = Entry::parse(self.partial.trim_end());
            take(entry.ok_or_else(|| format!("no entry of a diary: {}", self.partial))?);
            self.partial.clear();
        }
        Ok(())
    }
}
