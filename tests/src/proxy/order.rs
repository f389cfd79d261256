//! What a proxy is told to do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use onepool_proto::codec::{HostCodec, PluginFrame};
use onepool_proto::limits;
use onepool_proto::message::FinishHow;
use onepool_proto::service::BrokerRequest;
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

/// Tells a piece from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It holds this text.
    Text(&'static str),
    /// It is a plugin's, and asks the host to commit a transaction.
    Commit,
}

impl Mark {
    fn is_on(self, said: &[u8]) -> bool {
        match self {
            Self::Text(text) => said.windows(text.len()).any(|part| part == text.as_bytes()),
            Self::Commit => commits(said),
        }
    }
}

/// Whether a call to commit is among these frames.
fn commits(said: &[u8]) -> bool {
    let (mut codec, mut frames) = (HostCodec::new(limits::FRAME_BYTES), BytesMut::from(said));
    // The handshake, which comes before the frames, is none.
    while let Ok(Some(frame)) = codec.decode(&mut frames) {
        if let PluginFrame::Call { request, .. } = frame
            && let BrokerRequest::Finish { call } = request
            && (call.depth, call.how) == (0, FinishHow::Commit)
        {
            return true;
        }
    }
    false
}

/// What becomes of one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next request with this mark is not passed on, and its link is cut.
    LoseRequest(Mark),
    /// Of the next request with this mark one half is passed on, and its link is cut.
    LoseHalf(Mark),
    /// The next request with this mark is passed on, and its link is cut at once.
    LoseLink(Mark),
    /// The next request with this mark is passed on; the answer is not, and its link is cut.
    LoseAnswer(Mark),
    /// Of the next answer, the byte at this place (counted from the end once it is passed) is
    /// changed into another.
    Corrupt {
        /// Which byte.
        at: usize,
        /// What is added to it.
        by: u8,
    },
}

impl Fault {
    fn befalls(&self, direction: Direction, said: &[u8]) -> bool {
        match self {
            Self::LoseRequest(mark)
            | Self::LoseHalf(mark)
            | Self::LoseLink(mark)
            | Self::LoseAnswer(mark) => direction == Direction::Request && mark.is_on(said),
            Self::Corrupt { .. } => direction == Direction::Answer,
        }
    }
}

/// Which piece is kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The nth from now on, of either side's, on any link.
    Nth(usize),
    /// The next request with this mark.
    Marked(Mark),
}

/// A piece that is kept back once it comes, until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it lets the piece go on"]
pub struct Kept {
    orders: Arc<Orders>,
    came: CancellationToken,
    goes_on: CancellationToken,
}

impl Kept {
    /// Waits until the piece has come.
    pub async fn came(&self) {
        self.came.cancelled().await;
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.goes_on.cancel();
        self.orders.with(|state| state.keep = None);
    }
}

/// The side that speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Answer,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) fault: Option<Fault>,
    pub(super) delay: Duration,
    /// Whether nobody is let through who comes now.
    pub(super) closed: bool,
    /// Ends every link that there is.
    pub(super) cut: CancellationToken,
    /// Ends the near side of each.
    pub(super) cut_near: CancellationToken,
    keep: Option<Keep>,
}

#[derive(Debug)]
struct Keep {
    which: Which,
    came: CancellationToken,
    goes_on: CancellationToken,
}

impl Keep {
    /// Whether it is this piece.
    fn is(&mut self, direction: Direction, said: &[u8]) -> bool {
        match &mut self.which {
            Which::Marked(mark) => direction == Direction::Request && mark.is_on(said),
            Which::Nth(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
        }
    }
}

impl Orders {
    pub(super) fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        what(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn keep(self: &Arc<Self>, which: Which) -> Kept {
        let kept = Kept {
            orders: Arc::clone(self),
            came: CancellationToken::new(),
            goes_on: CancellationToken::new(),
        };
        let keep = Keep {
            which,
            came: kept.came.clone(),
            goes_on: kept.goes_on.clone(),
        };
        self.with(|state| state.keep = Some(keep));
        kept
    }

    /// Keeps a piece back for as long as it has to.
    pub(super) async fn hold_up(&self, direction: Direction, said: &[u8]) {
        let (delay, keep) = self.with(|state| {
            let keep = state.keep.take_if(|keep| keep.is(direction, said));
            (state.delay, keep)
        });
        if let Some(keep) = keep {
            keep.came.cancel();
            keep.goes_on.cancelled().await;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }

    /// What is to become of a piece, which is then done.
    pub(super) fn fault_of(&self, direction: Direction, said: &[u8]) -> Option<Fault> {
        self.with(|state| state.fault.take_if(|fault| fault.befalls(direction, said)))
    }
}
