//! What is fed with bytes of anybody's making: by `cargo fuzz` from `fuzz/`, and from its corpus by the
//! tests. None of it may panic, whatever the bytes are, nor hold more memory than they warrant.

use bytes::{Bytes, BytesMut};
use onepool_proto::codec::{HostCodec, PluginCodec};
use onepool_proto::handshake::{Answer, Hello, body_length, decode};
use onepool_proto::page::RowReader;
use onepool_proto::{DatabaseKind, Value, limits};
use tokio_util::codec::Decoder;

/// How much more memory than its bytes a decoder may ask for ahead.
const AHEAD: usize = limits::FRAME_BYTES as usize + 64;

/// Frames, as each side reads those of the other.
pub fn frame(data: &[u8]) {
    let mut wire = BytesMut::from(data);
    let mut host = HostCodec::new(limits::FRAME_BYTES);
    while let Ok(Some(_)) = host.decode(&mut wire) {}
    assert!(
        wire.capacity() <= data.len() + AHEAD,
        "memory for {}",
        data.len()
    );
    let mut wire = BytesMut::from(data);
    let mut plugin = PluginCodec::new(limits::FRAME_BYTES);
    while let Ok(Some(_)) = plugin.decode(&mut wire) {}
    assert!(
        wire.capacity() <= data.len() + AHEAD,
        "memory for {}",
        data.len()
    );
}

/// The first frame each way.
pub fn handshake(data: &[u8]) {
    let Some((header, body)) = data.split_first_chunk() else {
        return;
    };
    let Ok(length) = body_length(*header) else {
        return;
    };
    assert!(length <= usize::from(limits::HANDSHAKE_BYTES));
    let body = body.get(..length).unwrap_or(body);
    if let Ok(hello) = decode::<Hello>(body) {
        let _ = hello.negotiate();
    }
    let _ = decode::<Answer>(body);
}

/// Rows: the first byte says of how many columns, the second in how large chunks they come.
pub fn page(data: &[u8]) {
    let [columns, chunk, rows @ ..] = data else {
        return;
    };
    let columns = usize::from(*columns);
    let mut reader = RowReader::new(columns);
    let mut read = 0;
    for chunk in rows.chunks(usize::from(*chunk).max(1)) {
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            match reader.next_row() {
                Ok(Some(row)) => {
                    read += row.memory().len();
                    let cells = (0..=row.len()).filter_map(|index| row.cell(index));
                    let cells: usize = cells.map(<[u8]>::len).sum();
                    assert!(cells <= row.memory().len(), "cells of more than the row");
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
    assert!(read <= rows.len(), "more was read than there is");
    let _ = reader.finish();
}

/// Arguments.
pub fn value(data: &[u8]) {
    if let Ok(values) = decode::<Vec<Value>>(data) {
        for value in values {
            let _ = (value.value_type(), value.wire_bytes());
        }
    }
}

/// A text: the first byte says for which database.
pub fn sql(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else {
        return;
    };
    let kind = match kind % 3 {
        0 => DatabaseKind::Postgres,
        1 => DatabaseKind::MySql,
        _ => DatabaseKind::Sqlite,
    };
    let text = String::from_utf8_lossy(text);
    let statements = onepool_host::fuzzing::judge(kind, &text);
    assert!(
        statements <= text.len() + 1,
        "more statements than characters"
    );
}
