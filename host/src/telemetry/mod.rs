//! What the host counts and times.
//!
//! It is counted where it happens and read from outside: [`Counters`] are the front's, and a
//! [`PluginTally`] is one plugin's, resolved once for each session. Nothing here is looked up by
//! name, or locked, for a call that succeeds.

mod counter;
mod histogram;
mod host;
mod lag;
mod pace;
mod plugin;
#[cfg(feature = "metrics")]
mod process;
mod slowest;

pub(crate) use counter::Counter;
pub use histogram::Distribution;
pub(crate) use histogram::Histogram;
pub(crate) use host::Counters;
pub use host::HostStats;
pub(crate) use lag::watch as watch_lag;
pub use pace::{Pace, Percentiles, PluginPace};
pub(crate) use plugin::PluginTally;
pub use plugin::{CallKind, PluginActivity};
#[cfg(feature = "metrics")]
pub(crate) use process::ProcessUse;
pub use slowest::SlowStatement;
pub(crate) use slowest::Slowest;
