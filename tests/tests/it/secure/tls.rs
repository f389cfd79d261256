//! The link to the database, secured as its URL says.

use onepool_host::{Code, HostError};
use onepool_tests::{Kind, OwnServer};

use super::{host, plugin};

/// What this connection is secured with, by the server's own account.
fn cipher(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        Kind::MariaDb => {
            "SELECT variable_value FROM information_schema.session_status \
             WHERE variable_name = 'Ssl_cipher'"
        }
    }
}

fn is_tls(error: &HostError) -> bool {
    matches!(error, HostError::Database(failure) if failure.code == Code::DATABASE_TLS)
}

#[tokio::test]
async fn plugins_work_over_tls_that_is_verified() {
    for kind in Kind::ALL {
        let server = OwnServer::start_with_tls(kind).await;
        let database = server.database(3).await;
        let host = host(&server.tls_url(&database, true))
            .start()
            .await
            .unwrap();
        let pool = plugin(&host, "careful").await;
        let cipher: String = sqlx::query_scalar(cipher(kind))
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(
            cipher.contains("AES") || cipher.contains("CHACHA"),
            "{cipher:?}"
        );
        host.stop().await;
        assert_eq!(database.refusals().await, 0);
    }
}

#[tokio::test]
async fn a_server_that_another_authority_vouches_for_is_refused() {
    for kind in Kind::ALL {
        let server = OwnServer::start_with_tls(kind).await;
        let database = server.database(3).await;
        let url = server.tls_url(&database, false);
        let error = host(&url).start().await.expect_err("nobody knows it");
        assert!(is_tls(&error), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    for kind in Kind::ALL {
        let database = kind.server().await.database(3).await;
        let mode = match kind {
            Kind::Postgres => "sslmode=require",
            Kind::MariaDb => "ssl-mode=REQUIRED",
        };
        let url = format!("{}&{mode}", database.url);
        let error = host(&url).start().await.expect_err("it has no certificate");
        assert!(is_tls(&error), "{error}");
    }
}
