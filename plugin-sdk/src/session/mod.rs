//! The session: this process's one channel to a host, shared by all its Connections.
//!
//! A session outlives the runtime that happened to open it: its I/O runs on [a thread](thread) of
//! the process. The [registry] finds the [slot](slot) of an endpoint; the slot holds the open
//! [`Session`] or [dials](dial) a new one over a [link]; the [flush](flush) task sends the effects
//! that no call picked up; and a plugin that is to exit [with its host](host_death) does.

mod channel;
mod client;
mod dial;
mod flush;
mod host_death;
#[cfg(unix)]
mod line;
mod link;
#[cfg(not(unix))]
mod pipe;
mod registry;
mod slot;
mod thread;

pub(crate) use client::Session;
pub(crate) use flush::{FlushQueue, Urgency};
pub(crate) use registry::slot_of;
pub(crate) use slot::{Admission, Slot};
