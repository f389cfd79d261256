//! Text, bytes, uuids, JSON and addresses.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnetwork::IpNetwork;
use onepool_proto::{Format, Scalar};
use serde_json::json;
use sqlx_core::types::{Json, JsonRawValue, JsonValue, Text};
use uuid::Uuid;
use uuid::fmt::{Hyphenated, Simple};

use super::cell::{
    TestCell, fails, lite_blob, lite_integer, lite_text, my, my_binary, my_text, pg, pg_binary,
    pg_text, reads,
};
use crate::types::delegate::read;

#[test]
fn text() {
    for text in ["", "héllo", "a\0b", "NULL"] {
        for cell in [
            pg_text(pg::TEXT, text),
            TestCell::postgres(pg::VARCHAR, Format::Binary, text),
            pg_text(pg::TEXT_DOMAIN, text),
            my_text(my::VARCHAR, text),
            TestCell::mysql(my::ENUM, Format::Binary, text),
            lite_text(text),
        ] {
            assert_eq!(read::<&str>(cell.as_ref()).unwrap(), text);
            reads(cell.clone(), text.to_owned());
            reads(cell.clone(), Box::<str>::from(text));
            reads(cell.clone(), Arc::<str>::from(text));
            reads(cell.clone(), Arc::new(text.to_owned()));
            reads(cell, Cow::<'static, str>::Owned(text.to_owned()));
        }
    }
    fails::<String>(pg_binary(pg::TEXT, "ff"), "invalid utf-8");
    fails::<String>(my_binary(my::VARBINARY, "61"), "mismatched types");
    fails::<String>(lite_integer(1), "mismatched types");
}

#[test]
fn bytes() {
    let bytes = vec![0xde, 0xad, 0xbe, 0xef];
    for cell in [
        pg_binary(pg::BYTEA, "deadbeef"),
        pg_text(pg::BYTEA, "\\xdeadBEEF"),
        my_binary(my::BLOB, "deadbeef"),
        TestCell::mysql(my::VARBINARY, Format::Text, bytes.clone()),
        lite_blob(&bytes),
    ] {
        reads(cell.clone(), bytes.clone());
        reads(cell.clone(), Box::<[u8]>::from(bytes.as_slice()));
        reads(cell.clone(), Arc::new(bytes.clone()));
        reads(cell.clone(), [0xde_u8, 0xad, 0xbe, 0xef]);
        fails::<[u8; 3]>(cell, "");
    }
    reads(pg_text(pg::BYTEA, "\\x"), Vec::<u8>::new());
    reads(lite_text("hi"), b"hi".to_vec());
    let borrowed = pg_binary(pg::BYTEA, "dead");
    assert_eq!(read::<&[u8]>(borrowed.as_ref()).unwrap(), [0xde, 0xad]);
    let printed = pg_text(pg::BYTEA, "\\xdead");
    assert!(read::<&[u8]>(printed.as_ref()).is_err());
    for wrong in ["", "dead", "\\xd", "\\xzz", "\\xé"] {
        fails::<Vec<u8>>(pg_text(pg::BYTEA, wrong), "is not a BYTEA");
    }
}

#[test]
fn uuids() {
    let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let hexadecimal = "67e5504410b1426f9247bb680e5fe0c8";
    let uuid: Uuid = text.parse().unwrap();
    reads(pg_binary(pg::UUID, hexadecimal), uuid);
    reads(pg_text(pg::UUID, text), uuid);
    reads(my_binary(my::VARBINARY, hexadecimal), uuid);
    reads(lite_blob(uuid.as_bytes()), uuid);
    reads(lite_text(text), uuid.hyphenated());
    reads(my_text(my::VARCHAR, hexadecimal), uuid.simple());
    reads(pg_text(pg::TEXT, text), uuid.hyphenated());
    reads(pg_binary(pg::UUID, hexadecimal), uuid.simple());
    // MariaDB's own UUID type is sent as text.
    fails::<Uuid>(my_text(my::VARCHAR, text), "uuid::fmt::Hyphenated");
    fails::<Uuid>(lite_text(text), "expected 16 bytes");
    fails::<Hyphenated>(lite_blob(uuid.as_bytes()), "mismatched types");
    fails::<Simple>(lite_text("x"), "");
}

#[test]
fn json() {
    let document = json!({"a": [1, null]});
    let text = r#"{"a": [1, null]}"#;
    let jsonb = [&[1], text.as_bytes()].concat();
    for cell in [
        pg_text(pg::JSON, text),
        pg_text(pg::JSONB, text),
        TestCell::postgres(pg::JSON, Format::Binary, text),
        TestCell::postgres(pg::JSONB, Format::Binary, jsonb),
        my_text(my::JSON, text),
        TestCell::mysql(my::BLOB, Format::Binary, text),
        lite_text(text),
    ] {
        reads::<JsonValue>(cell.clone(), document.clone());
        reads(cell.clone(), Json(document.clone()));
        let raw: Box<JsonRawValue> = cell.get().unwrap();
        assert_eq!(raw.get(), text);
        fails::<Json<Vec<i32>>>(cell, "invalid type");
    }
    fails::<JsonValue>(pg_binary(pg::JSONB, "027b7d"), "a version of JSONB");
    fails::<JsonValue>(pg_binary(pg::JSONB, ""), "for a JSONB");
    fails::<JsonValue>(lite_text("{"), "EOF");
}

#[test]
fn text_of_other_types() {
    reads(pg_text(pg::TEXT, "42"), Text(42_i32));
    reads(my_text(my::VARCHAR, "-1"), Text(-1_i8));
    reads(lite_text("::1"), Text(Ipv6Addr::LOCALHOST));
    fails::<Text<i32>>(lite_text("x"), "invalid digit");
}

#[test]
fn addresses_and_networks() {
    let v4: IpAddr = "192.168.1.1".parse().unwrap();
    let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    reads(pg_binary(pg::INET, "02200004c0a80101"), v4);
    reads(
        pg_binary(pg::INET, "02200004c0a80101"),
        Ipv4Addr::new(192, 168, 1, 1),
    );
    reads(
        pg_binary(pg::INET, "0380001000000000000000000000000000000001"),
        v6,
    );
    reads(pg_text(pg::INET, "192.168.1.1"), v4);
    reads(my_text(my::VARCHAR, "::1"), v6);
    reads(lite_text("::1"), Ipv6Addr::LOCALHOST);
    let ten: IpNetwork = "10.0.0.0/8".parse().unwrap();
    reads(pg_binary(pg::INET, "020800040a000000"), ten);
    reads(pg_text(pg::CIDR, "10.0.0.0/8"), ten);
    reads(
        pg_binary(pg::CIDR, "0320011020010db8000000000000000000000000"),
        "2001:db8::/32".parse::<IpNetwork>().unwrap(),
    );
    reads(pg_text(pg::INET, "192.168.1.1"), IpNetwork::from(v4));
    fails::<IpAddr>(
        pg_binary(pg::INET, "020800040a000000"),
        "10.0.0.0/8 is out of range",
    );
    fails::<Ipv4Addr>(lite_text("::1"), "::1 is out of range for `Ipv4Addr`");
    fails::<IpNetwork>(pg_binary(pg::INET, "022100040a000000"), "invalid prefix");
    for wrong in [
        "",
        "02",
        "02200004",
        "0220000401",
        "0520000401020304",
        "0220001001020304",
    ] {
        fails::<IpAddr>(pg_binary(pg::INET, wrong), "is not an INET");
    }
}

#[test]
fn networks_bind_with_their_prefix() {
    let network: IpNetwork = "10.0.0.0/8".parse().unwrap();
    let address = bytes::Bytes::from_static(&[10, 0, 0, 0]);
    super::arguments::binds(network, Scalar::Inet { address, prefix: 8 });
}

#[test]
fn nothing() {
    reads(pg_text(pg::VOID, ""), ());
    fails::<()>(pg_text(pg::TEXT, ""), "mismatched types");
}
