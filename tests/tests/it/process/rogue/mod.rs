//! A plugin that sends what no SDK would. It learns what is wrong, and nobody else notices.

mod frames;
mod handshakes;
mod ids;
mod pages;
mod values;

use onepool_host::Host;
use onepool_proto::DatabaseKind;
use onepool_proto::message::{Fetch, Finish, FinishHow};
use onepool_proto::service::BrokerRequest;
use onepool_sdk::OnepoolPool;

use super::place::{Place, eventually, plugin, quiet, soon};
use super::raw::{CONNECTION, ROW_SET, Raw, TRANSACTION, call};

const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90000) \
                    SELECT i FROM n";

/// A host, and a plugin on it that behaves well.
struct Scene {
    place: Place,
    host: Host,
    neighbour: OnepoolPool,
}

impl Scene {
    async fn new(kind: DatabaseKind) -> Self {
        let place = Place::new(kind, 2).await;
        let host = place.host().start().await.unwrap();
        let neighbour = plugin(&host, "neighbour").await;
        sqlx::raw_sql("CREATE TABLE t (n BIGINT PRIMARY KEY)")
            .execute(&neighbour)
            .await
            .unwrap();
        Self {
            place,
            host,
            neighbour,
        }
    }

    /// The neighbour reads and writes, and nothing that the rogue had is left.
    async fn undisturbed(&self) {
        for sql in ["INSERT INTO t VALUES (1)", "DELETE FROM t"] {
            let done = sqlx::query(sql).execute(&self.neighbour);
            let done = soon("the neighbour", done).await.unwrap();
            assert_eq!(done.rows_affected(), 1, "{sql}");
        }
        assert_eq!(self.host.stats().sessions_panicked, 0);
    }

    /// The rogue is gone, with all it had.
    async fn finish(self, rogue: Raw) {
        drop(rogue);
        eventually("the rogue's session has ended", async || {
            self.host.stats().sessions == 1
        })
        .await;
        quiet(&self.host).await;
        self.undisturbed().await;
        self.neighbour.close().await;
        self.place.finish(self.host).await;
    }
}

pub(super) fn fetch(page: u32) -> BrokerRequest {
    BrokerRequest::Fetch {
        call: Fetch {
            connection: CONNECTION,
            row_set: ROW_SET,
            page,
            deadline_ms: None,
        },
    }
}

pub(super) fn finish(how: FinishHow, depth: u32) -> BrokerRequest {
    BrokerRequest::Finish {
        call: Finish {
            call: call(1, &[]),
            transaction: TRANSACTION,
            depth,
            how,
        },
    }
}
