//! A range.

use std::fmt;
use std::ops::{Bound, Range, RangeBounds, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

/// A range of values: `INT4RANGE`, `TSTZRANGE` and so on of PostgreSQL, which alone has them.
///
/// An empty range of the database is read as one without bounds, as with the direct driver; ask
/// with `isempty()` where it matters.
///
/// ```
/// use std::ops::Bound;
///
/// use onepool_sdk::types::OnepoolRange;
///
/// let range = OnepoolRange::from(1..10);
/// assert_eq!(range.start, Bound::Included(1));
/// assert_eq!(range.end, Bound::Excluded(10));
/// assert_eq!(range.to_string(), "[1,10)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OnepoolRange<T> {
    /// The lower bound.
    pub start: Bound<T>,
    /// The upper bound.
    pub end: Bound<T>,
}

impl<T> From<(Bound<T>, Bound<T>)> for OnepoolRange<T> {
    fn from((start, end): (Bound<T>, Bound<T>)) -> Self {
        Self { start, end }
    }
}

impl<T> From<[Bound<T>; 2]> for OnepoolRange<T> {
    fn from([start, end]: [Bound<T>; 2]) -> Self {
        Self { start, end }
    }
}

impl<T> From<Range<T>> for OnepoolRange<T> {
    fn from(range: Range<T>) -> Self {
        Self {
            start: Bound::Included(range.start),
            end: Bound::Excluded(range.end),
        }
    }
}

impl<T> From<RangeInclusive<T>> for OnepoolRange<T> {
    fn from(range: RangeInclusive<T>) -> Self {
        let (start, end) = range.into_inner();
        Self {
            start: Bound::Included(start),
            end: Bound::Included(end),
        }
    }
}

impl<T> From<RangeFrom<T>> for OnepoolRange<T> {
    fn from(range: RangeFrom<T>) -> Self {
        Self {
            start: Bound::Included(range.start),
            end: Bound::Unbounded,
        }
    }
}

impl<T> From<RangeTo<T>> for OnepoolRange<T> {
    fn from(range: RangeTo<T>) -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Excluded(range.end),
        }
    }
}

impl<T> From<RangeToInclusive<T>> for OnepoolRange<T> {
    fn from(range: RangeToInclusive<T>) -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Included(range.end),
        }
    }
}

impl<T> RangeBounds<T> for OnepoolRange<T> {
    fn start_bound(&self) -> Bound<&T> {
        self.start.as_ref()
    }

    fn end_bound(&self) -> Bound<&T> {
        self.end.as_ref()
    }
}

impl<T: fmt::Display> fmt::Display for OnepoolRange<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            Bound::Unbounded => f.write_str("(,")?,
            Bound::Excluded(start) => write!(f, "({start},")?,
            Bound::Included(start) => write!(f, "[{start},")?,
        }
        match &self.end {
            Bound::Unbounded => f.write_str(")"),
            Bound::Excluded(end) => write!(f, "{end})"),
            Bound::Included(end) => write!(f, "{end}]"),
        }
    }
}
