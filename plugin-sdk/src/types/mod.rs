//! Rust types, and how each is bound and read on each database.
//!
//! A type behaves as with the direct sqlx driver of the database that is behind, value for value.
//! What a direct driver does not have is refused by the host or, where nothing is lost, bound as
//! the nearest that the database has:
//!
//! | Rust | PostgreSQL | MySQL | SQLite |
//! |---|---|---|---|
//! | `bool` | BOOL | TINYINT(1), other integers, BIT | BOOLEAN, INTEGER |
//! | `i8` | "CHAR" | TINYINT to BIGINT | INTEGER |
//! | `i16`, `i32`, `i64` | INT2, INT4, INT8 | TINYINT to BIGINT | INTEGER |
//! | `u8` to `u64` | INT2, INT4, INT8, OID | the same UNSIGNED, YEAR, BIT | INTEGER |
//! | `f32`, `f64` | FLOAT4, FLOAT8 | FLOAT, DOUBLE | REAL |
//! | `Decimal`, `BigDecimal` | NUMERIC | DECIMAL | TEXT, INTEGER, REAL |
//! | `&str`, `String`, [`Text<T>`] | TEXT, VARCHAR, CHAR, NAME, `citext` | CHAR, VARCHAR, TEXT, ENUM | TEXT |
//! | `&[u8]`, `Vec<u8>`, `[u8; N]` | BYTEA | BINARY, VARBINARY, BLOB and text | BLOB, TEXT |
//! | `Uuid` | UUID | BINARY(16) | BLOB of 16 bytes |
//! | `Hyphenated`, `Simple` | text, UUID | text | TEXT |
//! | `NaiveDate`, `time::Date` | DATE | DATE | TEXT |
//! | `NaiveTime`, `time::Time` | TIME | TIME | TEXT |
//! | `NaiveDateTime`, `PrimitiveDateTime` | TIMESTAMP | DATETIME | TEXT, INTEGER, REAL (chrono) |
//! | `DateTime`, `OffsetDateTime` | TIMESTAMPTZ | TIMESTAMP, DATETIME | TEXT, INTEGER, REAL (chrono) |
//! | [`OnepoolTimeTz`] | TIMETZ | - | - |
//! | [`OnepoolInterval`], durations | INTERVAL | TIME | - |
//! | [`Json<T>`], `JsonValue`, `JsonRawValue` | JSON, JSONB | JSON, text, bytes | TEXT |
//! | `IpAddr`, `IpNetwork` | INET, CIDR | text | TEXT |
//! | [`OnepoolRange<T>`] | ranges | - | - |
//! | `Vec<T>`, `&[T]`, `[T; N]` | arrays of one dimension | - | - |
//! | enums by [`impl_string_enum!`](crate::impl_string_enum) | enums | ENUM, text | TEXT |
//!
//! Known differences from the direct drivers are where those panic or misread:
//!
//! - dates of `infinity`, and bytes of a wrong length, are errors;
//! - a negative TIME of MySQL keeps its sign and its fraction, and is no time of day;
//! - an array in the text format tells the word `NULL` from NULL;
//! - INTERVAL, TIMETZ and ranges of timestamps are read in the text format too.
//!
//! As with them, SQLite's NULL is read as zero or as empty text where no `Option` is asked for,
//! and an empty range of PostgreSQL as one without bounds.

#[macro_use]
mod macros;

mod array;
mod binary;
mod boolean;
mod cell;
pub(crate) mod columns;
#[cfg(any(feature = "bigdecimal", feature = "rust_decimal"))]
mod decimal;
mod delegate;
mod error;
mod float;
mod inet;
mod integer;
mod interval;
#[cfg(feature = "json")]
mod json;
mod oid;
mod range;
mod string_enum;
mod temporal;
mod text;
#[cfg(feature = "uuid")]
mod uuids;
mod void;

pub use array::OnepoolArrayElement;
pub use error::ValueError;
pub use interval::OnepoolInterval;
pub use range::OnepoolRange;
#[cfg(any(feature = "chrono", feature = "time"))]
pub use temporal::OnepoolTimeTz;

pub use onepool_proto::{Scalar, ScalarType, ValueType};

#[cfg(feature = "bigdecimal")]
pub use sqlx_core::types::BigDecimal;
#[cfg(feature = "rust_decimal")]
pub use sqlx_core::types::Decimal;
#[cfg(feature = "chrono")]
pub use sqlx_core::types::chrono;
#[cfg(feature = "ipnetwork")]
pub use sqlx_core::types::ipnetwork;
#[cfg(feature = "time")]
pub use sqlx_core::types::time;
#[cfg(feature = "json")]
pub use sqlx_core::types::{Json, JsonRawValue, JsonValue};
pub use sqlx_core::types::{Text, Type};
#[cfg(feature = "uuid")]
pub use sqlx_core::types::{Uuid, uuid};

/// For this crate's macros alone.
#[doc(hidden)]
pub mod private {
    pub use sqlx_core::decode::Decode;
    pub use sqlx_core::encode::{Encode, IsNull};
    pub use sqlx_core::error::BoxDynError;
    pub use sqlx_core::types::Type;
}

#[cfg(test)]
mod tests;
