//! The numbers of the types that every PostgreSQL server has.

use onepool_proto::value::Shape;
use onepool_proto::{ScalarType, ValueType};

use super::Refusal;

pub(super) const NO_RANGE: &str = "has no range over this type";

/// The number of the type that a `shape` of `scalar` is bound as: what sqlx binds the same Rust
/// type as, and for unsigned integers the next wider type.
pub(super) fn of(scalar: &ScalarType, shape: Shape) -> Result<u32, Refusal> {
    let of = || ValueType {
        scalar: scalar.clone(),
        shape,
    };
    let (whole, array, range) = match scalar {
        ScalarType::Bool => (16, 1000, None),
        // "char"
        ScalarType::I8 => (18, 1002, None),
        ScalarType::I16 | ScalarType::U8 => (21, 1005, None),
        ScalarType::I32 => (23, 1007, Some(3904)),
        ScalarType::U16 => (23, 1007, None),
        ScalarType::I64 => (20, 1016, Some(3926)),
        ScalarType::U32 | ScalarType::U64 => (20, 1016, None),
        ScalarType::F32 => (700, 1021, None),
        ScalarType::F64 => (701, 1022, None),
        ScalarType::Decimal => (1700, 1231, Some(3906)),
        ScalarType::Text => (25, 1009, None),
        ScalarType::Bytes => (17, 1001, None),
        ScalarType::Uuid => (2950, 2951, None),
        ScalarType::Date => (1082, 1182, Some(3912)),
        ScalarType::Time => (1083, 1183, None),
        ScalarType::TimeTz => (1266, 1270, None),
        ScalarType::Timestamp => (1114, 1115, Some(3908)),
        ScalarType::TimestampTz => (1184, 1185, Some(3910)),
        ScalarType::Interval => (1186, 1187, None),
        // jsonb, also for columns of type json: the server converts.
        ScalarType::Json => (3802, 3807, None),
        ScalarType::Inet => (869, 1041, None),
        ScalarType::Named(_) => return Err(Refusal::new(of(), "does not know this type")),
    };
    match shape {
        Shape::Scalar => Ok(whole),
        Shape::Array => Ok(array),
        Shape::Range => range.ok_or_else(|| Refusal::new(of(), NO_RANGE)),
    }
}
