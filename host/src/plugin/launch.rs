//! One run of a plugin's program, as far as it concerns who may connect.

use std::sync::OnceLock;

use onepool_proto::Failure;
use tokio::sync::SetOnce;

/// Names one run of a plugin's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchId(pub(super) u64);

/// One run of a plugin's program.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(super) id: LaunchId,
    /// The process; set once it runs, which may be after it has connected.
    pub(crate) pid: SetOnce<u32>,
    /// Set once the host has let it in.
    pub(super) entered: SetOnce<()>,
    /// Why the host did not let it in, the first time.
    pub(super) refusal: OnceLock<Failure>,
}

impl Launch {
    pub(super) fn new(number: u64) -> Self {
        Self {
            id: LaunchId(number),
            pid: SetOnce::new(),
            entered: SetOnce::new(),
            refusal: OnceLock::new(),
        }
    }

    /// Whether the host has let it in.
    pub(super) fn has_entered(&self) -> bool {
        self.entered.get().is_some()
    }
}
