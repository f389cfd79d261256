//! What this process does when the host that launched it dies.

use std::env;
use std::process;
use std::sync::Arc;

use onepool_proto::Code;
use onepool_proto::endpoint::{ENDPOINT_VARIABLE, EXIT, Endpoint, ON_HOST_DEATH_VARIABLE};
use sqlx_core::error::Error;

use super::slot::Admission;
use super::{Session, Slot};
use crate::error::OnepoolError;

/// The status with which a plugin exits after its host: `EX_UNAVAILABLE`, a service that it needs
/// is not there.
const STATUS: i32 = 69;

/// Sees to it that this process exits when the host behind `session` dies, if that host has
/// launched it and wants it so. Must run on the thread of all sessions.
pub(super) fn watch(
    slot: &Arc<Slot>,
    endpoint: &Endpoint,
    admission: Admission,
    session: &Arc<Session>,
) {
    if !exits_with_host_at(endpoint) {
        return;
    }
    let (slot, session) = (Arc::clone(slot), Arc::downgrade(session));
    let ended = session.upgrade().map(|session| session.ended());
    tokio::spawn(async move {
        let Some(ended) = ended else { return };
        ended.cancelled().await;
        if session.upgrade().is_some_and(|session| session.was_told()) {
            // A host that still says something ends its plugins itself.
            return;
        }
        // The link may have broken and not the host. One that lives lets its own plugin in again.
        if let Err(error) = slot.open(admission).await
            && is_final(&error)
        {
            tracing::error!(%error, "the onepool host has died, and this plugin exits with it");
            process::exit(STATUS);
        }
    });
}

/// Whether the host at `endpoint` launched this process and wants it to exit after it.
fn exits_with_host_at(endpoint: &Endpoint) -> bool {
    let exits = env::var(ON_HOST_DEATH_VARIABLE).is_ok_and(|word| word == EXIT);
    let launched_from = env::var(ENDPOINT_VARIABLE).ok();
    let launched_from = launched_from.and_then(|text| text.parse().ok());
    exits && launched_from.as_ref() == Some(endpoint)
}

/// Whether there is no host any more that knows this plugin.
fn is_final(error: &Error) -> bool {
    let lives = [
        Code::HOST_FULL,
        Code::HOST_STOPPING,
        Code::DRAINING,
        // It knows this plugin, which is with other databases meanwhile.
        Code::UNKNOWN_DATABASE,
        Code::NOT_PERMITTED,
    ];
    OnepoolError::of(error).is_none_or(|error| !lives.contains(&error.code()))
}
