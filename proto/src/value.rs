//! Argument values: what a plugin binds, before any database has seen it.
//!
//! A value says its type exactly once and is never recursive: an array is a flat list with
//! dimensions. The host turns it into the database's own format.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::bounded;

/// The type of one scalar.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScalarType {
    /// A truth value.
    Bool,
    /// 8 bits, signed.
    I8,
    /// 16 bits, signed.
    I16,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 8 bits, unsigned.
    U8,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, unsigned.
    U32,
    /// 64 bits, unsigned.
    U64,
    /// 32 bits, floating point.
    F32,
    /// 64 bits, floating point.
    F64,
    /// A decimal number of any precision.
    Decimal,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A uuid.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A time of day with an offset from UTC.
    TimeTz,
    /// A date and time of day, no time zone.
    Timestamp,
    /// An instant.
    TimestampTz,
    /// Months, days and microseconds.
    Interval,
    /// A JSON document.
    Json,
    /// An IP address or network.
    Inet,
    /// A type that the database knows by this name: an enum, a domain, an extension's type.
    Named(String),
}

/// Whether a type is one scalar, an array of it or a range over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shape {
    /// The scalar itself.
    Scalar,
    /// An array of the scalar, of any number of dimensions.
    Array,
    /// A range over the scalar.
    Range,
}

/// The type of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ValueType {
    /// What it is made of.
    pub scalar: ScalarType,
    /// How it is put together.
    pub shape: Shape,
}

impl ValueType {
    /// The type of one `scalar`.
    #[must_use]
    pub const fn scalar(scalar: ScalarType) -> Self {
        Self {
            scalar,
            shape: Shape::Scalar,
        }
    }

    /// The type of an array of `scalar`.
    #[must_use]
    pub const fn array(scalar: ScalarType) -> Self {
        Self {
            scalar,
            shape: Shape::Array,
        }
    }

    /// The type of a range over `scalar`.
    #[must_use]
    pub const fn range(scalar: ScalarType) -> Self {
        Self {
            scalar,
            shape: Shape::Range,
        }
    }
}

/// A scalar that is not NULL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Scalar {
    /// See [`ScalarType::Bool`].
    Bool(bool),
    /// See [`ScalarType::I8`].
    I8(i8),
    /// See [`ScalarType::I16`].
    I16(i16),
    /// See [`ScalarType::I32`].
    I32(i32),
    /// See [`ScalarType::I64`].
    I64(i64),
    /// See [`ScalarType::U8`].
    U8(u8),
    /// See [`ScalarType::U16`].
    U16(u16),
    /// See [`ScalarType::U32`].
    U32(u32),
    /// See [`ScalarType::U64`].
    U64(u64),
    /// See [`ScalarType::F32`].
    F32(f32),
    /// See [`ScalarType::F64`].
    F64(f64),
    /// Plain decimal notation: an optional minus, digits, an optional point and digits; or `NaN`.
    Decimal(String),
    /// See [`ScalarType::Text`].
    Text(String),
    /// See [`ScalarType::Bytes`].
    Bytes(Bytes),
    /// The sixteen bytes, most significant first.
    Uuid([u8; 16]),
    /// Days since 1970-01-01, proleptic Gregorian.
    Date {
        /// Days, negative before 1970.
        days: i32,
    },
    /// A time of day.
    Time {
        /// Nanoseconds since midnight.
        nanos: u64,
    },
    /// A time of day with an offset.
    TimeTz {
        /// Nanoseconds since midnight, local time.
        nanos: u64,
        /// Seconds east of UTC.
        offset_s: i32,
    },
    /// A date and time of day, as if it were UTC.
    Timestamp {
        /// Whole seconds since 1970-01-01T00:00:00, rounded down.
        seconds: i64,
        /// Nanoseconds within that second.
        nanos: u32,
    },
    /// An instant.
    TimestampTz {
        /// Whole seconds since 1970-01-01T00:00:00 UTC, rounded down.
        seconds: i64,
        /// Nanoseconds within that second.
        nanos: u32,
        /// Seconds east of UTC in which the plugin wrote it.
        offset_s: i32,
    },
    /// A span of time.
    Interval {
        /// Calendar months.
        months: i32,
        /// Calendar days.
        days: i32,
        /// Microseconds.
        micros: i64,
    },
    /// The text of a JSON document.
    Json(String),
    /// An IP network; an address has the full prefix.
    Inet {
        /// Four bytes (IPv4) or sixteen (IPv6), network order.
        address: Bytes,
        /// Bits of the network.
        prefix: u8,
    },
    /// The text form of a value of a type known by name.
    Named {
        /// The name of the type in the database, possibly qualified by a schema.
        type_name: String,
        /// The value as the database would write it.
        text: String,
    },
}

impl Scalar {
    /// The type of this scalar.
    #[must_use]
    pub fn scalar_type(&self) -> ScalarType {
        match self {
            Self::Bool(_) => ScalarType::Bool,
            Self::I8(_) => ScalarType::I8,
            Self::I16(_) => ScalarType::I16,
            Self::I32(_) => ScalarType::I32,
            Self::I64(_) => ScalarType::I64,
            Self::U8(_) => ScalarType::U8,
            Self::U16(_) => ScalarType::U16,
            Self::U32(_) => ScalarType::U32,
            Self::U64(_) => ScalarType::U64,
            Self::F32(_) => ScalarType::F32,
            Self::F64(_) => ScalarType::F64,
            Self::Decimal(_) => ScalarType::Decimal,
            Self::Text(_) => ScalarType::Text,
            Self::Bytes(_) => ScalarType::Bytes,
            Self::Uuid(_) => ScalarType::Uuid,
            Self::Date { .. } => ScalarType::Date,
            Self::Time { .. } => ScalarType::Time,
            Self::TimeTz { .. } => ScalarType::TimeTz,
            Self::Timestamp { .. } => ScalarType::Timestamp,
            Self::TimestampTz { .. } => ScalarType::TimestampTz,
            Self::Interval { .. } => ScalarType::Interval,
            Self::Json(_) => ScalarType::Json,
            Self::Inet { .. } => ScalarType::Inet,
            Self::Named { type_name, .. } => ScalarType::Named(type_name.clone()),
        }
    }

    /// About how many bytes this scalar takes on the wire.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        match self {
            Self::Decimal(text) | Self::Text(text) | Self::Json(text) => text.len() + 6,
            Self::Bytes(bytes) => bytes.len() + 6,
            Self::Named { type_name, text } => type_name.len() + text.len() + 12,
            _ => 24,
        }
    }
}

/// An array: elements in row-major order. No dimensions means an empty array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// The type of every element.
    pub element: ScalarType,
    /// The length of each dimension, outermost first; their product is the number of elements.
    pub dimensions: Vec<u32>,
    /// The elements; `None` is NULL.
    #[serde(deserialize_with = "bounded::items")]
    pub elements: Vec<Option<Scalar>>,
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Edge {
    /// No bound on this side.
    Unbounded,
    /// Up to and with this value.
    Included(Scalar),
    /// Up to and without this value.
    Excluded(Scalar),
}

/// A range over an ordered scalar type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The type of both ends.
    pub element: ScalarType,
    /// The lower and upper end; `None` is the empty range.
    pub edges: Option<(Edge, Edge)>,
}

/// One argument of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// NULL of a known type.
    Null(ValueType),
    /// One scalar.
    Scalar(Scalar),
    /// An array.
    Array(Array),
    /// A range.
    Range(Range),
}

impl Value {
    /// The type of this argument.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Null(of) => of.clone(),
            Self::Scalar(scalar) => ValueType::scalar(scalar.scalar_type()),
            Self::Array(array) => ValueType::array(array.element.clone()),
            Self::Range(range) => ValueType::range(range.element.clone()),
        }
    }

    /// About how many bytes this argument takes on the wire; never less than it does.
    #[must_use]
    pub fn wire_bytes(&self) -> usize {
        match self {
            Self::Null(of) => of.scalar.wire_bytes() + 2,
            Self::Scalar(scalar) => scalar.wire_bytes() + 2,
            Self::Array(array) => {
                let elements = array.elements.iter().flatten().map(Scalar::wire_bytes);
                elements.sum::<usize>()
                    + array.element.wire_bytes()
                    + array.elements.len()
                    + 6 * array.dimensions.len()
                    + 16
            }
            Self::Range(range) => {
                let edges = range.edges.iter().flat_map(|(lower, upper)| [lower, upper]);
                edges.map(Edge::wire_bytes).sum::<usize>() + range.element.wire_bytes() + 4
            }
        }
    }
}

impl Edge {
    fn wire_bytes(&self) -> usize {
        match self {
            Self::Unbounded => 1,
            Self::Included(scalar) | Self::Excluded(scalar) => scalar.wire_bytes() + 2,
        }
    }
}

impl ScalarType {
    fn wire_bytes(&self) -> usize {
        match self {
            Self::Named(name) => name.len() + 6,
            _ => 1,
        }
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        Self::Scalar(scalar)
    }
}
