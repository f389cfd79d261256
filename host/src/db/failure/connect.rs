//! What failing to connect becomes.

use std::fmt;

use onepool_proto::{Code, DatabaseKind, Failure};
use sqlx::Error;

/// A database at `place` that could not be connected to.
pub(crate) fn unreachable(kind: DatabaseKind, place: impl fmt::Display, error: Error) -> Failure {
    at_connect(kind, place, super::from_driver(error))
}

/// A failure before the backend was ready.
///
/// Whatever the reason, the backend does not exist, and it may be tried again.
pub(crate) fn at_connect(
    kind: DatabaseKind,
    place: impl fmt::Display,
    failure: Failure,
) -> Failure {
    let code = match failure.code {
        Code::DATABASE_TLS | Code::CONFIGURATION => failure.code,
        Code::INVALID_ARGUMENT => Code::CONFIGURATION,
        _ => Code::DATABASE_DOWN,
    };
    Failure {
        code,
        message: format!("cannot connect to {kind} at {place}: {}", failure.message),
        ..failure
    }
}

/// A database URL that cannot be used.
///
/// `reason` may come from a parser that quotes what it read, so it is left out where it holds a
/// secret of `url`.
pub(crate) fn misconfigured(url: &str, reason: impl fmt::Display) -> Failure {
    let reason = reason.to_string();
    let told = if secrets(url).any(|secret| reason.contains(secret)) {
        "it cannot be read"
    } else {
        &reason
    };
    Failure::new(Code::CONFIGURATION, format!("the database URL: {told}"))
}

/// What of `url` must not be shown: everything after the user's name up to the last `@`, and
/// every value of its query.
fn secrets(url: &str) -> impl Iterator<Item = &str> {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map(|(_, password)| password);
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| key.to_ascii_lowercase().contains("pass"))
        .map(|(_, value)| value);
    password.into_iter().chain(values).filter(|s| !s.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        let url = "postgres://app:s3cret@db/x?sslpassword=hush";
        assert_eq!(secrets(url).collect::<Vec<_>>(), ["s3cret", "hush"]);
        let failure = misconfigured(url, "invalid value s3cret");
        assert_eq!(failure.message, "the database URL: it cannot be read");
        let failure = misconfigured(url, "invalid port number");
        assert_eq!(failure.message, "the database URL: invalid port number");
    }
}
