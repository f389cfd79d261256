//! Why the demo fails.

use onepool_host::HostError;

/// Why the demo fails.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("cannot make a folder for the database, or find this program: {0}")]
    Files(#[source] std::io::Error),
    #[error("the host did not start: {0}")]
    Host(#[from] HostError),
    #[error("the host application's own queries failed: {0}")]
    Query(#[from] sqlx::Error),
    #[error("interrupted")]
    Interrupted,
    #[error("{}", .0.join("\n"))]
    Checks(Vec<String>),
}
