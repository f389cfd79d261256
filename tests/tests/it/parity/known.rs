//! Where onepool reads what the direct driver cannot, from text that it does not understand.

/// What lines of a transcript begin with.
const READ_BY_ONEPOOL_ALONE: [&str; 8] = [
    // An offset without minutes.
    "time::offset_date_time::OffsetDateTime as TIMESTAMPTZ: text",
    "OffsetDateTime as text",
    // Intervals, whatever is in them.
    "Interval read as text",
    // Empty texts, and texts that are quoted, in arrays.
    "alloc::vec::Vec<alloc::string::String> as TEXT[]: text",
    "alloc::vec::Vec<alloc::string::String> as VARCHAR(9)[]: text",
    // A time of day without a fraction.
    "at_ as sqlx::types::time::Time",
    // A BIT as a truth value.
    "bits as bool",
    "bool as BIT(1): text",
];

/// Whether these two lines differ in nothing but that.
pub fn is_more(direct: &str, ours: &str) -> bool {
    READ_BY_ONEPOOL_ALONE.iter().any(|begin| {
        ours.starts_with(begin) && direct.starts_with(begin) && direct.contains(": ColumnDecode ")
    })
}
