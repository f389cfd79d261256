//! Requests that are too large for a frame.

use bytes::Bytes;
use onepool_proto::id::UploadId;
use onepool_proto::limits::UPLOAD_PART_BYTES;
use onepool_proto::message::{LargeRequest, UploadPart, Uploaded, UploadedReply};
use onepool_proto::{Code, Failure};

use crate::deadline::Deadline;
use crate::error::CallError;
use crate::session::Session;

/// What a frame holds besides the bytes of a part.
const PART_OVERHEAD_BYTES: u32 = 4096;

/// Whether a request with about `bytes` of text and arguments must travel in parts.
pub(crate) fn is_large(session: &Session, bytes: usize) -> bool {
    bytes > part_bytes(session)
}

/// Sends `request` in parts and runs it.
///
/// # Errors
/// `Refused` only when the request itself was answered, as for a request in one piece.
pub(crate) async fn send(
    session: &Session,
    deadline: Deadline,
    request: &LargeRequest,
) -> Result<UploadedReply, CallError> {
    let mut rest =
        Bytes::from(postcard::to_stdvec(request).map_err(|error| {
            CallError::Unanswered(Failure::new(Code::ENCODE, error.to_string()))
        })?);
    let (length, limit) = (rest.len() as u64, session.limits().upload_bytes);
    if length > limit {
        let message = format!("a request of {length} bytes exceeds the host's limit of {limit}");
        return Err(CallError::Unanswered(Failure::new(
            Code::REQUEST_TOO_LARGE,
            message,
        )));
    }
    let mut abandoned = Abandon::on_drop(session);
    let upload = abandoned.upload;
    let mut offset = 0;
    while !rest.is_empty() {
        let bytes = rest.split_to(rest.len().min(part_bytes(session)));
        let part = UploadPart {
            upload,
            offset,
            bytes,
        };
        offset += part.bytes.len() as u64;
        session.upload(deadline, part).await.map_err(unanswered)?;
    }
    let answer = session
        .uploaded(deadline, Uploaded { upload, length })
        .await;
    abandoned.answered = !matches!(answer, Err(CallError::Unanswered(_)));
    answer
}

/// Has the host forget the parts of a request that was dropped half-way.
struct Abandon<'s> {
    session: &'s Session,
    upload: UploadId,
    answered: bool,
}

impl<'s> Abandon<'s> {
    fn on_drop(session: &'s Session) -> Self {
        Self {
            session,
            upload: UploadId::mint(session.mint()),
            answered: false,
        }
    }
}

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.session.flush_queue().abandon(self.upload);
        }
    }
}

/// The request did not get as far as to be answered.
fn unanswered(error: CallError) -> CallError {
    let (CallError::Refused(failure) | CallError::Unanswered(failure)) = error;
    CallError::Unanswered(failure)
}

fn part_bytes(session: &Session) -> usize {
    let frame_bytes = session.limits().frame_bytes;
    let room = frame_bytes.saturating_sub(PART_OVERHEAD_BYTES).max(1);
    room.min(UPLOAD_PART_BYTES) as usize
}
