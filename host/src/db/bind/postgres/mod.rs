//! Arguments for PostgreSQL, in its binary format.

mod encode;
mod oids;

use onepool_proto::value::Shape;
use onepool_proto::{DatabaseKind, Failure, Scalar, ScalarType, Value, ValueType};
use sqlx::Arguments;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArguments, PgTypeInfo};

use super::Refusal;
use crate::db::postgres::NamedType;

/// An argument whose type the server knows by number.
#[derive(Debug)]
pub(crate) struct Argument {
    value: Value,
    oid: u32,
    /// The type of an array's elements.
    element: u32,
    /// What the named scalars of the value are in binary, in order, where it is not their text.
    converted: Option<Vec<Vec<u8>>>,
}

impl Argument {
    /// An argument of a type that every server has.
    pub(crate) fn new(value: Value) -> Result<Self, Refusal> {
        let of = value.value_type();
        let element = match of.shape {
            Shape::Array => oids::of(&of.scalar, Shape::Scalar)?,
            Shape::Scalar | Shape::Range => 0,
        };
        Ok(Self {
            oid: oids::of(&of.scalar, of.shape)?,
            element,
            converted: None,
            value,
        })
    }

    /// An argument of the named type `of`.
    pub(crate) fn named(
        value: Value,
        of: &NamedType,
        converted: Option<Vec<Vec<u8>>>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            oid: oid(&value.value_type(), Some(of))?,
            element: of.oid,
            converted,
            value,
        })
    }

    /// The type that it is bound as.
    pub(crate) fn oid(&self) -> u32 {
        self.oid
    }
}

/// The type that a parameter of type `of` is declared as.
pub(crate) fn oid(of: &ValueType, named: Option<&NamedType>) -> Result<u32, Refusal> {
    match (named, of.shape) {
        (None, shape) => oids::of(&of.scalar, shape),
        (Some(named), Shape::Scalar) => Ok(named.oid),
        (Some(named), Shape::Array) if named.array_oid != 0 => Ok(named.array_oid),
        (Some(_), Shape::Array) => Err(Refusal::new(of.clone(), "has no arrays of this type")),
        (Some(_), Shape::Range) => Err(Refusal::new(of.clone(), oids::NO_RANGE)),
    }
}

/// The type with this number, for the driver.
pub(crate) fn type_info(oid: u32) -> PgTypeInfo {
    PgTypeInfo::with_oid(Oid(oid))
}

/// The name of the type that `value` is made of, if it is known by name only.
pub(crate) fn name(value: &Value) -> Option<&str> {
    let scalar = match value {
        Value::Scalar(Scalar::Named { type_name, .. }) => return Some(type_name),
        Value::Scalar(_) => return None,
        Value::Null(of) => &of.scalar,
        Value::Array(array) => &array.element,
        Value::Range(range) => &range.element,
    };
    match scalar {
        ScalarType::Named(name) => Some(name),
        _ => None,
    }
}

/// The texts of a value's named scalars, in order.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    fn text(scalar: &Scalar) -> Option<&str> {
        match scalar {
            Scalar::Named { text, .. } => Some(text),
            _ => None,
        }
    }
    match value {
        Value::Scalar(scalar) => text(scalar).into_iter().collect(),
        Value::Array(array) => array.elements.iter().flatten().filter_map(text).collect(),
        Value::Null(_) | Value::Range(_) => Vec::new(),
    }
}

/// Binds `arguments` in order.
pub(crate) fn bind(arguments: Vec<Argument>) -> Result<PgArguments, Failure> {
    let mut bound = PgArguments::default();
    bound.reserve(arguments.len(), 16 * arguments.len());
    for (index, argument) in arguments.into_iter().enumerate() {
        let of = argument.value.value_type();
        bound.add(argument).map_err(|error| {
            let refusal = match error.downcast::<Refusal>() {
                Ok(refusal) => *refusal,
                // The driver's own limits: two gibibytes, and the digits of a numeric.
                Err(_) => Refusal::new(of, "cannot hold a value so large"),
            };
            refused(refusal, index)
        })?;
    }
    Ok(bound)
}

/// The failure of a statement whose argument `index` was refused.
pub(crate) fn refused(refusal: Refusal, index: usize) -> Failure {
    refusal.at(index, DatabaseKind::Postgres)
}
