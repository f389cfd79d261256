//! What a plugin writes, line by line into the host's log.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tracing::Level;

use super::line::{Line, LineReader, printable};

/// A longer line is logged in pieces.
const MAX_LINE_BYTES: u64 = 8 * 1024;
/// How many of the last lines are kept to tell why a plugin ended, and how much of each.
const LAST_LINES: usize = 8;
const LAST_LINE_CHARS: usize = 300;

/// How many of the last lines about panics are kept beside them: a backtrace would push them out.
const PANIC_LINES: usize = 2;

/// The last lines that a plugin has written. Clones are the same lines.
#[derive(Clone, Debug, Default)]
pub(super) struct LastLines(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    panic: VecDeque<String>,
    last: VecDeque<String>,
}

impl LastLines {
    fn add(&self, text: &str, line: &Line) {
        if text.trim().is_empty() {
            return;
        }
        let cut: String = text.chars().take(LAST_LINE_CHARS).collect();
        let text = printable(&cut);
        let mut kept = self.0.lock();
        if line.of_panic {
            push(&mut kept.panic, PANIC_LINES, text.clone());
        }
        push(&mut kept.last, LAST_LINES, text);
    }

    /// The lines, oldest first.
    pub(super) fn read(&self) -> Vec<String> {
        let kept = self.0.lock();
        let pushed_out = kept.panic.iter().filter(|line| !kept.last.contains(line));
        pushed_out.chain(&kept.last).cloned().collect()
    }
}

fn push(lines: &mut VecDeque<String>, most: usize, line: String) {
    if lines.len() >= most {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// Logs what `pipe` says until it is closed. `stream` names it.
pub(super) async fn log(
    plugin: &str,
    stream: &'static str,
    pipe: impl AsyncRead + Unpin,
    last_lines: &LastLines,
) {
    let mut pipe = BufReader::new(pipe);
    let mut bytes = Vec::new();
    let mut reader = LineReader::default();
    loop {
        bytes.clear();
        let mut piece = (&mut pipe).take(MAX_LINE_BYTES);
        match piece.read_until(b'\n', &mut bytes).await {
            Ok(0) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&bytes);
                let text = text.trim_end();
                let line = reader.read(text);
                last_lines.add(text, &line);
                write(plugin, stream, &line);
            }
            Err(error) => {
                tracing::debug!(plugin, stream, %error, "the plugin's output cannot be read");
                return;
            }
        }
    }
}

fn write(plugin: &str, stream: &'static str, line: &Line) {
    let Line {
        level,
        message,
        fields,
        ..
    } = line;
    // Each place in the code has one level.
    macro_rules! at {
        ($level:ident) => {
            tracing::event!(
                target: "onepool_host::plugin", Level::$level, plugin, stream,
                fields = fields.as_deref(), "{message}"
            )
        };
    }
    match *level {
        Level::ERROR => at!(ERROR),
        Level::WARN => at!(WARN),
        Level::INFO => at!(INFO),
        Level::DEBUG => at!(DEBUG),
        Level::TRACE => at!(TRACE),
    }
}
