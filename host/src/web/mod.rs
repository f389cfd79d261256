//! A port for Prometheus, where [`Host::metrics`](crate::Host::metrics) is at `/metrics`, and a page
//! for people at `/`: connections, plugins, what waits and runs, live.
//!
//! It tells and steers nothing. Whoever reaches it can read it, so it listens where this machine
//! alone reaches it, unless told otherwise; a Unix socket is for the host's user.
//!
//! ```no_run
//! use std::sync::Arc;
//! use onepool_host::{Host, web::{WebPlace, WebServer}};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Arc::new(Host::builder().database("sqlite:app.db?mode=rwc").start().await?);
//! let place: WebPlace = "127.0.0.1:9187".parse()?;
//! let web = WebServer::bind(&place).await?;
//! println!("look at {}", web.place());
//! tokio::spawn(web.run(Arc::clone(&host)));
//! # Ok(())
//! # }
//! ```

mod feed;
mod place;
mod routes;
mod server;

pub use place::{WebPlace, WebPlaceError};
pub use server::{WebError, WebServer};
