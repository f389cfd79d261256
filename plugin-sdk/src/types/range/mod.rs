//! PostgreSQL's ranges.

mod decode;
mod element;
mod encode;
mod span;
mod text;

pub(super) use element::{element, type_name};
pub use span::OnepoolRange;
