//! Decoding of requests that say much in few bytes.
//!
//! A value takes a byte or two on the wire and fifty in memory, so a request that is as long as it may
//! be could still be far too large. What is decoded [within bounds](within) has so many values and no
//! more; what goes beyond is malformed.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

thread_local! {
    /// How many values may still be decoded on this thread.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Memory is not set aside for more than this before it is known to be needed.
const AHEAD: usize = 1024;

/// Decodes something of at most so many values: arguments, elements of arrays, sets of a batch.
pub fn within<T>(values: usize, decode: impl FnOnce() -> T) -> T {
    let before = LEFT.replace(values);
    let decoded = decode();
    LEFT.set(before);
    decoded
}

fn take<E: Error>() -> Result<(), E> {
    let left = LEFT.get().checked_sub(1);
    LEFT.set(left.ok_or_else(|| E::custom("more values than a request may have"))?);
    Ok(())
}

/// A list whose items count.
pub(crate) fn items<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Items(PhantomData).deserialize(deserializer)
}

/// The same, where there may be none.
pub(crate) fn optional_items<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let counted = Option::<Counted<T>>::deserialize(deserializer)?;
    Ok(counted.map(|counted| counted.0))
}

/// A list of lists; both count.
pub(crate) fn lists<'de, D, T>(deserializer: D) -> Result<Vec<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let lists: Vec<Counted<T>> = items(deserializer)?;
    Ok(lists.into_iter().map(|counted| counted.0).collect())
}

struct Counted<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Counted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        items(deserializer).map(Self)
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Items<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::with_capacity(list.size_hint().unwrap_or_default().min(AHEAD));
        while let Some(item) = list.next_element()? {
            take()?;
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Lists {
        #[serde(deserialize_with = "items")]
        items: Vec<u8>,
        #[serde(deserialize_with = "optional_items")]
        optional: Option<Vec<u8>>,
        #[serde(deserialize_with = "lists")]
        lists: Vec<Vec<u8>>,
    }

    #[test]
    fn what_is_too_much_is_malformed_and_the_bytes_are_those_of_any_list() {
        // Seven items, and two lists that count as well.
        let lists = Lists {
            items: vec![1, 2],
            optional: Some(vec![3]),
            lists: vec![vec![4, 5, 6], vec![7]],
        };
        let bytes = postcard::to_stdvec(&lists).unwrap();
        let plain = (
            vec![1_u8, 2],
            Some(vec![3_u8]),
            vec![vec![4_u8, 5, 6], vec![7]],
        );
        assert_eq!(bytes, postcard::to_stdvec(&plain).unwrap());
        let decode = || postcard::from_bytes::<Lists>(&bytes);
        assert_eq!(within(9, decode), Ok(lists));
        within(8, decode).unwrap_err();
        // Only within bounds.
        decode().unwrap();
    }
}
