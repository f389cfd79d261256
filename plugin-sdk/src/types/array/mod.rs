//! PostgreSQL's arrays.

mod binary;
mod decode;
mod element;
mod encode;
mod text;

pub(super) use binary::sized;
pub(super) use decode::element_ref;
pub use element::OnepoolArrayElement;
pub(super) use encode::scalar;
