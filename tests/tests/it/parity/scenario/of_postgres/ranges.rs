//! Ranges.

use std::ops::Bound;

use sqlx::types::Decimal;
use sqlx::types::chrono::{NaiveDate, NaiveDateTime};

use super::{Range, Stage, through_named};

pub async fn ranges(stage: &mut Stage) {
    use Bound::{Excluded, Included, Unbounded};
    fn plain<T>(range: Range<T>) -> (Bound<T>, Bound<T>) {
        (range.start, range.end)
    }
    let range = |start, end| Range { start, end };
    let ranges = [
        range(Included(1), Excluded(5)),
        range(Excluded(1), Included(5)),
        range(Unbounded, Excluded(-5)),
        range(Included(i32::MIN), Unbounded),
        range(Unbounded, Unbounded),
    ];
    through_named(stage, "INT4RANGE", ranges, plain).await;
    let numbers = |number: &str| number.parse::<Decimal>().unwrap();
    let ranges = [
        Range {
            start: Included(numbers("1.5")),
            end: Included(numbers("2.50")),
        },
        Range {
            start: Excluded(numbers("-1")),
            end: Unbounded,
        },
    ];
    through_named(stage, "NUMRANGE", ranges, plain).await;
    let day = |day| NaiveDate::from_ymd_opt(2024, 2, day).unwrap();
    let ranges = [Range {
        start: Included(day(1)),
        end: Excluded(day(29)),
    }];
    through_named(stage, "DATERANGE", ranges, plain).await;
}

pub async fn arrays_of_ranges(stage: &mut Stage) {
    use Bound::{Excluded, Included, Unbounded};
    fn plain<T>(ranges: Vec<Range<T>>) -> Vec<(Bound<T>, Bound<T>)> {
        ranges
            .into_iter()
            .map(|range| (range.start, range.end))
            .collect()
    }
    let range = |start, end| Range { start, end };
    let numbers = [
        vec![],
        vec![range(Included(1), Excluded(5)), range(Unbounded, Unbounded)],
        vec![range(Excluded(i64::MIN), Included(i64::MAX - 1))],
    ];
    through_named(stage, "INT8RANGE[]", numbers, plain).await;
    let number = |number: &str| number.parse::<Decimal>().unwrap();
    let numbers = [vec![Range {
        start: Excluded(number("-1.50")),
        end: Included(number("12345678901234.5678")),
    }]];
    through_named(stage, "NUMRANGE[]", numbers, plain).await;
    let days = [
        (-4000, 1),
        (1, 1),
        (1969, 365),
        (1970, 1),
        (2024, 60),
        (9999, 365),
    ];
    let days = days.map(|(year, day)| NaiveDate::from_yo_opt(year, day).unwrap());
    let ranges = |days: &[NaiveDate]| -> Vec<_> {
        days.windows(2)
            .map(|days| Range {
                start: Included(days[0]),
                end: Excluded(days[1]),
            })
            .collect()
    };
    through_named(stage, "DATERANGE[]", [ranges(&days)], plain).await;
    let moments = days.map(|day| day.and_hms_micro_opt(1, 2, 3, 4).unwrap());
    let spans: Vec<_> = moments
        .windows(2)
        .map(|moments| Range {
            start: Included(moments[0]),
            end: Included(moments[1]),
        })
        .collect();
    through_named(stage, "TSRANGE[]", [spans.clone()], plain).await;
    let zoned = |bound: Bound<NaiveDateTime>| bound.map(|moment| moment.and_utc());
    let spans: Vec<_> = spans
        .into_iter()
        .map(|span| Range {
            start: zoned(span.start),
            end: zoned(span.end),
        })
        .collect();
    through_named(stage, "TSTZRANGE[]", [spans], plain).await;
}
