//! Where plugins knock: the endpoint, the accept loop, the handshake.

mod accept;
mod endpoint;
#[cfg(unix)]
mod folder;
mod handshake;
#[cfg(unix)]
mod leftovers;
#[cfg(unix)]
mod lock;

#[cfg(unix)]
#[cfg(test)]
mod tests;

pub(crate) use accept::{Listener, Reception};
