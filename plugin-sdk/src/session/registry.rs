//! The sessions of this process, by endpoint.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use onepool_proto::endpoint::Endpoint;

use super::Slot;

type Slots = HashMap<(Endpoint, String), Arc<Slot>>;

static SLOTS: LazyLock<Mutex<Slots>> = LazyLock::new(Mutex::default);

/// The place of the one session that this process has with the host at `endpoint`, in the name
/// of `plugin`. It stays for as long as the process does.
pub(crate) fn slot_of(endpoint: &Endpoint, plugin: &str) -> Arc<Slot> {
    let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (endpoint.clone(), plugin.to_owned());
    let slot = slots
        .entry(key)
        .or_insert_with_key(|(endpoint, plugin)| Slot::socket(endpoint.clone(), plugin.clone()));
    Arc::clone(slot)
}
