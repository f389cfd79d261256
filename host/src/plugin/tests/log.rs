use std::io;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::super::output::{self, LastLines};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What this thread logs, until the guard is dropped.
fn listen() -> (Written, DefaultGuard) {
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(written.clone())
        .with_ansi(false)
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    (written, guard)
}

#[tokio::test]
async fn what_a_plugin_writes_is_logged_line_by_line() {
    let (written, guard) = listen();
    let mut output = b"first\n\xff second\r\n".to_vec();
    output.extend(vec![b'x'; 20_000]);
    let last_lines = LastLines::default();
    output::log("reports", "stderr", &output[..], &last_lines).await;
    drop(guard);
    let text = written.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[0].contains("first") && lines[0].contains("reports"));
    assert!(lines[1].contains("\u{fffd} second"));
    assert_eq!(text.matches('x').count(), 20_000);
    let last = last_lines.read();
    assert_eq!((last.len(), &*last[1]), (5, "\u{fffd} second"));
}

#[tokio::test]
async fn levels_and_panics_reach_the_log_as_what_they_are() {
    let (written, guard) = listen();
    let output = b"{\"level\":\"warn\",\"msg\":\"slow\",\"ms\":7}\n\
        thread 'main' panicked at src/main.rs:1:1:\nboom\nnote: run with\n";
    output::log("p", "stderr", &output[..], &LastLines::default()).await;
    drop(guard);
    let text = written.text();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].contains("WARN") && lines[0].contains("slow"),
        "{text}"
    );
    assert!(
        lines[0].contains(r#"{"ms":7}"#) || lines[0].contains(r#"{\"ms\":7}"#),
        "{text}"
    );
    assert!(
        lines[1].contains("ERROR") && lines[2].contains("ERROR"),
        "{text}"
    );
    assert!(lines[3].contains("INFO"), "{text}");
}

#[tokio::test]
async fn a_backtrace_does_not_push_out_what_it_is_about() {
    let mut output = b"thread 'main' panicked at src/main.rs:1:1:\nboom\n".to_vec();
    for frame in 0..30 {
        output.extend(format!("{frame}: frame\n").bytes());
    }
    let last_lines = LastLines::default();
    output::log("p", "stderr", &output[..], &last_lines).await;
    let lines = last_lines.read();
    assert_eq!(
        (&*lines[1], lines.len(), &*lines[9]),
        ("boom", 10, "29: frame")
    );
}
