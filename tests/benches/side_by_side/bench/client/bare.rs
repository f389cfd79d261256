//! What a request and its response over a Unix socket cost at least, with tokio and nothing else.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Builder;

use super::Caller;
use crate::bench::error::Result;
use crate::bench::order::{self, Answer, Open, Work};

/// The end that asks.
pub(super) struct Player {
    socket: UnixStream,
    buffer: Vec<u8>,
}

impl Caller for Player {
    async fn open(how: &Open) -> Result<Vec<Self>> {
        let path = how.url.trim_start_matches("unix:");
        let socket = UnixStream::connect(path).await?;
        let buffer = Vec::new();
        Ok(vec![Self { socket, buffer }])
    }

    /// There is no table to empty.
    async fn make_room(&mut self) -> Result<()> {
        Ok(())
    }

    async fn call(&mut self, work: Work) -> Result<()> {
        let Work::Echo { bytes } = work else {
            return Err("a ping-pong has no database".into());
        };
        self.buffer.clear();
        self.buffer.extend(u32::try_from(bytes)?.to_be_bytes());
        self.buffer.resize(4 + bytes, 7);
        self.socket.write_all(&self.buffer).await?;
        receive(&mut self.socket, &mut self.buffer).await?;
        let right = self.buffer.len() == 4 + bytes && self.buffer.ends_with(&[7]);
        if right {
            Ok(())
        } else {
            Err("another payload came back".into())
        }
    }
}

/// The end that answers, until the other one hangs up.
pub(crate) fn answer(path: &str) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = UnixListener::bind(path)?;
        order::say(&Answer::Ok(()))?;
        let (mut socket, _) = listener.accept().await?;
        let mut buffer = Vec::new();
        while receive(&mut socket, &mut buffer).await.is_ok() {
            socket.write_all(&buffer).await?;
        }
        Ok(())
    })
}

/// Reads one frame: its length and a payload. One read gets all of it, as a rule.
async fn receive(socket: &mut UnixStream, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    loop {
        if let Some(length) = buffer.first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if buffer.len() >= 4 + length {
                return Ok(());
            }
        }
        if socket.read_buf(buffer).await? == 0 {
            return Err("the other end hung up".into());
        }
    }
}
