//! Progress on standard error: bars on a terminal, now and then a line anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::gauge::Gauge;

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows how far the demo is.
#[derive(Debug)]
pub struct Progress {
    view: View,
    cap: u32,
    work: Duration,
}

#[derive(Debug)]
enum View {
    Bars { time: ProgressBar, pool: ProgressBar },
    Lines { next: Duration },
}

impl Progress {
    /// Shows progress on standard error, through `bars` if that is a terminal.
    pub fn start(bars: &MultiProgress, cap: u32, work: Duration) -> Self {
        let view = if std::io::stderr().is_terminal() {
            let millis = u64::try_from(work.as_millis()).unwrap_or(u64::MAX);
            View::Bars {
                time: bars.add(ProgressBar::new(millis).with_style(bar_style())),
                pool: bars.add(ProgressBar::new(0).with_style(line_style())),
            }
        } else {
            View::Lines { next: LINE_EVERY }
        };
        Self { view, cap, work }
    }

    /// Shows the state after so much time.
    pub fn show(&mut self, elapsed: Duration, gauge: &Gauge, running: usize) {
        let text = format!(
            "database connections: peak {} of {}; {} calls waiting; {} leases so far; \
             {running} plugins at work",
            gauge.peak,
            self.cap,
            gauge.waiting,
            gauge.leases(),
        );
        match &mut self.view {
            View::Bars { time, pool } => {
                let done = elapsed.min(self.work);
                time.set_position(u64::try_from(done.as_millis()).unwrap_or(u64::MAX));
                time.set_message(format!("{:.1} s of {:.1} s", elapsed.as_secs_f64(), self.work.as_secs_f64()));
                pool.set_message(text);
            }
            View::Lines { next } if elapsed >= *next => {
                *next += LINE_EVERY;
                eprintln!("{:>3.0} s  {text}", elapsed.as_secs_f64());
            }
            View::Lines { .. } => {}
        }
    }

    /// Takes the bars away.
    pub fn finish(self) {
        if let View::Bars { time, pool } = self.view {
            time.finish_and_clear();
            pool.finish_and_clear();
        }
    }
}

fn bar_style() -> ProgressStyle {
    let style = ProgressStyle::with_template("  {bar:48.cyan} {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line_style() -> ProgressStyle {
    let style = ProgressStyle::with_template("  {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}
