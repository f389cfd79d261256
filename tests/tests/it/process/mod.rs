//! What only onepool has: plugins in processes of their own, which die, misbehave and share.

mod child;
mod hazard;
mod killed;
mod leaks;
mod many;
mod place;
mod raw;
mod rogue;
mod round_trips;
mod settings;
mod size;
