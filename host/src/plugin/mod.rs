//! Plugins: who may connect, and as whom; how they are launched, watched and ended.

#[cfg(target_os = "linux")]
mod death_signal;
mod definition;
mod environment;
mod output;
mod process;
mod registry;
mod spawner;
mod token;

#[cfg(unix)]
#[cfg(test)]
mod tests;

pub use definition::Plugin;
pub(crate) use definition::check_name;
pub(crate) use process::{Launcher, Orders};
pub(crate) use registry::{Admission, LaunchId, Registry};
pub use registry::{PluginState, PluginStatus};
pub(crate) use spawner::Spawner;
