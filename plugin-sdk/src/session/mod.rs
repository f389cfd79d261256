//! The session: this process's one channel to a host, shared by all its Connections.
//!
//! A session outlives the runtime that happened to open it: its I/O runs on [a thread](thread) of
//! the process. The [registry] finds the [slot](slot) of an endpoint; the slot holds the open
//! [`Session`] or [dials](dial) a new one over a [link]; the [flush](flush) task sends the effects
//! that no call picked up.

mod client;
mod dial;
mod flush;
mod link;
mod registry;
mod slot;
mod thread;

pub(crate) use client::Session;
pub(crate) use flush::{FlushQueue, Urgency};
pub(crate) use registry::slot_of;
pub(crate) use slot::{Admission, Slot};
