//! What a collector of OpenTelemetry's gets of the calls of plugins.

use crate::serving::{Config, Serving};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A host on SQLite with the plugin `one`, whose spans go to this address.
async fn start(file: &onepool_tests::SqliteFile, collector: impl std::fmt::Display) -> Serving {
    let mut config = Config::new(&file.url, 2, &["one"]);
    // What is logged says nothing about what is exported.
    config.more = "[log]\nfilter = 'info,onepool_host::session=off'".to_owned();
    config.variables = vec![
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://me:PLANTED-password@{collector}"),
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "api-key=PLANTED-key".to_owned(),
        ),
        // Each span is sent alone, and at once.
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1".to_owned()),
    ];
    Serving::start(&config).await
}

/// What a plugin does in the trace.
fn traced(what: &str) -> String {
    format!("trace 00-{TRACE}-{PARENT}-01 {what}")
}

#[cfg(not(feature = "opentelemetry"))]
#[tokio::test]
async fn a_program_without_the_feature_says_so() {
    let file = onepool_tests::sqlite();
    let serving = start(&file, "127.0.0.1:4318").await;
    let line = serving.log_says("no spans are exported").await;
    assert!(
        line.contains("OTEL_EXPORTER_OTLP_ENDPOINT is set"),
        "{line}"
    );
    let [mut one] = serving.plugins(["one"]).await;
    one.must(&traced("run SELECT 1")).await;
    assert!(!serving.log().contains("PLANTED"), "{line}");
    serving.stop().await;
}

#[cfg(feature = "opentelemetry")]
mod exported {
    use std::time::{Duration, Instant};

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;
    use crate::collector::{Collector, Message};

    /// A plugin's call is a span of the plugin's trace, below the span that made it. What was made last
    /// before the host ended is there, and what nobody is to know is nowhere.
    #[tokio::test]
    async fn a_call_is_a_child_of_the_plugins_span() {
        let file = onepool_tests::sqlite();
        let collector = Collector::start().await;
        let address = collector.address;
        let mut serving = start(&file, address).await;
        let told = serving.log_says("spans are exported").await;
        assert!(
            told.contains(&format!("http://{address}/v1/traces")),
            "{told}"
        );
        let [mut one] = serving.plugins(["one"]).await;
        one.must("run CREATE TABLE kept (name TEXT UNIQUE)").await;
        let insert = traced("bind PLANTED-argument INSERT INTO kept VALUES (?)");
        one.must(&insert).await;
        assert_ne!(one.does(&insert).await, "ok");
        serving.end().await;

        let log = serving.log();
        assert!(
            !log.contains("PLANTED") && !log.contains("cannot be sent"),
            "{log}"
        );
        let (mut spans, mut failed) = (0, 0);
        for request in collector.stop().await {
            let head = &request.head;
            assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
            assert!(head.contains("\r\napi-key: planted-key\r\n"), "{head}");
            let mut parts = request.body.windows(7);
            assert!(!parts.any(|part| part == b"PLANTED"));
            for (resource, of_resource) in request.parts() {
                is_among("service.name=onepool", &resource.attributes(1));
                spans += of_resource.len();
                failed += of_resource
                    .iter()
                    .filter(|span| is_of_a_failure(span))
                    .count();
            }
        }
        assert!(spans >= 2, "{spans}: {log}");
        assert_eq!(failed, 1);
    }

    /// Whether the call failed. Checks what is the same of all calls.
    fn is_of_a_failure(span: &Message<'_>) -> bool {
        assert_eq!(
            (span.hex(1).as_str(), span.hex(4).as_str()),
            (TRACE, PARENT)
        );
        assert_eq!(span.text(5), "call");
        assert_eq!(span.number(6), 2, "it is a server's");
        assert!(span.messages(11).is_empty(), "what is logged is no event");
        let attributes = span.attributes(9);
        is_among("plugin=one", &attributes);
        is_among("db.system.name=sqlite", &attributes);
        let has_failed = span
            .messages(15)
            .iter()
            .any(|status| status.number(3) == 2 && status.text(2) == "DATABASE");
        if has_failed {
            is_among("error.type=DATABASE", &attributes);
        }
        has_failed
    }

    fn is_among(attribute: &str, attributes: &[String]) {
        assert!(
            attributes.iter().any(|of| of == attribute),
            "{attributes:?}"
        );
    }

    /// A collector that refuses is told of once, however much there is to send.
    #[tokio::test]
    async fn a_collector_that_is_down_disturbs_nobody() {
        let file = onepool_tests::sqlite();
        // Bound, so that the port is nobody else's, and not listening.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut serving = start(&file, socket.local_addr().unwrap()).await;
        let [mut one] = serving.plugins(["one"]).await;
        for _ in 0..20 {
            one.must(&traced("run SELECT 1")).await;
        }
        serving.end().await;
        let log = serving.log();
        assert_eq!(log.matches("spans cannot be sent").count(), 1, "{log}");
        assert!(!log.contains("PLANTED"), "{log}");
    }

    /// Nor does the end of the host wait for long for one that says nothing.
    #[tokio::test]
    async fn the_end_waits_for_no_collector() {
        let file = onepool_tests::sqlite();
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut serving = start(&file, silent.local_addr().unwrap()).await;
        let [mut one] = serving.plugins(["one"]).await;
        for _ in 0..3 {
            one.must(&traced("run SELECT 1")).await;
        }
        // The first is under way for as long as it may be.
        let _connected = silent.accept().await.unwrap();
        let began = Instant::now();
        serving.end().await;
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{:?}",
            began.elapsed()
        );
    }
}
