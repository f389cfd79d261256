//! What accepts spans, as the thread that sends them has it.

use std::fmt;
use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};
use url::Url;

/// How long it may take over what is sent at once.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// What accepts spans. It may be down for as long as it likes: the log has one line when that begins
/// and one when it ends.
pub(super) struct Collector {
    agent: Agent,
    is_down: AtomicBool,
}

impl Collector {
    pub(super) fn at(url: &Url) -> Self {
        let agent = Agent::config_builder().timeout_global(Some(SEND_TIMEOUT));
        let agent = if url.scheme() == "https" {
            agent.tls_config(tls())
        } else {
            // What is not encrypted is near, where no proxy leads.
            agent.proxy(None::<Proxy>)
        };
        Self {
            agent: agent.build().into(),
            is_down: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(head, &*body))?;
        let (head, mut body) = answer.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }

    fn note(&self, error: Option<&ureq::Error>) {
        let was_down = self.is_down.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_down => {
                tracing::warn!(%error, "spans cannot be sent, and are lost until they can");
            }
            None if was_down => tracing::info!("spans are sent again"),
            _ => (),
        }
    }
}

impl HttpClient for Collector {
    /// Blocks, as the exporter's own client does: its thread has nothing else to do.
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> BoxFuture<'f, Result<Response<Bytes>, HttpError>>
    where
        'a: 'f,
        Self: 'f,
    {
        let answer = self.send(request);
        self.note(answer.as_ref().err());
        future::ready(answer.map_err(HttpError::from)).boxed()
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector(..)")
    }
}

/// With the encryption and the certificates that databases are connected to with.
fn tls() -> TlsConfig {
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates = certificates
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned());
    TlsConfig::builder()
        .root_certs(RootCerts::from(certificates))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}
