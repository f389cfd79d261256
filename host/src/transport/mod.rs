//! What a session's messages travel over, and how it ends politely.
//!
//! A [`Wire`] carries tarpc's messages: [`SocketWire`] over a socket, [`MemoryWire`] within
//! the host's own process. [`Orderly`] goes around either: it can be told to end the
//! session, waits for the calls under way if there is time, and says goodbye.

mod memory;
mod orderly;
#[cfg(unix)]
mod quiet;
mod socket;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use memory::MemoryWire;
pub(crate) use orderly::{Orderly, Parting, Partings, partings};
#[cfg(unix)]
pub(crate) use quiet::QuietSocket;
pub(crate) use socket::SocketWire;
pub(crate) use wire::Wire;
#[cfg(test)]
pub(crate) use wire::WireError;
