//! A link that breaks when it is told to: between a host and its database, or a plugin and its
//! host.

mod order;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::{Database, Kind};
use order::{Direction, Orders};
pub use order::{Fault, Kept, Mark, Which};

/// The most that is passed on at once.
const PIECE: usize = 64 * 1024;

/// Stands before a socket, and passes on what either side says, or does not. Whoever comes to it
/// makes requests, and what is behind it answers. Dropping it cuts every link.
#[derive(Debug)]
pub struct Proxy {
    path: PathBuf,
    url: String,
    orders: Arc<Orders>,
    _accepting: AbortOnDropHandle<()>,
    _folder: TempDir,
}

impl Proxy {
    /// A proxy before a database, which has to stay where it is.
    ///
    /// # Panics
    ///
    /// When no socket can be made.
    pub fn before(database: &Database) -> Self {
        let real = database.server().folder();
        let (name, from) = match database.server().kind() {
            Kind::Postgres => (".s.PGSQL.5432", real.display().to_string()),
            Kind::MariaDb => ("socket", real.join("socket").display().to_string()),
        };
        let mut proxy = Self::at(name, real.join(name));
        let own = match database.server().kind() {
            Kind::Postgres => proxy.path.parent().unwrap_or(&proxy.path),
            Kind::MariaDb => &proxy.path,
        };
        proxy.url = database.url.replace(&from, &own.display().to_string());
        proxy
    }

    /// A proxy before a host's endpoint.
    ///
    /// # Panics
    ///
    /// When no socket can be made.
    pub fn before_host(endpoint: &Path) -> Self {
        Self::at("host.sock", endpoint.to_owned())
    }

    fn at(name: &str, real: PathBuf) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("onepool-")
            .tempdir()
            .unwrap_or_else(|error| panic!("no folder for a proxy's socket: {error}"));
        let path = folder.path().join(name);
        let listener = UnixListener::bind(&path)
            .unwrap_or_else(|error| panic!("no socket for a proxy: {error}"));
        let orders = Arc::new(Orders::default());
        let accepting = tokio::spawn(accept(listener, real, Arc::clone(&orders)));
        Self {
            path,
            url: String::new(),
            orders,
            _accepting: AbortOnDropHandle::new(accepting),
            _folder: folder,
        }
    }

    /// The database's URL by way of the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The proxy's socket.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Cuts every link there is. New ones are let through.
    pub fn cut(&self) {
        self.orders.with(|state| {
            std::mem::take(&mut state.cut).cancel();
        });
    }

    /// Cuts the near side of every link there is, as a firewall does that forgets them: what is behind
    /// hears nothing of it, for as long as the proxy lives. New ones are let through.
    pub fn cut_near(&self) {
        self.orders.with(|state| {
            std::mem::take(&mut state.cut_near).cancel();
        });
    }

    /// Lets no new link through, or lets them through again.
    pub fn close(&self, closed: bool) {
        self.orders.with(|state| state.closed = closed);
    }

    /// From now on each piece is passed on only after this long.
    pub fn delay(&self, delay: Duration) {
        self.orders.with(|state| state.delay = delay);
    }

    /// Lets this happen once.
    pub fn arm(&self, fault: Fault) {
        self.orders.with(|state| state.fault = Some(fault));
    }

    /// Whether what was armed last has happened.
    pub fn has_happened(&self) -> bool {
        self.orders.with(|state| state.fault.is_none())
    }

    /// Keeps one piece back when it comes, and what is said behind it.
    pub fn keep(&self, which: Which) -> Kept {
        self.orders.keep(which)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

async fn accept(listener: UnixListener, real: PathBuf, orders: Arc<Orders>) {
    while let Ok((comer, _)) = listener.accept().await {
        if !orders.with(|state| state.closed) {
            tokio::spawn(link(comer, real.clone(), Arc::clone(&orders)));
        }
    }
}

/// One link, until either side hangs up or it is cut.
async fn link(comer: UnixStream, real: impl AsRef<Path>, orders: Arc<Orders>) {
    let Ok(behind) = UnixStream::connect(real).await else {
        return;
    };
    let (cut, cut_near) = orders.with(|state| (state.cut.clone(), state.cut_near.clone()));
    let (mut from_comer, mut to_comer) = comer.into_split();
    let (mut from_behind, mut to_behind) = behind.into_split();
    let lost = CancellationToken::new();
    let requests = Line {
        direction: Direction::Request,
        orders: &orders,
        lost: &lost,
    };
    let answers = Line {
        direction: Direction::Answer,
        ..requests
    };
    tokio::select! {
        _ = requests.pass_on(&mut from_comer, &mut to_behind) => (),
        _ = answers.pass_on(&mut from_behind, &mut to_comer) => (),
        () = cut.cancelled() => (),
        () = cut_near.cancelled() => {
            drop((from_comer, to_comer));
            // The far side is kept up, and hears of nothing.
            cut.cancelled().await;
        }
    }
}

/// One direction of a link.
#[derive(Clone, Copy)]
struct Line<'a> {
    direction: Direction,
    orders: &'a Orders,
    /// Cancelled when the link's next answer is not to be passed on.
    lost: &'a CancellationToken,
}

impl Line<'_> {
    /// Passes on what one side says, until it hangs up or the link is to be cut.
    async fn pass_on(self, from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let length = from.read(&mut piece).await?;
            let said = piece.get_mut(..length).unwrap_or_default();
            let unheard = self.direction == Direction::Answer && self.lost.is_cancelled();
            if said.is_empty() || unheard {
                return Ok(());
            }
            self.orders.hold_up(self.direction, said).await;
            match self.orders.fault_of(self.direction, said) {
                Some(Fault::LoseRequest(_)) => return Ok(()),
                Some(Fault::LoseHalf(_)) => {
                    return to
                        .write_all(said.get(..length / 2).unwrap_or_default())
                        .await;
                }
                Some(Fault::LoseLink(_)) => return to.write_all(said).await,
                // The answer shows that the other side is done with it.
                Some(Fault::LoseAnswer(_)) => self.lost.cancel(),
                Some(Fault::Corrupt { at, by }) => {
                    if let Some(byte) = said.get_mut(at % length) {
                        *byte = byte.wrapping_add(by);
                    }
                }
                None => (),
            }
            to.write_all(said).await?;
        }
    }
}
