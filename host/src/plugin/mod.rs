//! Plugins: who may connect, and as whom; how they are launched, watched, started again and ended.

mod admission;
#[cfg(target_os = "linux")]
mod death_signal;
mod definition;
mod diagnosis;
mod environment;
mod launch;
mod line;
mod order;
mod output;
mod process;
mod registry;
mod restart;
mod spawner;
mod status;
mod supervisor;
mod supervisors;
mod token;
mod watch;

#[cfg(unix)]
#[cfg(test)]
mod tests;

pub(crate) use admission::Admission;
pub(crate) use definition::check_name;
pub use definition::{OnHostDeath, Plugin, StopGraces};
pub use diagnosis::{LastWords, StartFailure};
pub(crate) use launch::LaunchId;
pub(crate) use order::{Order, check_order};
pub(crate) use process::{Launcher, Orders};
pub(crate) use registry::{PluginSession, Registry};
pub use restart::{Restart, RestartLimits};
pub(crate) use spawner::Spawner;
pub use status::{PluginState, PluginStatus};
pub(crate) use supervisors::Supervisors;
