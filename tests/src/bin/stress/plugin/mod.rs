//! The plugins: this program once more, in a role.

mod asker;
mod batcher;
mod desk;
mod mover;
mod streamer;

use std::env;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use onepool_host::{Plugin, Restart, RestartLimits};
use onepool_sdk::OnepoolPool;
use tokio::task::{JoinSet, LocalSet};

use crate::Error;
use crate::diary::Diary;
use desk::Desk;

const ROLE: &str = "STRESS_ROLE";
const FOLDER: &str = "STRESS_FOLDER";
const CLOSED: &str = "closed";

/// Tasks of each plugin.
const TASKS: usize = 4;

/// What a plugin does over and over again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Small questions and single writes, prepared or not.
    Asker,
    /// Points, from account to account.
    Mover,
    /// Many rows, slowly, and seldom to the end.
    Streamer,
    /// Many sets of arguments at once.
    Batcher,
}

/// The plugins of a run, by name.
pub(crate) const CAST: [(&str, Role); 6] = [
    ("asker-1", Role::Asker),
    ("asker-2", Role::Asker),
    ("mover-1", Role::Mover),
    ("mover-2", Role::Mover),
    ("streamer", Role::Streamer),
    ("batcher", Role::Batcher),
];

impl Role {
    /// The role of this process, if it is a plugin.
    pub(crate) fn mine() -> Option<Self> {
        let name = env::var(ROLE).ok()?;
        CAST.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, role)| *role)
    }
}

/// How a plugin of the cast is launched, as often as it takes.
pub(crate) fn launch(name: &str, folder: &Path) -> Result<Plugin, Error> {
    let limits = RestartLimits {
        first_delay: Duration::from_millis(10),
        longest_delay: Duration::from_millis(200),
        failures: u32::MAX,
        window: Duration::from_secs(1),
    };
    Ok(Plugin::new(name, env::current_exe()?)
        .env(ROLE, name)
        .env(FOLDER, folder)
        .restart(Restart::Always)
        .restart_limits(limits))
}

/// Where the diary of a plugin is.
pub(crate) fn diary(name: &str, folder: &Path) -> PathBuf {
    folder.join(name)
}

/// Tells every plugin to finish what it does and to begin nothing more.
pub(crate) fn close(folder: &Path) -> Result<(), Error> {
    Ok(std::fs::write(folder.join(CLOSED), [])?)
}

/// The plugin's side: works until the run is over, then waits to be asked to end.
pub(crate) async fn run(role: Role) -> Result<(), Error> {
    let folder = PathBuf::from(env::var_os(FOLDER).ok_or("a plugin is launched by the stress")?);
    let diary = Diary::open(&diary(&env::var(ROLE)?, &folder))?;
    let pool = OnepoolPool::connect("onepool:").await?;
    let desk = Rc::new(Desk::new(pool, diary, folder.join(CLOSED)).await?);
    let asked = tokio::spawn(onepool_sdk::shutdown_requested());
    let work = async {
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            tasks.spawn_local(repeat(role, Rc::clone(&desk)));
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok::<_, Error>(())
    };
    LocalSet::new().run_until(work).await?;
    asked.await?;
    Ok(())
}

async fn repeat(role: Role, desk: Rc<Desk>) -> Result<(), Error> {
    while !desk.is_closed() {
        let done = match role {
            Role::Asker => asker::once(&desk).await,
            Role::Mover => mover::once(&desk).await,
            Role::Streamer => streamer::once(&desk).await,
            Role::Batcher => batcher::once(&desk).await,
        };
        match done {
            Ok(()) => (),
            Err(error) => desk.judge(&error).await?,
        }
    }
    Ok(())
}
