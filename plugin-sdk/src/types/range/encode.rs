//! Binding ranges.

use std::ops::Bound;

use onepool_proto::value::{Edge, Range, Value};
use onepool_proto::{ScalarType, ValueType};
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;

use super::OnepoolRange;
use crate::type_info::Repr;
use crate::types::array::scalar;
use crate::types::columns;
use crate::{Onepool, OnepoolArgumentBuffer, OnepoolTypeInfo};

impl<T: Type<Onepool>> Type<Onepool> for OnepoolRange<T> {
    fn type_info() -> OnepoolTypeInfo {
        OnepoolTypeInfo::argument(ValueType::range(element_of::<T>()))
    }

    fn compatible(ty: &OnepoolTypeInfo) -> bool {
        columns::range_element(ty).is_some_and(|element| T::compatible(&element))
    }
}

impl<'q, T> Encode<'q, Onepool> for OnepoolRange<T>
where
    T: Encode<'q, Onepool> + Type<Onepool>,
{
    fn encode_by_ref(&self, buf: &mut OnepoolArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let edges = (edge(&self.start)?, edge(&self.end)?);
        buf.put(Value::Range(Range {
            element: element_of::<T>(),
            edges: Some(edges),
        }));
        Ok(IsNull::No)
    }
}

fn element_of<T: Type<Onepool>>() -> ScalarType {
    match T::type_info().0 {
        Repr::Argument(of) => of.scalar,
        Repr::Database { column_type, .. } => ScalarType::Named(column_type.name.clone()),
        Repr::SqliteCell(_) => ScalarType::Text,
    }
}

/// A bound that is NULL is none, as in PostgreSQL.
fn edge<'q, T: Encode<'q, Onepool>>(bound: &Bound<T>) -> Result<Edge, BoxDynError> {
    Ok(match bound {
        Bound::Unbounded => Edge::Unbounded,
        Bound::Included(value) => scalar(value)?.map_or(Edge::Unbounded, Edge::Included),
        Bound::Excluded(value) => scalar(value)?.map_or(Edge::Unbounded, Edge::Excluded),
    })
}
