//! What is served.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use super::feed::feed;
use crate::host::Host;
use crate::metrics::MEDIA_TYPE;

/// By which names the port may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// By an address, or as `localhost`. A page from elsewhere that has its own name resolve to
    /// this machine, so that a browser lets it read what is here, asks by that name.
    OfThisMachine,
    /// By any.
    Any,
}

/// What is said with every answer: it is for nobody else's page, and nothing is loaded from
/// anywhere else.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Those who may look at the page at once.
const READERS: usize = 32;

/// What is served.
#[derive(Clone, Debug)]
struct Served {
    host: Weak<Host>,
    /// For those who look at the page.
    seats: Arc<Semaphore>,
}

/// The routes, which do not keep the host alive.
pub(super) fn router(host: &Arc<Host>, names: Names) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route(
            "/",
            get(|| file("text/html; charset=utf-8", include_str!("page.html"))),
        )
        .route(
            "/page.css",
            get(|| file("text/css", include_str!("page.css"))),
        )
        .route(
            "/page.js",
            get(|| file("text/javascript", include_str!("page.js"))),
        )
        .route("/events", get(events))
        // Browsers ask for one, whatever a page says.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .with_state(Served {
            host: Arc::downgrade(host),
            seats: Arc::new(Semaphore::new(READERS)),
        })
        .layer(middleware::from_fn_with_state(names, guard))
}

async fn metrics(State(served): State<Served>) -> Response {
    match served.host.upgrade() {
        Some(host) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], host.metrics()).into_response(),
        None => gone(),
    }
}

async fn events(State(served): State<Served>) -> Response {
    match served.seats.try_acquire_owned() {
        Ok(seat) => feed(served.host, seat).into_response(),
        Err(_) => {
            let text = "enough people look already\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn gone() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the host has stopped\n").into_response()
}

async fn guard(State(names): State<Names>, request: Request, next: Next) -> Response {
    let mut response = if names == Names::Any || is_of_this_machine(request.headers()) {
        next.run(request).await
    } else {
        let text = "ask by an address, as 127.0.0.1, or as localhost\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_of_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    // An IPv6 address is in brackets, and has colons.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_refused() {
        let asked = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            is_of_this_machine(&headers)
        };
        for ours in [
            "127.0.0.1:9187",
            "localhost",
            "localhost:1",
            "[::1]:1",
            "[::1]",
        ] {
            assert!(asked(ours), "{ours}");
        }
        for other in [
            "evil.example",
            "evil.example:9187",
            "localhost.evil.example",
            "",
        ] {
            assert!(!asked(other), "{other}");
        }
        assert!(is_of_this_machine(&HeaderMap::new()));
    }
}
