//! Rust types, and how each is bound and read on each database.
