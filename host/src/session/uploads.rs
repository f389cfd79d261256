//! Requests that come in parts.

use std::collections::HashMap;

use bytes::BytesMut;
use onepool_proto::id::UploadId;
use onepool_proto::message::{LargeRequest, UploadPart, Uploaded};
use onepool_proto::{Code, Failure, bounded, limits};

/// The unfinished uploads of a session.
#[derive(Debug)]
pub(super) struct Uploads {
    parts: HashMap<UploadId, BytesMut>,
    /// The bytes of all of them.
    held: u64,
    limit: u64,
}

impl Uploads {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            parts: HashMap::new(),
            held: 0,
            limit,
        }
    }

    /// Adds a part.
    pub(super) fn add(&mut self, part: UploadPart) -> Result<(), Failure> {
        let length = part.bytes.len() as u64;
        if self.held + length > self.limit {
            self.remove(part.upload);
            return Err(Failure::new(
                Code::REQUEST_TOO_LARGE,
                format!(
                    "a request may have {} bytes, all of its parts together; send less at once",
                    self.limit
                ),
            ));
        }
        if !self.parts.contains_key(&part.upload) && self.parts.len() >= limits::UPLOADS as usize {
            return Err(Failure::new(
                Code::TOO_MANY_OBJECTS,
                format!("{} large requests are under way already", limits::UPLOADS),
            ));
        }
        let request = self.parts.entry(part.upload).or_default();
        if request.len() as u64 != part.offset {
            self.remove(part.upload);
            return Err(Failure::new(
                Code::OUT_OF_ORDER,
                "a part of a large request does not follow the one before it",
            ));
        }
        request.extend_from_slice(&part.bytes);
        self.held += length;
        Ok(())
    }

    /// Takes a request whose parts are all there.
    pub(super) fn take(&mut self, call: &Uploaded) -> Result<LargeRequest, Failure> {
        let Some(bytes) = self.remove(call.upload) else {
            return Err(Failure::new(
                Code::UNKNOWN_ID,
                "no large request has this id",
            ));
        };
        if bytes.len() as u64 != call.length {
            return Err(Failure::new(
                Code::OUT_OF_ORDER,
                format!(
                    "the large request has {} bytes and not {}",
                    bytes.len(),
                    call.length
                ),
            ));
        }
        let decoded = bounded::within(self.values(), || postcard::from_bytes(&bytes));
        decoded.map_err(|error: postcard::Error| {
            tracing::debug!(%error, "a large request could not be decoded");
            let values = self.values();
            Failure::new(
                Code::MALFORMED,
                format!("the large request could not be decoded, or has more than {values} values"),
            )
        })
    }

    /// How many values a request may have. As many of the smallest as fit would take a hundred times
    /// the memory that they came in.
    fn values(&self) -> usize {
        const BYTES_A_VALUE: u64 = 16;
        usize::try_from(self.limit / BYTES_A_VALUE).unwrap_or(usize::MAX)
    }

    fn remove(&mut self, upload: UploadId) -> Option<BytesMut> {
        let bytes = self.parts.remove(&upload)?;
        self.held -= bytes.len() as u64;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use onepool_proto::id::{ConnectionId, Mint};
    use onepool_proto::message::{Batch, BatchMode, Call, Sql};

    use super::*;

    fn part(upload: UploadId, offset: u64, bytes: &'static [u8]) -> UploadPart {
        UploadPart {
            upload,
            offset,
            bytes: Bytes::from_static(bytes),
        }
    }

    fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> Code {
        result.unwrap_err().code
    }

    #[test]
    fn parts_must_follow_each_other_and_fit() {
        let upload = UploadId::mint(&Mint::new());
        let mut uploads = Uploads::new(5);
        uploads.add(part(upload, 0, b"abc")).unwrap();
        assert_eq!(code(uploads.add(part(upload, 2, b"d"))), Code::OUT_OF_ORDER);
        assert_eq!(uploads.held, 0, "a request that went wrong is forgotten");
        uploads.add(part(upload, 0, b"abc")).unwrap();
        assert_eq!(
            code(uploads.add(part(upload, 3, b"def"))),
            Code::REQUEST_TOO_LARGE
        );
        assert_eq!(uploads.held, 0);
    }

    /// A quarter of a gigabyte of these came to seven before they were counted.
    #[test]
    fn many_values_in_few_bytes_are_too_many() {
        let call = Call {
            connection: ConnectionId::mint(&Mint::new()),
            effects: Vec::new(),
            deadline_ms: None,
        };
        let mut batch = Batch {
            call,
            transaction: None,
            sql: Sql::Text(String::new()),
            sets: vec![Vec::new(); 1000],
            mode: BatchMode::AllOrNothing,
        };
        let take = |batch: &Batch| {
            let bytes = postcard::to_stdvec(&LargeRequest::Batch(batch.clone())).unwrap();
            let (upload, length) = (UploadId::mint(&Mint::new()), bytes.len() as u64);
            let mut uploads = Uploads::new(16 * 1000);
            let part = UploadPart {
                upload,
                offset: 0,
                bytes: bytes.into(),
            };
            uploads.add(part).unwrap();
            uploads.take(&Uploaded { upload, length })
        };
        take(&batch).unwrap();
        batch.sets.push(Vec::new());
        assert_eq!(code(take(&batch)), Code::MALFORMED);
    }

    #[test]
    fn only_a_whole_request_is_taken() {
        let upload = UploadId::mint(&Mint::new());
        let mut uploads = Uploads::new(100);
        let absent = Uploaded { upload, length: 3 };
        assert_eq!(code(uploads.take(&absent)), Code::UNKNOWN_ID);
        uploads.add(part(upload, 0, b"\xff\xff\xff")).unwrap();
        assert_eq!(
            code(uploads.take(&Uploaded { upload, length: 4 })),
            Code::OUT_OF_ORDER
        );
        uploads.add(part(upload, 0, b"\xff\xff\xff")).unwrap();
        assert_eq!(
            code(uploads.take(&Uploaded { upload, length: 3 })),
            Code::MALFORMED
        );
    }
}
