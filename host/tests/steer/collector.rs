//! A collector of OpenTelemetry's, as small as it can be.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Takes what it is sent.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    requests: JoinHandle<Vec<Request>>,
    stop: CancellationToken,
}

/// What it was sent.
pub(crate) struct Request {
    /// In small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let requests = tokio::spawn(async move {
            let mut requests = Vec::new();
            while let Some(accepted) = stopped.run_until_cancelled(listener.accept()).await {
                requests.push(Request::answer(accepted.unwrap().0).await);
            }
            requests
        });
        Self {
            address,
            requests,
            stop,
        }
    }

    /// What it was sent, where nothing more comes.
    pub(crate) async fn stop(self) -> Vec<Request> {
        self.stop.cancel();
        self.requests.await.unwrap()
    }
}

impl Request {
    async fn answer(socket: TcpStream) -> Self {
        let mut socket = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(socket.read_line(&mut head).await.unwrap(), 0, "{head}");
        }
        head.make_ascii_lowercase();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        socket.write_all(answer.as_bytes()).await.unwrap();
        Self { head, body }
    }

    /// The resource and the spans of each part.
    pub(crate) fn parts(&self) -> Vec<(Message<'_>, Vec<Message<'_>>)> {
        let parts = Message::parse(&self.body).messages(1).into_iter();
        let parts = parts.map(|part| {
            let scopes = part.messages(2).into_iter();
            let spans = scopes.flat_map(|scope| scope.messages(2)).collect();
            (part.messages(1).remove(0), spans)
        });
        parts.collect()
    }
}

/// A message of Protocol Buffers: the fields that hold bytes and those that hold small numbers, each
/// with its own number.
#[derive(Default)]
pub(crate) struct Message<'a> {
    bytes: Vec<(u64, &'a [u8])>,
    numbers: Vec<(u64, u64)>,
}

impl<'a> Message<'a> {
    fn parse(mut from: &'a [u8]) -> Self {
        let mut message = Self::default();
        while !from.is_empty() {
            let tag = varint(&mut from);
            match tag & 7 {
                0 => message.numbers.push((tag >> 3, varint(&mut from))),
                1 => from = &from[8..],
                2 => {
                    let length = varint(&mut from).try_into().unwrap();
                    let (field, rest) = from.split_at(length);
                    message.bytes.push((tag >> 3, field));
                    from = rest;
                }
                5 => from = &from[4..],
                kind => panic!("a field of the kind {kind}"),
            }
        }
        message
    }

    pub(crate) fn number(&self, field: u64) -> u64 {
        let found = self.numbers.iter().find(|(of, _)| *of == field);
        found.map_or(0, |(_, number)| *number)
    }

    pub(crate) fn text(&self, field: u64) -> &'a str {
        str::from_utf8(self.bytes(field)).unwrap()
    }

    pub(crate) fn hex(&self, field: u64) -> String {
        let bytes = self.bytes(field).iter();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn messages(&self, field: u64) -> Vec<Message<'a>> {
        let found = self.bytes.iter().filter(|(of, _)| *of == field);
        found.map(|(_, bytes)| Message::parse(bytes)).collect()
    }

    /// The attributes in a field, as `key=value`; those that are no texts without their value.
    pub(crate) fn attributes(&self, field: u64) -> Vec<String> {
        let attributes = self.messages(field).into_iter().map(|attribute| {
            let value = attribute.messages(2).pop().unwrap_or_default();
            format!("{}={}", attribute.text(1), value.text(1))
        });
        attributes.collect()
    }

    /// What is in a field; of one that is not there nothing.
    fn bytes(&self, field: u64) -> &'a [u8] {
        let found = self.bytes.iter().find(|(of, _)| *of == field);
        found.map_or(&[], |(_, bytes)| *bytes)
    }
}

fn varint(from: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = from.split_first().unwrap();
        *from = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    number
}
