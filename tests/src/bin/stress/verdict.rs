//! What must be true in the end.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use onepool_host::Host;
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::diary::{Entry, Reading};
use crate::place::{ACCOUNTS, POINTS, Place};
use crate::plugin::{self, CAST};
use crate::run::CAP;

/// How long a server may list a connection that was closed.
const FORGETS: Duration = Duration::from_secs(10);

/// Before the host stops, with nothing under way: no lease, no waiter, no session too many, no
/// panic, and the ledger is what the server says.
pub(crate) async fn of_pool(host: &Host, place: &Place, kills: u64) -> Result<(), Error> {
    let (pool, front) = (host.pool_stats(), host.stats());
    let backends = pool.backends;
    let resting = backends.free + backends.control;
    if resting != backends.total() || pool.waiting > 0 || pool.peak > CAP {
        return Err(format!("the pool does not rest: {pool:?}").into());
    }
    if pool.panicked > 0 || front.sessions_panicked > 0 {
        return Err(format!("something panicked: {pool:?}, {front:?}").into());
    }
    if front.sessions != CAST.len() as u64 {
        let sessions = front.sessions;
        return Err(format!("{} plugins run, with {sessions} sessions", CAST.len()).into());
    }
    let plugins = host.plugins();
    let launches: u64 = plugins.iter().map(|plugin| plugin.restarts).sum();
    if launches != kills {
        let what = format!("{kills} plugins were killed, and {launches} started again");
        return Err(format!("{what}: {plugins:?}").into());
    }
    match place.backends().await {
        Some(listed) if listed != backends.total() => {
            let counted = backends.total();
            Err(format!("the server lists {listed} connections, the ledger {counted}").into())
        }
        _ => Ok(()),
    }
}

/// After the host has stopped: the server has had no connection too many, and has none now.
pub(crate) async fn of_server(place: &Place) -> Result<(), Error> {
    let refusals = place.refusals().await;
    if refusals > 0 {
        return Err(format!("the server refused {refusals} connections over the cap").into());
    }
    let none = async {
        while place.backends().await.is_some_and(|listed| listed > 0) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let none = timeout(FORGETS, none).await;
    none.map_err(|_| "the server lists connections of a host that has stopped".into())
}

/// No point was lost or made, every acknowledged row is there, and none that was undone.
pub(crate) async fn of_rows(place: &Place, folder: &Path) -> Result<(), Error> {
    let points = place.numbers("SELECT points FROM accounts").await?;
    let (all, there) = (ACCOUNTS * POINTS, points.iter().sum::<i64>());
    if there != all {
        return Err(format!("of {all} points {there} are there").into());
    }
    let journal = place.numbers("SELECT id FROM journal").await?;
    let journal: HashSet<i64> = journal.into_iter().collect();
    let (mut lost, mut back) = (Vec::new(), Vec::new());
    for (name, _) in CAST {
        Reading::of(plugin::diary(name, folder)).news(|entry| match entry {
            Entry::Kept(id) if !journal.contains(&id) => lost.push((name, id)),
            Entry::Undone(id) if journal.contains(&id) => back.push((name, id)),
            _ => (),
        })?;
    }
    if let Some((name, id)) = lost.first() {
        let count = lost.len();
        return Err(format!("{count} acknowledged rows are not there: {name}'s {id} ...").into());
    }
    if let Some((name, id)) = back.first() {
        let count = back.len();
        return Err(format!("{count} rows were undone and are there: {name}'s {id} ...").into());
    }
    Ok(())
}
