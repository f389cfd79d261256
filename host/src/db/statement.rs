//! What a driver is given to run.

use std::sync::{Arc, OnceLock};

use onepool_proto::{Code, Failure, Value};

/// A statement and its arguments.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    /// The text.
    pub(crate) sql: &'a str,
    /// What is kept beside a text that may run again.
    pub(crate) signed: Option<&'a SignedText>,
    /// The arguments. `None` sends the text as it is, which may then hold several statements.
    pub(crate) arguments: Option<Vec<Value>>,
    /// Whether the backend should keep the prepared statement.
    pub(crate) persistent: bool,
}

impl<'a> Statement<'a> {
    /// A statement with arguments, which the backend keeps prepared.
    pub(crate) fn with(sql: &'a str, arguments: Vec<Value>) -> Self {
        Self {
            sql,
            signed: None,
            arguments: Some(arguments),
            persistent: true,
        }
    }
}

/// A text with the types of its parameters in it, as a driver may need it: made once, for the types
/// that came first, which are those that nearly always come.
#[derive(Debug, Default)]
pub(crate) struct SignedText(OnceLock<(Box<[u32]>, Arc<str>)>);

impl SignedText {
    /// The text for these types, which `sign` makes if need be.
    pub(super) fn get(
        &self,
        types: impl ExactSizeIterator<Item = u32> + Clone,
        sign: impl Fn() -> String,
    ) -> Arc<str> {
        let (first, text) = self
            .0
            .get_or_init(|| (types.clone().collect(), sign().into()));
        if types.eq(first.iter().copied()) {
            Arc::clone(text)
        } else {
            sign().into()
        }
    }
}

/// Refuses a text with a NUL: SQLite and PostgreSQL read texts up to the first one, and their
/// drivers lose their way in what comes after.
pub(super) fn without_nul(sql: &str) -> Result<(), Failure> {
    if sql.contains('\0') {
        let reason = "the statement's text holds a NUL character";
        return Err(Failure::new(Code::INVALID_ARGUMENT, reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_signed_once_for_its_types_and_anew_for_others() {
        let text = SignedText::default();
        let get = |types: &'static [u32]| {
            text.get(types.iter().copied(), || format!("signed for {types:?}"))
        };
        let first = get(&[20, 25]);
        assert_eq!(&*first, "signed for [20, 25]");
        assert!(Arc::ptr_eq(&first, &get(&[20, 25])));
        for others in [&[20][..], &[20, 25, 25], &[25, 20], &[]] {
            assert_eq!(&*get(others), format!("signed for {others:?}"));
        }
        assert!(Arc::ptr_eq(&first, &get(&[20, 25])));
    }
}
