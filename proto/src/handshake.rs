//! The handshake: one raw frame each way, before the service begins.
//!
//! ```text
//! frame = magic (8 bytes)  length (u16 little-endian)  body
//! ```
//! The body is postcard. A newer peer may append fields; what follows the known ones is ignored.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::column::DatabaseKind;
use crate::error::{Code, Failure};
use crate::id::SessionId;
use crate::limits::{self, Limits};
use crate::{OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION};

/// The first bytes of every handshake frame.
pub const MAGIC: [u8; 8] = *b"onepool\n";

/// The bytes before the body: magic and length.
pub const HEADER_BYTES: usize = MAGIC.len() + 2;

/// A one-time secret that admits one session. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(String);

impl Token {
    /// The token with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Keep it out of logs and messages.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What the plugin says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The oldest version of the protocol that the plugin speaks.
    pub oldest_version: u16,
    /// The newest version of the protocol that the plugin speaks.
    pub newest_version: u16,
    /// The plugin's name.
    pub plugin: String,
    /// The token that admits it.
    pub token: Token,
    /// What the plugin can do beyond the version, as bits. Unknown ones are ignored.
    pub features: u64,
    /// The database that the session is to be with, by name; without one, that which every host has.
    pub database: Option<String>,
}

impl Hello {
    /// The greeting of an SDK of this version.
    #[must_use]
    pub fn new(plugin: impl Into<String>, token: Token) -> Self {
        Self {
            oldest_version: OLDEST_PROTOCOL_VERSION,
            newest_version: PROTOCOL_VERSION,
            plugin: plugin.into(),
            token,
            features: 0,
            database: None,
        }
    }

    /// The newest version that both sides speak.
    ///
    /// # Errors
    /// [`Code::VERSION_MISMATCH`] if there is none.
    pub fn negotiate(&self) -> Result<u16, Failure> {
        let version = self.newest_version.min(PROTOCOL_VERSION);
        if version >= self.oldest_version.max(OLDEST_PROTOCOL_VERSION) {
            return Ok(version);
        }
        Err(Failure::new(
            Code::VERSION_MISMATCH,
            format!(
                "the plugin speaks protocol versions {} to {} and the host {} to {}; build both \
                 with the same release of onepool",
                self.oldest_version, self.newest_version, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION
            ),
        ))
    }
}

/// What the host answers to a plugin that it admits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that both speak from here on.
    pub version: u16,
    /// The new session.
    pub session: SessionId,
    /// The kind of database that the session is with.
    pub database: DatabaseKind,
    /// What the session may use.
    pub limits: Limits,
    /// What the host can do beyond the version, as bits. Unknown ones are ignored.
    pub features: u64,
    /// The token for the plugin's next session, should this one break.
    pub next_token: Token,
    /// The name of a database that follows this one, if there is one, for whoever only reads.
    pub replica: Option<String>,
}

/// The host's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Come in.
    Welcome(Welcome),
    /// Stay out, and why.
    Refused(Failure),
}

/// What is wrong with a handshake frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The peer speaks something else.
    #[error("the peer does not speak the onepool protocol")]
    Magic,
    /// The frame is larger than a handshake may be.
    #[error("a handshake frame of {0} bytes is too large")]
    TooLarge(usize),
    /// The body is not what it should be.
    #[error("the handshake frame could not be decoded")]
    Malformed,
}

impl From<HandshakeError> for Failure {
    fn from(error: HandshakeError) -> Self {
        let code = match error {
            HandshakeError::Magic => Code::NOT_ONEPOOL,
            HandshakeError::TooLarge(_) => Code::REQUEST_TOO_LARGE,
            HandshakeError::Malformed => Code::MALFORMED,
        };
        Self::new(code, error.to_string())
    }
}

/// Writes a handshake frame.
///
/// # Errors
/// [`HandshakeError::TooLarge`] if the body does not fit.
pub fn encode(body: &impl Serialize) -> Result<Vec<u8>, HandshakeError> {
    let body = postcard::to_stdvec(body).map_err(|_| HandshakeError::Malformed)?;
    let length = u16::try_from(body.len())
        .ok()
        .filter(|length| *length <= limits::HANDSHAKE_BYTES)
        .ok_or(HandshakeError::TooLarge(body.len()))?;
    let mut frame = Vec::with_capacity(HEADER_BYTES + body.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// The length of the body that follows this header.
///
/// # Errors
/// [`HandshakeError::Magic`] or [`HandshakeError::TooLarge`].
pub fn body_length(header: [u8; HEADER_BYTES]) -> Result<usize, HandshakeError> {
    let (magic, length) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(HandshakeError::Magic);
    }
    let length = length
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u16::from(*byte));
    if length > limits::HANDSHAKE_BYTES {
        return Err(HandshakeError::TooLarge(usize::from(length)));
    }
    Ok(usize::from(length))
}

/// Reads the body of a handshake frame.
///
/// # Errors
/// [`HandshakeError::Malformed`].
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, HandshakeError> {
    postcard::take_from_bytes(body)
        .map(|(value, _)| value)
        .map_err(|_| HandshakeError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(oldest_version: u16, newest_version: u16) -> Hello {
        Hello {
            oldest_version,
            newest_version,
            ..Hello::new("p", Token::new("t"))
        }
    }

    #[test]
    fn frames_round_trip_and_ignore_what_follows() {
        let mut frame = encode(&hello(1, 1)).unwrap();
        let header = frame[..HEADER_BYTES].try_into().unwrap();
        assert_eq!(body_length(header), Ok(frame.len() - HEADER_BYTES));
        frame.extend(b"a later field");
        assert_eq!(decode::<Hello>(&frame[HEADER_BYTES..]), Ok(hello(1, 1)));
    }

    #[test]
    fn the_newest_common_version_is_spoken() {
        assert_eq!(hello(1, 9).negotiate(), Ok(PROTOCOL_VERSION));
        let failure = hello(PROTOCOL_VERSION + 1, 9).negotiate().unwrap_err();
        assert_eq!(failure.code, Code::VERSION_MISMATCH);
    }

    #[test]
    fn something_else_is_told_apart() {
        assert_eq!(body_length(*b"GET / HTTP"), Err(HandshakeError::Magic));
        let mut header = [0xff; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        assert_eq!(body_length(header), Err(HandshakeError::TooLarge(0xffff)));
    }

    #[test]
    fn a_token_does_not_print() {
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(..)");
    }
}
