//! Plugins: who may connect, and as whom; how they are launched, watched and ended.

mod admission;
#[cfg(target_os = "linux")]
mod death_signal;
mod definition;
mod environment;
mod output;
mod process;
mod registry;
mod spawner;
mod status;
mod token;

#[cfg(unix)]
#[cfg(test)]
mod tests;

pub(crate) use admission::Admission;
pub use definition::Plugin;
pub(crate) use definition::check_name;
pub(crate) use process::{Launcher, Orders};
pub(crate) use registry::{LaunchId, Registry};
pub(crate) use spawner::Spawner;
pub use status::{PluginState, PluginStatus};
