//! Truth values, integers and floating point numbers.

use std::num::NonZeroI32;

use super::cell::{
    fails, lite_integer, lite_real, lite_text, my, my_binary, my_text, pg, pg_binary, pg_text,
    reads,
};

#[test]
fn truth_values() {
    reads(pg_binary(pg::BOOL, "01"), true);
    reads(pg_binary(pg::BOOL, "00"), false);
    reads(pg_text(pg::BOOL, "t"), true);
    reads(pg_text(pg::BOOL, "f"), false);
    reads(my_binary(my::TINYINT, "01"), true);
    reads(my_binary(my::TINYINT, "00"), false);
    reads(my_text(my::TINYINT, "2"), true);
    reads(my_binary(my::BIGINT, "0000000000000000"), false);
    reads(lite_integer(0), false);
    reads(lite_integer(-1), true);
    fails::<bool>(pg_text(pg::BOOL, "true"), "`true` is not a boolean");
    fails::<bool>(pg_binary(pg::BOOL, ""), "expected 1 bytes");
    fails::<bool>(my_text(my::INT, "300"), "out of range");
    fails::<bool>(lite_text("t"), "mismatched types");
}

#[test]
fn a_bit_is_its_bytes_in_both_formats() {
    reads(my_binary(my::BIT, "01"), true);
    reads(my_text(my::BIT, "\u{1}"), true);
    reads(my_text(my::BIT, "\0"), false);
    reads(my_binary(my::BIT, "0100"), true);
    reads(my_binary(my::BIT, "0301"), 769_u16);
    reads(my_text(my::BIT, "\u{3}\u{1}"), 769_u64);
    reads(my_binary(my::BIT, "ffffffffffffffff"), u64::MAX);
}

#[test]
fn integers_of_postgres() {
    reads(pg_binary(pg::CHAR, "61"), 97_i8);
    reads(pg_binary(pg::CHAR, "80"), i8::MIN);
    reads(pg_binary(pg::INT2, "fffe"), -2_i16);
    reads(pg_binary(pg::INT4, "80000000"), i32::MIN);
    reads(pg_binary(pg::INT8, "8000000000000000"), i64::MIN);
    reads(pg_binary(pg::INT8, "7fffffffffffffff"), i64::MAX);
    reads(pg_text(pg::INT2, "-32768"), i16::MIN);
    reads(pg_text(pg::INT4, "2147483647"), i32::MAX);
    reads(pg_text(pg::INT8, "-9223372036854775808"), i64::MIN);
    reads(pg_binary(pg::INT4_DOMAIN, "00000007"), 7_i32);
    fails::<i64>(pg_binary(pg::INT8, ""), "expected 1 to 8 bytes");
    fails::<i64>(pg_binary(pg::INT8, "000000000000000000"), "got 9");
    fails::<i32>(pg_text(pg::INT4, "x"), "invalid digit");
}

#[test]
fn a_char_of_postgres_is_printed_as_a_character() {
    reads(pg_text(pg::CHAR, "a"), 97_i8);
    reads(pg_text(pg::CHAR, ""), 0_i8);
    reads(pg_text(pg::CHAR, "\\"), 92_i8);
    reads(pg_text(pg::CHAR, "\\200"), i8::MIN);
    reads(pg_text(pg::CHAR, "\\377"), -1_i8);
    fails::<i8>(pg_text(pg::CHAR, "\\999"), "invalid digit");
}

#[test]
fn unsigned_integers_of_postgres_are_its_signed_ones() {
    reads(pg_binary(pg::INT2, "00ff"), u8::MAX);
    reads(pg_binary(pg::INT4, "0000ffff"), u16::MAX);
    reads(
        pg_binary(pg::INT8, "7fffffffffffffff"),
        9_223_372_036_854_775_807_u64,
    );
    reads(pg_binary(pg::OID, "ffffffff"), u32::MAX);
    reads(pg_text(pg::OID, "4294967295"), u32::MAX);
    fails::<u8>(pg_binary(pg::INT2, "0100"), "out of range");
    fails::<u64>(pg_binary(pg::INT8, "ffffffffffffffff"), "out of range");
}

#[test]
fn integers_of_mysql() {
    reads(my_binary(my::TINYINT, "80"), i8::MIN);
    reads(my_binary(my::SMALLINT, "0080"), i16::MIN);
    reads(my_binary(my::INT, "00000080"), i32::MIN);
    reads(my_binary(my::BIGINT, "0000000000000080"), i64::MIN);
    reads(my_binary(my::TINYINT, "ff"), -1_i64);
    reads(my_text(my::BIGINT, "-9223372036854775808"), i64::MIN);
    reads(my_binary(my::UTINYINT, "ff"), u8::MAX);
    reads(my_binary(my::UINT, "ffffffff"), u32::MAX);
    reads(my_binary(my::UBIGINT, "ffffffffffffffff"), u64::MAX);
    reads(my_text(my::UBIGINT, "18446744073709551615"), u64::MAX);
    reads(my_binary(my::YEAR, "e807"), 2024_u16);
    fails::<i8>(my_binary(my::INT, "2c010000"), "out of range");
    fails::<i64>(
        my_binary(my::UBIGINT, "ffffffffffffffff"),
        "mismatched types",
    );
    fails::<u64>(
        my_binary(my::BIGINT, "0100000000000000"),
        "mismatched types",
    );
    fails::<i32>(my_binary(my::INT, ""), "expected 1 to 8 bytes");
}

#[test]
fn integers_of_sqlite() {
    reads(lite_integer(i64::MIN), i64::MIN);
    reads(lite_integer(-128), i8::MIN);
    reads(lite_integer(255), u8::MAX);
    reads(lite_integer(7), NonZeroI32::new(7).unwrap());
    fails::<i8>(lite_integer(128), "out of range");
    fails::<u64>(lite_integer(-1), "out of range");
    fails::<NonZeroI32>(lite_integer(0), "out of range");
    fails::<i32>(lite_real(1.0), "mismatched types");
    fails::<i32>(lite_text("1"), "mismatched types");
}

#[test]
fn floating_point_numbers() {
    reads(pg_binary(pg::FLOAT4, "3fc00000"), 1.5_f32);
    reads(pg_binary(pg::FLOAT8, "3fb999999999999a"), 0.1_f64);
    reads(pg_binary(pg::FLOAT8, "fff0000000000000"), f64::NEG_INFINITY);
    assert!(
        pg_binary(pg::FLOAT8, "7ff8000000000000")
            .get::<f64>()
            .unwrap()
            .is_nan()
    );
    reads(pg_text(pg::FLOAT8, "-Infinity"), f64::NEG_INFINITY);
    assert!(pg_text(pg::FLOAT4, "NaN").get::<f32>().unwrap().is_nan());
    reads(pg_text(pg::FLOAT8, "1e+20"), 1e20);
    reads(my_binary(my::FLOAT, "0000c03f"), 1.5_f32);
    reads(my_binary(my::FLOAT, "0000c03f"), 1.5_f64);
    reads(my_binary(my::DOUBLE, "9a9999999999b93f"), 0.1_f64);
    reads(my_binary(my::DOUBLE, "9a9999999999b93f"), 0.1_f32);
    reads(my_text(my::DOUBLE, "-1e300"), -1e300);
    reads(lite_real(-0.5), -0.5_f64);
    reads(lite_real(f64::MAX), f32::INFINITY);
    fails::<f64>(pg_binary(pg::FLOAT8, "3fc00000"), "expected 8 bytes");
    fails::<f64>(pg_binary(pg::FLOAT4, "3fc00000"), "mismatched types");
    fails::<f64>(my_binary(my::DECIMAL, "312e35"), "mismatched types");
    fails::<f64>(lite_integer(1), "mismatched types");
}

#[test]
fn null_is_an_error_but_zero_on_sqlite() {
    fails::<i32>(pg_binary(pg::INT4, "").null(), "unexpected null");
    fails::<i32>(my_binary(my::INT, "").null(), "unexpected null");
    reads(lite_integer(1).null(), 0_i64);
    reads(lite_integer(1).null(), 0.0_f64);
    reads(lite_integer(1).null(), String::new());
    reads(lite_integer(1).null(), false);
    reads(pg_binary(pg::INT4, "").null(), None::<i32>);
    reads(my_binary(my::INT, "").null(), None::<i32>);
    reads(lite_integer(1).null(), None::<i64>);
    // The type of a NULL column fits all.
    reads(my_binary(my::NULL, "").null(), None::<String>);
}
