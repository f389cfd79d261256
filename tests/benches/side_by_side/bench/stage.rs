//! One contender, set up for one case: its clients, and what is between them and the database.

use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;
use tempfile::TempDir;

use crate::bench::contender::Contender;
use crate::bench::error::Result;
use crate::bench::order::{Open, Role, Run, Sample};
use crate::bench::pgbouncer::PgBouncer;
use crate::bench::place::{CAP, Place};
use crate::bench::process::Process;
use crate::bench::workload::Case;

/// A contender, ready to be measured. Whatever is left of it goes when this is dropped.
pub(crate) struct Stage {
    pub(crate) clients: Vec<Process>,
    broker: Broker,
    how: Open,
}

/// What is between the clients and the database.
enum Broker {
    Nobody,
    Host(Process),
    PgBouncer(PgBouncer),
    PingPong { process: Process, _folder: TempDir },
}

impl Stage {
    /// Sets up all that a case needs.
    pub(crate) async fn set(
        place: &Place,
        pgbouncer: Option<&Path>,
        case: &Case,
        contender: Contender,
    ) -> Result<Self> {
        let mut stage = Self::set_without_clients(place, pgbouncer, case, contender).await?;
        stage.enter(case.processes).await?;
        Ok(stage)
    }

    /// Sets up what the clients will need.
    pub(crate) async fn set_without_clients(
        place: &Place,
        pgbouncer: Option<&Path>,
        case: &Case,
        contender: Contender,
    ) -> Result<Self> {
        let (broker, url) = Broker::start(place, pgbouncer, contender).await?;
        let how = Open {
            url,
            hold: case.hold(contender),
            dialect: place.dialect,
            callers: case.callers,
            threads: case.threads,
        };
        Ok(Self {
            clients: Vec::new(),
            broker,
            how,
        })
    }

    /// Adds clients, and waits until each has opened what it needs.
    pub(crate) async fn enter(&mut self, clients: u32) -> Result<()> {
        let before = self.clients.len();
        for number in 0..clients {
            let mut how = self.how.clone();
            if let Broker::Host(host) = &mut self.broker {
                let name = format!("plugin-{}", before as u32 + number);
                host.say(&name).await?;
                let token: String = host.hear().await?;
                how.url = format!("onepool://{}?plugin={name}&token={token}", how.url);
            }
            self.clients.push(Process::start(&Role::Client(how)).await?);
        }
        let entered = self.clients.iter_mut().skip(before);
        try_join_all(entered.map(Process::hear::<()>)).await?;
        Ok(())
    }

    /// Lets all clients work at once.
    pub(crate) async fn run(&mut self, run: Run) -> Result<Vec<Sample>> {
        for client in &mut self.clients {
            client.say(&run).await?;
        }
        try_join_all(self.clients.iter_mut().map(Process::hear)).await
    }

    /// The process between the clients and the database.
    pub(crate) fn broker_pid(&self) -> Option<u32> {
        match &self.broker {
            Broker::Nobody => None,
            Broker::Host(process) | Broker::PingPong { process, .. } => Some(process.pid()),
            Broker::PgBouncer(bouncer) => Some(bouncer.pid()),
        }
    }

    /// Ends the clients, then what they needed.
    pub(crate) async fn strike(self) -> Result<()> {
        try_join_all(self.clients.into_iter().map(Process::end)).await?;
        match self.broker {
            Broker::Nobody => Ok(()),
            Broker::Host(process) | Broker::PingPong { process, .. } => process.end().await,
            Broker::PgBouncer(bouncer) => bouncer.end().await,
        }
    }
}

impl Broker {
    /// Also tells what the clients connect to.
    async fn start(
        place: &Place,
        pgbouncer: Option<&Path>,
        contender: Contender,
    ) -> Result<(Self, String)> {
        match contender {
            Contender::Held | Contender::Pooled => Ok((Self::Nobody, place.open_url().to_owned())),
            Contender::BouncerHeld | Contender::BouncerPooled => {
                let program = pgbouncer.ok_or("there is no PgBouncer")?;
                let database = place.capped().ok_or("PgBouncer is for PostgreSQL")?;
                let bouncer = PgBouncer::start(program, database).await?;
                let url = bouncer.url.clone();
                Ok((Self::PgBouncer(bouncer), url))
            }
            Contender::Onepool => {
                let role = Role::Host {
                    database: place.capped_url().to_owned(),
                    cap: CAP,
                };
                let mut host = Process::start(&role).await?;
                let endpoint = host.hear().await?;
                Ok((Self::Host(host), endpoint))
            }
            Contender::Bare => {
                let folder = tempfile::Builder::new().prefix("onepool-").tempdir()?;
                let socket = socket(&folder);
                let mut end = Process::start(&Role::PingPong {
                    socket: socket.clone(),
                })
                .await?;
                end.hear::<()>().await?;
                let broker = Self::PingPong {
                    process: end,
                    _folder: folder,
                };
                Ok((broker, format!("unix:{socket}")))
            }
        }
    }
}

fn socket(folder: &TempDir) -> String {
    let path: PathBuf = folder.path().join("socket");
    path.display().to_string()
}
