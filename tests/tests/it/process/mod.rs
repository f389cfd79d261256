//! What only onepool has: plugins in processes of their own, which die, misbehave and share.

mod child;
mod killed;
mod place;
mod raw;
mod rogue;
