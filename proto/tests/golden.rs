//! The bytes of the wire, pinned for each version of the protocol.
//!
//! `golden/v1.txt` holds one line for each example: its name and its bytes in hexadecimal. A line
//! that no longer fits means that the wire has changed: that needs a new protocol version, whose
//! file is made by running this test with `ONEPOOL_BLESS=1`. Files of older versions stay as they
//! are, and what they hold must still be understood.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod examples;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use onepool_proto::codec::{HostCodec, HostFrame, PluginCodec, PluginFrame};
use onepool_proto::{Code, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, handshake, limits};
use tokio_util::codec::{Decoder, Encoder};

type Lines = BTreeMap<String, String>;

fn file(version: u16) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}.txt"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|digit| digit.to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn read(version: u16) -> Lines {
    let text = std::fs::read_to_string(file(version)).unwrap_or_else(|error| {
        panic!("no golden bytes for protocol version {version}: {error}; run with ONEPOOL_BLESS=1")
    });
    text.lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, hex)| (name.to_owned(), hex.to_owned()))
        .collect()
}

/// Everything this version sends, as it sends it.
fn today() -> Lines {
    let mut lines = Lines::new();
    for (name, frame) in examples::plugin::plugin_frames() {
        let mut wire = bytes::BytesMut::new();
        PluginCodec::new(limits::FRAME_BYTES)
            .encode(frame, &mut wire)
            .unwrap();
        lines.insert(format!("plugin {name}"), hex(&wire));
    }
    for (name, frame) in examples::host::host_frames() {
        let mut wire = bytes::BytesMut::new();
        HostCodec::new(limits::FRAME_BYTES)
            .encode(frame, &mut wire)
            .unwrap();
        lines.insert(format!("host {name}"), hex(&wire));
    }
    let hello = handshake::encode(&examples::handshake::hello()).unwrap();
    lines.insert("handshake hello".to_owned(), hex(&hello));
    for (name, answer) in examples::handshake::answers() {
        lines.insert(
            format!("handshake {name}"),
            hex(&handshake::encode(&answer).unwrap()),
        );
    }
    for known in Code::all() {
        lines.insert(
            format!("code {}", known.name),
            format!("{:04x}", known.code.number()),
        );
    }
    lines
}

#[test]
fn the_wire_is_what_its_version_says() {
    let today = today();
    if std::env::var_os("ONEPOOL_BLESS").is_some() {
        let text: String = today
            .iter()
            .map(|(name, hex)| format!("{name} = {hex}\n"))
            .collect();
        std::fs::write(file(PROTOCOL_VERSION), text).unwrap();
    }
    let golden = read(PROTOCOL_VERSION);
    for (name, hex) in &golden {
        assert_eq!(
            today.get(name),
            Some(hex),
            "the bytes of `{name}` have changed: that needs a new protocol version"
        );
    }
    for name in today.keys() {
        assert!(
            golden.contains_key(name),
            "`{name}` has no golden bytes yet"
        );
    }
}

#[test]
fn every_version_spoken_is_still_understood() {
    for version in OLDEST_PROTOCOL_VERSION..=PROTOCOL_VERSION {
        for (name, hex) in read(version) {
            understand(&name, &hex);
        }
    }
}

fn understand(name: &str, hex: &str) {
    let mut wire = bytes::BytesMut::from(&bytes(hex)[..]);
    if name.starts_with("plugin ") {
        let frame = HostCodec::new(limits::FRAME_BYTES)
            .decode(&mut wire)
            .unwrap()
            .unwrap();
        let mut again = bytes::BytesMut::new();
        PluginCodec::new(limits::FRAME_BYTES)
            .encode(frame, &mut again)
            .unwrap();
        assert_eq!(self::hex(&again), hex, "{name}");
    } else if name.starts_with("host ") {
        let frame: HostFrame = PluginCodec::new(limits::FRAME_BYTES)
            .decode(&mut wire)
            .unwrap()
            .unwrap();
        let mut again = bytes::BytesMut::new();
        HostCodec::new(limits::FRAME_BYTES)
            .encode(frame, &mut again)
            .unwrap();
        assert_eq!(self::hex(&again), hex, "{name}");
    } else if let Some(code) = name.strip_prefix("code ") {
        let number = u16::from_str_radix(hex, 16).unwrap();
        let known = Code::from_number(number).explanation().expect(code);
        assert_eq!(known.name, code);
    }
}

#[test]
fn every_call_has_an_example() {
    let mut seen: Vec<_> = examples::plugin::plugin_frames()
        .into_iter()
        .filter_map(|(_, frame)| match frame {
            PluginFrame::Call { request, .. } => Some(examples::call_name(&request)),
            PluginFrame::Cancel { .. } => None,
        })
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen.len(),
        examples::CALLS,
        "each call of the service needs an example"
    );
}
