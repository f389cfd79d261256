//! Enums that a database keeps by name.

/// Makes an enum of yours one of the database's, whose values are names.
///
/// On PostgreSQL the enum is bound as the type of that name (made by `CREATE TYPE .. AS ENUM`;
/// `"text"` if the column is plain text), and may be the element of an array. On MySQL it is an
/// ENUM or text, on SQLite text. It takes the place of `#[derive(sqlx::Type)]`, which for enums
/// without a `repr` knows the built-in drivers alone.
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Mood {
///     Sad,
///     Happy,
/// }
///
/// onepool_sdk::impl_string_enum!(Mood as "mood" {
///     Sad = "sad",
///     Happy = "happy",
/// });
///
/// fn is_type<T: sqlx::Type<onepool_sdk::Onepool>>() {}
/// is_type::<Mood>();
/// is_type::<Vec<Option<Mood>>>();
/// ```
#[macro_export]
macro_rules! impl_string_enum {
    ($rust:ident as $type_name:literal { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $crate::types::private::Type<$crate::Onepool> for $rust {
            fn type_info() -> $crate::OnepoolTypeInfo {
                $crate::OnepoolTypeInfo::with_name($type_name)
            }
        }

        impl $crate::types::OnepoolArrayElement for $rust {}

        impl<'q> $crate::types::private::Encode<'q, $crate::Onepool> for $rust {
            fn encode_by_ref(
                &self,
                buf: &mut $crate::OnepoolArgumentBuffer,
            ) -> ::std::result::Result<
                $crate::types::private::IsNull,
                $crate::types::private::BoxDynError,
            > {
                let text = match self {
                    $(Self::$variant => $text,)+
                };
                buf.put_named($type_name, text);
                ::std::result::Result::Ok($crate::types::private::IsNull::No)
            }
        }

        impl<'r> $crate::types::private::Decode<'r, $crate::Onepool> for $rust {
            fn decode(
                value: $crate::OnepoolValueRef<'r>,
            ) -> ::std::result::Result<Self, $crate::types::private::BoxDynError> {
                match <&str as $crate::types::private::Decode<'r, $crate::Onepool>>::decode(value)?
                {
                    $($text => ::std::result::Result::Ok(Self::$variant),)+
                    other => ::std::result::Result::Err(
                        $crate::types::ValueError::Syntax {
                            what: ::std::stringify!($rust),
                            text: other.to_owned(),
                        }
                        .into(),
                    ),
                }
            }
        }
    };
}
