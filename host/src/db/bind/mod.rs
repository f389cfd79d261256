//! Arguments in each database's own format, as the database's own sqlx driver would bind them.

mod calendar;
pub(super) mod mysql;
pub(super) mod postgres;
pub(super) mod sqlite;

use std::fmt::{self, Write};

use onepool_proto::value::Shape;
use onepool_proto::{Code, DatabaseKind, Failure, ScalarType, ValueType};

/// Why an argument cannot be given to a database. Holds its type and never its value.
#[derive(Debug)]
pub(super) struct Refusal {
    of: ValueType,
    reason: &'static str,
}

impl Refusal {
    pub(super) fn new(of: ValueType, reason: &'static str) -> Self {
        Self { of, reason }
    }

    /// The failure of a statement whose argument `index`, counted from zero, this is about.
    pub(super) fn at(self, index: usize, kind: DatabaseKind) -> Failure {
        let (of, reason) = (type_name(&self.of), self.reason);
        Failure::new(
            Code::INVALID_ARGUMENT,
            format!("argument {} ({of}): {kind} {reason}", index + 1),
        )
    }
}

// So that it can travel through a driver's own error.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", type_name(&self.of), self.reason)
    }
}

impl std::error::Error for Refusal {}

fn type_name(of: &ValueType) -> String {
    let mut name = match of.shape {
        Shape::Scalar => String::new(),
        Shape::Array => "array of ".to_owned(),
        Shape::Range => "range of ".to_owned(),
    };
    match &of.scalar {
        ScalarType::Named(named) => name.push_str(named),
        // Writing to a String cannot fail.
        scalar => {
            let _ = write!(name, "{scalar:?}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_index_and_type() {
        let of = ValueType::array(ScalarType::I64);
        let failure = Refusal::new(of, "has no arrays").at(2, DatabaseKind::Sqlite);
        assert_eq!(failure.code, Code::INVALID_ARGUMENT);
        assert_eq!(
            failure.message,
            "argument 3 (array of I64): SQLite has no arrays"
        );
    }
}
