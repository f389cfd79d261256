//! A client: a process with callers in it, which runs what it is told to and measures it.
//!
//! A [`Caller`] is one of the tasks that a program has at work at once. What each contender's calls
//! look like is in [`direct`] and [`onepool`], as a user would write them.

pub(crate) mod bare;
mod calls;
mod direct;
mod load;
mod onepool;
pub(crate) mod texts;

use sqlx::{MySqlConnection, PgConnection, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

use crate::bench::error::Result;
use crate::bench::order::{self, Answer, Hold, Open, Sample, Threads, Work};

/// One of the tasks that a client has at work at once.
pub(crate) trait Caller: Sized + Send + 'static {
    /// As many as are wanted, over connections as they are wanted.
    fn open(how: &Open) -> impl Future<Output = Result<Vec<Self>>> + Send;

    /// Makes room for the next insert; it is not measured.
    fn make_room(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Does the work once, and checks its result.
    fn call(&mut self, work: Work) -> impl Future<Output = Result<()>> + Send;
}

/// Runs a client until nobody has orders for it.
///
/// The bare ping-pong has a runtime of a single thread whatever the others have, because it is there to
/// say what can be had at best.
pub(crate) fn run(how: &Open) -> Result<()> {
    let scheme = how.url.split(':').next().unwrap_or_default();
    let one_thread = || Builder::new_current_thread().enable_all().build();
    let runtime = || match how.threads {
        Threads::All => Runtime::new(),
        Threads::One => one_thread(),
    };
    match (scheme, how.hold) {
        ("postgres", Hold::Each) => serve::<direct::Held<PgConnection>>(how, runtime()?),
        ("postgres", _) => serve::<direct::Pooled<sqlx::PgPool>>(how, runtime()?),
        ("mysql", Hold::Each) => serve::<direct::Held<MySqlConnection>>(how, runtime()?),
        ("mysql", _) => serve::<direct::Pooled<sqlx::MySqlPool>>(how, runtime()?),
        ("sqlite", Hold::Each) => serve::<direct::Held<SqliteConnection>>(how, runtime()?),
        ("sqlite", _) => serve::<direct::Pooled<sqlx::SqlitePool>>(how, runtime()?),
        ("onepool", _) => serve::<onepool::Plugin>(how, runtime()?),
        ("unix", _) => serve::<bare::Player>(how, one_thread()?),
        _ => Err(format!("no such client: {}", how.url).into()),
    }
}

fn serve<C: Caller>(how: &Open, runtime: Runtime) -> Result<()> {
    // A connection that is dropped goes back to its pool in a task.
    let _inside = runtime.enter();
    let callers = runtime.block_on(C::open(how));
    let opened: Answer<()> = match &callers {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    order::say(&opened)?;
    let mut callers = callers?;
    // Between orders nothing runs in the process but what the contender itself needs.
    while let Some(run) = order::hear()? {
        let sample: Answer<Sample>;
        (callers, sample) = runtime.block_on(load::apply(callers, run));
        order::say(&sample)?;
    }
    Ok(())
}
