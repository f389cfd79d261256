//! Options as a URL.

use std::borrow::Cow;
use std::time::Duration;

use onepool_proto::endpoint::{Endpoint, EndpointError};
use onepool_proto::handshake::Token;
use sqlx_core::Url;
use sqlx_core::error::Error;
use sqlx_core::percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

use super::{Access, HostAddress, MigrationsTable, OnepoolConnectOptions};

const PIPE_PATH: &str = "/pipe/";

pub(super) fn parse(url: &Url) -> Result<OnepoolConnectOptions, Error> {
    if url.scheme() != "onepool" {
        return Err(wrong(format!(
            "not a onepool URL: its scheme is {:?}",
            url.scheme()
        )));
    }
    let mut options = OnepoolConnectOptions::at(host(url)?);
    for (key, value) in url.query_pairs() {
        set(&mut options, &key, value)?;
    }
    Ok(options)
}

fn host(url: &Url) -> Result<HostAddress, Error> {
    let path = percent_decode(url.path())?;
    match (url.host_str(), &*path) {
        (None | Some(""), "" | "/") => Ok(HostAddress::Environment),
        (None | Some(""), path) => endpoint(Endpoint::unix(path)),
        (Some("."), path) => {
            let name = path.strip_prefix(PIPE_PATH).unwrap_or(path);
            endpoint(Endpoint::pipe(name))
        }
        (Some(host), _) => Err(wrong(format!(
            "a onepool host is on this machine, so the URL names no other: {host:?}; a socket's \
             path needs three slashes, as in `onepool:///run/app.sock`"
        ))),
    }
}

fn endpoint(endpoint: Result<Endpoint, EndpointError>) -> Result<HostAddress, Error> {
    endpoint.map(HostAddress::Endpoint).map_err(Error::config)
}

fn set(options: &mut OnepoolConnectOptions, key: &str, value: Cow<'_, str>) -> Result<(), Error> {
    let settings = &mut options.settings;
    match (key, &*value) {
        ("token", _) => options.token = Some(Token::new(value)),
        ("plugin", _) => options.plugin = Some(value.into_owned()),
        ("deadline" | "statement_timeout", text) => {
            let limit = duration(text).ok_or_else(|| unknown_value(key, text))?;
            settings.deadline = Some(limit);
        }
        ("database", "") => return Err(unknown_value(key, "")),
        ("database", _) => options.database = Some(value.into_owned()),
        ("read_only", "true") => settings.access = Access::ReadOnly,
        ("read_only", "false") => settings.access = Access::ReadWrite,
        ("host_uid", text) => {
            let uid = text.parse().map_err(|_| unknown_value(key, text))?;
            options.host_uid = Some(uid);
        }
        ("migrations_table", "plain") => settings.migrations = MigrationsTable::Plain,
        ("migrations_table", "plugin") => settings.migrations = MigrationsTable::Plugin,
        ("read_only" | "migrations_table", text) => return Err(unknown_value(key, text)),
        _ => {
            return Err(wrong(format!(
                "unknown parameter `{key}` in the onepool URL"
            )));
        }
    }
    Ok(())
}

/// A number of milliseconds, or a number with `ms`, `s`, `m` or `h`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let unit_ms = match text.strip_prefix(digits)? {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        _ => return None,
    };
    number.checked_mul(unit_ms).map(Duration::from_millis)
}

pub(super) fn write(options: &OnepoolConnectOptions) -> Url {
    let text = match &options.host {
        HostAddress::Environment | HostAddress::Memory(_) => "onepool:".to_owned(),
        HostAddress::Endpoint(Endpoint::UnixPath(path)) => {
            format!("onepool://{}", percent_encode(&path.to_string_lossy()))
        }
        HostAddress::Endpoint(endpoint @ Endpoint::Pipe(_)) => {
            let name = endpoint.to_string();
            let name = name.rsplit('\\').next().unwrap_or_default();
            format!("onepool://.{PIPE_PATH}{}", percent_encode(name))
        }
    };
    let Ok(mut url) = Url::parse(&text) else {
        // Everything that a URL could stumble over has been encoded.
        unreachable!("{text} is a URL");
    };
    for (key, value) in parameters(options) {
        url.query_pairs_mut().append_pair(key, &value);
    }
    url
}

fn parameters(options: &OnepoolConnectOptions) -> Vec<(&'static str, String)> {
    let settings = &options.settings;
    let read_only = settings.access == Access::ReadOnly;
    let plain = settings.migrations == MigrationsTable::Plain;
    [
        options.plugin.clone().map(|name| ("plugin", name)),
        settings
            .deadline
            .map(|limit| ("deadline", limit.as_millis().to_string())),
        options.database.clone().map(|name| ("database", name)),
        read_only.then(|| ("read_only", "true".to_owned())),
        options.host_uid.map(|uid| ("host_uid", uid.to_string())),
        plain.then(|| ("migrations_table", "plain".to_owned())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn percent_encode(text: &str) -> impl std::fmt::Display + '_ {
    const KEEP: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'.')
        .remove(b'-')
        .remove(b'_');
    utf8_percent_encode(text, KEEP)
}

fn percent_decode(text: &str) -> Result<Cow<'_, str>, Error> {
    percent_decode_str(text)
        .decode_utf8()
        .map_err(Error::config)
}

fn unknown_value(key: &str, value: &str) -> Error {
    wrong(format!(
        "unknown value {value:?} for `{key}` in the onepool URL"
    ))
}

fn wrong(message: String) -> Error {
    Error::Configuration(message.into())
}
