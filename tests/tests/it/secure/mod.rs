//! Who may do what, and who may learn what.

mod environment;
mod logins;
mod read_only;
mod secrets;
mod tls;

use onepool_host::{Code, Host, HostBuilder};
use onepool_sdk::{OnepoolConnectOptions, OnepoolError, OnepoolPool, OnepoolPoolOptions};

fn host(url: &str) -> HostBuilder {
    Host::builder().database(url).max_connections(3)
}

/// The pool of a plugin in this process.
async fn plugin(host: &Host, name: &str) -> OnepoolPool {
    let options: OnepoolConnectOptions = host.client(name).into();
    let pool = OnepoolPoolOptions::new().max_connections(10);
    pool.connect_with(options).await.unwrap()
}

fn code(error: &sqlx::Error) -> Option<Code> {
    OnepoolError::of(error).map(OnepoolError::code)
}
