//! The oids of PostgreSQL's built-in types, which are the same in every database.

pub(crate) const BOOL: u32 = 16;
pub(crate) const BYTEA: u32 = 17;
pub(crate) const CHAR: u32 = 18;
pub(crate) const NAME: u32 = 19;
pub(crate) const INT8: u32 = 20;
pub(crate) const INT2: u32 = 21;
pub(crate) const INT4: u32 = 23;
pub(crate) const TEXT: u32 = 25;
pub(crate) const OID: u32 = 26;
pub(crate) const JSON: u32 = 114;
pub(crate) const CIDR: u32 = 650;
pub(crate) const FLOAT4: u32 = 700;
pub(crate) const FLOAT8: u32 = 701;
pub(crate) const UNKNOWN: u32 = 705;
pub(crate) const INET: u32 = 869;
pub(crate) const BPCHAR: u32 = 1042;
pub(crate) const VARCHAR: u32 = 1043;
pub(crate) const DATE: u32 = 1082;
pub(crate) const TIME: u32 = 1083;
pub(crate) const TIMESTAMP: u32 = 1114;
pub(crate) const TIMESTAMPTZ: u32 = 1184;
pub(crate) const INTERVAL: u32 = 1186;
pub(crate) const TIMETZ: u32 = 1266;
pub(crate) const NUMERIC: u32 = 1700;
pub(crate) const RECORD: u32 = 2249;
pub(crate) const VOID: u32 = 2278;
pub(crate) const UUID: u32 = 2950;
pub(crate) const JSONB: u32 = 3802;

/// The built-in array types, each with what it is an array of.
pub(crate) const ARRAYS: [(u32, u32); 26] = [
    (199, JSON),
    (651, CIDR),
    (1000, BOOL),
    (1001, BYTEA),
    (1002, CHAR),
    (1003, NAME),
    (1005, INT2),
    (1007, INT4),
    (1009, TEXT),
    (1014, BPCHAR),
    (1015, VARCHAR),
    (1016, INT8),
    (1021, FLOAT4),
    (1022, FLOAT8),
    (1028, OID),
    (1041, INET),
    (1115, TIMESTAMP),
    (1182, DATE),
    (1183, TIME),
    (1185, TIMESTAMPTZ),
    (1187, INTERVAL),
    (1231, NUMERIC),
    (1270, TIMETZ),
    (2287, RECORD),
    (2951, UUID),
    (3807, JSONB),
];

/// The built-in range types, each with what it is a range over.
pub(crate) const RANGES: [(u32, u32); 6] = [
    (3904, INT4),
    (3906, NUMERIC),
    (3908, TIMESTAMP),
    (3910, TIMESTAMPTZ),
    (3912, DATE),
    (3926, INT8),
];

/// What a built-in type is an array or range of, by one of the lists above.
pub(crate) fn made_of(list: &[(u32, u32)], id: u32) -> Option<u32> {
    let found = list.iter().find(|(made, _)| *made == id);
    found.map(|(_, of)| *of)
}
