//! What PostgreSQL says of a column.

use onepool_proto::{ColumnType, DatabaseKind};

use crate::OnepoolTypeInfo;
use crate::type_info::Repr;
use crate::types::oid;

/// The name of a type that the host knows by its oid alone.
pub(super) const UNRESOLVED: &str = "?";

/// Whether two identifiers name the same type: the parts in double quotes are case-sensitive.
pub(super) fn same_identifier(one: &str, two: &str) -> bool {
    let (mut one, mut two) = (significant(one), significant(two));
    loop {
        match (one.next(), two.next()) {
            (None, None) => return true,
            (Some((a, a_quoted)), Some((b, b_quoted))) => {
                let same = if a_quoted || b_quoted {
                    a == b
                } else {
                    a.eq_ignore_ascii_case(&b)
                };
                if !same {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// The characters of an identifier, each with whether it is quoted; a doubled quote is one.
fn significant(identifier: &str) -> impl Iterator<Item = (char, bool)> {
    let mut quoted = false;
    let mut chars = identifier.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let next = chars.next()?;
            if next != '"' {
                return Some((next, quoted));
            }
            if quoted && chars.next_if_eq(&'"').is_some() {
                return Some(('"', true));
            }
            quoted = !quoted;
        }
    })
}

/// The oid of a type, or of the type that a domain is over.
pub(super) fn base_oid(column_type: &ColumnType) -> u32 {
    // Asked of every cell, and most are of a plain type.
    if column_type.detail == 0 {
        return column_type.id;
    }
    let is_range = oid::made_of(&oid::RANGES, column_type.id).is_some();
    if is_range || is_array(column_type) {
        column_type.id
    } else {
        column_type.detail
    }
}

fn is_array(column_type: &ColumnType) -> bool {
    column_type.name.ends_with("[]")
}

/// The PostgreSQL oid of a cell's type, without any domain over it; zero for others.
pub(crate) fn oid_of(type_info: &OnepoolTypeInfo) -> u32 {
    column_type_of(type_info).map_or(0, base_oid)
}

/// The type of the elements, if the type is a PostgreSQL array.
pub(crate) fn array_element(type_info: &OnepoolTypeInfo) -> Option<OnepoolTypeInfo> {
    let column_type = column_type_of(type_info)?;
    if column_type.name == UNRESOLVED {
        return Some(postgres_type(0, UNRESOLVED));
    }
    match column_type.name.strip_suffix("[]") {
        Some(name) => Some(postgres_type(column_type.detail, name)),
        // A domain over an array.
        None => Some(postgres_type(
            oid::made_of(&oid::ARRAYS, base_oid(column_type))?,
            "",
        )),
    }
}

/// The type of the bounds, if the type is a PostgreSQL range.
pub(crate) fn range_element(type_info: &OnepoolTypeInfo) -> Option<OnepoolTypeInfo> {
    let column_type = column_type_of(type_info)?;
    if is_array(column_type) {
        return None;
    }
    let base = base_oid(column_type);
    // A range type made by CREATE TYPE cannot be told from a domain, but its bytes can.
    let is_made = base != column_type.id;
    let over = oid::made_of(&oid::RANGES, base).or(is_made.then_some(base))?;
    Some(postgres_type(over, ""))
}

fn column_type_of(type_info: &OnepoolTypeInfo) -> Option<&ColumnType> {
    match &type_info.0 {
        Repr::Database {
            kind: DatabaseKind::Postgres,
            column_type,
        } => Some(column_type),
        _ => None,
    }
}

fn postgres_type(id: u32, name: &str) -> OnepoolTypeInfo {
    OnepoolTypeInfo::database(
        DatabaseKind::Postgres,
        ColumnType {
            id,
            detail: 0,
            name: name.to_owned(),
        },
    )
}
