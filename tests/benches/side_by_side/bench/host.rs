//! A host in a process of its own.

use std::io;

use onepool_host::Host;
use tracing_subscriber::EnvFilter;

use crate::bench::error::Result;
use crate::bench::order::{self, Answer};

/// Runs a host until nobody wants tokens from it any more.
///
/// Runtime and log are those of `onepool serve`, which itself would issue no tokens; what it logs
/// goes nowhere.
pub(crate) fn run(database: &str, cap: u32) -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new("info,tarpc=off")?)
        .with_writer(io::sink)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let host = Host::builder().database(database).max_connections(cap);
    let host = match runtime.block_on(host.start()) {
        Ok(host) => host,
        Err(error) => return order::say(&Answer::<String>::Err(error.to_string())),
    };
    order::say(&Answer::Ok(host.endpoint().to_string()))?;
    while let Some(plugin) = order::hear::<String>()? {
        let token = host.issue_token(&plugin);
        let token: Answer<String> = token
            .map(|token| token.secret().to_owned())
            .map_err(|error| error.to_string());
        order::say(&token)?;
    }
    runtime.block_on(host.stop());
    Ok(())
}
