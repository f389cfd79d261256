//! What goes wrong on purpose, and what changes meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onepool_host::{Code, Host, HostBuilder, HostError, PluginState};
use tokio::process::Command;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Error;
use crate::place::Place;
use crate::run::CAP;

/// Between two kills, at least and at most, in milliseconds.
const KILL_EVERY_MS: std::ops::Range<u64> = 200..1000;

/// Between two changes of the cap, at least and at most, in milliseconds.
const CHANGE_EVERY_MS: std::ops::Range<u64> = 100..1500;

/// The smallest cap that the host is given for a while: one backend for work, and the one for cancels.
const SMALLEST: u32 = 2;

/// What has gone wrong on purpose so far.
#[derive(Debug, Default)]
pub(crate) struct Disorder {
    changes: AtomicU64,
    kills: AtomicU64,
    restarts: AtomicU64,
}

impl Disorder {
    pub(crate) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// How often the cap was changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Has the host follow a description with another cap again and again, as a reload does, and in the
    /// end that with the greatest. No plugin may notice, other than by its speed.
    pub(crate) async fn change(
        &self,
        host: &Host,
        described: impl Fn(u32) -> Result<HostBuilder, Error>,
        until: Instant,
    ) -> Result<(), Error> {
        loop {
            sleep(Duration::from_millis(fastrand::u64(CHANGE_EVERY_MS))).await;
            let ends = Instant::now() >= until;
            let cap = if ends {
                CAP
            } else {
                fastrand::u32(SMALLEST..=CAP)
            };
            match host.apply(described(cap)?).await {
                Ok(applied) => {
                    let touched = [&applied.added, &applied.removed, &applied.replaced];
                    if touched.iter().any(|names| !names.is_empty()) || !applied.failed.is_empty() {
                        return Err(format!("a new cap touched the plugins: {applied:?}").into());
                    }
                    self.changes.fetch_add(1, Ordering::Relaxed);
                    if ends {
                        return Ok(());
                    }
                }
                // A database that is being restarted cannot be asked what it allows.
                Err(HostError::Database(failure)) if failure.code != Code::CONFIGURATION => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Kills plugins at random.
    pub(crate) async fn kill(&self, host: &Host, until: Instant) -> Result<(), Error> {
        loop {
            sleep(Duration::from_millis(fastrand::u64(KILL_EVERY_MS))).await;
            if Instant::now() >= until {
                return Ok(());
            }
            let running = host.plugins().into_iter();
            let running = running.filter(|plugin| plugin.state == PluginState::Running);
            let pids: Vec<u32> = running.filter_map(|plugin| plugin.pid).collect();
            let Some(pid) = fastrand::choice(pids) else {
                continue;
            };
            let killed = Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status();
            if killed.await?.success() {
                self.kills.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Restarts the database, at equal distances.
    pub(crate) async fn restart(
        &self,
        place: &Place,
        began: Instant,
        length: Duration,
    ) -> Result<(), Error> {
        let times = place.restarts();
        for time in 0..times {
            let share = (time + 1) as f64 / (times + 1) as f64;
            sleep_until(began + length.mul_f64(share)).await;
            place.restart(time).await;
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
