//! Decimal numbers.
//!
//! SQLite has none: they are bound as text, which a column of NUMERIC affinity turns into an
//! integer or a double, so they are read from all three.

mod numeric;
mod read;

#[cfg(feature = "bigdecimal")]
mod big_decimal;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
