//! Spans of time: PostgreSQL's INTERVAL, MySQL's TIME, and Rust's durations.

mod durations;
mod span;
mod text;

pub use span::OnepoolInterval;
