//! Where what is shown comes from: the admin socket of a running host, asked beside the screen, which
//! so takes keys also while the host does not answer.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use onepool_host::admin::{AdminClient, PluginView, Reply, Request, Status};
use onepool_host::{LeaseInfo, PluginActivity, StatementInfo, Target};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc as orders;
use tokio::time::{interval, sleep, timeout};

use crate::program::admin::Place;
use crate::program::arguments::HostArguments;
use crate::program::{ProgramError, admin, runtime};

/// Between two looks at the host.
const PAUSE: Duration = Duration::from_secs(1);

/// How long an answer may take until the host is said not to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the screen gets to be left in order once this program has to end.
const LEAVING: Duration = Duration::from_secs(1);

/// Orders that may wait for the host's answer to the one before.
const ORDERS: usize = 8;

/// A host that is looked at again and again.
pub(super) struct Source {
    news: mpsc::Receiver<News>,
    orders: orders::Sender<Target>,
    /// What asks runs on it.
    _runtime: Runtime,
}

/// What has happened.
pub(super) enum News {
    /// The host as it is.
    Look(Box<Look>),
    /// The host does not answer, and why.
    Gone(String),
    /// What came of an order.
    Said(String),
    /// The operating system wants this program to end.
    Leave,
}

/// A host as it is at one moment.
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) status: Status,
    pub(super) plugins: Vec<PluginView>,
    pub(super) activity: Vec<(String, PluginActivity)>,
    pub(super) statements: Vec<StatementInfo>,
    /// Statements that wait beyond those.
    pub(super) left_out: usize,
    pub(super) leases: Vec<LeaseInfo>,
}

impl Source {
    /// Looks once, and from then on again and again.
    ///
    /// # Errors
    /// If there is no host, or it does not let us look.
    pub(super) fn connect(arguments: &HostArguments) -> Result<(Self, Look), ProgramError> {
        let runtime = runtime()?;
        let mut way = Way {
            place: admin::place(arguments)?,
            client: None,
        };
        let look = runtime.block_on(way.look()).map_err(ProgramError::Failed)?;
        let (tell, news) = mpsc::channel();
        let (order, ordered) = orders::channel(ORDERS);
        runtime.spawn(leave_when_told(tell.clone()));
        runtime.spawn(keep_asking(way, ordered, tell));
        let source = Self {
            news,
            orders: order,
            _runtime: runtime,
        };
        Ok((source, look))
    }

    /// What has happened since this was asked for the last time.
    pub(super) fn news(&self) -> impl Iterator<Item = News> {
        self.news.try_iter()
    }

    /// Has the host end something; what came of it is among the news. Whether it will be asked.
    pub(super) fn kill(&self, target: Target) -> bool {
        self.orders.try_send(target).is_ok()
    }
}

async fn keep_asking(mut way: Way, mut orders: orders::Receiver<Target>, tell: mpsc::Sender<News>) {
    let mut looks = interval(PAUSE);
    loop {
        let news = tokio::select! {
            _ = looks.tick() => match way.look().await {
                Ok(look) => News::Look(Box::new(look)),
                Err(why) => News::Gone(why),
            },
            Some(target) = orders.recv() => {
                // What is there now is what comes next.
                looks.reset_immediately();
                News::Said(way.kill(target).await)
            }
        };
        if tell.send(news).is_err() {
            return;
        }
    }
}

/// The signals that otherwise would leave the terminal as it is.
async fn leave_when_told(tell: mpsc::Sender<News>) {
    let watched = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ];
    let [Ok(mut ended), Ok(mut interrupted), Ok(mut hung_up)] = watched.map(signal) else {
        return;
    };
    tokio::select! {
        _ = ended.recv() => {}
        _ = interrupted.recv() => {}
        _ = hung_up.recv() => {}
    }
    // Nobody is left to tell if this fails.
    let _ = tell.send(News::Leave);
    sleep(LEAVING).await;
    // Of a terminal that has gone away, keys are read for ever: crossterm takes its end for no key yet.
    ratatui::restore();
    std::process::exit(0);
}

/// The way to the host.
struct Way {
    place: Place,
    client: Option<AdminClient>,
}

impl Way {
    async fn look(&mut self) -> Result<Look, String> {
        let at = Instant::now();
        let status = match self.ask(&Request::Status).await? {
            Reply::Status(status) => status,
            other => return Err(strange(other)),
        };
        let plugins = match self.ask(&Request::Plugins).await? {
            Reply::Plugins(plugins) => plugins,
            other => return Err(strange(other)),
        };
        let activity = match self.ask(&Request::Activity).await? {
            Reply::Activity(activity) => activity,
            other => return Err(strange(other)),
        };
        let (statements, left_out) = match self.ask(&Request::Statements).await? {
            Reply::Statements {
                statements,
                left_out,
            } => (statements, left_out),
            other => return Err(strange(other)),
        };
        let leases = match self.ask(&Request::Leases).await? {
            Reply::Leases(leases) => leases,
            other => return Err(strange(other)),
        };
        Ok(Look {
            at,
            status,
            plugins,
            activity,
            statements,
            left_out,
            leases,
        })
    }

    /// Has the host end something, and returns what is to be said of it.
    async fn kill(&mut self, target: Target) -> String {
        match self.ask(&Request::Kill { target }).await {
            Ok(Reply::Done) => format!("{target} is being ended"),
            Ok(Reply::Said(said)) => said,
            Ok(other) => strange(other),
            Err(why) => why,
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Reply, String> {
        // Taken: in the middle of an answer, or after a failure, it is of no more use.
        let client = self.client.take();
        let asking = async {
            let mut client = match client {
                Some(client) => client,
                None => self.place.connect().await?,
            };
            let reply = client.ask(request).await?;
            Ok((client, reply))
        };
        let answered: Result<_, onepool_host::admin::AdminError> = timeout(PATIENCE, asking)
            .await
            .map_err(|_| format!("the host has not answered for {} s", PATIENCE.as_secs()))?;
        let (client, reply) = answered.map_err(|error| error.to_string())?;
        self.client = Some(client);
        Ok(reply)
    }
}

fn strange(reply: Reply) -> String {
    match reply {
        Reply::Failed(why) => why,
        _ => "the host answers something else; is it of the same version?".to_owned(),
    }
}
