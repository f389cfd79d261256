//! The other end of the admin socket.

use std::io;
use std::path::PathBuf;

use futures_util::{SinkExt, StreamExt};
use onepool_proto::endpoint::Endpoint;
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::message::{Reply, Request};
use super::place;
use super::server::{codec, encode};
use crate::error::HostError;

/// Asks a running host.
#[derive(Debug)]
pub struct AdminClient {
    frames: Framed<UnixStream, LengthDelimitedCodec>,
}

/// Why a host could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// Its endpoint has no admin socket.
    #[error(transparent)]
    Endpoint(#[from] HostError),
    /// Nobody is there.
    #[error("no host answers at {path}: {source}; start one, or name its endpoint")]
    Connect {
        /// The admin socket.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The host went away, or it is another version.
    #[error("the host broke off: {0}")]
    Broken(String),
}

impl AdminClient {
    /// Connects to the host at this endpoint.
    ///
    /// # Errors
    /// If there is none.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, AdminError> {
        Self::connect_at(place(endpoint)?).await
    }

    /// Connects to the host whose admin socket is at this path.
    ///
    /// # Errors
    /// If there is none.
    pub async fn connect_at(path: impl Into<PathBuf>) -> Result<Self, AdminError> {
        let path = path.into();
        let stream = UnixStream::connect(&path).await;
        let stream = stream.map_err(|source| AdminError::Connect { path, source })?;
        Ok(Self {
            frames: codec().new_framed(stream),
        })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`AdminError::Broken`] if there is none. That the host could not do it is an answer.
    ///
    /// # Cancel safety
    /// Not cancel-safe: the next answer would be that of this request.
    pub async fn ask(&mut self, request: &Request) -> Result<Reply, AdminError> {
        let broken = |error: io::Error| AdminError::Broken(error.to_string());
        // A host that refuses us has answered already, and takes no more.
        let sent = self.frames.send(encode(request)).await;
        match self.frames.next().await {
            Some(Ok(frame)) => serde_json::from_slice(&frame).map_err(|error| {
                AdminError::Broken(format!("its answer cannot be read ({error})"))
            }),
            Some(Err(error)) => Err(broken(error)),
            None => Err(match sent {
                Err(error) => broken(error),
                Ok(()) => AdminError::Broken("it closed the socket".to_owned()),
            }),
        }
    }
}
