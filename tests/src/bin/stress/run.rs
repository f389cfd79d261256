//! One run, from the first statement to the last line.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use onepool_host::{Host, HostBuilder, PluginState};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::Error;
use crate::diary::{Entry, Reading};
use crate::disorder::Disorder;
use crate::memory::Memory;
use crate::options::Options;
use crate::place::Place;
use crate::plugin::{self, CAST};
use crate::verdict;

/// The greatest cap: fewer than the tasks that want a backend. One is the control backend. It is lowered
/// and raised while the run goes on.
pub(crate) const CAP: u32 = 6;

/// How long a backend lives at most, so that there are always some that go and some that come.
const LIFETIME: Duration = Duration::from_millis(500);

/// Longer than anything takes that works.
const LONG: Duration = Duration::from_secs(60);

/// For how long nothing may have been lent before it is believed that nothing will be.
const STILL: Duration = Duration::from_secs(1);

/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// What is seen from outside while the run goes on.
#[derive(Debug)]
struct Watch {
    began: Instant,
    length: Duration,
    diaries: Vec<Reading>,
    statements: u64,
    memory: Memory,
}

pub(crate) async fn run(options: &Options) -> Result<(), Error> {
    let place = Place::new(options.database, CAP).await?;
    let folder = tempfile::Builder::new().prefix("onepool-").tempdir()?;
    let described = |cap| described(&place, folder.path(), cap);
    let host = described(CAP)?.start().await?;
    let disorder = Disorder::default();
    let mut watch = Watch::new(folder.path(), options.length);
    let (began, until) = (watch.began, watch.began + watch.length);
    tokio::try_join!(
        disorder.change(&host, described, until),
        disorder.kill(&host, until),
        disorder.restart(&place, began, options.length),
        watch.until(until, &host, &disorder),
    )?;
    settle(&host, folder.path()).await?;
    verdict::of_pool(&host, &place, disorder.kills()).await?;
    watch.read()?;
    watch.memory.violation().map_or(Ok(()), Err)?;
    timeout(LONG, host.stop())
        .await
        .map_err(|_| "the host does not stop")?;
    let peak = host.pool_stats().peak;
    verdict::of_server(&place).await?;
    verdict::of_rows(&place, folder.path()).await?;
    let (statements, kills, restarts) = (watch.statements, disorder.kills(), disorder.restarts());
    say(&format!(
        "stress: the cap was changed {} times",
        disorder.changes()
    ))?;
    say(&format!(
        "stress: held, {statements} statements, {kills} kills, {restarts} restarts, \
         peak {peak} of {CAP}"
    ))
}

fn described(place: &Place, folder: &Path, cap: u32) -> Result<HostBuilder, Error> {
    let host = Host::builder().database(place.url()).max_connections(cap);
    let mut host = host.max_lifetime(LIFETIME);
    for (name, _) in CAST {
        host = host.plugin(plugin::launch(name, folder)?);
    }
    Ok(host)
}

/// Lets every plugin come up and finish what it does, until nothing is lent any more.
async fn settle(host: &Host, folder: &Path) -> Result<(), Error> {
    let up = async {
        let running = |state| state == PluginState::Running;
        while !host.plugins().iter().all(|plugin| running(plugin.state)) {
            sleep(LOOK).await;
        }
    };
    timeout(LONG, up)
        .await
        .map_err(|_| format!("not every plugin came up again: {:?}", host.plugins()))?;
    plugin::close(folder)?;
    let leases = || {
        let plugins = host.pool_stats().plugins;
        plugins.iter().map(|(_, plugin)| plugin.leases).sum::<u64>()
    };
    let still = async {
        let (mut seen, mut since) = (leases(), Instant::now());
        while since.elapsed() < STILL {
            sleep(LOOK).await;
            let now = leases();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
    };
    timeout(LONG, still)
        .await
        .map_err(|_| format!("the plugins do not finish: {:?}", host.pool_stats()))?;
    Ok(())
}

impl Watch {
    fn new(folder: &Path, length: Duration) -> Self {
        let diaries = CAST
            .iter()
            .map(|(name, _)| Reading::of(plugin::diary(name, folder)));
        Self {
            began: Instant::now(),
            length,
            diaries: diaries.collect(),
            statements: 0,
            memory: Memory::default(),
        }
    }

    /// Says each second how it goes. Fails as soon as a plugin has seen what must not be.
    async fn until(
        &mut self,
        until: Instant,
        host: &Host,
        disorder: &Disorder,
    ) -> Result<(), Error> {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < until {
            seconds.tick().await;
            self.read()?;
            let held = self.memory.sample().unwrap_or_default();
            say(&format!(
                "stress: {} of {} s, {} statements, {} kills, {} restarts, {} of {} backends, {} MiB",
                self.began.elapsed().as_secs(),
                self.length.as_secs(),
                self.statements,
                disorder.kills(),
                disorder.restarts(),
                host.pool_stats().backends.total(),
                host.max_connections(),
                held >> 20,
            ))?;
        }
        Ok(())
    }

    /// Reads on in every diary.
    fn read(&mut self) -> Result<(), Error> {
        let mut violation = None;
        for diary in &mut self.diaries {
            diary.news(|entry| match entry {
                Entry::Statements(count) => self.statements += count,
                Entry::Violation(what) => violation = Some(what),
                Entry::Kept(_) | Entry::Undone(_) => (),
            })?;
        }
        violation.map_or(Ok(()), |what| Err(what.into()))
    }
}

fn say(line: &str) -> Result<(), Error> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
