//! The sessions of this process, by endpoint.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use onepool_proto::endpoint::Endpoint;

use super::Slot;
use super::slot::NextToken;

/// A host, and as whom we are there.
type Host = (Endpoint, String);

/// The sessions with one host.
#[derive(Default)]
struct Sessions {
    by_database: HashMap<Option<String>, Arc<Slot>>,
    /// What is needed for the next.
    next: NextToken,
}

type Slots = HashMap<Host, Sessions>;

static SLOTS: LazyLock<Mutex<Slots>> = LazyLock::new(Mutex::default);

/// The place of the one session that this process has with the host at `endpoint` and this database
/// of it, in the name of `plugin`. It stays for as long as the process does.
pub(crate) fn slot_of(endpoint: &Endpoint, plugin: &str, database: Option<&str>) -> Arc<Slot> {
    let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (endpoint.clone(), plugin.to_owned());
    let sessions = slots.entry(key).or_default();
    let next = &sessions.next;
    let database = database.map(str::to_owned);
    let slot = sessions.by_database.entry(database);
    let slot = slot.or_insert_with_key(|database| {
        let (endpoint, plugin) = (endpoint.clone(), plugin.to_owned());
        Slot::socket(endpoint, plugin, database.clone(), next.clone())
    });
    Arc::clone(slot)
}
