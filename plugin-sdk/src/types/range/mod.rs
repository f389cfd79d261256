//! PostgreSQL's ranges.

mod decode;
mod encode;
mod span;
mod text;

pub use span::OnepoolRange;
