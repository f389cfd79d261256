//! The mixed stress: plugin processes of every kind use one small pool, are killed and started again
//! at random, the cap is lowered and raised, and the database is restarted twice. At the end everything
//! must add up.
//!
//! ```text
//! cargo run --release -p onepool-tests --bin stress -- --seconds 600
//! cargo run --release -p onepool-tests --bin stress -- --seconds 60 --database mariadb
//! ```
//!
//! The server is private and lets the host's role have no more connections than the greatest cap, so it
//! is the referee of that. What the plugins were told is in their [`diaries`](diary), which survive
//! their deaths, and is held against what the database has.

#[cfg(unix)]
mod diary;
#[cfg(unix)]
mod disorder;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod plugin;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod verdict;

/// Why the stress, or one of its plugins, could not go on.
#[cfg(unix)]
type Error = Box<dyn std::error::Error + Send + Sync>;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;
    use tokio::runtime::Builder;

    let ended = match plugin::Role::mine() {
        Some(role) => Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::from)
            .and_then(|runtime| runtime.block_on(plugin::run(role))),
        None => options::Options::parse(std::env::args().skip(1)).and_then(|options| {
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(run::run(&options))
        }),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stress: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() {
    panic!("the stress needs private servers, and those need Unix sockets");
}
