//! The scripted host behind a real socket, with the handshake.

use std::os::unix::net::UnixListener as StdListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use onepool_proto::codec::{HostCodec, HostFrame};
use onepool_proto::handshake::{self, Answer, HEADER_BYTES, Hello};
use onepool_proto::{Code, Failure, limits};
use onepool_sdk::OnepoolConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::Framed;

use crate::host::{Heard, Host};

/// A socket on which a scripted host lets in whoever shows the right token.
pub struct Socket {
    pub path: PathBuf,
    /// The token that admits the next session.
    pub token: Arc<Mutex<String>>,
    _folder: TempDir,
}

impl Socket {
    /// Listens on a runtime of its own, which ends with the process.
    pub fn listen(host: &Host) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.sock");
        let listener = StdListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let token = Arc::new(Mutex::new("first".to_owned()));
        let (host, expected) = (host.clone(), Arc::clone(&token));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = UnixListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(host.clone(), stream, Arc::clone(&expected)));
                }
            });
        });
        Self {
            path,
            token,
            _folder: folder,
        }
    }

    pub fn url(&self) -> String {
        let path = self.path.display();
        format!("onepool://{path}?plugin=tester&token=first")
    }

    pub fn options(&self) -> OnepoolConnectOptions {
        self.url().parse().unwrap()
    }
}

async fn serve(host: Host, mut stream: UnixStream, expected: Arc<Mutex<String>>) {
    let hello = hear_hello(&mut stream).await;
    let admitted = hello.token.secret() == *expected.lock().unwrap();
    let answer = if admitted {
        let next = format!("after-{}", hello.token.secret());
        next.clone_into(&mut expected.lock().unwrap());
        Answer::Welcome(host.welcome(&next))
    } else {
        Answer::Refused(Failure::new(Code::TOKEN_REFUSED, "the token is not ours"))
    };
    stream
        .write_all(&handshake::encode(&answer).unwrap())
        .await
        .unwrap();
    if !admitted {
        return;
    }
    let mut frames = Framed::new(stream, HostCodec::new(limits::FRAME_BYTES));
    while let Some(Ok(frame)) = frames.next().await {
        let frame = match host.hear(frame.into_tarpc(Instant::now())) {
            Heard::Nothing => continue,
            Heard::Say(response) => HostFrame::from_tarpc(response).unwrap(),
            Heard::HangUp => {
                let reason = Failure::new(Code::HOST_STOPPING, "maintenance at noon");
                frames.send(HostFrame::Goodbye(reason)).await.unwrap();
                return;
            }
        };
        frames.send(frame).await.unwrap();
    }
}

async fn hear_hello(stream: &mut UnixStream) -> Hello {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).await.unwrap();
    let mut body = vec![0; handshake::body_length(header).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    handshake::decode(&body).unwrap()
}
