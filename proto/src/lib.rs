//! The wire between a onepool host and its plugins.
//!
//! This crate holds what both sides must agree on and nothing else: [ids](id), [argument
//! values](value), [columns](mod@column) and [pages of rows](page), [errors with integer
//! codes](error), the [messages](message) of the [service], the [handshake] that comes
//! before it, the [codec] that turns messages into frames, [limits] and [endpoint] names.
//!
//! It does no I/O and reads no clock. Plugin authors use `onepool-sdk` and host authors
//! `onepool-host`; both re-export what is needed from here.
//!
//! # Compatibility
//! [`PROTOCOL_VERSION`] names the bytes. Everything on the wire is append-only within a version
//! and pinned byte for byte by `tests/golden`; a change to existing bytes needs a new version.

pub mod bounded;
pub mod codec;
pub mod column;
pub mod endpoint;
pub mod error;
pub mod handshake;
pub mod id;
pub mod limits;
pub mod memory;
pub mod message;
pub mod page;
pub mod service;
pub mod value;

pub use column::{Column, ColumnType, DatabaseKind, Format};
pub use error::{Code, DatabaseFailure, Failure};
pub use limits::Limits;
pub use value::{Scalar, ScalarType, Value, ValueType};

/// The newest version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: u16 = 1;

/// The oldest version of the protocol that this crate still speaks.
pub const OLDEST_PROTOCOL_VERSION: u16 = 1;
