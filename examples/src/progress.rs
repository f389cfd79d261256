//! Progress on standard error: bars on a terminal, now and then a line anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use onepool_host::PoolStats;

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows how far the demo is.
#[derive(Debug)]
pub struct Progress {
    view: View,
    work: Duration,
}

#[derive(Debug)]
enum View {
    Bars {
        time: ProgressBar,
        pool: ProgressBar,
    },
    Lines {
        next: Duration,
    },
}

impl Progress {
    /// Shows progress on standard error, through `bars` if that is a terminal.
    pub fn start(bars: &MultiProgress, work: Duration) -> Self {
        let view = if std::io::stderr().is_terminal() {
            View::Bars {
                time: bars.add(ProgressBar::new(millis(work)).with_style(bar_style())),
                pool: bars.add(ProgressBar::new(0).with_style(line_style())),
            }
        } else {
            View::Lines { next: LINE_EVERY }
        };
        Self { view, work }
    }

    /// Shows the state after so much time.
    pub fn show(&mut self, elapsed: Duration, pool: &PoolStats, running: usize) {
        let PoolStats {
            peak,
            max_connections,
            waiting,
            plugins,
            ..
        } = pool;
        let leases: u64 = plugins.iter().map(|(_, stats)| stats.leases).sum();
        let text = format!(
            "database connections: peak {peak} of {max_connections}; calls waiting: {waiting}; \
             leases so far: {leases}; plugins at work: {running}",
        );
        match &mut self.view {
            View::Bars { time, pool } => {
                let done = elapsed.min(self.work);
                time.set_position(millis(done));
                let (elapsed, work) = (elapsed.as_secs_f64(), self.work.as_secs_f64());
                time.set_message(format!("{elapsed:.1} s of {work:.1} s"));
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn bar_style() -> ProgressStyle {
    let style = ProgressStyle::with_template("  {bar:48.cyan} {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line_style() -> ProgressStyle {
    let style = ProgressStyle::with_template("  {msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}
