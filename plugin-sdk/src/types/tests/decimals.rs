//! Decimal numbers.

use bigdecimal::BigDecimal;
use rust_decimal::Decimal;

use super::cell::{
    fails, lite_blob, lite_integer, lite_real, lite_text, my, my_binary, my_text, pg, pg_binary,
    pg_text, reads,
};

/// NUMERICs as PostgreSQL sends and prints them.
const NUMERICS: [(&str, &str); 10] = [
    ("0", "0000000000000000"),
    ("1.50", "000200000000000200011388"),
    ("-12345.6789", "0003000140000004000109291a85"),
    ("10000", "00010001000000000001"),
    ("0.0001", "0001ffff000000040001"),
    ("100.00", "00010000000000020064"),
    (
        "0.33333333333333333333",
        "0005ffff000000140d050d050d050d050d05",
    ),
    ("0.0000000000000000000000000001", "0001fff90000001c0001"),
    (
        "79228162514264337593543950335",
        "00080007000000000007240c0659059210f1172f112b014f",
    ),
    (
        "-79228162514264337593543950335",
        "00080007400000000007240c0659059210f1172f112b014f",
    ),
];

#[test]
fn both_types_read_both_formats() {
    for (text, binary) in NUMERICS {
        let decimal: Decimal = text.parse().unwrap();
        let big: BigDecimal = text.parse().unwrap();
        reads(pg_binary(pg::NUMERIC, binary), decimal);
        reads(pg_text(pg::NUMERIC, text), decimal);
        reads(pg_binary(pg::NUMERIC, binary), big.clone());
        reads(pg_text(pg::NUMERIC, text), big.clone());
        reads(my_binary(my::DECIMAL, &to_hex(text)), decimal);
        reads(my_text(my::DECIMAL, text), big);
    }
}

fn to_hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_places_shown_are_kept() {
    let decimal: Decimal = pg_binary(pg::NUMERIC, "00010000000000020064")
        .get()
        .unwrap();
    assert_eq!(decimal.to_string(), "100.00");
    // As with the direct driver, zero has none, and a big decimal has whole groups of four.
    let zero: Decimal = pg_binary(pg::NUMERIC, "0000000000000002").get().unwrap();
    assert_eq!(zero.to_string(), "0");
    let big: BigDecimal = pg_binary(pg::NUMERIC, "000200000000000200011388")
        .get()
        .unwrap();
    assert_eq!(big.to_string(), "1.5000");
}

#[test]
fn what_a_decimal_cannot_hold() {
    // 1e-30 and 2^96, one more than the largest.
    fails::<Decimal>(
        pg_binary(pg::NUMERIC, "0001fff80000001e0064"),
        "out of range",
    );
    let too_large = "00080007000000000007240c0659059210f1172f112b0150";
    fails::<Decimal>(pg_binary(pg::NUMERIC, too_large), "out of range");
    reads(
        pg_binary(pg::NUMERIC, too_large),
        "79228162514264337593543950336"
            .parse::<BigDecimal>()
            .unwrap(),
    );
    // 1e40.
    fails::<Decimal>(
        pg_binary(pg::NUMERIC, "0001000a000000000001"),
        "out of range",
    );
    reads(
        pg_binary(pg::NUMERIC, "0001000a000000000001"),
        "1e40".parse::<BigDecimal>().unwrap(),
    );
    // More digits than fit are rounded.
    reads(
        pg_binary(
            pg::NUMERIC,
            "000a00020000001c007b11d722c504d2162e23340d801ed204d2162e",
        ),
        "12345678901.123456789012345679".parse::<Decimal>().unwrap(),
    );
}

#[test]
fn not_a_number_and_the_infinities() {
    for (binary, text) in [
        ("00000000c0000000", "NaN"),
        ("00000000d0000020", "Infinity"),
        ("00000000f0000020", "-Infinity"),
    ] {
        let words = format!("{text} is out of range for `rust_decimal::Decimal`");
        fails::<Decimal>(pg_binary(pg::NUMERIC, binary), &words);
        let words = format!("{text} is out of range for `bigdecimal::BigDecimal`");
        fails::<BigDecimal>(pg_binary(pg::NUMERIC, binary), &words);
        assert!(pg_text(pg::NUMERIC, text).get::<Decimal>().is_err());
        assert!(pg_text(pg::NUMERIC, text).get::<BigDecimal>().is_err());
    }
}

#[test]
fn a_numeric_must_be_whole() {
    fails::<Decimal>(pg_binary(pg::NUMERIC, ""), "for a NUMERIC");
    fails::<Decimal>(pg_binary(pg::NUMERIC, "0001000000000000"), "for a NUMERIC");
    fails::<Decimal>(
        pg_binary(pg::NUMERIC, "000000000000000000"),
        "for a NUMERIC",
    );
    fails::<Decimal>(
        pg_binary(pg::NUMERIC, "00010000000000002710"),
        "a digit of a NUMERIC",
    );
    fails::<Decimal>(
        pg_binary(pg::NUMERIC, "0000000012340000"),
        "the sign of a NUMERIC",
    );
}

#[test]
fn sqlite_keeps_decimals_as_what_its_affinity_makes_of_them() {
    reads(lite_text("1.50"), "1.50".parse::<Decimal>().unwrap());
    reads(lite_integer(-7), Decimal::from(-7));
    reads(lite_real(12.34), "12.34".parse::<Decimal>().unwrap());
    reads(lite_real(0.5), "0.5".parse::<BigDecimal>().unwrap());
    fails::<Decimal>(lite_text("x"), "");
    fails::<Decimal>(lite_real(f64::INFINITY), "");
    fails::<Decimal>(lite_blob(b"1"), "mismatched types");
}
